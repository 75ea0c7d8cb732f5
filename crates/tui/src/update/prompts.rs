//! Prompts: opening them, typing in them, and what their texts mean.

use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;

use super::clipboard::to_clipboard;
use super::effects::{Effects, ask};
use super::{navigation, preferences, quit};
use crate::choices::choices;
use crate::form::Form;
use crate::message::{Effect, Purpose};
use crate::prompt::{Prompt, PromptKind};
use crate::route::{Route, SearchKind};
use crate::state::{Link, State};
use crate::wording::{absolute_time, visibility_word};

/// Opens a prompt. It offers the commands that were available before it was open.
pub(super) fn open(state: &mut State, kind: PromptKind) -> Effects {
    let contexts = state.contexts();
    state.prompt = Some(Prompt::new(kind, contexts));
    Effects::new()
}

/// Opens the first prompt of a client without a session.
pub(super) fn open_first(state: &mut State) {
    if state.connection.server.is_empty() {
        open(state, PromptKind::Welcome);
    } else if state.connection.link == Link::Live {
        open(state, PromptKind::SignIn);
    }
}

/// Searches for tweets; with a leading `@` or `#`, for people or hashtags.
pub(super) fn search(state: &mut State, query: &str) -> Effects {
    if query.is_empty() {
        return open(state, PromptKind::Search);
    }
    let (kind, query) = match query.split_at_checked(1) {
        Some(("@", name)) => (SearchKind::People, name),
        Some(("#", name)) => (SearchKind::Hashtags, name),
        _ => (SearchKind::Tweets, query),
    };
    navigation::go(state, Route::Search(kind, query.to_owned()))
}

/// Goes to the feed of a hashtag.
pub(super) fn go_to_hashtag(state: &mut State, name: &str) -> Effects {
    if name.is_empty() {
        return open(state, PromptKind::Tag);
    }
    navigation::go(state, Route::Hashtag(name.trim_start_matches('#').to_owned()))
}

/// Goes to the profile of an account.
pub(super) fn go_to_username(state: &mut State, username: &str) -> Effects {
    if username.is_empty() {
        return open(state, PromptKind::User);
    }
    navigation::go_to_profile(state, username.trim_start_matches('@').to_lowercase())
}

/// Shows only the rows with these words.
pub(super) fn filter(state: &mut State, words: &str) -> Effects {
    state.set_filter(words.to_owned());
    if words.is_empty() { open(state, PromptKind::Filter) } else { Effects::new() }
}

/// Binds a command to a key: `like x`, or `like default` for the keys of the preset.
pub(super) fn change_shortcut(state: &mut State, words: &str) -> Effects {
    match words.split_once(char::is_whitespace) {
        Some((id, "default")) => preferences::bind(state, id, ""),
        Some((id, keys)) => preferences::bind(state, id, keys.trim()),
        None if words.is_empty() => open(state, PromptKind::Bind),
        None => {
            state.say("Type the command and a key, for example: like x");
            Effects::new()
        }
    }
}

/// Shows the settings file.
pub(super) fn settings_file(state: &mut State) -> Effects {
    let text = state.preferences.settings.to_toml();
    let lines = text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect();
    open(state, PromptKind::File(lines))
}

/// Opens the form for name and bio.
pub(super) fn edit_profile(state: &mut State) -> Effects {
    let mine =
        state.session.me.as_ref().and_then(|me| state.entities.profiles.get(&me.account.username).cloned());
    state.form = Some(Form::edit_profile(&mine.unwrap_or_default()));
    Effects::new()
}

/// Opens the form for a new password.
pub(super) fn change_password(state: &mut State) -> Effects {
    state.form = Some(Form::password());
    Effects::new()
}

/// Shows the details of a tweet, and requests its versions.
pub(super) fn ask_details(state: &mut State, id: u64) -> Effects {
    show_details(state, id, &[]);
    vec![ask(Purpose::History(id), Op::GetTweetHistory(v1::GetTweetHistory { tweet_id: id }))]
}

/// The line of the prompt was edited.
pub(super) fn changed(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let text = prompt.editor.text().to_owned();
    match prompt.kind {
        // The list shows the matches while the filter is typed.
        PromptKind::Filter => {
            state.set_filter(text);
            Effects::new()
        }
        PromptKind::User | PromptKind::Jump if text.chars().count() > 1 => {
            let query = text.trim_start_matches('@').to_owned();
            vec![ask(Purpose::Complete('@'), Op::SearchPeople(v1::SearchPeople { query, limit: 10 }))]
        }
        _ => Effects::new(),
    }
}

/// Marks another choice.
pub(super) fn step_choice(state: &mut State, by: isize) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let count = choices(state, prompt).len().max(1);
    if let Some(prompt) = &mut state.prompt {
        prompt.choice = prompt.choice.min(count - 1).wrapping_add_signed(by).wrapping_add(count) % count;
    }
    Effects::new()
}

/// Closes the prompt; on the first screen, asks to quit.
pub(super) fn cancel(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    match prompt.kind {
        PromptKind::Welcome | PromptKind::SignIn => quit::ask(state, "Esc"),
        PromptKind::Filter => {
            state.prompt = None;
            state.set_filter(String::new());
            Effects::new()
        }
        _ => {
            state.prompt = None;
            Effects::new()
        }
    }
}

/// Opens a link in the browser; over ssh, copies it.
pub(super) fn open_link(state: &mut State, url: String) -> Effects {
    let host = url.split('/').nth(2).unwrap_or_default();
    if state.terminal.capabilities.is_local {
        state.say(format!("Opening {}", SafeText::line(host)));
        return vec![Effect::OpenLink(url)];
    }
    state.say(format!("Copied the link to {}", SafeText::line(host)));
    vec![to_clipboard(&url)]
}

/// Shows the details of a tweet, with its versions as far as they are known.
pub(super) fn show_details(state: &mut State, id: u64, versions: &[v1::TweetVersion]) {
    let Some(tweet) = state.entities.tweet(id) else { return };
    let time = absolute_time;
    let mut lines = vec![
        format!("Id {id}"),
        format!("By @{}", state.entities.username(tweet.author_id)),
        format!("Written {} UTC", time(tweet.created_ms)),
        format!("Visibility: {}", visibility_word(tweet.visibility())),
        format!(
            "{} replies, {} retweets, {} quotes, {} likes",
            tweet.replies, tweet.retweets, tweet.quotes, tweet.likes
        ),
    ];
    if tweet.edited_ms != 0 {
        lines.push(format!("Edited {} UTC", time(tweet.edited_ms)));
    }
    for version in versions.iter().rev().skip(1) {
        lines.push(format!("{}: {}", time(version.written_ms), SafeText::line(&version.text)));
    }
    open(state, PromptKind::Details(lines));
}
