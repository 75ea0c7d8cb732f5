//! Runs commands: takes the functions from the table, resolves what a command is about, and refuses it with the reason
//! if it is not available. The commands that run others are here too.

use super::effects::Effects;
use super::{
    actions, clipboard, completion, compose, drafts, forms, lists, movement, navigation, notifications,
    outbox, own_messages, people, preferences, prompts, quit, row_commands, sections, server_info, tabs,
    unread, user_actions,
};
use crate::availability::{unavailable, unavailable_for_named};
use crate::chat_line::{self, ChatCommand};
use crate::choice::Chosen;
use crate::choices::choices;
use crate::commands::{Action, Argument, Context, by_id, for_each_command};
use crate::composer::Writing;
use crate::confirmation::question_before;
use crate::form::Form;
use crate::message::Effect;
use crate::prompt::PromptKind;
use crate::question::Question;
use crate::route::{PageSelector, PeopleSection, Route};
use crate::row::{Offered, Row};
use crate::rows::{Group, unread_of_group};
use crate::state::{Link, Phase, State};
use crate::user_action::UserAction;
use terminal::editor::Editor;

/// An identifier of a tweet.
const EXAMPLE_ID: u64 = 117_696_760_247_549_953;

/// The function of a command, by what it needs.
enum Run {
    /// The state alone.
    Plain(fn(&mut State) -> Effects),
    /// What follows the command's name; empty if nothing does.
    WithText(fn(&mut State, &str) -> Effects),
    /// The selected tweet.
    OnTweet(fn(&mut State, u64) -> Effects),
    /// The same, and the text that follows the command's name.
    WriteOnTweet(fn(u64) -> Writing),
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

/// Runs a command with what follows its name. What nothing undoes is asked first.
pub(super) fn perform(state: &mut State, action: Action, argument: &str) -> Effects {
    perform_or_ask(state, action, argument, |question| matches!(question, Question::Command(_)))
}

/// Runs a command that was searched for, which may be another one than was meant.
fn perform_found(state: &mut State, action: Action, argument: &str) -> Effects {
    perform_or_ask(state, action, argument, |_| true)
}

fn perform_or_ask(
    state: &mut State,
    action: Action,
    argument: &str,
    is_asked: fn(&Question) -> bool,
) -> Effects {
    let argument = argument.trim();
    let (named, rest) = split_name(action.command().argument, argument);
    if action != Action::Help
        && action.command().context == Context::Everywhere
        && (state.form.is_some() || state.prompt.is_some())
    {
        state.say("Close this first: Esc");
        return Effects::new();
    }
    if let Some(reason) = problem_of(state, action, named.as_deref()) {
        state.say(reason);
        return Effects::new();
    }
    if let Some(question) = question_before(state, action, named.as_deref(), rest).filter(is_asked) {
        return prompts::open(state, PromptKind::Confirm(question));
    }
    match function(action) {
        Run::Plain(run) => run(state),
        Run::WithText(run) => run(state, argument),
        Run::OnTweet(run) => match named.map_or(Ok(state.selected_tweet()), |id| id.parse().map(Some)) {
            Ok(Some(id)) => run(state, id),
            Ok(None) => Effects::new(),
            Err(_) => {
                state.complain(format!(
                    "Type the id of a tweet, for example :{} {EXAMPLE_ID}",
                    action.command().id
                ));
                Effects::new()
            }
        },
        Run::WriteOnTweet(writing) => match state.selected_tweet() {
            Some(id) => compose::write(state, writing(id), argument),
            None => Effects::new(),
        },
        Run::OnPerson(run) => match named.or_else(|| state.selected_person()) {
            Some(username) => run(state, username, rest),
            None => Effects::new(),
        },
        Run::Go(route) => navigation::go(state, route),
    }
}

/// Does what was asked about.
fn confirmed(state: &mut State, question: Question) -> Effects {
    match question {
        Question::Action(action) => user_actions::begin(state, action),
        Question::Command(action) => match function(action) {
            Run::Plain(run) => run(state),
            _ => Effects::new(),
        },
    }
}

/// Why a command cannot run now, about the account that is named or about what is selected.
fn problem_of(state: &State, action: Action, named: Option<&str>) -> Option<String> {
    if named.is_some() { unavailable_for_named(state, action) } else { unavailable(state, action) }
}

/// Likes, follows and so on (`on`), or ends that, whatever was so before.
pub(super) fn turn(state: &mut State, action: Action, on: bool, argument: &str) -> Effects {
    let (named, _) = split_name(action.command().argument, argument.trim());
    if let Some(reason) = problem_of(state, action, named.as_deref()) {
        state.say(reason);
        return Effects::new();
    }
    let tweet = state.selected_tweet();
    let person = named.or_else(|| state.selected_person());
    let what = match action {
        Action::Like => tweet.map(|id| UserAction::Like(id, on)),
        Action::Bookmark => tweet.map(|id| UserAction::Bookmark(id, on)),
        Action::Retweet => tweet.map(|id| UserAction::Retweet(id, on)),
        Action::Follow => person.map(|username| UserAction::Follow(username, on)),
        Action::Mute => person.map(|username| UserAction::Mute(username, on)),
        Action::Block => person.map(|username| UserAction::Block(username, on)),
        _ => None,
    };
    what.map_or_else(Effects::new, |what| user_actions::set(state, what))
}

/// The username or the identifier in the argument of a command, if it has one, and the text after it.
fn split_name(kind: Argument, argument: &str) -> (Option<String>, &str) {
    let (name, rest) = match kind {
        Argument::None | Argument::Text(_) => ("", ""),
        Argument::Person | Argument::Tweet => (argument, ""),
        Argument::PersonAndText if !argument.starts_with('@') => ("", argument),
        Argument::PersonAndText | Argument::PersonThenText => {
            argument.split_once(char::is_whitespace).unwrap_or((argument, ""))
        }
    };
    let name = name.trim_start_matches('@').to_lowercase();
    ((!name.is_empty()).then_some(name), rest.trim())
}

/// Goes to the chat with an account, and sends the text that follows its name. What is known to be refused is refused at
/// once.
fn chat_with(state: &mut State, username: String, text: &str) -> Effects {
    let id = state.entities.by_username(&username).map(|account| account.id);
    if !text.is_empty() && id.is_some_and(|id| state.entities.is_blocked(id)) {
        state.complain(format!("Not sent: you block @{username}"));
        return Effects::new();
    }
    let mut effects = navigation::go(state, Route::Conversation(username.clone()));
    if !text.is_empty() {
        effects.extend(compose::write(state, Writing::Message(username), text));
    }
    effects
}

/// Reports an account or its selected tweet. Plain mode asks for the reason if there is none.
fn report(state: &mut State, username: String, reason: &str) -> Effects {
    if reason.is_empty() && state.terminal.capabilities.is_plain {
        return prompts::open(state, PromptKind::Reason(username));
    }
    user_actions::report(state, username, reason)
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
            if state.entities.tweet(id).is_none() {
                state.say("This tweet is no longer available");
                Effects::new()
            } else if route == Route::Thread(id) {
                tabs::fold(state)
            } else {
                navigation::go(state, Route::Thread(id))
            }
        }
        Row::Gap(id) => fill_gap(state, id),
        Row::More => lists::fill_more(state),
        Row::Failed if state.screen().is_some_and(|screen| screen.phase == Phase::Ready) => {
            lists::fill_more(state)
        }
        Row::Failed => lists::reload(state),
        Row::Offer(_, Offered::Run(action)) => perform(state, action, ""),
        Row::Offer(_, Offered::Go(route)) => navigation::go(state, route),
        Row::Logged(number) => prompts::show_log_line(state, number),
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
        Row::Outgoing(name) => outbox::edit(state, &name),
        Row::Setting(name) => prompts::change_setting(state, name),
        Row::Session(id) => prompts::end_session(state, id),
        Row::Key(id) => prompts::remove_key(state, id),
        Row::Command(id) => match by_id(id) {
            Some(command) => perform(state, command.action, ""),
            None => Effects::new(),
        },
        Row::ProfileHead if is_own_profile(state) => perform(state, Action::EditProfile, ""),
        Row::ProfileHead => prompts::open_bio_links(state),
        Row::OtherReplies(id) | Row::EarlierTweets(id) => navigation::go(state, Route::Thread(id)),
        Row::OwnPresence => user_actions::toggle_presence(state),
        Row::ReadLine
        | Row::Sections
        | Row::Day(_)
        | Row::Heading(..)
        | Row::Sentence(_)
        | Row::Words(..)
        | Row::Announcement(_)
        | Row::Rule(..)
        | Row::Finding(_) => Effects::new(),
    }
}

fn is_own_profile(state: &State) -> bool {
    matches!(state.route(), Route::Profile(name, _) if state.session.username.as_ref() == Some(name))
}

/// Loads a gap from the side from which the reader came.
fn fill_gap(state: &mut State, above: u64) -> Effects {
    let route = state.route().clone();
    let Some(screen) = state.screen() else { return Effects::new() };
    let below = screen.ids.iter().copied().find(|other| *other < above).filter(|_| screen.is_going_up);
    lists::fill(state, &route, below.map_or(PageSelector::GapBelow(above), PageSelector::GapAbove))
}

/// Opens the tweet of a notification, or the profile of the account that caused it; of several new followers, their list.
fn open_notification(state: &mut State, id: u64) -> Effects {
    let Some(notification) = state.entities.notifications.get(&id).copied() else { return Effects::new() };
    let unread = unread_of_group(state, id);
    let mut effects = notifications::mark(state, &unread);
    if notification.tweet_id != 0 && state.entities.tweet(notification.tweet_id).is_some() {
        effects.extend(navigation::go(state, Route::Thread(notification.tweet_id)));
    } else if Group::of(state, id).people.len() > 1 {
        effects.extend(navigation::go(state, Route::People(PeopleSection::Followers)));
    } else {
        let username = state.entities.username(notification.account_id).to_owned();
        effects.extend(navigation::go_to_profile(state, username));
    }
    effects
}

/// Sends the text of the composer. In a chat, a line that begins with `:` is a command.
fn send(state: &mut State) -> Effects {
    let Some(composer) = &mut state.composer else { return Effects::new() };
    let text = match composer.writing {
        Writing::Message(_) => composer.editor.text().to_owned(),
        _ => String::new(),
    };
    match chat_line::command(&text) {
        None => compose::send(state),
        Some(ChatCommand::Refused(why)) => {
            state.complain(why);
            Effects::new()
        }
        Some(ChatCommand::Known(action, argument)) => {
            composer.editor = Editor::new("");
            composer.completion = None;
            let mut effects = drafts::save(state);
            effects.extend(perform_in_chat(state, action, argument));
            effects
        }
    }
}

/// Runs a command that was typed in a chat as if its composer were closed, which is open again afterwards.
fn perform_in_chat(state: &mut State, action: Action, argument: &str) -> Effects {
    if action.command().context == Context::Composer {
        return perform(state, action, argument);
    }
    let (route, composer) = (state.route().clone(), state.composer.take());
    let effects = perform(state, action, argument);
    if let Some(screen) = state.screens.by_route.get_mut(&route) {
        screen.is_line_closed = false;
    }
    if *state.route() == route && state.composer.is_none() && state.prompt.is_none() && state.form.is_none() {
        state.composer = composer;
    }
    effects
}

/// Shows the tweets that the text is split into, before they are sent.
fn split(state: &mut State) -> Effects {
    match compose::thread(state) {
        Some(parts) => prompts::open(state, PromptKind::Thread(parts)),
        None => Effects::new(),
    }
}

/// Takes the marked choice of the prompt.
fn accept(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let all = choices(state, prompt);
    let Some(choice) = all.get(prompt.choice.min(all.len().saturating_sub(1))).cloned() else {
        state.say("No matches. Backspace changes the text, Esc closes");
        return Effects::new();
    };
    let (kind, is_information) = (prompt.kind.clone(), prompt.is_information());
    if let Some(reason) = choice.unavailable {
        state.say(reason);
        return Effects::new();
    }
    if choice.chosen == Chosen::Nothing && matches!(kind, PromptKind::Palette | PromptKind::Help) {
        state.say(format!("{}: nothing was run", choice.label));
    }
    // A copied key is compared before it is trusted: the question stays.
    let stays = match choice.chosen {
        Chosen::Nothing => !is_information,
        Chosen::Insert(_) | Chosen::Copy(_) => true,
        _ => false,
    };
    let mut effects = Effects::new();
    if !stays {
        effects = prompts::end_of_preview(state);
        prompts::close(state);
    }
    effects.extend(take(state, choice.chosen, &kind));
    effects
}

/// Does what a choice of such a prompt says.
fn take(state: &mut State, chosen: Chosen, kind: &PromptKind) -> Effects {
    match chosen {
        Chosen::Command(action, argument) => match kind {
            PromptKind::Palette => {
                state.remember_command(action, argument.clone());
                perform_found(state, action, &argument)
            }
            PromptKind::Help => perform_found(state, action, &argument),
            _ => perform(state, action, &argument),
        },
        Chosen::Confirmed(question) => confirmed(state, question),
        Chosen::Go(route) => navigation::go(state, route),
        Chosen::Link(url) => prompts::open_link(state, url),
        Chosen::Search(query) => prompts::search(state, &query),
        Chosen::NewKey(id) => prompts::open(state, PromptKind::NewKey(id)),
        Chosen::Swap(id, other, keys) => preferences::swap(state, id, other, &keys),
        Chosen::Setting(name, value) => preferences::set(state, name, &value),
        Chosen::Bind(id, keys) => preferences::bind(state, &id, &keys),
        Chosen::Account(name) => {
            let mut effects = quit::finish(state);
            effects.push(Effect::Switch(name));
            effects
        }
        Chosen::SendThread => compose::send_as_thread(state),
        Chosen::Tour => {
            state.say("Preparing the tour");
            vec![Effect::Tour]
        }
        Chosen::Connect => open_form(state, Form::connect(&state.connection.server)),
        Chosen::Join(server) => {
            state.connection.server.clone_from(&server);
            state.connection.link = Link::Connecting;
            vec![Effect::Connect(server)]
        }
        Chosen::Trust(server, key) => {
            state.connection.link = Link::Connecting;
            vec![Effect::Trust(server, key)]
        }
        Chosen::Copy(text) => clipboard::copy(state, Some(text)),
        Chosen::LogIn => {
            forms::open_log_in(state);
            Effects::new()
        }
        Chosen::SignUp => {
            forms::open_sign_up(state);
            Effects::new()
        }
        Chosen::Insert(text) => {
            if let Some(prompt) = &mut state.prompt {
                (prompt.editor, prompt.choice) = (Editor::one_line(&text), 0);
            }
            Effects::new()
        }
        Chosen::Close => prompts::closed(state),
        Chosen::Filter | Chosen::Nothing => Effects::new(),
    }
}

fn open_form(state: &mut State, form: Form) -> Effects {
    state.form = Some(form);
    Effects::new()
}
