//! Forms: notes while they are filled in, and what submitting them requests.

use client::ClientError;
use model::{SafeText, Strength, Username};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::effects::{Effects, ask};
use super::prompts;
use crate::form::{Form, FormKind, Note};
use crate::message::{Effect, Purpose};
use crate::state::{Link, State};
use crate::wording::READ_ONLY;
use terminal::editor::Editor;

/// Pause in typing after which the server is asked whether a username is available, in milliseconds.
const CHECK_MS: i64 = 400;

/// A field was edited: the problem is no longer shown, and notes are updated.
pub(super) fn changed(state: &mut State) {
    let (now, me) = (state.now, state.session.username.clone().unwrap_or_default());
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
        Strength::TooShort(1) => ("▁ 1 more character".to_owned(), false),
        Strength::TooShort(missing) => (format!("▁ {missing} more characters"), false),
        Strength::Guessable(why) => (format!("✕ {why}"), false),
        Strength::Weak => ("▂ weak: try several words".to_owned(), false),
        Strength::Fair => ("▅ fair".to_owned(), true),
        Strength::Strong => ("█ strong".to_owned(), true),
    };
    Note { text, is_good }
}

/// Asks whether the username is available, once typing has stopped.
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

/// Shows whether the username is available. Without an answer nothing is shown: signing up will tell.
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
        Ok(_) => ("✓ available".to_owned(), true),
        Err(ClientError::Refused(model::Error::AlreadyExists(_))) => ("✕ taken".to_owned(), false),
        Err(ClientError::Refused(error @ model::Error::Invalid { .. })) => {
            (format!("✕ {}", reason(&error)), false)
        }
        Err(_) => return,
    };
    form.note(0, Some(Note { text, is_good }));
}

/// The reason of an error, without the name of the field.
fn reason(error: &model::Error) -> String {
    match error {
        model::Error::Invalid { reason, .. } => SafeText::line(reason).as_str().to_owned(),
        other => other.to_string(),
    }
}

/// Moves to another field.
pub(super) fn step(state: &mut State, by: isize) -> Effects {
    if let Some(form) = &mut state.form {
        form.step(by);
    }
    Effects::new()
}

pub(super) fn leave(state: &mut State) -> Effects {
    state.form = None;
    if state.session.me.is_none() {
        prompts::open_first(state);
    }
    Effects::new()
}

/// Goes to the next field, or submits the form after the last.
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
    if !matches!(form.kind, FormKind::Connect | FormKind::LogIn) && state.session.is_read_only {
        form.refuse(0, READ_ONLY);
        return Effects::new();
    }
    match form.kind {
        FormKind::Connect => connect(state),
        FormKind::LogIn => log_in(form),
        FormKind::SignUp => sign_up(form),
        FormKind::EditProfile => edit_profile(form),
        FormKind::Password => change_password(form),
    }
}

fn connect(state: &mut State) -> Effects {
    let Some(form) = &mut state.form else { return Effects::new() };
    match client::Endpoint::parse(form.text(0)) {
        Err(error) => {
            form.refuse(0, error.to_string());
            Effects::new()
        }
        Ok(endpoint) => {
            form.is_busy = true;
            state.connection.server = endpoint.to_string();
            state.connection.link = Link::Connecting;
            vec![Effect::Connect(endpoint.to_string())]
        }
    }
}

fn log_in(form: &mut Form) -> Effects {
    let username = username(form);
    if username.is_empty() {
        form.refuse(0, "Enter your username");
        return Effects::new();
    }
    form.is_busy = true;
    let password = form.text(1).to_owned();
    vec![ask(Purpose::SignIn, Op::LogIn(v1::LogIn { username, password }))]
}

fn sign_up(form: &mut Form) -> Effects {
    if form.text(2) != form.text(3) {
        form.refuse(3, "Passwords don't match");
        return Effects::new();
    }
    form.is_busy = true;
    let sign_up = v1::SignUp {
        username: username(form),
        display_name: form.text(1).to_owned(),
        password: form.text(2).to_owned(),
        invite_code: form.text(4).trim().to_owned(),
    };
    vec![ask(Purpose::SignIn, Op::SignUp(sign_up))]
}

fn edit_profile(form: &mut Form) -> Effects {
    form.is_busy = true;
    let edit = v1::EditProfile {
        display_name: Some(form.text(0).to_owned()),
        bio: Some(form.text(1).to_owned()),
        presence_hidden: None,
    };
    vec![ask(Purpose::Form, Op::EditProfile(edit))]
}

fn change_password(form: &mut Form) -> Effects {
    if form.text(1) != form.text(2) {
        form.refuse(2, "Passwords don't match");
        return Effects::new();
    }
    form.is_busy = true;
    let (old_password, new_password) = (form.text(0).to_owned(), form.text(1).to_owned());
    vec![ask(Purpose::Form, Op::ChangePassword(v1::ChangePassword { old_password, new_password }))]
}

/// The first field without a leading `@`.
fn username(form: &Form) -> String {
    form.text(0).trim_start_matches('@').to_owned()
}

/// Shows or hides the passwords of the form.
pub(super) fn toggle_password(state: &mut State) -> Effects {
    if let Some(form) = &mut state.form {
        form.is_revealed = !form.is_revealed;
    }
    Effects::new()
}

/// The server refused the form: the problem is shown, what was typed stays.
pub(super) fn refused(state: &mut State, error: &ClientError) {
    let Some(form) = &mut state.form else { return };
    let field = match error {
        ClientError::Refused(model::Error::Invalid { field, .. }) => field.as_ref(),
        ClientError::Refused(model::Error::AlreadyExists(_)) => "username",
        ClientError::Refused(model::Error::Unauthenticated(_)) => "password",
        _ => "",
    };
    let index = match (form.kind, field) {
        (FormKind::SignUp, "display_name") => 1,
        (FormKind::SignUp, "password") => 2,
        (FormKind::SignUp, "invite_code") => 4,
        (FormKind::LogIn, "password")
        | (FormKind::EditProfile, "bio")
        | (FormKind::Password, "new_password") => 1,
        _ => 0,
    };
    let problem = match (form.kind, error) {
        (FormKind::LogIn, ClientError::Refused(model::Error::Unauthenticated(_))) => {
            "Wrong username or password".to_owned()
        }
        (FormKind::SignUp, ClientError::Refused(model::Error::AlreadyExists(_))) => {
            "This username is taken".to_owned()
        }
        _ => SafeText::line(&error.to_string()).as_str().to_owned(),
    };
    form.refuse(index, problem);
    if form.kind == FormKind::LogIn
        && let Some(field) = form.fields.get_mut(1)
    {
        field.editor = Editor::one_line("");
    }
}
