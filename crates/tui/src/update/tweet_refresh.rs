//! Reads the tweets on the screen again, all by one request: their counts, texts and quoted tweets change without an event
//! to this client. An unchanged tweet changes nothing on the screen.

use std::collections::HashSet;

use client::ClientError;
use model::Error;
use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use super::{learn, lists};
use crate::message::Purpose;
use crate::route::Route;
use crate::state::{Link, State};
use crate::tweet_refresh::TWEETS_MAX;
use crate::view::layout::{areas, visible_notifications, visible_tweets};

/// Requests the tweets on the screen when it is time, while someone can see them.
pub(super) fn ask_for_shown(state: &mut State) -> Effects {
    let is_watched = state.terminal.is_focused
        && state.form.is_none()
        && state.connection.link == Link::Live
        && state.session.me.is_some();
    let shown = if is_watched { shown(state) } else { Vec::new() };
    let counted = |id: &u64| state.entities.counted_at(*id).map(|at| (*id, at));
    let due = state.live.tweets.due(shown.iter().filter_map(counted));
    state.live.tweets.due_at = due.filter(|due| *due > state.now);
    if due.is_none_or(|due| due > state.now) {
        return Effects::new();
    }
    state.live.tweets.begin(state.now, &shown);
    let op = Op::GetTweets(v1::GetTweets { tweet_ids: shown.clone() });
    vec![ask(Purpose::Shown(shown), op)]
}

/// The tweets that are on the screen: first those of rows, then what they answer, and the replies in a pane.
fn shown(state: &State) -> Vec<u64> {
    let mut ids = visible_tweets(state);
    let notifications = visible_notifications(state).into_iter();
    ids.extend(notifications.filter_map(|id| Some(state.entities.notifications.get(&id)?.tweet_id)));
    if !matches!(state.route(), Route::Thread(_)) {
        let answered: Vec<u64> = ids.iter().map(|id| state.entities.reply_to(*id)).collect();
        ids.extend(answered);
    }
    let areas = areas(state);
    if (areas.side.is_some() || areas.context.is_some())
        && let Some(selected) = state.selected_tweet()
    {
        ids.push(selected);
        ids.extend(state.entities.replies(selected).map(|reply| reply.id));
    }
    let mut seen = HashSet::new();
    ids.retain(|id| state.entities.tweet(*id).is_some() && seen.insert(*id));
    ids.truncate(TWEETS_MAX);
    ids
}

/// The server has sent the tweets that were on the screen. Those that it left out are not there any more.
pub(super) fn answered(state: &mut State, requested: &[u64], page: v1::TweetPage) {
    // The reader's row stays where it is while rows above it get more or fewer lines.
    state.pin();
    let listed: HashSet<u64> = page.tweets.iter().map(|tweet| tweet.id).collect();
    let quoted: Vec<u64> = page.tweets.iter().map(|tweet| tweet.quote_of).collect();
    let contents = |state: &State| -> Vec<Option<v1::Tweet>> {
        requested.iter().chain(&quoted).map(|id| state.entities.tweet(*id).cloned()).collect()
    };
    let before = contents(state);
    learn::tweets(state, page);
    for id in requested.iter().filter(|id| !listed.contains(id)) {
        // Those of someone whom the user blocks are hidden by the client, and come back when the block ends.
        let author = state.entities.tweet(*id).map(|tweet| tweet.author_id);
        if author.is_some_and(|author| !state.entities.relationship(author).blocking) {
            lists::withdraw_tweet(state, *id);
        }
    }
    let has_changed = contents(state) != before;
    state.live.tweets.succeed(has_changed);
    if has_changed {
        state.refresh_all();
    }
}

/// The server did not send them.
pub(super) fn failed(state: &mut State, error: &ClientError) {
    let is_unsupported = matches!(error, ClientError::Refused(Error::Invalid { field, .. }) if field == "op");
    state.live.tweets.fail(state.now, is_unsupported);
}
