//! Prompts: opening them, typing in them, and what their texts mean.

use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;

use super::clipboard::{self, to_clipboard};
use super::effects::{Effects, ask};
use super::{completion, navigation, people, preferences, quit, user_actions};
use crate::choice::Chosen;
use crate::choices::choices;
use crate::commands::{Action, Context};
use crate::form::Form;
use crate::keymap::Meaning;
use crate::message::{Effect, Purpose};
use crate::palette;
use crate::prompt::{Prompt, PromptKind};
use crate::question::Question;
use crate::route::{Route, SearchKind};
use crate::settings::{PRESENCE, capitalized};
use crate::state::{Link, State};
use crate::user_action::UserAction;
use crate::view::prompt::Scroll;
use crate::wording::{count, date_and_time, visibility_word};
use terminal::key::{Code, Key, Keys};

/// Opens a prompt. It offers the commands that were available before it was open.
pub(super) fn open(state: &mut State, kind: PromptKind) -> Effects {
    let contexts = state.contexts();
    let mut prompt = Prompt::new(kind, contexts);
    if prompt.kind == PromptKind::SignIn && is_newcomer(state) {
        let all = choices(state, &prompt);
        prompt.choice = all.iter().position(|choice| choice.chosen == Chosen::SignUp).unwrap_or(0);
    }
    state.prompt = Some(prompt);
    Effects::new()
}

/// Whether the user has most likely no account on the server: it is open to everyone, and none was used here. Over ssh
/// it is not known which were used.
fn is_newcomer(state: &State) -> bool {
    let (session, connection) = (&state.session, &state.connection);
    state.terminal.capabilities.is_local
        && session.username.is_none()
        && connection.hello.sign_up() == v1::SignUpMode::Open
        && !session.known_servers.contains(&connection.server)
}

/// Opens help. What was open before is open again when it is closed.
pub(super) fn help(state: &mut State) -> Effects {
    let below = state.prompt.take().filter(|prompt| prompt.kind != PromptKind::Help);
    let contexts = match &below {
        Some(_) => vec![Context::Prompt, Context::Everywhere],
        None => state.contexts(),
    };
    state.prompt = Some(Prompt { below: below.map(Box::new), ..Prompt::new(PromptKind::Help, contexts) });
    Effects::new()
}

/// Closes the prompt; what was open before it is open again.
pub(super) fn close(state: &mut State) {
    state.prompt = state.prompt.take().and_then(|prompt| prompt.below).map(|below| *below);
}

/// A question was closed without an answer. Without a session there has to be something to choose.
pub(super) fn closed(state: &mut State) -> Effects {
    if state.is_signed_out() && state.prompt.is_none() && state.form.is_none() {
        open_first(state);
    }
    Effects::new()
}

/// Opens the first prompt of a client without a session. While it connects, there is nothing to choose.
pub(super) fn open_first(state: &mut State) {
    match state.connection.link {
        Link::Live | Link::Late => open(state, PromptKind::SignIn),
        Link::Connecting if !state.connection.server.is_empty() => Effects::new(),
        // The server of the last attempt may not exist.
        Link::Connecting | Link::Reconnecting(_) | Link::Stopped(_) => open(state, PromptKind::Welcome),
    };
}

/// The user has given up an attempt to connect. The server before is the one that is offered again; a client that was
/// connected to it goes back there.
pub(super) fn give_up_connecting(state: &mut State) -> Effects {
    let connection = &mut state.connection;
    let was_connected = !connection.hello.server_version.is_empty() && connection.server != connection.used;
    connection.server.clone_from(&connection.used);
    if was_connected {
        connection.link = Link::Connecting;
        return vec![Effect::Connect(connection.server.clone())];
    }
    connection.link = Link::Stopped("Not connected".to_owned());
    vec![Effect::StopConnecting]
}

/// Searches for tweets; with a leading `@` or `#`, for people or hashtags.
pub(super) fn search(state: &mut State, query: &str) -> Effects {
    if query.trim_matches(['@', '#', ' ']).is_empty() {
        return open(state, PromptKind::Search);
    }
    let (kind, query) = match query.split_at_checked(1) {
        Some(("@", name)) => (SearchKind::People, name),
        Some(("#", name)) => (SearchKind::Hashtags, name),
        _ => (SearchKind::Tweets, query),
    };
    let mut effects = navigation::go(state, Route::Search(kind, query.to_owned()));
    if kind == SearchKind::Tweets {
        // The list begins with the people whose names have these words.
        effects.push(completion::ask_for('@', query));
    }
    effects
}

/// Goes to the feed of a hashtag.
pub(super) fn go_to_hashtag(state: &mut State, name: &str) -> Effects {
    if name.trim_matches(['#', ' ']).is_empty() {
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
    if words.is_empty() { open(state, PromptKind::Filter) } else { people::find(state) }
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

/// Changes the theme in use to the one with this name; without a name, shows all.
pub(super) fn theme(state: &mut State, name: &str) -> Effects {
    let option = state.preferences.settings.theme_option(state.terminal.capabilities.is_dark);
    if name.is_empty() {
        return change_setting(state, option);
    }
    if state.preferences.settings.theme(name).is_none() {
        let all = state.preferences.settings.themes().join(", ");
        state.complain(format!("There is no theme “{}”; choose one of {all}", SafeText::line(name)));
        return Effects::new();
    }
    preferences::set(state, option, &format!("{name:?}"))
}

/// Changes an option: to the other one of two values; of more, the user chooses.
pub(super) fn change_setting(state: &mut State, name: &'static str) -> Effects {
    let settings = &state.preferences.settings;
    match settings.values(name).len() {
        _ if name == PRESENCE => user_actions::toggle_presence(state),
        0 => quiet(state, ""),
        1..=2 => preferences::step(state, name, 1),
        _ => {
            let now = settings.value(name);
            let index = settings.values(name).iter().position(|value| *value == now).unwrap_or(0);
            let effects = open(state, PromptKind::Setting(name, now));
            if let Some(prompt) = &mut state.prompt {
                prompt.choice = index;
            }
            effects
        }
    }
}

/// The new key of a command. If another command has it, both can swap.
pub(super) fn new_key(state: &mut State, id: &'static str, key: Key) -> Effects {
    state.prompt = None;
    if key.code == Code::Esc {
        return Effects::new();
    }
    let keys = Keys(vec![key]);
    match state.preferences.keymap.holder(&keys, id) {
        Some(other) => open(state, PromptKind::Swap(id, other, keys.to_string())),
        None => preferences::bind(state, id, &keys.to_string()),
    }
}

/// Sets the quiet hours; without words, opens the form for them.
pub(super) fn quiet(state: &mut State, words: &str) -> Effects {
    match words.parse() {
        _ if words.is_empty() => {
            state.form = Some(Form::quiet(&state.preferences.settings.quiet));
            Effects::new()
        }
        Ok(quiet) => preferences::set_quiet(state, &quiet),
        Err(problem) => {
            state.complain(capitalized(problem));
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

/// Asks before another session of the account is signed out.
pub(super) fn end_session(state: &mut State, id: u64) -> Effects {
    if state.entities.sessions.iter().any(|session| session.id == id && session.current) {
        state.say("This is your current session. :log-out ends it");
        return Effects::new();
    }
    open(state, PromptKind::Confirm(Question::Action(UserAction::RevokeSession(id))))
}

/// Asks before an ssh key is removed from the account; the server ends the sessions that were signed in with it.
pub(super) fn remove_key(state: &mut State, id: u64) -> Effects {
    open(state, PromptKind::Confirm(Question::Action(UserAction::RevokeKey(id))))
}

/// Shows the details of a tweet, and requests its versions.
pub(super) fn ask_details(state: &mut State, id: u64) -> Effects {
    show_details(state, id, &[]);
    vec![ask(Purpose::History(id), Op::GetTweetHistory(v1::GetTweetHistory { tweet_id: id, page: None }))]
}

/// The line of the prompt was edited.
pub(super) fn changed(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let text = prompt.editor.text().to_owned();
    match prompt.kind {
        // The list shows the matches while the filter is typed.
        PromptKind::Filter => {
            state.set_filter(text);
            people::find(state)
        }
        PromptKind::Tag if !text.trim_matches('#').is_empty() => vec![completion::ask_for('#', &text)],
        PromptKind::Jump if text.starts_with('#') && text.len() > 1 => vec![completion::ask_for('#', &text)],
        PromptKind::User | PromptKind::NewChat if text.chars().count() > 1 => {
            vec![completion::ask_for('@', &text)]
        }
        PromptKind::Search if !text.starts_with('#') && !text.trim_matches(['@', ' ']).is_empty() => {
            vec![completion::ask_for('@', &text)]
        }
        PromptKind::Jump if text.chars().count() > 1 => {
            vec![completion::ask_for('@', &text), completion::ask_for('#', &text)]
        }
        _ => Effects::new(),
    }
}

/// Marks the next choice or the one before, around the ends; from the first one, scrolls to the text above it.
pub(super) fn step_choice(state: &mut State, by: isize) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let count = choices(state, prompt).len().max(1);
    let scroll = Scroll::of(state, prompt);
    let Some(prompt) = &mut state.prompt else { return Effects::new() };
    let now = prompt.choice.min(count - 1);
    prompt.top = scroll.as_ref().map(|scroll| scroll.first);
    match scroll {
        Some(scroll) if by < 0 && now == 0 && (scroll.first > 0 || scroll.is_below()) => {
            prompt.top = Some(scroll.first.saturating_sub(1));
        }
        Some(scroll) if by > 0 && scroll.is_below() => prompt.top = Some(scroll.first + 1),
        _ => {
            prompt.choice = now.wrapping_add_signed(by).wrapping_add(count) % count;
            if prompt.choice == 0 && by > 0 {
                prompt.top = None;
            }
        }
    }
    marked(state)
}

/// A key that moves in lists moves in a prompt too, if it types no text there; `None` if it is another key.
pub(super) fn move_by(state: &mut State, key: Key) -> Option<Effects> {
    let prompt = state.prompt.as_ref()?;
    let types_nothing = match key.code {
        Code::PageUp | Code::PageDown => true,
        Code::Home | Code::End => prompt.editor.text().is_empty(),
        _ => !prompt.takes_text(),
    };
    let Meaning::Command(action) = state.preferences.keymap.meaning(&[key], &[Context::List]) else {
        return None;
    };
    if !types_nothing {
        return None;
    }
    let last = choices(state, prompt).len().saturating_sub(1);
    let scroll = Scroll::of(state, prompt);
    let page = scroll.as_ref().map_or(last, |scroll| scroll.height.saturating_sub(1).max(1)).cast_signed();
    let by = match action {
        Action::Down | Action::LineDown => return Some(step_choice(state, 1)),
        Action::Up | Action::LineUp => return Some(step_choice(state, -1)),
        Action::PageDown => page,
        Action::PageUp => -page,
        Action::HalfDown => (page / 2).max(1),
        Action::HalfUp => -(page / 2).max(1),
        Action::First => -isize::MAX,
        Action::Last => isize::MAX,
        _ => return None,
    };
    let at_an_end = if by < 0 { 0 } else { last };
    let (choice, top) = scroll.map_or((at_an_end, 0), |scroll| scroll.moved(by));
    let prompt = state.prompt.as_mut()?;
    (prompt.choice, prompt.top) = (choice, Some(top));
    Some(marked(state))
}

/// Copies the command line that does the same as the marked choice.
pub(super) fn copy_choice(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let all = choices(state, prompt);
    let marked = all.get(prompt.choice.min(all.len().saturating_sub(1)));
    let line = marked.and_then(|choice| palette::shell_line(state, choice));
    clipboard::copy(state, line)
}

/// Another choice is marked: a value of an option takes effect at once.
pub(super) fn marked(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    match choices(state, prompt).into_iter().nth(prompt.choice).map(|choice| choice.chosen) {
        Some(Chosen::Setting(name, value)) => preferences::try_out(state, name, &value),
        _ => Effects::new(),
    }
}

/// If the prompt shows values of an option, the one before applies again.
pub(super) fn end_of_preview(state: &mut State) -> Effects {
    match state.prompt.as_ref().map(|prompt| prompt.kind.clone()) {
        Some(PromptKind::Setting(name, before)) => preferences::try_out(state, name, &before),
        _ => Effects::new(),
    }
}

/// Closes the prompt; on the first screen, asks to quit.
pub(super) fn cancel(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else {
        // It waits for a server.
        if !state.is_signed_out() {
            return Effects::new();
        }
        let effects = give_up_connecting(state);
        open_first(state);
        return effects;
    };
    match prompt.kind {
        PromptKind::Welcome | PromptKind::SignIn => match state.session.previous.clone() {
            Some(name) => vec![Effect::Switch(name)],
            None => quit::ask(state, "Esc"),
        },
        PromptKind::Filter => {
            state.prompt = None;
            state.set_filter(String::new());
            Effects::new()
        }
        PromptKind::Setting(..) => {
            let effects = end_of_preview(state);
            close(state);
            effects
        }
        _ => {
            close(state);
            closed(state)
        }
    }
}

/// Offers what the bio of the profile that is shown links to.
pub(super) fn open_bio_links(state: &mut State) -> Effects {
    let Route::Profile(username, _) = state.route().clone() else { return Effects::new() };
    let kind = PromptKind::BioLinks(username);
    if choices(state, &Prompt::new(kind.clone(), Vec::new())).is_empty() {
        state.say("There are no links in this bio");
        return Effects::new();
    }
    open(state, kind)
}

/// Opens a link in the browser; over ssh, copies it.
pub(super) fn open_link(state: &mut State, url: String) -> Effects {
    let host = url.split('/').nth(2).unwrap_or_default();
    if state.terminal.capabilities.is_local {
        state.say(format!("Opening {}", SafeText::line(host)));
        return vec![Effect::OpenLink(url)];
    }
    if state.terminal.capabilities.is_plain {
        // Lines have no clipboard.
        state.say(format!("The link is {}", SafeText::line(&url)));
        return Effects::new();
    }
    state.say(format!("Copied the link to {}", SafeText::line(host)));
    vec![to_clipboard(&url)]
}

/// Shows a line of the log with its technical text.
pub(super) fn show_log_line(state: &mut State, number: u64) -> Effects {
    let Some(line) = state.log.line(number) else { return Effects::new() };
    let details = SafeText::lines(&line.details);
    let mut text = format!("{}\n{}\n{details}", date_and_time(state, line.at), line.text);
    if !line.incident.is_empty() {
        let incident = SafeText::line(&line.incident);
        text.push_str(&format!(
            "\nIncident {incident}: the operator of the server can find the cause in its log."
        ));
    }
    open(state, PromptKind::Notice("Details", text.trim_end().to_owned()))
}

/// Shows the details of a tweet, with its versions as far as they are known.
pub(super) fn show_details(state: &mut State, id: u64, versions: &[v1::TweetVersion]) {
    let Some(tweet) = state.entities.tweet(id) else { return };
    let time = |ms| date_and_time(state, ms);
    let mut lines = vec![
        format!("Id {id}"),
        format!("By @{}", state.entities.username(tweet.author_id)),
        format!("Written {}", time(tweet.created_ms)),
        format!("Visibility: {}", visibility_word(tweet.visibility())),
        [
            count(tweet.replies, "reply", "replies"),
            count(tweet.retweets, "retweet", "retweets"),
            count(tweet.quotes, "quote", "quotes"),
            count(tweet.likes, "like", "likes"),
        ]
        .join(", "),
    ];
    if tweet.edited_ms != 0 {
        lines.push(format!("Edited {}", time(tweet.edited_ms)));
    }
    for version in versions.iter().rev().skip(1) {
        lines.push(format!("{}: {}", time(version.written_ms), SafeText::line(&version.text)));
    }
    open(state, PromptKind::Details(lines));
}
