//! Plain mode on this machine: lines of stdin, and lines to stdout. On a terminal, every key is read at once: what is
//! printed meanwhile does not break the line that is being typed, and a line that a question overtakes can be discarded.

use std::io::{self, Read as _, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use rustix::termios::{LocalModes, tcgetattr};
use tokio::sync::mpsc;
use tui::run::Input;

use super::local_terminal::{self, INPUT_MAX, READ_BYTES};
use crate::typing::Typing;

/// The lines of plain mode, in both directions.
pub(super) struct Lines {
    /// Typed lines.
    pub(super) input: mpsc::Receiver<Input>,
    /// Printed lines.
    pub(super) output: mpsc::Sender<Bytes>,
    /// The line that is being typed on a terminal.
    pub(super) typing: Option<Arc<Mutex<Typing>>>,
}

impl Lines {
    /// Starts the threads that read and write.
    pub(super) fn take() -> io::Result<Self> {
        let (to_input, input) = mpsc::channel(INPUT_MAX);
        let (output, from_output) = mpsc::channel(1);
        let typing = if local_terminal::is_possible() { Some(take_keys()?) } else { None };
        let of_writer = typing.clone();
        std::thread::spawn(move || write_lines(from_output, of_writer.as_deref()));
        let (of_reader, of_signals) = (typing.clone(), to_input.clone());
        std::thread::spawn(move || {
            match of_reader {
                Some(typing) => read_keys(&to_input, &typing),
                None => read_lines(&to_input),
            }
            // The client may have ended first.
            let _ = to_input.blocking_send(Input::Closed);
        });
        tokio::spawn(async move {
            if local_terminal::forward_signals(of_signals.clone()).await {
                // The client may have ended first.
                let _ = of_signals.send(Input::Closed).await;
            }
        });
        Ok(Self { input, output, typing })
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        local_terminal::restore();
    }
}

/// Makes the terminal send every key. Signals and the ends of lines stay as they are.
fn take_keys() -> io::Result<Arc<Mutex<Typing>>> {
    local_terminal::restore_after_panic("");
    let has_echo = tcgetattr(io::stdin())?.local_modes.contains(LocalModes::ECHO);
    local_terminal::make_raw(|settings| settings.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO))?;
    Ok(Arc::new(Mutex::new(Typing::new(has_echo))))
}

fn read_lines(input: &mpsc::Sender<Input>) {
    let mut stdin = io::stdin().lock();
    while let Ok(Some(line)) = crate::locale::next_line(&mut stdin) {
        if input.blocking_send(Input::Bytes(line.into())).is_err() {
            return;
        }
    }
}

/// Edits the line and echoes what is typed.
fn read_keys(input: &mpsc::Sender<Input>, typing: &Mutex<Typing>) {
    let (mut stdin, charset) = (io::stdin().lock(), crate::locale::charset());
    let mut buffer = [0; READ_BYTES];
    loop {
        let count = match stdin.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) => return,
        };
        let typed = {
            // Held until the echo is written, so that nothing comes between.
            let mut stdout = io::stdout().lock();
            let mut typing = typing.lock().unwrap_or_else(PoisonError::into_inner);
            let typed = typing.take(buffer.get(..count).unwrap_or_default());
            drop(typing);
            let echo = charset.text(&typed.echo);
            // The client notices a terminal that is gone.
            let _ = stdout.write_all(echo.as_bytes()).and_then(|()| stdout.flush());
            typed
        };
        for line in typed.lines {
            if input.blocking_send(Input::Bytes(line.into())).is_err() {
                return;
            }
        }
        if typed.is_end {
            return;
        }
    }
}

/// Writes lines, on a thread of its own: a terminal that blocks does not block the client.
fn write_lines(mut printed: mpsc::Receiver<Bytes>, typing: Option<&Mutex<Typing>>) {
    let charset = crate::locale::charset();
    while let Some(lines) = printed.blocking_recv() {
        let mut stdout = io::stdout().lock();
        let lines = match typing.filter(|_| !lines.is_empty()) {
            Some(typing) => {
                let mut typing = typing.lock().unwrap_or_else(PoisonError::into_inner);
                let text = typing.around(&String::from_utf8_lossy(&lines));
                Bytes::from(charset.text(&text).into_owned())
            }
            None => lines,
        };
        if stdout.write_all(&lines).and_then(|()| stdout.flush()).is_err() {
            return;
        }
    }
}
