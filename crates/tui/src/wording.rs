//! Words for states, times and counts that more than one screen shows.

use client::ClientError;
use model::SafeText;
use protocol::v1;

use crate::commands::Action;
use crate::composer::{Outgoing, Sending};
use crate::settings::Dates;
use crate::signs::Sign;
use crate::state::{Link, State};

/// Why something is refused in read-only mode.
pub(crate) const READ_ONLY: &str = "Read-only mode";
/// Before the time after which a text is sent.
pub(crate) const SENDING_IN: &str = "Sending in ";

/// At the end of a message: what it says can be undone. The screen shows how at its right end, plain mode says it.
pub(crate) const UNDO_HINT: &str = " · u to undo";

/// How to run a command: its shortcut, or what is typed if it has none. Plain mode has no shortcuts.
pub(crate) fn way_to(state: &State, action: Action) -> String {
    let id = action.command().id;
    match state.preferences.keymap.keys_of(action) {
        _ if state.terminal.capabilities.is_plain => format!("“{id}”"),
        Some(keys) => keys,
        None => format!(":{id}"),
    }
}

/// The state of the connection.
pub(crate) fn link_words(state: &State) -> String {
    match &state.connection.link {
        Link::Connecting if state.connection.server.is_empty() => String::new(),
        Link::Connecting => "connecting".into(),
        Link::Live if state.is_signed_out() => "signed out".into(),
        Link::Live => "live".into(),
        Link::Late => "waiting…".into(),
        Link::Reconnecting(_) => "reconnecting".into(),
        Link::Stopped(_) => "offline".into(),
    }
}

/// The user's account and its server; `None` if there is no session.
pub(crate) fn account_words(state: &State) -> Option<String> {
    let server = match state.connection.hello.server_name.as_str() {
        "" => &state.connection.server,
        name => name,
    };
    let username = state.session.username.as_deref()?;
    Some(format!("@{} on {}", SafeText::line(username), SafeText::line(server)))
}

/// Presence in a word.
pub(crate) fn presence_word(presence: v1::PresenceState) -> &'static str {
    match presence {
        v1::PresenceState::Online => "online",
        v1::PresenceState::Away => "away",
        _ => "offline",
    }
}

/// What is waited for while a change cannot reach the server.
pub(crate) fn waiting_for(state: &State) -> &'static str {
    match state.connection.link {
        Link::Live | Link::Late => "Waiting for the server",
        _ => "Waiting for the connection",
    }
}

/// The texts and actions that wait for the connection, or for a server that does not respond.
pub(crate) fn waiting(state: &State) -> usize {
    if state.connection.link == Link::Live {
        return 0;
    }
    let is_refused = |one: &&Outgoing| matches!(one.sending, Sending::Refused(_));
    let texts = state.texts.outbox.iter().filter(|one| !is_refused(one)).count();
    texts + state.pending.unconfirmed()
}

/// Presence with its sign.
pub(crate) fn presence_phrase(state: &State, presence: v1::PresenceState) -> String {
    let sign = match presence {
        v1::PresenceState::Online => state.sign(Sign::Online),
        v1::PresenceState::Away => state.sign(Sign::Away),
        _ => return "offline".to_owned(),
    };
    format!("{sign} {}", presence_word(presence))
}

/// How long an account has been away, if it is: empty if that is not known.
pub(crate) fn idle_time(state: &State, id: u64) -> Option<String> {
    let since = state.entities.away_since(id)?;
    let is_known = since > 0 && state.server_now() - since >= 60_000;
    Some(if is_known { time_since(state, since) } else { String::new() })
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

/// `1 person`, `2 people`, `1,438 people`.
pub(crate) fn count(count: u32, one: &str, many: &str) -> String {
    format!("{} {}", figure(u64::from(count)), if count == 1 { one } else { many })
}

/// A number as it is easy to read: `963`, `1,438`, `12.4k`.
pub(crate) fn figure(number: u64) -> String {
    match number {
        ..1_000 => number.to_string(),
        1_000..10_000 => format!("{},{:03}", number / 1_000, number % 1_000),
        10_000..1_000_000 => format!("{}.{}k", number / 1_000, number % 1_000 / 100),
        _ => format!("{}.{}M", number / 1_000_000, number % 1_000_000 / 100_000),
    }
}

/// `1 person`, `1,438 people`, `12.4k people`.
pub(crate) fn number(count: u64, one: &str, many: &str) -> String {
    let words = if count == 1 { one } else { many };
    match count {
        ..1_000 => format!("{count} {words}"),
        1_000..10_000 => format!("{},{:03} {words}", count / 1_000, count % 1_000),
        _ => format!("{}.{}k {words}", count / 1_000, count % 1_000 / 100),
    }
}

/// An error for the user: what it means, without the technical reason, which the log has.
pub(crate) fn problem(error: &ClientError) -> String {
    match error {
        ClientError::Unreachable { endpoint, .. } => format!("cannot reach {}", SafeText::line(endpoint)),
        ClientError::Lost => "the connection was lost".to_owned(),
        ClientError::TimedOut { .. } => "the server did not answer in time".to_owned(),
        ClientError::Protocol { endpoint, .. } => {
            format!("{} does not speak the protocol of this client", SafeText::line(endpoint))
        }
        other => SafeText::line(&other.to_string()).as_str().to_owned(),
    }
}

/// How long something takes, in words, rounded up: `8 s`, `49 min`, `3 h`.
pub(crate) fn duration(ms: i64) -> String {
    let seconds = (ms.max(0) + 999) / 1_000;
    match seconds {
        ..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", (seconds + 59) / 60),
        _ => format!("{} h", (seconds + 3_599) / 3_600),
    }
}

/// How long before `now` it was, short: `now`, `9m`, `2h`, `3d`; `None` from a week on. Both in Unix milliseconds.
#[must_use]
pub fn short_age(now: i64, then: i64) -> Option<String> {
    let seconds = (now - then).max(0) / 1_000;
    Some(match seconds {
        ..60 => "now".into(),
        60..3_600 => format!("{}m", seconds / 60),
        3_600..86_400 => format!("{}h", seconds / 3_600),
        86_400..604_800 => format!("{}d", seconds / 86_400),
        _ => return None,
    })
}

/// When something was, short: how long ago by the server's clock, and from a week on the date. If the user prefers that,
/// the time of day or the date.
pub(crate) fn age(state: &State, then: i64) -> String {
    match state.preferences.settings.dates {
        Dates::Relative => time_since(state, then),
        Dates::Absolute => clock_or_date(state, then),
    }
}

/// When something was: today the time of day, before that the date.
pub(crate) fn clock_or_date(state: &State, then: i64) -> String {
    let is_today = local(state, then).date() == local(state, state.server_now()).date();
    if is_today { clock(state, then) } else { date(state, then) }
}

/// How long ago by the server's clock, short; from a week on the date.
fn time_since(state: &State, then: i64) -> String {
    short_age(state.server_now(), then).unwrap_or_else(|| date(state, then))
}

/// The age of a list that is not up to date.
pub(crate) fn saved(state: &State, then: i64, is_short: bool) -> String {
    let age = age_in_words(state.now - then);
    match (age.as_str(), is_short) {
        ("just now", true) => "saved".to_owned(),
        (age, true) => format!("saved {}", age.trim_end_matches(" ago")),
        (age, false) => format!("saved {age}"),
    }
}

/// How long ago something was: `just now`, `12 min ago`, `3 d ago`.
pub(crate) fn age_in_words(ms: i64) -> String {
    let seconds = ms.max(0) / 1_000;
    match seconds {
        ..60 => "just now".to_owned(),
        60..3_600 => format!("{} min ago", seconds / 60),
        3_600..86_400 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} d ago", seconds / 86_400),
    }
}

/// The time of day on the user's clock, with seconds; in UTC, which it says, if their time zone is not known.
pub(crate) fn time_of_day(state: &State, ms: i64) -> String {
    let time = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    match &state.terminal.capabilities.zone {
        Some(zone) => time.to_zoned(zone.clone()).strftime("%H:%M:%S").to_string(),
        None => time.strftime("%H:%M:%S UTC").to_string(),
    }
}

/// A time in the user's time zone; if it is not known, in UTC.
fn local(state: &State, ms: i64) -> jiff::Zoned {
    let zone = state.terminal.capabilities.zone.clone().unwrap_or(jiff::tz::TimeZone::UTC);
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().to_zoned(zone)
}

/// The date in UTC with its year: `21 Nov 2026`.
pub(crate) fn day(ms: i64) -> String {
    jiff::Timestamp::from_millisecond(ms).unwrap_or_default().strftime("%-d %b %Y").to_string()
}

/// The date: `21 Nov`, in other years `21 Nov 2025`.
pub(crate) fn date(state: &State, ms: i64) -> String {
    let (then, now) = (local(state, ms), local(state, state.server_now()));
    then.strftime(if then.year() == now.year() { "%-d %b" } else { "%-d %b %Y" }).to_string()
}

/// The date with its year: `21 Nov 2026`.
pub(crate) fn long_date(state: &State, ms: i64) -> String {
    local(state, ms).strftime("%-d %b %Y").to_string()
}

/// The day: `Friday 27 November`, in other years `Friday 27 November 2025`.
pub(crate) fn day_of_week(state: &State, ms: i64) -> String {
    let (then, now) = (local(state, ms), local(state, state.server_now()));
    let format = if then.year() == now.year() { "%A %-d %B" } else { "%A %-d %B %Y" };
    then.strftime(format).to_string()
}

/// The time of day: `14:02`.
pub(crate) fn clock(state: &State, ms: i64) -> String {
    local(state, ms).strftime("%H:%M").to_string()
}

/// Date and time: `28 Nov 2026, 23:53`; if the user's time zone is not known `28 Nov 2026, 23:53 UTC`.
pub(crate) fn date_and_time(state: &State, ms: i64) -> String {
    let utc = if state.terminal.capabilities.zone.is_none() { " UTC" } else { "" };
    format!("{}{utc}", local(state, ms).strftime("%-d %b %Y, %H:%M"))
}
