-- When the account read the newest message of its partner that it has read; NULL: before this version, or never.
ALTER TABLE conversation_member ADD COLUMN read_ms INTEGER;
