//! Chats and their messages.

use model::SafeText;
use protocol::v1;

use super::lines::{Line, Span, body, bold, dim, fit_line, line_columns, of, plain, rule, span, two_ends};
use super::people::presence;
use super::progress::progress_lines;
use super::tweet::{NAMES_FROM, about_to, held_ms, who};
use crate::composer::{Outgoing, Sending, Writing};
use crate::signs::Sign;
use crate::state::{Link, ScreenState, State};
use crate::user_action::UserAction;
use crate::wording::{age, clock, day_of_week};
use terminal::style::{ColorRole, Style};

/// Columns of the text of a chat after its sign.
const INSET: usize = 2;
/// Messages of one person within this time share a header, in milliseconds.
const GROUP_MS: i64 = 5 * 60_000;
/// Shown in place of the text of a deleted message.
const DELETED: &str = "Message deleted";
/// Messages that one header is for, at most.
const GROUP_MAX: usize = 50;

/// A chat: the other person and the time; below, the last message and the number of new ones.
pub(super) fn conversation(state: &State, id: u64, width: usize) -> Vec<Line> {
    let mut first = vec![presence(state, state.entities.presence(id)), plain(" ")];
    first.extend(who(state, id, width >= NAMES_FROM));
    if state.entities.relationship(id).blocking {
        first.push(dim(" · blocked"));
    }
    let Some(conversation) = state.entities.conversations.get(&id) else { return vec![first] };
    let Some(last) = &conversation.last else { return vec![fit_line(first, width)] };
    let time = age(state, last.created_ms);
    let draft = state.texts.drafts.get(&Writing::Message(state.entities.username(id).to_owned()).name());
    let text = match draft {
        Some(draft) => format!("Draft: {}", SafeText::line(&draft.text)),
        None => {
            let who = if last.author_id == id { "" } else { "You: " };
            let said = if last.deleted { DELETED.to_owned() } else { SafeText::line(&last.text).to_string() };
            format!("{who}{said}")
        }
    };
    let new = match state.entities.unread_from(id) {
        0 => Vec::new(),
        unread => vec![span(format!("{unread} new"), Style::of(ColorRole::Accent).bold())],
    };
    let is_mine = draft.is_none() && last.author_id != id;
    let theirs = conversation.theirs.unwrap_or_default();
    let mark = if is_mine { vec![plain(" "), mark(state, reached(theirs, last.id))] } else { Line::new() };
    let text = if draft.is_some() { of(ColorRole::Warning, text) } else { dim(text) };
    let available = width.saturating_sub(INSET + line_columns(&mark) + line_columns(&new) + 1);
    let mut second = vec![plain(" ".repeat(INSET))];
    second.extend(fit_line(vec![text], available).into_iter().chain(mark));
    vec![two_ends(first, vec![dim(time)], width), two_ends(second, new, width)]
}

/// The rule above the messages of a day.
pub(super) fn day(state: &State, ms: i64, width: usize) -> Vec<Line> {
    vec![Vec::new(), rule(state.sign(Sign::Rule), &day_of_week(state, ms), ColorRole::Dim, width)]
}

/// The rule above the messages that are new since the chat was read.
pub(super) fn read_line(state: &State, width: usize) -> Vec<Line> {
    let read = state.screen().and_then(|screen| screen.read_line);
    let last = read.and_then(|id| state.entities.messages.get(&id));
    let text =
        last.map_or_else(|| "New".to_owned(), |last| format!("New since {}", clock(state, last.created_ms)));
    vec![Vec::new(), rule(state.sign(Sign::Rule), &text, ColorRole::Accent, width)]
}

/// A message: author and time at the beginning of a group, and the text.
pub(super) fn message(state: &State, id: u64, width: usize) -> Vec<Line> {
    let (Some(message), Some(screen)) = (state.entities.messages.get(&id), state.screen()) else {
        return vec![vec![dim(state.sign(Sign::Pending))]];
    };
    let mut lines = Vec::new();
    if begins_group(state, screen, message) {
        let author = if state.is_me(message.author_id) {
            vec![bold("You")]
        } else {
            who(state, message.author_id, width > NAMES_FROM)
        };
        lines.push(Vec::new());
        lines.push(two_ends(author, vec![dim(clock(state, message.created_ms))], width));
    }
    let edit = state.edit_of(id);
    let refused = edit.filter(|edit| matches!(edit.sending, Sending::Refused(_)));
    let text = match edit {
        Some(edit) if refused.is_none() => outgoing(state, edit, width),
        _ => with_mark(text(state, message, width), receipt(state, screen, message), width),
    };
    lines.extend(text);
    lines.extend(refused.into_iter().flat_map(|edit| inset_progress(state, edit, width)));
    lines.extend(deletion(state, id).map(|line| inset(line, width)));
    lines
}

/// The text of a message, and whether it was edited.
fn text(state: &State, message: &v1::DirectMessage, width: usize) -> Vec<Line> {
    if message.deleted {
        return vec![vec![dim(format!("{} {DELETED}", state.sign(Sign::Error)))]];
    }
    let mut text = body(&message.text, width);
    if let Some(last) = text.last_mut().filter(|_| message.edited_ms != 0) {
        last.push(dim("  edited"));
        *last = fit_line(std::mem::take(last), width);
    }
    text
}

/// What is said below a message that is about to be deleted.
fn deletion(state: &State, id: u64) -> Option<Line> {
    let delete = UserAction::DeleteMessage(id);
    let held = held_ms(state, &delete).map(|left| about_to(state, "deleted", left));
    let words = if state.connection.link == Link::Live {
        "deleting…"
    } else {
        "deleted once there is a connection"
    };
    let requested = || state.pending.is_unconfirmed(&delete).then(|| dim(words));
    held.or_else(requested).map(|span| vec![span])
}

/// A line below the text of a message.
fn inset(mut line: Line, width: usize) -> Line {
    line.insert(0, plain(" ".repeat(INSET)));
    fit_line(line, width)
}

/// How far a text has come, below it.
fn inset_progress(state: &State, outgoing: &Outgoing, width: usize) -> impl Iterator<Item = Line> {
    let lines = progress_lines(state, outgoing, width.saturating_sub(INSET));
    lines.into_iter().map(move |line| inset(line, width))
}

/// The messages before this one, the latest first.
fn before<'a>(
    state: &'a State,
    screen: &'a ScreenState,
    id: u64,
) -> impl Iterator<Item = &'a v1::DirectMessage> {
    let older = screen.ids.get(screen.ids.partition_point(|other| *other >= id)..).unwrap_or_default();
    older.iter().map_while(|id| state.entities.messages.get(id))
}

/// Whether a message has a header: it is the first of its author, of its day, after the read line, or in five minutes.
fn begins_group(state: &State, screen: &ScreenState, message: &v1::DirectMessage) -> bool {
    let is_divided =
        |older: u64, newer: u64| screen.read_line.is_some_and(|read| older <= read && read < newer);
    let joins = |older: &v1::DirectMessage, newer: &v1::DirectMessage| {
        older.author_id == newer.author_id
            && newer.created_ms - older.created_ms < GROUP_MS
            && day_of_week(state, older.created_ms) == day_of_week(state, newer.created_ms)
            && !is_divided(older.id, newer.id)
    };
    // From the message back to the first that joins all after it, then forward again.
    let mut run = vec![message];
    for older in before(state, screen, message.id).take(GROUP_MAX) {
        if !run.last().is_some_and(|newer| joins(older, newer)) {
            break;
        }
        run.push(older);
    }
    let mut head: Option<&v1::DirectMessage> = None;
    let mut begins = true;
    for one in run.into_iter().rev() {
        begins = head.is_none_or(|head| one.created_ms - head.created_ms >= GROUP_MS);
        if begins {
            head = Some(one);
        }
    }
    begins
}

/// How far a message of the user has come. It is shown on the last message of which it is true.
fn receipt(state: &State, screen: &ScreenState, message: &v1::DirectMessage) -> Option<Line> {
    if !state.is_me(message.author_id) {
        return None;
    }
    let reached = |id: u64| reached(screen.receipts, id);
    let newer = screen.ids.partition_point(|other| *other > message.id).checked_sub(1);
    let newer = newer.and_then(|index| state.entities.messages.get(screen.ids.get(index)?));
    let is_last = newer
        .is_none_or(|newer| newer.author_id != message.author_id || reached(newer.id) != reached(message.id));
    is_last.then(|| vec![mark(state, reached(message.id))])
}

/// Whether the other side has read a message, and whether it has received it.
fn reached(theirs: v1::ReadReceipts, id: u64) -> (bool, bool) {
    (theirs.read >= id, theirs.delivered >= id)
}

/// The sign of how far a message has come.
fn mark(state: &State, reached: (bool, bool)) -> Span {
    match reached {
        (true, _) => of(ColorRole::Good, format!("{} read", state.sign(Sign::Delivered))),
        (_, true) => dim(state.sign(Sign::Delivered)),
        _ => dim(state.sign(Sign::Done)),
    }
}

/// A text with a mark after it, or below it if there is no space.
fn with_mark(mut text: Vec<Line>, mark: Option<Line>, width: usize) -> Vec<Line> {
    let gap = plain(" ".repeat(INSET));
    let Some(mut mark) = mark else { return text };
    mark.insert(0, gap);
    match text.last_mut() {
        Some(last) if line_columns(last) + line_columns(&mark) <= width => last.extend(mark),
        _ => text.push(fit_line(mark, width)),
    }
    text
}

/// A message that is not stored yet, with its progress.
pub(super) fn outgoing(state: &State, outgoing: &Outgoing, width: usize) -> Vec<Line> {
    let mut lines = Vec::new();
    if outgoing_begins_group(state, outgoing) {
        lines.extend([Line::new(), vec![bold("You")]]);
    }
    let text = body(outgoing.text(), width);
    if outgoing.sending == Sending::Sent && state.connection.link == Link::Live {
        lines.extend(with_mark(text, Some(vec![dim(state.sign(Sign::Pending))]), width));
        return lines;
    }
    lines.extend(text);
    lines.extend(inset_progress(state, outgoing, width));
    lines
}

/// Whether a message that is not stored yet has a header, as if it were stored now.
fn outgoing_begins_group(state: &State, outgoing: &Outgoing) -> bool {
    let mut of_chat = state.texts.outbox.iter().filter(|one| one.draft.writing == outgoing.draft.writing);
    if of_chat.next().is_some_and(|first| first.key != outgoing.key) {
        return false;
    }
    let me = state.session.username.as_deref().and_then(|name| state.entities.by_username(name));
    let author_id = me.map_or(0, |account| account.id);
    let message =
        v1::DirectMessage { id: u64::MAX, author_id, created_ms: state.server_now(), ..Default::default() };
    state.screen().is_none_or(|screen| begins_group(state, screen, &message))
}
