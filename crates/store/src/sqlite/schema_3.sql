-- Cheaper posts. Clients' keys begin with the time (UUID version 7), so a table ordered by key grows at its end;
-- ordered by account, every change wrote a different page.
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

-- Tweets are indexed after the commit: the index has all public tweets up to this one.
INSERT INTO meta (name, value) SELECT 'search_mark', coalesce(max(id), 0) FROM tweet;
