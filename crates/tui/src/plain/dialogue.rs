//! What is printed: what has changed since the last line, the question that waits, and an answer to every line.

use super::events::{Events, has_hope, knows_server};
use super::lines::{self, Meaning};
use super::questions::{before, question};
use super::reading::Reading;
use super::words::{offered, spoken};
use crate::composer::Writing;
use crate::message::Message;
use crate::prompt::Prompt;
use crate::row::Row;
use crate::state::{Link, Phase, State, Toast};
use crate::update::has_begun;

/// The question about a draft that was read before.
const STILL_OPEN: &str =
    "Your draft is still open: “:send”, “:repeat” to hear it, or an empty line to keep it for later?";

/// How messages with an announcement of the operator begin.
const ANNOUNCEMENT: &str = "Announcement: ";

/// The state of the connection, as it was announced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Contact {
    Good,
    /// The server does not respond.
    Late,
    Lost,
}

/// What was printed so far, as far as it matters for what is printed next.
#[derive(Debug, Default)]
pub struct Dialogue {
    reading: Reading,
    events: Events,
    contact: Option<Contact>,
    toast: Option<Toast>,
    /// A screen of the session was read.
    has_read: bool,
    /// Announcements that were not printed so far.
    announcements: String,
    /// What was read before the question.
    before: Option<String>,
    question: Option<String>,
    /// The last question that was printed.
    asked: String,
    /// A line was typed since the last question was printed.
    is_answered: bool,
    /// A question was printed since [`Dialogue::refuses_earlier_input`] was called.
    has_asked: bool,
    /// The problem of the form when the last line was typed, unless the line was an answer.
    known_problem: Option<String>,
    /// What was selected when the last line was typed.
    selected: Option<Row>,
}

impl Dialogue {
    /// What has happened since the last call, without what waits for a screen or for an answer.
    fn events(&mut self, state: &State) -> String {
        let mut out = self.connection_change(state);
        if state.toast != self.toast {
            match &state.toast {
                Some(toast) if toast.text.starts_with(ANNOUNCEMENT) => {
                    self.announcements.push_str(&line(&toast.text));
                }
                Some(toast) => {
                    let mut text = spoken(&toast.text);
                    if state.undo.waiting.iter().any(|(_, action)| action.words() == toast.text) {
                        text.push_str(". Type “undo” to undo");
                    }
                    out.push_str(&line(&offered(&text, state.composer.is_some())));
                }
                None => {}
            }
            self.toast.clone_from(&state.toast);
        }
        out.push_str(&self.events.account(state));
        out.push_str(&self.events.arrivals(state));
        out
    }

    /// What is left to say at the end.
    pub(super) fn last_words(&mut self, state: &State) -> String {
        format!("{}{}", self.events(state), std::mem::take(&mut self.announcements))
    }

    /// What has changed since the last call, as lines. At the start of a session the order is always the same, whichever
    /// response comes first: whose session it is, the first screen, the announcements, what is unread.
    pub fn changes(&mut self, state: &State) -> String {
        self.has_read &= !state.is_signed_out();
        let mut out = self.events(state);
        let has_something = state.session.me.is_some()
            || state.screen().is_some_and(|screen| screen.is_cached)
            || (!state.is_signed_out() && !has_hope(state));
        if state.form.is_none() && state.prompt.is_none() && !is_waiting(state) && has_something {
            out.push_str(&self.reading.changes(state));
            self.has_read |= state.session.me.is_some();
        }
        let is_waiting = is_waiting(state);
        let question = if is_waiting { None } else { question(state, self.known_problem.as_deref()) };
        // Nothing comes between a question and its answer.
        let is_open = question.is_some() && question == self.question && !self.is_answered;
        if !is_open && (state.is_signed_out() || (self.has_read && knows_server(state))) {
            out.push_str(&std::mem::take(&mut self.announcements));
            out.push_str(&self.events.unread_at_the_start(state));
        }
        self.is_answered = false;
        let before = before(state);
        if before != self.before {
            out.push_str(before.as_deref().unwrap_or_default());
            self.before = before;
        }
        if is_waiting {
            return out;
        }
        if question != self.question {
            if let Some(question) = &question {
                out.push_str(&format!("{}\n", self.unsaid(state, question)));
                self.has_asked = true;
            }
            self.question.clone_from(&question);
        }
        self.asked = question.unwrap_or_default();
        out
    }

    /// What is printed of a question: a draft that was just read is not read again, nor are the lines of an information
    /// that has got more of them.
    fn unsaid(&self, state: &State, question: &str) -> String {
        let is_information = state.prompt.as_ref().is_some_and(Prompt::is_information);
        if is_information
            && self.question.as_ref().is_some_and(|before| before.lines().next() == question.lines().next())
        {
            let is_new = |line: &&str| !self.asked.lines().any(|said| said == *line);
            let new: Vec<&str> = question.lines().filter(is_new).chain(question.lines().last()).collect();
            return new.join("\n");
        }
        if state.prompt.is_none() && state.form.is_none() && has_begun(state) && self.asked == question {
            return STILL_OPEN.to_owned();
        }
        question.to_owned()
    }

    /// Whether a question was printed that no earlier input may answer, once for each. A person who types may not have
    /// seen any question before. A file or a program can foresee questions, but not that something goes wrong.
    pub fn refuses_earlier_input(&mut self, state: &State, has_keyboard: bool) -> bool {
        if !std::mem::take(&mut self.has_asked) {
            return false;
        }
        match (&state.prompt, &state.form) {
            (Some(prompt), _) => has_keyboard && !prompt.is_information(),
            (None, Some(form)) => has_keyboard || form.problem.is_some(),
            (None, None) => has_keyboard,
        }
    }

    /// The loss, the silence or the return of the connection. The first connection is not announced.
    fn connection_change(&mut self, state: &State) -> String {
        let now = match state.connection.link {
            // Before there is an account, the menu says whether there is a connection.
            _ if state.is_signed_out() => return String::new(),
            Link::Live => Contact::Good,
            Link::Late => Contact::Late,
            Link::Reconnecting(_) => Contact::Lost,
            Link::Connecting | Link::Stopped(_) => return String::new(),
        };
        let words = match (self.contact.replace(now), now) {
            (None, _) => "",
            (Some(before), now) if before == now => "",
            (_, Contact::Good) => "Connected again.\n",
            (_, Contact::Late) => {
                "The server does not respond. Waiting; what you write is saved and sent later.\n"
            }
            (_, Contact::Lost) => "Connection lost. Reconnecting; what you write is saved and sent later.\n",
        };
        words.to_owned()
    }

    /// What a typed line means, or several lines that were pasted together: what is printed at once, and the messages
    /// that it stands for.
    pub fn understand(&mut self, state: &State, line: &str) -> (String, Vec<Message>) {
        self.selected = state.selected().cloned();
        self.is_answered = true;
        let Meaning { said, messages } = if line.contains('\n') {
            lines::of_pasted(state, &mut self.reading, line)
        } else {
            lines::meaning(state, &mut self.reading, line)
        };
        let is_answer = messages.iter().any(|message| matches!(message, Message::Answer(_)));
        self.known_problem = state.form.as_ref().and_then(|form| form.problem.clone()).filter(|_| !is_answer);
        // The next question is asked even if it is the same, except in a chat: there it would follow every message.
        let stays_in_chat = said.is_empty()
            && matches!(messages.as_slice(), [Message::Write(_)])
            && state.composer.as_ref().is_some_and(|one| matches!(one.writing, Writing::Message(_)));
        if !stays_in_chat {
            self.question = None;
        }
        (said, messages)
    }

    /// The answer to a line after which nothing else was printed: what is selected now, or the screen again.
    pub fn unanswered(&mut self, state: &State) -> String {
        if is_waiting(state) || self.reading.wants_more() {
            return String::new();
        }
        if let Some(row) = state.selected().filter(|row| Some(*row) != self.selected.as_ref()) {
            return self.reading.numbered(state, row);
        }
        self.reading.start_again();
        match self.changes(state).as_str() {
            "" => "Done.\n".to_owned(),
            said => said.to_owned(),
        }
    }
}

/// A message as a sentence on a line of its own.
fn line(text: &str) -> String {
    let end = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{text}{end}\n")
}

/// Whether the last line waits for a response.
pub(super) fn is_waiting(state: &State) -> bool {
    if let Some(form) = &state.form {
        return form.is_busy;
    }
    if state.prompt.is_some() {
        return false;
    }
    let connecting = state.connection.link == Link::Connecting && !state.connection.server.is_empty();
    let has_hope = has_hope(state);
    let signing_in = state.session.username.is_some() && state.session.me.is_none() && has_hope;
    let loading = state
        .screen()
        .is_some_and(|screen| screen.phase == Phase::Loading || screen.is_loading || screen.is_head_loading);
    signing_in || connecting || (has_hope && loading)
}
