//! The content of a screen, and where the reader is in it.

use std::collections::{BTreeSet, HashSet};

use protocol::v1;
use smol_str::SmolStr;

use crate::people::Found;
use crate::row::Row;
use terminal::list::List;

/// The progress of loading a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Phase {
    /// Not requested yet.
    #[default]
    New,
    /// The first page was requested.
    Loading,
    /// At least one page is here.
    Ready,
    /// The first page could not be loaded.
    Failed,
}

/// A row on which the reader rests.
#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    /// The row.
    pub row: Row,
    /// Since when, in Unix milliseconds.
    pub since: i64,
    /// What the pane shows about it was requested.
    pub is_asked: bool,
}

/// The content of a screen, and where the reader is in it.
#[derive(Debug, Default)]
pub struct ScreenState {
    /// Its rows and the reader's position.
    pub list: List<Row>,
    /// Identifiers of its items, in the order of the server.
    pub ids: Vec<u64>,
    /// The hashtags of a search result.
    pub names: Vec<SmolStr>,
    /// In a thread: the tweets above it, the root first.
    pub ancestors: Vec<u64>,
    /// Items with a gap below them: there are more items that were not loaded.
    pub gaps: BTreeSet<u64>,
    /// Cursor of the next page; `None` at the end.
    pub next: Option<String>,
    /// The progress of loading it.
    pub phase: Phase,
    /// Why the first page, or the next one, could not be loaded, in words for the user.
    pub problem: Option<String>,
    /// A page was requested and is not here.
    pub is_loading: bool,
    /// When a page was requested last, in Unix milliseconds.
    pub requested_at: i64,
    /// The head of a profile was requested and is not here.
    pub is_head_loading: bool,
    /// The newest page was requested before the subscription began: an item that came between is missing.
    pub was_requested_early: bool,
    /// The newest item when the newest page was requested: newer ones came as live events.
    pub newest_at_request: u64,
    /// The last move of the reader was upwards.
    pub is_going_up: bool,
    /// The newest item that was visible.
    pub seen: u64,
    /// Items that are not new although they were never shown: they came with a change of whom the user follows.
    pub backlog: HashSet<u64>,
    /// The newest page was requested because of such a change.
    pub adds_backlog: bool,
    /// The read line when the screen was opened: everything up to this item was read before.
    pub read_line: Option<u64>,
    /// Notifications that were read on the screen: they keep their mark until it is left.
    pub marked: HashSet<u64>,
    /// Tweets that are directly above or below the one they reply to.
    pub next_to_parent: HashSet<u64>,
    /// Tweets of a thread whose replies are folded.
    pub folded: HashSet<u64>,
    /// Words that visible rows contain; empty: all rows.
    pub filter: String,
    /// In a list of people: whom the server found for the filter, loaded or not.
    pub found: Option<Found>,
    /// In a list of people: its order.
    pub sort: v1::AccountSort,
    /// In a list of people: how many there are, as far as the server has said it.
    pub total: Option<u64>,
    /// In a chat: the line for a message was closed when the reader left.
    pub is_line_closed: bool,
    /// In a chat: what the other side has received and read.
    pub receipts: v1::ReadReceipts,
    /// In a chat: until when the other side is shown as typing, in Unix milliseconds.
    pub typing_until: i64,
    /// When the server confirmed all of it last, in Unix milliseconds; `None` if it never has.
    pub confirmed_at: Option<i64>,
    /// It was read from a cached page, and the server has not responded since.
    pub is_cached: bool,
    /// It has changed since it was compared with its cached page.
    pub is_unsaved: bool,
    /// The selected row, while a pane shows more about it.
    pub rest: Option<Rest>,
    /// The hash of its cached page, and when the server had confirmed that, in Unix milliseconds.
    pub saved: Option<(u64, i64)>,
}

impl ScreenState {
    /// Whom the server found for the filter of this list, once it has answered.
    #[must_use]
    pub fn found(&self) -> Option<&Found> {
        self.found.as_ref().filter(|found| found.is_for(&self.filter))
    }
}
