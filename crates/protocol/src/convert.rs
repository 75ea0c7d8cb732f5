//! Conversions between the types of the model and messages.
//!
//! Towards the wire they cannot fail. Values from the wire are untrusted: invalid ones are `INVALID` with the field.

use std::time::Duration;

use model::{
    Account, AccountSort, AccountState, Announcement, Conversation, Cursor, DirectMessage, Error, EventId,
    MessageId, Notification, NotificationKind, Presence, Profile, ReadReceipts, Relationship, Result, Role,
    Span, Trend, Tweet, TweetId, TweetPage, Visibility, page_limit,
};

use crate::v1;

// Errors.

impl From<&Error> for v1::Error {
    fn from(error: &Error) -> Self {
        let code = code_of(error).into();
        let message = error.to_string();
        match error {
            Error::Invalid { field, reason } => {
                Self { code, field: field.to_string(), message: reason.to_string(), ..Self::default() }
            }
            Error::NotFound(what) | Error::AlreadyExists(what) => {
                Self { code, field: what.to_string(), message, ..Self::default() }
            }
            Error::RateLimited { limit, retry_after } => {
                let retry_after_ms = u32::try_from(retry_after.as_millis()).unwrap_or(u32::MAX);
                Self { code, message, retry_after_ms, limit: limit.to_string(), ..Self::default() }
            }
            Error::SlowConsumer { cursor } => {
                Self { code, message, cursor: cursor.map_or(0, EventId::get), ..Self::default() }
            }
            Error::Internal { incident } => {
                Self { code, message, incident: incident.clone(), ..Self::default() }
            }
            // Without the prefix of the model's text.
            Error::Protocol(what) => Self { code, message: what.to_string(), ..Self::default() },
            Error::Unauthenticated(_)
            | Error::Forbidden(_)
            | Error::IdempotencyConflict
            | Error::Busy
            | Error::StorageFull
            | Error::Unavailable(_)
            | Error::GoingAway => Self { code, message, ..Self::default() },
        }
    }
}

fn code_of(error: &Error) -> v1::ErrorCode {
    match error {
        Error::Invalid { .. } => v1::ErrorCode::Invalid,
        Error::Unauthenticated(_) => v1::ErrorCode::Unauthenticated,
        Error::Forbidden(_) => v1::ErrorCode::Forbidden,
        Error::NotFound(_) => v1::ErrorCode::NotFound,
        Error::AlreadyExists(_) => v1::ErrorCode::AlreadyExists,
        Error::IdempotencyConflict => v1::ErrorCode::IdempotencyConflict,
        Error::RateLimited { .. } => v1::ErrorCode::RateLimited,
        Error::Busy => v1::ErrorCode::Busy,
        Error::StorageFull => v1::ErrorCode::StorageFull,
        Error::Unavailable(_) => v1::ErrorCode::Unavailable,
        Error::SlowConsumer { .. } => v1::ErrorCode::SlowConsumer,
        Error::GoingAway => v1::ErrorCode::GoingAway,
        Error::Protocol(_) => v1::ErrorCode::Protocol,
        Error::Internal { .. } => v1::ErrorCode::Internal,
    }
}

impl From<v1::Error> for Error {
    fn from(error: v1::Error) -> Self {
        match error.code() {
            v1::ErrorCode::Invalid => Self::invalid(error.field, error.message),
            v1::ErrorCode::Unauthenticated => Self::Unauthenticated(error.message.into()),
            v1::ErrorCode::Forbidden => Self::Forbidden(error.message.into()),
            v1::ErrorCode::NotFound => Self::not_found(error.field),
            v1::ErrorCode::AlreadyExists => Self::AlreadyExists(error.field.into()),
            v1::ErrorCode::IdempotencyConflict => Self::IdempotencyConflict,
            v1::ErrorCode::RateLimited => {
                let retry_after = Duration::from_millis(error.retry_after_ms.into());
                match error.limit {
                    limit if limit.is_empty() => Self::too_many_requests(retry_after),
                    limit => Self::RateLimited { limit: limit.into(), retry_after },
                }
            }
            v1::ErrorCode::Busy => Self::Busy,
            v1::ErrorCode::StorageFull => Self::StorageFull,
            v1::ErrorCode::Unavailable => Self::Unavailable(error.message.into()),
            v1::ErrorCode::SlowConsumer => Self::SlowConsumer { cursor: EventId::new(error.cursor) },
            v1::ErrorCode::GoingAway => Self::GoingAway,
            v1::ErrorCode::Protocol => Self::Protocol(error.message.into()),
            v1::ErrorCode::Internal => Self::Internal { incident: error.incident },
            // A code of a newer server.
            v1::ErrorCode::Unspecified => Self::Unavailable(error.message.into()),
        }
    }
}

// Accounts.

impl From<&Account> for v1::Account {
    fn from(account: &Account) -> Self {
        Self {
            id: account.id.get(),
            username: account.username.to_string(),
            display_name: account.display_name.as_str().to_owned(),
        }
    }
}

impl From<Role> for v1::Role {
    fn from(role: Role) -> Self {
        match role {
            Role::Member => Self::Member,
            Role::Admin => Self::Admin,
        }
    }
}

impl From<Presence> for v1::PresenceState {
    fn from(presence: Presence) -> Self {
        match presence {
            Presence::Offline => Self::Offline,
            Presence::Away => Self::Away,
            Presence::Online => Self::Online,
        }
    }
}

impl From<Relationship> for v1::Relationship {
    fn from(relationship: Relationship) -> Self {
        // `blocked_by` is left out: accounts do not learn who blocks them.
        Self {
            following: relationship.following,
            followed_by: relationship.followed_by,
            blocking: relationship.blocking,
            muting: relationship.muting,
        }
    }
}

/// A profile for a viewer. Without a relationship it is the viewer's own, and has the settings.
#[must_use]
pub fn profile(profile: &Profile, relationship: Option<Relationship>, presence: Presence) -> v1::Profile {
    v1::Profile {
        account: Some((&profile.account).into()),
        bio: profile.bio.as_str().to_owned(),
        role: v1::Role::from(profile.role).into(),
        created_ms: profile.created_ms,
        tweets: profile.tweets,
        followers: profile.followers,
        following: profile.following,
        relationship: relationship.map(Into::into),
        presence: v1::PresenceState::from(presence).into(),
        suspended: profile.state == AccountState::Suspended,
        own: relationship.is_none().then_some(v1::OwnSettings {
            presence_hidden: profile.presence_hidden,
            password_change_advised: profile.password_change_advised,
        }),
    }
}

/// An account in a list, for a viewer.
#[must_use]
pub fn account_view(
    account: &Account,
    relationship: Option<Relationship>,
    presence: Presence,
    idle: Duration,
) -> v1::AccountView {
    v1::AccountView {
        account: Some(account.into()),
        relationship: relationship.map(Into::into),
        presence: v1::PresenceState::from(presence).into(),
        idle_seconds: u32::try_from(idle.as_secs()).unwrap_or(u32::MAX),
        ..v1::AccountView::default()
    }
}

// Tweets.

impl From<Visibility> for v1::Visibility {
    fn from(visibility: Visibility) -> Self {
        match visibility {
            Visibility::Public => Self::Public,
            Visibility::Unlisted => Self::Unlisted,
            Visibility::Followers => Self::Followers,
            Visibility::Direct => Self::Direct,
        }
    }
}

impl From<Tweet> for v1::Tweet {
    fn from(tweet: Tweet) -> Self {
        let (reply_to_username, reply_to_text) =
            tweet.parent.map(|parent| (parent.username.to_string(), parent.text)).unwrap_or_default();
        Self {
            id: tweet.id.get(),
            author_id: tweet.author.get(),
            created_ms: tweet.id.time_ms(),
            edited_ms: tweet.edited_ms.unwrap_or_default(),
            visibility: v1::Visibility::from(tweet.visibility).into(),
            reply_to: tweet.reply_to.map_or(0, TweetId::get),
            quote_of: tweet.quote_of.map_or(0, TweetId::get),
            retweet_of: tweet.retweet_of.map_or(0, TweetId::get),
            replies: tweet.counts.replies,
            retweets: tweet.counts.retweets,
            quotes: tweet.counts.quotes,
            likes: tweet.counts.likes,
            liked: tweet.viewer.liked,
            retweeted: tweet.viewer.retweeted,
            bookmarked: tweet.viewer.bookmarked,
            reply_to_username,
            reply_to_text,
            text: tweet.text,
        }
    }
}

impl From<TweetPage> for v1::TweetPage {
    fn from(page: TweetPage) -> Self {
        Self {
            tweets: all(page.tweets),
            referenced: all(page.referenced),
            accounts: all(&page.accounts),
            next: cursor(page.next.as_ref()),
        }
    }
}

/// The tweet of a live event, from a page with one tweet; `None` when the page is empty.
#[must_use]
pub fn live_tweet(page: &TweetPage) -> Option<v1::LiveTweet> {
    let tweet = page.tweets.first()?.clone();
    Some(v1::LiveTweet {
        tweet: Some(tweet.into()),
        referenced: all(page.referenced.iter().cloned()),
        accounts: all(&page.accounts),
    })
}

impl From<Trend> for v1::Trend {
    fn from(trend: Trend) -> Self {
        Self { name: trend.name, people: trend.people, tweets: trend.tweets, history: trend.history.to_vec() }
    }
}

// Notifications and conversations.

impl From<NotificationKind> for v1::NotificationKind {
    fn from(kind: NotificationKind) -> Self {
        match kind {
            NotificationKind::Follow => Self::Follow,
            NotificationKind::Mention => Self::Mention,
            NotificationKind::Reply => Self::Reply,
            NotificationKind::Retweet => Self::Retweet,
            NotificationKind::Quote => Self::Quote,
            NotificationKind::Like => Self::Like,
        }
    }
}

impl From<&Notification> for v1::Notification {
    fn from(notification: &Notification) -> Self {
        Self {
            id: notification.id.get(),
            kind: v1::NotificationKind::from(notification.kind).into(),
            created_ms: notification.id.time_ms(),
            account_id: notification.actor.get(),
            tweet_id: notification.tweet.map_or(0, TweetId::get),
            unread: notification.unread,
        }
    }
}

impl From<DirectMessage> for v1::DirectMessage {
    fn from(message: DirectMessage) -> Self {
        Self {
            id: message.id.get(),
            conversation_id: message.conversation.get(),
            author_id: message.author.get(),
            created_ms: message.id.time_ms(),
            text: message.text,
            edited_ms: message.edited_ms.unwrap_or_default(),
            deleted: message.deleted,
        }
    }
}

impl From<Announcement> for v1::Announcement {
    fn from(announcement: Announcement) -> Self {
        Self {
            id: announcement.id.get(),
            created_ms: announcement.id.time_ms(),
            text: announcement.text,
            ends_ms: announcement.ends_ms.unwrap_or_default(),
            dismissed: announcement.dismissed,
        }
    }
}

impl From<ReadReceipts> for v1::ReadReceipts {
    fn from(receipts: ReadReceipts) -> Self {
        Self {
            delivered: receipts.delivered.map_or(0, MessageId::get),
            read: receipts.read.map_or(0, MessageId::get),
            read_ms: receipts.read_ms.unwrap_or_default(),
        }
    }
}

impl From<Conversation> for v1::Conversation {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id.get(),
            with: Some((&conversation.with).into()),
            last: Some(conversation.last.into()),
            unread: conversation.unread,
            yours: Some(conversation.yours.into()),
            theirs: Some(conversation.theirs.into()),
        }
    }
}

// Lists.

/// Converts every item.
pub fn all<T, U: From<T>>(items: impl IntoIterator<Item = T>) -> Vec<U> {
    items.into_iter().map(U::from).collect()
}

/// The field `next` of a page: empty on the last page.
#[must_use]
pub fn cursor(next: Option<&Cursor>) -> String {
    next.map(Cursor::encode).unwrap_or_default()
}

/// The page size that a request asks for.
///
/// # Errors
/// `INVALID{limit}`.
pub fn limit(page: Option<&v1::PageRequest>) -> Result<usize> {
    page_limit(page.map_or(0, |page| page.limit))
}

/// The part of a list that a request asks for, for lists that can be read in both directions.
///
/// # Errors
/// `INVALID{cursor}`.
pub fn span(page: Option<&v1::PageRequest>) -> Result<Span> {
    use v1::page_request::Position;
    match page.and_then(|page| page.position.as_ref()) {
        None => Ok(Span::Latest),
        Some(Position::Before(text) | Position::After(text)) if text.is_empty() => Ok(Span::Latest),
        Some(Position::Before(text)) => Ok(Span::Before(id_cursor(text)?)),
        Some(Position::After(text)) => Ok(Span::After(id_cursor(text)?)),
    }
}

/// Where a page starts, for lists that can be read in one direction.
///
/// # Errors
/// `INVALID{cursor}`, also for `after`.
pub fn before(page: Option<&v1::PageRequest>) -> Result<Option<Cursor>> {
    use v1::page_request::Position;
    match page.and_then(|page| page.position.as_ref()) {
        None => Ok(None),
        Some(Position::Before(text)) if text.is_empty() => Ok(None),
        Some(Position::Before(text)) => Cursor::decode(text).map(Some),
        Some(Position::After(_)) => Err(Error::invalid("cursor", "cannot be `after` in this list")),
    }
}

/// As [`before`], for lists that are sorted by an identifier.
///
/// # Errors
/// `INVALID{cursor}`.
pub fn before_id(page: Option<&v1::PageRequest>) -> Result<Option<u64>> {
    match before(page)? {
        None => Ok(None),
        Some(Cursor::Id(id)) => Ok(Some(id)),
        Some(_) => Err(foreign_cursor()),
    }
}

fn id_cursor(text: &str) -> Result<u64> {
    match Cursor::decode(text)? {
        Cursor::Id(id) => Ok(id),
        _ => Err(foreign_cursor()),
    }
}

fn foreign_cursor() -> Error {
    Error::invalid("cursor", "belongs to another kind of list")
}

// From the wire.

/// A required identifier: `required(request.tweet_id, "tweet_id", TweetId::new)?`.
///
/// # Errors
/// `INVALID` with this field.
pub fn required<T>(id: u64, field: &'static str, new: impl FnOnce(u64) -> Option<T>) -> Result<T> {
    new(id).ok_or_else(|| Error::invalid(field, "is not an identifier"))
}

/// An optional identifier; 0 means none.
///
/// # Errors
/// `INVALID` with this field.
pub fn optional<T>(id: u64, field: &'static str, new: impl FnOnce(u64) -> Option<T>) -> Result<Option<T>> {
    if id == 0 { Ok(None) } else { required(id, field, new).map(Some) }
}

/// The visibility of a tweet; `None` if it is unspecified: the server decides.
///
/// # Errors
/// `INVALID{visibility}` for an unknown one: guessing could show the tweet to too many.
pub fn visibility(number: i32) -> Result<Option<Visibility>> {
    match v1::Visibility::try_from(number) {
        Ok(v1::Visibility::Unspecified) => Ok(None),
        Ok(v1::Visibility::Public) => Ok(Some(Visibility::Public)),
        Ok(v1::Visibility::Unlisted) => Ok(Some(Visibility::Unlisted)),
        Ok(v1::Visibility::Followers) => Ok(Some(Visibility::Followers)),
        Ok(v1::Visibility::Direct) => Ok(Some(Visibility::Direct)),
        Err(_) => Err(Error::invalid("visibility", "is not one that this server knows")),
    }
}

/// The order of a list of accounts; `None` if it is unspecified: the list's own.
///
/// # Errors
/// `INVALID{sort}`.
pub fn account_sort(number: i32) -> Result<Option<AccountSort>> {
    match v1::AccountSort::try_from(number) {
        Ok(v1::AccountSort::Unspecified) => Ok(None),
        Ok(v1::AccountSort::Username) => Ok(Some(AccountSort::Username)),
        Ok(v1::AccountSort::Name) => Ok(Some(AccountSort::Name)),
        Ok(v1::AccountSort::Newest) => Ok(Some(AccountSort::Newest)),
        Ok(v1::AccountSort::Followers) => Ok(Some(AccountSort::Followers)),
        Ok(v1::AccountSort::Active) => Ok(Some(AccountSort::Active)),
        Err(_) => Err(Error::invalid("sort", "is none that this server knows")),
    }
}

/// Kinds of notifications to list.
///
/// # Errors
/// `INVALID{kinds}`.
pub fn notification_kinds(numbers: &[i32]) -> Result<Vec<NotificationKind>> {
    let kind = |number: &i32| match v1::NotificationKind::try_from(*number) {
        Ok(v1::NotificationKind::Follow) => Ok(NotificationKind::Follow),
        Ok(v1::NotificationKind::Mention) => Ok(NotificationKind::Mention),
        Ok(v1::NotificationKind::Reply) => Ok(NotificationKind::Reply),
        Ok(v1::NotificationKind::Retweet) => Ok(NotificationKind::Retweet),
        Ok(v1::NotificationKind::Quote) => Ok(NotificationKind::Quote),
        Ok(v1::NotificationKind::Like) => Ok(NotificationKind::Like),
        Ok(v1::NotificationKind::Unspecified) | Err(_) => {
            Err(Error::invalid("kinds", "has one that this server does not know"))
        }
    };
    numbers.iter().map(kind).collect()
}

/// A role; `None` if it is unspecified.
///
/// # Errors
/// `INVALID{role}`.
pub fn role(number: i32) -> Result<Option<Role>> {
    match v1::Role::try_from(number) {
        Ok(v1::Role::Unspecified) => Ok(None),
        Ok(v1::Role::Member) => Ok(Some(Role::Member)),
        Ok(v1::Role::Admin) => Ok(Some(Role::Admin)),
        Err(_) => Err(Error::invalid("role", "is not one that this server knows")),
    }
}

/// The presence that a client sets.
///
/// # Errors
/// `INVALID{state}` for anything but online and away.
pub fn presence_to_set(number: i32) -> Result<Presence> {
    match v1::PresenceState::try_from(number) {
        Ok(v1::PresenceState::Online) => Ok(Presence::Online),
        Ok(v1::PresenceState::Away) => Ok(Presence::Away),
        _ => Err(Error::invalid("state", "must be online or away")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_survives_the_wire() {
        let errors = [
            Error::invalid("text", "is empty"),
            Error::Unauthenticated("log in first".into()),
            Error::forbidden("not yours"),
            Error::not_found("tweet"),
            Error::AlreadyExists("username".into()),
            Error::IdempotencyConflict,
            Error::too_many_requests(Duration::from_millis(1_500)),
            Error::RateLimited { limit: "too many stones".into(), retry_after: Duration::from_millis(1_500) },
            Error::Busy,
            Error::StorageFull,
            Error::Unavailable("the store has stopped".into()),
            Error::SlowConsumer { cursor: EventId::new(7) },
            Error::GoingAway,
            Error::Protocol("a frame is empty".into()),
            Error::Internal { incident: "abc".into() },
        ];
        for error in errors {
            assert_eq!(Error::from(v1::Error::from(&error)), error);
        }
    }

    #[test]
    fn a_relationship_on_the_wire_does_not_show_who_blocks_the_viewer() {
        let relationship = Relationship { blocked_by: true, ..Relationship::default() };
        assert_eq!(v1::Relationship::from(relationship), v1::Relationship::default());
    }

    #[test]
    fn a_position_is_before_or_after_an_identifier_or_none() {
        use v1::page_request::Position;
        let page = |position| Some(v1::PageRequest { limit: 0, position });
        assert_eq!(span(None).unwrap(), Span::Latest);
        assert_eq!(span(page(Some(Position::Before("7".into()))).as_ref()).unwrap(), Span::Before(7));
        assert_eq!(span(page(Some(Position::After("7".into()))).as_ref()).unwrap(), Span::After(7));
        assert_eq!(span(page(Some(Position::Before(String::new()))).as_ref()).unwrap(), Span::Latest);
        let at_username = page(Some(Position::Before("@ada".into())));
        assert_eq!(span(at_username.as_ref()), Err(foreign_cursor()));
        assert_eq!(before_id(at_username.as_ref()), Err(foreign_cursor()));
        let after = before(page(Some(Position::After("7".into()))).as_ref());
        assert_eq!(after, Err(Error::invalid("cursor", "cannot be `after` in this list")));
    }

    #[test]
    fn unknown_numbers_are_refused_with_the_field() {
        for (error, name) in [
            (visibility(9).unwrap_err(), "visibility"),
            (role(9).unwrap_err(), "role"),
            (presence_to_set(1).unwrap_err(), "state"),
            (required(0, "tweet_id", TweetId::new).unwrap_err(), "tweet_id"),
            (optional(u64::MAX, "reply_to", TweetId::new).unwrap_err(), "reply_to"),
        ] {
            assert!(matches!(error, Error::Invalid { field, .. } if field == name));
        }
        assert_eq!(visibility(0).unwrap(), None, "the server decides");
        assert_eq!(optional(0, "reply_to", TweetId::new).unwrap(), None);
    }
}
