-- What a post costs. Keys of clients begin with the time (UUID version 7), so a table in the order of its keys grows
-- at its end; by account, every change touched a page of its own.
CREATE TABLE idempotency_3 (
    key          BLOB NOT NULL,
    account      INTEGER NOT NULL,
    request_hash BLOB NOT NULL,
    result       INTEGER NOT NULL,
    changed      INTEGER NOT NULL,
    made_ms      INTEGER NOT NULL,
    PRIMARY KEY (key, account)
) STRICT, WITHOUT ROWID;
INSERT INTO idempotency_3 (key, account, request_hash, result, changed, made_ms)
    SELECT key, account, request_hash, result, changed, made_ms FROM idempotency;
DROP TABLE idempotency;
ALTER TABLE idempotency_3 RENAME TO idempotency;
CREATE INDEX idempotency_made ON idempotency (made_ms);

-- Search is brought up to date behind the commits: it knows all public tweets up to this one.
INSERT INTO meta (name, value) SELECT 'search_mark', coalesce(max(id), 0) FROM tweet;
