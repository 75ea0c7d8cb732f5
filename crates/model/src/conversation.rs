//! Chat between two people.

use crate::{Account, AccountId, ConversationId, MessageId};

/// One message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectMessage {
    /// Its identifier, which tells its time.
    pub id: MessageId,
    /// Where it was said.
    pub conversation: ConversationId,
    /// Who said it.
    pub author: AccountId,
    /// As sent.
    pub text: String,
}

/// How far somebody has come in a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReadReceipts {
    /// The last message that reached one of their devices.
    pub delivered: Option<MessageId>,
    /// The last message that they read.
    pub read: Option<MessageId>,
}

/// A conversation, seen from one of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// Its identifier.
    pub id: ConversationId,
    /// The other one.
    pub with: Account,
    /// The newest message.
    pub last: DirectMessage,
    /// Messages of the other one after the viewer's read mark.
    pub unread: u32,
    /// The viewer's marks.
    pub yours: ReadReceipts,
    /// The other one's marks.
    pub theirs: ReadReceipts,
}
