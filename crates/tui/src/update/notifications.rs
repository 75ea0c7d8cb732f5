//! Notifications: those that arrive, and which count as read.

use protocol::v1;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use super::notify::notify;
use super::{learn, lists};
use crate::message::Purpose;
use crate::route::{PageSelector, Route};
use crate::rows::unread_of_group;
use crate::state::{Link, Phase, State};
use crate::view::layout::{visible_notifications, visible_tweets};
use crate::wording::notification_words;

/// How long a notification is on the screen until it counts as read, in milliseconds.
const READ_AFTER_MS: i64 = 1_000;
/// Notifications that are marked by one request.
const IDS_MAX: usize = 40;

/// Marks all notifications of the list as read.
pub(super) fn mark_all(state: &mut State) -> Effects {
    if *state.route() != Route::NOTIFICATIONS {
        let listed = state.screen().map_or(&[][..], |screen| &screen.ids);
        let ids: Vec<u64> = listed.iter().copied().filter(|id| state.entities.is_unread(*id)).collect();
        let effects = mark(state, &ids);
        state.screen_mut().marked.clear();
        return effects;
    }
    match state.screen().and_then(|screen| screen.ids.first().copied()) {
        None => Effects::new(),
        Some(up_to) => {
            let op = Op::MarkNotificationsRead(v1::MarkNotificationsRead { up_to, ids: Vec::new() });
            vec![ask(Purpose::MarkNotificationsRead(up_to), op)]
        }
    }
}

/// Starts the time after which the unread notifications on the screen count as read, while someone looks at them.
pub(super) fn watch(state: &mut State) {
    let is_watched = matches!(state.route(), Route::Notifications(_))
        && state.terminal.is_focused
        && state.form.is_none()
        && state.connection.link == Link::Live
        && !state.session.is_read_only;
    let is_new = is_watched && !unread_on_screen(state).is_empty();
    let due = state.now + READ_AFTER_MS;
    state.live.read_at = is_new.then(|| state.live.read_at.unwrap_or(due));
}

/// Unread notifications that are on the screen and are not being marked.
fn unread_on_screen(state: &State) -> Vec<u64> {
    let Some(screen) = state.screen() else { return Vec::new() };
    let oldest = visible_notifications(state).into_iter();
    let unread = oldest.flat_map(|oldest| unread_of_group(state, oldest));
    unread.filter(|id| !screen.marked.contains(id)).collect()
}

/// Marks as read what has been on the screen for long enough.
pub(super) fn mark_watched(state: &mut State) -> Effects {
    if state.live.read_at.is_none_or(|at| at > state.now) {
        return Effects::new();
    }
    state.live.read_at = None;
    let ids = unread_on_screen(state);
    mark(state, &ids)
}

/// Marks notifications as read. On the screen they keep their mark.
pub(super) fn mark(state: &mut State, ids: &[u64]) -> Effects {
    if ids.is_empty() || state.session.is_read_only {
        return Effects::new();
    }
    state.screen_mut().marked.extend(ids);
    let mark = |ids: &[u64]| {
        let op = Op::MarkNotificationsRead(v1::MarkNotificationsRead { up_to: 0, ids: ids.to_vec() });
        ask(Purpose::SeeNotifications(ids.to_vec()), op)
    };
    ids.chunks(IDS_MAX).map(mark).collect()
}

/// The reader leaves the screen: what was read on it is no longer marked.
pub(super) fn leave(state: &mut State) {
    state.live.read_at = None;
    let route = state.route().clone();
    if matches!(route, Route::Notifications(_)) {
        state.screen_mut().marked.clear();
        state.refresh(&route);
    }
}

/// The server has marked all notifications up to this one as read. Those that came later stay unread.
pub(super) fn marked_all(state: &mut State, up_to: u64) {
    let mut unread = 0;
    for notification in state.entities.notifications.values_mut() {
        notification.unread &= notification.id > up_to;
        unread += u32::from(notification.unread);
    }
    state.live.unread = unread;
    state.refresh_all();
}

/// The server has marked these notifications as read.
pub(super) fn marked(state: &mut State, ids: &[u64]) {
    for id in ids {
        if let Some(one) = state.entities.notifications.get_mut(id)
            && std::mem::take(&mut one.unread)
        {
            state.live.unread = state.live.unread.saturating_sub(1);
        }
    }
    state.refresh_all();
}

/// The lists of notifications in memory that show this kind; without one, all.
fn lists_with(state: &State, kind: Option<v1::NotificationKind>) -> Vec<Route> {
    let has = |route: &&Route| matches!(route, Route::Notifications(list) if kind.is_none_or(|kind| list.shows(kind)));
    state.screens.by_route.keys().filter(has).cloned().collect()
}

/// A notification arrived.
pub(super) fn arrived(state: &mut State, live: v1::LiveNotification) -> Effects {
    let Some(notification) = live.notification else { return Effects::new() };
    state.entities.learn_accounts(live.account.clone());
    if let Some(tweet) = live.tweet {
        learn::live_tweet(state, tweet);
    }
    let (id, kind) = (notification.id, notification.kind());
    if state.entities.notifications.contains_key(&id) {
        return Effects::new();
    }
    state.entities.notifications.insert(id, notification);
    state.live.unread += 1;
    for route in lists_with(state, Some(kind)) {
        if let Some(screen) = state.screens.by_route.get_mut(&route) {
            lists::insert(screen, id);
        }
    }
    state.refresh_all();
    let who = live.account.map_or_else(String::new, |account| format!("@{}", account.username));
    let what = notification_words(kind);
    if matches!(
        kind,
        v1::NotificationKind::Mention | v1::NotificationKind::Reply | v1::NotificationKind::Quote
    ) {
        return notify(state, &format!("{who} {what}"));
    }
    Effects::new()
}

/// The number of unread ones changed: they were read on another device, or removed, which the lists must show too.
pub(super) fn changed(state: &mut State, unread: u32) -> Effects {
    state.live.unread = unread;
    // Something may have been undone that concerned a tweet of the user.
    let mut shown = visible_tweets(state);
    shown.retain(|id| state.is_mine(*id));
    shown.into_iter().for_each(|id| state.live.tweets.note_changed(state.now, id));
    let mut ready = lists_with(state, None);
    ready
        .retain(|route| state.screens.by_route.get(route).is_some_and(|screen| screen.phase == Phase::Ready));
    ready.iter().flat_map(|route| lists::fill(state, route, PageSelector::Newest)).collect()
}

/// The notifications of the list of all kinds.
pub(super) fn listed(state: &State) -> Vec<u64> {
    state.screens.by_route.get(&Route::NOTIFICATIONS).map_or_else(Vec::new, |screen| screen.ids.clone())
}

/// The tweets of likes and retweets that are no longer in the list have fewer now.
pub(super) fn note_removed(state: &mut State, before: &[u64]) {
    let now = listed(state);
    for one in before.iter().filter(|id| !now.contains(id)) {
        if let Some(one) = state.entities.notifications.get(one) {
            state.live.tweets.note_changed(state.now, one.tweet_id);
        }
    }
}
