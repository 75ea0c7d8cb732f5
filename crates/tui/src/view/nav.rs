//! Navigation: the places of the client as a sidebar on wide screens, as a row of tabs on others, and the row with the
//! server, the account and the connection.

use model::SafeText;

use super::layout::new_above;
use super::lines::{Line, Span, bold, dim, fit_line, line_columns, of, plain, put, span, two_ends};
use super::size::is_roomy;
use crate::commands::Action;
use crate::news::{self, News};
use crate::route::{ProfileTab, Route, SearchKind};
use crate::signs::Sign;
use crate::state::{Link, State};
use crate::wording::link_words;
use terminal::grid::{Area, Grid};
use terminal::measure::{columns, fit};
use terminal::style::{ColorRole, Style, Surface};

/// Chats in the sidebar.
const CHATS_MAX: usize = 6;
/// Columns of the server's name in the server row.
const SERVER_NAME_MAX: usize = 40;
/// The order in which tabs lose their names on a narrow screen.
const UNNAMED_FIRST: [Route; 3] = [Route::Trends, Route::PEOPLE, Route::ONLINE];

/// A count with its sign; empty if there is nothing to count.
pub(super) fn badge(sign: &str, news: News) -> String {
    if news.are_some() { format!("{sign}{}", news::badge(news)) } else { String::new() }
}

fn exactly(count: usize) -> News {
    News { count, is_more: false }
}

/// What is new in a place: rows above, unread items, or a plain count. `new` is what is new above the visible rows.
fn badge_of(state: &State, place: &Route, new: News) -> String {
    let unread_of = |count: u32| badge(state.sign(Sign::Unread), count.into());
    match place {
        Route::Home => {
            let news = state.screens.by_route.get(place).map_or(News::default(), |screen| {
                if state.route() == place {
                    new
                } else {
                    News::among(state, screen, screen.list.rows().iter())
                }
            });
            badge(state.sign(Sign::New), news)
        }
        Route::Notifications(_) => unread_of(state.live.unread),
        Route::Conversations => unread_of(state.unread_messages()),
        Route::Conversation(username) => {
            let id = state.entities.by_username(username).map_or(0, |account| account.id);
            unread_of(state.entities.unread_from(id))
        }
        Route::Online(_) => badge("", exactly(state.online().count())),
        Route::Drafts => badge("", exactly(state.texts.outbox.len() + state.texts.drafts.len())),
        Route::About => badge(state.sign(Sign::Unread), exactly(state.new_announcements().count())),
        _ => String::new(),
    }
}

/// Everything unread that is addressed to the user.
pub(super) fn all_unread(state: &State) -> String {
    badge(state.sign(Sign::Unread), state.live.unread.saturating_add(state.unread_messages()).into())
}

/// The place that a screen belongs to, whichever way it was reached; `None` if it belongs to none.
pub(crate) fn owner(state: &State) -> Option<Route> {
    let visited = state.screens.history.iter().take(state.screens.index + 1).rev();
    // A thread belongs to the screen from which it was opened.
    let from = visited.into_iter().find(|route| !matches!(route, Route::Thread(_))).unwrap_or(&Route::Home);
    Some(match from {
        Route::Home | Route::Mine | Route::Local | Route::Bookmarks | Route::Likes => Route::Home,
        Route::Search(SearchKind::Tweets, _) => Route::Home,
        Route::Trends | Route::Hashtag(_) | Route::Search(SearchKind::Hashtags, _) => Route::Trends,
        Route::Profile(..) | Route::People(_) | Route::Search(SearchKind::People, _) => Route::PEOPLE,
        Route::Conversations | Route::Conversation(_) => Route::Conversations,
        Route::Notifications(_) => Route::NOTIFICATIONS,
        Route::Online(_) => Route::ONLINE,
        _ => return None,
    })
}

/// A tab with its text, its first column and the column after it.
struct Tab {
    place: Route,
    text: String,
    badge: String,
    is_current: bool,
    from: u16,
    to: u16,
}

/// How much space tabs take.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// A space after the digit, and two between tabs.
    Long,
    /// No space after the digit.
    Short,
    /// The same with one space between tabs, in which a bracket can be.
    Dense,
}

/// The tabs of these places, with their badges and which one is current, in a form, this many of them without their
/// name.
fn tabs_as(places: &[(Route, String, bool)], area: Area, form: Form, unnamed: usize) -> Vec<Tab> {
    let is_short = form != Form::Long;
    let mut x = area.x;
    let mut all = Vec::new();
    for (number, (place, badge, is_current)) in (1..).zip(places.iter().cloned()) {
        let has_name = !UNNAMED_FIRST.iter().take(unnamed).any(|one| *one == place);
        let name = if has_name { place.tab_title() } else { String::new() };
        let gap = if is_short || !has_name { "" } else { " " };
        // A plain count needs a space, or it would look like part of the name or of the digit.
        let is_plain = badge.chars().next().is_some_and(|c| c.is_ascii_digit());
        let before_badge = if !badge.is_empty() && (!is_short || is_plain) { " " } else { "" };
        let text = format!("{number}{gap}{name}{before_badge}");
        let to = x + 2 + u16::try_from(columns(&text) + columns(&badge)).unwrap_or(0);
        all.push(Tab { place, text, badge, is_current, from: x, to });
        x = if form == Form::Dense { to - 1 } else { to };
    }
    all
}

/// The tabs with as much as there is space for next to the word for the connection. What else is at the right does not
/// change them.
fn tabs(state: &State, area: Area, new: News) -> Vec<Tab> {
    let available = area.width.saturating_sub(u16::try_from(columns("live")).unwrap_or(0) + 1);
    let forms = [
        (Form::Long, 0),
        (Form::Short, 0),
        (Form::Dense, 0),
        (Form::Dense, 1),
        (Form::Dense, 2),
        (Form::Dense, 3),
    ];
    let current = owner(state);
    let places = Route::TABS.map(|place| {
        let (badge, is_current) = (badge_of(state, &place, new), Some(&place) == current.as_ref());
        (place, badge, is_current)
    });
    let mut all = Vec::new();
    for (form, unnamed) in forms {
        all = tabs_as(&places, area, form, unnamed);
        if all.last().is_none_or(|last| last.to <= area.x + available) {
            break;
        }
    }
    all
}

pub(super) fn tab_row(state: &State, grid: &mut Grid, area: Area, new: News) {
    let style = Style::default().on(Surface::Bar);
    grid.clear(area, style);
    let mut end = area.x;
    for tab in tabs(state, area, new) {
        let words = if tab.is_current { style.bold() } else { Style::of(ColorRole::Dim).on(Surface::Bar) };
        let (open, close) = if tab.is_current { ("[", "]") } else { (" ", " ") };
        let line = [
            span(open, words),
            span(tab.text, words),
            span(tab.badge, Style::of(ColorRole::Accent).on(Surface::Bar)),
            span(close, words),
        ];
        // The space before a tab may have the bracket of the one before it.
        let skipped = usize::from(!tab.is_current);
        let from = tab.from + u16::from(!tab.is_current);
        put(grid, area, from, area.y, line.get(skipped..).unwrap_or_default(), Surface::Bar);
        end = tab.to;
    }
    let right = account_and_link(state, usize::from((area.x + area.width).saturating_sub(end + 1)), false);
    // Rather no margin than no space after the bracket of the last tab.
    let touches = usize::from(area.x + area.width) <= usize::from(end) + line_columns(&right) + 1;
    put_right(grid, area, &right, u16::from(!touches));
}

/// The server's name at the left; the account and the connection at the right.
pub(super) fn server_row(state: &State, grid: &mut Grid, area: Area) {
    grid.clear(area, Style::default().on(Surface::Bar));
    let name = match state.connection.server.as_str() {
        "" => "Mini-Tweet".to_owned(),
        _ => state.server_name(),
    };
    let line = [plain(" "), bold(fit(&name, SERVER_NAME_MAX))];
    let end = put(grid, area, area.x, area.y, &line, Surface::Bar);
    let right = account_and_link(state, usize::from((area.x + area.width).saturating_sub(end + 1)), true);
    put_right(grid, area, &right, 1);
}

/// Puts a line at the right end of a row, up to a margin.
fn put_right(grid: &mut Grid, area: Area, line: &[Span], margin: u16) {
    let columns = u16::try_from(line_columns(line)).unwrap_or(0) + margin;
    put(grid, area, (area.x + area.width).saturating_sub(columns), area.y, line, Surface::Bar);
}

/// The account and the state of the connection, of which the last is the most important.
fn account_and_link(state: &State, width: usize, is_long: bool) -> Line {
    let words = link_words(state);
    let role = match &state.connection.link {
        Link::Live | Link::Connecting => ColorRole::Dim,
        Link::Late => ColorRole::Warning,
        Link::Reconnecting(_) | Link::Stopped(_) => ColorRole::Error,
    };
    let mut parts = Vec::new();
    if is_long {
        parts.extend(elsewhere(state));
    }
    if is_long && state.session.is_read_only {
        parts.push(dim("read only"));
    }
    if let Some(username) = state.session.username.as_ref().filter(|_| !state.is_signed_out()) {
        parts.push(plain(format!("@{username}")));
    }
    parts.push(of(role, words));
    loop {
        let mut line = Line::new();
        for part in &parts {
            if !line.is_empty() {
                line.push(dim(" · "));
            }
            line.push(part.clone());
        }
        if parts.len() == 1 || line_columns(&line) < width {
            return fit_line(line, width);
        }
        parts.remove(0);
    }
}

/// What is unread in the other accounts of this machine, and the key that leads to them.
fn elsewhere(state: &State) -> Option<Span> {
    let unread = |name: &String| {
        let unread = badge(state.sign(Sign::Unread), state.live.elsewhere.unread(name).into());
        let (username, _) = name.rsplit_once('@').filter(|_| !unread.is_empty())?;
        Some(format!("@{} {unread}", SafeText::line(username)))
    };
    let all: Vec<String> = state.session.others.iter().filter_map(unread).collect();
    let keys = state.preferences.keymap.keys_of(Action::Accounts)?;
    (!all.is_empty()).then(|| of(ColorRole::Accent, format!("{keys}: {}", all.join("  "))))
}

pub(super) fn tab_at(state: &State, area: Area, x: u16) -> Option<Route> {
    let new = new_above(state);
    let hit = |tab: &Tab| (tab.from..tab.to).contains(&x);
    tabs(state, area, new).into_iter().find(hit).map(|tab| tab.place)
}

/// A row of the sidebar.
enum SideRow {
    Blank,
    Head(&'static str),
    Place { place: Route, digit: Option<usize>, name: String, key: Option<Action> },
}

fn side_rows(state: &State) -> Vec<SideRow> {
    let place = |place: Route, name: &str, key: Option<Action>| SideRow::Place {
        place,
        digit: None,
        name: name.to_owned(),
        key,
    };
    let mut rows = Vec::new();
    for (digit, tab) in (1..).zip(Route::TABS) {
        let name = tab.title();
        rows.push(SideRow::Place { place: tab, digit: Some(digit), name, key: None });
    }
    let head = |rows: &mut Vec<SideRow>, text: &'static str| {
        if is_roomy(state) {
            rows.push(SideRow::Blank);
        }
        rows.push(SideRow::Head(text));
    };
    head(&mut rows, "Feeds");
    rows.push(place(Route::Local, "Local", Some(Action::GoLocal)));
    rows.push(place(Route::Mine, "Your tweets", Some(Action::GoMine)));
    rows.push(place(Route::Bookmarks, "Bookmarks", Some(Action::GoBookmarks)));
    rows.push(place(Route::Likes, "Liked", Some(Action::GoLiked)));
    if let Route::Hashtag(name) = state.place() {
        rows.push(place(state.place().clone(), &format!("#{}", SafeText::line(name)), None));
    }
    let chats = chats(state);
    if !chats.is_empty() {
        head(&mut rows, "Chats");
    }
    for username in chats {
        let name = format!("@{username}");
        rows.push(place(Route::Conversation(username), &name, None));
    }
    head(&mut rows, "You");
    if let Some(username) = &state.session.username {
        let own = Route::Profile(username.clone(), ProfileTab::Tweets);
        rows.push(place(own, "Profile", Some(Action::GoProfile)));
    }
    rows.push(place(Route::Drafts, "Drafts", Some(Action::GoDrafts)));
    rows.push(place(Route::Settings, "Settings", Some(Action::GoSettings)));
    rows.push(place(Route::About, "About", Some(Action::About)));
    rows
}

/// The chats of the sidebar: unread ones first, then the newest.
fn chats(state: &State) -> Vec<String> {
    let mut all: Vec<_> =
        state.entities.conversations.iter().filter(|(_, chat)| chat.with.is_some()).collect();
    all.sort_by_key(|(id, chat)| {
        let newest = chat.last.as_ref().map_or(0, |last| last.id);
        (state.entities.unread_from(**id) == 0, std::cmp::Reverse(newest))
    });
    let names = all.into_iter().take(CHATS_MAX);
    names.filter_map(|(_, chat)| Some(chat.with.as_ref()?.username.clone())).collect()
}

pub(super) fn sidebar(state: &State, grid: &mut Grid, area: Area, new: News) {
    let rows = side_rows(state);
    let is_row =
        |route: &Route| rows.iter().any(|row| matches!(row, SideRow::Place { place, .. } if place == route));
    let here = if is_row(state.route()) { Some(state.route().clone()) } else { owner(state) };
    // The name and the badge have the columns between the digit and the border.
    let width = usize::from(area.width.saturating_sub(5));
    for (y, row) in (area.y..area.y + area.height).zip(&rows) {
        match row {
            SideRow::Blank => {}
            SideRow::Head(text) => {
                put(grid, area, area.x + 1, y, &[bold(*text)], Surface::Plain);
            }
            SideRow::Place { place, digit, name, key } => {
                let is_here = Some(place) == here.as_ref();
                let mark = if is_here { state.sign(Sign::Here) } else { " " };
                let number = digit.map_or_else(|| " ".to_owned(), |digit| digit.to_string());
                let start = [of(ColorRole::Accent, mark), dim(number), plain(" ")];
                put(grid, area, area.x, y, &start, Surface::Plain);
                let badge = badge_of(state, place, new);
                let right = match key.and_then(|action| state.preferences.keymap.keys_of(action)) {
                    Some(keys) if badge.is_empty() => dim(keys),
                    _ if *place == Route::ONLINE || *place == Route::Drafts => dim(badge),
                    _ => of(ColorRole::Accent, badge),
                };
                // A name that does not fit next to its badge has the short form of the tabs.
                let is_long = columns(name) + 1 + columns(&right.text) > width;
                let name = if is_long && digit.is_some() { place.tab_title() } else { name.clone() };
                let name = if is_here { bold(name) } else { plain(name) };
                let line = two_ends(vec![name], vec![right], width);
                put(grid, area, area.x + 3, y, &line, Surface::Plain);
            }
        }
    }
    for y in area.y..area.y + area.height {
        grid.put(area, area.x + area.width - 1, y, state.sign(Sign::Border), Style::of(ColorRole::Line), 0);
    }
}

pub(super) fn place_at(state: &State, area: Area, y: u16) -> Option<Route> {
    match side_rows(state).into_iter().nth(usize::from(y - area.y))? {
        SideRow::Place { place, .. } => Some(place),
        SideRow::Blank | SideRow::Head(_) => None,
    }
}
