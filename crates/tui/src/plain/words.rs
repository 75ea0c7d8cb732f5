//! Rows and messages as sentences for screen readers: without signs, columns and keys.

use model::SafeText;
use protocol::v1;

use crate::commands::{COMMANDS, by_id};
use crate::composer::{Outgoing, Sending};
use crate::doctor;
use crate::route::Route;
use crate::row::Row;
use crate::rows::Group;
use crate::settings::SettingOption;
use crate::state::{Link, State};
use crate::thread::{other_replies, replies_below};
use crate::user_action::UserAction;
use crate::view::people::{changes, relation_words};
use crate::view::setting::words_of;
use crate::view::tweet::held_ms;
use crate::wording::{self, count, date_and_time, day_of_week, long_date, waiting_for};

/// The sentences for a row.
pub(super) fn words(state: &State, row: &Row) -> String {
    match row {
        Row::Tweet(id, depth) => {
            let level = match depth {
                0 => String::new(),
                depth => format!("Reply, level {depth}. "),
            };
            let folded = state.screen().filter(|screen| screen.folded.contains(id)).map(|screen| {
                let hidden = u32::try_from(replies_below(state, screen, *id)).unwrap_or(u32::MAX);
                format!(" {} folded.", count(hidden, "reply", "replies"))
            });
            format!("{level}{}{}", tweet(state, *id), folded.unwrap_or_default())
        }
        Row::Message(id) => message(state, *id),
        Row::ReadLine if matches!(state.route(), Route::Conversation(_)) => "New messages.".to_owned(),
        Row::ReadLine => "Read up to here.".to_owned(),
        Row::Day(ms) => format!("{}.", day_of_week(state, *ms)),
        Row::Person(id) => person(state, *id),
        Row::Hashtag(name) => hashtag(state, name),
        Row::Conversation(id) => conversation(state, *id),
        Row::ProfileHead => match state.route() {
            Route::Profile(username, _) => profile(state, username),
            _ => String::new(),
        },
        Row::Sections => {
            let titles = state.route().sections().into_iter().map(|(_, title)| title.to_lowercase());
            let titles = titles.collect::<Vec<_>>().join(", ");
            format!("Sections: {titles}. Type “section” and a name.")
        }
        Row::OtherReplies(id) => {
            let others = count(other_replies(state, *id), "other reply", "other replies");
            format!("{others} to this tweet. Type “open” to read the thread.")
        }
        Row::EarlierTweets(_) => "Earlier tweets of this thread. Type “open” to read them.".to_owned(),
        Row::OwnPresence => {
            let is_hidden = state.session.me.as_ref().is_some_and(|me| me.is_hidden);
            let what = if is_hidden { "hidden" } else { "shown as online" };
            format!("You are {what}. Type “hide-presence” to change it.")
        }
        Row::Notification(id) => notification(state, *id),
        Row::Gap(_) => "Some items are not loaded here. Type “open” to load them.".to_owned(),
        Row::Draft(name) => draft(state, name),
        Row::Outgoing(name) => outgoing(state, name),
        Row::Setting(name) => {
            let Some(option) = SettingOption::by_name(name) else { return String::new() };
            format!("{}: {}. {}.", option.label, words_of(state, option), option.doc)
        }
        Row::Session(id) => session(state, *id),
        Row::Key(id) => key(state, *id),
        Row::Command(id) => {
            let title = by_id(id).map_or("", |command| command.title);
            format!("{id}: {title}.")
        }
        Row::Heading(text, _) => sentence(&spoken(text)),
        Row::Sentence(text) => spoken(text),
        Row::Words(_, text) => safe(text),
        Row::Announcement(id) => announcement(state, *id),
        Row::Rule(number, text) => format!("Rule {number}: {}", sentence(text)),
        Row::Offer(text, _) => format!("{}: “open”.", safe(text)),
        Row::Finding(subject) => finding(state, subject),
        Row::Logged(number) => state.log.line(*number).map_or_else(String::new, |line| {
            let incident = match line.incident.as_str() {
                "" => String::new(),
                incident => format!(" Incident {}.", safe(incident)),
            };
            format!("{}: {}{incident}", wording::time_of_day(state, line.at), sentence(&spoken(&line.text)))
        }),
        Row::More => "More.".to_owned(),
        Row::Failed => {
            let problem = state.screen().and_then(|screen| screen.problem.clone()).unwrap_or_default();
            format!("Could not load: {}. Type “open” to try again.", spoken(&problem))
        }
    }
}

fn announcement(state: &State, id: u64) -> String {
    let Some(one) = state.announcement(id) else { return String::new() };
    let new = if one.dismissed { "Announcement" } else { "New announcement" };
    // An older server does not say when it was.
    let ago = match one.created_ms {
        0 => String::new(),
        then => format!(", {}", ago(state.server_now(), then)),
    };
    format!("{new}{ago}: {}", sentence(&one.text))
}

/// Characters of a text that say which one it is.
const BEGINNING: usize = 60;

/// The author and the first words of a tweet or a message; other rows whole.
pub(super) fn beginning_of(state: &State, row: &Row) -> String {
    let (author, text) = match row {
        Row::Tweet(id, _) => match state.entities.tweet(state.entities.original(*id)) {
            Some(tweet) => (tweet.author_id, &tweet.text),
            None => return words(state, row),
        },
        Row::Message(id) => match state.entities.messages.get(id) {
            Some(message) => (message.author_id, &message.text),
            None => return words(state, row),
        },
        row => return words(state, row),
    };
    let text = safe(text);
    let text = match text.char_indices().nth(BEGINNING) {
        Some((end, _)) => format!("{} and so on.", text.get(..end).unwrap_or_default().trim_end()),
        None => sentence(&text),
    };
    format!("{}: {text}", if state.is_me(author) { "You" } else { state.entities.username(author) })
}

/// Said of what the user did and the server does not have yet.
const WAITING: &str = "waiting for the connection";
/// Said in place of the text of a deleted message.
const DELETED: &str = "Message deleted.";

fn message(state: &State, id: u64) -> String {
    let Some(message) = state.entities.messages.get(&id) else { return String::new() };
    let mine = state.is_me(message.author_id);
    let who = if mine { "You".to_owned() } else { state.entities.username(message.author_id).to_owned() };
    let ago = ago(state.server_now(), message.created_ms);
    if message.deleted {
        return format!("{who}, {ago}: {DELETED}");
    }
    let edited = if message.edited_ms == 0 { "" } else { ", edited" };
    let is_read = matches!(state.route(), Route::Conversation(_))
        && state.screen().is_some_and(|screen| id <= screen.receipts.read);
    let read = if mine && is_read { ", read" } else { "" };
    let edit = state.edit_of(id).map(|edit| format!(" {}", sentence(&sending(state, edit))));
    let held = held(state, &UserAction::DeleteMessage(id), "Deleted");
    format!("{who}, {ago}{edited}{read}: {}{}{held}", safe(&message.text), edit.unwrap_or_default())
}

fn hashtag(state: &State, name: &str) -> String {
    let uses = match (state.entities.trend(name), state.entities.hashtags.get(name)) {
        (Some(trend), _) => format!(", {} today", count(trend.people, "person", "people")),
        (None, Some(tweets)) => format!(", {}", count(*tweets, "tweet", "tweets")),
        (None, None) => String::new(),
    };
    format!("#{}{uses}.", safe(name))
}

fn conversation(state: &State, id: u64) -> String {
    let Some(chat) = state.entities.conversations.get(&id) else { return person(state, id) };
    let unread = match state.entities.unread_from(id) {
        0 => String::new(),
        unread => format!(", {unread} unread"),
    };
    let last = match &chat.last {
        Some(last) if last.deleted => DELETED.to_owned(),
        Some(last) => safe(&last.text),
        None => String::new(),
    };
    format!("{}{unread}. {last}", state.entities.username(id))
}

/// Text by others, on one line.
pub(super) fn safe(text: &str) -> String {
    SafeText::line(text).as_str().to_owned()
}

/// Text by others, with a full stop at its end unless it has one.
fn sentence(text: &str) -> String {
    let text = safe(text);
    if text.ends_with(['.', '!', '?', '。', '！', '？', '…']) { text } else { format!("{text}.") }
}

/// Signs that a screen reader would read out, or not read at all.
const SIGNS: &[char] = &['●', '◌', '○', '◐', '▲', '▸', '✓', '✕', '⋯', '…', '▁', '▂', '▅', '█', '·'];

/// A message of ours without signs, with the names of commands instead of keys.
pub(super) fn spoken(text: &str) -> String {
    let text = safe(text).replace(wording::UNDO_HINT, ". Type “undo” to undo");
    let text = text.replace(" · ", ", ").replace(SIGNS, "");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A message whose commands can be typed while a text is written, where they need a colon.
pub(super) fn offered(text: &str, with_colon: bool) -> String {
    if !with_colon {
        return text.to_owned();
    }
    let named = COMMANDS.iter().map(|command| command.id);
    named.fold(text.to_owned(), |text, id| text.replace(&format!("“{id}”"), &format!("“:{id}”")))
}

fn finding(state: &State, subject: &str) -> String {
    let found = doctor::findings(state).into_iter().find(|one| one.subject == subject);
    found.map_or_else(String::new, |one| {
        let advice = if one.advice.is_empty() { String::new() } else { format!(" {}.", one.advice) };
        format!("{subject}: {}.{advice}", one.found)
    })
}

fn draft(state: &State, name: &str) -> String {
    let Some(draft) = state.texts.drafts.get(name) else { return "A draft that is no longer here.".into() };
    let saved = match draft.saved_ms {
        then if state.now - then < 60_000 || then == 0 => String::new(),
        then => format!(", {}", ago(state.now, then)),
    };
    format!("Draft, {}{saved}: {}", draft.writing.title().to_lowercase(), safe(&draft.text))
}

fn outgoing(state: &State, name: &str) -> String {
    let Some(outgoing) = state.texts.outbox.iter().find(|outgoing| outgoing.name() == name) else {
        return "A text that was sent.".into();
    };
    let status = sending(state, outgoing);
    format!("{}. {status}: {}", outgoing.draft.writing.title(), safe(outgoing.text()))
}

/// How far a text of the outbox has come.
fn sending(state: &State, outgoing: &Outgoing) -> String {
    match &outgoing.sending {
        Sending::Held(until) => {
            let seconds = u32::try_from(((until - state.now).max(0) + 999) / 1_000).unwrap_or(u32::MAX);
            format!("Sending in {}", count(seconds, "second", "seconds"))
        }
        Sending::Sent if state.connection.link == Link::Live => "Sending".to_owned(),
        Sending::Waiting if state.connection.link == Link::Live => {
            "Waiting for what is sent before it".to_owned()
        }
        Sending::Sent | Sending::Waiting => waiting_for(state).to_owned(),
        Sending::Retrying(at, why) | Sending::Limited(at, why) => {
            format!("Not sent yet: {}. Next try in {}", spoken(why), time_left(at - state.now))
        }
        Sending::Refused(why) => format!("Not sent: {}", spoken(why)),
    }
}

/// How long until something happens, in full words.
fn time_left(ms: i64) -> String {
    let seconds = u32::try_from((ms.max(0) + 999) / 1_000).unwrap_or(u32::MAX);
    match seconds {
        ..120 => count(seconds, "second", "seconds"),
        120..7_200 => count(seconds.div_ceil(60), "minute", "minutes"),
        _ => count(seconds.div_ceil(3_600), "hour", "hours"),
    }
}

fn session(state: &State, id: u64) -> String {
    let Some(session) = state.entities.sessions.iter().find(|session| session.id == id) else {
        return "A session that has ended.".into();
    };
    let what = if session.current { "this session" } else { "“open” signs it out" };
    format!(
        "{}, {what}. Signed in {}, last used {}.{}",
        safe(&session.client_name),
        date_and_time(state, session.created_ms),
        date_and_time(state, session.last_used_ms),
        held(state, &UserAction::RevokeSession(id), "Signed out")
    )
}

fn key(state: &State, id: u64) -> String {
    let Some(key) = state.entities.keys.iter().find(|key| key.id == id) else {
        return "A key that was removed.".into();
    };
    let used = match key.last_used_ms {
        0 => "never used".to_owned(),
        then => format!("last used {}", date_and_time(state, then)),
    };
    let held = held(state, &UserAction::RevokeKey(id), "Removed");
    format!("{}, “open” removes it. {}, {used}.{held}", safe(&key.name), safe(&key.fingerprint))
}

fn person(state: &State, id: u64) -> String {
    let name = state.entities.account(id).map_or("", |account| account.display_name.as_str());
    let presence = match state.entities.presence(id) {
        // Not known.
        _ if state.connection.link != Link::Live => "",
        v1::PresenceState::Online => "online",
        v1::PresenceState::Away => "away",
        _ => "offline",
    };
    let mut relation = relation_words(state, id).join(", ");
    if let Some(done) = changes(state, id) {
        let said = if relation.is_empty() { done } else { &relation };
        relation = format!("{said}, {WAITING}");
    }
    let parts = [state.entities.username(id), &safe(name), presence, &relation].map(str::to_owned);
    let parts = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let removal = UserAction::RemoveFollower(state.entities.username(id).to_owned());
    format!("{parts}.{}", held(state, &removal, "Removed from your followers"))
}

fn tweet(state: &State, id: u64) -> String {
    let Some(tweet) = state.entities.tweet(id) else {
        let is_deleted = state.entities.is_deleted(id);
        let what =
            if is_deleted { "A deleted tweet." } else { "A tweet that was deleted or is hidden from you." };
        return what.to_owned();
    };
    let by = |id: u64| state.entities.username(id).to_owned();
    if tweet.retweet_of != 0 {
        return format!("{} retweeted. {}", by(tweet.author_id), self::tweet(state, tweet.retweet_of));
    }
    let relationship = state.entities.relationship(tweet.author_id);
    if relationship.blocking {
        return format!("A tweet by @{0}, whom you blocked. “unblock {0}” ends that.", by(tweet.author_id));
    }
    let answers = match (tweet.reply_to, state.entities.tweet(tweet.reply_to)) {
        (0, _) => String::new(),
        (_, Some(parent)) => format!(", in reply to @{}", by(parent.author_id)),
        (id, None) if state.entities.is_missing(id) => {
            ", in reply to a tweet that is no longer available".to_owned()
        }
        (_, None) => ", in reply to another tweet".to_owned(),
    };
    let edited = if tweet.edited_ms == 0 { "" } else { ", edited" };
    let name = state.entities.account(tweet.author_id).map_or("", |author| author.display_name.as_str());
    let name = if name.trim().is_empty() { String::new() } else { format!(", {}", safe(name)) };
    let mut said = format!(
        "{}{name}, {}{answers}{edited}. {}",
        by(tweet.author_id),
        ago(state.server_now(), tweet.created_ms),
        sentence(&tweet.text)
    );
    let quoted = state.entities.tweet(tweet.quote_of);
    if let Some(quoted) = quoted.filter(|quoted| state.entities.relationship(quoted.author_id).blocking) {
        said.push_str(&format!(" Quotes a tweet by @{}, whom you blocked.", by(quoted.author_id)));
    } else if state.entities.hides_quoted(tweet) {
        said.push_str(" Quotes a tweet by someone whom you muted.");
    } else if let Some(quoted) = quoted {
        said.push_str(&format!(" Quotes {}: {}", by(quoted.author_id), sentence(&quoted.text)));
    } else if tweet.quote_of != 0 {
        said.push_str(" Quotes a tweet that is no longer available.");
    }
    if tweet.visibility() != v1::Visibility::Public {
        said.push_str(&format!(" Visibility: {}.", wording::visibility_word(tweet.visibility())));
    }
    let counts = [
        (tweet.likes, "like", "likes"),
        (tweet.retweets, "retweet", "retweets"),
        (tweet.quotes, "quote", "quotes"),
        (tweet.replies, "reply", "replies"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, one, many)| count(*number, one, many))
        .collect();
    if !counts.is_empty() {
        said.push_str(&format!(" {}.", counts.join(", ")));
    }
    let id = tweet.id;
    let done = [
        (tweet.liked, "liked", UserAction::Like(id, tweet.liked)),
        (tweet.retweeted, "retweeted", UserAction::Retweet(id, tweet.retweeted)),
        (tweet.bookmarked, "bookmarked", UserAction::Bookmark(id, tweet.bookmarked)),
    ];
    for (is_done, what, action) in done {
        let waits = if state.waits(&action) { format!(", {WAITING}") } else { String::new() };
        match (is_done, waits.is_empty()) {
            (true, _) => said.push_str(&format!(" You {what} it{waits}.")),
            (false, true) => {}
            (false, false) => said.push_str(&format!(" You no longer have it {what}{waits}.")),
        }
    }
    said.push_str(&held(state, &UserAction::Delete(id), "Deleted"));
    said
}

/// A sentence about what is about to happen to a row and how it is kept; empty if nothing is.
fn held(state: &State, action: &UserAction, what: &str) -> String {
    let Some(left) = held_ms(state, action) else { return String::new() };
    let seconds = u32::try_from((left.max(0) + 999) / 1_000).unwrap_or(u32::MAX);
    format!(" {what} in {}; “undo” keeps it.", count(seconds, "second", "seconds"))
}

/// How long ago, in full words.
pub(super) fn ago(now: i64, then: i64) -> String {
    let minutes = u32::try_from((now - then).max(0) / 60_000).unwrap_or(u32::MAX);
    match minutes {
        0 => "just now".into(),
        1..60 => format!("{} ago", count(minutes, "minute", "minutes")),
        60..1_440 => format!("{} ago", count(minutes / 60, "hour", "hours")),
        1_440..10_080 => format!("{} ago", count(minutes / 1_440, "day", "days")),
        _ => format!("on {}", wording::day(then)),
    }
}

fn notification(state: &State, oldest: u64) -> String {
    let Some(one) = state.entities.notifications.get(&oldest) else { return String::new() };
    let group = Group::of(state, oldest);
    let names: Vec<&str> = group.people.iter().map(|id| state.entities.username(*id)).collect();
    let new = if group.is_unread { "New. " } else { "" };
    let what = wording::notification_words(one.kind());
    let mut said = format!("{new}{} {what}, {}.", names.join(", "), ago(state.server_now(), group.newest_ms));
    if one.tweet_id != 0 {
        let text = state.entities.tweet(one.tweet_id).map(|tweet| safe(&tweet.text));
        said.push(' ');
        said.push_str(text.as_deref().unwrap_or("The tweet is no longer available."));
    }
    said
}

/// A notification as it arrives.
pub(super) fn notification_line(state: &State, one: &v1::Notification) -> String {
    let who = state.entities.username(one.account_id);
    let what = wording::notification_words(one.kind());
    match state.entities.tweet(one.tweet_id) {
        Some(tweet) => format!("{who} {what}: {}", sentence(&tweet.text)),
        None => format!("{who} {what}."),
    }
}

fn profile(state: &State, username: &str) -> String {
    let Some(profile) = state.entities.profiles.get(username) else {
        let problem = state.screen().and_then(|screen| screen.problem.clone());
        return format!("{username}: {}.", problem.as_deref().unwrap_or("the profile could not be loaded"));
    };
    let id = profile.account.as_ref().map_or(0, |account| account.id);
    let mut said = person(state, id);
    if profile.role() == v1::Role::Admin {
        said.push_str(" Admin.");
    }
    if profile.suspended {
        said.push_str(" Suspended.");
    }
    if !profile.bio.is_empty() {
        said.push_str(&format!(" {}", sentence(&profile.bio)));
    }
    said.push_str(&format!(
        " {}, {}, {} following. Joined {}.",
        count(profile.tweets, "tweet", "tweets"),
        count(profile.followers, "follower", "followers"),
        profile.following,
        long_date(state, profile.created_ms)
    ));
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a changed message would still name keys.
    #[test]
    fn messages_name_commands_instead_of_keys_and_have_no_signs() {
        assert_eq!(spoken("Sending in 5 s · u to undo"), "Sending in 5 s. Type “undo” to undo");
        assert_eq!(spoken("Home, ● live"), "Home, live");
        assert_eq!(spoken("Liked"), "Liked");
        assert_eq!(offered("Type “undo” to undo", true), "Type “:undo” to undo");
        assert_eq!(offered("Type “undo” to undo", false), "Type “undo” to undo");
    }
}
