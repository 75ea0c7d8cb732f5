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
