//! The rows of drafts and of the outbox: what a text is for, its beginning, and its state.

use super::chat;
use super::lines::{Line, body, bold, dim, fit_line, line_columns, plain, shortened, two_ends};
use super::progress::{progress, progress_lines};
use crate::composer::Writing;
use crate::route::Route;
use crate::state::State;
use crate::wording::{date, short_age};

/// A draft: what it is for, and its beginning.
pub(super) fn draft(state: &State, name: &str, width: usize) -> Vec<Line> {
    let Some(draft) = state.texts.drafts.get(name) else { return vec![vec![dim("Discarded")]] };
    let saved = match draft.saved_ms {
        0 => Line::new(),
        then => vec![dim(short_age(state.now, then).unwrap_or_else(|| date(state, then)))],
    };
    let mut lines = vec![two_ends(vec![bold(title(state, &draft.writing))], saved, width)];
    lines.extend(beginning(&draft.text, width));
    lines
}

/// A tweet or message of the outbox, with its state.
pub(super) fn outgoing(state: &State, name: &str, width: usize) -> Vec<Line> {
    let Some(outgoing) = state.texts.outbox.iter().find(|outgoing| outgoing.name() == name) else {
        return vec![vec![dim("Sent")]];
    };
    if matches!(state.route(), Route::Conversation(_)) {
        return chat::outgoing(state, outgoing, width);
    }
    let name = vec![bold(title(state, &outgoing.draft.writing))];
    let status = progress(state, outgoing);
    let mut lines = if line_columns(&name) + line_columns(&status) + 2 <= width {
        vec![two_ends(name, status, width)]
    } else {
        let mut lines = vec![fit_line(name, width)];
        lines.extend(progress_lines(state, outgoing, width.saturating_sub(2)));
        for line in lines.iter_mut().skip(1) {
            line.insert(0, plain("  "));
        }
        lines
    };
    lines.extend(beginning(outgoing.text(), width));
    lines
}

/// What a text is for.
fn title(state: &State, writing: &Writing) -> String {
    let author = |id: u64| {
        let author = state.entities.tweet(id).map(|tweet| state.entities.username(tweet.author_id));
        author.filter(|name| !name.is_empty()).map(str::to_owned)
    };
    match writing {
        Writing::Reply(id) => author(*id).map(|name| format!("Reply to @{name}")),
        Writing::Quote(id) => author(*id).map(|name| format!("Quote of @{name}")),
        _ => None,
    }
    .unwrap_or_else(|| writing.title())
}

/// The first line of a text, which ends in a sign if there are more.
fn beginning(text: &str, width: usize) -> Option<Line> {
    shortened(body(text, width), 1, width).pop()
}
