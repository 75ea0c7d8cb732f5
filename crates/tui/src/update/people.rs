//! Lists of people: sorting them, and finding people on the server in those that are not fully loaded.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use super::{learn, lists};
use crate::message::Purpose;
use crate::people::{Found, ORDERS, order_of};
use crate::route::{PageSelector, Route};
use crate::row::Row;
use crate::state::{Link, ScreenState, State};
use crate::view::layout::{height, list_size};

/// People who are shown as active today.
const ACTIVE_MAX: u32 = 10;

/// Sorts the list: in the order with this name; without a name, in the next one.
pub(super) fn sort(state: &mut State, name: &str) -> Effects {
    let route = state.route().clone();
    let Some(now) = state.screen().and_then(|screen| order_of(&route, screen.sort)) else {
        return Effects::new();
    };
    let here = ORDERS.iter().position(|order| order.sort == now.sort).unwrap_or(0);
    let wanted = match name {
        "" => ORDERS.get((here + 1) % ORDERS.len()),
        name => ORDERS.iter().find(|order| order.name.starts_with(&name.to_lowercase())),
    };
    let Some(wanted) = wanted else {
        let names = ORDERS.map(|order| order.name).join(", ");
        state.say(format!("Lists of people can be sorted by {names}"));
        return Effects::new();
    };
    if state.connection.link != Link::Live {
        state.say("Sorting needs the connection");
        return Effects::new();
    }
    let screen = ScreenState { sort: wanted.sort, ..ScreenState::default() };
    state.screens.by_route.insert(route.clone(), screen);
    let effects = lists::fill(state, &route, PageSelector::Newest);
    state.refresh(&route);
    state.say(format!("Sorted {}", wanted.words));
    effects
}

/// Asks the server for people who match the filter, if not all people of the list were loaded.
pub(super) fn find(state: &State) -> Effects {
    let Some(screen) = state.screen().filter(|screen| screen.next.is_some()) else { return Effects::new() };
    let words = screen.filter.trim().to_owned();
    // One letter finds nothing, unless its script has no spaces between words.
    let is_short = words.trim_start_matches('@').len() < 2;
    if is_short || screen.found().is_some() {
        Effects::new()
    } else {
        lists::find(state, screen, words, None)
    }
}

/// The server has found people for the filter of a list.
pub(super) fn found(state: &mut State, purpose: &Purpose, page: v1::AccountPage) {
    let Purpose::Find(route, words, cursor) = purpose else { return };
    let ids = learn::people(state, page.people);
    let next = (!page.next.is_empty()).then_some(page.next);
    let Some(screen) = state.screens.by_route.get_mut(route) else { return };
    screen.is_loading &= cursor.is_none();
    match (cursor, &mut screen.found) {
        (None, _) if screen.filter.trim() == words => {
            screen.found = Some(Found { words: words.clone(), ids, next, total: page.total });
            state.replace_rows(route);
        }
        (Some(_), Some(found)) if found.words == *words && found.next == *cursor => {
            found.ids.extend(ids);
            found.next = next;
            state.refresh(route);
        }
        // Something else is looked for by now.
        _ => {}
    }
}

/// Takes the selected suggestion out of the list for good.
pub(super) fn dismiss(state: &mut State) -> Effects {
    let Some(Row::Person(id)) = state.selected().cloned() else { return Effects::new() };
    let username = state.entities.username(id).to_owned();
    let route = state.route().clone();
    state.with_list(|state, list| {
        let (rows_high, width) = list_size(state);
        let measure = |row: &Row| height(state, row, width);
        if !list.step(1, rows_high, &measure) {
            list.step(-1, rows_high, &measure);
        }
    });
    state.entities.suggested.retain(|other| *other != id);
    state.screen_mut().ids.retain(|other| *other != id);
    state.refresh(&route);
    state.say(format!("@{username} is not suggested again"));
    let op = Op::DismissSuggestion(v1::DismissSuggestion { username });
    vec![ask(Purpose::Background, op)]
}

/// Requests who was active today, for someone who is the only one online.
pub(super) fn ask_who_was_active(state: &State) -> Effects {
    let is_alone = state.screen().is_some_and(|screen| screen.ids.iter().all(|id| state.is_me(*id)));
    if *state.route() != Route::ONLINE || !is_alone {
        return Effects::new();
    }
    let op = Op::ListAccounts(v1::ListAccounts {
        list: v1::AccountList::People.into(),
        page: Some(v1::PageRequest { limit: ACTIVE_MAX, position: None }),
        sort: v1::AccountSort::Active.into(),
        ..v1::ListAccounts::default()
    });
    vec![ask(Purpose::Active, op)]
}
