-- The response to a sent message names its conversation; a retry with the same key must repeat it.
ALTER TABLE idempotency ADD COLUMN conversation INTEGER;
