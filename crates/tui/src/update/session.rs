//! The connection and the session: connecting, signing in, losing the connection, being signed out.

use client::ClientError;
use model::SafeText;
use protocol::v1;

use super::effects::{Effects, ask_about_me};
use super::lists::fill_again;
use super::{compose, drafts, lists, navigation, prompts};
use crate::form::{Form, FormKind};
use crate::message::{Connected, Effect, LocalItem, Topic};
use crate::prompt::PromptKind;
use crate::route::{PageSelector, Route};
use crate::state::{Link, Me, Phase, State};

/// A connection was made.
pub(super) fn connected(state: &mut State, connected: Connected) -> Effects {
    state.connection.hello = connected.hello;
    state.connection.link = Link::Live;
    if let Some(key) = connected.first_contact {
        // Whole on a line of 80, so that it can be compared.
        state.say(format!("New server. Its key: {key}"));
    }
    if connected.signed_in {
        let mut effects = subscribe();
        effects.extend(ask_about_me());
        return effects;
    }
    // The form stays open when a session has ended.
    if state.form.as_ref().is_some_and(|form| form.kind == FormKind::LogIn) {
        return Effects::new();
    }
    state.form = None;
    prompts::open(state, PromptKind::SignIn)
}

/// The subscriptions of every session.
fn subscribe() -> Effects {
    [Topic::Home, Topic::Notifications, Topic::Conversations, Topic::Presence].map(Effect::Subscribe).to_vec()
}

/// A session was made.
pub(super) fn begin(state: &mut State, profile: &v1::Profile) -> Effects {
    let mut effects = subscribe();
    know_me(state, profile);
    effects.extend(ask_about_me());
    let route = state.route().clone();
    effects.extend(navigation::arrive(state, &route));
    effects
}

/// Takes over the user's own profile.
pub(super) fn know_me(state: &mut State, profile: &v1::Profile) {
    state.session.me = me_of(profile);
    state.session.username = state.session.me.as_ref().map(|me| me.account.username.clone());
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
    effects.extend(compose::release_outbox(state));
    effects
}

/// No connection could be made. `run` tries again if that may help.
pub(super) fn unreachable(state: &mut State, error: &ClientError) -> Effects {
    let text = SafeText::line(&error.to_string()).as_str().to_owned();
    match error {
        ClientError::Refused(model::Error::Unauthenticated(_)) => return session_ended(state),
        ClientError::KeyChanged { .. } | ClientError::File { .. } | ClientError::Protocol { .. } => {
            state.connection.link = Link::Stopped(text.clone());
        }
        _ => state.connection.link = Link::Reconnecting(text.clone()),
    }
    // Without a session there is nothing to read offline: the address may be wrong.
    if state.session.username.is_none() && state.form.is_none() && state.terminal.capabilities.is_local {
        state.form = Some(Form::connect(&state.connection.server));
    }
    if let Some(form) = &mut state.form {
        form.refuse(0, text);
    } else {
        state.complain(text);
    }
    Effects::new()
}

/// The connection changed its state.
pub(super) fn link(state: &mut State, link: client::State) -> Effects {
    match link {
        client::State::Connected => {
            let was_live = state.connection.link == Link::Live;
            (state.connection.link, state.connection.lost_at) = (Link::Live, None);
            if was_live || state.session.me.is_none() {
                return Effects::new();
            }
            let mut effects = fill_again(state);
            effects.extend(ask_about_me());
            effects
        }
        // Servers close connections that stay signed out; the next request makes another.
        client::State::Reconnecting { .. } if state.session.me.is_none() => Effects::new(),
        client::State::Reconnecting { why } => {
            let why = SafeText::line(&why).as_str().to_owned();
            state.note(why.clone());
            lost(state, Link::Reconnecting(why));
            Effects::new()
        }
        client::State::SignedOut(_) => session_ended(state),
        client::State::Stopped(error) => {
            let text = SafeText::line(&error.to_string()).as_str().to_owned();
            state.complain(text.clone());
            lost(state, Link::Stopped(text));
            Effects::new()
        }
    }
}

/// There are no live events from now on, and presence is unknown.
fn lost(state: &mut State, link: Link) {
    if state.connection.link == Link::Live {
        state.connection.lost_at = Some(state.now);
    }
    state.connection.link = link;
    state.entities.forget_presence();
    state.live.online.clear();
    if let Some(screen) = state.screens.by_route.get_mut(&Route::Online) {
        screen.ids.clear();
        screen.phase = Phase::New;
    }
    state.refresh(&Route::Online);
}

/// The session was revoked. Drafts and the outbox stay for the next session of the account.
fn session_ended(state: &mut State) -> Effects {
    let username = state.session.username.clone().unwrap_or_default();
    let mut effects = drafts::save(state);
    state.session.me = None;
    state.prompt = None;
    let mut form = Form::log_in(&username);
    form.problem = Some("Your session was revoked. Sign in again; your drafts are saved".to_owned());
    state.form = Some(form);
    let server = state.connection.server.clone();
    effects.extend([Effect::Drop(LocalItem::Pages), Effect::SignedOut, Effect::Connect(server)]);
    effects
}

fn me_of(profile: &v1::Profile) -> Option<Me> {
    let is_hidden = profile.own.is_some_and(|own| own.presence_hidden);
    profile.account.clone().map(|account| Me { account, is_hidden })
}
