//! The title row: where the reader is, how much is here, what is new, and facts about the list.

use model::SafeText;
use protocol::v1::AccountSort;

use super::layout::{MARGIN, SizeClass};
use super::lines::{Line, bold, dim, fit_line, line_columns, of, plain, put};
use super::nav::all_unread;
use crate::commands::Action;
use crate::doctor::warnings;
use crate::news::News;
use crate::people::order_of;
use crate::route::{OnlineList, Route};
use crate::row::Row;
use crate::signs::Sign;
use crate::state::{Phase, QUIET_LOADING_MS, ScreenState, State};
use crate::thread::{earlier, replies_below};
use crate::wording::{age_in_words, count, figure, link_words, presence_phrase, saved, waiting};
use terminal::grid::{Area, Grid};
use terminal::style::{ColorRole, Style, Surface};

/// Draws the title row. `new` is what is new above the visible rows.
pub(super) fn title(state: &State, grid: &mut Grid, area: Area, touches_pane: bool, new: News) {
    let Some(screen) = state.screen() else { return };
    // The rule ends before a pane.
    let end = (area.x + area.width).saturating_sub(u16::from(touches_pane));
    let left = left(state, screen, new);
    let facts_at = |facts: &Line| end.saturating_sub(u16::try_from(line_columns(facts)).unwrap_or(0) + 1);
    // One column stays free before the facts.
    let available = |facts: &Line| usize::from(facts_at(facts).saturating_sub(area.x + 3));
    let all = facts(state, screen, true);
    let fits = line_columns(&left) <= available(&all);
    let facts = if fits { all } else { facts(state, screen, false) };
    let facts_at = facts_at(&facts);
    let left = fit_line(left, available(&facts));
    let rule = state.sign(Sign::Rule);
    let mut x = put(grid, area, area.x + 2, area.y, &left, Surface::Plain) + 1;
    let rule_end = if facts.is_empty() { end } else { facts_at.saturating_sub(1) };
    while x < rule_end {
        grid.put(area, x, area.y, rule, Style::of(ColorRole::Line), 0);
        x += 1;
    }
    if !facts.is_empty() {
        put(grid, area, facts_at, area.y, &facts, Surface::Plain);
    }
}

/// The title, how much is here, and what is new.
fn left(state: &State, screen: &ScreenState, new: News) -> Line {
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    let (name, size) = name_and_size(state, screen);
    let mut line = vec![bold(name)];
    if let Some(size) = size {
        line.push(dim(format!(" · {size}")));
    }
    if let Route::Conversation(username) = state.route() {
        if let Some(id) = state.entities.by_username(username).map(|account| account.id) {
            line.push(dim(format!(" · {}", presence_phrase(state, state.entities.presence(id)))));
        }
        if screen.typing_until > state.now {
            line.push(of(ColorRole::Accent, " · typing…"));
        }
    }
    if screen.found().is_some() {
        line.push(of(ColorRole::Accent, if is_tiny { "" } else { "  Esc shows all" }));
    } else if !screen.filter.is_empty() {
        let words = SafeText::line(&screen.filter).as_str().to_owned();
        line.push(of(ColorRole::Accent, format!("  “{words}” · Esc shows all")));
    }
    if new.are_some() {
        let sign = state.sign(Sign::New);
        let text = if is_tiny {
            format!("  {sign}{new}")
        } else {
            let keys = state.preferences.keymap.keys_of(Action::ShowNew).unwrap_or_default();
            format!("  {sign} {new} new · {keys} to show")
        };
        line.push(of(ColorRole::Accent, text));
    }
    if screen.is_loading
        && screen.phase == Phase::Ready
        && state.now - screen.requested_at >= QUIET_LOADING_MS
    {
        line.push(dim("  loading…"));
    }
    line
}

/// The name of the screen, and how much it has where the list says so as a whole.
fn name_and_size(state: &State, screen: &ScreenState) -> (String, Option<String>) {
    let is_narrow = state.terminal.size.width < 50;
    let is_whole = screen.phase == Phase::Ready && screen.next.is_none();
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    let unread = |unread: u32| (unread > 0 && !is_narrow).then(|| format!("{unread} unread"));
    match state.route() {
        Route::Thread(root) if is_whole && earlier(state, screen, *root).is_none() => {
            let shown = screen.list.rows().iter().filter_map(Row::tweet);
            let with_folded = |id| {
                let is_folded = screen.folded.contains(&id);
                let is_here = state.entities.tweet(id).is_some();
                usize::from(is_here) + if is_folded { replies_below(state, screen, id) } else { 0 }
            };
            let tweets = number(shown.map(with_folded).sum());
            let size = if is_narrow { tweets.to_string() } else { count(tweets, "tweet", "tweets") };
            ("Thread".to_owned(), Some(size))
        }
        Route::Conversation(username) => {
            let name = state.entities.by_username(username).map(|account| &account.display_name);
            let name = name.filter(|name| !name.is_empty() && !is_narrow);
            let name = name.map_or_else(String::new, |name| format!(" {}", SafeText::line(name)));
            (format!("@{username}{name}"), None)
        }
        route if route.accounts().is_some() => {
            let name = SafeText::line(&route.title()).as_str().to_owned();
            if let Some(found) = screen.found() {
                let total = found.total.map_or_else(String::new, figure);
                return (name, Some(format!("{total} named “{}”", SafeText::line(&found.words))));
            }
            if !screen.filter.is_empty() {
                let shown = screen.list.rows().iter().filter(|row| matches!(row, Row::Person(_))).count();
                return (name, is_whole.then(|| shown.to_string()));
            }
            (name, screen.total.filter(|_| matches!(route, Route::People(_))).map(figure))
        }
        Route::Notifications(_) => ("Notifications".to_owned(), unread(state.live.unread)),
        Route::Conversations => ("Chats".to_owned(), unread(state.unread_messages())),
        Route::Online(list) => {
            let is_listed =
                |id: &u64| *list == OnlineList::Everyone || state.entities.relationship(*id).following;
            let online = state.online().filter(is_listed).count();
            ("Online".to_owned(), (online > 0).then(|| online.to_string()))
        }
        Route::Doctor => {
            let found = u32::try_from(warnings(state)).unwrap_or(u32::MAX);
            ("Doctor".to_owned(), (found > 0).then(|| count(found, "warning", "warnings")))
        }
        Route::About if !state.connection.hello.server_name.is_empty() => {
            (SafeText::line(&state.connection.hello.server_name).as_str().to_owned(), None)
        }
        Route::Drafts => {
            let all = state.texts.outbox.len() + state.texts.drafts.len();
            ("Drafts and outbox".to_owned(), (all > 0).then(|| all.to_string()))
        }
        route => (SafeText::line(&route.title()).as_str().to_owned(), None),
    }
}

/// What holds on every screen: that nothing can be changed, and what waits for the connection.
fn standing(state: &State) -> Vec<Line> {
    // The server row says so where there is one.
    let has_server_row = SizeClass::of(state.terminal.size) >= SizeClass::Wide;
    let is_read_only = state.session.is_read_only && !has_server_row;
    let read_only = is_read_only.then(|| vec![of(ColorRole::Warning, "read only")]);
    let waiting = match waiting(state) {
        0 => None,
        count => Some(vec![of(ColorRole::Warning, format!("{count} waiting"))]),
    };
    read_only.into_iter().chain(waiting).collect()
}

/// What the right end says: on a tiny screen what the bars carry elsewhere, the age of a list that is not up to date, or
/// how the list is sorted, unless there is no space for that.
fn facts(state: &State, screen: &ScreenState, has_space: bool) -> Line {
    let mut parts: Vec<Line> = Vec::new();
    let is_tiny = SizeClass::of(state.terminal.size) == SizeClass::Tiny;
    let announced = announced(state);
    if let Some(then) = state.as_of(screen) {
        parts.push(vec![of(ColorRole::Warning, saved(state, then, is_tiny))]);
    } else if let Some(fact) = fact_of(state, screen).filter(|_| has_space && !is_tiny) {
        parts.push(vec![dim(fact)]);
    }
    if is_tiny {
        let words = link_words(state);
        if words != "live" && !words.is_empty() {
            parts.insert(0, vec![of(ColorRole::Error, words)]);
            parts.truncate(1);
        }
        parts.extend(standing(state));
        if announced > 0 {
            let keys = state.preferences.keymap.keys_of(Action::About).unwrap_or_default();
            parts.push(vec![of(ColorRole::Warning, format!("{} {keys}", state.sign(Sign::Attention)))]);
        }
        let unread = all_unread(state);
        if !unread.is_empty() {
            parts.push(vec![of(ColorRole::Accent, unread)]);
        }
        return join(parts, " ");
    }
    parts.extend(standing(state));
    if announced > 0 {
        let keys = state.preferences.keymap.keys_of(Action::About).unwrap_or_else(|| ":about".to_owned());
        let announced = count(announced, "announcement", "announcements");
        parts.push(vec![of(ColorRole::Warning, announced), dim(format!(" · {keys}"))]);
    }
    join(parts, " · ")
}

fn join(parts: Vec<Line>, by: &'static str) -> Line {
    let mut line = Line::new();
    for part in parts {
        if !line.is_empty() {
            line.push(if by == " " { plain(by) } else { dim(by) });
        }
        line.extend(part);
    }
    line
}

/// How a list is sorted, where it is not obvious, or how old it is.
fn fact_of(state: &State, screen: &ScreenState) -> Option<String> {
    match state.route() {
        Route::Trends => Some("last 24 h, now at the right".to_owned()),
        Route::Online(OnlineList::Everyone) => Some("people you follow first".to_owned()),
        Route::Log(_) => Some("newest first".to_owned()),
        Route::Doctor => {
            state.connection.tested_at.map(|then| format!("tested {}", age_in_words(state.now - then)))
        }
        // Its head comes first: only what is not usual is said.
        Route::Profile(..) if screen.sort == AccountSort::Unspecified => None,
        route => order_of(route, screen.sort).map(|order| order.words.to_owned()),
    }
}

/// How many new announcements the title row names; they are on the screen about the server.
fn announced(state: &State) -> u32 {
    match state.route() {
        Route::About => 0,
        _ => u32::try_from(state.new_announcements().count()).unwrap_or(u32::MAX),
    }
}

/// Whether a cell of the title row says that there are new announcements.
pub(super) fn is_announcement(state: &State, area: Area, x: u16) -> bool {
    let Some(screen) = state.screen().filter(|_| announced(state) > 0) else { return false };
    let columns = u16::try_from(line_columns(&facts(state, screen, false))).unwrap_or(0);
    (area.x + area.width).saturating_sub(columns + MARGIN) <= x && columns > 0
}
