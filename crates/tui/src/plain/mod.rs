//! The same client in lines: for screen readers, braille and simple terminals. Nothing is drawn, nothing moves; a
//! line goes in, lines come out. It has the same commands, because it is another face of the same state.

mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::SafeText;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use self::words::{ago, spoken, words};
use crate::commands::{Action, COMMANDS, Command, Context, by_id};
use crate::local_store::LocalStore;
use crate::message::Message;
use crate::prompt::choices;
use crate::route::Route;
use crate::rows::Row;
use crate::run::{Host, Input, Outcome, Run};
use crate::state::{Link, Phase, Setup, State, Toast};
use terminal::key::{Code, Event, Key};

/// Rows that are read out at a time.
const ROWS_AT_A_TIME: usize = 10;

/// Runs the client in lines until it ends.
pub async fn plain(
    host: Arc<dyn Host>,
    setup: Setup,
    shelf: Option<LocalStore>,
    input: &mut mpsc::Receiver<Input>,
    output: mpsc::Sender<Bytes>,
) -> Outcome {
    let (mut run, mut from_tasks) = Run::start(host, setup, shelf);
    let mut told = Announced::default();
    let mut pending = String::new();
    let mut lines: Vec<String> = Vec::new();
    while run.outcome.is_none() {
        run.terminal_bytes.clear();
        pending.push_str(&told.news(&run.state));
        run.host.hide_input(asks_for_secret(&run.state));
        // What was typed ahead waits until what it is about is there.
        if !is_waiting(&run.state) && !lines.is_empty() {
            let line = lines.remove(0);
            for message in told.messages(&run.state, &line, &mut pending) {
                run.take(message);
            }
            continue;
        }
        let wake = run.wake_at();
        tokio::select! {
            permit = output.reserve(), if !pending.is_empty() => {
                let Ok(permit) = permit else { break };
                permit.send(safe(&std::mem::take(&mut pending)));
            }
            event = input.recv() => match event {
                None | Some(Input::Closed) if lines.is_empty() && !is_waiting(&run.state) => break,
                // The rest is still to be done.
                None | Some(Input::Closed) => {
                    lines.push("quit".to_owned());
                    let Some(inner) = from_tasks.recv().await else { break };
                    run.take_inner(inner);
                }
                Some(Input::Resized(_)) => {}
                Some(Input::Bytes(bytes)) => lines.push(String::from_utf8_lossy(&bytes).trim_end().to_owned()),
            },
            Some(inner) = from_tasks.recv() => run.take_inner(inner),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => run.take(Message::Woke),
        }
        while run.tasks.try_join_next().is_some() {}
    }
    pending.push_str(&told.news(&run.state));
    run.host.hide_input(false);
    let outcome = run.end(&mut from_tasks).await;
    if outcome == Outcome::Quit {
        pending.push_str("Goodbye.\n");
    }
    // A reader that is gone hears nothing.
    let _ = timeout(Duration::from_secs(1), output.send(safe(&pending))).await;
    outcome
}

/// The only way out: whatever a line is made of, usernames that a server did not check too, it is text.
fn safe(lines: &str) -> Bytes {
    SafeText::lines(lines).as_str().to_owned().into()
}

/// Something is being read or sent in.
fn is_waiting(state: &State) -> bool {
    let connecting = state.link == Link::Connecting && !state.server.is_empty();
    let has_hope = matches!(state.link, Link::Connecting | Link::Live);
    let signing_in = state.username.is_some() && state.me.is_none() && state.form.is_none() && has_hope;
    let form = state.form.as_ref().is_some_and(|form| form.is_busy);
    let responses = state.panel().is_some_and(|panel| panel.phase == Phase::Loading || panel.is_filling);
    signing_in || form || (connecting && state.form.is_none()) || (responses && state.form.is_none())
}

fn asks_for_secret(state: &State) -> bool {
    let form = state.form.as_ref().filter(|form| !form.is_busy);
    form.and_then(|form| form.fields.get(form.focus)).is_some_and(|field| field.is_secret)
}

/// What was said already.
#[derive(Default)]
struct Announced {
    /// Which place, and whether it was empty: what an empty one gets is read out.
    place: Option<(Route, Phase, usize, bool)>,
    /// Whether there was a connection.
    had_connection: Option<bool>,
    /// The first row that was not read out.
    next_row: usize,
    toast: Option<Toast>,
    question: Option<String>,
    newest: u64,
    lines: usize,
}

impl Announced {
    /// What there is to say now.
    fn news(&mut self, state: &State) -> String {
        let mut out = String::new();
        out.push_str(&self.connection_news(state));
        if state.toast != self.toast {
            if let Some(toast) = &state.toast {
                let text = spoken(SafeText::line(&toast.text).as_str());
                out.push_str(&format!("{}.\n", text.trim_end_matches('.')));
            }
            self.toast.clone_from(&state.toast);
        }
        let has_something = state.me.is_some() || state.panel().is_some_and(|panel| panel.as_of.is_some());
        if state.form.is_none() && state.prompt.is_none() && !is_waiting(state) && has_something {
            out.push_str(&self.place_news(state));
        }
        let question = question(state);
        if question != self.question {
            if let Some(question) = &question {
                out.push_str(question);
                out.push('\n');
            }
            self.question = question;
        }
        out
    }

    /// A connection that is lost or found again; the first one says enough by what it brings.
    fn connection_news(&mut self, state: &State) -> String {
        let has = match state.link {
            Link::Live => true,
            Link::Reconnecting(_) => false,
            Link::Connecting | Link::Stopped(_) => return String::new(),
        };
        match self.had_connection.replace(has) {
            Some(had) if had != has && has => "Connected again.\n".to_owned(),
            Some(had) if had != has => {
                "The connection is lost; it is tried again, and what you write is kept and sent then.\n"
                    .to_owned()
            }
            _ => String::new(),
        }
    }

    /// Reads out a place when one has come to it, and what is new in a chat.
    fn place_news(&mut self, state: &State) -> String {
        let Some(panel) = state.panel() else { return String::new() };
        let place = state.place().clone();
        let rows = panel.list.rows().len();
        let newest = panel.ids.first().copied().unwrap_or(0);
        let now = (place.clone(), panel.phase, panel.filter.len(), rows == 0);
        if self.place.as_ref() != Some(&now) {
            self.place = Some(now);
            self.newest = newest;
            let mut title = SafeText::line(&place.title()).as_str().to_owned();
            if let Some(then) = state.as_of(panel) {
                title.push_str(&format!(", as of {}", ago(state.now, then)));
            }
            let mut out = match rows {
                0 => format!("{title}. Nothing here yet.\n"),
                1 => format!("{title}. 1 row.\n"),
                _ => format!("{title}. {rows} rows.\n"),
            };
            self.next_row = 0;
            if matches!(place, Route::Conversation(_)) {
                self.next_row = rows.saturating_sub(ROWS_AT_A_TIME);
            }
            out.push_str(&self.read_on(state));
            return out;
        }
        if newest > self.newest {
            let arrived: Vec<Row> = panel
                .list
                .rows()
                .iter()
                .filter(|row| match row {
                    Row::Message(id) | Row::Tweet(id, _) => *id > self.newest,
                    _ => false,
                })
                .cloned()
                .collect();
            self.newest = newest;
            if matches!(place, Route::Conversation(_)) {
                return arrived.iter().map(|row| format!("{}\n", words(state, row))).collect();
            }
            // One line, however much it is.
            return format!("{} new. Say show-new to hear them.\n", arrived.len());
        }
        String::new()
    }

    /// The next rows.
    fn read_on(&mut self, state: &State) -> String {
        let Some(panel) = state.panel() else { return String::new() };
        let all = panel.list.rows();
        let mut out = String::new();
        for (number, row) in all.iter().enumerate().skip(self.next_row).take(ROWS_AT_A_TIME) {
            out.push_str(&format!("{}. {}\n", number + 1, words(state, row)));
        }
        self.next_row = (self.next_row + ROWS_AT_A_TIME).min(all.len());
        let left = all.len() - self.next_row;
        if left > 0 {
            out.push_str(&format!("{left} more. Say more to go on, or a number.\n"));
        }
        out
    }

    /// What a line means here.
    fn messages(&mut self, state: &State, line: &str, out: &mut String) -> Vec<Message> {
        self.lines += 1;
        // Whatever is asked next is asked again.
        self.question = None;
        let key = |key| Message::Input(Event::Key(key));
        let typed = |text: &str| Message::Input(Event::Paste(text.to_owned()));
        if state.form.is_some() {
            return vec![key(Key::ctrl('u')), key(Key::ctrl('k')), typed(line), key(Key::plain(Code::Enter))];
        }
        if let Some(prompt) = &state.prompt {
            if line.is_empty() {
                return vec![Message::Command(Action::Cancel, String::new())];
            }
            return match line.parse::<usize>() {
                Ok(number) if (1..=choices(state, prompt).len()).contains(&number) => {
                    let mut messages: Vec<Message> =
                        (1..number).map(|_| Message::Command(Action::ChoiceDown, String::new())).collect();
                    messages.push(Message::Command(Action::Accept, String::new()));
                    messages
                }
                _ => vec![typed(line), Message::Command(Action::Accept, String::new())],
            };
        }
        if state.composer.is_some() {
            if line.is_empty() {
                out.push_str("Closed.\n");
                return vec![Message::Command(Action::KeepDraft, String::new())];
            }
            let command = line.strip_prefix(':').and_then(by_id);
            if let Some(command) = command.filter(|command| command.context == Context::Composer) {
                return vec![Message::Command(command.action, String::new())];
            }
            return vec![typed(line), Message::Command(Action::Send, String::new())];
        }
        let (word, argument) = line.split_once(' ').unwrap_or((line, ""));
        if let Ok(number) = word.parse::<usize>() {
            let Some(row) = number.checked_sub(1).and_then(|n| state.panel()?.list.rows().get(n)) else {
                out.push_str(&format!("There is no row {number} here.\n"));
                return Vec::new();
            };
            out.push_str(&format!("{}\n", words(state, row)));
            return vec![Message::Select(number - 1)];
        }
        match word {
            "" => Vec::new(),
            "more" => {
                out.push_str(&self.read_on(state));
                if self.next_row >= state.panel().map_or(0, |panel| panel.list.rows().len()) {
                    return vec![Message::Command(Action::Last, String::new())];
                }
                Vec::new()
            }
            "again" => {
                self.place = None;
                Vec::new()
            }
            "help" | "?" => {
                out.push_str(&help(state));
                Vec::new()
            }
            word => match by_id(word.trim_start_matches(':')) {
                Some(command) => {
                    if matches!(command.action, Action::ShowNew) {
                        self.place = None;
                    }
                    vec![Message::Command(command.action, argument.to_owned())]
                }
                None => {
                    out.push_str(&format!("{} is no command. Say help to hear all.\n", SafeText::line(word)));
                    Vec::new()
                }
            },
        }
    }
}

/// What is asked for, ending in a question mark.
fn question(state: &State) -> Option<String> {
    if let Some(form) = state.form.as_ref().filter(|form| !form.is_busy) {
        let field = form.fields.get(form.focus)?;
        let mut out = String::new();
        if let Some(problem) = &form.problem {
            out.push_str(&format!("{problem}.\n"));
        } else if form.focus == 0 {
            out.push_str(&format!("{}.\n", form.title()));
        }
        let hint = if field.hint.is_empty() { String::new() } else { format!(" ({})", field.hint) };
        out.push_str(&format!("{}{hint}?", field.label));
        return Some(out);
    }
    if let Some(prompt) = &state.prompt {
        let mut out = String::new();
        for (number, choice) in (1..).zip(choices(state, prompt).iter().take(20)) {
            let detail =
                if choice.detail.is_empty() { String::new() } else { format!(", {}", choice.detail) };
            out.push_str(&format!("{number}. {}{detail}\n", choice.label));
        }
        out.push_str(&format!(
            "{} Number or text, empty to leave?",
            prompt.label().trim_end_matches('·').trim()
        ));
        return Some(out);
    }
    let composer = state.composer.as_ref()?;
    let begun = composer.editor.text();
    let so_far =
        if begun.is_empty() { String::new() } else { format!(" It begins: {}", SafeText::line(begun)) };
    Some(format!(
        "{}, {}.{so_far} Text in one line, :visibility or :split or :discard-draft, empty to leave?",
        composer.writing.title(),
        composer.audience.word()
    ))
}

fn help(state: &State) -> String {
    let contexts = state.contexts();
    let can_be_said =
        |context| matches!(context, Context::Anywhere | Context::List | Context::Tweet | Context::Person);
    let is_here = |command: &&Command| {
        can_be_said(command.context) && contexts.contains(&command.context) && !is_for_screens(command.action)
    };
    let here = COMMANDS.iter().filter(is_here);
    let mut out: String = here.map(|command| format!("{}: {}.\n", command.id, command.title)).collect();
    out.push_str("A number: that row. more: the next rows. again: this place once more. quit: leave.\n");
    out
}

/// Commands that only mean something where something is drawn.
fn is_for_screens(action: Action) -> bool {
    matches!(
        action,
        Action::Down
            | Action::Up
            | Action::LineDown
            | Action::LineUp
            | Action::HalfDown
            | Action::HalfUp
            | Action::PageDown
            | Action::PageUp
            | Action::NextTab
            | Action::PreviousTab
            | Action::Tab1
            | Action::Tab2
            | Action::Tab3
            | Action::Tab4
            | Action::Tab5
            | Action::Tab6
            | Action::Refresh
            | Action::SidePane
            | Action::Palette
            | Action::Help
            | Action::Theme
            | Action::Suspend
            | Action::Doctor
            | Action::CopyText
            | Action::CopyId
            | Action::CopyLink
            | Action::CopyCommand
            | Action::TestNotification
    )
}
