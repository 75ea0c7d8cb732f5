//! The rows of a thread: ancestors, the opened tweet, and its replies as a tree. A tweet that is missing, because it was
//! deleted or is hidden from the user, has a row in its place as long as something in the thread answers it.

use std::collections::{BTreeSet, HashMap};

use crate::route::Route;
use crate::row::Row;
use crate::state::{Phase, ScreenState, State};

/// Replies are indented up to this depth.
pub const DEPTH_MAX: u8 = 6;
/// Deeper replies are not shown.
const LEVELS_MAX: u8 = 100;

/// Ancestors, the tweet, and its replies: each below its parent, oldest first.
pub(crate) fn rows(state: &State, screen: &ScreenState, root: u64) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut above = None;
    rows.extend(earlier(state, screen, root).map(Row::EarlierTweets));
    for &id in screen.ancestors.iter().chain([&root]) {
        rows.extend(missing_above(state, id, above).map(|missing| Row::Tweet(missing, 0)));
        if id != root || state.entities.tweet(id).is_some() || state.entities.is_gone(id) {
            rows.push(Row::Tweet(id, 0));
        }
        if id != root && others(state, screen, root, id) > 0 {
            rows.push(Row::OtherReplies(id));
        }
        above = Some(id);
    }
    if !screen.folded.contains(&root) {
        branch(screen, &children(state, screen, root), root, 1, &mut rows);
    }
    rows
}

/// The tweet that should be between this one and the one above it.
fn missing_above(state: &State, id: u64, above: Option<u64>) -> Option<u64> {
    let answered = state.entities.reply_to(id);
    let is_missing = match above {
        Some(above) => answered != above,
        // The server sends the nearest ancestors only: there may be more above the first one.
        None => state.entities.is_missing(answered),
    };
    (answered != 0 && is_missing).then_some(answered)
}

/// The tweet above the first one of a thread that was loaded, unless it is missing: the server sends the nearest
/// ancestors only.
pub(crate) fn earlier(state: &State, screen: &ScreenState, root: u64) -> Option<u64> {
    let answered = state.entities.reply_to(first(screen, root));
    let is_there = screen.phase == Phase::Ready && !state.entities.is_missing(answered);
    (answered != 0 && is_there).then_some(answered)
}

/// The tweet at the top of a thread, or at least of the part that the server sent.
pub(crate) fn first(screen: &ScreenState, root: u64) -> u64 {
    screen.ancestors.first().copied().unwrap_or(root)
}

/// The replies to each tweet of a thread, the oldest first.
fn children(state: &State, screen: &ScreenState, root: u64) -> HashMap<u64, Vec<u64>> {
    // A reply is newer than what it answers. What a missing tweet answered may not be known.
    let parent_of =
        |id: u64| Some(state.entities.reply_to(id)).filter(|to| (root..id).contains(to)).unwrap_or(root);
    let known = screen.ids.iter().copied().filter(|id| state.entities.tweet(*id).is_some());
    let mut all: BTreeSet<u64> = known.collect();
    let mut to_place: Vec<u64> = all.iter().copied().collect();
    while let Some(id) = to_place.pop() {
        let parent = parent_of(id);
        if parent != root && all.insert(parent) {
            to_place.push(parent);
        }
    }
    let mut children: HashMap<u64, Vec<u64>> = HashMap::new();
    for id in all.into_iter().filter(|id| *id != root) {
        children.entry(parent_of(id)).or_default().push(id);
    }
    children
}

fn branch(
    screen: &ScreenState,
    children: &HashMap<u64, Vec<u64>>,
    parent: u64,
    depth: u8,
    rows: &mut Vec<Row>,
) {
    for &id in children.get(&parent).into_iter().flatten() {
        rows.push(Row::Tweet(id, depth.min(DEPTH_MAX)));
        if !screen.folded.contains(&id) && depth < LEVELS_MAX {
            branch(screen, children, id, depth + 1, rows);
        }
    }
}

/// The number of replies below a tweet of the thread that is open, at all depths, without those that are missing.
#[must_use]
pub fn replies_below(state: &State, screen: &ScreenState, id: u64) -> usize {
    let Route::Thread(root) = *state.route() else { return 0 };
    let children = children(state, screen, root);
    let mut below = children.get(&id).cloned().unwrap_or_default();
    let mut number = 0;
    while let Some(reply) = below.pop() {
        number += usize::from(state.entities.tweet(reply).is_some());
        below.extend(children.get(&reply).into_iter().flatten());
    }
    number
}

/// The number of replies to an ancestor in the thread that is open, apart from the one that leads to its tweet.
#[must_use]
pub fn other_replies(state: &State, ancestor: u64) -> u32 {
    match (state.route(), state.screen()) {
        (Route::Thread(root), Some(screen)) => others(state, screen, *root, ancestor),
        _ => 0,
    }
}

fn others(state: &State, screen: &ScreenState, root: u64, ancestor: u64) -> u32 {
    let mut below = screen.ancestors.iter().chain([&root]);
    let leads = below.any(|id| state.entities.tweet(*id).is_some_and(|tweet| tweet.reply_to == ancestor));
    let replies = state.entities.tweet(ancestor).map_or(0, |tweet| tweet.replies);
    replies.saturating_sub(u32::from(leads))
}

/// Whether a tweet is above the one that the thread is about.
#[must_use]
pub fn is_ancestor(state: &State, screen: &ScreenState, root: u64, id: u64) -> bool {
    let mut below = screen.ancestors.iter().chain([&root]);
    id != root && (screen.ancestors.contains(&id) || below.any(|one| state.entities.reply_to(*one) == id))
}
