-- Lists of accounts in several orders. The keys of names are derived by the program after this migration, in batches;
-- `keyed_accounts` is the mark of how far.
ALTER TABLE account ADD COLUMN username_key TEXT NOT NULL DEFAULT '';
ALTER TABLE account ADD COLUMN name_key TEXT NOT NULL DEFAULT '';
INSERT INTO meta (name, value) VALUES ('keyed_accounts', 0);

-- The newest tweet of an account that everyone can see, without plain retweets; 0: none.
ALTER TABLE account ADD COLUMN last_post INTEGER NOT NULL DEFAULT 0;
UPDATE account SET last_post = coalesce(
    (SELECT id FROM tweet WHERE author = account.id AND deleted = 0 AND visibility <= 2 AND retweet_of IS NULL
     ORDER BY id DESC LIMIT 1), 0);

CREATE INDEX account_by_username ON account (username_key, username) WHERE state = 1;
CREATE INDEX account_by_name ON account (name_key, id) WHERE state = 1;
CREATE INDEX account_by_followers ON account (followers, id) WHERE state = 1;
CREATE INDEX account_by_last_post ON account (last_post, id) WHERE state = 1;

-- Accounts that are no longer suggested to an account.
CREATE TABLE suggestion_dismissal (
    account   INTEGER NOT NULL REFERENCES account (id),
    dismissed INTEGER NOT NULL REFERENCES account (id),
    id        INTEGER NOT NULL,
    PRIMARY KEY (account, dismissed),
    CHECK (account <> dismissed)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX suggestion_dismissal_list ON suggestion_dismissal (account, id);
CREATE INDEX suggestion_dismissal_dismissed ON suggestion_dismissal (dismissed);

-- A notification that was read by itself. Those up to account.notifications_read are read as well.
ALTER TABLE notification ADD COLUMN is_read INTEGER NOT NULL DEFAULT 0;

-- A deleted message stays as a tombstone without text, so that both sides see that it existed.
ALTER TABLE message ADD COLUMN edited_ms INTEGER;
ALTER TABLE message ADD COLUMN edits INTEGER NOT NULL DEFAULT 0;
ALTER TABLE message ADD COLUMN deleted INTEGER NOT NULL DEFAULT 0;
