-- The first schema. Identifiers are the domain's own (model::id). Each counter is a column of the
-- row that it counts for; `check` recounts them.

CREATE TABLE account (
    id                      INTEGER PRIMARY KEY,
    username                TEXT NOT NULL UNIQUE,
    display_name            TEXT NOT NULL,
    bio                     TEXT NOT NULL DEFAULT '',
    role                    INTEGER NOT NULL,
    state                   INTEGER NOT NULL DEFAULT 1,
    deleted_ms              INTEGER,
    password_phc            TEXT NOT NULL,
    password_legacy         TEXT,
    password_change_advised INTEGER NOT NULL DEFAULT 0,
    presence_hidden         INTEGER NOT NULL DEFAULT 0,
    notifications_read      INTEGER NOT NULL DEFAULT 0,
    tweets                  INTEGER NOT NULL DEFAULT 0,
    followers               INTEGER NOT NULL DEFAULT 0,
    following               INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX account_deleted ON account (id) WHERE state = 3;

CREATE TABLE session (
    id           INTEGER PRIMARY KEY,
    account      INTEGER NOT NULL REFERENCES account (id),
    token_hash   BLOB NOT NULL UNIQUE,
    client_name  TEXT NOT NULL,
    last_used_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX session_account ON session (account, last_used_ms);

-- A deleted tweet stays as a tombstone without text, so that replies and quotes can show that it existed.
-- A plain retweet is a row without text; undoing it deletes the row.
CREATE TABLE tweet (
    id         INTEGER PRIMARY KEY,
    author     INTEGER NOT NULL REFERENCES account (id),
    text       TEXT NOT NULL,
    edited_ms  INTEGER,
    visibility INTEGER NOT NULL,
    reply_to   INTEGER REFERENCES tweet (id),
    quote_of   INTEGER REFERENCES tweet (id),
    retweet_of INTEGER REFERENCES tweet (id),
    deleted    INTEGER NOT NULL DEFAULT 0,
    replies    INTEGER NOT NULL DEFAULT 0,
    retweets   INTEGER NOT NULL DEFAULT 0,
    quotes     INTEGER NOT NULL DEFAULT 0,
    likes      INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX tweet_author ON tweet (author, id) WHERE deleted = 0;
CREATE INDEX tweet_local ON tweet (id) WHERE deleted = 0 AND visibility = 1 AND retweet_of IS NULL;
CREATE INDEX tweet_reply ON tweet (reply_to, id) WHERE reply_to IS NOT NULL;
CREATE INDEX tweet_quote ON tweet (quote_of, id) WHERE quote_of IS NOT NULL;
CREATE UNIQUE INDEX tweet_retweet ON tweet (retweet_of, author) WHERE retweet_of IS NOT NULL;

CREATE TABLE tweet_version (
    tweet      INTEGER NOT NULL REFERENCES tweet (id),
    written_ms INTEGER NOT NULL,
    text       TEXT NOT NULL,
    PRIMARY KEY (tweet, written_ms)
) STRICT, WITHOUT ROWID;

CREATE TABLE hashtag (
    id     INTEGER PRIMARY KEY,
    key    TEXT NOT NULL UNIQUE,
    name   TEXT NOT NULL,
    tweets INTEGER NOT NULL DEFAULT 0
) STRICT;

-- Public tweets only.
CREATE TABLE tweet_hashtag (
    hashtag INTEGER NOT NULL REFERENCES hashtag (id),
    tweet   INTEGER NOT NULL REFERENCES tweet (id),
    PRIMARY KEY (hashtag, tweet)
) STRICT, WITHOUT ROWID;
CREATE INDEX tweet_hashtag_tweet ON tweet_hashtag (tweet);

CREATE TABLE mention (
    tweet   INTEGER NOT NULL REFERENCES tweet (id),
    account INTEGER NOT NULL REFERENCES account (id),
    PRIMARY KEY (tweet, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX mention_account ON mention (account);

CREATE TABLE tweet_like (
    account INTEGER NOT NULL REFERENCES account (id),
    id      INTEGER NOT NULL,
    tweet   INTEGER NOT NULL REFERENCES tweet (id),
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX tweet_like_tweet ON tweet_like (tweet, account);

CREATE TABLE bookmark (
    account INTEGER NOT NULL REFERENCES account (id),
    id      INTEGER NOT NULL,
    tweet   INTEGER NOT NULL REFERENCES tweet (id),
    PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX bookmark_tweet ON bookmark (tweet, account);

CREATE TABLE follow (
    follower INTEGER NOT NULL REFERENCES account (id),
    followee INTEGER NOT NULL REFERENCES account (id),
    id       INTEGER NOT NULL,
    PRIMARY KEY (follower, followee),
    CHECK (follower <> followee)
) STRICT, WITHOUT ROWID;
CREATE INDEX follow_following ON follow (follower, id);
CREATE INDEX follow_followers ON follow (followee, id);

CREATE TABLE block (
    blocker INTEGER NOT NULL REFERENCES account (id),
    blocked INTEGER NOT NULL REFERENCES account (id),
    id      INTEGER NOT NULL,
    PRIMARY KEY (blocker, blocked),
    CHECK (blocker <> blocked)
) STRICT, WITHOUT ROWID;
CREATE INDEX block_blocked ON block (blocked);
CREATE INDEX block_list ON block (blocker, id);

CREATE TABLE mute (
    muter INTEGER NOT NULL REFERENCES account (id),
    muted INTEGER NOT NULL REFERENCES account (id),
    id    INTEGER NOT NULL,
    PRIMARY KEY (muter, muted),
    CHECK (muter <> muted)
) STRICT, WITHOUT ROWID;
CREATE INDEX mute_muted ON mute (muted);
CREATE INDEX mute_list ON mute (muter, id);

CREATE TABLE notification (
    id        INTEGER PRIMARY KEY,
    recipient INTEGER NOT NULL REFERENCES account (id),
    kind      INTEGER NOT NULL,
    actor     INTEGER NOT NULL REFERENCES account (id),
    tweet     INTEGER REFERENCES tweet (id)
) STRICT;
CREATE INDEX notification_recipient ON notification (recipient, id);
CREATE INDEX notification_actor ON notification (actor, recipient);
CREATE INDEX notification_tweet ON notification (tweet) WHERE tweet IS NOT NULL;

CREATE TABLE conversation (
    id   INTEGER PRIMARY KEY,
    low  INTEGER NOT NULL REFERENCES account (id),
    high INTEGER NOT NULL REFERENCES account (id),
    UNIQUE (low, high),
    CHECK (low < high)
) STRICT;

-- One row per member, so that a list of conversations is one index scan.
CREATE TABLE conversation_member (
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    account      INTEGER NOT NULL REFERENCES account (id),
    partner      INTEGER NOT NULL REFERENCES account (id),
    last_message INTEGER NOT NULL,
    delivered    INTEGER NOT NULL DEFAULT 0,
    read_up_to   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (conversation, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX conversation_member_list ON conversation_member (account, last_message);

CREATE TABLE message (
    id           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL REFERENCES conversation (id),
    author       INTEGER NOT NULL REFERENCES account (id),
    text         TEXT NOT NULL
) STRICT;
CREATE INDEX message_conversation ON message (conversation, id);
CREATE INDEX message_author ON message (author);

CREATE TABLE invite (
    code_hash  BLOB PRIMARY KEY,
    uses_left  INTEGER NOT NULL,
    expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    account      INTEGER NOT NULL,
    key          BLOB NOT NULL,
    request_hash BLOB NOT NULL,
    result       INTEGER NOT NULL,
    changed      INTEGER NOT NULL,
    made_ms      INTEGER NOT NULL,
    PRIMARY KEY (account, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_made ON idempotency (made_ms);

-- The commit log, in commit order: a client that was offline catches up from it.
CREATE TABLE event (
    id   INTEGER PRIMARY KEY,
    kind INTEGER NOT NULL,
    a    INTEGER NOT NULL DEFAULT 0,
    b    INTEGER NOT NULL DEFAULT 0,
    c    INTEGER NOT NULL DEFAULT 0,
    d    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE import_origin (
    source TEXT NOT NULL,
    key    TEXT NOT NULL,
    id     INTEGER NOT NULL,
    PRIMARY KEY (source, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

-- Small secrets of the server, so that one backup file is the whole server.
CREATE TABLE secret (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE tweet_search USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2'
);
CREATE VIRTUAL TABLE person_search USING fts5 (
    name, content = '', contentless_delete = 1, tokenize = 'trigram'
);
