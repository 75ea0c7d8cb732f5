//! A program in a pseudo-terminal: the bytes that it writes, and the content of its screen.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::error::Error;
use crate::server::DEADLINE;

const COLUMNS: u16 = 200;
const ROWS: u16 = 60;
/// A program that writes nothing for this long is waiting for input.
const QUIET: Duration = Duration::from_millis(70);

/// A program in a pseudo-terminal, killed when dropped.
pub(super) struct Tty {
    child: Box<dyn Child + Send + Sync>,
    captured: Arc<Mutex<Captured>>,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
}

struct Captured {
    bytes: Vec<u8>,
    terminal: vt100::Parser,
    last: Instant,
    ended: bool,
}

/// How to start a client: the program, the directory of its files, and its server.
#[derive(Debug, Clone)]
pub(super) struct ClientCommand<'a> {
    pub(super) program: &'a Path,
    pub(super) home: &'a Path,
    pub(super) server: &'a str,
    /// Turns off the sanitiser; only in builds with the feature `faults`.
    pub(super) unsanitised: bool,
}

impl ClientCommand<'_> {
    /// Starts the client with these arguments.
    pub(super) fn start(&self, arguments: &[&str]) -> Result<Tty, Error> {
        let mut command = CommandBuilder::new(self.program);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MINI_TWEET_") || name == "NO_COLOR" {
                command.env_remove(name);
            }
        }
        command.args(arguments);
        command.arg("--insecure");
        command.env("MINI_TWEET_HOME", self.home);
        command.env("MINI_TWEET_SERVER", self.server);
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        if self.unsanitised {
            command.env("MINI_TWEET_CLIENT_FAULTS", "unsafe-text");
        }
        Tty::start(command)
    }

    /// Runs the client to its end; its whole output.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let tty = self.start(arguments)?;
        let end = Instant::now() + DEADLINE;
        while !tty.captured(|captured| captured.ended) {
            if Instant::now() > end {
                return Err(format!("mini-tweet {arguments:?} did not end").into());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(tty.bytes())
    }
}

impl Tty {
    fn start(command: CommandBuilder) -> Result<Self, Error> {
        let pty = native_pty_system().openpty(PtySize {
            rows: ROWS,
            cols: COLUMNS,
            pixel_width: 0,
            pixel_height: 0,
        })?;
        let child = pty.slave.spawn_command(command)?;
        drop(pty.slave);
        let cells = |count| NonZero::new(count).unwrap_or(NonZero::<u16>::MIN);
        let terminal = vt100::Parser::new(cells(ROWS), cells(COLUMNS), 0);
        let captured = Captured { bytes: Vec::new(), terminal, last: Instant::now(), ended: false };
        let captured = Arc::new(Mutex::new(captured));
        let mut reader = pty.master.try_clone_reader()?;
        let shared = captured.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1_024];
            loop {
                let read = reader.read(&mut buffer).unwrap_or_default();
                let mut captured = shared.lock().unwrap_or_else(PoisonError::into_inner);
                captured.last = Instant::now();
                captured.bytes.extend_from_slice(&buffer[..read]);
                captured.terminal.process(&buffer[..read]);
                if read == 0 {
                    captured.ended = true;
                    return;
                }
            }
        });
        let writer = pty.master.take_writer()?;
        Ok(Self { child, captured, writer, _master: pty.master })
    }

    fn captured<T>(&self, look: impl FnOnce(&Captured) -> T) -> T {
        look(&self.captured.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.captured(|captured| captured.bytes.clone())
    }

    /// The content of the screen, and whether the program has stopped writing.
    pub(super) fn screen(&self) -> (String, bool) {
        self.captured(|captured| (captured.terminal.screen().contents(), captured.last.elapsed() >= QUIET))
    }

    pub(super) fn press(&mut self, keys: &str) -> Result<(), Error> {
        Ok(self.writer.write_all(keys.as_bytes())?)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
