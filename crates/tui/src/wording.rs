//! Words for states, times and counts that more than one screen shows.

use protocol::v1;

use crate::state::{Link, State};

/// Why something is refused in read-only mode.
pub(crate) const READ_ONLY: &str = "Read-only mode";

/// The state of the connection.
pub(crate) fn link_words(state: &State) -> String {
    match &state.connection.link {
        Link::Connecting if state.connection.server.is_empty() => String::new(),
        Link::Connecting => "◌ connecting".into(),
        Link::Live => "● live".into(),
        Link::Reconnecting(_) => "◌ reconnecting".into(),
        Link::Stopped(_) => "○ offline".into(),
    }
}

/// Presence with its sign.
pub(crate) fn presence_word(presence: v1::PresenceState) -> &'static str {
    match presence {
        v1::PresenceState::Online => "● online",
        v1::PresenceState::Away => "◐ away",
        _ => "○ offline",
    }
}

/// A visibility as it is shown on a tweet.
pub(crate) fn visibility_word(visibility: v1::Visibility) -> &'static str {
    match visibility {
        v1::Visibility::Unlisted => "unlisted",
        v1::Visibility::Followers => "followers",
        v1::Visibility::Direct => "direct",
        _ => "public",
    }
}

/// What a notification says after the names.
pub(crate) fn notification_words(kind: v1::NotificationKind) -> &'static str {
    match kind {
        v1::NotificationKind::Follow => "followed you",
        v1::NotificationKind::Mention => "mentioned you",
        v1::NotificationKind::Reply => "replied to you",
        v1::NotificationKind::Retweet => "retweeted your tweet",
        v1::NotificationKind::Quote => "quoted your tweet",
        v1::NotificationKind::Like => "liked your tweet",
        v1::NotificationKind::Unspecified => "did something",
    }
}

/// `1 person`, `2 people`.
pub(crate) fn count(count: u32, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// How long ago, short.
pub(crate) fn age(now: i64, then: i64) -> String {
    let seconds = (now - then).max(0) / 1_000;
    match seconds {
        ..60 => "now".into(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..604_800 => format!("{}d", seconds / 86_400),
        _ => absolute_time(then).split(' ').next().unwrap_or_default().to_owned(),
    }
}

/// How long ago, in a sentence.
pub(crate) fn ago(now: i64, then: i64) -> String {
    match age(now, then).as_str() {
        "now" => "just now".into(),
        date if date.contains('-') => date.to_owned(),
        age => format!("{age} ago"),
    }
}

/// Date and time, UTC: `2026-11-23 20:15`.
pub(crate) fn absolute_time(ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    time.strftime("%Y-%m-%d %H:%M").to_string()
}
