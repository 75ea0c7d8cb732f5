//! One channel: the client's terminal and variables, and the application that runs on it.
//!
//! An application is a task of its own: a panic ends its channel and nothing else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use russh::ChannelWriteHalf;
use russh::server::Msg;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinError;
use tokio::time::{sleep, timeout};

use super::app::{COLUMNS_MAX, ROWS_MAX, SshApp, SshCommand, SshEnvironment, SshSession, SshTerminal};
use super::command_line;
use super::ending::Ending;
use super::output::{End, STDERR, SshOutput};
use crate::pipeline::panic_incident;

/// Packets of input that wait for the application, each of at most
/// [`PACKET_BYTES_MAX`](super::config::PACKET_BYTES_MAX).
const INPUT_MAX: usize = 64;
/// Longest value of a variable, and of `TERM`.
const VALUE_BYTES_MAX: usize = 64;
/// The terminal of a client that does not name it, or not as it should.
const TERM_UNKNOWN: &str = "dumb";
/// Columns and rows of a terminal without a size.
const SIZE_UNKNOWN: (u16, u16) = (80, 24);
/// Exit code of an application that panicked; shells use it for a program that cannot be run.
const PANICKED: u32 = 126;
/// Exit code of an application that did not end when it was asked to.
const CUT_OFF: u32 = 255;

/// An open channel.
#[derive(Debug)]
pub(super) struct SshChannel {
    write: Arc<ChannelWriteHalf<Msg>>,
    gone: watch::Sender<bool>,
    end: Arc<End>,
    terminal: Option<Terminal>,
    environment: SshEnvironment,
    started: bool,
}

#[derive(Debug)]
struct Terminal {
    term: String,
    size: watch::Sender<(u16, u16)>,
    /// See [`SshTerminal::has_echo`].
    has_echo: bool,
}

/// What runs on a channel.
#[derive(Debug)]
enum Start {
    Terminal(SshTerminal),
    Command(SshCommand),
}

/// An application that is ready to run.
#[derive(Debug)]
pub(super) struct Ready {
    start: Start,
    write: Arc<ChannelWriteHalf<Msg>>,
    /// Where the gateway itself writes: the terminal, or standard error.
    output: SshOutput,
}

/// Receiver of a channel's input.
#[derive(Debug, Clone)]
pub(super) struct Input {
    pub(super) sender: mpsc::Sender<Bytes>,
    /// Input that is not taken in time is dropped; for a command that is an error.
    pub(super) is_terminal: bool,
}

impl SshChannel {
    pub(super) fn new(write: ChannelWriteHalf<Msg>) -> Self {
        Self {
            write: Arc::new(write),
            gone: watch::Sender::new(false),
            end: Arc::default(),
            terminal: None,
            environment: SshEnvironment::default(),
            started: false,
        }
    }

    /// Sets the terminal; `false` if there is one already or the application has started.
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

    /// Sets a variable; `false` if it is refused.
    pub(super) fn set_variable(&mut self, name: &str, value: &str) -> bool {
        if self.started || value.len() > VALUE_BYTES_MAX || !value.bytes().all(|b| b.is_ascii_graphic()) {
            return false;
        }
        match name {
            "COLORTERM" => self.environment.colorterm = Some(value.to_owned()),
            "LC_ALL" => self.environment.lc_all = Some(value.to_owned()),
            "LC_CTYPE" => self.environment.lc_ctype = Some(value.to_owned()),
            "TZ" => self.environment.tz = Some(value.to_owned()),
            "LANG" => self.environment.lang = Some(value.to_owned()),
            "NO_COLOR" => self.environment.no_color = !value.is_empty(),
            "ACCESSIBLE" => self.environment.accessible = !value.is_empty(),
            _ => return false,
        }
        true
    }

    /// Starts what the channel is for: `None` if it has started already.
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
                words: command_line::split(line),
                line: line.to_owned(),
                input,
                stdout: self.output(None),
                stderr: self.output(Some(STDERR)),
                size: self.terminal.as_ref().map(|terminal| terminal.size.subscribe()),
                environment,
            }),
        };
        let is_terminal = matches!(start, Start::Terminal(_));
        let output = self.output((!is_terminal).then_some(STDERR));
        let ready = Ready { start, write: self.write.clone(), output };
        Some((ready, Input { sender, is_terminal }))
    }

    fn output(&self, stream: Option<u32>) -> SshOutput {
        SshOutput::new(self.write.clone(), stream, self.gone.subscribe(), self.end.clone())
    }

    /// The client has closed it.
    pub(super) fn close(&self) {
        self.gone.send_replace(true);
    }
}

impl Ready {
    /// Runs the application to its end, restores the terminal and closes the channel. When the connection is ending, the
    /// application has this time to end.
    pub(super) async fn run(
        self,
        app: Arc<dyn SshApp>,
        session: SshSession,
        mut ending: Ending,
        time_to_end: Duration,
    ) {
        let Self { start, write, output } = self;
        let is_terminal = matches!(start, Start::Terminal(_));
        let mut task = tokio::spawn(async move {
            match start {
                Start::Terminal(terminal) => {
                    app.terminal(session, terminal).await;
                    0
                }
                Start::Command(command) => app.command(session, command).await,
            }
        });
        let outcome = tokio::select! {
            outcome = &mut task => Some(outcome),
            () = async { output.gone().await; sleep(time_to_end).await } => {
                task.abort();
                return;
            }
            () = async { ending.begins().await; sleep(time_to_end).await } => {
                task.abort();
                None
            }
        };
        let why = ending.why().map(|why| Bytes::from(format!("{why}\r\n")));
        let (code, last) = match outcome {
            // The output of a command that has ended by itself is complete.
            Some(Ok(code)) => (code, why.filter(|_| is_terminal)),
            Some(Err(error)) => (PANICKED, Some(incident(error))),
            None => (CUT_OFF, why),
        };
        let closing = async {
            let _ = output.end(last.unwrap_or_default()).await;
            let _ = write.exit_status(code).await;
            let _ = write.eof().await;
            let _ = write.close().await;
        };
        // A client that does not read must not hold up the end.
        let _ = timeout(time_to_end, closing).await;
    }
}

/// Logs why the application failed, and gives the line for its user.
fn incident(error: JoinError) -> Bytes {
    let error = match error.try_into_panic() {
        Ok(panic) => panic_incident("ssh application", &*panic),
        Err(error) => store::incident(&format_args!("ssh application: {error}")),
    };
    format!("{error}\r\n").into()
}

/// A size within the limits; 0 means that the client does not know.
fn clamped(columns: u32, rows: u32) -> (u16, u16) {
    let clamp = |asked: u32, unknown: u16, most: u16| match asked {
        0 => unknown,
        asked => u16::try_from(asked).unwrap_or(most).min(most),
    };
    (clamp(columns, SIZE_UNKNOWN.0, COLUMNS_MAX), clamp(rows, SIZE_UNKNOWN.1, ROWS_MAX))
}
