//! Requests about live events and the caller's presence: their state belongs to the connection.

use model::{Error, EventId, Hashtag, Result, Username};
use protocol::convert::{optional, presence_to_set};
use protocol::v1;
use protocol::v1::{response, subscribe};

use super::call::{Call, empty_result};
use service::live::Topic;

pub(super) async fn subscribe(call: Call<'_>, ask: v1::Subscribe) -> Result<response::Result> {
    let cursor = optional(ask.cursor, "cursor", EventId::new)?;
    let topic = match ask.topic {
        None => return Err(Error::invalid("topic", "is none that this server knows")),
        Some(subscribe::Topic::Home(v1::HomeTopic {})) => Topic::Home,
        Some(subscribe::Topic::Local(v1::LocalTopic {})) => Topic::Local,
        Some(subscribe::Topic::Hashtag(name)) => Topic::Hashtag(Hashtag::parse(&name)?),
        Some(subscribe::Topic::Notifications(v1::NotificationsTopic {})) => Topic::Notifications,
        Some(subscribe::Topic::Conversations(v1::ConversationsTopic {})) => Topic::Conversations,
        Some(subscribe::Topic::Conversation(username)) => {
            let with = call.service.resolve(&call.caller, &Username::parse(&username)?).await?;
            Topic::Conversation(with.id)
        }
        Some(subscribe::Topic::Presence(v1::PresenceTopic {})) => Topic::Presence,
    };
    let (subscription, cursor) = call.context.live()?.subscribe(topic, cursor).await?;
    Ok(response::Result::Subscribed(v1::Subscribed { subscription, cursor: cursor.get() }))
}

pub(super) fn unsubscribe(call: &Call<'_>, ask: v1::Unsubscribe) -> Result<response::Result> {
    call.context.live()?.unsubscribe(ask.subscription)?;
    Ok(empty_result())
}

pub(super) fn set_presence(call: &Call<'_>, ask: v1::SetPresence) -> Result<response::Result> {
    call.context.live()?.set_presence(presence_to_set(ask.state)?);
    Ok(empty_result())
}
