-- What somebody answered, without walking over all that they wrote.
CREATE INDEX tweet_author_reply ON tweet (author, id) WHERE deleted = 0 AND reply_to IS NOT NULL;
