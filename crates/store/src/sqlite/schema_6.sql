-- The rules of text follow Unicode: hashtags, mentions and search. What is derived from texts is derived again after this
-- migration, in batches; these are the marks of how far.
INSERT INTO meta (name, value) VALUES ('refilled_accounts', 0), ('refilled_tweets', 0);

-- Both indexes get their tokens from the program, separated by spaces: SQLite knows no words of scripts without spaces.
DROP TABLE tweet_search;
CREATE VIRTUAL TABLE tweet_search USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'ascii');
INSERT INTO tweet_search (tweet_search, rank) VALUES ('crisismerge', 64);
INSERT INTO tweet_search (tweet_search, rank) VALUES ('automerge', 16);
UPDATE meta SET value = 0 WHERE name = 'indexed_through';

DROP TABLE account_search;
CREATE VIRTUAL TABLE account_search USING fts5 (name, content = '', contentless_delete = 1, tokenize = 'ascii');

-- The form of a username that is the same for names that look alike.
ALTER TABLE account ADD COLUMN skeleton TEXT NOT NULL DEFAULT '';
CREATE INDEX account_skeleton ON account (skeleton);
