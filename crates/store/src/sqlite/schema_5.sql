-- The response to a sent message names its conversation; a retry with the same key must repeat it.
ALTER TABLE idempotency ADD COLUMN conversation INTEGER;

-- The search index of tweets is complete up to this one.
UPDATE meta SET name = 'indexed_through' WHERE name = 'search_mark';
ALTER TABLE person_search RENAME TO account_search;

-- The deleted account whose words are being removed from the search indexes; at most one row. `rewriting` is set once
-- the indexes are being rewritten without them.
CREATE TABLE search_erasure (
    account   INTEGER PRIMARY KEY REFERENCES account (id),
    rewriting INTEGER NOT NULL DEFAULT 0
) STRICT;
