//! The domain of Mini-Tweet: identifiers, entities, rules for texts, limits, errors and cursors.
//!
//! Pure: no input or output, no async, no clock, no randomness. Servers and clients share it, so that for example both
//! count the length of a tweet in the same way. Types that only a parser makes ([`Username`], [`TweetText`],
//! [`SafeText`] …) are never checked again.

mod account;
mod announcement;
mod conversation;
mod cursor;
mod error;
mod id;
pub mod limits;
mod name;
mod notification;
mod operation;
mod os_error;
mod read_line;
mod report;
mod ssh_key;
mod strength;
mod text;
mod trend;
mod tweet;
mod tweet_text;

pub use account::{Account, AccountCounts, AccountSort, AccountState, Presence, Profile, Relationship, Role};
pub use announcement::Announcement;
pub use conversation::{Conversation, DirectMessage, ReadReceipts};
pub use cursor::{Cursor, Page, Span, page_limit};
pub use error::{Error, Result, in_words};
pub use id::{
    AccountId, AnnouncementId, ConversationId, EventId, IdGenerator, MessageId, NODE_MAX, NotificationId,
    ReportId, SessionId, SshKeyId, TweetId, time_of_id,
};
pub use name::{Bio, DisplayName, Password, Username};
pub use notification::{Notification, NotificationKind};
pub use operation::{Access, Concurrency, Operation, Retry};
pub use os_error::os_error_in_words;
pub use read_line::{ReadLine, TimelineName};
pub use report::{Report, ReportReason};
pub use ssh_key::{SshFingerprint, SshKey, SshKeyName};
pub use strength::{Strength, guessable, strength};
#[cfg(feature = "faults")]
pub use text::make_nothing_safe;
pub use text::{
    Entity, Hashtag, SafeText, SearchWord, count_graphemes, entities, is_blank, is_long_enough, name_words,
    search_form, search_tokens, search_words, to_nfc, unfinished_word,
};
pub use trend::Trend;
pub use tweet::{Counts, NewTweet, ParentPreview, Tweet, TweetPage, ViewerFlags, Visibility};
pub use tweet_text::{TweetText, hashtags_and_mentions};
