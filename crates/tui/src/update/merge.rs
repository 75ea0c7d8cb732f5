//! Merges pages into lists: newest, older, and the two sides of a gap.

use std::collections::HashSet;

use super::lists::insert;
use crate::route::{PAGE_ITEMS, PageSelector, Route};
use crate::row::Row;
use crate::state::{ITEMS_MAX, Phase, ScreenState, State};

/// Puts the items of a page where they belong in a screen's list, and updates its gaps.
pub(super) fn merge(state: &mut State, route: &Route, part: &PageSelector, ids: Vec<u64>, next: String) {
    let next = (!next.is_empty()).then_some(next);
    let top = state.top_row(route).filter(|_| *part == PageSelector::Newest);
    let Some(screen) = state.screens.by_route.get_mut(route) else { return };
    if *part == PageSelector::Newest && std::mem::take(&mut screen.adds_backlog) {
        let known: HashSet<u64> = screen.ids.iter().copied().collect();
        let added = ids.iter().copied().filter(|id| *id > screen.seen && !known.contains(id));
        screen.backlog.extend(added);
    }
    screen.is_loading = false;
    screen.problem = None;
    if *part == PageSelector::Newest {
        (screen.confirmed_at, screen.is_cached) = (Some(state.now), false);
    }
    let was_empty = screen.ids.is_empty();
    let goes_on = next.is_some();
    let by_id = route.is_timeline() || matches!(route, Route::Notifications(_) | Route::Conversation(_));
    let mut stand_on = None;
    match part {
        PageSelector::Newest if !by_id || was_empty || screen.phase != Phase::Ready => {
            // What is there before the first page came with live events.
            let live = if by_id { std::mem::take(&mut screen.ids) } else { Vec::new() };
            screen.ids = ids;
            insert_all(screen, live);
            screen.next = next;
            screen.gaps.clear();
        }
        PageSelector::Newest => {
            if !newest_merged(screen, &ids, goes_on) {
                screen.next = next;
            }
        }
        PageSelector::Older(_) => {
            let known: HashSet<u64> = screen.ids.iter().copied().collect();
            screen.ids.extend(ids.into_iter().filter(|id| !known.contains(id)));
            screen.next = next;
        }
        PageSelector::GapBelow(above) => {
            let below = screen.ids.iter().copied().find(|id| id < above);
            screen.gaps.remove(above);
            stand_on = ids.first().copied().or(below);
            if let Some(last) = ids.last().copied().filter(|_| goes_on)
                && below.is_some_and(|below| below < last)
            {
                screen.gaps.insert(last);
            }
            insert_all(screen, ids);
        }
        PageSelector::GapAbove(below) => {
            let above = screen.ids.iter().copied().take_while(|id| id > below).last();
            stand_on = ids.iter().copied().rfind(|id| Some(*id) != above).or(above);
            let reaches = ids.first().is_none_or(|first| above.is_none_or(|above| *first >= above))
                || ids.len() < usize::try_from(PAGE_ITEMS).unwrap_or(0);
            if reaches && let Some(above) = above {
                screen.gaps.remove(&above);
            }
            insert_all(screen, ids);
        }
    }
    trim(screen);
    screen.phase = Phase::Ready;
    state.refresh(route);
    if let Some(top) = top {
        state.stay_at_top(route, &top);
    }
    if let Some(id) = stand_on
        && let Some(screen) = state.screens.by_route.get_mut(route)
    {
        screen.list.select_in_place(|row| matches!(row, Row::Tweet(other, _) if *other == id));
        state.refresh(route);
    }
}

/// Merges the newest page with the list: what was deleted since is removed, and a gap is left where they do not
/// touch. Returns whether the list below the page stays.
fn newest_merged(screen: &mut ScreenState, ids: &[u64], goes_on: bool) -> bool {
    let (Some(&oldest), Some(&newest_here)) = (ids.last(), screen.ids.first()) else {
        if !goes_on {
            screen.ids.retain(|id| *id > screen.newest_at_request);
        }
        return true;
    };
    let on_page: HashSet<u64> = ids.iter().copied().collect();
    // An item in the range of the page that is not on it was deleted, and so was a newer one that was there when the
    // page was requested; others came with live events.
    let newest = ids.first().copied().unwrap_or(0).max(screen.newest_at_request);
    screen.ids.retain(|id| *id > newest || *id < oldest || on_page.contains(id));
    if !goes_on {
        screen.ids.retain(|id| *id >= oldest);
        screen.gaps.clear();
        screen.next = None;
    } else if newest_here < oldest {
        screen.gaps.insert(oldest);
    }
    insert_all(screen, ids.to_vec());
    true
}

pub(super) fn insert_all(screen: &mut ScreenState, ids: Vec<u64>) {
    for id in ids {
        insert(screen, id);
    }
}

/// Drops the oldest items of a very long list; scrolling down requests them again.
fn trim(screen: &mut ScreenState) {
    if screen.ids.len() > ITEMS_MAX {
        screen.ids.truncate(ITEMS_MAX);
        screen.next = screen.ids.last().map(u64::to_string);
    }
}
