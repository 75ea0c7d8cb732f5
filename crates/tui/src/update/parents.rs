//! Pages do not contain the tweets that replies answer: those of visible replies are requested, and what the first tweet of
//! a thread answers, which may be missing. They leave out quoted tweets that are missing and those of muted accounts: which
//! of the two it is, is asked.

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
    let mut quoted: Vec<u64> = visible_tweets(state)
        .into_iter()
        .filter_map(|id| state.entities.tweet(state.entities.original(id)))
        .map(|tweet| tweet.quote_of)
        .collect();
    quoted.retain(|id| *id != 0 && state.entities.tweet(*id).is_none() && !state.entities.is_gone(*id));
    // First: what is only answered is not compared with a page.
    quoted.retain(|id| state.entities.parents.ask(*id));
    wanted.retain(|id| state.entities.parents.ask(*id));
    let get = |purpose, id| ask(purpose, Op::GetTweet(v1::GetTweet { tweet_id: id }));
    let quoted = quoted.into_iter().map(|id| get(Purpose::Quoted(id), id));
    quoted.chain(wanted.into_iter().map(|id| get(Purpose::Parent(id), id))).collect()
}

/// A quoted tweet is there that was not sent with the quote. Whether the user mutes its author is on their profile.
pub(super) fn withheld(state: &mut State, id: u64) -> Effects {
    let Some(author) = state.entities.tweet(id).map(|tweet| tweet.author_id) else {
        state.entities.parents.set_missing(id);
        return Effects::new();
    };
    state.entities.parents.set_withheld(id);
    state.refresh_all();
    if state.entities.knows_relationship(author) {
        return Effects::new();
    }
    let username = state.entities.username(author).to_owned();
    vec![ask(Purpose::Preview, Op::GetProfile(v1::GetProfile { username }))]
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
