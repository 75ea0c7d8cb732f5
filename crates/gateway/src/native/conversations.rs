//! Requests about direct messages.

use model::{ConversationId, MessageId, Result, TweetText, Username};
use protocol::convert::{self, all, optional, required};
use protocol::v1;
use protocol::v1::response;

use super::call::{Call, change_result, empty_result};

pub(super) async fn send_message(call: Call<'_>, ask: &v1::SendMessage) -> Result<response::Result> {
    let (to, text) = (Username::parse(&ask.username)?, TweetText::parse(&ask.text)?);
    let sent = call.service.send_message(&call.caller, call.key, &to, text).await?;
    Ok(response::Result::MessageSent(v1::MessageSent {
        message_id: sent.message.get(),
        conversation_id: sent.conversation.get(),
    }))
}

pub(super) async fn edit_message(call: Call<'_>, ask: &v1::EditMessage) -> Result<response::Result> {
    let message = required(ask.message_id, "message_id", MessageId::new)?;
    let text = TweetText::parse(&ask.text)?;
    call.service.edit_message(&call.caller, call.key, message, text).await.map(change_result)
}

pub(super) async fn delete_message(call: Call<'_>, ask: v1::DeleteMessage) -> Result<response::Result> {
    let message = required(ask.message_id, "message_id", MessageId::new)?;
    call.service.delete_message(&call.caller, call.key, message).await.map(change_result)
}

pub(super) async fn list_conversations(
    call: Call<'_>,
    ask: &v1::ListConversations,
) -> Result<response::Result> {
    let before = convert::before_id(ask.page.as_ref())?
        .map(|id| required(id, "cursor", MessageId::new))
        .transpose()?;
    let limit = convert::limit(ask.page.as_ref())?;
    let page = call.service.conversations(&call.caller, before, limit).await?;
    let next = convert::cursor(page.next.as_ref());
    Ok(response::Result::ConversationPage(v1::ConversationPage { conversations: all(page.items), next }))
}

pub(super) async fn read_conversation(
    call: Call<'_>,
    ask: &v1::ReadConversation,
) -> Result<response::Result> {
    let with = Username::parse(&ask.username)?;
    let (span, limit) = (convert::span(ask.page.as_ref())?, convert::limit(ask.page.as_ref())?);
    let view = call.service.read_conversation(&call.caller, &with, span, limit).await?;
    Ok(response::Result::MessagePage(v1::MessagePage {
        next: convert::cursor(view.messages.next.as_ref()),
        messages: all(view.messages.items),
        with: Some((&view.with).into()),
        conversation_id: view.conversation.map_or(0, ConversationId::get),
        yours: Some(view.yours.into()),
        theirs: Some(view.theirs.into()),
    }))
}

pub(super) async fn mark_conversation(
    call: Call<'_>,
    ask: &v1::MarkConversation,
) -> Result<response::Result> {
    let with = Username::parse(&ask.username)?;
    let delivered = optional(ask.delivered, "delivered", MessageId::new)?;
    let read = optional(ask.read, "read", MessageId::new)?;
    call.service.mark_conversation(&call.caller, &with, delivered, read).await.map(change_result)
}

pub(super) async fn typing(call: Call<'_>, ask: &v1::Typing) -> Result<response::Result> {
    call.service.typing(&call.caller, &Username::parse(&ask.username)?).await?;
    Ok(empty_result())
}
