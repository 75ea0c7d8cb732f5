//! Limits of the domain. Limits that an operator can change are in the server's configuration; those that a client must
//! know are in the server's hello.

/// Longest username, in ASCII characters.
pub const USERNAME_CHARS_MAX: usize = 30;
/// Longest display name, in grapheme clusters and in bytes.
pub const DISPLAY_NAME_GRAPHEMES_MAX: usize = 50;
/// See [`DISPLAY_NAME_GRAPHEMES_MAX`].
pub const DISPLAY_NAME_BYTES_MAX: usize = 400;
/// Longest bio, in grapheme clusters and in bytes.
pub const BIO_GRAPHEMES_MAX: usize = 300;
/// See [`BIO_GRAPHEMES_MAX`].
pub const BIO_BYTES_MAX: usize = 2_400;
/// Shortest password, in bytes.
pub const PASSWORD_BYTES_MIN: usize = 8;
/// Longest password, in bytes. Longer ones are refused, never truncated.
pub const PASSWORD_BYTES_MAX: usize = 256;
/// Longest tweet or direct message, in grapheme clusters; a link counts as [`LINK_GRAPHEMES`].
pub const TWEET_GRAPHEMES_MAX: usize = 500;
/// Longest tweet or direct message in bytes of UTF-8.
pub const TWEET_BYTES_MAX: usize = 4_000;
/// Length of any link, in grapheme clusters.
pub const LINK_GRAPHEMES: usize = 23;
/// Most combining marks on one character.
pub const COMBINING_MARKS_MAX: usize = 8;
/// Longest hashtag without its '#', in characters.
pub const HASHTAG_CHARS_MAX: usize = 100;
/// Most earlier versions of a tweet; a further edit is refused.
pub const TWEET_VERSIONS_MAX: usize = 100;
/// Most different hashtags of a tweet.
pub const HASHTAGS_MAX: usize = 30;
/// Most different people that a tweet may mention.
pub const MENTIONS_MAX: usize = 30;
/// Most items on a page.
pub const PAGE_ITEMS_MAX: usize = 100;
/// About how many bytes of text a page holds; with more it has fewer items.
pub const PAGE_BYTES_MAX: usize = 256 * 1024;
/// Items on a page if the request sets no limit.
pub const PAGE_ITEMS_DEFAULT: usize = 20;
/// Longest search query in bytes.
pub const QUERY_BYTES_MAX: usize = 200;
/// Longest idempotency key in bytes.
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 64;
/// Longest name of a client program in bytes.
pub const CLIENT_NAME_BYTES_MAX: usize = 64;
/// Most ancestors shown above a tweet in its thread.
pub const THREAD_ANCESTORS_MAX: usize = 100;
/// Most sessions of one account, without those over ssh; a further log-in ends the least recently used one.
pub const SESSIONS_MAX: usize = 20;
/// Most read positions of one account; a further one replaces the least recently moved one.
pub const READ_LINES_MAX: usize = 200;
/// Most ssh keys of one account.
pub const SSH_KEYS_MAX: usize = 20;
/// Most sessions of one account over ssh. A further one is refused: each of them is an open connection.
pub const SSH_SESSIONS_MAX: usize = 10;
/// Longest reason of a report, in grapheme clusters and in bytes.
pub const REPORT_REASON_GRAPHEMES_MAX: usize = 500;
/// See [`REPORT_REASON_GRAPHEMES_MAX`].
pub const REPORT_REASON_BYTES_MAX: usize = 4_000;
/// Reports listed at a time, the oldest first.
pub const REPORTS_LISTED_MAX: usize = 50;
/// Messages in an hour of an account in its first day to people who do not follow it and have not answered.
pub const NEW_ACCOUNT_STRANGER_MESSAGES: usize = 20;
/// Most announcements at a time; a further one is refused.
pub const ANNOUNCEMENTS_MAX: usize = 20;
/// Invites listed, those that expire first.
pub const INVITES_LISTED_MAX: usize = 1_000;
/// Longest name of an ssh key, in grapheme clusters and in bytes.
pub const SSH_KEY_NAME_GRAPHEMES_MAX: usize = 50;
/// See [`SSH_KEY_NAME_GRAPHEMES_MAX`].
pub const SSH_KEY_NAME_BYTES_MAX: usize = 400;
/// Most characters of a tweet that a reply to it shows.
pub const PARENT_TEXT_CHARS_MAX: usize = 80;
/// Newest tweets of an account in which its own hashtags are looked for.
pub const OWN_HASHTAG_TWEETS: usize = 200;
/// Most accounts that are no longer suggested to an account; a further one replaces the oldest.
pub const SUGGESTIONS_DISMISSED_MAX: usize = 1_000;
/// Trends if the request sets no limit.
pub const TRENDS_DEFAULT: usize = 5;
