//! Who is signed in, what was unread at the start, and notifications and messages that arrive while another screen is
//! open.

use super::words::{notification_line, offered, safe};
use crate::route::Route;
use crate::state::{Figure, Link, State};
use crate::wording::{account_words, count};
use protocol::v1;

/// Notifications, or chats with new messages, that are said one by one when they are found together.
const LINES_MAX: usize = 3;

/// What was said so far.
#[derive(Debug, Default)]
pub(super) struct Events {
    /// The account that was said.
    account: Option<String>,
    /// The newest notification that was said or counted; `None` while the server has not told how many are unread.
    notification: Option<u64>,
    /// The number of unread notifications at that time.
    unread: u32,
    /// The newest message that was said or counted.
    message: Option<u64>,
    /// What was unread at the start was counted.
    has_counted: bool,
    /// The command that shows all notifications was named.
    has_offered: bool,
}

impl Events {
    /// Whose session it is, if that was not said. Without a connection it is the one that was saved.
    pub(super) fn account(&mut self, state: &State) -> String {
        if state.is_signed_out() {
            *self = Self::default();
        }
        if state.is_signed_out() || (state.session.me.is_none() && has_hope(state)) {
            return String::new();
        }
        let account = account_words(state);
        if account == self.account {
            return String::new();
        }
        self.account.clone_from(&account);
        let read_only =
            if state.session.is_read_only { " Read-only mode: nothing can be changed." } else { "" };
        account.map_or_else(String::new, |account| format!("Signed in as {account}.{read_only}\n"))
    }

    /// What has arrived since the last call, as lines. What arrives before the rest was counted is counted with it.
    pub(super) fn arrivals(&mut self, state: &State) -> String {
        if state.is_signed_out() {
            return String::new();
        }
        let arrived = format!("{}{}", self.new_messages(state), self.new_notifications(state));
        if self.has_counted { offered(&arrived, state.composer.is_some()) } else { String::new() }
    }

    /// What is unread at the start, once, as soon as the server has said it.
    pub(super) fn unread_at_the_start(&mut self, state: &State) -> String {
        if self.has_counted || self.notification.is_none() || self.message.is_none() {
            return String::new();
        }
        self.has_counted = true;
        offered(&unread(state), state.composer.is_some())
    }

    fn new_messages(&mut self, state: &State) -> String {
        if !state.is_known(Figure::Messages) {
            return String::new();
        }
        let last = |chat: &v1::Conversation| chat.last.as_ref().map_or(0, |last| last.id);
        let chats = state.entities.conversations.values();
        let newest = chats.clone().map(last).max().unwrap_or(0);
        let Some(before) = self.message.replace(newest) else { return String::new() };
        let is_new = |chat: &&v1::Conversation| {
            let with = chat.with.as_ref().map_or(0, |with| with.id);
            let is_theirs = chat.last.as_ref().is_some_and(|last| last.author_id == with);
            chat.unread > 0 && is_theirs && last(chat) > before
        };
        let mut new: Vec<&v1::Conversation> = chats.filter(is_new).collect();
        if new.len() > LINES_MAX {
            let all = count(state.unread_messages(), "unread message", "unread messages");
            return format!("{all}. Type “chats”.\n");
        }
        new.sort_by_key(|chat| last(chat));
        let name = |chat: &v1::Conversation| safe(chat.with.as_ref().map_or("", |with| &with.username));
        new.into_iter()
            .map(|chat| format!("New message from @{}. Type “next-unread” to read it.\n", name(chat)))
            .collect()
    }

    fn new_notifications(&mut self, state: &State) -> String {
        if !state.is_known(Figure::Notifications) {
            return String::new();
        }
        let all = &state.entities.notifications;
        let newest = all.keys().copied().max().unwrap_or(0);
        let unread_before = std::mem::replace(&mut self.unread, state.live.unread);
        let before = self.notification.replace(newest.max(self.notification.unwrap_or(0)));
        let Some(before) = before.filter(|before| *before < newest) else { return String::new() };
        let mut new: Vec<&v1::Notification> =
            all.values().filter(|one| one.unread && one.id > before && !is_on_screen(state, one)).collect();
        new.sort_by_key(|one| one.id);
        if new.is_empty() {
            return String::new();
        }
        let more = usize::try_from(state.live.unread.saturating_sub(unread_before)).unwrap_or(usize::MAX);
        if new.len() > LINES_MAX || more > new.len() {
            return unread_notifications(state);
        }
        let mut lines: String =
            new.into_iter().map(|one| format!("New: {}\n", notification_line(state, one))).collect();
        if !std::mem::replace(&mut self.has_offered, true) {
            lines.push_str("Type “notifs” to read your notifications.\n");
        }
        lines
    }
}

/// Whether what was requested may still arrive.
pub(super) fn has_hope(state: &State) -> bool {
    matches!(state.connection.link, Link::Connecting | Link::Live | Link::Late)
}

/// Whether a notification is in the list that is open, which says that there are new ones.
fn is_on_screen(state: &State, one: &v1::Notification) -> bool {
    matches!(state.route(), Route::Notifications(list) if list.shows(one.kind()))
}

fn unread_notifications(state: &State) -> String {
    let all = count(state.live.unread, "unread notification", "unread notifications");
    format!("{all}. Type “notifs”.\n")
}

/// Whether the server has said what it is, and which announcements there are.
pub(super) fn knows_server(state: &State) -> bool {
    state.connection.info != v1::ServerInfo::default()
}

/// What is unread, if anything is.
fn unread(state: &State) -> String {
    let messages = count(state.unread_messages(), "unread message", "unread messages");
    match (state.live.unread, state.unread_messages()) {
        (0, 0) => String::new(),
        (_, 0) => unread_notifications(state),
        (0, _) => format!("{messages}. Type “chats”.\n"),
        (notifications, _) => {
            let notifications = count(notifications, "unread notification", "unread notifications");
            format!("{notifications}, {messages}. Type “notifs” or “chats”.\n")
        }
    }
}
