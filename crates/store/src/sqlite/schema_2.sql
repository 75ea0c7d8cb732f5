-- Read lines, and SSH keys with the sessions opened with them.

-- `moved` is an identifier assigned when the line moved: the smallest one is the line moved longest ago.
CREATE TABLE read_line (
    account  INTEGER NOT NULL REFERENCES account (id),
    timeline TEXT NOT NULL,
    tweet    INTEGER NOT NULL,
    moved    INTEGER NOT NULL,
    PRIMARY KEY (account, timeline)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX read_line_moved ON read_line (account, moved);

-- Only the SHA-256 of a key is stored: enough to recognise it.
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
