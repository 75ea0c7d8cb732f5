//! The domain of Mini-Tweet: identifiers, entities, rules for texts, limits, errors and cursors.
//!
//! Pure: no input or output, no async, no clock, no randomness. Servers and clients share it, so that for example both
//! count the length of a tweet in the same way. Types that only a parser makes ([`Username`], [`TweetText`],
//! [`SafeText`] …) are never checked again.

mod account;
mod conversation;
mod cursor;
mod entity;
mod error;
mod id;
pub mod limits;
mod link;
mod name;
mod notification;
mod operation;
mod read_line;
mod report;
mod safe;
mod ssh_key;
mod strength;
mod text;
mod trend;
mod tweet;
mod tweet_text;

pub use account::{Account, AccountState, Presence, Profile, Relationship, Role};
pub use conversation::{Conversation, DirectMessage, ReadReceipts};
pub use cursor::{Cursor, Page, Span, page_limit};
pub use entity::{Entity, Hashtag, entities};
pub use error::{Error, Result, in_words};
pub use id::{
    AccountId, ConversationId, EventId, IdGenerator, MessageId, NODE_MAX, NotificationId, ReportId,
    SessionId, SshKeyId, TweetId, time_of_id,
};
pub use name::{Bio, DisplayName, Password, Username};
pub use notification::{Notification, NotificationKind};
pub use operation::{Access, Concurrency, Operation, Retry};
pub use read_line::{ReadLine, TimelineName};
pub use report::{Report, ReportReason};
pub use safe::SafeText;
#[cfg(feature = "faults")]
pub use safe::make_nothing_safe;
pub use ssh_key::{SshFingerprint, SshKey, SshKeyName};
pub use strength::{Strength, guessable, strength};
pub use text::{count_graphemes, to_nfc};
pub use trend::Trend;
pub use tweet::{Counts, NewTweet, Tweet, TweetPage, ViewerFlags, Visibility};
pub use tweet_text::TweetText;
