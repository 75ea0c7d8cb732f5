//! How old the content of a screen is, and which figures are unknown: nothing old or unknown may look like the latest.

use crate::message::Topic;
use crate::route::{PageSelector, Route};
use crate::row::Row;
use crate::state::{Figure, Link, Phase, ScreenState, State};
use crate::user_action::UserAction;

impl State {
    /// When the server confirmed the content of a screen last, in Unix milliseconds; `None` if it never has. Lists that
    /// live events keep up to date are confirmed as long as there is a connection.
    #[must_use]
    pub fn confirmed_at(&self, route: &Route, screen: &ScreenState) -> Option<i64> {
        let loaded_at = screen.confirmed_at?;
        let is_connected = matches!(self.connection.link, Link::Live | Link::Late);
        // A subscription of one screen also brings events to others, which have missed what came before it.
        let is_kept_by = |topic: &Topic| {
            self.live.begun.contains(topic) && (route == self.route() || !self.live.of_screen.contains(topic))
        };
        let is_up_to_date = !screen.is_cached && !screen.is_loading;
        let is_live =
            is_connected && is_up_to_date && Topic::that_keeps(route).as_ref().is_some_and(is_kept_by);
        Some(if is_live { self.now } else { loaded_at })
    }

    /// Writes down when the screens were confirmed last, before live events end.
    pub(crate) fn note_confirmed(&mut self) {
        let screens = self.screens.by_route.iter();
        let times: Vec<(Route, Option<i64>)> =
            screens.map(|(route, screen)| (route.clone(), self.confirmed_at(route, screen))).collect();
        for (route, at) in times {
            if let Some(screen) = self.screens.by_route.get_mut(&route) {
                screen.confirmed_at = at;
            }
        }
    }

    /// How old the current screen is while it is not up to date, in Unix milliseconds. What this client itself knows is
    /// never old.
    #[must_use]
    pub fn as_of(&self, screen: &ScreenState) -> Option<i64> {
        if screen.is_cached {
            return screen.confirmed_at;
        }
        let lost_at = self.connection.lost_at?;
        let route = self.route();
        let is_of_server = route.request(&PageSelector::Newest).is_some();
        let is_item = |row: &Row| !row.is_head() && !row.is_placeholder();
        let is_shown = screen.phase == Phase::Ready || screen.list.rows().iter().any(is_item);
        (is_of_server && is_shown).then(|| match self.confirmed_at(route, screen) {
            Some(at) => at,
            // The side pane has the same trends.
            None if *route == Route::Trends => self.live.trends_requested_at,
            None => lost_at,
        })
    }

    /// Whether what an action shows as done waits for the connection.
    #[must_use]
    pub fn waits(&self, action: &UserAction) -> bool {
        self.pending.waits(action, self.connection.link == Link::Live)
    }

    /// Whether the server has told this figure.
    #[must_use]
    pub fn is_known(&self, figure: Figure) -> bool {
        self.live.known.contains(&figure)
    }

    /// The number of unread messages in all chats.
    #[must_use]
    pub fn unread_messages(&self) -> u32 {
        self.entities.conversations.keys().map(|id| self.entities.unread_from(*id)).sum()
    }

    /// The accounts that are online, without those that the user blocks.
    pub fn online(&self) -> impl Iterator<Item = u64> {
        self.live.online.iter().copied().filter(|id| !self.entities.is_blocked(*id))
    }
}
