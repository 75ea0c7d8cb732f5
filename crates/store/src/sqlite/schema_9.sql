-- Several announcements, and who has dismissed them.
CREATE TABLE announcement (
    id      INTEGER PRIMARY KEY,
    text    TEXT NOT NULL,
    ends_ms INTEGER
) STRICT;
CREATE TABLE announcement_dismissal (
    account      INTEGER NOT NULL REFERENCES account (id),
    announcement INTEGER NOT NULL REFERENCES announcement (id),
    PRIMARY KEY (account, announcement)
) STRICT, WITHOUT ROWID;
CREATE INDEX announcement_dismissal_announcement ON announcement_dismissal (announcement);

-- The only announcement so far gets the time of its event, which names it from now on. If that event is no longer in the
-- log, it is older than the log.
INSERT INTO announcement (id, text)
    SELECT coalesce((SELECT max(id) FROM event WHERE kind = 18), (SELECT min(id) FROM event)), value
    FROM meta WHERE name = 'announcement' AND value <> '';
DELETE FROM meta WHERE name = 'announcement';
UPDATE event SET a = id WHERE kind = 18 AND id IN (SELECT id FROM announcement);
