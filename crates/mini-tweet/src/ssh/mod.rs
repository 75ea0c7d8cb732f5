//! The application of the ssh gateway: the full-screen client or plain mode with a terminal, the verbs without.

mod environment;
mod host;
mod verbs;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use client::ClientError;
use gateway::ssh::{Gone, SshApp, SshCommand, SshEnvironment, SshOutput, SshSession, SshTerminal};
use store::fault::{self, InjectedBug};
use terminal::charset::Charset;
use terminal::grid::Size;
use terminal::paint::Depth;
use tokio::sync::{mpsc, watch};
use tui::plain::plain;
use tui::run::{Input, LEAVE, Terminal, run};
use tui::state::{Capabilities, Setup};

use self::environment::{charset, zone};
use self::host::SshHost;
use crate::typing::{Typed, Typing};

/// Input events queued for the client.
const INPUT_MAX: usize = 64;

/// The client and the verbs, for ssh users.
#[derive(Debug)]
pub(crate) struct App {
    /// Name of the server.
    server: String,
    /// Directory of the local stores (drafts, settings) of ssh users.
    local_stores: PathBuf,
}

impl App {
    /// For the server with this name. Keeps the local stores of ssh users in this directory.
    pub(crate) fn new(server: String, local_stores: PathBuf) -> Self {
        Self { server, local_stores }
    }
}

#[async_trait::async_trait]
impl SshApp for App {
    async fn terminal(&self, session: SshSession, terminal: SshTerminal) {
        let SshTerminal { input, output, mut size, term, has_echo, environment } = terminal;
        if let Some(why) = &session.refused {
            // The client may be gone.
            let _ = output.write(format!("{}\r\n", ClientError::from(why.clone()).sentence())).await;
            return;
        }
        let typing = Arc::new(Mutex::new(Typing::new(has_echo)));
        let host = Arc::new(SshHost::new(&session, self.local_stores.clone(), typing.clone()));
        let is_plain = term == "dumb" || environment.accessible;
        let mut setup = Setup {
            now: host::now_ms(),
            size: current(&mut size),
            capabilities: capabilities(term, &environment),
            server: self.server.clone(),
            username: session.username.clone(),
            offered_key: session.offered_key.clone(),
            ..Setup::default()
        };
        let local_store = session.username.as_deref().map(|username| host.local_store(username));
        for problem in local_store.iter().flat_map(|store| store.load(&mut setup)) {
            tracing::warn!(problem, "a file in the local store of an ssh user cannot be read");
        }
        let (to_client, mut from_terminal) = mpsc::channel(INPUT_MAX);
        let (to_terminal, from_client) = mpsc::channel(1);
        let lines = is_plain.then(|| Lines {
            typing,
            turn: Arc::default(),
            output: output.clone(),
            charset: charset(&environment),
        });
        let reading = if let Some(lines) = lines.clone() {
            tokio::spawn(read_lines(input, size, to_client, lines))
        } else {
            tokio::spawn(read_bytes(input, size, to_client))
        };
        if !is_plain {
            output.restore_at_end(LEAVE);
        }
        let gone = output.clone();
        let client = async move {
            // Boxed: the state of only one of them exists.
            let outcome = if is_plain {
                Box::pin(plain(host, setup, local_store, &mut from_terminal, to_terminal)).await
            } else {
                let ended = Box::pin(async move { gone.gone().await });
                let terminal = Terminal { input: from_terminal, output: to_terminal, ended };
                Box::pin(run(host, setup, local_store, terminal)).await
            };
            tracing::debug!(?outcome, "the client of an ssh session has ended");
        };
        // Wait for the writer too: the last frame restores the terminal.
        tokio::join!(client, write(from_client, output, lines));
        reading.abort();
    }

    async fn command(&self, session: SshSession, command: SshCommand) -> u32 {
        verbs::run(session, command).await
    }
}

fn current(size: &mut watch::Receiver<(u16, u16)>) -> Size {
    let (columns, rows) = *size.borrow_and_update();
    Size::clamped(columns, rows)
}

/// Passes bytes and size changes to the full-screen client.
async fn read_bytes(
    mut input: mpsc::Receiver<Bytes>,
    mut size: watch::Receiver<(u16, u16)>,
    to_client: mpsc::Sender<Input>,
) {
    loop {
        let event = tokio::select! {
            bytes = input.recv() => bytes.map_or(Input::Closed, Input::Bytes),
            Ok(()) = size.changed() => Input::Resized(current(&mut size)),
        };
        let is_end = matches!(event, Input::Closed);
        if to_client.send(event).await.is_err() || is_end {
            return;
        }
    }
}

/// The terminal of plain mode, which two tasks write to: what is printed, and the echo of what is typed.
#[derive(Clone)]
struct Lines {
    typing: Arc<Mutex<Typing>>,
    /// Held from a change of the line to the end of its output.
    turn: Arc<tokio::sync::Mutex<()>>,
    output: SshOutput,
    charset: Charset,
}

impl Lines {
    /// Edits the line and echoes what is typed.
    async fn take(&self, bytes: &[u8]) -> Typed {
        let _turn = self.turn.lock().await;
        let typed = self.typing.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
        if !typed.echo.is_empty() {
            // The client notices a connection that is gone.
            let _ = self.output.write(self.charset.text(&typed.echo).into_owned()).await;
        }
        typed
    }

    /// Prints lines above the one that is being typed.
    async fn print(&self, lines: &[u8]) -> Result<(), Gone> {
        let _turn = self.turn.lock().await;
        let lines = String::from_utf8_lossy(lines);
        let text = self.typing.lock().unwrap_or_else(PoisonError::into_inner).around(&lines);
        // The remote terminal is in raw mode.
        self.output.write(self.charset.text(&text).replace('\n', "\r\n")).await
    }
}

/// Edits lines for plain mode, and passes completed lines to the client.
async fn read_lines(
    mut input: mpsc::Receiver<Bytes>,
    mut size: watch::Receiver<(u16, u16)>,
    to_client: mpsc::Sender<Input>,
    terminal: Lines,
) {
    loop {
        let bytes = tokio::select! {
            bytes = input.recv() => bytes,
            Ok(()) = size.changed() => {
                if to_client.send(Input::Resized(current(&mut size))).await.is_err() {
                    return;
                }
                continue;
            }
        };
        let Some(bytes) = bytes else { break };
        let typed = terminal.take(&bytes).await;
        for line in typed.lines {
            if to_client.send(Input::Bytes(line.into())).await.is_err() {
                return;
            }
        }
        if typed.is_end {
            break;
        }
    }
    // The client may have ended first.
    let _ = to_client.send(Input::Closed).await;
}

/// Writes the client's frames, or in plain mode its lines, to the remote terminal.
async fn write(mut from_client: mpsc::Receiver<Bytes>, output: SshOutput, lines: Option<Lines>) {
    while let Some(frame) = from_client.recv().await {
        if frame.is_empty() {
            continue;
        }
        let written = match &lines {
            Some(lines) => lines.print(&frame).await,
            None => output.write(frame).await,
        };
        if written.is_err() {
            return;
        }
    }
}

/// What the ssh client reported about its terminal. The rest is queried from the terminal itself.
fn capabilities(term: String, environment: &SshEnvironment) -> Capabilities {
    let depth = if environment.no_color {
        Depth::None
    } else if environment.colorterm.is_some() {
        Depth::Exact
    } else if term.contains("256color") {
        Depth::Cube
    } else {
        Depth::Sixteen
    };
    // Only clients on their user's own machine may work without a limit.
    let is_local = fault::is_on(InjectedBug::UnlimitedSshClients);
    let (charset, zone) = (charset(environment), zone(environment));
    Capabilities { depth, term, is_local, charset, zone, ..Capabilities::default() }
}
