//! Conversations: direct messages between two accounts.

use model::{
    Account, Conversation, ConversationId, DirectMessage, Error, MessageId, Operation, Page, ReadReceipts,
    Result, Span, TweetText, Username,
};

use crate::policy::{self, Caller, Rows, Walk};
use crate::service::Service;
use store::{Change, ChangeResult, ConversationList, IdempotencyKey};

/// A message that was sent.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// The new message.
    pub message: MessageId,
    /// Its conversation.
    pub conversation: ConversationId,
}

/// A page of a conversation.
#[derive(Debug, Clone)]
pub struct MessagesView {
    /// Newest first.
    pub messages: Page<DirectMessage>,
    /// The other account.
    pub with: Account,
    /// `None` when there is no message yet.
    pub conversation: Option<ConversationId>,
    /// How far the viewer has received and read.
    pub yours: ReadReceipts,
    /// How far the other account has received and read.
    pub theirs: ReadReceipts,
}

impl Service {
    /// Sends a message.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `INVALID{username}` for the caller's own account, `FORBIDDEN` for an account that the caller
    /// blocks.
    pub async fn send_message(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
        text: TweetText,
    ) -> Result<Sent> {
        let (author, _) = policy::member(caller, Operation::SendMessage)?;
        let to = self.find(author, username).await?.0.account.id;
        let sent = self.store.apply(Change::SendMessage { author, to, text }, once).await?;
        let incomplete = || store::incident(&"a message without identifier or conversation");
        let message = MessageId::new(sent.id).ok_or_else(incomplete)?;
        let conversation = match sent.conversation {
            Some(conversation) => conversation,
            // A retry with a key that an earlier version of the store kept without it.
            None => self.store.message(message).await?.ok_or_else(incomplete)?.conversation,
        };
        Ok(Sent { message, conversation })
    }

    /// Replaces the text of a message of the caller.
    ///
    /// # Errors
    /// `NOT_FOUND{message}`, `FORBIDDEN` across a block, `INVALID{message_id}` if it was edited too often.
    pub async fn edit_message(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        message: MessageId,
        text: TweetText,
    ) -> Result<ChangeResult> {
        let (author, _) = policy::member(caller, Operation::EditMessage)?;
        self.store.apply(Change::EditMessage { author, message, text }, once).await
    }

    /// Deletes a message of the caller for both sides.
    ///
    /// # Errors
    /// `NOT_FOUND{message}`.
    pub async fn delete_message(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        message: MessageId,
    ) -> Result<ChangeResult> {
        let (author, _) = policy::member(caller, Operation::DeleteMessage)?;
        self.store.apply(Change::DeleteMessage { author, message }, once).await
    }

    /// A page of the caller's conversations, the newest message first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn conversations(
        &self,
        caller: &Caller,
        before: Option<MessageId>,
        limit: usize,
    ) -> Result<Page<Conversation>> {
        let (account, _) = policy::member(caller, Operation::ListConversations)?;
        let mut page = self.store.conversations(account, ConversationList::Shown, before, limit).await?;
        let mut rows = Rows::new(page.items.len(), Walk::NewestFirst);
        for conversation in page.items {
            let text_bytes = conversation.last.text.len();
            rows.push(conversation.last.id.get(), conversation, text_bytes);
        }
        let (rows, next) = rows.finish();
        page.next = next.or(page.next);
        page.items = rows.into_iter().map(|(_, conversation)| conversation).collect();
        Ok(page)
    }

    /// A page of the conversation with an account.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn read_conversation(
        &self,
        caller: &Caller,
        username: &Username,
        span: Span,
        limit: usize,
    ) -> Result<MessagesView> {
        let (account, _) = policy::member(caller, Operation::ReadConversation)?;
        let with = self.find(account, username).await?.0.account;
        let Some(conversation) = self.store.conversation_between(account, with.id).await? else {
            let messages = Page { items: Vec::new(), next: None };
            let (yours, theirs) = Default::default();
            return Ok(MessagesView { messages, with, conversation: None, yours, theirs });
        };
        let Conversation { id, yours, theirs, .. } = conversation;
        let walk = Walk::of(span);
        let mut found = self.store.messages(id, span, limit + 1).await?;
        if walk == Walk::Upwards {
            found.reverse();
        }
        let mut rows = Rows::new(limit, walk);
        for message in found {
            let text_bytes = message.text.len();
            rows.push(message.id.get(), message, text_bytes);
        }
        let (rows, next) = rows.finish();
        let messages = Page { items: rows.into_iter().map(|(_, message)| message).collect(), next };
        Ok(MessagesView { messages, with, conversation: Some(id), yours, theirs })
    }

    /// Moves the caller's read receipts in a conversation forward; they never move back.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `NOT_FOUND{conversation}`.
    pub async fn mark_conversation(
        &self,
        caller: &Caller,
        username: &Username,
        delivered: Option<MessageId>,
        read: Option<MessageId>,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::MarkConversation)?;
        let with = self.find(account, username).await?.0.account.id;
        let conversation = self.store.conversation_between(account, with).await?;
        let conversation = conversation.ok_or_else(|| Error::not_found("conversation"))?.id;
        self.store.apply(Change::MarkConversation { conversation, account, delivered, read }, None).await
    }

    /// Notifies an account, if it is connected, that the caller is typing a message to it: one that follows the caller, or
    /// with which the caller has a conversation. Others are not interested in what a stranger types.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn typing(&self, caller: &Caller, username: &Username) -> Result<()> {
        let (account, _) = policy::member(caller, Operation::Typing)?;
        let (to, relationship) = self.find(account, username).await?;
        let to_id = to.account.id;
        if policy::is_listed(to.state, relationship)
            && (relationship.followed_by || self.store.conversation_between(account, to_id).await?.is_some())
        {
            self.live.typing(self.own_profile(account).await?.account, to_id);
        }
        Ok(())
    }
}
