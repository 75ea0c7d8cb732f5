//! What people who come by ssh use: with a terminal the same full-screen client as at home, without one the verbs.

mod host;
mod typing;
mod verbs;

use std::path::PathBuf;
use std::sync::Arc;

use gateway::ssh::{SshApp, SshCommand, SshEnvironment, SshSession, SshTerminal};
use terminal::grid::Size;
use terminal::paint::Depth;
use tokio::sync::mpsc;
use tui::plain::plain;
use tui::run::{Input, Terminal, run};
use tui::state::{Capabilities, Setup};

use self::host::SshHost;
use self::typing::Typing;

/// Reads that may wait.
const INPUT_MAX: usize = 64;

/// The client and the verbs, for whoever comes.
#[derive(Debug)]
pub(crate) struct App {
    /// Where drafts and the like of people who come by ssh are kept.
    shelves: PathBuf,
}

impl App {
    /// With what people keep in this directory.
    pub(crate) fn new(shelves: PathBuf) -> Self {
        Self { shelves }
    }
}

#[async_trait::async_trait]
impl SshApp for App {
    async fn terminal(&self, visit: SshSession, terminal: SshTerminal) {
        let SshTerminal { mut input, output, mut size, term, has_echo, environment } = terminal;
        let host = Arc::new(SshHost::new(&visit, self.shelves.clone()));
        let (columns, rows) = *size.borrow_and_update();
        let is_plain = term == "dumb" || environment.accessible;
        let mut setup = Setup {
            now: host::now_ms(),
            size: Size::clamped(columns, rows),
            capabilities: capabilities(term, &environment),
            server: "ssh".to_owned(),
            username: visit.username.clone(),
            offered_key: visit.offered_key.clone(),
            ..Setup::default()
        };
        let shelf = visit.username.as_deref().map(|username| host.shelf(username));
        for problem in shelf.iter().flat_map(|shelf| shelf.load(&mut setup)) {
            tracing::warn!(problem, "what somebody keeps cannot be read");
        }
        let (to_input, mut from_input) = mpsc::channel(INPUT_MAX);
        let (to_output, mut from_output) = mpsc::channel::<bytes::Bytes>(1);
        let (of_reader, echo) = (host.clone(), output.clone());
        let reading = async move {
            let mut typing = Typing::default();
            loop {
                let read = tokio::select! {
                    bytes = input.recv() => match bytes {
                        Some(bytes) if is_plain => {
                            let typed = typing.take(&bytes, of_reader.hides_input());
                            if has_echo && !typed.echo.is_empty() {
                                // Whoever is gone is noticed by the client.
                                let _ = echo.write(typed.echo).await;
                            }
                            for line in typed.lines {
                                if to_input.send(Input::Bytes(line.into())).await.is_err() {
                                    return;
                                }
                            }
                            if !typed.is_end {
                                continue;
                            }
                            Input::Closed
                        }
                        Some(bytes) => Input::Bytes(bytes),
                        None => Input::Closed,
                    },
                    Ok(()) = size.changed() => {
                        let (columns, rows) = *size.borrow_and_update();
                        Input::Resized(Size::clamped(columns, rows))
                    }
                };
                let is_end = matches!(read, Input::Closed);
                if to_input.send(read).await.is_err() || is_end {
                    return;
                }
            }
        };
        let writing = async move {
            while let Some(frame) = from_output.recv().await {
                let frame = if is_plain {
                    String::from_utf8_lossy(&frame).replace('\n', "\r\n").into()
                } else {
                    frame
                };
                if !frame.is_empty() && output.write(frame).await.is_err() {
                    return;
                }
            }
        };
        let client = async move {
            // In boxes: only one of them is there.
            let outcome = if is_plain {
                Box::pin(plain(host, setup, shelf, &mut from_input, to_output)).await
            } else {
                Box::pin(run(host, setup, shelf, Terminal { input: from_input, output: to_output })).await
            };
            tracing::debug!(?outcome, "a client over ssh has ended");
        };
        // The client ends last: what it wrote must arrive, so that the terminal is as it was.
        let reading = tokio::spawn(reading);
        tokio::join!(client, writing);
        reading.abort();
    }

    async fn command(&self, visit: SshSession, command: SshCommand) -> u32 {
        verbs::run(visit, command).await
    }
}

/// What the other end has said of its terminal; the rest the terminal says itself when it is asked.
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
