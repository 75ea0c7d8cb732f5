//! Live events: what others do while the client is connected.

use client::Update;
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::request::Op;

use super::chat;
use super::effects::{Effects, ask, ask_about_me};
use super::lists::{fill_again, forget_tweet, insert};
use super::notify::notify;
use crate::message::{Purpose, Topic};
use crate::route::{ProfileTab, Route};
use crate::state::{Link, Phase, ScreenState, State};
use crate::wording::notification_words;

/// How long "is typing" is shown after a notice, in milliseconds.
const TYPING_MS: i64 = 5_000;

/// A live event.
pub(super) fn live(state: &mut State, topic: &Topic, update: Update) -> Effects {
    match update.event {
        Event::TweetPosted(live) => tweet_posted(state, topic, live),
        Event::TweetEdited(live) => {
            learn_live(state, live);
            state.refresh_all();
            Effects::new()
        }
        Event::TweetDeleted(deleted) => {
            state.entities.delete_tweet(deleted.tweet_id);
            forget_tweet(state, deleted.tweet_id);
            Effects::new()
        }
        Event::Notification(live) => notification(state, live),
        Event::Message(message) => chat::message(state, message),
        Event::Marks(marks) => {
            chat::receipts_moved(state, &marks);
            Effects::new()
        }
        Event::Typing(typing) => {
            if let Some(account) = typing.account {
                let route = Route::Conversation(account.username);
                let until = state.now + TYPING_MS;
                if let Some(screen) = state.screens.by_route.get_mut(&route) {
                    screen.typing_until = until;
                }
            }
            Effects::new()
        }
        Event::Presence(person) => {
            let is_there = person.presence() != v1::PresenceState::Offline;
            if let Some(id) = state.entities.learn_person(state.now, person) {
                if is_there {
                    state.live.online.insert(id);
                } else {
                    state.live.online.remove(&id);
                }
                if let Some(screen) = state.screens.by_route.get_mut(&Route::Online) {
                    match screen.ids.iter().position(|other| *other == id) {
                        None if is_there => screen.ids.push(id),
                        Some(index) if !is_there => {
                            screen.ids.remove(index);
                        }
                        _ => {}
                    }
                }
                state.refresh(&Route::Online);
            }
            Effects::new()
        }
        Event::Unread(unread) => {
            state.live.unread = unread.unread;
            Effects::new()
        }
        Event::Announcement(_) => Effects::new(),
        // Events were dropped: what is shown is requested again, and a gap is shown where pages do not touch.
        Event::Gap(_) => match topic {
            Topic::Notifications | Topic::Conversations | Topic::Presence => ask_about_me(),
            _ => fill_again(state),
        },
        Event::Closed(_) => Effects::new(),
    }
}

fn learn_live(state: &mut State, live: v1::LiveTweet) -> Option<u64> {
    state.entities.learn_accounts(live.accounts);
    state.entities.learn_tweets(live.referenced, false);
    let tweet = live.tweet?;
    let id = tweet.id;
    state.entities.learn_tweets([tweet], false);
    Some(id)
}

fn tweet_posted(state: &mut State, topic: &Topic, live: v1::LiveTweet) -> Effects {
    let Some(id) = learn_live(state, live) else { return Effects::new() };
    let mut routes = vec![match topic {
        Topic::Local => Route::Local,
        Topic::Hashtag(name) => Route::Hashtag(name.clone()),
        _ => Route::Home,
    }];
    if let Some(tweet) = state.entities.tweet(id) {
        let (reply_to, author) = (tweet.reply_to, tweet.author_id);
        if reply_to != 0 {
            if let Some(parent) = state.entities.tweet_mut(reply_to) {
                // The exact count comes with the next page.
                parent.replies = parent.replies.max(1);
            }
            routes.extend(threads_with(state, reply_to));
        }
        if state.is_mine(id) {
            routes.push(Route::Mine);
        }
        let author = state.entities.username(author).to_owned();
        if reply_to != 0 {
            routes.push(Route::Profile(author.clone(), ProfileTab::Replies));
        }
        routes.push(Route::Profile(author, ProfileTab::Tweets));
    }
    for route in routes {
        let is_read = |screen: &&mut ScreenState| matches!(screen.phase, Phase::Ready | Phase::Loading);
        if let Some(screen) = state.screens.by_route.get_mut(&route).filter(is_read) {
            insert(screen, id);
        }
        state.refresh(&route);
    }
    Effects::new()
}

/// Threads in memory that contain this tweet.
fn threads_with(state: &State, id: u64) -> Vec<Route> {
    let has = |route: &Route, screen: &ScreenState| match route {
        Route::Thread(root) => *root == id || screen.ids.contains(&id),
        _ => false,
    };
    state
        .screens
        .by_route
        .iter()
        .filter(|(route, screen)| has(route, screen))
        .map(|(route, _)| route.clone())
        .collect()
}

fn notification(state: &mut State, live: v1::LiveNotification) -> Effects {
    let Some(notification) = live.notification else { return Effects::new() };
    state.entities.learn_accounts(live.account.clone());
    if let Some(tweet) = live.tweet {
        learn_live(state, tweet);
    }
    let id = notification.id;
    let kind = notification.kind();
    if let Some(tweet) = state.entities.tweet_mut(notification.tweet_id) {
        match kind {
            v1::NotificationKind::Like => tweet.likes += 1,
            v1::NotificationKind::Retweet => tweet.retweets += 1,
            v1::NotificationKind::Quote => {}
            _ => {}
        }
    }
    state.entities.notifications.insert(id, notification);
    state.live.unread += 1;
    if let Some(screen) = state.screens.by_route.get_mut(&Route::Notifications) {
        insert(screen, id);
    }
    state.refresh_all();
    let who = live.account.map_or_else(String::new, |account| format!("@{}", account.username));
    let what = notification_words(kind);
    if matches!(
        kind,
        v1::NotificationKind::Mention | v1::NotificationKind::Reply | v1::NotificationKind::Quote
    ) {
        return notify(state, &format!("{who} {what}"));
    }
    Effects::new()
}

/// Reports the user as away while the terminal does not have the focus.
pub(super) fn report_presence(state: &State) -> Effects {
    if state.connection.link != Link::Live || state.session.me.is_none() {
        return Effects::new();
    }
    let how = if state.terminal.is_focused { v1::PresenceState::Online } else { v1::PresenceState::Away };
    vec![ask(Purpose::Background, Op::SetPresence(v1::SetPresence { state: how.into() }))]
}
