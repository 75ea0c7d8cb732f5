//! One channel: what the client said of its terminal, and the app that runs on it.
//!
//! An app is a task of its own: a fault in it ends its session and nothing else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};

use super::output::{STDERR, SshOutput};
use super::{COLUMNS_MAX, ROWS_MAX, SshApp, SshCommand, SshEnvironment, SshSession, SshTerminal, words};

/// Packets of input that wait for the app, each of at most [`super::listen::PACKET_BYTES_MAX`].
const INPUT_MAX: usize = 64;
/// Longest value of a variable, and of `TERM`.
const VALUE_BYTES_MAX: usize = 64;
/// What a client's terminal is when it does not say so.
const TERM_UNKNOWN: &str = "dumb";
/// In a terminal without a size.
const SIZE_UNKNOWN: (u16, u16) = (80, 24);
/// Exit code of an app that failed, as of a program that could not be run.
const FAULT: u32 = 126;
/// Back from whatever an app had made of the terminal: synchronised output, other screen, hidden cursor, colours,
/// mouse, focus, paste, and the keyboard's protocol.
const RESTORE: &[u8] =
    b"\x1b[?2026l\x1b[?1000l\x1b[?1002l\x1b[?1003l\x1b[?1006l\x1b[?1004l\x1b[?2004l\x1b[<u\
    \x1b[?1049l\x1b[?25h\x1b[0m\r\n";

/// An open channel.
#[derive(Debug)]
pub(super) struct SshChannel {
    write: Arc<ChannelWriteHalf<Msg>>,
    gone: watch::Sender<bool>,
    terminal: Option<Terminal>,
    environment: SshEnvironment,
    started: bool,
}

#[derive(Debug)]
struct Terminal {
    term: String,
    size: watch::Sender<(u16, u16)>,
    /// It had shown what is typed before ssh took it.
    has_echo: bool,
}

/// What runs on a channel.
#[derive(Debug)]
enum Start {
    Terminal(SshTerminal),
    Command(SshCommand),
}

/// An app that is ready to run.
#[derive(Debug)]
pub(super) struct Ready {
    start: Start,
    write: Arc<ChannelWriteHalf<Msg>>,
    gone: watch::Receiver<bool>,
}

/// Where a channel's input goes.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) sender: mpsc::Sender<Bytes>,
    /// What is not taken in time is dropped, and not an error.
    pub(super) is_terminal: bool,
}

impl SshChannel {
    pub(super) fn new(write: ChannelWriteHalf<Msg>) -> Self {
        Self {
            write: Arc::new(write),
            gone: watch::Sender::new(false),
            terminal: None,
            environment: SshEnvironment::default(),
            started: false,
        }
    }

    /// The client has a terminal; whether that was said in time and once.
    pub(super) fn set_terminal(&mut self, term: &str, columns: u32, rows: u32, has_echo: bool) -> bool {
        if self.started || self.terminal.is_some() {
            return false;
        }
        let is_name = |term: &str| {
            term.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'+'))
        };
        let term = if !term.is_empty() && term.len() <= VALUE_BYTES_MAX && is_name(term) {
            term
        } else {
            TERM_UNKNOWN
        };
        let size = watch::Sender::new(clamped(columns, rows));
        self.terminal = Some(Terminal { term: term.to_owned(), size, has_echo });
        true
    }

    pub(super) fn resize(&self, columns: u32, rows: u32) {
        if let Some(terminal) = &self.terminal {
            let size = clamped(columns, rows);
            terminal.size.send_if_modified(|now| std::mem::replace(now, size) != size);
        }
    }

    /// Whether this variable is taken.
    pub(super) fn set_variable(&mut self, name: &str, value: &str) -> bool {
        if self.started || value.len() > VALUE_BYTES_MAX || !value.bytes().all(|b| b.is_ascii_graphic()) {
            return false;
        }
        match name {
            "COLORTERM" => self.environment.colorterm = Some(value.to_owned()),
            "LANG" => self.environment.lang = Some(value.to_owned()),
            "NO_COLOR" => self.environment.no_color = !value.is_empty(),
            "ACCESSIBLE" => self.environment.accessible = !value.is_empty(),
            _ => return false,
        }
        true
    }

    /// What runs from now on; `None` when something does already.
    pub(super) fn start(&mut self, line: &str) -> Option<(Ready, Input)> {
        if std::mem::replace(&mut self.started, true) {
            return None;
        }
        let (sender, input) = mpsc::channel(INPUT_MAX);
        let environment = self.environment.clone();
        let start = match &self.terminal {
            Some(terminal) if line.is_empty() => Start::Terminal(SshTerminal {
                input,
                output: self.output(None),
                size: terminal.size.subscribe(),
                term: terminal.term.clone(),
                has_echo: terminal.has_echo,
                environment,
            }),
            _ => Start::Command(SshCommand {
                words: words::split(line),
                line: line.to_owned(),
                input,
                stdout: self.output(None),
                stderr: self.output(Some(STDERR)),
                size: self.terminal.as_ref().map(|terminal| terminal.size.subscribe()),
                environment,
            }),
        };
        let is_terminal = matches!(start, Start::Terminal(_));
        let ready = Ready { start, write: self.write.clone(), gone: self.gone.subscribe() };
        Some((ready, Input { sender, is_terminal }))
    }

    fn output(&self, stream: Option<u32>) -> SshOutput {
        SshOutput::new(self.write.clone(), stream, self.gone.subscribe())
    }

    /// Nobody reads it any more.
    pub(super) fn close(&self) {
        self.gone.send_replace(true);
    }
}

impl Ready {
    /// Runs the app to its end, and says goodbye for it.
    pub(super) async fn run(self, app: Arc<dyn SshApp>, visit: SshSession, time_to_end: Duration) {
        let Self { start, write, gone } = self;
        let is_terminal = matches!(start, Start::Terminal(_));
        let output = SshOutput::new(write.clone(), (!is_terminal).then_some(STDERR), gone);
        let mut task = tokio::spawn(async move {
            match start {
                Start::Terminal(terminal) => {
                    app.terminal(visit, terminal).await;
                    0
                }
                Start::Command(command) => app.command(visit, command).await,
            }
        });
        let outcome = tokio::select! {
            outcome = &mut task => outcome,
            () = async { output.gone().await; sleep(time_to_end).await } => {
                task.abort();
                return;
            }
        };
        let goodbye = async {
            let code = match outcome {
                Ok(code) => code,
                Err(error) => {
                    if is_terminal {
                        let _ = output.write(RESTORE).await;
                    }
                    let _ = output.write(fault(&error)).await;
                    FAULT
                }
            };
            let _ = write.exit_status(code).await;
            let _ = write.eof().await;
            let _ = write.close().await;
        };
        // A client that is gone, or does not read, gets none.
        let _ = timeout(time_to_end, goodbye).await;
    }
}

/// What a person is told of a fault.
fn fault(error: &JoinError) -> Bytes {
    let error = store::incident(&format_args!("an app for ssh ended badly: {error}"));
    format!("{error}\r\n").into()
}

/// 0 means that the client does not know.
fn clamped(columns: u32, rows: u32) -> (u16, u16) {
    let clamp = |asked: u32, unknown: u16, most: u16| match asked {
        0 => unknown,
        asked => u16::try_from(asked).unwrap_or(most).min(most),
    };
    (clamp(columns, SIZE_UNKNOWN.0, COLUMNS_MAX), clamp(rows, SIZE_UNKNOWN.1, ROWS_MAX))
}
