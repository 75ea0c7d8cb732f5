-- Read lines, and ssh keys with the sessions that they began.

-- `moved` is an identifier made when the line moved: by it the one that was moved longest ago is known.
CREATE TABLE read_line (
    account  INTEGER NOT NULL REFERENCES account (id),
    timeline TEXT NOT NULL,
    tweet    INTEGER NOT NULL,
    moved    INTEGER NOT NULL,
    PRIMARY KEY (account, timeline)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX read_line_moved ON read_line (account, moved);

-- Of a key only its SHA-256 is kept: enough to know it again.
CREATE TABLE ssh_key (
    id           INTEGER PRIMARY KEY,
    account      INTEGER NOT NULL REFERENCES account (id),
    fingerprint  BLOB NOT NULL UNIQUE,
    name         TEXT NOT NULL,
    last_used_ms INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX ssh_key_account ON ssh_key (account, id);

ALTER TABLE session ADD COLUMN ssh_key INTEGER REFERENCES ssh_key (id);
CREATE INDEX session_ssh_key ON session (ssh_key) WHERE ssh_key IS NOT NULL;
