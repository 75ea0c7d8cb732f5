//! Plain mode: the client as a dialogue of lines, for screen readers, braille displays and simple terminals. It has the
//! same state and the same commands as the full screen.

mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::SafeText;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use self::words::{ago, without_keys, words};
use crate::choices::choices;
use crate::commands::{Action, COMMANDS, Command, Context, Interface, by_id};
use crate::local_store::LocalStore;
use crate::message::Message;
use crate::route::Route;
use crate::row::Row;
use crate::run::{Host, Input, Outcome, Run};
use crate::state::{Link, Phase, Setup, State, Toast};
use crate::wording::count;
use terminal::key::{Code, Event, Key};

/// Rows that are read at a time.
const ROWS_AT_A_TIME: usize = 10;

/// Runs plain mode until it ends.
pub async fn plain(
    host: Arc<dyn Host>,
    setup: Setup,
    store: Option<LocalStore>,
    input: &mut mpsc::Receiver<Input>,
    output: mpsc::Sender<Bytes>,
) -> Outcome {
    let (mut run, mut reports) = Run::start(host, setup, store);
    let mut announced = Announced::default();
    let mut pending = String::new();
    let mut lines: Vec<String> = Vec::new();
    while run.outcome.is_none() {
        run.terminal_bytes.clear();
        pending.push_str(&announced.changes_since(&run.state));
        run.host.hide_input(asks_for_secret(&run.state));
        // Lines that were typed ahead wait for the responses that they refer to.
        if !is_waiting(&run.state) && !lines.is_empty() {
            let line = lines.remove(0);
            for message in announced.messages(&run.state, &line, &mut pending) {
                run.handle(message);
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
                // The lines before the end of the input are handled first.
                None | Some(Input::Closed) => {
                    lines.push("quit".to_owned());
                    let Some(report) = reports.recv().await else { break };
                    run.handle_report(report);
                }
                Some(Input::Resized(_)) => {}
                Some(Input::Bytes(bytes)) => lines.push(String::from_utf8_lossy(&bytes).trim_end().to_owned()),
            },
            Some(report) = reports.recv() => run.handle_report(report),
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => run.handle(Message::Woke),
        }
        while run.tasks.try_join_next().is_some() {}
    }
    pending.push_str(&announced.changes_since(&run.state));
    run.host.hide_input(false);
    let outcome = run.end(&mut reports).await;
    if outcome == Outcome::Quit {
        pending.push_str("Goodbye.\n");
    }
    // A closed terminal reads nothing.
    let _ = timeout(Duration::from_secs(1), output.send(safe(&pending))).await;
    outcome
}

/// The only way to the terminal: no line can contain control sequences, whatever the server sent.
fn safe(lines: &str) -> Bytes {
    SafeText::lines(lines).as_str().to_owned().into()
}

/// Whether the last line waits for a response.
fn is_waiting(state: &State) -> bool {
    let connecting = state.connection.link == Link::Connecting && !state.connection.server.is_empty();
    let has_hope = matches!(state.connection.link, Link::Connecting | Link::Live);
    let signing_in =
        state.session.username.is_some() && state.session.me.is_none() && state.form.is_none() && has_hope;
    let form = state.form.as_ref().is_some_and(|form| form.is_busy);
    let responses = state.screen().is_some_and(|screen| screen.phase == Phase::Loading || screen.is_loading);
    signing_in || form || (connecting && state.form.is_none()) || (responses && state.form.is_none())
}

fn asks_for_secret(state: &State) -> bool {
    let form = state.form.as_ref().filter(|form| !form.is_busy);
    form.and_then(|form| form.fields.get(form.focus)).is_some_and(|field| field.is_secret)
}

/// What was announced already.
#[derive(Default)]
struct Announced {
    /// The screen, its phase, the length of its filter, and whether it was empty: the first rows of an empty screen are
    /// read.
    screen: Option<(Route, Phase, usize, bool)>,
    /// Whether there was a connection.
    had_connection: Option<bool>,
    /// Index of the first row that was not read.
    next_row: usize,
    toast: Option<Toast>,
    question: Option<String>,
    newest: u64,
    lines: usize,
}

impl Announced {
    /// What has changed since the last call, as lines.
    fn changes_since(&mut self, state: &State) -> String {
        let mut out = String::new();
        out.push_str(&self.connection_change(state));
        if state.toast != self.toast {
            if let Some(toast) = &state.toast {
                let text = without_keys(SafeText::line(&toast.text).as_str());
                out.push_str(&format!("{}.\n", text.trim_end_matches('.')));
            }
            self.toast.clone_from(&state.toast);
        }
        let has_something =
            state.session.me.is_some() || state.screen().is_some_and(|screen| screen.as_of.is_some());
        if state.form.is_none() && state.prompt.is_none() && !is_waiting(state) && has_something {
            out.push_str(&self.screen_change(state));
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

    /// The loss or the return of the connection. The first connection is not announced.
    fn connection_change(&mut self, state: &State) -> String {
        let has = match state.connection.link {
            Link::Live => true,
            Link::Reconnecting(_) => false,
            Link::Connecting | Link::Stopped(_) => return String::new(),
        };
        match self.had_connection.replace(has) {
            Some(had) if had != has && has => "Connected again.\n".to_owned(),
            Some(had) if had != has => {
                "Connection lost. Reconnecting; what you write is saved and sent later.\n".to_owned()
            }
            _ => String::new(),
        }
    }

    /// Reads a screen that was just opened, and what is new in a chat.
    fn screen_change(&mut self, state: &State) -> String {
        let Some(screen) = state.screen() else { return String::new() };
        let route = state.route().clone();
        let rows = screen.list.rows().len();
        let newest = screen.ids.first().copied().unwrap_or(0);
        let now = (route.clone(), screen.phase, screen.filter.len(), rows == 0);
        if self.screen.as_ref() != Some(&now) {
            self.screen = Some(now);
            self.newest = newest;
            let mut title = SafeText::line(&route.title()).as_str().to_owned();
            if let Some(then) = state.as_of(screen) {
                title.push_str(&format!(", as of {}", ago(state.now, then)));
            }
            let what = match route {
                Route::People | Route::Online | Route::Muted | Route::Blocked => ("person", "people"),
                Route::Conversation(_) => ("message", "messages"),
                _ => ("item", "items"),
            };
            let mut out = match rows {
                0 => format!("{title}. Nothing here yet.\n"),
                _ => {
                    format!("{title}. {}.\n", count(u32::try_from(rows).unwrap_or(u32::MAX), what.0, what.1))
                }
            };
            self.next_row = 0;
            if matches!(route, Route::Conversation(_)) {
                self.next_row = rows.saturating_sub(ROWS_AT_A_TIME);
            }
            out.push_str(&self.read_on(state));
            return out;
        }
        if newest > self.newest {
            let arrived: Vec<Row> = screen
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
            if matches!(route, Route::Conversation(_)) {
                return arrived.iter().map(|row| format!("{}\n", words(state, row))).collect();
            }
            // A single line, however many there are.
            return format!("{} new. Type “show-new” to read them.\n", arrived.len());
        }
        String::new()
    }

    /// Reads the next rows.
    fn read_on(&mut self, state: &State) -> String {
        let Some(screen) = state.screen() else { return String::new() };
        let all = screen.list.rows();
        let mut out = String::new();
        for (number, row) in all.iter().enumerate().skip(self.next_row).take(ROWS_AT_A_TIME) {
            out.push_str(&format!("{}. {}\n", number + 1, words(state, row)));
        }
        self.next_row = (self.next_row + ROWS_AT_A_TIME).min(all.len());
        let left = all.len() - self.next_row;
        if left > 0 {
            out.push_str(&format!("{left} more. Type “more”, or a number to select.\n"));
        }
        out
    }

    /// The messages that a typed line stands for.
    fn messages(&mut self, state: &State, line: &str, out: &mut String) -> Vec<Message> {
        self.lines += 1;
        // The next question is asked even if it is the same.
        self.question = None;
        let key = |key| Message::Input(Event::Key(key));
        let typed = |text: &str| Message::Input(Event::Paste { text: text.to_owned(), is_cut: false });
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
            let Some(row) = number.checked_sub(1).and_then(|n| state.screen()?.list.rows().get(n)) else {
                out.push_str(&format!("There is no item {number} here.\n"));
                return Vec::new();
            };
            out.push_str(&format!("{}\n", words(state, row)));
            return vec![Message::Select(number - 1)];
        }
        match word {
            "" => Vec::new(),
            "more" => {
                out.push_str(&self.read_on(state));
                if self.next_row >= state.screen().map_or(0, |screen| screen.list.rows().len()) {
                    return vec![Message::Command(Action::Last, String::new())];
                }
                Vec::new()
            }
            "repeat" | "again" => {
                self.screen = None;
                Vec::new()
            }
            "help" | "?" => {
                out.push_str(&help(state));
                Vec::new()
            }
            word => match by_id(word.trim_start_matches(':')) {
                Some(command) => {
                    if matches!(command.action, Action::ShowNew) {
                        self.screen = None;
                    }
                    vec![Message::Command(command.action, argument.to_owned())]
                }
                None => {
                    out.push_str(&format!(
                        "There is no command “{}”. Type “help” to list all.\n",
                        SafeText::line(word)
                    ));
                    Vec::new()
                }
            },
        }
    }
}

/// The question that waits for an answer; it ends with a question mark.
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
            "{} Type a number or a text, or an empty line to cancel?",
            prompt.label().trim_end_matches('·').trim()
        ));
        return Some(out);
    }
    let composer = state.composer.as_ref()?;
    let begun = composer.editor.text();
    let so_far = if begun.is_empty() { String::new() } else { format!(" So far: {}", SafeText::line(begun)) };
    Some(format!(
        "{}, {}.{so_far} Type your text in one line, or :visibility, :split or :discard-draft, or an empty line to close?",
        composer.writing.title(),
        composer.audience.word()
    ))
}

fn help(state: &State) -> String {
    let contexts = state.contexts();
    let is_typed =
        |context| matches!(context, Context::Anywhere | Context::List | Context::Tweet | Context::Person);
    let is_here = |command: &&Command| {
        is_typed(command.context)
            && contexts.contains(&command.context)
            && command.interface == Interface::Any
    };
    let here = COMMANDS.iter().filter(is_here);
    let mut out: String = here.map(|command| format!("{}: {}.\n", command.id, command.title)).collect();
    out.push_str(
        "A number: select that item. more: the next items. repeat: read this screen again. quit: quit.\n",
    );
    out
}
