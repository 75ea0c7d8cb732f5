//! Prompts and forms: what is asked, and what the answers do.

use client::ClientError;
use model::{SafeText, Strength, Username};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::{Effects, actions, ask, input, navigation};
use crate::commands::{Action, Argument, by_id};
use crate::form::{Form, FormKind, Note};
use crate::keymap::Keymap;
use crate::message::{Effect, Purpose};
use crate::prompt::{Chosen, Prompt, PromptKind, choices};
use crate::route::{Route, SearchKind};
use crate::state::{Link, State};
use terminal::editor::Editor;

/// After the last key in a username it is asked whether it can be had.
const CHECK_MS: i64 = 400;

/// Opens a prompt; what can be done is what could be done before.
pub(super) fn prompt(state: &mut State, asking: PromptKind) -> Effects {
    let contexts = state.contexts();
    state.prompt = Some(Prompt::new(asking, contexts));
    Effects::new()
}

/// What to show when nobody is signed in.
pub(super) fn welcome_or_door(state: &mut State) {
    if state.server.is_empty() {
        prompt(state, PromptKind::Welcome);
    } else if state.link == Link::Live {
        prompt(state, PromptKind::SignIn);
    }
}

/// A command that wants to be told something: asks, unless it was told.
pub(super) fn with_argument(state: &mut State, action: Action, argument: &str) -> Effects {
    let argument = argument.trim();
    if action == Action::Filter {
        state.panel_mut().filter = argument.to_owned();
        let place = state.place().clone();
        state.refresh_anew(&place);
        if !argument.is_empty() {
            return Effects::new();
        }
    } else if !argument.is_empty() {
        return match action {
            Action::BindKeys => match argument.split_once(char::is_whitespace) {
                Some((id, "default")) => bind(state, id, ""),
                Some((id, keys)) => bind(state, id, keys.trim()),
                None => {
                    state.say("Say the command and its key, as in: like x");
                    Effects::new()
                }
            },
            Action::GoTag => {
                navigation::go(state, Route::Hashtag(argument.trim_start_matches('#').to_owned()))
            }
            Action::GoUser => {
                let username = argument.trim_start_matches('@').to_lowercase();
                navigation::go(state, Route::Profile(username, crate::route::ProfileTab::Tweets))
            }
            _ => search(state, argument),
        };
    }
    let asking = match action {
        Action::Filter => PromptKind::Filter,
        Action::GoTag => PromptKind::Tag,
        Action::GoUser => PromptKind::User,
        Action::BindKeys => PromptKind::Bind,
        _ => PromptKind::Search,
    };
    prompt(state, asking)
}

/// Gives a command another key, unless that means something already.
fn bind(state: &mut State, id: &str, keys: &str) -> Effects {
    match crate::keymap::rebound(&state.settings, id, keys) {
        Ok(own) => {
            state.settings.keys = own;
            state.keymap = Keymap::new(&state.settings.preset, &state.settings.keys).0;
            let now = by_id(id).and_then(|command| state.keymap.keys_of(command.action));
            state.say(format!("{} is {id}", now.as_deref().unwrap_or("No key")));
            actions::keep_settings(state)
        }
        Err(problem) => {
            state.complain(problem);
            Effects::new()
        }
    }
}

fn search(state: &mut State, query: &str) -> Effects {
    let (kind, query) = match query.split_at_checked(1) {
        Some(("@", name)) => (SearchKind::People, name),
        Some(("#", name)) => (SearchKind::Hashtags, name),
        _ => (SearchKind::Tweets, query),
    };
    navigation::go(state, Route::Search(kind, query.to_owned()))
}

/// Something was written in a prompt.
pub(super) fn prompt_changed(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let text = prompt.editor.text().to_owned();
    match prompt.asking {
        // At once, so that one sees what is left.
        PromptKind::Filter => {
            state.panel_mut().filter = text;
            let place = state.place().clone();
            state.refresh_anew(&place);
            Effects::new()
        }
        PromptKind::User | PromptKind::Jump if text.chars().count() > 1 => {
            let query = text.trim_start_matches('@').to_owned();
            vec![ask(Purpose::Complete('@'), Op::SearchPeople(v1::SearchPeople { query, limit: 10 }))]
        }
        _ => Effects::new(),
    }
}

pub(super) fn step_choice(state: &mut State, by: isize) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    let count = choices(state, prompt).len().max(1);
    if let Some(prompt) = &mut state.prompt {
        prompt.choice = prompt.choice.min(count - 1).wrapping_add_signed(by).wrapping_add(count) % count;
    }
    Effects::new()
}

pub(super) fn cancel(state: &mut State) -> Effects {
    let Some(prompt) = &state.prompt else { return Effects::new() };
    match prompt.asking {
        PromptKind::Welcome | PromptKind::SignIn => input::ask_to_quit(state, "Esc"),
        PromptKind::Filter => {
            state.prompt = None;
            state.panel_mut().filter.clear();
            let place = state.place().clone();
            state.refresh_anew(&place);
            Effects::new()
        }
        _ => {
            state.prompt = None;
            Effects::new()
        }
    }
}

/// Does what is chosen.
pub(super) fn accept(state: &mut State) -> Effects {
    let Some(prompt) = state.prompt.clone() else { return Effects::new() };
    let all = choices(state, &prompt);
    let Some(choice) = all.get(prompt.choice.min(all.len().saturating_sub(1))).cloned() else {
        state.say("Nothing fits what you wrote; Esc closes");
        return Effects::new();
    };
    if let Some(reason) = choice.why_not {
        state.say(format!("Not now: {reason}"));
        return Effects::new();
    }
    if !matches!(choice.chosen, Chosen::Nothing | Chosen::Write(_)) {
        state.prompt = None;
    }
    match choice.chosen {
        Chosen::Command(action, argument) => {
            let wants = matches!(action.command().argument, Argument::Text(_));
            if wants {
                with_argument(state, action, &argument)
            } else {
                actions::perform(state, action, &argument)
            }
        }
        Chosen::Go(place) => navigation::go(state, place),
        Chosen::Link(url) => open_link(state, url),
        Chosen::Account(name) => {
            let mut effects = super::finish(state);
            effects.push(Effect::Switch(name));
            effects
        }
        Chosen::Connect => {
            let server = if state.server.is_empty() { "127.0.0.1".to_owned() } else { state.server.clone() };
            state.form = Some(Form::connect(&server));
            Effects::new()
        }
        Chosen::HostHere => vec![Effect::HostHere],
        Chosen::Tour => vec![Effect::Tour],
        Chosen::LogIn => {
            let username = state.username.clone().unwrap_or_default();
            state.form = Some(Form::log_in(&username));
            Effects::new()
        }
        Chosen::SignUp => {
            state.form = Some(Form::sign_up(state.hello.sign_up() == v1::SignUpMode::Invite));
            Effects::new()
        }
        Chosen::Bind(id, keys) => bind(state, &id, &keys),
        Chosen::Write(text) => {
            if let Some(prompt) = &mut state.prompt {
                (prompt.editor, prompt.choice) = (Editor::one_line(&text), 0);
            }
            Effects::new()
        }
        Chosen::Filter | Chosen::Leave | Chosen::Nothing => Effects::new(),
        Chosen::Search(query) => search(state, &query),
    }
}

fn open_link(state: &mut State, url: String) -> Effects {
    let host = url.split('/').nth(2).unwrap_or_default();
    if state.capabilities.is_local {
        state.say(format!("Opening {}", SafeText::line(host)));
        return vec![Effect::OpenLink(url)];
    }
    let payload = data_encoding::BASE64.encode(url.as_bytes());
    state.say(format!("Copied the link to {}", SafeText::line(host)));
    vec![Effect::Terminal(format!("\x1b]52;c;{payload}\x07"))]
}

pub(super) fn accounts(state: &mut State, names: Vec<String>) {
    prompt(state, PromptKind::Accounts(names));
}

/// Facts about a tweet, with its versions as far as they are known.
pub(super) fn details(state: &mut State, id: u64, versions: &[v1::TweetVersion]) {
    let Some(tweet) = state.known.tweet(id) else { return };
    let time = crate::view::absolute_time;
    let mut lines = vec![
        format!("Id {id}"),
        format!("By @{}", state.known.username(tweet.author_id)),
        format!("Written {} UTC", time(tweet.created_ms)),
        format!("Visibility: {}", crate::view::visibility_word(tweet.visibility())),
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
    let contexts = state.contexts();
    state.prompt = Some(Prompt::new(PromptKind::Details(lines), contexts));
}

/// Something was written in a form: what was wrong is being mended.
pub(super) fn form_changed(state: &mut State) {
    let (now, me) = (state.now, state.username.clone().unwrap_or_default());
    let Some(form) = &mut state.form else { return };
    form.problem = None;
    let focus = form.focus;
    form.note(focus, None);
    if form.new_password() == Some(focus) && !form.text(focus).is_empty() {
        let username = if form.kind == FormKind::SignUp { form.text(0).to_owned() } else { me };
        form.note(focus, Some(strength_note(form.text(focus), &username)));
    }
    if form.kind == FormKind::SignUp && focus == 0 {
        form.check_at = (!form.text(0).is_empty()).then_some(now + CHECK_MS);
    }
}

fn strength_note(password: &str, username: &str) -> Note {
    let (text, is_good) = match model::strength(password, username) {
        Strength::TooShort(1) => ("▁ one more character".to_owned(), false),
        Strength::TooShort(missing) => (format!("▁ {missing} more characters"), false),
        Strength::Guessable(why) => (format!("✕ {why}"), false),
        Strength::Weak => ("▂ weak: a few words make a good one".to_owned(), false),
        Strength::Fair => ("▅ fair".to_owned(), true),
        Strength::Strong => ("█ strong".to_owned(), true),
    };
    Note { text, is_good }
}

/// Asks whether the username can be had, once nothing more is typed.
pub(super) fn check_username(state: &mut State) -> Effects {
    let now = state.now;
    let Some(form) = state.form.as_mut().filter(|form| form.check_at.is_some_and(|at| at <= now)) else {
        return Effects::new();
    };
    form.check_at = None;
    let written = form.text(0).trim_start_matches('@').to_owned();
    match Username::parse(&written) {
        Ok(username) => {
            let username = username.as_str().to_owned();
            let purpose = Purpose::CheckUsername(written);
            vec![ask(purpose, Op::CheckUsername(v1::CheckUsername { username }))]
        }
        Err(error) => {
            form.note(0, Some(Note { text: format!("✕ {}", reason(&error)), is_good: false }));
            Effects::new()
        }
    }
}

/// Whether the username can be had; what could not be found out is not said, sign-up will say it.
pub(super) fn username_checked(
    state: &mut State,
    username: &str,
    result: Result<response::Result, ClientError>,
) {
    let Some(form) = state.form.as_mut().filter(|form| form.kind == FormKind::SignUp) else { return };
    if form.text(0).trim_start_matches('@') != username {
        return;
    }
    let (text, is_good) = match result {
        Ok(_) => ("✓ free".to_owned(), true),
        Err(ClientError::Refused(model::Error::AlreadyExists(_))) => {
            ("✕ taken: choose another".to_owned(), false)
        }
        Err(ClientError::Refused(error @ model::Error::Invalid { .. })) => {
            (format!("✕ {}", reason(&error)), false)
        }
        Err(_) => return,
    };
    form.note(0, Some(Note { text, is_good }));
}

/// What is wrong with a field, without its name.
fn reason(error: &model::Error) -> String {
    match error {
        model::Error::Invalid { reason, .. } => SafeText::line(reason).as_str().to_owned(),
        other => other.to_string(),
    }
}

pub(super) fn step_field(state: &mut State, by: isize) -> Effects {
    if let Some(form) = &mut state.form {
        form.step(by);
    }
    Effects::new()
}

pub(super) fn leave_form(state: &mut State) -> Effects {
    state.form = None;
    if state.me.is_none() {
        welcome_or_door(state);
    }
    Effects::new()
}

/// Enter in a form: the next field, or off with it.
pub(super) fn submit(state: &mut State) -> Effects {
    let Some(form) = &mut state.form else { return Effects::new() };
    if form.is_busy {
        return Effects::new();
    }
    if form.focus + 1 < form.fields.len() {
        form.step(1);
        return Effects::new();
    }
    form.problem = None;
    let text = |form: &Form, place: usize| form.text(place).to_owned();
    match form.kind {
        FormKind::Connect => {
            let server = text(form, 0);
            match client::Endpoint::parse(&server) {
                Err(error) => {
                    form.refuse(0, error.to_string());
                    Effects::new()
                }
                Ok(endpoint) => {
                    form.is_busy = true;
                    state.server = endpoint.to_string();
                    state.link = Link::Connecting;
                    vec![Effect::Connect(endpoint.to_string())]
                }
            }
        }
        FormKind::LogIn => {
            let (username, password) = (text(form, 0).trim_start_matches('@').to_owned(), text(form, 1));
            if username.is_empty() {
                form.refuse(0, "Who are you?");
                return Effects::new();
            }
            form.is_busy = true;
            vec![ask(Purpose::SignIn, Op::LogIn(v1::LogIn { username, password }))]
        }
        FormKind::SignUp => {
            if form.text(2) != form.text(3) {
                form.refuse(3, "The passwords are not the same");
                return Effects::new();
            }
            form.is_busy = true;
            let sign_up = v1::SignUp {
                username: text(form, 0).trim_start_matches('@').to_owned(),
                display_name: text(form, 1),
                password: text(form, 2),
                invite_code: text(form, 4).trim().to_owned(),
            };
            vec![ask(Purpose::SignIn, Op::SignUp(sign_up))]
        }
        FormKind::EditProfile => {
            form.is_busy = true;
            let edit = v1::EditProfile {
                display_name: Some(text(form, 0)),
                bio: Some(text(form, 1)),
                presence_hidden: None,
            };
            vec![ask(Purpose::Form, Op::EditProfile(edit))]
        }
        FormKind::Password => {
            if form.text(1) != form.text(2) {
                form.refuse(2, "The passwords are not the same");
                return Effects::new();
            }
            form.is_busy = true;
            let (old_password, new_password) = (text(form, 0), text(form, 1));
            vec![ask(Purpose::Form, Op::ChangePassword(v1::ChangePassword { old_password, new_password }))]
        }
    }
}

/// A form could not be carried out: what was typed stays.
pub(super) fn form_refused(state: &mut State, error: &client::ClientError) {
    let Some(form) = &mut state.form else { return };
    let field = match error {
        client::ClientError::Refused(model::Error::Invalid { field, .. }) => field.as_ref(),
        client::ClientError::Refused(model::Error::AlreadyExists(_)) => "username",
        client::ClientError::Refused(model::Error::Unauthenticated(_)) => "password",
        _ => "",
    };
    let place = match (form.kind, field) {
        (FormKind::SignUp, "display_name") => 1,
        (FormKind::SignUp, "password") => 2,
        (FormKind::SignUp, "invite_code") => 4,
        (FormKind::LogIn, "password")
        | (FormKind::EditProfile, "bio")
        | (FormKind::Password, "new_password") => 1,
        _ => 0,
    };
    let problem = match (form.kind, error) {
        (FormKind::LogIn, client::ClientError::Refused(model::Error::Unauthenticated(_))) => {
            "No account has this name with this password".to_owned()
        }
        (FormKind::SignUp, client::ClientError::Refused(model::Error::AlreadyExists(_))) => {
            "This username is taken: choose another".to_owned()
        }
        _ => SafeText::line(&error.to_string()).as_str().to_owned(),
    };
    form.refuse(place, problem);
    if form.kind == FormKind::LogIn
        && let Some(field) = form.fields.get_mut(1)
    {
        field.editor = terminal::editor::Editor::one_line("");
    }
}
