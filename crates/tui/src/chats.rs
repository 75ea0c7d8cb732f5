//! What the state knows about the messages of chats: the selected one, and those that are being changed.

use crate::composer::{Outgoing, Writing};
use crate::route::Route;
use crate::row::Row;
use crate::state::State;
use crate::user_action::UserAction;
use protocol::v1;

impl State {
    /// The selected message.
    pub(crate) fn selected_message(&self) -> Option<&v1::DirectMessage> {
        match self.selected()? {
            Row::Message(id) => self.entities.messages.get(id),
            _ => None,
        }
    }

    /// The new version of a message that is in the outbox.
    pub(crate) fn edit_of(&self, message: u64) -> Option<&Outgoing> {
        let is_edit =
            |one: &&Outgoing| matches!(one.draft.writing, Writing::EditMessage(_, id) if id == message);
        self.texts.outbox.iter().find(is_edit)
    }

    /// The last message of the user in the chat with a username, as far as it is loaded. Deleted ones do not count, nor
    /// those that are about to be.
    pub(crate) fn last_own_message(&self, username: &str) -> Option<u64> {
        let screen = self.screens.by_route.get(&Route::Conversation(username.to_owned()))?;
        let is_kept = |message: &v1::DirectMessage| {
            let delete = UserAction::DeleteMessage(message.id);
            !message.deleted && !self.undo.waiting.iter().any(|(_, held)| *held == delete)
        };
        let mut messages = screen.ids.iter().filter_map(|id| self.entities.messages.get(id));
        messages.find(|message| self.is_me(message.author_id) && is_kept(message)).map(|message| message.id)
    }
}
