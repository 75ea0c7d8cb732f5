//! Forms: notes while they are filled in, and what submitting them requests.

use client::ClientError;
use model::limits::PASSWORD_BYTES_MIN;
use model::{SafeText, Strength, Username};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::effects::{Effects, ask};
use super::{preferences, prompts, read_only};
use crate::about::rules_text;
use crate::form::{Button, FieldId, Form, FormKind, Note};
use crate::message::{Effect, Purpose};
use crate::prompt::PromptKind;
use crate::quiet::{Days, Quiet, TimeOfDay};
use crate::state::{Link, State};
use crate::view::form::Part;
use crate::wording::READ_ONLY;
use terminal::editor::Editor;
use terminal::key::{Code, Key};

/// Pause in typing after which the server is asked whether a username is available, in milliseconds.
const CHECK_MS: i64 = 400;

const TAKEN: &str = "This username is taken";
const WRONG_PASSWORD: &str =
    "Wrong username or password. If you forgot your password, ask the operator of this server";

/// A field was edited: its problem is no longer shown, and notes are updated. Why there is no session stays.
pub(super) fn changed(state: &mut State) {
    let (now, me) = (state.now, state.session.username.clone().unwrap_or_default());
    // In plain mode it was read out, and the line stays.
    let is_plain = state.terminal.capabilities.is_plain;
    let standing = state.session.why_signed_out.clone().filter(|_| !is_plain);
    let Some(form) = &mut state.form else { return };
    if !is_still_too_short(form, &me) {
        (form.problem, form.problem_at) = (standing.filter(|_| form.kind == FormKind::LogIn), None);
    }
    let Some(field) = form.focused() else { return };
    let (id, is_empty) = (field.id, field.editor.text().is_empty());
    form.note(id, None);
    match id {
        FieldId::NewPassword if !is_empty => {
            let username = if form.kind == FormKind::SignUp { form.username().to_owned() } else { me };
            form.note(id, Some(strength_note(form.text(id), &username)));
        }
        FieldId::Username if form.kind == FormKind::SignUp => {
            form.check_at = (!is_empty).then_some(now + CHECK_MS);
        }
        _ => {}
    }
}

/// Whether the new password that is typed was refused because it was too short, and still is.
fn is_still_too_short(form: &Form, username: &str) -> bool {
    let index = form.index(FieldId::NewPassword);
    let field =
        form.fields.get(index).filter(|field| field.id == FieldId::NewPassword && form.focus == index);
    let was_refused = form.problem_at == Some(index) && form.problem == Some(too_short());
    let username = if form.kind == FormKind::SignUp { form.username() } else { username };
    let is_short = |text: &str| matches!(model::strength(text, username), Strength::TooShort(_));
    was_refused && field.is_some_and(|field| is_short(field.editor.text()))
}

fn too_short() -> String {
    format!("That was too short: a password has at least {PASSWORD_BYTES_MIN} characters")
}

/// Answers the question of the field that has the focus, as if the text was typed there.
pub(super) fn answer(state: &mut State, text: &str) -> Effects {
    let Some(form) = &mut state.form else { return Effects::new() };
    let focus = form.focus;
    let Some(field) = form.focused_mut() else { return Effects::new() };
    field.editor = Editor::one_line("");
    if text.len() > field.editor.space() {
        form.refuse(focus, "This is too long");
        return Effects::new();
    }
    let _ = field.editor.insert(text);
    changed(state);
    submit(state)
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
    let written = form.username().to_owned();
    match Username::parse_new(&written) {
        Ok(username) => {
            let username = username.as_str().to_owned();
            let purpose = Purpose::CheckUsername(written);
            vec![ask(purpose, Op::CheckUsername(v1::CheckUsername { username }))]
        }
        Err(error) => {
            let note = Note { text: format!("✕ {}", reason(&error)), is_good: false };
            form.note(FieldId::Username, Some(note));
            Effects::new()
        }
    }
}

/// Shows whether the username is available. Without an answer nothing is shown: signing up will tell.
pub(super) fn username_checked(
    state: &mut State,
    username: &str,
    result: Result<response::Result, ClientError>,
) -> Effects {
    let is_of_form = |form: &&mut Form| form.kind == FormKind::SignUp && form.username() == username;
    let Some(form) = state.form.as_mut().filter(is_of_form) else { return Effects::new() };
    let is_taken = matches!(result, Err(ClientError::Refused(model::Error::AlreadyExists(_))));
    let note = match result {
        Ok(_) => Some(("✓ available".to_owned(), true)),
        Err(_) if is_taken => Some(("✕ taken".to_owned(), false)),
        Err(ClientError::Refused(error @ model::Error::Invalid { .. })) => {
            Some((format!("✕ {}", reason(&error)), false))
        }
        Err(_) => None,
    };
    if let Some((text, is_good)) = note {
        form.note(FieldId::Username, Some(Note { text, is_good }));
    }
    proceed_after_check(state, is_taken)
}

/// Plain mode waits for the answer before it asks for the next field.
fn proceed_after_check(state: &mut State, is_taken: bool) -> Effects {
    let Some(form) = state.form.as_mut().filter(|form| form.is_busy) else { return Effects::new() };
    form.is_busy = false;
    if is_taken {
        form.refuse(form.index(FieldId::Username), TAKEN);
        return Effects::new();
    }
    proceed(state)
}

/// The reason of an error, without the name of the field.
fn reason(error: &model::Error) -> String {
    match error {
        model::Error::Invalid { reason, .. } => SafeText::line(reason).as_str().to_owned(),
        other => other.to_string(),
    }
}

/// Opens the form for signing in.
pub(super) fn open_log_in(state: &mut State) {
    let username = state.session.username.clone().unwrap_or_default();
    state.form = Some(Form::log_in(&username, takes_accounts(state)));
    // It says why there is no session, if that is known.
    changed(state);
}

/// Opens the form for signing up. Plain mode says what the operator says about the server; the screen shows it.
pub(super) fn open_sign_up(state: &mut State) {
    let info = &state.connection.info;
    let has_rules = !info.rules.is_empty();
    let said = info.description.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut words = if said.is_empty() { Vec::new() } else { vec![format!("The operator says: {said}")] };
    words.extend(has_rules.then(|| format!("The rules are:\n{}", rules_text(state))));
    if !words.is_empty() && state.terminal.capabilities.is_plain {
        state.say(words.join("\n"));
    }
    let form = Form::sign_up(state.connection.hello.sign_up() == v1::SignUpMode::Invite, has_rules);
    let left = state.left_sign_up.take().filter(|left| left.len() == form.fields.len());
    state.form = Some(match left {
        Some(fields) => Form { fields, ..form },
        None => form,
    });
    changed(state);
}

/// The form for signing up leads to the rules, once it is known that there are some.
pub(super) fn offer_rules(state: &mut State) {
    let has_rules = !state.connection.info.rules.is_empty();
    if let Some(form) = state.form.as_mut().filter(|form| form.kind == FormKind::SignUp)
        && has_rules
        && !form.buttons.contains(&Button::Rules)
    {
        form.buttons.push(Button::Rules);
    }
}

/// Whether the server takes new accounts.
pub(super) fn takes_accounts(state: &State) -> bool {
    state.connection.hello.sign_up() != v1::SignUpMode::Closed
}

/// Moves to another field.
pub(super) fn step(state: &mut State, by: isize) -> Effects {
    if let Some(form) = &mut state.form {
        form.step(by);
    }
    Effects::new()
}

/// A key that is no shortcut is typed into the field, or changes its value.
pub(super) fn key(state: &mut State, key: Key) -> Effects {
    let Some(field) = state.form.as_mut().and_then(Form::focused_mut) else { return Effects::new() };
    match key.code {
        _ if field.values.is_empty() => {
            field.editor.key(key, usize::MAX);
        }
        Code::Left => field.step(-1),
        Code::Right | Code::Char(' ') => field.step(1),
        Code::Char(letter) => {
            field.choose(letter.encode_utf8(&mut [0; 4]));
        }
        _ => {}
    }
    changed(state);
    Effects::new()
}

/// A click on a part of the form: a field gets the focus, a value changes, a button is pressed.
pub(super) fn click(state: &mut State, part: Part) -> Effects {
    let Some(form) = &mut state.form else { return Effects::new() };
    match part {
        Part::Field(index, at) => {
            form.focus = index;
            if let (Some(field), Some(at)) = (form.focused_mut(), at) {
                field.editor.move_to(at);
            }
            Effects::new()
        }
        Part::Value(index, by) => {
            form.focus = index;
            if let Some(field) = form.focused_mut() {
                field.step(by);
            }
            changed(state);
            Effects::new()
        }
        Part::Button(place) => {
            form.focus = form.fields.len() + place;
            submit(state)
        }
    }
}

/// Closes the form. What was typed to sign up is there again when it is opened again, but for passwords.
pub(super) fn leave(state: &mut State) -> Effects {
    let form = state.form.take();
    let was_tried = |form: &Form| {
        form.is_busy || (state.connection.server != state.connection.used && state.is_signed_out())
    };
    let gives_up = form.as_ref().is_some_and(|form| form.kind == FormKind::Connect && was_tried(form));
    let effects = if gives_up { prompts::give_up_connecting(state) } else { Effects::new() };
    let left = form.filter(|form| form.kind == FormKind::SignUp);
    if let Some(mut left) = left.filter(|_| !state.terminal.capabilities.is_plain) {
        left.clear(&[FieldId::NewPassword, FieldId::Confirmation]);
        left.note(FieldId::Username, None);
        state.left_sign_up = Some(left.fields);
    }
    if state.session.me.is_none() {
        prompts::open_first(state);
    }
    effects
}

/// Goes to the next field, or submits the form after the last. A field that cannot be right is refused at once.
pub(super) fn submit(state: &mut State) -> Effects {
    let me = state.session.username.clone().unwrap_or_default();
    let Some(form) = &mut state.form else { return Effects::new() };
    if form.is_busy {
        return Effects::new();
    }
    match form.focused_button() {
        Some(Button::SignUp) => {
            open_sign_up(state);
            return Effects::new();
        }
        Some(Button::Rules) => {
            let rules = PromptKind::Notice("Rules", rules_text(state));
            return prompts::open(state, rules);
        }
        Some(Button::NoQuiet) => {
            state.form = None;
            return preferences::set_quiet(state, &Quiet::default());
        }
        Some(Button::Submit) | None => {}
    }
    if let Some(problem) = problem_of(form, form.focus, &me) {
        refuse_field(form, form.focus, problem);
        return Effects::new();
    }
    let can_check = state.terminal.capabilities.is_plain && state.connection.link == Link::Live;
    if can_check && is_username_unchecked(form) {
        form.is_busy = true;
        form.check_at = Some(state.now);
        return check_username(state);
    }
    proceed(state)
}

/// Asks for the next field, or submits the form that is complete.
fn proceed(state: &mut State) -> Effects {
    let me = state.session.username.clone().unwrap_or_default();
    let Some(form) = &mut state.form else { return Effects::new() };
    if let Some(next) = form.next() {
        (form.focus, form.reached) = (next, form.reached.max(next));
        changed(state);
        return Effects::new();
    }
    (form.problem, form.reached) = (None, form.fields.len());
    // The keys that move between fields leave fields behind that were not looked at.
    let first = (0..form.fields.len()).find_map(|index| Some((index, problem_of(form, index, &me)?)));
    if let Some((index, problem)) = first {
        refuse_field(form, index, problem);
        return Effects::new();
    }
    if !matches!(form.kind, FormKind::Connect | FormKind::LogIn | FormKind::Quiet)
        && state.session.is_read_only
    {
        form.refuse(0, READ_ONLY);
        return Effects::new();
    }
    if matches!(form.kind, FormKind::Connect | FormKind::LogIn | FormKind::SignUp) {
        state.session.why_signed_out = None;
    }
    match form.kind {
        FormKind::Connect => connect(state),
        FormKind::LogIn => log_in(form),
        FormKind::SignUp => sign_up(form),
        FormKind::EditProfile => edit_profile(form),
        FormKind::Password => change_password(form),
        FormKind::AddKey => {
            form.is_busy = true;
            let password = form.text(FieldId::Password).to_owned();
            add_key(state, password)
        }
        FormKind::Quiet => quiet(state),
    }
}

/// Whether the username is asked for whose availability is not known.
fn is_username_unchecked(form: &Form) -> bool {
    let is_asked = form.focused().is_some_and(|field| field.id == FieldId::Username && field.note.is_none());
    form.kind == FormKind::SignUp && is_asked
}

/// Submits the form from any field.
pub(super) fn submit_all(state: &mut State) -> Effects {
    if let Some(form) = &mut state.form {
        form.focus = form.fields.len();
    }
    submit(state)
}

/// What is wrong with a field, as far as it is known without the server.
fn problem_of(form: &Form, index: usize, me: &str) -> Option<String> {
    let field = form.fields.get(index)?;
    let is_empty = field.editor.is_blank();
    let username = if form.kind == FormKind::SignUp { form.username() } else { me };
    match field.id {
        FieldId::Server if field.value().trim().is_empty() => {
            Some("Enter the address of the server, for example tweets.example.org".to_owned())
        }
        FieldId::Username if is_empty => Some("Enter your username".to_owned()),
        FieldId::Username if form.kind == FormKind::SignUp => {
            let error = Username::parse_new(form.username()).err()?;
            Some(format!("This username {}", reason(&error)))
        }
        FieldId::Invite if is_empty => {
            Some("Enter the invite code that you got; without one you can't sign up here".to_owned())
        }
        FieldId::Password if field.editor.text().is_empty() => Some("Enter your password".to_owned()),
        FieldId::NewPassword => match model::strength(field.editor.text(), username) {
            // The field is emptied: what was missing before is no longer what is missing.
            Strength::TooShort(_) if is_empty => {
                Some(format!("Enter a password of at least {PASSWORD_BYTES_MIN} characters"))
            }
            Strength::TooShort(_) => Some(too_short()),
            Strength::Guessable(why) => Some(format!("This password is {why}: choose another one")),
            Strength::Weak | Strength::Fair | Strength::Strong => None,
        },
        FieldId::QuietFrom | FieldId::QuietTo if field.value().parse::<TimeOfDay>().is_err() => {
            Some("Enter a time of day, for example 22:00".to_owned())
        }
        FieldId::QuietTo if time_in(form, FieldId::QuietFrom) == time_in(form, FieldId::QuietTo) => {
            Some("Enter another time: it would end when it begins".to_owned())
        }
        FieldId::Confirmation if form.text(FieldId::NewPassword) != field.editor.text() => {
            Some("Passwords don't match: enter both again".to_owned())
        }
        _ => None,
    }
}

/// The time of day in a field, or that an empty field stands for.
fn time_in(form: &Form, id: FieldId) -> Option<TimeOfDay> {
    form.fields.get(form.index(id))?.value().parse().ok()
}

/// Asks for a field again. Of two passwords that differ, either can be the wrong one: both are asked for.
fn refuse_field(form: &mut Form, index: usize, problem: String) {
    let is_confirmation = form.fields.get(index).is_some_and(|field| field.id == FieldId::Confirmation);
    let index = if is_confirmation { form.index(FieldId::NewPassword) } else { index };
    if form.fields.get(index).is_some_and(|field| field.id == FieldId::NewPassword) {
        form.clear(&[FieldId::NewPassword, FieldId::Confirmation]);
    }
    form.refuse(index, problem);
}

fn connect(state: &mut State) -> Effects {
    let Some(form) = &mut state.form else { return Effects::new() };
    let server = form.fields.first().map(|field| field.value().trim().to_owned()).unwrap_or_default();
    match client::Endpoint::parse(&server) {
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

fn quiet(state: &mut State) -> Effects {
    let Some(form) = state.form.take() else { return Effects::new() };
    let quiet = Quiet {
        from: time_in(&form, FieldId::QuietFrom).unwrap_or_default(),
        to: time_in(&form, FieldId::QuietTo).unwrap_or_default(),
        days: Days::by_name(form.text(FieldId::QuietDays)).unwrap_or_default(),
    };
    preferences::set_quiet(state, &quiet)
}

fn log_in(form: &mut Form) -> Effects {
    form.is_busy = true;
    let (username, password) = (form.username().to_owned(), form.text(FieldId::Password).to_owned());
    vec![ask(Purpose::SignIn, Op::LogIn(v1::LogIn { username, password }))]
}

fn sign_up(form: &mut Form) -> Effects {
    form.is_busy = true;
    let sign_up = v1::SignUp {
        username: form.username().to_owned(),
        display_name: form.text(FieldId::DisplayName).to_owned(),
        password: form.text(FieldId::NewPassword).to_owned(),
        invite_code: form.text(FieldId::Invite).trim().to_owned(),
    };
    vec![ask(Purpose::SignIn, Op::SignUp(sign_up))]
}

fn edit_profile(form: &mut Form) -> Effects {
    form.is_busy = true;
    let edit = v1::EditProfile {
        display_name: Some(form.text(FieldId::DisplayName).to_owned()),
        bio: Some(form.text(FieldId::Bio).to_owned()),
        presence_hidden: None,
    };
    vec![ask(Purpose::Form, Op::EditProfile(edit))]
}

fn change_password(form: &mut Form) -> Effects {
    form.is_busy = true;
    let old_password = form.text(FieldId::Password).to_owned();
    let new_password = form.text(FieldId::NewPassword).to_owned();
    vec![ask(Purpose::Form, Op::ChangePassword(v1::ChangePassword { old_password, new_password }))]
}

/// Adds the key of this ssh connection to the account. The server wants the password unless it was given a short time
/// ago: it is asked for only then.
pub(super) fn bind_key(state: &mut State) -> Effects {
    if read_only::refuses(state) { Effects::new() } else { add_key(state, String::new()) }
}

/// Requests to add the offered ssh key to the account; an empty password is none.
fn add_key(state: &State, password: String) -> Effects {
    let Some(public_key) = state.session.offered_key.clone() else { return Effects::new() };
    let name = public_key.split_whitespace().nth(2).unwrap_or("ssh").to_owned();
    vec![ask(Purpose::BindKey, Op::AddSshKey(v1::AddSshKey { public_key, name, password }))]
}

/// The server has not added the ssh key. If it wants the password, the form for it is opened.
pub(super) fn key_refused(state: &mut State, error: &ClientError) {
    let is_open = state.form.as_ref().is_some_and(|form| form.kind == FormKind::AddKey);
    let wants_password =
        matches!(error, ClientError::Refused(model::Error::Invalid { field, .. }) if field == "password");
    if is_open {
        refused(state, error);
    } else if wants_password && state.form.is_none() {
        state.form = Some(Form::add_key());
    } else {
        state.complain(format!("The SSH key was not added: {}", SafeText::line(&error.to_string())));
    }
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
    let is_plain = state.terminal.capabilities.is_plain;
    let Some(form) = &mut state.form else { return };
    let id = match error {
        ClientError::Refused(model::Error::Invalid { field, .. }) => Some(match field.as_ref() {
            "display_name" => FieldId::DisplayName,
            "bio" => FieldId::Bio,
            "password" if form.kind == FormKind::SignUp => FieldId::NewPassword,
            "password" | "old_password" => FieldId::Password,
            "new_password" => FieldId::NewPassword,
            "invite_code" => FieldId::Invite,
            _ => FieldId::Username,
        }),
        ClientError::Refused(model::Error::Unauthenticated(_)) => Some(FieldId::Password),
        ClientError::Refused(model::Error::AlreadyExists(_)) => Some(FieldId::Username),
        _ => None,
    };
    let problem = match (form.kind, error) {
        (FormKind::LogIn, ClientError::Refused(model::Error::Unauthenticated(_))) => {
            WRONG_PASSWORD.to_owned()
        }
        (FormKind::SignUp, ClientError::Refused(model::Error::AlreadyExists(_))) => TAKEN.to_owned(),
        _ => SafeText::line(&error.sentence()).as_str().to_owned(),
    };
    // It is true for as long as nothing is done about it, other than that of a typing mistake.
    if let (FormKind::LogIn, ClientError::Refused(model::Error::Forbidden(_))) = (form.kind, error) {
        state.session.why_signed_out = Some(problem.clone());
    }
    // Plain mode asks for a field again: the first one, which can stay as it is.
    let id = id.or_else(|| form.fields.first().filter(|_| is_plain).map(|field| field.id));
    let Some(id) = id else { return form.refuse_whole(problem) };
    let index = form.index(id);
    match form.fields.get(index).map(|field| field.id) {
        Some(FieldId::NewPassword) => form.clear(&[FieldId::NewPassword, FieldId::Confirmation]),
        Some(FieldId::Password) => form.clear(&[FieldId::Password]),
        _ => {}
    }
    form.refuse(index, problem);
}
