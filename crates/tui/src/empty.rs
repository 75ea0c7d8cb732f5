//! The rows of a list without items: why it is empty, and what leads on. An empty screen is a starting point.

use model::SafeText;

use crate::availability::unavailable;
use crate::commands::Action;
use crate::route::{
    LogList, NotificationList, OnlineList, PageSelector, PeopleSection, ProfileTab, Route, SearchKind,
};
use crate::row::{Offered, Row};
use crate::state::{Phase, ScreenState, State};
use crate::wording::way_to;

/// People whom an empty list suggests.
const PEOPLE_MAX: usize = 5;
/// Hashtags that an empty list suggests.
const HASHTAGS_MAX: usize = 5;
/// The home feed suggests people until the user follows as many.
const FOLLOWED_ENOUGH: usize = 3;

/// The rows of a list that has no items.
#[must_use]
pub(crate) fn rows(state: &State, route: &Route, screen: &ScreenState) -> Vec<Row> {
    if !screen.filter.is_empty() {
        let back = if state.terminal.capabilities.is_plain { "“back”" } else { "Esc" };
        return vec![sentence(format!(
            "Nothing here contains “{}”. {back} shows all.",
            safe(&screen.filter)
        ))];
    }
    // What this client itself knows is never loaded.
    let is_of_server = route.request(&PageSelector::Newest).is_some();
    match screen.phase {
        Phase::Failed => return vec![Row::Failed],
        Phase::New | Phase::Loading if is_of_server => return Vec::new(),
        _ => {}
    }
    let mut rows = vec![sentence(why(state, route))];
    rows.extend(onward(state, route));
    rows
}

/// Whether the home feed suggests people to follow and hashtags to read: at the beginning.
#[must_use]
pub(crate) fn is_beginning(state: &State) -> bool {
    let Some(me) = &state.session.me else { return false };
    let known = state.entities.accounts().filter(|one| state.entities.relationship(one.id).following).count();
    let said = state.entities.profiles.get(&me.account.username).map_or(0, |profile| profile.following);
    known.max(usize::try_from(said).unwrap_or(usize::MAX)) < FOLLOWED_ENOUGH
}

/// People to follow, hashtags to read, and other ways to begin.
#[must_use]
pub(crate) fn suggestions(state: &State) -> Vec<Row> {
    let mut rows = Vec::new();
    let people = to_follow(state);
    if !people.is_empty() {
        rows.push(Row::heading("People to follow"));
        rows.extend(people);
        rows.extend(offer(state, "More people", Action::GoPeople));
    }
    let trends = &state.entities.trends.trends;
    if !trends.is_empty() {
        rows.push(Row::heading("Hashtags to read"));
        rows.extend(trends.iter().take(HASHTAGS_MAX).map(|trend| Row::Hashtag(trend.name.as_str().into())));
    }
    let me = state.session.me.as_ref().map_or(0, |me| me.account.id);
    let is_first = state.entities.newest_by(me).is_none();
    let write = if is_first { "Write your first tweet" } else { "Write a tweet" };
    let others = [
        offer(state, "People", Action::GoPeople).filter(|_| rows.is_empty()),
        offer(state, "Read everyone's public tweets", Action::GoLocal),
        offer(state, write, Action::Compose),
    ];
    if !rows.is_empty() {
        rows.push(Row::heading("Or"));
    }
    rows.extend(others.into_iter().flatten());
    rows
}

/// People whom the server suggests, who stay when they are followed, so that this can be undone. As long as it has not
/// answered, known people whom the user does not follow.
fn to_follow(state: &State) -> Vec<Row> {
    let mut people = state.entities.suggested.clone();
    if people.is_empty() {
        let is_new = |id: &u64| {
            let relation = state.entities.relationship(*id);
            !state.is_me(*id) && !relation.blocking && !relation.muting && !relation.following
        };
        people = state.entities.accounts().map(|one| one.id).filter(is_new).collect();
        people.sort_by_cached_key(|id| state.entities.name_key(*id));
    }
    people.into_iter().take(PEOPLE_MAX).map(Row::Person).collect()
}

fn sentence(text: impl AsRef<str>) -> Row {
    Row::Sentence(text.as_ref().into())
}

fn safe(text: &str) -> String {
    SafeText::line(text).as_str().to_owned()
}

/// An offer to run a command, if that is possible now.
fn offer(state: &State, text: &str, action: Action) -> Option<Row> {
    unavailable(state, action).is_none().then(|| Row::Offer(text.into(), Offered::Run(action)))
}

/// Whether the user blocks this account.
fn is_blocked(state: &State, username: &str) -> bool {
    let id = state.entities.by_username(username).map(|account| account.id);
    id.is_some_and(|id| state.entities.is_blocked(id))
}

/// Why a list is empty, in a sentence.
fn why(state: &State, route: &Route) -> String {
    let keys = |action: Action| way_to(state, action);
    match route {
        Route::Home => {
            let name = safe(&state.connection.hello.server_name);
            let welcome = if name.is_empty() { String::new() } else { format!("Welcome to {name}. ") };
            let follow = keys(Action::Follow);
            let how = match to_follow(state).is_empty() {
                true => String::new(),
                false if state.terminal.capabilities.is_plain => {
                    " “follow” and a number follows a person, “unfollow” and a number unfollows.".to_owned()
                }
                false => format!(" {follow} follows the selected person, {follow} again unfollows."),
            };
            return format!("{welcome}Your home feed fills up as you follow people.{how}");
        }
        Route::Hashtag(name) => return format!("No tweets with #{} yet.", safe(name)),
        Route::Profile(username, ProfileTab::Tweets | ProfileTab::Replies) if is_blocked(state, username) => {
            let unblock = match state.terminal.capabilities.is_plain {
                true => format!("“unblock {username}”"),
                false => keys(Action::Block),
            };
            return format!(
                "You block @{username}: neither of you sees the other's tweets. {unblock} unblocks."
            );
        }
        Route::Bookmarks => {
            return format!("{} bookmarks a tweet. Only you can see it.", keys(Action::Bookmark));
        }
        Route::Likes => return format!("{} likes a tweet.", keys(Action::Like)),
        Route::Search(SearchKind::Tweets, query) => return format!("No tweets with “{}”.", safe(query)),
        Route::Search(SearchKind::People, query) => return format!("No one is called “{}”.", safe(query)),
        Route::Search(SearchKind::Hashtags, query) => {
            return format!("No hashtag begins with “{}”.", safe(query));
        }
        _ => {}
    }
    let is_own = matches!(route, Route::Profile(name, _) if state.session.username.as_ref() == Some(name));
    match route {
        Route::Profile(_, ProfileTab::Tweets) if is_own => "You haven't tweeted yet.",
        Route::Profile(_, ProfileTab::Following) if is_own => "You follow no one yet.",
        Route::Profile(_, ProfileTab::Followers) if is_own => "No one follows you yet.",
        Route::Mine => "You haven't tweeted yet.",
        Route::Local => "No one has tweeted here yet.",
        Route::Notifications(NotificationList::All) => "New followers, replies and likes appear here.",
        Route::Conversations => "Messages are private between you and the people you choose.",
        Route::Conversation(_) => "No messages yet. Write the first one below.",
        Route::Trends => "No hashtags were used today.",
        Route::Online(OnlineList::Everyone) => "You are the only one online.",
        Route::Online(OnlineList::Followed) => "No one you follow is online.",
        Route::People(PeopleSection::Everyone) => "There is no one else on this server yet.",
        Route::Profile(_, ProfileTab::Tweets) => "No tweets yet.",
        Route::Profile(_, ProfileTab::Replies) => "No replies yet.",
        Route::Profile(_, ProfileTab::Followers) => "No followers yet.",
        Route::Profile(_, ProfileTab::Following) => "They follow no one yet.",
        Route::People(PeopleSection::Following) => "You follow no one yet.",
        Route::People(PeopleSection::Followers) => "No one follows you yet.",
        Route::People(PeopleSection::Suggested) => "There is no one to suggest now.",
        Route::People(PeopleSection::Muted) => "You haven't muted anyone.",
        Route::People(PeopleSection::Blocked) => "You haven't blocked anyone.",
        Route::Drafts => "Unsent drafts appear here.",
        Route::Keys => {
            "No SSH keys yet. Connect over SSH and type :bind-key, or run mini-tweet keys add FILE."
        }
        Route::Log(LogList::All) => "What fails, what you send and changes of the connection appear here.",
        Route::Log(LogList::Warnings) => "Nothing has failed since the start.",
        Route::Thread(_) => "This tweet is not available.",
        _ => "Nothing here yet.",
    }
    .to_owned()
}

/// Rows that lead on from an empty list.
fn onward(state: &State, route: &Route) -> Vec<Row> {
    let go = |text: String, kind, query: &str| {
        Row::Offer(text.into(), Offered::Go(Route::Search(kind, query.to_owned())))
    };
    let offers = |all: &[(&str, Action)]| -> Vec<Row> {
        all.iter().filter_map(|(text, action)| offer(state, text, *action)).collect()
    };
    match route {
        Route::Home => suggestions(state),
        Route::Mine | Route::Local => offers(&[("Write the first tweet", Action::Compose)]),
        Route::Hashtag(_) => {
            offers(&[("Write a tweet", Action::Compose), ("Other hashtags", Action::GoTrends)])
        }
        Route::Notifications(_) => {
            offers(&[("Your tweets", Action::GoMine), ("People to follow", Action::GoPeople)])
        }
        Route::Conversations => {
            let is_friend = |id: &u64| {
                let relation = state.entities.relationship(*id);
                relation.following && relation.followed_by
            };
            let mut friends: Vec<u64> =
                state.entities.accounts().map(|one| one.id).filter(is_friend).collect();
            friends.sort_by_cached_key(|id| state.entities.name_key(*id));
            let mut rows: Vec<Row> = friends.into_iter().take(PEOPLE_MAX).map(Row::Person).collect();
            rows.extend(offers(&[("New conversation", Action::Add), ("All people", Action::GoPeople)]));
            rows
        }
        Route::Trends => {
            let mut known: Vec<_> = state.entities.hashtags.keys().collect();
            known.sort();
            let mut rows: Vec<Row> =
                known.into_iter().take(HASHTAGS_MAX).map(|name| Row::Hashtag(name.as_str().into())).collect();
            rows.extend(offers(&[("Write a tweet with a hashtag", Action::Compose)]));
            rows
        }
        Route::Online(_) => offers(&[("All people", Action::GoPeople)]),
        Route::Bookmarks | Route::Likes => offers(&[("Home", Action::GoHome), ("Local", Action::GoLocal)]),
        Route::Search(kind, query) => {
            let others = [
                (SearchKind::Tweets, "Tweets"),
                (SearchKind::People, "People"),
                (SearchKind::Hashtags, "Hashtags"),
            ];
            let others = others.into_iter().filter(|(other, _)| other != kind);
            let mut rows: Vec<Row> = others
                .map(|(other, name)| go(format!("{name} with “{}”", safe(query)), other, query))
                .collect();
            rows.extend(offers(&[("Another search", Action::Search)]));
            rows
        }
        _ => Vec::new(),
    }
}
