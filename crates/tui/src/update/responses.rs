//! Responses of the server: they update what is known and the screens that requested them.

use client::ClientError;
use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::effects::{Effects, ask};
use super::merge::{insert_all, merge};
use super::{chat, completion, compose, forms, learn, prompts, quit, session, unread, user_actions};
use crate::message::{Effect, LocalItem, Purpose};
use crate::page::{self, Page};
use crate::prompt::PromptKind;
use crate::route::{PageSelector, Route};
use crate::state::{Link, Phase, State};

/// Handles the response to a request.
pub(super) fn answered(
    state: &mut State,
    purpose: Purpose,
    result: Result<response::Result, ClientError>,
) -> Effects {
    match (purpose, result) {
        (Purpose::UserAction(action), result) => {
            let problem = result.err().map(|error| words(&error));
            user_actions::answered(state, &action, problem)
        }
        (Purpose::Send(key), result) => compose::sent(state, &key, result),
        (Purpose::CheckUsername(username), result) => {
            forms::username_checked(state, &username, result);
            Effects::new()
        }
        (Purpose::LogOut, result) => logged_out(state, result.err()),
        (purpose, Ok(result)) => succeeded(state, purpose, result),
        (purpose, Err(error)) => {
            failed(state, &purpose, &error);
            Effects::new()
        }
    }
}

fn words(error: &ClientError) -> String {
    SafeText::line(&error.to_string()).as_str().to_owned()
}

fn succeeded(state: &mut State, purpose: Purpose, result: response::Result) -> Effects {
    match (purpose, result) {
        (Purpose::Fill(route, part), result) => {
            let name = page::name_of(&route).filter(|_| part == PageSelector::Newest);
            let cached = cache(state, name, &result);
            cached.into_iter().chain(filled(state, &route, &part, result)).collect()
        }
        (Purpose::Profile(username), result) => {
            let cached = cache(state, page::name_of_profile(&username), &result);
            cached.into_iter().chain(learned(state, &Purpose::Profile(username), result)).collect()
        }
        (Purpose::SignIn, response::Result::LoggedIn(logged_in)) => signed_in(state, logged_in),
        (Purpose::Form, _) => {
            state.form = None;
            state.say("Saved");
            vec![ask(Purpose::Me, Op::GetProfile(v1::GetProfile { username: String::new() }))]
        }
        (Purpose::BindKey, _) => {
            state.session.offered_key = None;
            state.say("You can sign in with this SSH key from now on");
            Effects::new()
        }
        (Purpose::HidePresence(hidden), _) => {
            user_actions::presence_changed(state, hidden);
            Effects::new()
        }
        (Purpose::MarkNotificationsRead(up_to), _) => {
            unread::notifications_marked(state, up_to);
            Effects::new()
        }
        (purpose, result) => learned(state, &purpose, result),
    }
}

/// Shows an error if the user waits for the response; logs it otherwise.
fn failed(state: &mut State, purpose: &Purpose, error: &ClientError) {
    let text = words(error);
    match purpose {
        Purpose::Fill(route, part) => fill_failed(state, route, part, text),
        Purpose::SignIn | Purpose::Form => forms::refused(state, error),
        Purpose::BindKey => state.complain(format!("The SSH key was not added: {text}")),
        Purpose::HidePresence(true) => {
            state.complain(format!("Others can still see that you're online: {text}"));
        }
        Purpose::HidePresence(false) => state.complain(format!("Your presence is still hidden: {text}")),
        Purpose::MarkNotificationsRead(_) => {
            state.complain(format!("Notifications not marked as read: {text}"));
        }
        Purpose::Profile(_) if matches!(state.route(), Route::Profile(..)) => state.complain(text),
        _ => state.note(text),
    }
}

fn fill_failed(state: &mut State, route: &Route, part: &PageSelector, text: String) {
    let mut is_shown = false;
    if let Some(screen) = state.screens.by_route.get_mut(route) {
        screen.is_loading = false;
        is_shown = screen.phase == Phase::Ready;
        if !is_shown {
            screen.phase = Phase::Failed;
            screen.problem = Some(text.clone());
        }
    }
    // The screen itself shows the problem when it has nothing else to show.
    if is_shown || *part != PageSelector::Newest {
        state.complain(text);
    }
}

fn logged_out(state: &mut State, error: Option<ClientError>) -> Effects {
    if let Some(error) = error {
        state.complain(format!("Signed out here, but the server did not confirm it: {}", words(&error)));
    }
    let mut effects = quit::finish(state);
    effects.extend([Effect::Drop(LocalItem::Pages), Effect::SignedOut, Effect::Quit]);
    effects
}

/// Stores a response that belongs to no screen.
fn learned(state: &mut State, purpose: &Purpose, result: response::Result) -> Effects {
    match result {
        response::Result::Profile(profile) => {
            let is_first = *purpose == Purpose::Me && state.session.me.is_none();
            if *purpose == Purpose::Me {
                session::know_me(state, &profile);
            }
            state.entities.learn_profile(profile);
            if is_first {
                return session::after_me(state);
            }
        }
        response::Result::NotificationPage(page) => {
            state.live.unread = page.unread;
            learn::notifications(state, page);
        }
        response::Result::ConversationPage(page) => {
            learn::conversations(state, page);
        }
        response::Result::TrendList(list) => state.entities.trends = list.trends,
        response::Result::ReadLineList(list) => learn::read_lines(state, list),
        response::Result::OnlineList(list) => {
            state.live.online = learn::people(state, list.people).into_iter().collect();
        }
        response::Result::TweetPage(page) => {
            learn::tweets(state, page);
        }
        response::Result::TweetHistory(history) => {
            if let Purpose::History(id) = purpose {
                prompts::show_details(state, *id, &history.versions);
            }
        }
        response::Result::AccountPage(page) => {
            learn::people(state, page.people);
            completion::offer_again(state);
        }
        response::Result::HashtagList(list) => {
            learn::hashtags(state, list.hashtags);
            completion::offer_again(state);
        }
        _ => {}
    }
    state.refresh_all();
    Effects::new()
}

/// A session was made.
fn signed_in(state: &mut State, logged_in: v1::LoggedIn) -> Effects {
    state.form = None;
    state.prompt = None;
    let Some(profile) = logged_in.profile else { return Effects::new() };
    let username = profile.account.as_ref().map_or_else(String::new, |account| account.username.clone());
    let is_new = profile.following == 0 && profile.tweets == 0;
    let is_another = state.session.username.as_ref().is_some_and(|before| *before != username);
    let has_local_files = state.session.username.is_none() && state.terminal.capabilities.is_local && !is_new;
    let name = format!("{username}@{}", state.connection.server);
    let mut effects = vec![Effect::SignedIn { username, token: logged_in.token.into() }];
    if is_another || has_local_files {
        // Starts again with the files of the account: no account may see or send what belongs to another.
        effects.push(Effect::Switch(name));
        return effects;
    }
    effects.extend(session::begin(state, &profile));
    state.entities.learn_profile(profile);
    if state.session.offered_key.is_some() {
        effects.extend(prompts::open(state, PromptKind::BindKey));
    }
    if is_new {
        state.say("Welcome! gl: public tweets · gu: people · c: write a tweet · ?: help");
    }
    effects
}

/// A page of a screen arrived.
fn filled(state: &mut State, route: &Route, part: &PageSelector, result: response::Result) -> Effects {
    if let response::Result::Thread(thread) = result {
        show_thread(state, route, part, thread);
        return Effects::new();
    }
    let Some((ids, next)) = items(state, route, result) else { return Effects::new() };
    merge(state, route, part, ids, next);
    if let Route::Conversation(username) = route {
        if *part == PageSelector::Newest && state.route() == route {
            state.screen_mut().list.select_last();
        }
        return chat::mark_read(state, username);
    }
    Effects::new()
}

/// Stores the items of a page; returns their identifiers and the cursor of the next page, empty at the end.
fn items(state: &mut State, route: &Route, result: response::Result) -> Option<(Vec<u64>, String)> {
    let next = match &result {
        response::Result::TweetPage(page) => page.next.clone(),
        response::Result::NotificationPage(page) => page.next.clone(),
        response::Result::ConversationPage(page) => page.next.clone(),
        response::Result::MessagePage(page) => page.next.clone(),
        response::Result::AccountPage(page) => page.next.clone(),
        _ => String::new(),
    };
    let ids = match result {
        response::Result::TweetPage(page) => learn::tweets(state, page),
        response::Result::NotificationPage(page) => {
            state.live.unread = page.unread;
            learn::notifications(state, page)
        }
        response::Result::ConversationPage(page) => learn::conversations(state, page),
        response::Result::MessagePage(page) => {
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                screen.receipts = page.theirs.unwrap_or_default();
            }
            learn::messages(state, page)
        }
        response::Result::AccountPage(page) => learn::people(state, page.people),
        response::Result::OnlineList(list) => {
            let ids = learn::people(state, list.people);
            state.live.online = ids.iter().copied().collect();
            ids
        }
        response::Result::TrendList(list) => {
            state.entities.trends = list.trends;
            Vec::new()
        }
        response::Result::HashtagList(list) => {
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                screen.names = list.hashtags.iter().map(|tag| tag.name.as_str().into()).collect();
            }
            learn::hashtags(state, list.hashtags);
            Vec::new()
        }
        response::Result::SshKeyList(list) => {
            state.entities.keys = list.keys;
            Vec::new()
        }
        response::Result::SessionList(list) => {
            state.entities.sessions = list.sessions;
            Vec::new()
        }
        _ => return None,
    };
    Some((ids, next))
}

/// A page of a thread arrived.
fn show_thread(state: &mut State, route: &Route, part: &PageSelector, thread: v1::Thread) {
    let Some(tweet) = thread.tweet else { return };
    let root = tweet.id;
    state.entities.learn_accounts(thread.accounts);
    state.entities.learn_tweets(thread.referenced, true);
    let ancestors: Vec<u64> = thread.ancestors.iter().map(|one| one.id).collect();
    state.entities.learn_tweets(thread.ancestors, true);
    state.entities.learn_tweets([tweet], true);
    let replies = thread.replies.unwrap_or_default();
    let next = (!replies.next.is_empty()).then(|| replies.next.clone());
    let ids = learn::tweets(state, replies);
    let Some(screen) = state.screens.by_route.get_mut(route) else { return };
    let is_first = screen.phase != Phase::Ready;
    screen.is_loading = false;
    screen.phase = Phase::Ready;
    screen.as_of = None;
    screen.ancestors = ancestors;
    screen.next = next;
    if matches!(part, PageSelector::Newest) {
        screen.ids = ids;
    } else {
        insert_all(screen, ids);
    }
    state.refresh(route);
    if is_first && let Some(screen) = state.screens.by_route.get_mut(route) {
        screen.list.select(|row| row.tweet() == Some(root));
    }
}

/// Caches a page for when there is no connection. Over ssh there is always one: the client runs on the server.
fn cache(state: &State, name: Option<String>, result: &response::Result) -> Option<Effect> {
    let name = name.filter(|_| state.terminal.capabilities.is_local)?;
    let page = Page { received_ms: state.now, result: result.clone() };
    Some(Effect::Save(LocalItem::Page(name), page.encode()))
}

/// Shows a cached page, unless the server was faster.
pub(super) fn show_cached(state: &mut State, purpose: &Purpose, page: Page) {
    match purpose {
        Purpose::Fill(route, part) => {
            let screen = state.screens.by_route.entry(route.clone()).or_default();
            if screen.phase == Phase::Ready {
                return;
            }
            // Its effects were carried out when the page came from the server.
            let _ = filled(state, route, part, page.result);
            let read_line = route.read_line_name().and_then(|name| state.reading.lines.get(&name).copied());
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                screen.as_of = Some(page.received_ms);
                screen.read_line = screen.read_line.or(read_line);
            }
            state.refresh(route);
        }
        Purpose::Profile(username) if !state.entities.profiles.contains_key(username) => {
            let _ = learned(state, purpose, page.result);
        }
        _ => return,
    }
    // Presence is not cached.
    if state.connection.link != Link::Live {
        state.entities.forget_presence();
    }
}
