-- What somebody answered, without walking over all that they wrote.
CREATE INDEX tweet_author_reply ON tweet (author, id) WHERE deleted = 0 AND reply_to IS NOT NULL;

-- What people tell the operators of others. Closed is gone: nothing is kept about people that nobody needs.
CREATE TABLE report (
    id       INTEGER PRIMARY KEY,
    reporter INTEGER NOT NULL REFERENCES account (id),
    account  INTEGER NOT NULL REFERENCES account (id),
    -- 0: the account.
    tweet    INTEGER NOT NULL DEFAULT 0,
    reason   TEXT NOT NULL,
    UNIQUE (reporter, account, tweet),
    CHECK (reporter <> account)
) STRICT;
CREATE INDEX report_account ON report (account);

-- What search costs. The index for tweets is made of pieces, one for each step in which it is brought up to date, and
-- pieces are merged: 16 at once in place of 4, so that every word is written anew half as often.
INSERT INTO tweet_search (tweet_search, rank) VALUES ('crisismerge', 64);
INSERT INTO tweet_search (tweet_search, rank) VALUES ('automerge', 16);
