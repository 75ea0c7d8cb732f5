//! Merges pages into lists: newest, older, and the two sides of a gap.

use std::collections::HashSet;

use super::lists::insert;
use crate::route::{PAGE_ITEMS, PageSelector, Route};
use crate::row::Row;
use crate::state::{ITEMS_MAX, Phase, ScreenState, State};

/// Puts the items of a page where they belong in a screen's list, and updates its gaps.
pub(super) fn merge(state: &mut State, route: &Route, part: &PageSelector, ids: Vec<u64>, next: String) {
    let next = (!next.is_empty()).then_some(next);
    let Some(panel) = state.panels.get_mut(route) else { return };
    panel.is_filling = false;
    panel.problem = None;
    panel.as_of = None;
    let was_empty = panel.ids.is_empty();
    let goes_on = next.is_some();
    let by_id = route.is_timeline() || matches!(route, Route::Notifications | Route::Conversation(_));
    let mut stand_on = None;
    match part {
        PageSelector::Newest if !by_id || was_empty || panel.phase != Phase::Ready => {
            // What is there before the first page came with live events.
            let live = if by_id { std::mem::take(&mut panel.ids) } else { Vec::new() };
            panel.ids = ids;
            insert_all(panel, live);
            panel.next = next;
            panel.gaps.clear();
        }
        PageSelector::Newest => {
            if !newest_merged(panel, &ids, goes_on) {
                panel.next = next;
            }
        }
        PageSelector::Older(_) => {
            let known: HashSet<u64> = panel.ids.iter().copied().collect();
            panel.ids.extend(ids.into_iter().filter(|id| !known.contains(id)));
            panel.next = next;
        }
        PageSelector::GapBelow(above) => {
            let below = panel.ids.iter().copied().find(|id| id < above);
            panel.gaps.remove(above);
            stand_on = ids.first().copied().or(below);
            if let Some(last) = ids.last().copied().filter(|_| goes_on)
                && below.is_some_and(|below| below < last)
            {
                panel.gaps.insert(last);
            }
            insert_all(panel, ids);
        }
        PageSelector::GapAbove(below) => {
            let above = panel.ids.iter().copied().take_while(|id| id > below).last();
            stand_on = ids.iter().copied().rfind(|id| Some(*id) != above).or(above);
            let reaches = ids.first().is_none_or(|first| above.is_none_or(|above| *first >= above))
                || ids.len() < usize::try_from(PAGE_ITEMS).unwrap_or(0);
            if reaches && let Some(above) = above {
                panel.gaps.remove(&above);
            }
            insert_all(panel, ids);
        }
    }
    trim(panel);
    panel.phase = Phase::Ready;
    state.refresh(route);
    if let Some(id) = stand_on
        && let Some(panel) = state.panels.get_mut(route)
    {
        panel.list.stand_on(|row| matches!(row, Row::Tweet(other, _) if *other == id));
        state.refresh(route);
    }
}

/// Merges the newest page with the list: what was deleted since is removed, and a gap is left where they do not
/// touch. Returns whether the list below the page stays.
fn newest_merged(panel: &mut ScreenState, ids: &[u64], goes_on: bool) -> bool {
    let (Some(&oldest), Some(&newest_here)) = (ids.last(), panel.ids.first()) else {
        if !goes_on {
            panel.ids.retain(|id| *id > panel.newest_when_asked);
        }
        return true;
    };
    let on_page: HashSet<u64> = ids.iter().copied().collect();
    // An item in the range of the page that is not on it was deleted; a newer one came with a live event.
    let newest = ids.first().copied().unwrap_or(0);
    panel.ids.retain(|id| *id > newest || *id < oldest || on_page.contains(id));
    if !goes_on {
        panel.ids.retain(|id| *id >= oldest);
        panel.gaps.clear();
        panel.next = None;
    } else if newest_here < oldest {
        panel.gaps.insert(oldest);
    }
    insert_all(panel, ids.to_vec());
    true
}

pub(super) fn insert_all(panel: &mut ScreenState, ids: Vec<u64>) {
    for id in ids {
        insert(panel, id);
    }
}

/// Drops the oldest items of a very long list; scrolling down requests them again.
fn trim(panel: &mut ScreenState) {
    if panel.ids.len() > ITEMS_MAX {
        panel.ids.truncate(ITEMS_MAX);
        panel.next = panel.ids.last().map(u64::to_string);
    }
}
