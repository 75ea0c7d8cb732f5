-- The process that opened a session, as the random number that it drew at its start; 0: one of an earlier version.
ALTER TABLE session ADD COLUMN boot INTEGER NOT NULL DEFAULT 0;
