//! Rows as sentences for screen readers: without signs and columns.

use model::SafeText;
use protocol::v1;

use crate::route::{ProfileTab, Route};
use crate::row::Row;
use crate::rows::Group;
use crate::state::State;
use crate::view::layout::row_text;
use crate::view::tweet::relation as relation_words;
use crate::wording;

/// Width at which rows are laid out: wide enough not to shorten any text.
const WIDTH: usize = 10_000;

/// The sentences for a row.
pub(super) fn words(state: &State, row: &Row) -> String {
    match row {
        Row::Tweet(id, depth) => {
            let level = match depth {
                0 => String::new(),
                depth => format!("Reply, level {depth}. "),
            };
            format!("{level}{}", tweet(state, *id))
        }
        Row::Message(id) => {
            let Some(message) = state.entities.messages.get(id) else { return String::new() };
            let mine = state.is_me(message.author_id);
            let who =
                if mine { "You".to_owned() } else { state.entities.username(message.author_id).to_owned() };
            format!("{who}, {}: {}", ago(state.now, message.created_ms), SafeText::line(&message.text))
        }
        Row::ReadLine => "Read up to here.".to_owned(),
        Row::Person(id) => person(state, *id),
        Row::Hashtag(name) => {
            let trend = state.entities.trends.iter().find(|trend| trend.name == name.as_str());
            let people =
                trend.map(|trend| format!(", {} today", wording::count(trend.people, "person", "people")));
            format!("#{}{}.", SafeText::line(name), people.unwrap_or_default())
        }
        Row::Conversation(id) => {
            let Some(chat) = state.entities.conversations.get(id) else { return person(state, *id) };
            let unread = if chat.unread > 0 { format!(", {} unread", chat.unread) } else { String::new() };
            let last = chat.last.as_ref().map_or("", |last| last.text.as_str());
            format!("{}{unread}. {}", state.entities.username(*id), SafeText::line(last))
        }
        Row::ProfileHead => match state.route() {
            Route::Profile(username, tab) => profile(state, username, *tab),
            _ => String::new(),
        },
        Row::Notification(id) => notification(state, *id),
        row => {
            let text = row_text(state, row, WIDTH);
            let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
            lines.join(". ")
        }
    }
}

/// Phrases in messages that name a key, and the phrases for this interface, in which commands have names.
const KEY_PHRASES: [(&str, &str); 9] = [
    (" · u to undo", ". Type “undo” to undo"),
    ("The same key opens it again; gd lists", "The same command opens it again; “drafts” lists"),
    (" · Alt-a to open", ". Type “next-unread” to open"),
    ("; Alt-t splits it", "; “:split” splits it"),
    (": Ctrl-s sends it", ": “:send” sends it"),
    ("in the outbox (gd)", "in the outbox (“drafts”)"),
    ("Press Esc to close", "Type an empty line to close"),
    ("Press q twice to quit", "Type “quit” to quit"),
    (
        "gl: public tweets · gu: people · c: write a tweet · ?: help",
        "“local”: public tweets, “people”: people, “post”: write a tweet, “help”: all commands",
    ),
];

/// A message with the names of commands instead of keys.
pub(super) fn without_keys(text: &str) -> String {
    KEY_PHRASES.iter().fold(text.to_owned(), |text, (key, command)| text.replace(key, command))
}

fn person(state: &State, id: u64) -> String {
    let name = state.entities.account(id).map_or("", |account| account.display_name.as_str());
    let presence = match state.entities.presence(id) {
        v1::PresenceState::Online => "online",
        v1::PresenceState::Away => "away",
        _ => "offline",
    };
    let relation = relation_words(state, id).replace(" · ", ", ");
    let parts =
        [state.entities.username(id), SafeText::line(name).as_str(), presence, &relation].map(str::to_owned);
    format!("{}.", parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", "))
}

fn tweet(state: &State, id: u64) -> String {
    let Some(tweet) = state.entities.tweet(id) else {
        return "A tweet that is no longer available.".to_owned();
    };
    let by = |id: u64| state.entities.username(id).to_owned();
    if tweet.retweet_of != 0 {
        return format!("{} retweeted. {}", by(tweet.author_id), self::tweet(state, tweet.retweet_of));
    }
    let mut said = format!(
        "{}, {}. {}",
        by(tweet.author_id),
        ago(state.now, tweet.created_ms),
        SafeText::line(&tweet.text)
    );
    if !said.ends_with(['.', '!', '?']) {
        said.push('.');
    }
    if let Some(quoted) = state.entities.tweet(tweet.quote_of) {
        said.push_str(&format!(" Quotes {}: {}.", by(quoted.author_id), SafeText::line(&quoted.text)));
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
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| wording::count(*count, one, many))
        .collect();
    if !counts.is_empty() {
        said.push_str(&format!(" {}.", counts.join(", ")));
    }
    for (is, what) in
        [(tweet.liked, "liked"), (tweet.retweeted, "retweeted"), (tweet.bookmarked, "bookmarked")]
    {
        if is {
            said.push_str(&format!(" You {what} it."));
        }
    }
    said
}

/// How long ago, in full words.
pub(super) fn ago(now: i64, then: i64) -> String {
    let minutes = u32::try_from((now - then).max(0) / 60_000).unwrap_or(u32::MAX);
    match minutes {
        0 => "just now".into(),
        1..60 => format!("{} ago", wording::count(minutes, "minute", "minutes")),
        60..1_440 => format!("{} ago", wording::count(minutes / 60, "hour", "hours")),
        1_440..10_080 => format!("{} ago", wording::count(minutes / 1_440, "day", "days")),
        _ => format!("on {}", wording::absolute_time(then).split(' ').next().unwrap_or_default()),
    }
}

fn notification(state: &State, oldest: u64) -> String {
    let Some(one) = state.entities.notifications.get(&oldest) else { return String::new() };
    let group = Group::of(state, oldest);
    let names: Vec<&str> = group.people.iter().map(|id| state.entities.username(*id)).collect();
    let new = if group.is_unread { "New. " } else { "" };
    let what = wording::notification_words(one.kind());
    let mut said = format!("{new}{} {what}, {}.", names.join(", "), ago(state.now, group.newest_ms));
    if one.tweet_id != 0 {
        let text = state.entities.tweet(one.tweet_id).map(|tweet| SafeText::line(&tweet.text));
        said.push(' ');
        said.push_str(text.as_ref().map_or("The tweet is no longer available.", SafeText::as_str));
    }
    said
}

fn profile(state: &State, username: &str, tab: ProfileTab) -> String {
    let Some(profile) = state.entities.profiles.get(username) else {
        let problem = state.screen().and_then(|screen| screen.problem.clone());
        return format!("{username}: {}.", problem.as_deref().unwrap_or("not loaded yet"));
    };
    let id = profile.account.as_ref().map_or(0, |account| account.id);
    let mut said = person(state, id);
    if profile.suspended {
        said.push_str(" Suspended.");
    }
    if !profile.bio.is_empty() {
        said.push_str(&format!(" {}", SafeText::line(&profile.bio)));
    }
    let shown = tab.title();
    said.push_str(&format!(
        " {}, {}, {} following. {shown}:",
        wording::count(profile.tweets, "tweet", "tweets"),
        wording::count(profile.followers, "follower", "followers"),
        profile.following
    ));
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Otherwise a changed message would still name keys.
    #[test]
    fn every_key_phrase_is_part_of_a_message() {
        let directory = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/update");
        let sources: String = std::fs::read_dir(directory)
            .unwrap()
            .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap())
            .collect();
        for (phrase, _) in KEY_PHRASES {
            assert!(sources.contains(phrase), "{phrase:?}");
        }
    }

    #[test]
    fn messages_name_commands_instead_of_keys() {
        assert_eq!(without_keys("Sending in 5 s · u to undo"), "Sending in 5 s. Type “undo” to undo");
        assert_eq!(without_keys("Liked"), "Liked");
    }
}
