//! Direct messages and conversations.

use crate::account::Account;
use crate::id::{AccountId, ConversationId, MessageId};

/// A direct message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectMessage {
    /// Identifier; it contains the time.
    pub id: MessageId,
    /// The conversation it belongs to.
    pub conversation: ConversationId,
    /// The sender.
    pub author: AccountId,
    /// The text as sent or last edited; empty if it was deleted.
    pub text: String,
    /// Time of the last edit in Unix milliseconds.
    pub edited_ms: Option<i64>,
    /// Deleted by its author.
    pub deleted: bool,
}

/// How far one side of a conversation has received and read messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadReceipts {
    /// The last message delivered to one of their devices.
    pub delivered: Option<MessageId>,
    /// The last message that they read.
    pub read: Option<MessageId>,
    /// When they read the last message of the other side up to there, in Unix milliseconds; `None` if that is unknown.
    pub read_ms: Option<i64>,
}

/// A conversation of two accounts, as one of them (the viewer) sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Identifier.
    pub id: ConversationId,
    /// The other account.
    pub with: Account,
    /// The newest message.
    pub last: DirectMessage,
    /// Number of messages of the other account that the viewer has not read.
    pub unread: u32,
    /// The viewer's read receipts.
    pub yours: ReadReceipts,
    /// The other account's read receipts.
    pub theirs: ReadReceipts,
}
