//! The connection, and what comes over it unasked.

use client::{ClientError, Update};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::SafeText;
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::request::Op;

use super::responses::{fill_again, insert, me_of};
use super::{Effects, ask, compose, navigation, prompts};
use crate::form::{Form, FormKind};
use crate::message::{Connected, Effect, LocalItem, Purpose, Topic};
use crate::prompt::PromptKind;
use crate::route::{ProfileTab, Route};
use crate::state::{Link, Phase, ScreenState, State};

/// For how long "is writing" is shown.
const TYPING_MS: i64 = 5_000;

/// There is a connection.
pub(super) fn connected(state: &mut State, connected: Connected) -> Effects {
    state.hello = connected.hello;
    state.link = Link::Live;
    if let Some(key) = connected.first_contact {
        // Whole on a line of 80, so that it can be compared.
        state.say(format!("First contact: its key is {key}"));
    }
    if connected.signed_in {
        let mut effects = follow_all();
        effects.extend(navigation::ask_about_me());
        return effects;
    }
    // Whoever was asked to log in again goes on with that.
    if state.form.as_ref().is_some_and(|form| form.kind == FormKind::LogIn) {
        return Effects::new();
    }
    state.form = None;
    prompts::prompt(state, PromptKind::SignIn)
}

fn follow_all() -> Effects {
    [Topic::Home, Topic::Notifications, Topic::Conversations, Topic::Presence].map(Effect::Subscribe).to_vec()
}

/// A session was made: everything begins.
pub(super) fn begin(state: &mut State, profile: &v1::Profile) -> Effects {
    let mut effects = follow_all();
    know_me(state, profile);
    effects.extend(navigation::ask_about_me());
    let place = state.place().clone();
    effects.extend(navigation::arrive(state, &place));
    effects
}

/// The server has said who one is.
pub(super) fn know_me(state: &mut State, profile: &v1::Profile) {
    state.me = me_of(profile);
    state.username = state.me.as_ref().map(|me| me.account.username.clone());
    // What went wrong is to be read first.
    let has_bad_news = state.toast.as_ref().is_some_and(|toast| toast.is_error);
    if profile.own.is_some_and(|own| own.password_change_advised) && !has_bad_news {
        state.say("Your password was given to you: change it with :password");
    }
}

/// What has to wait until it is known who one is.
pub(super) fn after_me(state: &mut State) -> Effects {
    let place = state.place().clone();
    // What was kept from the last time is shown, and may be old.
    let was_kept = state.panels.get(&place).is_some_and(|panel| panel.phase == Phase::Ready);
    let mut effects = navigation::arrive(state, &place);
    if was_kept {
        effects.extend(navigation::fill(state, &place, crate::route::PageSelector::Newest));
    }
    effects.extend(compose::release_outbox(state));
    effects
}

/// No connection could be made; whoever runs the client tries again where that may help.
pub(super) fn unreachable(state: &mut State, error: &ClientError) -> Effects {
    let text = SafeText::line(&error.to_string()).as_str().to_owned();
    match error {
        ClientError::Refused(model::Error::Unauthenticated(_)) => return session_ended(state),
        ClientError::KeyChanged { .. } | ClientError::File { .. } | ClientError::Protocol { .. } => {
            state.link = Link::Stopped(text.clone());
        }
        _ => state.link = Link::Reconnecting(text.clone()),
    }
    // Who has no session has nothing to read meanwhile: another server may be meant.
    if state.username.is_none() && state.form.is_none() && state.capabilities.is_local {
        state.form = Some(Form::connect(&state.server));
    }
    if let Some(form) = &mut state.form {
        form.refuse(0, text);
    } else {
        state.complain(text);
    }
    Effects::new()
}

/// The connection is lost, or there again, or will not be.
pub(super) fn link(state: &mut State, link: client::State) -> Effects {
    match link {
        client::State::Connected => {
            let was_live = state.link == Link::Live;
            (state.link, state.lost_at) = (Link::Live, None);
            if was_live || state.me.is_none() {
                return Effects::new();
            }
            let mut effects = fill_again(state);
            effects.extend(navigation::ask_about_me());
            effects
        }
        // A server closes connections that nobody logs in on; the next request makes another.
        client::State::Reconnecting { .. } if state.me.is_none() => Effects::new(),
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

/// From now on nobody tells what happens, nor who is there.
fn lost(state: &mut State, link: Link) {
    if state.link == Link::Live {
        state.lost_at = Some(state.now);
    }
    state.link = link;
    state.known.forget_presence();
    state.online.clear();
    if let Some(panel) = state.panels.get_mut(&Route::Online) {
        panel.ids.clear();
        panel.phase = Phase::New;
    }
    state.refresh(&Route::Online);
}

/// The session was ended elsewhere. What is written stays: it goes when the same person is here again.
fn session_ended(state: &mut State) -> Effects {
    let username = state.username.clone().unwrap_or_default();
    let mut effects = compose::keep_draft(state);
    state.me = None;
    state.prompt = None;
    let mut form = Form::log_in(&username);
    form.problem = Some("Your session has ended. Log in again; what you wrote is kept".to_owned());
    state.form = Some(form);
    let server = state.server.clone();
    effects.extend([Effect::Drop(LocalItem::Pages), Effect::SignedOut, Effect::Connect(server)]);
    effects
}

/// Something happened on the network.
pub(super) fn live(state: &mut State, topic: &Topic, update: Update) -> Effects {
    match update.event {
        Event::TweetPosted(live) => tweet_posted(state, topic, live),
        Event::TweetEdited(live) => {
            learn_live(state, live);
            state.refresh_all();
            Effects::new()
        }
        Event::TweetDeleted(deleted) => {
            state.known.delete_tweet(deleted.tweet_id);
            forget_tweet(state, deleted.tweet_id);
            Effects::new()
        }
        Event::Notification(live) => notification(state, live),
        Event::Message(message) => self::message(state, message),
        Event::Marks(marks) => {
            marks_moved(state, &marks);
            Effects::new()
        }
        Event::Typing(typing) => {
            if let Some(account) = typing.account {
                let place = Route::Conversation(account.username);
                let until = state.now + TYPING_MS;
                if let Some(panel) = state.panels.get_mut(&place) {
                    panel.typing_until = until;
                }
            }
            Effects::new()
        }
        Event::Presence(person) => {
            let is_there = person.presence() != v1::PresenceState::Offline;
            if let Some(id) = state.known.learn_person(state.now, person) {
                if is_there {
                    state.online.insert(id);
                } else {
                    state.online.remove(&id);
                }
                if let Some(panel) = state.panels.get_mut(&Route::Online) {
                    match panel.ids.iter().position(|other| *other == id) {
                        None if is_there => panel.ids.push(id),
                        Some(place) if !is_there => {
                            panel.ids.remove(place);
                        }
                        _ => {}
                    }
                }
                state.refresh(&Route::Online);
            }
            Effects::new()
        }
        // Some events are not going to come: what is shown is read instead, and a gap is drawn where pages do not
        // touch.
        Event::Gap(_) => match topic {
            Topic::Notifications | Topic::Conversations | Topic::Presence => navigation::ask_about_me(),
            _ => fill_again(state),
        },
        Event::Closed(_) => Effects::new(),
    }
}

fn learn_live(state: &mut State, live: v1::LiveTweet) -> Option<u64> {
    state.known.learn_accounts(live.accounts);
    state.known.learn_tweets(live.referenced, false);
    let tweet = live.tweet?;
    let id = tweet.id;
    state.known.learn_tweets([tweet], false);
    Some(id)
}

fn tweet_posted(state: &mut State, topic: &Topic, live: v1::LiveTweet) -> Effects {
    let Some(id) = learn_live(state, live) else { return Effects::new() };
    let mut places = vec![match topic {
        Topic::Local => Route::Local,
        Topic::Hashtag(name) => Route::Hashtag(name.clone()),
        _ => Route::Home,
    }];
    if let Some(tweet) = state.known.tweet(id) {
        let (reply_to, author) = (tweet.reply_to, tweet.author_id);
        if reply_to != 0 {
            if let Some(parent) = state.known.tweet_mut(reply_to) {
                // What the count was is not known exactly; the next page says.
                parent.replies = parent.replies.max(1);
            }
            places.extend(threads_with(state, reply_to));
        }
        if state.is_mine(id) {
            places.push(Route::Mine);
        }
        let author = state.known.username(author).to_owned();
        if reply_to != 0 {
            places.push(Route::Profile(author.clone(), ProfileTab::Replies));
        }
        places.push(Route::Profile(author, ProfileTab::Tweets));
    }
    for place in places {
        let is_read = |panel: &&mut ScreenState| matches!(panel.phase, Phase::Ready | Phase::Loading);
        if let Some(panel) = state.panels.get_mut(&place).filter(is_read) {
            insert(panel, id);
        }
        state.refresh(&place);
    }
    Effects::new()
}

/// Threads that are open and have this tweet in them.
fn threads_with(state: &State, id: u64) -> Vec<Route> {
    let has = |place: &Route, panel: &crate::state::ScreenState| match place {
        Route::Thread(root) => *root == id || panel.ids.contains(&id),
        _ => false,
    };
    state.panels.iter().filter(|(place, panel)| has(place, panel)).map(|(place, _)| place.clone()).collect()
}

/// Takes a deleted tweet out of every list. Who stands on it stays there.
pub(super) fn forget_tweet(state: &mut State, id: u64) {
    for panel in state.panels.values_mut() {
        if let Some(place) = panel.ids.iter().position(|other| *other == id) {
            panel.ids.remove(place);
            if panel.gaps.remove(&id)
                && let Some(above) = place.checked_sub(1).and_then(|place| panel.ids.get(place))
            {
                panel.gaps.insert(*above);
            }
        }
        panel.ancestors.retain(|other| *other != id);
    }
    state.refresh_all();
}

fn notification(state: &mut State, live: v1::LiveNotification) -> Effects {
    let Some(notification) = live.notification else { return Effects::new() };
    state.known.learn_accounts(live.account.clone());
    if let Some(tweet) = live.tweet {
        learn_live(state, tweet);
    }
    let id = notification.id;
    let kind = notification.kind();
    if let Some(tweet) = state.known.tweet_mut(notification.tweet_id) {
        match kind {
            v1::NotificationKind::Like => tweet.likes += 1,
            v1::NotificationKind::Retweet => tweet.retweets += 1,
            v1::NotificationKind::Quote => {}
            _ => {}
        }
    }
    state.known.notifications.insert(id, notification);
    state.unread += 1;
    if let Some(panel) = state.panels.get_mut(&Route::Notifications) {
        insert(panel, id);
    }
    state.refresh_all();
    let who = live.account.map_or_else(String::new, |account| format!("@{}", account.username));
    let what = crate::view::notification_words(kind);
    if matches!(
        kind,
        v1::NotificationKind::Mention | v1::NotificationKind::Reply | v1::NotificationKind::Quote
    ) {
        return notify(state, &format!("{who} {what}"));
    }
    Effects::new()
}

fn message(state: &mut State, live: v1::LiveMessage) -> Effects {
    let (Some(message), Some(with)) = (live.message, live.with) else { return Effects::new() };
    let from_them = message.author_id == with.id;
    let (id, username) = (message.id, with.username.clone());
    let place = Route::Conversation(username.clone());
    state.known.learn_accounts([with.clone()]);
    state.known.messages.insert(id, message.clone());
    let is_open = *state.place() == place && state.is_focused;
    let conversation = state.known.conversations.entry(with.id).or_default();
    let is_newest = conversation.last.as_ref().is_none_or(|last| last.id < id);
    if is_newest {
        conversation.last = Some(message);
    }
    conversation.with = Some(with.clone());
    if from_them && !is_open && is_newest {
        conversation.unread += 1;
    }
    if let Some(panel) = state.panels.get_mut(&Route::Conversations) {
        panel.ids.retain(|other| *other != with.id);
        panel.ids.insert(0, with.id);
    }
    let mut was_at_end = false;
    if let Some(panel) = state.panels.get_mut(&place) {
        was_at_end = panel.list.cursor() + 1 >= panel.list.rows().len();
        panel.typing_until = 0;
        insert(panel, id);
    }
    state.refresh(&place);
    state.refresh(&Route::Conversations);
    // A chat that is read at its end goes on there.
    if was_at_end && let Some(panel) = state.panels.get_mut(&place) {
        panel.list.select_last();
    }
    let mut effects = Effects::new();
    if from_them {
        effects.extend(mark_delivered(state, &username, id, is_open));
        if !is_open {
            effects.extend(notify(state, &format!("@{username} wrote to you")));
            state.say(format!("@{username} wrote to you · Alt-a goes there"));
        }
    }
    effects
}

fn mark_delivered(state: &mut State, username: &str, id: u64, is_read: bool) -> Effects {
    if state.is_read_only {
        return Effects::new();
    }
    let read = if is_read { id } else { 0 };
    let mark = v1::MarkConversation { username: username.to_owned(), delivered: id, read };
    vec![ask(Purpose::Nothing, Op::MarkConversation(mark))]
}

/// Everything in a chat was read.
pub(super) fn mark_conversation(state: &mut State, username: &str) -> Effects {
    let place = Route::Conversation(username.to_owned());
    let newest = state.panels.get(&place).and_then(|panel| panel.ids.first().copied()).unwrap_or(0);
    if let Some(id) = state.known.by_username(username).map(|account| account.id)
        && let Some(conversation) = state.known.conversations.get_mut(&id)
    {
        conversation.unread = 0;
    }
    if newest == 0 || *state.place() != place {
        return Effects::new();
    }
    mark_delivered(state, username, newest, true)
}

fn marks_moved(state: &mut State, live: &v1::LiveReadReceipts) {
    let (Some(account), Some(marks)) = (&live.account, live.marks) else { return };
    let place = Route::Conversation(account.username.clone());
    if let Some(panel) = state.panels.get_mut(&place) {
        panel.theirs.delivered = panel.theirs.delivered.max(marks.delivered);
        panel.theirs.read = panel.theirs.read.max(marks.read);
    }
}

/// Tells the terminal, unless the person looks at it or wants quiet.
fn notify(state: &State, text: &str) -> Effects {
    let zone = state.capabilities.zone.clone().unwrap_or(TimeZone::UTC);
    let time = Timestamp::from_millisecond(state.now).unwrap_or_default().to_zoned(zone);
    let hour = u8::try_from(time.hour()).unwrap_or(0);
    let (from, to) = state.settings.quiet;
    let is_quiet = if from <= to { (from..to).contains(&hour) } else { hour >= from || hour < to };
    if is_quiet || state.is_focused { Effects::new() } else { tell(state, text) }
}

/// Tells the terminal in the ways that the settings name.
pub(super) fn tell(state: &State, text: &str) -> Effects {
    let mut bytes = String::new();
    if state.settings.notify {
        bytes.push_str(&telling(&state.capabilities.term, SafeText::line(text).as_str()));
    }
    if state.settings.bell {
        bytes.push('\x07');
    }
    if bytes.is_empty() { Effects::new() } else { vec![Effect::Terminal(bytes)] }
}

/// A notification in the way that this terminal has: kitty's OSC 99, the OSC 777 of rxvt and foot, or iTerm2's
/// OSC 9, which most others know.
fn telling(term: &str, text: &str) -> String {
    if term.contains("kitty") {
        format!("\x1b]99;;{text}\x1b\\")
    } else if term.starts_with("rxvt") || term.starts_with("foot") {
        format!("\x1b]777;notify;Mini-Tweet;{text}\x1b\\")
    } else {
        format!("\x1b]9;{text}\x1b\\")
    }
}

/// Who looks away is away.
pub(super) fn tell_presence(state: &State) -> Effects {
    if state.link != Link::Live || state.me.is_none() {
        return Effects::new();
    }
    let how = if state.is_focused { v1::PresenceState::Online } else { v1::PresenceState::Away };
    vec![ask(Purpose::Nothing, Op::SetPresence(v1::SetPresence { state: how.into() }))]
}
