//! Pages do not contain the tweets that replies answer: those of visible replies are requested.

use client::ClientError;
use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use crate::message::Purpose;
use crate::route::Route;
use crate::state::{Link, State};
use crate::view::layout::visible_tweets;

/// Requests each tweet once.
pub(super) fn ask_for_visible(state: &mut State) -> Effects {
    // A thread contains them.
    let shows_parents = !matches!(state.route(), Route::Thread(_));
    if !shows_parents || state.connection.link != Link::Live || state.session.me.is_none() {
        return Effects::new();
    }
    let replies = visible_tweets(state).into_iter().filter_map(|id| state.entities.tweet(id));
    let mut wanted: Vec<u64> = replies.map(|tweet| tweet.reply_to).collect();
    wanted.retain(|id| *id != 0 && state.entities.tweet(*id).is_none() && !state.entities.is_gone(*id));
    wanted.retain(|id| state.entities.parents.ask(*id));
    let get = |id| ask(Purpose::Parent(id), Op::GetTweet(v1::GetTweet { tweet_id: id }));
    wanted.into_iter().map(get).collect()
}

/// A tweet could not be loaded.
pub(super) fn failed(state: &mut State, id: u64, error: &ClientError) {
    match error {
        ClientError::Refused(model::Error::NotFound(_)) => state.entities.parents.set_missing(id),
        ClientError::Unreachable { .. } | ClientError::Lost | ClientError::TimedOut { .. } => {
            state.entities.parents.forget(id);
        }
        _ => {}
    }
}
