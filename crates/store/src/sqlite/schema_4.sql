-- The replies of an account, without a scan of all its tweets.
CREATE INDEX tweet_author_reply ON tweet (author, id) WHERE deleted = 0 AND reply_to IS NOT NULL;

-- Reports to the admins. Closing a report deletes it: no data about people is kept without need.
CREATE TABLE report (
    id       INTEGER PRIMARY KEY,
    reporter INTEGER NOT NULL REFERENCES account (id),
    account  INTEGER NOT NULL REFERENCES account (id),
    -- 0: the account as a whole.
    tweet    INTEGER NOT NULL DEFAULT 0,
    reason   TEXT NOT NULL,
    UNIQUE (reporter, account, tweet),
    CHECK (reporter <> account)
) STRICT;
CREATE INDEX report_account ON report (account);

-- Cheaper indexing. The index of tweets consists of segments, one per batch, which are merged later: 16 at a time
-- instead of 4, so that each word is rewritten half as often.
INSERT INTO tweet_search (tweet_search, rank) VALUES ('crisismerge', 64);
INSERT INTO tweet_search (tweet_search, rank) VALUES ('automerge', 16);
