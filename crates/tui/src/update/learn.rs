//! Stores what responses contain: entities by their identifiers, and read lines.

use std::collections::HashSet;

use protocol::v1;
use protocol::v1::PresenceState;

use crate::entities::{BothFollow, Figures};
use crate::message::Purpose;
use crate::route::Route;
use crate::state::{Figure, Phase, State};

/// Stores a page of tweets; returns their identifiers in the order of the page.
pub(super) fn tweets(state: &mut State, page: v1::TweetPage) -> Vec<u64> {
    let ids = page.tweets.iter().map(|tweet| tweet.id).collect();
    forget_missing_originals(state, &page);
    page.referenced.iter().for_each(|original| state.entities.parents.set_given(original.id));
    state.entities.learn_accounts(page.accounts);
    state.entities.learn_tweets(state.now, page.referenced, true);
    state.entities.learn_tweets(state.now, page.tweets, true);
    ids
}

/// An original that a page leaves out was deleted, or the user may no longer see it, unless its author is muted.
fn forget_missing_originals(state: &mut State, page: &v1::TweetPage) {
    let given: HashSet<u64> = page.tweets.iter().chain(&page.referenced).map(|tweet| tweet.id).collect();
    let is_missing = |id: &u64| {
        let author = state.entities.tweet(*id).map(|original| original.author_id);
        !given.contains(id) && author.is_some_and(|author| !state.entities.relationship(author).muting)
    };
    let originals = page.tweets.iter().flat_map(|tweet| [tweet.quote_of, tweet.retweet_of]);
    let missing: Vec<u64> = originals.filter(is_missing).collect();
    for id in missing {
        state.entities.withdraw_tweet(id);
    }
}

/// Stores a thread; returns the identifiers of the replies.
pub(super) fn thread(state: &mut State, thread: v1::Thread) -> Vec<u64> {
    thread.referenced.iter().for_each(|original| state.entities.parents.set_given(original.id));
    state.entities.learn_accounts(thread.accounts);
    state.entities.learn_tweets(state.now, thread.referenced, true);
    state.entities.learn_tweets(state.now, thread.ancestors, true);
    state.entities.learn_tweets(state.now, thread.tweet, true);
    tweets(state, thread.replies.unwrap_or_default())
}

/// Stores a tweet of a live event with its current counts; returns its identifier.
pub(super) fn live_tweet(state: &mut State, live: v1::LiveTweet) -> Option<u64> {
    let tweet = live.tweet?;
    let id = tweet.id;
    // The event does not have the counts of what the tweet replies to, and not always those of what it quotes.
    let given: Vec<u64> = live.referenced.iter().map(|other| other.id).chain([id]).collect();
    for other in [tweet.reply_to, tweet.quote_of, tweet.retweet_of] {
        if !given.contains(&other) {
            state.live.tweets.note_changed(state.now, other);
        }
    }
    state.entities.learn_accounts(live.accounts);
    state.entities.learn_tweets(state.now, live.referenced, false);
    state.entities.learn_tweets(state.now, [tweet], false);
    state.pending.count_again(&mut state.entities, &given);
    Some(id)
}

/// Takes over how far the reader has come on other devices.
pub(super) fn read_lines(state: &mut State, list: v1::ReadLineList) {
    for line in list.read_lines {
        let here = state.reading.lines.entry(line.timeline.clone()).or_default();
        let was = std::mem::replace(here, line.tweet_id.max(*here));
        for (route, screen) in &mut state.screens.by_route {
            let is_this = route.read_line_name().as_ref() == Some(&line.timeline);
            // The line does not move while the screen is being read.
            if is_this && (screen.read_line.is_none() || (line.tweet_id > was && screen.seen <= was)) {
                screen.read_line = Some(line.tweet_id);
            }
        }
    }
}

/// Stores a page of notifications; returns their identifiers.
pub(super) fn notifications(state: &mut State, page: v1::NotificationPage) -> Vec<u64> {
    state.live.unread = page.unread;
    state.live.known.insert(Figure::Notifications);
    state.entities.learn_accounts(page.accounts);
    state.entities.learn_tweets(state.now, page.tweets, true);
    let ids = page.notifications.iter().map(|one| one.id).collect();
    state.entities.notifications.extend(page.notifications.into_iter().map(|one| (one.id, one)));
    ids
}

/// Stores the newest page of conversations. One that belongs there and is not on it is no longer listed, as with someone
/// who was muted on another device: nothing in it counts as unread.
pub(super) fn newest_conversations(state: &mut State, page: v1::ConversationPage) -> Vec<u64> {
    let last = |chat: &v1::Conversation| chat.last.as_ref().map_or(0, |last| last.id);
    let oldest = page.conversations.last().filter(|_| !page.next.is_empty()).map_or(0, last);
    let ids = conversations(state, page);
    let is_missing = |id: &u64, chat: &v1::Conversation| last(chat) >= oldest && !ids.contains(id);
    for (id, chat) in &mut state.entities.conversations {
        if is_missing(id, chat) {
            chat.unread = 0;
        }
    }
    ids
}

/// Stores a page of conversations; returns the identifiers of the other accounts.
pub(super) fn conversations(state: &mut State, page: v1::ConversationPage) -> Vec<u64> {
    state.live.known.insert(Figure::Messages);
    let mut ids = Vec::new();
    for mut conversation in page.conversations {
        let Some(with) = conversation.with.clone() else { continue };
        ids.push(with.id);
        // The page may be older than what was read since.
        let known = state.entities.conversations.get(&with.id).and_then(|known| known.yours);
        let last = conversation.last.as_ref().map_or(0, |last| last.id);
        if let Some(known) = known.filter(|known| known.read >= last) {
            conversation.unread = 0;
            conversation.yours = Some(known);
        }
        if let Some(last) = &conversation.last {
            state.entities.messages.insert(last.id, last.clone());
        }
        state.entities.conversations.insert(with.id, conversation);
        state.entities.learn_accounts([with]);
    }
    ids
}

/// Stores rows of accounts; returns their identifiers.
pub(super) fn people(state: &mut State, people: Vec<v1::AccountView>) -> Vec<u64> {
    let mut ids = Vec::with_capacity(people.len());
    for one in people {
        let figures =
            Figures { tweets: one.tweets, followers: one.followers, last_post_ms: one.last_post_ms };
        let Some(id) = state.entities.learn_person(state.now, one) else { continue };
        // Some lists leave them out.
        if figures != Figures::default() {
            state.entities.figures.insert(id, figures);
        }
        ids.push(id);
    }
    ids
}

/// Stores whom both the user and someone else follow.
pub(super) fn whom_both_follow(state: &mut State, purpose: &Purpose, page: v1::AccountPage) {
    let Purpose::BothFollow(username) = purpose else { return };
    let total = page.total.unwrap_or_default();
    let ids = people(state, page.people);
    state.entities.both_follow = Some(BothFollow { username: username.clone(), ids, total });
}

/// Stores the trending hashtags.
pub(super) fn trends(state: &mut State, list: v1::TrendList) {
    state.entities.trends = list;
    state.live.trends_requested_at = state.now;
    state.live.known.insert(Figure::Trends);
}

/// Stores who is online: everyone else is not. Returns their identifiers.
pub(super) fn online(state: &mut State, list: v1::OnlineList) -> Vec<u64> {
    state.entities.forget_presence();
    let ids = people(state, list.people);
    state.live.known.insert(Figure::Online);
    show_online(state, ids)
}

/// Takes over who is online, and whether the user is: the server may have made the list before it knew about this
/// connection. Returns all of them.
fn show_online(state: &mut State, mut ids: Vec<u64>) -> Vec<u64> {
    if let Some(me) = state.session.me.clone() {
        let presence = if state.terminal.is_focused { PresenceState::Online } else { PresenceState::Away };
        let is_listed = ids.contains(&me.account.id);
        let id = me.account.id;
        if me.is_hidden {
            ids.retain(|other| *other != id);
        } else if !is_listed {
            let view = v1::AccountView {
                account: Some(me.account),
                presence: presence.into(),
                ..Default::default()
            };
            state.entities.learn_person(state.now, view);
            let rank = |id: u64| {
                let (known, presence) = (&state.entities, state.entities.presence(id));
                (!known.relationship(id).following, presence != PresenceState::Online, known.username(id))
            };
            let place = ids.iter().position(|other| rank(*other) > rank(id)).unwrap_or(ids.len());
            ids.insert(place, id);
        }
    }
    state.live.online = ids.iter().copied().collect();
    for route in Route::all_online() {
        if let Some(screen) = state.screens.by_route.get_mut(&route).filter(|s| s.phase == Phase::Ready) {
            screen.ids.clone_from(&ids);
            // Those who left do not stay in the list, not even in the row of the reader.
            state.replace_rows(&route);
        }
    }
    ids
}

/// The user is known now, or hides or shows their presence: they appear in the list, or disappear from it.
pub(super) fn own_presence(state: &mut State) {
    if state.is_known(Figure::Online) {
        let all = Route::all_online();
        let mut screens = all.iter().filter_map(|route| state.screens.by_route.get(route));
        let ids = match screens.find(|screen| screen.phase == Phase::Ready) {
            Some(screen) => screen.ids.clone(),
            None => state.live.online.iter().copied().collect(),
        };
        show_online(state, ids);
    }
}

/// Stores hashtags with the number of their tweets.
pub(super) fn hashtags(state: &mut State, hashtags: Vec<v1::Hashtag>) {
    state.entities.hashtags.extend(hashtags.into_iter().map(|tag| (tag.name, tag.tweets)));
}

/// Stores a page of messages; returns their identifiers.
pub(super) fn messages(state: &mut State, page: v1::MessagePage) -> Vec<u64> {
    state.entities.learn_accounts(page.with);
    let ids = page.messages.iter().map(|message| message.id).collect();
    state.entities.messages.extend(page.messages.into_iter().map(|message| (message.id, message)));
    ids
}
