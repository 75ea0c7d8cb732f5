//! Undo and redo: which steps can be undone, for how long, and what they are called.

use std::collections::BTreeMap;

use bytes::Bytes;

use crate::composer::{Draft, Outgoing, Sending};
use crate::settings::SettingOption;
use crate::user_action::UserAction;

/// Steps that can be undone.
const STEPS_MAX: usize = 100;
/// How long a step can be undone, in milliseconds: what is longer past is not meant by “undo”.
const UNDO_MS: i64 = 60_000;

/// A step that can be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Undoable {
    /// A requested action: its inverse is requested.
    Done(UserAction),
    /// An action that waits: it is dropped.
    Held(UserAction),
    /// A text in the outbox, by its key: it goes back to the composer.
    Sent(Bytes),
    /// A text that the server has: it cannot be undone, for this reason, and neither can what was done before it.
    Final(String),
    /// An action that waited and was carried out: it cannot be undone, and neither can what was done before it.
    Released(UserAction),
    /// A discarded draft: it is opened again.
    Discarded(Draft),
    /// An option of the settings, and its value before.
    Setting(&'static str, String),
    /// The user's shortcuts before a change.
    Keys(OwnKeys),
}

/// The user's shortcuts by the id of the command.
pub type OwnKeys = BTreeMap<String, Vec<String>>;

/// A step, and until when it can be undone, in Unix milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What is undone.
    pub what: Undoable,
    /// Afterwards it is forgotten.
    pub until: i64,
}

/// Undo and redo.
#[derive(Debug, Default)]
pub struct Undo {
    /// Steps that can be undone, the last one at the end.
    pub steps: Vec<Step>,
    /// What was undone, the last one at the end, and until when it can be done again.
    pub undone: Vec<(i64, Undoable)>,
    /// Actions that wait so that they can be undone, with the time at which they are sent, in Unix milliseconds.
    pub waiting: Vec<(i64, UserAction)>,
}

impl Undo {
    /// Adds a step that was taken at `now`, or that is carried out then; the oldest is forgotten.
    pub fn remember(&mut self, now: i64, what: Undoable) {
        if self.steps.len() == STEPS_MAX {
            self.steps.remove(0);
        }
        self.steps.push(Step { what, until: now + UNDO_MS });
    }

    /// Adds what was undone at `now`: an action, or what a setting was changed to.
    pub fn remember_undone(&mut self, now: i64, what: Undoable) {
        self.undone.push((now + UNDO_MS, what));
    }

    /// Forgets a step.
    pub fn forget(&mut self, what: &Undoable) {
        self.steps.retain(|step| step.what != *what);
    }

    /// A text was sent at `now` and cannot be undone. What was done before it is not undone in its place.
    pub fn text_was_sent(&mut self, now: i64, key: &Bytes, why: String) {
        let sent = Undoable::Sent(key.clone());
        let Some(index) = self.steps.iter().position(|step| step.what == sent) else { return };
        self.steps.drain(..index);
        if let Some(step) = self.steps.first_mut() {
            *step = Step { what: Undoable::Final(why), until: now + UNDO_MS };
        }
    }

    /// An action that waited is carried out at `now`.
    pub fn was_released(&mut self, now: i64, action: &UserAction) {
        let held = Undoable::Held(action.clone());
        if let Some(step) = self.steps.iter_mut().find(|step| step.what == held) {
            *step = Step { what: Undoable::Released(action.clone()), until: now + UNDO_MS };
        }
    }

    /// Forgets what is longer past than a step can be undone.
    pub fn expire(&mut self, now: i64) {
        self.steps.retain(|step| step.until > now);
        self.undone.retain(|(until, _)| *until > now);
    }

    /// When the next step is forgotten, in Unix milliseconds.
    #[must_use]
    pub fn next_expiry(&self) -> Option<i64> {
        self.steps.iter().map(|step| step.until).min()
    }

    /// What is undone next: its name, and until when it waits if it was not carried out.
    #[must_use]
    pub fn next(&self, outbox: &[Outgoing]) -> Option<(String, Option<i64>)> {
        match &self.steps.last()?.what {
            Undoable::Done(action) => Some((action.name(), None)),
            Undoable::Held(action) => {
                let held = self.waiting.iter().find(|(_, other)| other == action);
                Some((action.name(), held.map(|(until, _)| *until)))
            }
            Undoable::Sent(key) => {
                let outgoing = outbox.iter().find(|outgoing| outgoing.key == *key)?;
                let until = match outgoing.sending {
                    Sending::Held(until) => Some(until),
                    Sending::Sent => return None,
                    _ => None,
                };
                (outgoing.done == 0).then(|| (outgoing.draft.writing.word().to_owned(), until))
            }
            Undoable::Final(_) | Undoable::Released(_) => None,
            Undoable::Discarded(_) => Some(("discarded draft".to_owned(), None)),
            Undoable::Setting(name, _) => {
                let label = SettingOption::by_name(name).map_or(*name, |option| option.label);
                Some((format!("change of “{label}”"), None))
            }
            Undoable::Keys(_) => Some(("change of shortcuts".to_owned(), None)),
        }
    }
}
