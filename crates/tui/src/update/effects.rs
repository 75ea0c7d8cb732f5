//! What handlers return: side effects, most of them requests to the server.

use protocol::v1;
use protocol::v1::request::Op;

use crate::message::{Effect, Purpose};
use crate::route::TRENDS;

/// Side effects, in the order in which they are carried out.
pub type Effects = Vec<Effect>;

/// A request whose repetition does no harm, so that any idempotency key will do.
pub(super) fn ask(purpose: Purpose, op: Op) -> Effect {
    Effect::Ask(purpose, Box::new(op), None)
}

/// A request for the profile of an account.
pub(super) fn ask_profile(username: &str) -> Effect {
    let op = Op::GetProfile(v1::GetProfile { username: username.to_owned() });
    ask(Purpose::Profile(username.to_owned()), op)
}

/// Requests for the user's own account and for what is unread.
pub(super) fn ask_about_me() -> Effects {
    let unread = v1::ListNotifications {
        page: Some(v1::PageRequest { limit: 1, position: None }),
        unread_only: true,
        kinds: Vec::new(),
    };
    vec![
        ask(Purpose::Me, Op::GetProfile(v1::GetProfile { username: String::new() })),
        ask(Purpose::ReadLines, Op::ListReadLines(v1::ListReadLines {})),
        ask(Purpose::Unread, Op::ListNotifications(unread)),
        ask_for_chats(),
        ask(Purpose::Trends, Op::GetTrends(v1::GetTrends { limit: TRENDS, sections: true })),
        ask(Purpose::Online, Op::ListOnline(v1::ListOnline {})),
        ask_about_server(),
    ]
}

/// A request for the chats, for their unread messages.
pub(super) fn ask_for_chats() -> Effect {
    let page = v1::PageRequest { limit: 50, position: None };
    ask(Purpose::Chats, Op::ListConversations(v1::ListConversations { page: Some(page) }))
}

/// A request for the server's description and announcements.
pub(super) fn ask_about_server() -> Effect {
    ask(Purpose::ServerInfo, Op::GetServerInfo(v1::GetServerInfo {}))
}
