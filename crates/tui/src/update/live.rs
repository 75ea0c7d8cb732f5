//! Live events: what others do while the client is connected.

use client::Update;
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::request::Op;

use super::effects::{Effects, ask, ask_about_me};
use super::lists::{delete_tweet, fill_again, insert};
use super::{chat, learn, notifications, server_info};
use crate::message::{Purpose, Topic};
use crate::route::{ProfileTab, Route};
use crate::state::{Link, Phase, ScreenState, State};

/// How long "is typing" is shown after a notice, in milliseconds.
const TYPING_MS: i64 = 5_000;

/// A live event.
pub(super) fn live(state: &mut State, topic: &Topic, update: Update) -> Effects {
    match update.event {
        Event::TweetPosted(live) => tweet_posted(state, topic, live),
        Event::TweetEdited(live) => {
            learn::live_tweet(state, live);
            state.refresh_all();
            Effects::new()
        }
        Event::TweetDeleted(deleted) => {
            delete_tweet(state, deleted.tweet_id);
            Effects::new()
        }
        Event::Notification(live) => notifications::arrived(state, live),
        Event::Message(message) => chat::message(state, message),
        Event::MessageChanged(changed) => chat::message_changed(state, changed),
        Event::Marks(marks) => chat::receipts_moved(state, &marks),
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
        Event::Presence(person) => presence_changed(state, person),
        Event::Unread(unread) => notifications::changed(state, unread.unread),
        Event::Announcement(announcement) => {
            server_info::announced(state, announcement);
            Effects::new()
        }
        // Events were dropped: what is shown is requested again, and a gap is shown where pages do not touch.
        Event::Gap(_) => match topic {
            Topic::Notifications | Topic::Conversations | Topic::Presence => ask_about_me(),
            _ => fill_again(state),
        },
        Event::Closed(_) => Effects::new(),
    }
}

/// Someone came online, or went away. Who is online is listed by whether the user follows them, which the event does not say.
fn presence_changed(state: &mut State, person: v1::AccountView) -> Effects {
    let is_there = person.presence() != v1::PresenceState::Offline;
    let Some(id) = state.entities.learn_person(state.now, person) else { return Effects::new() };
    if is_there {
        state.live.online.insert(id);
    } else {
        state.live.online.remove(&id);
    }
    for route in Route::all_online() {
        let Some(screen) = state.screens.by_route.get_mut(&route) else { continue };
        match screen.ids.iter().position(|other| *other == id) {
            None if is_there => screen.ids.push(id),
            Some(index) if !is_there => {
                screen.ids.remove(index);
            }
            _ => {}
        }
        state.refresh(&route);
    }
    let is_listed = is_there && matches!(state.route(), Route::Online(_));
    if !is_listed || state.is_me(id) || state.entities.knows_relationship(id) {
        return Effects::new();
    }
    let username = state.entities.username(id).to_owned();
    vec![ask(Purpose::Preview, Op::GetProfile(v1::GetProfile { username }))]
}

fn tweet_posted(state: &mut State, topic: &Topic, live: v1::LiveTweet) -> Effects {
    let Some(id) = learn::live_tweet(state, live) else { return Effects::new() };
    let mut routes = vec![match topic {
        Topic::Local => Route::Local,
        Topic::Hashtag(name) => Route::Hashtag(name.clone()),
        _ => Route::Home,
    }];
    if let Some(tweet) = state.entities.tweet(id) {
        let (reply_to, author) = (tweet.reply_to, tweet.author_id);
        if reply_to != 0 {
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
        let top = state.top_row(&route);
        if let Some(screen) = state.screens.by_route.get_mut(&route).filter(is_read) {
            insert(screen, id);
        }
        state.refresh(&route);
        if let Some(top) = top {
            state.stay_at_top(&route, &top);
        }
    }
    Effects::new()
}

/// Threads in memory that contain this tweet, or a row in its place.
fn threads_with(state: &State, id: u64) -> Vec<Route> {
    let answers = |other: &u64| state.entities.reply_to(*other) == id;
    let has = |route: &Route, screen: &ScreenState| match route {
        Route::Thread(root) => *root == id || screen.ids.contains(&id) || screen.ids.iter().any(answers),
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

/// Reports the user as away while the terminal does not have the focus.
pub(super) fn report_presence(state: &State) -> Effects {
    if !matches!(state.connection.link, Link::Live | Link::Late) || state.session.me.is_none() {
        return Effects::new();
    }
    let how = if state.terminal.is_focused { v1::PresenceState::Online } else { v1::PresenceState::Away };
    vec![ask(Purpose::Background, Op::SetPresence(v1::SetPresence { state: how.into() }))]
}
