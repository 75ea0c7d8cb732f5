//! Responses of the server: they update what is known and the screens that requested them.

use client::ClientError;
use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::effects::{Effects, ask};
use super::merge::{insert_all, merge};
use super::{
    chat, completion, drafts, forms, learn, notifications, outbox, pages, parents, people, prompts, quit,
    server_info, session, tweet_refresh, user_actions,
};
use crate::commands::Action;
use crate::composer::Composer;
use crate::empty::is_beginning;
use crate::log::Level;
use crate::message::{Effect, LocalItem, Purpose};
use crate::page::Page;
use crate::prompt::PromptKind;
use crate::route::{PageSelector, Route};
use crate::row::Row;
use crate::state::{Link, Phase, State};
use crate::wording::{account_words, problem, way_to};

/// Why a page cannot be shown that the server has sent.
const MISMATCH: &str = "The server's response does not match the request";

/// People whom the home feed asks the server to suggest: more than it shows, because some are dismissed.
const SUGGESTIONS: u32 = 20;

/// Handles the response to a request. What is logged about an internal error of the server has its number, which the
/// operator can look up.
pub(super) fn answered(
    state: &mut State,
    purpose: Purpose,
    result: Result<response::Result, ClientError>,
) -> Effects {
    let Err(ClientError::Refused(model::Error::Internal { incident })) = &result else {
        return handle(state, purpose, result);
    };
    let (incident, first) = (incident.clone(), state.log.next_number());
    let effects = handle(state, purpose, result);
    if !state.log.note_incident(first, &incident) {
        state.note(Level::Error, "The server could not carry out a request");
        state.log.note_incident(first, &incident);
    }
    effects
}

fn handle(state: &mut State, purpose: Purpose, result: Result<response::Result, ClientError>) -> Effects {
    if let Purpose::Profile(username) = &purpose {
        let of_profile = |route: &Route| matches!(route, Route::Profile(name, _) if name == username);
        for (_, screen) in state.screens.by_route.iter_mut().filter(|(route, _)| of_profile(route)) {
            screen.is_head_loading = false;
        }
    }
    if purpose == Purpose::Suggestions
        && let Some(home) = state.screens.by_route.get_mut(&Route::Home)
    {
        home.is_head_loading = false;
    }
    match (purpose, result) {
        (Purpose::UserAction(action), result) => {
            user_actions::answered(state, &action, result.err().as_ref())
        }
        (Purpose::Send(key), result) => outbox::sent(state, &key, result),
        (Purpose::CheckUsername(username), result) => forms::username_checked(state, &username, result),
        (Purpose::LogOut, result) => logged_out(state, result.err()),
        (purpose, Ok(result)) => {
            let effects = succeeded(state, purpose, result);
            // The page may have been read before the server carried out what is shown as done.
            state.pending.apply(&mut state.entities);
            effects
        }
        (purpose, Err(error)) => {
            failed(state, &purpose, &error);
            match (purpose, error) {
                (
                    Purpose::Fill(Route::Conversation(username), _),
                    ClientError::Refused(model::Error::NotFound(_)),
                ) => no_such_chat(state, &username),
                _ => Effects::new(),
            }
        }
    }
}

/// There is no account to chat with: that is said before a text is typed. What was typed is kept.
fn no_such_chat(state: &mut State, username: &str) -> Effects {
    let route = Route::Conversation(username.to_owned());
    if *state.route() != route {
        return Effects::new();
    }
    state.screen_mut().is_line_closed = true;
    let is_written = |composer: &Composer| composer.writing.chat() == Some(username);
    let mut effects = Effects::new();
    if state.composer.as_ref().is_some_and(is_written) {
        effects.extend(drafts::put_away(state));
    }
    let (kept, has_kept) = outbox::keep_unsent(state, username);
    effects.extend(kept);
    let mut text = format!("There is no account @{}: nothing can be sent to it.", SafeText::line(username));
    if has_kept {
        let list = way_to(state, Action::GoDrafts);
        text.push_str(&format!(" Your message was not sent; it is a draft now ({list})."));
    }
    effects.extend(prompts::open(state, PromptKind::Notice("No such account", text)));
    effects
}

fn succeeded(state: &mut State, purpose: Purpose, result: response::Result) -> Effects {
    match (purpose, result) {
        (Purpose::Fill(route, part), result) => filled(state, &route, &part, result),
        (Purpose::Profile(username), result) => {
            let cached = pages::save_profile(state, &username, &result);
            cached.into_iter().chain(learned(state, &Purpose::Profile(username), result)).collect()
        }
        (Purpose::SignIn, response::Result::LoggedIn(logged_in)) => signed_in(state, logged_in),
        // Only a broken server: without this the form would wait for ever.
        (Purpose::SignIn, _) => {
            if let Some(form) = &mut state.form {
                form.refuse(0, MISMATCH);
            }
            Effects::new()
        }
        (Purpose::Form, _) => {
            state.form = None;
            state.say("Saved");
            vec![ask(Purpose::Me, Op::GetProfile(v1::GetProfile { username: String::new() }))]
        }
        (Purpose::BindKey, _) => {
            state.session.offered_key = None;
            state.form = None;
            state.say("You can sign in with this SSH key from now on");
            Effects::new()
        }
        (Purpose::HidePresence(hidden), _) => {
            user_actions::presence_changed(state, hidden);
            Effects::new()
        }
        (Purpose::MarkNotificationsRead(up_to), _) => {
            state.screen_mut().marked.clear();
            notifications::marked_all(state, up_to);
            Effects::new()
        }
        (Purpose::Shown(ids), response::Result::TweetPage(page)) => {
            tweet_refresh::answered(state, &ids, page);
            Effects::new()
        }
        (Purpose::SeeNotifications(ids), _) => {
            notifications::marked(state, &ids);
            Effects::new()
        }
        (purpose, result) => learned(state, &purpose, result),
    }
}

/// Shows an error if the user waits for the response; logs it otherwise.
fn failed(state: &mut State, purpose: &Purpose, error: &ClientError) {
    let text = problem(error);
    match purpose {
        Purpose::Fill(route, part) => fill_failed(state, route, part, &problem(error), error.to_string()),
        Purpose::SignIn | Purpose::Form => forms::refused(state, error),
        Purpose::BindKey => forms::key_refused(state, error),
        Purpose::HidePresence(hidden) => {
            user_actions::presence_kept(state, *hidden);
            state.complain(match hidden {
                true => format!("Others can still see that you're online: {text}"),
                false => format!("Your presence is still hidden: {text}"),
            });
        }
        Purpose::MarkNotificationsRead(_) => {
            state.complain(format!("Notifications not marked as read: {text}"));
        }
        Purpose::Find(route, ..) => {
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                screen.is_loading = false;
            }
            state.note(Level::Warning, text);
        }
        Purpose::Parent(id) | Purpose::Quoted(id) => parents::failed(state, *id, error),
        // A server that is older does not know the list.
        Purpose::BothFollow(_) if matches!(error, ClientError::Refused(model::Error::Invalid { .. })) => {}
        Purpose::Shown(_) => tweet_refresh::failed(state, error),
        Purpose::Profile(_) if matches!(state.route(), Route::Profile(..)) => state.complain(text),
        _ => state.log.add(
            state.now,
            Level::Warning,
            "The server refused a request".to_owned(),
            error.to_string(),
        ),
    }
}

/// A page could not be loaded. A row in its place says so, unless there are older rows in that place.
fn fill_failed(state: &mut State, route: &Route, part: &PageSelector, text: &str, details: String) {
    let mut has_row = false;
    if let Some(screen) = state.screens.by_route.get_mut(route) {
        screen.is_loading = false;
        let is_first = screen.phase != Phase::Ready;
        has_row = is_first || matches!(part, PageSelector::Older(_));
        if is_first {
            screen.phase = Phase::Failed;
        }
        if has_row {
            screen.problem = Some(text.to_owned());
        }
    }
    let said = format!("Could not load: {text}");
    if has_row {
        state.log.add(state.now, Level::Error, said, details);
        state.refresh(route);
    } else {
        state.fail(said, details);
    }
}

/// The session has ended. Another account of this machine that is signed in is opened next.
fn logged_out(state: &mut State, error: Option<ClientError>) -> Effects {
    let words = match (error, account_words(state)) {
        (Some(error), _) => {
            let words = format!("Signed out here, but the server did not confirm it: {}", problem(&error));
            state.complain(words.clone());
            Some(words)
        }
        (None, Some(account)) => {
            let local = state.terminal.capabilities.is_local;
            let place = if local { "on this computer" } else { "on the server" };
            let words = format!("Signed out of {account}. Your drafts stay {place}");
            state.say(words.clone());
            Some(words)
        }
        (None, None) => None,
    };
    state.session.why_signed_out = words;
    let mut effects = quit::finish(state);
    effects.extend([Effect::Drop(LocalItem::Pages), Effect::SignedOut]);
    effects.push(state.session.others.first().cloned().map_or(Effect::Quit, Effect::Switch));
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
            learn::notifications(state, page);
        }
        response::Result::ConversationPage(page) => {
            learn::newest_conversations(state, page);
        }
        response::Result::TrendList(list) => learn::trends(state, list),
        response::Result::ServerInfo(info) => server_info::learn(state, info),
        response::Result::ReadLineList(list) => learn::read_lines(state, list),
        response::Result::OnlineList(list) => {
            learn::online(state, list);
        }
        response::Result::TweetPage(page) => {
            learn::tweets(state, page);
            if let Purpose::Parent(id) = purpose
                && state.entities.tweet(*id).is_none()
            {
                state.entities.parents.set_missing(*id);
            }
            if let Purpose::Quoted(id) = purpose {
                return parents::withheld(state, *id);
            }
        }
        response::Result::Thread(thread) => {
            learn::thread(state, thread);
        }
        response::Result::TweetHistory(history) => {
            if let Purpose::History(id) = purpose {
                prompts::show_details(state, *id, &history.versions);
            }
        }
        response::Result::AccountPage(page) if matches!(purpose, Purpose::Find(..)) => {
            people::found(state, purpose, page);
        }
        response::Result::AccountPage(page) if matches!(purpose, Purpose::BothFollow(_)) => {
            learn::whom_both_follow(state, purpose, page);
        }
        response::Result::AccountPage(page) if *purpose == Purpose::Active => {
            state.live.active = learn::people(state, page.people);
            state.replace_rows(&Route::ONLINE);
            // Until now there was nothing else to select.
            if let Some(online) = state.screens.by_route.get_mut(&Route::ONLINE)
                && online.list.selected() == Some(&Row::OwnPresence)
            {
                online.list.select_first();
            }
        }
        response::Result::AccountPage(page) if *purpose == Purpose::Suggestions => {
            state.entities.suggested = learn::people(state, page.people);
            if state.screens.by_route.get(&Route::Home).is_some_and(|home| home.ids.is_empty()) {
                // The reader has only just arrived: what comes first is shown first.
                state.replace_rows(&Route::Home);
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
        let ways = [
            (Action::GoLocal, "public tweets"),
            (Action::GoPeople, "people"),
            (Action::Compose, "write a tweet"),
            (Action::Help, "help"),
        ];
        let ways = ways.map(|(action, what)| format!("{}: {what}", way_to(state, action)));
        state.say(format!("Welcome! {}", ways.join(" · ")));
    }
    effects
}

/// A page of a screen arrived.
fn filled(state: &mut State, route: &Route, part: &PageSelector, result: response::Result) -> Effects {
    if let response::Result::Thread(thread) = result {
        show_thread(state, route, part, thread);
        return Effects::new();
    }
    let Some((ids, next)) = items(state, route, result) else {
        fill_failed(state, route, part, MISMATCH, String::new());
        return Effects::new();
    };
    let before = if *route == Route::NOTIFICATIONS { notifications::listed(state) } else { Vec::new() };
    merge(state, route, part, ids, next);
    let is_newest_of_home = *route == Route::Home && *part == PageSelector::Newest;
    if is_newest_of_home && state.entities.suggested.is_empty() && is_beginning(state) {
        // Plain mode reads the screen once they are there.
        if let Some(home) = state.screens.by_route.get_mut(route) {
            home.is_head_loading = true;
        }
        return vec![ask_for_suggestions()];
    }
    if *route == Route::NOTIFICATIONS {
        notifications::note_removed(state, &before);
        return Effects::new();
    }
    if *route == Route::ONLINE {
        return people::ask_who_was_active(state);
    }
    if let Route::Conversation(username) = route {
        if *part == PageSelector::Newest && state.route() == route {
            state.screen_mut().list.select_last();
        }
        return chat::mark_read(state, username);
    }
    Effects::new()
}

/// A request for people whom the home feed suggests.
fn ask_for_suggestions() -> Effect {
    ask(Purpose::Suggestions, Op::SuggestPeople(v1::SuggestPeople { limit: SUGGESTIONS }))
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
            let mut ids = learn::notifications(state, page);
            if let Route::Notifications(list) = route {
                // A server that is older sends all kinds.
                ids.retain(|id| {
                    state.entities.notifications.get(id).is_some_and(|one| list.shows(one.kind()))
                });
            }
            ids
        }
        response::Result::ConversationPage(page) => learn::conversations(state, page),
        response::Result::MessagePage(page) => {
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                screen.receipts = page.theirs.unwrap_or_default();
                if screen.phase != Phase::Ready || screen.is_cached {
                    screen.read_line = page.yours.map(|yours| yours.read);
                }
            }
            learn::messages(state, page)
        }
        response::Result::AccountPage(page) => {
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                screen.total = page.total.or(screen.total);
            }
            learn::people(state, page.people)
        }
        response::Result::OnlineList(list) => learn::online(state, list),
        response::Result::TrendList(list) => {
            learn::trends(state, list);
            Vec::new()
        }
        response::Result::HashtagList(list) => {
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                screen.names = list.hashtags.iter().map(|tag| tag.name.as_str().into()).collect();
            }
            learn::hashtags(state, list.hashtags);
            Vec::new()
        }
        response::Result::ServerInfo(info) => {
            server_info::learn(state, info);
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
    let Some(tweet) = &thread.tweet else {
        fill_failed(state, route, part, MISMATCH, String::new());
        return;
    };
    let root = tweet.id;
    let ancestors: Vec<u64> = thread.ancestors.iter().map(|one| one.id).collect();
    let replies = thread.replies.as_ref();
    let next = replies.map(|replies| replies.next.clone()).filter(|next| !next.is_empty());
    let ids = learn::thread(state, thread);
    let Some(screen) = state.screens.by_route.get_mut(route) else { return };
    let is_first = screen.phase != Phase::Ready;
    screen.is_loading = false;
    screen.phase = Phase::Ready;
    (screen.confirmed_at, screen.is_cached) = (Some(state.now), false);
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
            state.pending.apply(&mut state.entities);
            let read_line = route.read_line_name().and_then(|name| state.reading.lines.get(&name).copied());
            if let Some(screen) = state.screens.by_route.get_mut(route) {
                (screen.confirmed_at, screen.is_cached) = (Some(page.received_ms), true);
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
