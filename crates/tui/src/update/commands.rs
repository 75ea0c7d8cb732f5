//! Runs commands: takes the functions from the table, resolves what a command is about, and refuses it with the reason
//! if it is not available. The two commands that run others are here too.

use super::effects::Effects;
use super::{
    actions, clipboard, completion, compose, drafts, forms, lists, movement, navigation, preferences,
    prompts, quit, tabs, unread, user_actions,
};
use crate::availability::{unavailable, unavailable_for_named};
use crate::choices::{Chosen, choices};
use crate::commands::{Action, Argument, by_id, for_each_command};
use crate::composer::Writing;
use crate::form::Form;
use crate::message::Effect;
use crate::prompt::PromptKind;
use crate::route::{PageSelector, Route};
use crate::row::Row;
use crate::state::{Phase, State};
use protocol::v1;
use terminal::editor::Editor;

/// The server that the form for a server suggests.
const DEFAULT_SERVER: &str = "127.0.0.1";

/// The function of a command, by what it needs.
enum Run {
    /// The state alone.
    Plain(fn(&mut State) -> Effects),
    /// What follows the command's name; empty if nothing does.
    WithText(fn(&mut State, &str) -> Effects),
    /// The selected tweet.
    OnTweet(fn(&mut State, u64) -> Effects),
    /// The account that is named or selected, and what follows its name.
    OnPerson(fn(&mut State, String, &str) -> Effects),
    /// Goes to a screen.
    Go(Route),
}

macro_rules! functions {
    ($($action:ident $id:literal $context:ident [$($key:literal),*] $title:literal
        $argument:ident $(($hint:literal))? [$($requirement:ident $(($reason:literal))?),*] $interface:ident
        $run:ident($($function:tt)*);)*) => {
        fn function(action: Action) -> Run {
            match action {
                $(Action::$action => Run::$run($($function)*),)*
            }
        }
    };
}
for_each_command!(functions);

/// Runs a command with what follows its name.
pub(super) fn perform(state: &mut State, action: Action, argument: &str) -> Effects {
    let argument = argument.trim();
    let (named, rest) = split_name(action.command().argument, argument);
    let problem =
        if named.is_some() { unavailable_for_named(state, action) } else { unavailable(state, action) };
    if let Some(reason) = problem {
        state.say(reason);
        return Effects::new();
    }
    match function(action) {
        Run::Plain(run) => run(state),
        Run::WithText(run) => run(state, argument),
        Run::OnTweet(run) => match state.selected_tweet() {
            Some(id) => run(state, id),
            None => Effects::new(),
        },
        Run::OnPerson(run) => match named.or_else(|| state.selected_person()) {
            Some(username) => run(state, username, rest),
            None => Effects::new(),
        },
        Run::Go(route) => navigation::go(state, route),
    }
}

/// The username in the argument of a command, if it has one, and the text after it.
fn split_name(kind: Argument, argument: &str) -> (Option<String>, &str) {
    let (name, rest) = match kind {
        Argument::None | Argument::Text(_) => ("", ""),
        Argument::Person => (argument, ""),
        Argument::PersonAndText if argument.starts_with('@') => {
            argument.split_once(char::is_whitespace).unwrap_or((argument, ""))
        }
        Argument::PersonAndText => ("", argument),
    };
    let name = name.trim_start_matches('@').to_lowercase();
    ((!name.is_empty()).then_some(name), rest.trim())
}

/// Opens the selected row; on a screen that could not be loaded, tries again.
fn open(state: &mut State) -> Effects {
    let route = state.route().clone();
    let Some(row) = state.selected().cloned() else {
        let failed = state.screen().is_some_and(|screen| screen.phase == Phase::Failed);
        return if failed { lists::reload(state) } else { Effects::new() };
    };
    match row {
        Row::Tweet(id, _) => {
            let id = state.entities.original(id);
            if route == Route::Thread(id) {
                tabs::fold(state)
            } else {
                navigation::go(state, Route::Thread(id))
            }
        }
        Row::Gap(id) => fill_gap(state, id),
        Row::More => match state.screen().and_then(|screen| screen.next.clone()) {
            Some(cursor) => lists::fill(state, &route, PageSelector::Older(cursor)),
            None => Effects::new(),
        },
        Row::Person(id) => {
            let username = state.entities.username(id).to_owned();
            navigation::go_to_profile(state, username)
        }
        Row::Notification(id) => open_notification(state, id),
        Row::Hashtag(name) => navigation::go(state, Route::Hashtag(name.to_string())),
        Row::Conversation(id) => {
            let username = state.entities.username(id).to_owned();
            navigation::go(state, Route::Conversation(username))
        }
        Row::Message(_) => match route {
            Route::Conversation(username) => compose::open(state, Writing::Message(username)),
            _ => Effects::new(),
        },
        Row::Draft(name) => match state.texts.drafts.get(name.as_str()).cloned() {
            Some(draft) => compose::open(state, draft.writing),
            None => Effects::new(),
        },
        Row::Outgoing(name) => compose::edit_outgoing(state, &name),
        Row::Setting(name) => preferences::change(state, name),
        Row::Session(id) => user_actions::revoke_session(state, id),
        Row::Key(id) => user_actions::revoke_key(state, id),
        Row::Command(id) => match by_id(id) {
            Some(command) => perform(state, command.action, ""),
            None => Effects::new(),
        },
        Row::ProfileHead => tabs::next_of_profile(state),
        Row::ReadLine | Row::Heading(_) | Row::Note(..) => Effects::new(),
    }
}

/// Loads a gap from the side from which the reader came.
fn fill_gap(state: &mut State, above: u64) -> Effects {
    let route = state.route().clone();
    let Some(screen) = state.screen() else { return Effects::new() };
    let below = screen.ids.iter().copied().find(|other| *other < above).filter(|_| screen.is_going_up);
    lists::fill(state, &route, below.map_or(PageSelector::GapBelow(above), PageSelector::GapAbove))
}

/// Opens the tweet of a notification, or the profile of the account that caused it.
fn open_notification(state: &mut State, id: u64) -> Effects {
    let Some(notification) = state.entities.notifications.get(&id).copied() else { return Effects::new() };
    if notification.tweet_id != 0 && state.entities.tweet(notification.tweet_id).is_some() {
        return navigation::go(state, Route::Thread(notification.tweet_id));
    }
    let username = state.entities.username(notification.account_id).to_owned();
    navigation::go_to_profile(state, username)
}

/// Takes the marked choice of the prompt.
fn accept(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let all = choices(state, prompt);
    let Some(choice) = all.get(prompt.choice.min(all.len().saturating_sub(1))).cloned() else {
        state.say("No matches. Press Esc to close");
        return Effects::new();
    };
    if let Some(reason) = choice.unavailable {
        state.say(reason);
        return Effects::new();
    }
    if !matches!(choice.chosen, Chosen::Nothing | Chosen::Insert(_)) {
        state.prompt = None;
    }
    match choice.chosen {
        Chosen::Command(action, argument) => perform(state, action, &argument),
        Chosen::Go(route) => navigation::go(state, route),
        Chosen::Link(url) => prompts::open_link(state, url),
        Chosen::Search(query) => prompts::search(state, &query),
        Chosen::Bind(id, keys) => preferences::bind(state, &id, &keys),
        Chosen::Account(name) => {
            let mut effects = quit::finish(state);
            effects.push(Effect::Switch(name));
            effects
        }
        Chosen::HostHere => vec![Effect::HostHere],
        Chosen::Tour => vec![Effect::Tour],
        Chosen::Connect => {
            let server =
                if state.connection.server.is_empty() { DEFAULT_SERVER } else { &state.connection.server };
            open_form(state, Form::connect(server))
        }
        Chosen::LogIn => {
            open_form(state, Form::log_in(state.session.username.as_deref().unwrap_or_default()))
        }
        Chosen::SignUp => {
            open_form(state, Form::sign_up(state.connection.hello.sign_up() == v1::SignUpMode::Invite))
        }
        Chosen::Insert(text) => {
            if let Some(prompt) = &mut state.prompt {
                (prompt.editor, prompt.choice) = (Editor::one_line(&text), 0);
            }
            Effects::new()
        }
        Chosen::Filter | Chosen::Close | Chosen::Nothing => Effects::new(),
    }
}

fn open_form(state: &mut State, form: Form) -> Effects {
    state.form = Some(form);
    Effects::new()
}
