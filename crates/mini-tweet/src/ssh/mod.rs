//! The application of the ssh gateway: the full-screen client or plain mode with a terminal, the verbs without.

mod host;
mod typing;
mod verbs;

use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use gateway::ssh::{SshApp, SshCommand, SshEnvironment, SshOutput, SshSession, SshTerminal};
use terminal::grid::Size;
use terminal::paint::Depth;
use tokio::sync::{mpsc, watch};
use tui::plain::plain;
use tui::run::{Input, Terminal, run};
use tui::state::{Capabilities, Setup};

use self::host::SshHost;
use self::typing::Typing;

/// Input events queued for the client.
const INPUT_MAX: usize = 64;

/// The client and the verbs, for ssh users.
#[derive(Debug)]
pub(crate) struct App {
    /// Directory of the local stores (drafts, settings) of ssh users.
    local_stores: PathBuf,
}

impl App {
    /// Keeps the local stores of ssh users in this directory.
    pub(crate) fn new(local_stores: PathBuf) -> Self {
        Self { local_stores }
    }
}

#[async_trait::async_trait]
impl SshApp for App {
    async fn terminal(&self, session: SshSession, terminal: SshTerminal) {
        let SshTerminal { input, output, mut size, term, has_echo, environment } = terminal;
        let host = Arc::new(SshHost::new(&session, self.local_stores.clone()));
        let is_plain = term == "dumb" || environment.accessible;
        let mut setup = Setup {
            now: host::now_ms(),
            size: current(&mut size),
            capabilities: capabilities(term, &environment),
            server: "ssh".to_owned(),
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
        let reading = if is_plain {
            let echo = has_echo.then(|| output.clone());
            tokio::spawn(read_lines(input, size, to_client, host.clone(), echo))
        } else {
            tokio::spawn(read_bytes(input, size, to_client))
        };
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
        tokio::join!(client, write(from_client, output, is_plain));
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

/// Edits lines for plain mode, echoes what is typed, and passes completed lines to the client.
async fn read_lines(
    mut input: mpsc::Receiver<Bytes>,
    mut size: watch::Receiver<(u16, u16)>,
    to_client: mpsc::Sender<Input>,
    host: Arc<SshHost>,
    echo: Option<SshOutput>,
) {
    let mut typing = Typing::default();
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
        let typed = typing.take(&bytes, host.hides_input());
        if let Some(echo) = echo.as_ref().filter(|_| !typed.echo.is_empty()) {
            // The client notices a connection that is gone.
            let _ = echo.write(typed.echo).await;
        }
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

/// Writes the client's frames to the remote terminal, which in raw mode needs carriage returns.
async fn write(mut from_client: mpsc::Receiver<Bytes>, output: SshOutput, is_plain: bool) {
    while let Some(frame) = from_client.recv().await {
        let frame =
            if is_plain { String::from_utf8_lossy(&frame).replace('\n', "\r\n").into() } else { frame };
        if !frame.is_empty() && output.write(frame).await.is_err() {
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
    Capabilities { depth, term, is_local: false, ..Capabilities::default() }
}
