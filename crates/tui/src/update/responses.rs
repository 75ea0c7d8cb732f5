//! Answers: what the server says goes into what is known and into the screens that asked.

use std::collections::HashSet;

use client::ClientError;
use model::SafeText;
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::{Effects, ask, compose, live, navigation, prompts, user_actions};
use crate::message::{Effect, LocalItem, Purpose};
use crate::page::{self, Page};
use crate::prompt::PromptKind;
use crate::route::{PageSelector, Route};
use crate::rows::Row;
use crate::state::{ITEMS_MAX, Link, Me, Phase, ScreenState, State};

/// An answer has come.
pub(super) fn answered(
    state: &mut State,
    purpose: Purpose,
    result: Result<response::Result, ClientError>,
) -> Effects {
    let words = |error: &ClientError| SafeText::line(&error.to_string()).as_str().to_owned();
    match (purpose, result) {
        (Purpose::UserAction(act), result) => {
            let problem = result.err().map(|error| words(&error));
            user_actions::answered(state, &act, problem)
        }
        (Purpose::Send(key), result) => compose::sent(state, &key, result),
        (Purpose::Fill(place, part), Err(error)) => {
            let text = words(&error);
            if let Some(panel) = state.panels.get_mut(&place) {
                panel.is_filling = false;
                if panel.phase != Phase::Ready {
                    panel.phase = Phase::Failed;
                    panel.problem = Some(text.clone());
                }
            }
            if part != PageSelector::Newest
                || state.panels.get(&place).is_some_and(|panel| panel.phase == Phase::Ready)
            {
                state.complain(text);
            }
            Effects::new()
        }
        (Purpose::Fill(place, part), Ok(result)) => {
            let name = page::name_of(&place).filter(|_| part == PageSelector::Newest);
            let kept = keep(state, name, &result);
            kept.into_iter().chain(filled(state, &place, &part, result)).collect()
        }
        (Purpose::Profile(username), Ok(result)) => {
            let kept = keep(state, page::name_of_profile(&username), &result);
            kept.into_iter().chain(learned(state, &Purpose::Profile(username), result)).collect()
        }
        (Purpose::CheckUsername(username), result) => {
            prompts::username_checked(state, &username, result);
            Effects::new()
        }
        (Purpose::SignIn | Purpose::Form, Err(error)) => {
            prompts::form_refused(state, &error);
            Effects::new()
        }
        (Purpose::SignIn, Ok(response::Result::LoggedIn(logged_in))) => signed_in(state, logged_in),
        (Purpose::Form, Ok(_)) => {
            state.form = None;
            state.say("Done");
            vec![ask(Purpose::Me, Op::GetProfile(v1::GetProfile { username: String::new() }))]
        }
        (Purpose::BindKey, Err(error)) => {
            state.complain(format!("The key could not be bound: {}", words(&error)));
            Effects::new()
        }
        (Purpose::LogOut, result) => {
            if let Err(error) = result {
                state.complain(format!("Logged out here, but the server was not told: {}", words(&error)));
            }
            let mut effects = super::finish(state);
            effects.extend([Effect::Drop(LocalItem::Pages), Effect::SignedOut, Effect::Quit]);
            effects
        }
        (Purpose::Profile(_), Err(error)) => {
            if matches!(state.place(), Route::Profile(..)) {
                state.complain(words(&error));
            }
            Effects::new()
        }
        (Purpose::Nothing | Purpose::Complete(_) | Purpose::Tweet(_), Err(_)) => Effects::new(),
        (_, Err(error)) => {
            state.note(words(&error));
            Effects::new()
        }
        (purpose, Ok(result)) => learned(state, &purpose, result),
    }
}

/// Answers that only tell something.
fn learned(state: &mut State, purpose: &Purpose, result: response::Result) -> Effects {
    match result {
        response::Result::Profile(profile) => {
            let is_first = *purpose == Purpose::Me && state.me.is_none();
            if *purpose == Purpose::Me {
                live::know_me(state, &profile);
            }
            state.known.learn_profile(profile);
            if is_first {
                return live::after_me(state);
            }
        }
        response::Result::NotificationPage(page) => {
            state.unread = page.unread;
            learn_notifications(state, page);
        }
        response::Result::ConversationPage(page) => {
            learn_conversations(state, page);
        }
        response::Result::TrendList(list) => state.known.trends = list.trends,
        response::Result::ReadLineList(list) => learn_read_lines(state, list),
        response::Result::OnlineList(list) => {
            let ids: Vec<u64> =
                list.people.into_iter().filter_map(|one| state.known.learn_person(state.now, one)).collect();
            state.online = ids.into_iter().collect();
        }
        response::Result::TweetPage(page) => {
            learn_tweets(state, page);
        }
        response::Result::TweetHistory(history) => {
            if let Purpose::History(id) = purpose {
                prompts::details(state, *id, &history.versions);
            }
        }
        response::Result::AccountPage(page) => {
            for person in page.people {
                state.known.learn_person(state.now, person);
            }
            compose::offer_again(state);
        }
        response::Result::HashtagList(list) => {
            state.known.hashtags.extend(list.hashtags.into_iter().map(|tag| (tag.name, tag.tweets)));
            compose::offer_again(state);
        }
        _ => {}
    }
    state.refresh_all();
    Effects::new()
}

fn signed_in(state: &mut State, logged_in: v1::LoggedIn) -> Effects {
    state.form = None;
    state.prompt = None;
    let Some(profile) = logged_in.profile else { return Effects::new() };
    let username = profile.account.as_ref().map_or_else(String::new, |account| account.username.clone());
    let is_new = profile.following == 0 && profile.tweets == 0;
    let is_another = state.username.as_ref().is_some_and(|before| *before != username);
    let has_a_shelf = state.username.is_none() && state.capabilities.is_local && !is_new;
    let name = format!("{username}@{}", state.server);
    let mut effects = vec![Effect::SignedIn { username, token: logged_in.token.into() }];
    if is_another || has_a_shelf {
        // Nothing of one account is ever seen or sent by another, and what was begun here before is there again.
        effects.push(Effect::Switch(name));
        return effects;
    }
    effects.extend(live::begin(state, &profile));
    state.known.learn_profile(profile);
    if state.offered_key.is_some() {
        effects.extend(prompts::prompt(state, PromptKind::BindKey));
    }
    if is_new {
        state.say("Welcome! gl shows what people write here, gu who they are, c writes. ? helps everywhere");
    }
    effects
}

/// Takes in a page of tweets; their identifiers in the order of the page.
fn learn_tweets(state: &mut State, page: v1::TweetPage) -> Vec<u64> {
    let ids = page.tweets.iter().map(|tweet| tweet.id).collect();
    state.known.learn_accounts(page.accounts);
    state.known.learn_tweets(page.referenced, true);
    state.known.learn_tweets(page.tweets, true);
    ids
}

/// What was read on another device is read here.
fn learn_read_lines(state: &mut State, list: v1::ReadLineList) {
    for line in list.read_lines {
        let here = state.read_lines.entry(line.timeline.clone()).or_default();
        let was = std::mem::replace(here, line.tweet_id.max(*here));
        for (place, panel) in &mut state.panels {
            let is_this = place.read_line_name().as_ref() == Some(&line.timeline);
            // While this screen is read its line stays where it was drawn.
            if is_this && (panel.read_line.is_none() || (line.tweet_id > was && panel.seen <= was)) {
                panel.read_line = Some(line.tweet_id);
            }
        }
    }
}

fn learn_notifications(state: &mut State, page: v1::NotificationPage) -> Vec<u64> {
    state.known.learn_accounts(page.accounts);
    state.known.learn_tweets(page.tweets, true);
    let ids = page.notifications.iter().map(|one| one.id).collect();
    state.known.notifications.extend(page.notifications.into_iter().map(|one| (one.id, one)));
    ids
}

fn learn_conversations(state: &mut State, page: v1::ConversationPage) -> Vec<u64> {
    let mut ids = Vec::new();
    for conversation in page.conversations {
        let Some(with) = conversation.with.clone() else { continue };
        ids.push(with.id);
        if let Some(last) = &conversation.last {
            state.known.messages.insert(last.id, last.clone());
        }
        state.known.conversations.insert(with.id, conversation);
        state.known.learn_accounts([with]);
    }
    ids
}

/// A part of a screen has come.
fn filled(state: &mut State, place: &Route, part: &PageSelector, result: response::Result) -> Effects {
    let (ids, next) = match result {
        response::Result::TweetPage(page) => {
            let next = page.next.clone();
            (learn_tweets(state, page), next)
        }
        response::Result::Thread(thread) => return thread_came(state, place, part, thread),
        response::Result::NotificationPage(page) => {
            let next = page.next.clone();
            state.unread = page.unread;
            (learn_notifications(state, page), next)
        }
        response::Result::ConversationPage(page) => {
            let next = page.next.clone();
            (learn_conversations(state, page), next)
        }
        response::Result::MessagePage(page) => {
            let next = page.next.clone();
            if let Some(panel) = state.panels.get_mut(place) {
                panel.theirs = page.theirs.unwrap_or_default();
            }
            state.known.learn_accounts(page.with);
            let ids = page.messages.iter().map(|message| message.id).collect();
            state.known.messages.extend(page.messages.into_iter().map(|message| (message.id, message)));
            (ids, next)
        }
        response::Result::AccountPage(page) => {
            let ids =
                page.people.into_iter().filter_map(|one| state.known.learn_person(state.now, one)).collect();
            (ids, page.next)
        }
        response::Result::OnlineList(list) => {
            let ids: Vec<u64> =
                list.people.into_iter().filter_map(|one| state.known.learn_person(state.now, one)).collect();
            state.online = ids.iter().copied().collect();
            (ids, String::new())
        }
        response::Result::TrendList(list) => {
            state.known.trends = list.trends;
            (Vec::new(), String::new())
        }
        response::Result::HashtagList(list) => {
            let names = list.hashtags.iter().map(|tag| tag.name.as_str().into()).collect();
            state.known.hashtags.extend(list.hashtags.into_iter().map(|tag| (tag.name, tag.tweets)));
            if let Some(panel) = state.panels.get_mut(place) {
                panel.names = names;
            }
            (Vec::new(), String::new())
        }
        response::Result::SshKeyList(list) => {
            state.known.keys = list.keys;
            (Vec::new(), String::new())
        }
        response::Result::SessionList(list) => {
            state.known.sessions = list.sessions;
            (Vec::new(), String::new())
        }
        _ => return Effects::new(),
    };
    let effects = merged(state, place, part, ids, next);
    if let Route::Conversation(username) = place {
        if *part == PageSelector::Newest && state.place() == place {
            state.panel_mut().list.select_last();
        }
        let mut effects = effects;
        effects.extend(live::mark_conversation(state, &username.clone()));
        return effects;
    }
    effects
}

/// Puts identifiers where they belong in a screen's list, and its gaps with them.
fn merged(state: &mut State, place: &Route, part: &PageSelector, ids: Vec<u64>, next: String) -> Effects {
    let next = (!next.is_empty()).then_some(next);
    let Some(panel) = state.panels.get_mut(place) else { return Effects::new() };
    panel.is_filling = false;
    panel.problem = None;
    panel.as_of = None;
    let was_empty = panel.ids.is_empty();
    let goes_on = next.is_some();
    let by_id = place.is_timeline() || matches!(place, Route::Notifications | Route::Conversation(_));
    let mut stand_on = None;
    match part {
        PageSelector::Newest if !by_id || was_empty || panel.phase != Phase::Ready => {
            // What is there before the first answer came live.
            let live = if by_id { std::mem::take(&mut panel.ids) } else { Vec::new() };
            panel.ids = ids;
            insert_all(panel, live);
            panel.next = next;
            panel.gaps.clear();
        }
        PageSelector::Newest => {
            if !newest_merged(panel, &ids, goes_on) {
                panel.next = next;
            }
        }
        PageSelector::Older(_) => {
            let known: HashSet<u64> = panel.ids.iter().copied().collect();
            panel.ids.extend(ids.into_iter().filter(|id| !known.contains(id)));
            panel.next = next;
        }
        PageSelector::GapBelow(above) => {
            let below = panel.ids.iter().copied().find(|id| id < above);
            panel.gaps.remove(above);
            stand_on = ids.first().copied().or(below);
            if let Some(last) = ids.last().copied().filter(|_| goes_on)
                && below.is_some_and(|below| below < last)
            {
                panel.gaps.insert(last);
            }
            insert_all(panel, ids);
        }
        PageSelector::GapAbove(below) => {
            let above = panel.ids.iter().copied().take_while(|id| id > below).last();
            stand_on = ids.iter().copied().rfind(|id| Some(*id) != above).or(above);
            let reaches = ids.first().is_none_or(|first| above.is_none_or(|above| *first >= above))
                || ids.len() < usize::try_from(crate::route::PAGE_ITEMS).unwrap_or(0);
            if reaches && let Some(above) = above {
                panel.gaps.remove(&above);
            }
            insert_all(panel, ids);
        }
    }
    trim(panel);
    panel.phase = Phase::Ready;
    state.refresh(place);
    if let Some(id) = stand_on
        && let Some(panel) = state.panels.get_mut(place)
    {
        panel.list.select_in_place(|row| matches!(row, Row::Tweet(other, _) if *other == id));
        state.refresh(place);
    }
    Effects::new()
}

/// The newest page meets what is there: what is gone since goes, and a gap is left where they do not touch.
/// Whether they touch.
fn newest_merged(panel: &mut ScreenState, ids: &[u64], goes_on: bool) -> bool {
    let (Some(&oldest), Some(&newest_here)) = (ids.last(), panel.ids.first()) else {
        if !goes_on {
            panel.ids.retain(|id| *id > panel.newest_when_asked);
        }
        return true;
    };
    let on_page: HashSet<u64> = ids.iter().copied().collect();
    // What lies in the range of the page and is not on it was deleted; what is newer came live meanwhile.
    let newest = ids.first().copied().unwrap_or(0);
    panel.ids.retain(|id| *id > newest || *id < oldest || on_page.contains(id));
    if !goes_on {
        panel.ids.retain(|id| *id >= oldest);
        panel.gaps.clear();
        panel.next = None;
    } else if newest_here < oldest {
        panel.gaps.insert(oldest);
    }
    insert_all(panel, ids.to_vec());
    true
}

fn insert_all(panel: &mut ScreenState, ids: Vec<u64>) {
    for id in ids {
        insert(panel, id);
    }
}

/// Puts an identifier into a list that is sorted, the newest first.
pub(super) fn insert(panel: &mut ScreenState, id: u64) {
    if let Err(place) = panel.ids.binary_search_by(|other| id.cmp(other)) {
        panel.ids.insert(place, id);
    }
}

/// Forgets the oldest items of a very long list; they can be read again.
fn trim(panel: &mut ScreenState) {
    if panel.ids.len() > ITEMS_MAX {
        panel.ids.truncate(ITEMS_MAX);
        panel.next = panel.ids.last().map(u64::to_string);
    }
}

fn thread_came(state: &mut State, place: &Route, part: &PageSelector, thread: v1::Thread) -> Effects {
    let Some(tweet) = thread.tweet else { return Effects::new() };
    let root = tweet.id;
    state.known.learn_accounts(thread.accounts);
    state.known.learn_tweets(thread.referenced, true);
    let ancestors: Vec<u64> = thread.ancestors.iter().map(|one| one.id).collect();
    state.known.learn_tweets(thread.ancestors, true);
    state.known.learn_tweets([tweet], true);
    let replies = thread.replies.unwrap_or_default();
    let next = (!replies.next.is_empty()).then(|| replies.next.clone());
    let ids = learn_tweets(state, replies);
    let Some(panel) = state.panels.get_mut(place) else { return Effects::new() };
    let is_first = panel.phase != Phase::Ready;
    panel.is_filling = false;
    panel.phase = Phase::Ready;
    panel.as_of = None;
    panel.ancestors = ancestors;
    panel.next = next;
    if matches!(part, PageSelector::Newest) {
        panel.ids = ids;
    } else {
        insert_all(panel, ids);
    }
    state.refresh(place);
    if is_first && let Some(panel) = state.panels.get_mut(place) {
        panel.list.select(|row| row.tweet() == Some(root));
    }
    Effects::new()
}

/// Keeps what came for when there is no connection; on one's own machine only, a server has it anyway.
fn keep(state: &State, name: Option<String>, result: &response::Result) -> Option<Effect> {
    let name = name.filter(|_| state.capabilities.is_local)?;
    let page = Page { kept_ms: state.now, result: result.clone() };
    Some(Effect::Keep(LocalItem::Page(name), page.encode()))
}

/// Shows what was kept, unless the server was faster.
pub(crate) fn show_kept(state: &mut State, purpose: &Purpose, page: Page) {
    match purpose {
        Purpose::Fill(place, part) => {
            let panel = state.panels.entry(place.clone()).or_default();
            if panel.phase == Phase::Ready {
                return;
            }
            // What it wants to tell the server was told when it came.
            let _ = filled(state, place, part, page.result);
            let read_line = place.read_line_name().and_then(|name| state.read_lines.get(&name).copied());
            if let Some(panel) = state.panels.get_mut(place) {
                panel.as_of = Some(page.kept_ms);
                panel.read_line = panel.read_line.or(read_line);
            }
            state.refresh(place);
        }
        Purpose::Profile(username) if !state.known.profiles.contains_key(username) => {
            let _ = learned(state, purpose, page.result);
        }
        _ => return,
    }
    // Who was there then may not be there now.
    if state.link != Link::Live {
        state.known.forget_presence();
    }
}

/// Knows oneself.
pub(super) fn me_of(profile: &v1::Profile) -> Option<Me> {
    let is_hidden = profile.own.is_some_and(|own| own.presence_hidden);
    profile.account.clone().map(|account| Me { account, is_hidden })
}

/// Everything that is shown is read anew, for what was missed.
pub(super) fn fill_again(state: &mut State) -> Effects {
    let place = state.place().clone();
    let mut effects = navigation::fill(state, &place, PageSelector::Newest);
    if place != Route::Home && state.panels.contains_key(&Route::Home) {
        effects.extend(navigation::fill(state, &Route::Home, PageSelector::Newest));
    }
    effects
}
