//! Pages do not contain the tweets that replies answer: those of visible replies are requested, and what the first tweet of
//! a thread answers, which may be missing.

use client::ClientError;
use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use crate::message::Purpose;
use crate::route::Route;
use crate::state::{Link, Phase, State};
use crate::thread::first;
use crate::view::layout::visible_tweets;

/// Requests each tweet once.
pub(super) fn ask_for_visible(state: &mut State) -> Effects {
    if state.connection.link != Link::Live || state.session.me.is_none() {
        return Effects::new();
    }
    let replies = match (state.route(), state.screen()) {
        // It contains the others.
        (Route::Thread(root), Some(screen)) if screen.phase == Phase::Ready => vec![first(screen, *root)],
        (Route::Thread(_), _) => Vec::new(),
        _ => visible_tweets(state),
    };
    let mut wanted: Vec<u64> = replies.into_iter().map(|id| state.entities.reply_to(id)).collect();
    wanted.retain(|id| *id != 0 && state.entities.tweet(*id).is_none() && !state.entities.is_gone(*id));
    wanted.retain(|id| state.entities.parents.ask(*id));
    let get = |id| ask(Purpose::Parent(id), Op::GetTweet(v1::GetTweet { tweet_id: id }));
    wanted.into_iter().map(get).collect()
}

/// A tweet could not be loaded.
pub(super) fn failed(state: &mut State, id: u64, error: &ClientError) {
    match error {
        ClientError::Refused(model::Error::NotFound(_)) => {
            state.entities.parents.set_missing(id);
            state.refresh_all();
        }
        ClientError::Unreachable { .. } | ClientError::Lost | ClientError::TimedOut { .. } => {
            state.entities.parents.forget(id);
        }
        _ => {}
    }
}
