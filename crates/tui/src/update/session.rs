//! The connection and the session: connecting, signing in, losing the connection, being signed out.

use client::ClientError;
use model::SafeText;
use protocol::tls::Fingerprint;
use protocol::v1;

use super::effects::{Effects, ask_about_me, ask_about_server};
use super::lists::fill_again;
use super::{drafts, forms, learn, lists, navigation, outbox, pages, prompts};
use crate::form::{Form, FormKind};
use crate::log::Level;
use crate::message::{Connected, Effect, LocalItem, Topic};
use crate::prompt::PromptKind;
use crate::route::{PageSelector, Route};
use crate::settings::capitalized;
use crate::state::{Figure, Link, Me, Phase, State};
use crate::wording::{duration, problem};

/// A connection was made.
pub(super) fn connected(state: &mut State, connected: Connected) -> Effects {
    (state.connection.hello, state.connection.key) = (connected.hello, connected.key);
    (state.connection.link, state.connection.lost_at) = (Link::Live, None);
    state.connection.made_at = Some(state.now);
    state.connection.used.clone_from(&state.connection.server);
    state.live.tweets.note_connection();
    let has_new_name = learn_server_name(state);
    if connected.signed_in {
        note_session(state);
        let mut effects = subscribe();
        effects.extend(has_new_name.then(|| save_server_name(state)));
        effects.extend(ask_about_me());
        return effects;
    }
    // The form stays open when a session has ended.
    if state.form.as_ref().is_some_and(|form| form.kind == FormKind::LogIn) {
        return Effects::new();
    }
    state.form = None;
    let mut effects = prompts::open(state, PromptKind::SignIn);
    effects.push(ask_about_server());
    effects
}

/// Logs whose session there is on which server, before what the server says in it.
fn note_session(state: &mut State) {
    let name = state.session.username.clone().unwrap_or_default();
    let server = state.server_name();
    state.note(Level::Info, format!("Signed in as @{name} on {server}"));
}

/// Takes over the name of the server; whether it is a new one.
fn learn_server_name(state: &mut State) -> bool {
    let (address, name) = (state.connection.server.clone(), state.connection.hello.server_name.clone());
    let before = state.connection.names.insert(address, name.clone());
    !name.is_empty() && before != Some(name)
}

/// Keeps the name of the server for when there is no connection, and for the menu of accounts.
fn save_server_name(state: &State) -> Effect {
    Effect::Save(LocalItem::ServerName, state.connection.hello.server_name.clone().into_bytes())
}

/// The subscriptions of every session.
fn subscribe() -> Effects {
    [Topic::Home, Topic::Notifications, Topic::Conversations, Topic::Presence].map(Effect::Subscribe).to_vec()
}

/// A session was made.
pub(super) fn begin(state: &mut State, profile: &v1::Profile) -> Effects {
    let mut effects = subscribe();
    effects.push(save_server_name(state));
    know_me(state, profile);
    (state.session.has_ended, state.session.why_signed_out) = (false, None);
    note_session(state);
    effects.extend(ask_about_me());
    let route = state.route().clone();
    effects.extend(navigation::arrive(state, &route));
    effects
}

/// Takes over the user's own profile.
pub(super) fn know_me(state: &mut State, profile: &v1::Profile) {
    state.session.me = me_of(profile);
    state.session.username = state.session.me.as_ref().map(|me| me.account.username.clone());
    learn::own_presence(state);
    // An error on the screen is more important than the advice.
    let has_bad_news = state.toast.as_ref().is_some_and(|toast| toast.is_error);
    if profile.own.is_some_and(|own| own.password_change_advised) && !has_bad_news {
        state.say("An administrator set your password. Please change it with :password");
    }
}

/// What has to wait until it is known who one is.
pub(super) fn after_me(state: &mut State) -> Effects {
    let route = state.route().clone();
    // What was kept from the last time is shown, and may be old.
    let was_kept = state.screens.by_route.get(&route).is_some_and(|screen| screen.phase == Phase::Ready);
    let mut effects = navigation::arrive(state, &route);
    if was_kept {
        effects.extend(lists::fill(state, &route, PageSelector::Newest));
    }
    effects.extend(outbox::release(state));
    effects
}

/// No connection could be made. `run` tries again if that may help.
pub(super) fn unreachable(state: &mut State, error: &ClientError) -> Effects {
    let text = words_of(state, error);
    if let ClientError::KeyUnknown { endpoint, presented } = error
        && !state.terminal.capabilities.is_unattended
    {
        state.connection.link = Link::Stopped(format!("The key of {endpoint} is not trusted"));
        state.note(Level::Warning, format!("New server {endpoint}. Its key: {presented}"));
        state.form = None;
        return prompts::open(state, PromptKind::FirstContact { server: endpoint.clone(), key: *presented });
    }
    match error {
        ClientError::Refused(model::Error::Unauthenticated(reason)) => return session_ended(state, reason),
        ClientError::KeyChanged { .. }
        | ClientError::KeyUnknown { .. }
        | ClientError::Insecure(_)
        | ClientError::File { .. }
        | ClientError::Protocol { .. } => {
            state.connection.link = Link::Stopped(text.clone());
        }
        _ => state.connection.link = Link::Reconnecting(text.clone()),
    }
    if let ClientError::KeyChanged { address, presented, .. } = error {
        return key_changed(state, address.to_string(), *presented, error);
    }
    // Without a session there is nothing to read offline: the address may be wrong.
    if state.session.username.is_none() && state.form.is_none() && state.terminal.capabilities.is_local {
        state.form = Some(Form::connect(&state.connection.server));
        state.prompt = None;
    }
    match (&mut state.form, error) {
        (Some(form), ClientError::KeyUnknown { .. }) => form.refuse(0, whole(error)),
        (Some(form), _) => form.refuse(0, SafeText::line(&error.sentence()).as_str().to_owned()),
        (None, ClientError::KeyUnknown { .. }) => {
            let text = whole(error);
            state.note(Level::Error, text.replace('\n', " "));
            return prompts::open(state, PromptKind::Notice("The server's key is not known", text));
        }
        (None, _) => state.fail(sentence(&text), error.to_string()),
    }
    Effects::new()
}

/// An error on one line. Those about keys are long: they are shown whole elsewhere.
fn words_of(state: &State, error: &ClientError) -> String {
    match error {
        ClientError::KeyChanged { .. } => format!("The key of {} has changed", state.connection.server),
        ClientError::KeyUnknown { .. } => format!("The key of {} is not known", state.connection.server),
        error => problem(error),
    }
}

/// An error with its line breaks.
fn whole(error: &ClientError) -> String {
    SafeText::lines(&error.sentence()).as_str().to_owned()
}

/// The server's key is not the known one: both are shown, and what to do.
fn key_changed(state: &mut State, server: String, key: Fingerprint, error: &ClientError) -> Effects {
    let text = whole(error);
    state.note(Level::Error, text.replace('\n', " "));
    state.form = None;
    prompts::open(state, PromptKind::KeyChanged { server, key, text })
}

/// Something outside failed, for example starting a server. Without a session there is nothing to see then but the first
/// menu.
pub(super) fn failed(state: &mut State, problem: String) -> Effects {
    state.complain(problem);
    if state.is_signed_out() && state.form.is_none() && state.prompt.is_none() {
        prompts::open_first(state);
    }
    Effects::new()
}

/// The connection changed its state.
pub(super) fn link(state: &mut State, link: client::State) -> Effects {
    match link {
        client::State::Connected => {
            let was_live = state.connection.link == Link::Live;
            let was_late = state.connection.link == Link::Late;
            let lost_at = state.connection.lost_at;
            (state.connection.link, state.connection.lost_at) = (Link::Live, None);
            state.connection.made_at.get_or_insert(state.now);
            state.live.tweets.note_connection();
            if was_live || state.session.me.is_none() {
                return Effects::new();
            }
            if let Some(lost_at) = lost_at {
                state.note(Level::Warning, format!("Reconnected after {}", duration(state.now - lost_at)));
            }
            state.pending.hurry(state.now);
            if was_late {
                // Nothing was missed.
                return lists::fill_ahead(state);
            }
            let mut effects = fill_again(state);
            effects.extend(ask_about_me());
            effects.extend((*state.route() == Route::Doctor).then_some(Effect::MeasureRoundTrip));
            effects
        }
        client::State::Late => {
            if state.connection.link == Link::Live {
                state.connection.link = Link::Late;
                outbox::say_what_waits(state);
            }
            Effects::new()
        }
        // Servers close connections that stay signed out; the next request makes another.
        client::State::Reconnecting { .. } if state.session.me.is_none() => Effects::new(),
        client::State::Reconnecting { why } => {
            let why = SafeText::line(&why).as_str().to_owned();
            if matches!(state.connection.link, Link::Live | Link::Late) {
                state.log.add(state.now, Level::Warning, "Connection lost".to_owned(), why.clone());
            }
            let effects = lost(state, Link::Reconnecting(why));
            outbox::say_what_waits(state);
            effects
        }
        client::State::SignedOut(ClientError::Refused(model::Error::Unauthenticated(reason))) => {
            session_ended(state, &reason)
        }
        client::State::SignedOut(error) => session_ended(state, &error.to_string()),
        client::State::Stopped(error) => {
            let text = words_of(state, &error);
            let mut effects = lost(state, Link::Stopped(text.clone()));
            if let ClientError::KeyChanged { address, presented, .. } = &error {
                effects.extend(key_changed(state, address.to_string(), *presented, &error));
            } else {
                state.fail(sentence(&text), error.to_string());
            }
            effects
        }
    }
}

/// There are no live events from now on, and presence is unknown.
fn lost(state: &mut State, link: Link) -> Effects {
    let was_connected = matches!(state.connection.link, Link::Live | Link::Late);
    if was_connected {
        state.note_confirmed();
        state.connection.lost_at = Some(state.now);
    }
    state.connection.link = link;
    (state.connection.made_at, state.connection.round_trip) = (None, None);
    forget_presence(state);
    if was_connected { pages::save_all(state) } else { Effects::new() }
}

fn forget_presence(state: &mut State) {
    state.entities.forget_presence();
    state.live.online.clear();
    state.live.known.remove(&Figure::Online);
    for route in Route::all_online() {
        if let Some(screen) = state.screens.by_route.get_mut(&route) {
            screen.ids.clear();
            screen.phase = Phase::New;
        }
        state.replace_rows(&route);
    }
}

/// The session has ended, for this reason. Drafts and the outbox stay for the next session of the account.
fn session_ended(state: &mut State, reason: &str) -> Effects {
    let username = state.session.username.clone().unwrap_or_default();
    let mut effects = drafts::save(state);
    (state.session.me, state.session.has_ended) = (None, true);
    // The server says why: it can be more than the end of a session.
    state.session.why_signed_out = Some(format!("{}. Your drafts are saved", sentence(reason)));
    state.live.known.clear();
    forget_presence(state);
    state.prompt = None;
    state.form = Some(Form {
        problem: state.session.why_signed_out.clone(),
        ..Form::log_in(&username, forms::takes_accounts(state))
    });
    let server = state.connection.server.clone();
    effects.extend([Effect::Drop(LocalItem::Pages), Effect::SignedOut, Effect::Connect(server)]);
    effects
}

/// A reason of the server with a capital letter.
fn sentence(reason: &str) -> String {
    capitalized(SafeText::line(reason).as_str())
}

fn me_of(profile: &v1::Profile) -> Option<Me> {
    let is_hidden = profile.own.is_some_and(|own| own.presence_hidden);
    profile.account.clone().map(|account| Me { account, is_hidden })
}
