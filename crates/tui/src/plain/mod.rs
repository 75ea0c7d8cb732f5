//! Plain mode: the client as a dialogue of lines, for screen readers, braille displays and simple terminals. It has the
//! same state and the same commands as the full screen.
//!
//! `lines` says what a typed line means, `dialogue` what is printed; below them are `questions`, `events` (what happens
//! on other screens), `help`, `reading` (lists and the numbers of their items) and `words` (the sentences).

mod dialogue;
mod events;
mod help;
mod lines;
mod questions;
mod reading;
mod words;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::SafeText;
use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep_until, timeout};

pub use self::dialogue::Dialogue;
use crate::budget::Budget;
use crate::local_store::LocalStore;
use crate::message::Message;
use crate::run::{Host, Input, Outcome, Run, TaskReport};
use crate::state::{Link, Setup, State};
use terminal::charset::Charset;

/// Lines that were typed ahead; further ones wait in the terminal.
const LINES_MAX: usize = 64;
/// What is said when input cannot have been meant for the question that follows.
const DISCARDED: &str = "What you typed before this question was discarded.\n";
/// A file or a program whose lines are discarded has no more of them when none arrives within this time.
const SILENCE: Duration = Duration::from_millis(50);
/// Lines of a person that come within this time of each other were pasted: they are one text.
const TOGETHER: Duration = Duration::from_millis(30);
/// Lines are discarded for so long; a program could send them for ever.
const DISCARD_MAX: Duration = Duration::from_secs(2);

/// Runs plain mode until it ends.
pub async fn plain(
    host: Arc<dyn Host>,
    mut setup: Setup,
    store: Option<LocalStore>,
    input: &mut mpsc::Receiver<Input>,
    output: mpsc::Sender<Bytes>,
) -> Outcome {
    setup.capabilities.is_plain = true;
    let (mut run, mut reports) = Run::start(host, setup, store);
    let mut lines = Lines::default();
    let mut budget = Budget::new(run.state.terminal.capabilities.is_local);
    while run.outcome.is_none() {
        if let Some(rest) = budget.rest() {
            sleep_until(rest).await;
        }
        let begin = Instant::now();
        run.terminal_bytes.clear();
        lines.add_changes(&run);
        lines.settle(&*run.host);
        // The end of the input, and lines that were typed ahead, wait for the responses that they refer to.
        let is_waiting = dialogue::is_waiting(&run.state)
            || (run.state.connection.link == Link::Live && run.changes_in_flight > 0);
        if !is_waiting {
            if lines.carry_out_next(&mut run) {
                budget.charge(begin.elapsed());
                // A turn for the other tasks before more of the lines.
                yield_now().await;
                continue;
            }
            if lines.is_closed {
                break;
            }
        }
        let wake = run.wake_at().into_iter().chain(lines.settles_at()).min();
        budget.charge(begin.elapsed());
        let begin = tokio::select! {
            permit = output.reserve(), if !lines.pending.is_empty() => {
                let Ok(permit) = permit else { break };
                lines.discard_earlier(&*run.host, input).await;
                let begin = Instant::now();
                let printed = std::mem::take(&mut lines.pending);
                permit.send(safe(run.state.terminal.capabilities.charset, &printed));
                begin
            }
            event = input.recv(), if !lines.is_closed && lines.waiting() < LINES_MAX => {
                lines.receive(event, run.host.has_keyboard());
                Instant::now()
            }
            Some(report) = reports.recv() => {
                let begin = Instant::now();
                run.handle_report(report);
                begin
            }
            () = sleep_until(wake.unwrap_or_else(Instant::now)), if wake.is_some() => {
                let begin = Instant::now();
                run.handle(Message::Woke);
                begin
            }
        };
        budget.charge(begin.elapsed());
        while run.tasks.try_join_next().is_some() {}
    }
    if lines.is_closed {
        keep_typed(&mut run);
    }
    let last_words = lines.last_words(&run.state);
    end(run, &mut reports, last_words, output).await
}

/// The lines that were typed and those that are printed.
#[derive(Default)]
struct Lines {
    dialogue: Dialogue,
    /// Lines that were typed ahead; those that were pasted together are one text.
    typed: Vec<String>,
    /// Lines of a person that more may follow at once.
    arriving: Vec<String>,
    /// When the last of them came.
    arrived_at: Option<Instant>,
    /// There is no more input.
    is_closed: bool,
    /// What is printed next.
    pending: String,
    /// Nothing was printed about the last line so far.
    is_unanswered: bool,
    /// A question waits to be printed that no earlier input may answer.
    discards: bool,
}

impl Lines {
    /// Prints what has changed.
    fn add_changes(&mut self, run: &Run) {
        self.pending.push_str(&self.dialogue.changes(&run.state));
        self.is_unanswered &= self.pending.is_empty();
        self.discards |= self.dialogue.refuses_earlier_input(&run.state, run.host.has_keyboard());
        run.host.hide_input(asks_for_secret(&run.state));
    }

    /// Carries out the next line; `false` if there is none.
    fn carry_out_next(&mut self, run: &mut Run) -> bool {
        if std::mem::take(&mut self.is_unanswered) {
            self.pending.push_str(&self.dialogue.unanswered(&run.state));
            self.discards |= self.dialogue.refuses_earlier_input(&run.state, run.host.has_keyboard());
        }
        if self.typed.is_empty() || self.discards {
            return false;
        }
        let line = self.typed.remove(0);
        let said = handle_line(run, &mut self.dialogue, &line);
        self.is_unanswered = said.is_empty() && !line.is_empty();
        self.pending.push_str(&said);
        true
    }

    /// Takes input; returns whether it was a line.
    fn receive(&mut self, event: Option<Input>, has_keyboard: bool) -> bool {
        match event {
            None | Some(Input::Closed) => {
                self.is_closed = true;
                self.end_block();
            }
            Some(Input::Resized(_)) => {}
            Some(Input::Bytes(bytes)) if has_keyboard => {
                self.arriving.push(line_of(&bytes));
                self.arrived_at = Some(Instant::now());
                return true;
            }
            Some(Input::Bytes(bytes)) => {
                self.typed.push(line_of(&bytes));
                return true;
            }
        }
        false
    }

    /// Lines that were not carried out.
    fn waiting(&self) -> usize {
        self.typed.len() + self.arriving.len()
    }

    /// When no more lines come together with those that have arrived.
    fn settles_at(&self) -> Option<Instant> {
        self.arrived_at.map(|at| at + TOGETHER)
    }

    /// Takes the lines that have arrived together as one text, once no more follow. The last line of a pasted text may
    /// have no end: it waits for the key that ends it.
    fn settle(&mut self, host: &dyn Host) {
        if self.settles_at().is_none_or(|at| at > Instant::now()) {
            return;
        }
        self.arrived_at = None;
        if !host.is_typing() {
            self.end_block();
        }
    }

    fn end_block(&mut self) {
        if !self.arriving.is_empty() {
            self.typed.push(std::mem::take(&mut self.arriving).join("\n"));
        }
        self.arrived_at = None;
    }

    /// Forgets the lines that were not carried out.
    fn clear(&mut self) {
        self.typed.clear();
        self.arriving.clear();
        self.arrived_at = None;
    }

    /// Discards what was typed before the question that is printed next, and says so.
    async fn discard_earlier(&mut self, host: &dyn Host, input: &mut mpsc::Receiver<Input>) {
        if !std::mem::take(&mut self.discards) {
            return;
        }
        // A person types one line at a time, and may type the answer meanwhile.
        let wait = if host.has_keyboard() { Duration::ZERO } else { SILENCE };
        let end = Instant::now() + DISCARD_MAX;
        let mut found = self.waiting() > 0;
        while !self.is_closed
            && Instant::now() < end
            && let Ok(event) = timeout(wait, input.recv()).await
        {
            found |= self.receive(event, host.has_keyboard());
            self.clear();
        }
        self.clear();
        if host.take_typed().is_some_and(|typed| !typed.is_empty()) || found {
            self.pending.insert_str(0, DISCARDED);
        }
    }

    /// What is printed at the end.
    fn last_words(mut self, state: &State) -> String {
        if self.discards && self.waiting() > 0 {
            self.pending.insert_str(0, DISCARDED);
        }
        self.pending.push_str(&self.dialogue.last_words(state));
        self.pending
    }
}

/// The line without its end.
fn line_of(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches(['\r', '\n']).to_owned()
}

/// The end came while a line of a text was typed: it becomes a part of the draft.
fn keep_typed(run: &mut Run) {
    let is_asked_for = run.state.prompt.is_none() && run.state.form.is_none();
    let Some(composer) = run.state.composer.as_ref().filter(|_| is_asked_for) else { return };
    let before = composer.editor.text().trim_end();
    let typed = run.host.take_typed().filter(|typed| !typed.trim().is_empty() && !typed.starts_with(':'));
    if let Some(typed) = typed {
        let text = format!("{before} {}", typed.trim());
        run.handle(Message::Draft(text.trim_start().to_owned()));
    }
}

/// Ends the client and prints what is left to say.
async fn end(
    run: Box<Run>,
    reports: &mut mpsc::Receiver<TaskReport>,
    mut pending: String,
    output: mpsc::Sender<Bytes>,
) -> Outcome {
    run.host.hide_input(false);
    let charset = run.state.terminal.capabilities.charset;
    let (outcome, last_words) = run.end(reports).await;
    pending.push_str(&last_words);
    if outcome == Outcome::Quit {
        pending.push_str("Goodbye.\n");
    }
    // A closed terminal reads nothing.
    let _ = timeout(Duration::from_secs(1), output.send(safe(charset, &pending))).await;
    outcome
}

/// Carries out a line. Returns what is printed about it at once.
fn handle_line(run: &mut Run, dialogue: &mut Dialogue, line: &str) -> String {
    let (said, messages) = dialogue.understand(&run.state, line);
    for message in messages {
        let before = run.state.toast.clone();
        run.handle(message);
        // What follows would act on something else: on the beginning of a text that did not fit.
        let is_refused = run.state.toast.as_ref().is_some_and(|toast| toast.is_error);
        if is_refused && run.state.toast != before {
            break;
        }
    }
    said
}

/// The only way to the terminal: no line can contain control sequences, whatever the server sent.
fn safe(charset: Charset, lines: &str) -> Bytes {
    charset.text(SafeText::lines(lines).as_str()).into_owned().into()
}

fn asks_for_secret(state: &State) -> bool {
    let form = state.form.as_ref().filter(|form| !form.is_busy);
    form.and_then(crate::form::Form::focused).is_some_and(crate::form::Field::is_secret)
}
