//! The hints line: keys for the selected row, the most useful first, and at its end those that lead to all others.

use protocol::v1::Relationship;

use super::lines::{Line, dim, line_columns, put, span};
use crate::availability::unavailable;
use crate::choices::choices;
use crate::commands::Action;
use crate::composer::{Composer, Writing};
use crate::form::{Button, Field, Form};
use crate::prompt::{Overlay, Prompt, PromptKind};
use crate::route::Route;
use crate::row::Row;
use crate::state::State;
use terminal::grid::{Area, Grid};
use terminal::key::Key;
use terminal::style::{Style, Surface};

/// Width from which the hint to undo says what it undoes.
const NAMED_UNDO_FROM: u16 = 100;

/// A key and what it does, in a word.
type Hint = (String, String);

pub(super) fn hints(state: &State, grid: &mut Grid, area: Area) {
    grid.clear(area, Style::default().on(Surface::Bar));
    let right: Vec<Line> = last(state).into_iter().map(line).collect();
    let right_columns = right.iter().map(|line| line_columns(line) + 2).sum::<usize>().saturating_sub(2);
    let end = usize::from(area.width).saturating_sub(right_columns + 1);
    let mut x = area.x + 1;
    for line in first(state).into_iter().map(line) {
        // Two blank columns divide it from what follows. A hint that does not fit ends them: no later one takes its place.
        if usize::from(x - area.x) + line_columns(&line) + 2 > end {
            break;
        }
        x = put(grid, area, x, area.y, &line, Surface::Bar) + 2;
    }
    let mut x = area.x + u16::try_from(end).unwrap_or(0);
    for line in right {
        x = put(grid, area, x, area.y, &line, Surface::Bar) + 2;
    }
}

/// The hints in the last row of the composer on a screen that has no hints line.
pub(super) fn while_writing(state: &State) -> Line {
    let mut hints: Vec<Hint> = hint(state, Action::Send, "send").into_iter().collect();
    hints.extend(last(state));
    let words: Vec<String> = hints.into_iter().map(|(keys, word)| format!("{keys} {word}")).collect();
    vec![dim(words.join(" · "))]
}

/// A hint on the screen.
fn line((keys, word): Hint) -> Line {
    vec![span(keys, Style::default().bold()), dim(format!(" {word}"))]
}

/// A command with its key: while a text is written, one that types no character. `None` if it has none.
fn hint(state: &State, action: Action, word: &str) -> Option<Hint> {
    let mut all = state.preferences.keymap.all_keys_of(action).into_iter();
    let keys = if is_writing(state) { all.find(|keys| keys.chars().count() > 1) } else { all.next() };
    Some((keys?, word.to_owned()))
}

/// A key that is no shortcut: it has one meaning where it is shown.
fn fixed(keys: &str, word: &str) -> Hint {
    (keys.to_owned(), word.to_owned())
}

fn is_writing(state: &State) -> bool {
    state.composer.is_some() || state.prompt.is_some() || state.form.is_some()
}

/// Hints that are always there: they lead to everything else.
fn last(state: &State) -> Vec<Hint> {
    let mut hints = Vec::new();
    if is_writing(state) {
        let more = Key::ctrl('x');
        let is_prefix = !state.preferences.keymap.continuations(&[more], &state.contexts()).is_empty();
        if state.prompt.is_none() && state.form.is_none() && is_prefix {
            hints.push((more.to_string(), "more".to_owned()));
        }
        hints.extend(hint(state, Action::Help, "help"));
        return hints;
    }
    if state.is_signed_out() {
        return hints;
    }
    if let Some((name, _)) = state.undo.next(&state.texts.outbox) {
        let is_named = state.terminal.size.width >= NAMED_UNDO_FROM;
        let word = if is_named { format!("undo {name}") } else { "undo".to_owned() };
        hints.extend(hint(state, Action::Undo, &word));
    }
    hints.extend(hint(state, Action::Palette, "commands"));
    hints.extend(hint(state, Action::Help, "help"));
    hints
}

/// Hints for what is selected, chosen or written, the most useful first.
fn first(state: &State) -> Vec<Hint> {
    if let Some(prompt) = &state.prompt {
        return of_prompt(state, prompt);
    }
    if let Some(form) = &state.form {
        return of_form(state, form);
    }
    if let Some(composer) = &state.composer {
        return of_composer(state, composer);
    }
    if state.is_signed_out() {
        return Vec::new();
    }
    let hints = of_row(state).into_iter().filter(|(action, _)| unavailable(state, *action).is_none());
    hints.filter_map(|(action, word)| hint(state, action, &word_now(state, action, word))).collect()
}

/// What a command does now to what is selected: it may undo what was done, and the next section has a name.
fn word_now(state: &State, action: Action, word: &str) -> String {
    let relationship = relationship(state);
    match action {
        Action::Follow if relationship.following => "unfollow".to_owned(),
        Action::Mute if relationship.muting => "unmute".to_owned(),
        Action::Block if relationship.blocking => "unblock".to_owned(),
        Action::NextSection => {
            let sections = state.route().sections();
            let here = sections.iter().position(|(section, _)| section == state.route());
            let next = here.and_then(|here| sections.get((here + 1) % sections.len()));
            next.map_or_else(|| word.to_owned(), |(_, title)| title.to_lowercase())
        }
        _ => word.to_owned(),
    }
}

/// The relationship to the selected person, as far as it is known.
fn relationship(state: &State) -> Relationship {
    let account = state.selected_person().and_then(|username| state.entities.by_username(&username));
    account.map_or_else(Relationship::default, |account| state.entities.relationship(account.id))
}

fn of_prompt(state: &State, prompt: &Prompt) -> Vec<Hint> {
    if prompt.overlay() != Overlay::Page {
        return hint(state, Action::Cancel, "close").into_iter().collect();
    }
    let count = choices(state, prompt).len().min(9);
    let leave = if state.session.previous.is_some() { "back" } else { "quit" };
    let digits = (count > 1).then(|| fixed(&format!("1-{count}"), "choose"));
    let all = [hint(state, Action::Accept, "choose"), digits, hint(state, Action::Cancel, leave)];
    all.into_iter().flatten().collect()
}

fn of_form(state: &State, form: &Form) -> Vec<Hint> {
    let submit = form.button_label(form.focused_button().unwrap_or(Button::Submit)).to_lowercase();
    let is_last = form.focus + 1 >= form.fields.len();
    let enter = if is_last { submit.as_str() } else { "next field" };
    let has_secret = form.fields.iter().any(Field::is_secret);
    let show = if form.is_revealed { "hide password" } else { "show password" };
    let all = [
        hint(state, Action::NextField, "next"),
        form.focused().filter(|field| !field.values.is_empty()).map(|_| fixed("Space", "change")),
        hint(state, Action::Submit, enter),
        hint(state, Action::Reveal, show).filter(|_| has_secret),
        hint(state, Action::LeaveForm, "back"),
    ];
    all.into_iter().flatten().collect()
}

/// What can be done with a message.
const ON_MESSAGE: [(Action, &str); 7] = [
    (Action::Open, "write"),
    (Action::Reply, "reply"),
    (Action::Edit, "edit"),
    (Action::Delete, "delete"),
    (Action::Details, "details"),
    (Action::CopyText, "copy"),
    (Action::Back, "back to the chats"),
];

fn of_row(state: &State) -> Vec<(Action, &'static str)> {
    let on_tweet = [(Action::Reply, "reply"), (Action::Retweet, "retweet"), (Action::Like, "like")];
    match state.selected() {
        Some(Row::Tweet(..)) => {
            let mut hints = on_tweet.to_vec();
            hints.extend([
                (Action::Edit, "edit"),
                (Action::Delete, "delete"),
                (Action::Compose, "write"),
                (Action::Thread, "thread"),
                (Action::Quote, "quote"),
                (Action::Bookmark, "bookmark"),
                (Action::Author, "author"),
                (Action::Links, "links"),
            ]);
            let is_opened = |id| *state.route() == Route::Thread(id);
            hints.retain(|(action, _)| {
                *action != Action::Thread || !state.selected_tweet().is_some_and(is_opened)
            });
            hints
        }
        Some(Row::Notification(_)) => {
            let mut hints = vec![(Action::Open, "open"), (Action::MarkRead, "mark all read")];
            // One's own words need no answer.
            let is_answerable = state.selected_tweet().is_some_and(|id| !state.is_mine(id));
            hints.extend(on_tweet.into_iter().take(1).filter(|_| is_answerable));
            hints.extend((!relationship(state).following).then_some((Action::Follow, "follow")));
            hints.extend([(Action::NextSection, "section"), (Action::NextMatch, "next unread")]);
            hints.extend(on_tweet.into_iter().skip(1).filter(|_| is_answerable));
            hints
        }
        Some(Row::Conversation(_)) => vec![
            (Action::Open, "open"),
            (Action::Add, "new conversation"),
            (Action::Mute, "mute"),
            (Action::Author, "profile"),
        ],
        Some(Row::ProfileHead) => of_profile(state),
        Some(Row::OwnPresence) => {
            vec![(Action::Open, "change"), (Action::NextSection, "section"), (Action::Compose, "write")]
        }
        Some(Row::Person(_)) => of_person(state),
        Some(Row::Hashtag(_)) => {
            vec![(Action::Open, "open"), (Action::Compose, "write"), (Action::Search, "search")]
        }
        Some(Row::Setting(_)) => vec![
            (Action::Open, "change"),
            (Action::PreviousSection, "previous"),
            (Action::NextSection, "next value"),
            (Action::Filter, "find"),
        ],
        Some(Row::Draft(_) | Row::Outgoing(_)) => {
            vec![(Action::Open, "edit"), (Action::Add, "send now"), (Action::Remove, "discard")]
        }
        Some(Row::Finding(_)) => vec![(Action::CopyText, "copy report"), (Action::Refresh, "test again")],
        Some(Row::Logged(_)) => of_log_line(state),
        Some(Row::Announcement(_)) => vec![(Action::Remove, "dismiss"), (Action::Back, "back")],
        Some(Row::Rule(..)) => vec![(Action::CopyText, "copy"), (Action::Back, "back")],
        Some(Row::Session(id)) => {
            let is_other = state.entities.sessions.iter().any(|one| one.id == *id && !one.current);
            let sign_out = is_other.then_some((Action::Open, "sign out"));
            sign_out.into_iter().chain([(Action::Back, "back")]).collect()
        }
        Some(Row::Key(_)) => vec![(Action::Open, "remove"), (Action::Back, "back")],
        Some(Row::Failed) => vec![(Action::Open, "retry"), (Action::Back, "back")],
        Some(Row::Message(_)) => ON_MESSAGE.to_vec(),
        _ if *state.route() == Route::Home => vec![(Action::Compose, "write"), (Action::GoPeople, "people")],
        None => vec![(Action::Back, "back"), (Action::Compose, "write")],
        _ => vec![(Action::Open, "open"), (Action::Back, "back"), (Action::Compose, "write")],
    }
}

fn of_profile(state: &State) -> Vec<(Action, &'static str)> {
    let is_own = state.selected_person().is_some() && state.selected_person() == state.session.username;
    if is_own {
        return vec![
            (Action::Open, "edit profile"),
            (Action::Compose, "write"),
            (Action::NextSection, "section"),
        ];
    }
    let mut hints =
        vec![(Action::Follow, "follow"), (Action::Chat, "chat"), (Action::NextSection, "section")];
    hints.extend(has_bio_links(state).then_some((Action::Open, "links")));
    hints.extend([(Action::Mute, "mute"), (Action::Block, "block")]);
    hints.push((Action::RemoveFollower, "remove follower"));
    hints
}

/// Hints for a person. Among those who are online, to chat comes first.
fn of_person(state: &State) -> Vec<(Action, &'static str)> {
    let (follow, chat, section) =
        ((Action::Follow, "follow"), (Action::Chat, "chat"), (Action::NextSection, "section"));
    let (open, search) = ((Action::Open, "open"), (Action::Filter, "search"));
    let mut hints = match state.route() {
        Route::Online(_) => vec![open, chat, follow, section],
        // People to follow, for a home feed that begins.
        Route::Home => vec![follow, open, (Action::Compose, "write"), (Action::Remove, "not again"), chat],
        _ => vec![open, follow, chat, search, (Action::Remove, "not again"), section],
    };
    hints.extend([
        (Action::Sort, "sort"),
        (Action::RemoveFollower, "remove follower"),
        (Action::Mute, "mute"),
        (Action::Block, "block"),
    ]);
    hints
}

/// Whether the bio of the profile that is shown has links.
fn has_bio_links(state: &State) -> bool {
    let Route::Profile(username, _) = state.route() else { return false };
    !choices(state, &Prompt::new(PromptKind::BioLinks(username.clone()), Vec::new())).is_empty()
}

fn of_log_line(state: &State) -> Vec<(Action, &'static str)> {
    let other = if *state.route() == Route::LOG { "warnings only" } else { "all lines" };
    vec![(Action::Open, "details"), (Action::CopyText, "copy line"), (Action::NextSection, other)]
}

fn of_composer(state: &State, composer: &Composer) -> Vec<Hint> {
    let is_tweet = matches!(composer.writing, Writing::New | Writing::Reply(_) | Writing::Quote(_));
    let mut hints = Vec::new();
    if composer.completion.is_some() {
        hints.extend(hint(state, Action::Complete, "complete"));
        hints.extend(hint(state, Action::KeepDraft, "close completions"));
    }
    let is_chat = composer.writing.chat().is_some();
    if is_chat {
        hints.extend([fixed("Enter", "send"), fixed("Ctrl-j", "new line")]);
    } else {
        hints.extend(hint(state, Action::Send, "send"));
    }
    if is_tweet {
        hints.extend(hint(state, Action::CycleVisibility, &composer.audience.title().to_lowercase()));
        hints.extend(hint(state, Action::SplitThread, "preview"));
    }
    if composer.completion.is_none() {
        hints.extend(hint(state, Action::KeepDraft, if is_chat { "to messages" } else { "keep draft" }));
    }
    if let Writing::Message(username) = &composer.writing
        && composer.editor.is_blank()
        && state.last_own_message(username).is_some()
    {
        hints.push(fixed("↑", "edit last"));
    }
    hints
}
