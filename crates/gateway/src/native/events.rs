//! Encodes live events. Each is encoded once, by the first connection that delivers it.

use bytes::Bytes;
use model::{Account, DirectMessage};
use prost::Message as _;
use protocol::convert::{account_view, live_tweet};
use protocol::v1;

use service::live::{AnnouncementChange, LiveEvent, Payload};

/// The fields of `Event` after `subscription` and `sequence`; empty if there is nothing to push.
pub(super) fn fields(payload: &Payload) -> &Bytes {
    payload.encoded.get_or_init(|| {
        let event = message(&payload.event);
        v1::Event { subscription: 0, sequence: 0, event }.encode_to_vec().into()
    })
}

fn message(event: &LiveEvent) -> Option<v1::event::Event> {
    use v1::event::Event;
    Some(match event {
        LiveEvent::TweetPosted(page) => Event::TweetPosted(live_tweet(page)?),
        LiveEvent::TweetEdited(page) => Event::TweetEdited(live_tweet(page)?),
        LiveEvent::TweetDeleted(tweet) => Event::TweetDeleted(v1::TweetDeleted { tweet_id: tweet.get() }),
        LiveEvent::Notification(notification, page, account) => Event::Notification(v1::LiveNotification {
            notification: Some(notification.into()),
            tweet: live_tweet(page),
            account: Some(account.into()),
        }),
        LiveEvent::Unread(unread) => Event::Unread(v1::LiveUnread { unread: *unread }),
        LiveEvent::Announcement { change, newest } => {
            let (text, change) = (newest.clone(), Some(announcement_change(change)));
            Event::Announcement(v1::LiveAnnouncement { text, change })
        }
        LiveEvent::Message { message, author, with } => Event::Message(live_message(message, author, with)),
        LiveEvent::MessageChanged { message, author, with } => {
            Event::MessageChanged(live_message(message, author, with))
        }
        LiveEvent::ReadReceipts { conversation, account, marks } => Event::Marks(v1::LiveReadReceipts {
            conversation_id: conversation.get(),
            account: Some(account.into()),
            marks: Some((*marks).into()),
        }),
        LiveEvent::Typing(account) => Event::Typing(v1::LiveTyping { account: Some(account.into()) }),
        LiveEvent::Presence(account, presence, idle) => {
            Event::Presence(account_view(account, None, *presence, *idle))
        }
        LiveEvent::Gap { after } => Event::Gap(v1::Gap { after: after.get() }),
    })
}

fn announcement_change(change: &AnnouncementChange) -> v1::live_announcement::Change {
    use v1::live_announcement::Change;
    match change {
        AnnouncementChange::Added(announcement) => Change::Added(announcement.clone().into()),
        AnnouncementChange::Removed(id) => Change::Removed(id.get()),
        AnnouncementChange::Dismissed(id) => Change::Dismissed(id.get()),
    }
}

fn live_message(message: &DirectMessage, author: &Account, with: &Account) -> v1::LiveMessage {
    v1::LiveMessage {
        message: Some(message.clone().into()),
        author: Some(author.into()),
        with: Some(with.into()),
    }
}
