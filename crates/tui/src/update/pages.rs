//! Cached pages, for when there is no connection: what the screens in memory have, written some seconds after it has
//! changed, when the connection is lost and at the end. A list that stays as it is is written once.

use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use protocol::v1;
use protocol::v1::response;

use super::effects::Effects;
use crate::message::{Effect, LocalItem};
use crate::page::{self, Page};
use crate::route::Route;
use crate::state::{Phase, ScreenState, State};

/// Delay from a change of a screen to writing its page, in milliseconds.
pub(super) const SAVE_PAGES_MS: i64 = 2_000;
/// Items of a page of tweets, notifications or messages; the newest.
const ITEMS_MAX: usize = 100;
/// At the end, a page without changes is written again if the server has confirmed it this much later, in milliseconds.
const LATER_MS: i64 = 60_000;

/// Writes the pages of screens that have changed.
pub(super) fn save_changed(state: &mut State) -> Effects {
    save(state, false)
}

/// Writes the pages of all screens, with the time up to which they are complete.
pub(super) fn save_all(state: &mut State) -> Effects {
    save(state, true)
}

fn save(state: &mut State, is_last: bool) -> Effects {
    state.screens.unsaved_since = None;
    if !is_possible(state) {
        return Effects::new();
    }
    let is_due = |screen: &ScreenState| {
        let is_usual = screen.sort == v1::AccountSort::Unspecified;
        (is_last || screen.is_unsaved) && screen.phase == Phase::Ready && !screen.is_cached && is_usual
    };
    let screens = state.screens.by_route.iter().filter(|(_, screen)| is_due(screen));
    let routes: Vec<Route> = screens.map(|(route, _)| route.clone()).collect();
    routes.iter().filter_map(|route| save_screen(state, route, is_last)).collect()
}

/// Over ssh there is always a connection: the client runs on the server. Without a session, nothing is kept.
fn is_possible(state: &State) -> bool {
    state.terminal.capabilities.is_local && state.session.me.is_some()
}

fn save_screen(state: &mut State, route: &Route, is_last: bool) -> Option<Effect> {
    let name = page::name_of(route)?;
    let screen = state.screens.by_route.get(route)?;
    let received_ms = state.confirmed_at(route, screen)?;
    let result = content(state, route, screen)?;
    let bytes = Page { received_ms, result }.encode();
    let mut hasher = DefaultHasher::new();
    // Without the time.
    bytes.get(size_of_val(&received_ms)..).hash(&mut hasher);
    let hash = hasher.finish();
    let screen = state.screens.by_route.get_mut(route)?;
    screen.is_unsaved = false;
    let is_saved = |(saved, at): (u64, i64)| saved == hash && !(is_last && received_ms - at >= LATER_MS);
    if screen.saved.is_some_and(is_saved) {
        return None;
    }
    screen.saved = Some((hash, received_ms));
    Some(Effect::Save(LocalItem::Page(name), bytes))
}

/// Writes the head of a profile as it came from the server.
pub(super) fn save_profile(state: &State, username: &str, result: &response::Result) -> Option<Effect> {
    let name = page::name_of_profile(username).filter(|_| is_possible(state))?;
    let page = Page { received_ms: state.now, result: result.clone() };
    Some(Effect::Save(LocalItem::Page(name), page.encode()))
}

/// What a screen has, as the response with which the server would fill it.
fn content(state: &State, route: &Route, screen: &ScreenState) -> Option<response::Result> {
    let all = screen.next.clone().unwrap_or_default();
    Some(match route {
        Route::Thread(id) => response::Result::Thread(thread(state, screen, *id)?),
        Route::Trends => response::Result::TrendList(state.entities.trends.clone()),
        Route::Notifications(_) => response::Result::NotificationPage(notifications(state, screen)),
        Route::Conversations => {
            let conversations = screen.ids.iter().filter_map(|id| state.entities.conversations.get(id));
            let conversations = conversations.cloned().collect();
            response::Result::ConversationPage(v1::ConversationPage { conversations, next: all })
        }
        Route::Conversation(username) => response::Result::MessagePage(messages(state, screen, username)),
        route if route.accounts().is_some() => response::Result::AccountPage(people(state, screen)),
        route if route.is_timeline() => {
            let (ids, next) = newest(screen);
            response::Result::TweetPage(tweets(state, ids, next))
        }
        // These have another order than that of identifiers: only the server knows where a part of one goes on.
        _ => response::Result::TweetPage(tweets(state, &screen.ids, all)),
    })
}

/// The newest items of a list, down to a gap, and the cursor of what is below them.
fn newest(screen: &ScreenState) -> (&[u64], String) {
    let above_gap = screen.ids.iter().position(|id| screen.gaps.contains(id)).map(|index| index + 1);
    let count = above_gap.unwrap_or(screen.ids.len()).min(ITEMS_MAX);
    let ids = screen.ids.get(..count).unwrap_or_default();
    let next = match ids.last().filter(|_| count < screen.ids.len()) {
        Some(last) => last.to_string(),
        None => screen.next.clone().unwrap_or_default(),
    };
    (ids, next)
}

fn tweets(state: &State, ids: &[u64], next: String) -> v1::TweetPage {
    let tweets: Vec<v1::Tweet> = ids.iter().filter_map(|id| state.entities.tweet(*id)).cloned().collect();
    let referenced = referenced(state, &tweets);
    let accounts = accounts(state, tweets.iter().chain(&referenced).map(|tweet| tweet.author_id));
    v1::TweetPage { tweets, referenced, accounts, next }
}

/// What retweets, quotes and replies show of other tweets, and what those show.
fn referenced(state: &State, tweets: &[v1::Tweet]) -> Vec<v1::Tweet> {
    let shown = |tweet: &v1::Tweet| [tweet.retweet_of, tweet.quote_of, tweet.reply_to];
    let mut ids: BTreeSet<u64> = tweets.iter().flat_map(shown).collect();
    let inner: Vec<u64> = ids.iter().filter_map(|id| state.entities.tweet(*id)).flat_map(shown).collect();
    ids.extend(inner);
    let here: BTreeSet<u64> = tweets.iter().map(|tweet| tweet.id).collect();
    ids.difference(&here).filter_map(|id| state.entities.tweet(*id)).cloned().collect()
}

fn accounts(state: &State, ids: impl Iterator<Item = u64>) -> Vec<v1::Account> {
    let ids: BTreeSet<u64> = ids.collect();
    ids.into_iter().filter_map(|id| state.entities.account(id)).cloned().collect()
}

fn thread(state: &State, screen: &ScreenState, root: u64) -> Option<v1::Thread> {
    let tweet = state.entities.tweet(root)?.clone();
    let above = screen.ancestors.iter().filter_map(|id| state.entities.tweet(*id));
    let ancestors: Vec<v1::Tweet> = above.cloned().collect();
    let mut shown = ancestors.clone();
    shown.push(tweet.clone());
    let referenced = referenced(state, &shown);
    let accounts = accounts(state, shown.iter().chain(&referenced).map(|tweet| tweet.author_id));
    let replies = tweets(state, &screen.ids, screen.next.clone().unwrap_or_default());
    Some(v1::Thread { ancestors, tweet: Some(tweet), replies: Some(replies), referenced, accounts })
}

fn notifications(state: &State, screen: &ScreenState) -> v1::NotificationPage {
    let (ids, next) = newest(screen);
    let known = ids.iter().filter_map(|id| state.entities.notifications.get(id));
    let notifications: Vec<v1::Notification> = known.copied().collect();
    let about: BTreeSet<u64> = notifications.iter().map(|one| one.tweet_id).collect();
    let mut tweets: Vec<v1::Tweet> =
        about.iter().filter_map(|id| state.entities.tweet(*id)).cloned().collect();
    tweets.extend(referenced(state, &tweets));
    let people = notifications.iter().map(|one| one.account_id);
    let accounts = accounts(state, people.chain(tweets.iter().map(|tweet| tweet.author_id)));
    v1::NotificationPage { notifications, tweets, accounts, unread: state.live.unread, next }
}

fn messages(state: &State, screen: &ScreenState, username: &str) -> v1::MessagePage {
    let (ids, next) = newest(screen);
    let messages: Vec<v1::DirectMessage> =
        ids.iter().filter_map(|id| state.entities.messages.get(id)).cloned().collect();
    v1::MessagePage {
        conversation_id: messages.first().map_or(0, |message| message.conversation_id),
        messages,
        with: state.entities.by_username(username).cloned(),
        theirs: Some(screen.receipts),
        next,
        ..v1::MessagePage::default()
    }
}

/// Accounts without their presence, which is never old.
fn people(state: &State, screen: &ScreenState) -> v1::AccountPage {
    let view = |account: &v1::Account| {
        let figures = state.entities.figures.get(&account.id).copied().unwrap_or_default();
        v1::AccountView {
            account: Some(account.clone()),
            relationship: Some(state.entities.relationship(account.id)),
            tweets: figures.tweets,
            followers: figures.followers,
            last_post_ms: figures.last_post_ms,
            ..v1::AccountView::default()
        }
    };
    let people = screen.ids.iter().filter_map(|id| state.entities.account(*id)).map(view).collect();
    v1::AccountPage { people, next: screen.next.clone().unwrap_or_default(), total: screen.total }
}
