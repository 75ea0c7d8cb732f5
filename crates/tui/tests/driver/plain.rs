//! Drives plain mode: lines go in, sentences come out.

use mini_tweet_tui::plain::Dialogue;
use mini_tweet_tui::state::Setup;
use protocol::v1::request::Op;

use super::TuiDriver;

pub(crate) struct PlainDriver {
    pub tui: TuiDriver,
    dialogue: Dialogue,
    /// Everything that was printed so far.
    pub printed: String,
}

impl PlainDriver {
    /// Plain mode of Ada, signed in; the home feed was read.
    pub(crate) fn new() -> Self {
        Self::with(Setup { username: Some("ada".into()), ..Self::setup() })
    }

    /// Plain mode of someone who is not signed in; the first menu was read.
    pub(crate) fn signed_out() -> Self {
        Self::with(Self::setup())
    }

    pub(crate) fn setup() -> Setup {
        let mut setup = TuiDriver::setup(80, 24);
        setup.capabilities.is_plain = true;
        setup
    }

    pub(crate) fn with(setup: Setup) -> Self {
        Self::from(TuiDriver::with(setup, true))
    }

    pub(crate) fn from(tui: TuiDriver) -> Self {
        let mut plain = Self { tui, dialogue: Dialogue::default(), printed: String::new() };
        plain.heard();
        plain
    }

    /// Types a line; what is printed until the next line is asked for.
    pub(crate) fn line(&mut self, line: &str) -> String {
        self.tui.now += 10;
        let (mut said, messages) = self.dialogue.understand(&self.tui.state, line);
        for message in messages {
            self.tui.handle(message);
        }
        said.push_str(&self.dialogue.changes(&self.tui.state));
        if said.is_empty() && !line.is_empty() {
            said.push_str(&self.dialogue.unanswered(&self.tui.state));
        }
        self.printed.push_str(&said);
        said
    }

    /// Whether a question was printed that no earlier input may answer, once.
    pub(crate) fn refuses_earlier_input(&mut self, has_keyboard: bool) -> bool {
        self.dialogue.refuses_earlier_input(&self.tui.state, has_keyboard)
    }

    /// The same with several lines; what is printed after the last one.
    pub(crate) fn lines(&mut self, lines: &[&str]) -> String {
        lines.iter().map(|line| self.line(line)).last().unwrap_or_default()
    }

    /// What is printed without a line, because something has happened.
    pub(crate) fn heard(&mut self) -> String {
        let said = self.dialogue.changes(&self.tui.state);
        self.printed.push_str(&said);
        said
    }

    pub(crate) fn wait(&mut self, ms: i64) -> String {
        self.tui.wait(ms);
        self.heard()
    }

    /// The texts of all tweets and messages that were requested to be posted, after every time to undo.
    pub(crate) fn sent(&mut self) -> Vec<String> {
        self.tui.wait(60_000);
        let text = |op: &Op| match op {
            Op::Post(post) => Some(post.text.clone()),
            Op::SendMessage(message) => Some(message.text.clone()),
            Op::EditTweet(edit) => Some(edit.text.clone()),
            Op::EditMessage(edit) => Some(edit.text.clone()),
            _ => None,
        };
        self.tui.requests().into_iter().filter_map(text).collect()
    }
}
