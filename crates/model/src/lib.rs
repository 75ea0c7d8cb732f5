//! The words of Mini-Tweet's domain: identifiers, entities, text rules, limits, errors and cursors.
//!
//! Pure: no input or output, no async, no clock, no randomness. Server and client share it, so that a
//! counter in a client agrees with the server to the last character. What only a parser can make
//! ([`Username`], [`TweetText`], [`SafeText`] …) is never checked again.

mod account;
mod conversation;
mod cursor;
mod error;
mod id;
pub mod limits;
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

pub use account::{Account, AccountState, Presence, Profile, Relationship, Role};
pub use conversation::{Conversation, DirectMessage, ReadReceipts};
pub use cursor::{Cursor, Page, Span, page_limit};
pub use error::{Error, Result};
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
pub use text::{Entity, Hashtag, TweetText, count_graphemes, entities, to_nfc};
pub use trend::Trend;
pub use tweet::{Counts, NewTweet, Tweet, TweetPage, ViewerFlags, Visibility};
