//! What the server says about itself, and the operator's announcements.

use std::cmp::Reverse;

use model::SafeText;
use protocol::v1;
use protocol::v1::live_announcement::Change;
use protocol::v1::request::Op;

use super::effects::{Effects, ask};
use super::forms;
use crate::log::Level;
use crate::message::Purpose;
use crate::route::Route;
use crate::row::Row;
use crate::state::State;
use crate::wording::count;

/// Stores what the server says about itself.
pub(super) fn learn(state: &mut State, info: v1::ServerInfo) {
    let announcements = match info.announcements.as_slice() {
        [] => of_older_server(&info.announcement),
        announcements => announcements.to_vec(),
    };
    learn_announcements(state, announcements);
    state.connection.info = info;
    forms::offer_rules(state);
    // What comes first is read first, whatever was selected before it was there.
    state.replace_rows(&Route::About);
}

/// The only announcement of a server that is older, which has no identifier; empty: there is none.
fn of_older_server(text: &str) -> Vec<v1::Announcement> {
    let announcement = v1::Announcement { text: text.to_owned(), ..v1::Announcement::default() };
    Some(announcement).filter(|one| !one.text.is_empty()).into_iter().collect()
}

/// An announcement was added or removed, or dismissed on another device.
pub(super) fn announced(state: &mut State, live: v1::LiveAnnouncement) {
    let mut all = state.live.announcements.clone();
    match live.change {
        Some(Change::Added(added)) if all.iter().any(|one| one.id == added.id) => {}
        Some(Change::Added(added)) => all.push(added),
        Some(Change::Removed(id)) => all.retain(|one| one.id != id),
        Some(Change::Dismissed(id)) => set_dismissed(&mut all, id),
        None => all = of_older_server(&live.text),
    }
    learn_announcements(state, all);
    state.refresh(&Route::About);
}

fn set_dismissed(all: &mut [v1::Announcement], id: u64) {
    for one in all.iter_mut().filter(|one| one.id == id) {
        one.dismissed = true;
    }
}

/// Stores the announcements, and says those that are new.
fn learn_announcements(state: &mut State, mut all: Vec<v1::Announcement>) {
    all.sort_by_key(|one| Reverse(one.id));
    let before = std::mem::replace(&mut state.live.announcements, all);
    let is_known =
        |one: &v1::Announcement| before.iter().any(|other| (other.id, &other.text) == (one.id, &one.text));
    let lines: Vec<String> =
        state.new_announcements().filter(|one| !is_known(one)).map(|one| line(&one.text)).collect();
    if lines.is_empty() {
        return;
    }
    if state.terminal.capabilities.is_plain {
        // There is no banner: the message is all there is.
        let end = |line: &String| if line.ends_with(['.', '!', '?']) { "" } else { "." };
        let sentences: Vec<String> = lines.iter().map(|line| format!("{line}{}", end(line))).collect();
        state.report(sentences.join(" "));
        return;
    }
    for line in &lines {
        state.note(Level::Info, line.clone());
    }
    // The screens of a session name them in their titles.
    if !state.is_signed_out() {
        state.say(match lines.as_slice() {
            [line] => line.clone(),
            lines => format!("{} new announcements", lines.len()),
        });
    }
}

/// An announcement in one line.
fn line(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    format!("Announcement: {}", SafeText::line(&text))
}

/// Dismisses the selected announcement or else the newest one that is new, on all devices of the account.
pub(super) fn dismiss(state: &mut State) -> Effects {
    let selected = match state.selected() {
        Some(Row::Announcement(id)) => Some(*id),
        _ => None,
    };
    let new: Vec<u64> = state.new_announcements().map(|one| one.id).collect();
    let Some(newest) = new.first().copied() else {
        state.say("There is no new announcement");
        return Effects::new();
    };
    let id = selected.filter(|id| new.contains(id)).unwrap_or(newest);
    set_dismissed(&mut state.live.announcements, id);
    state.say(match u32::try_from(state.new_announcements().count()).unwrap_or(u32::MAX) {
        0 => "Dismissed; :about shows it again".to_owned(),
        left => format!("Dismissed; {} left", count(left, "new announcement", "new announcements")),
    });
    state.refresh(&Route::About);
    let op = Op::DismissAnnouncement(v1::DismissAnnouncement { announcement_id: id });
    vec![ask(Purpose::Background, op)]
}
