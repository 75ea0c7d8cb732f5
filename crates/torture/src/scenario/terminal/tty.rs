//! A program in a pseudo-terminal: every byte that it writes, and what its screen shows.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::Error;
use crate::server::DEADLINE;

const COLUMNS: u16 = 200;
const ROWS: u16 = 60;
/// A program that has written nothing for so long waits for something.
const QUIET: Duration = Duration::from_millis(70);

/// A program at a terminal, killed when dropped.
pub(super) struct Tty {
    child: Box<dyn Child + Send + Sync>,
    heard: Arc<Mutex<Heard>>,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn MasterPty + Send>,
}

struct Heard {
    bytes: Vec<u8>,
    terminal: vt100::Parser,
    last: Instant,
    ended: bool,
}

/// How a client is started: the program, where its files are, and its server.
#[derive(Debug, Clone)]
pub(super) struct Client<'a> {
    pub(super) program: &'a Path,
    pub(super) home: &'a Path,
    pub(super) server: &'a str,
    /// Makes no text safe; for programs that can do that.
    pub(super) unsafely: bool,
}

impl Client<'_> {
    /// With these arguments.
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
        if self.unsafely {
            command.env("MINI_TWEET_CLIENT_FAULTS", "unsafe-text");
        }
        Tty::start(command)
    }

    /// Everything that it writes until it ends.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<Vec<u8>, Error> {
        let tty = self.start(arguments)?;
        let end = Instant::now() + DEADLINE;
        while !tty.heard(|heard| heard.ended) {
            if Instant::now() > end {
                return Err(format!("mini-tweet {arguments:?} does not end").into());
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
        let heard = Heard { bytes: Vec::new(), terminal, last: Instant::now(), ended: false };
        let heard = Arc::new(Mutex::new(heard));
        let mut reader = pty.master.try_clone_reader()?;
        let shared = heard.clone();
        std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1_024];
            loop {
                let read = reader.read(&mut buffer).unwrap_or_default();
                let mut heard = shared.lock().unwrap_or_else(PoisonError::into_inner);
                heard.last = Instant::now();
                heard.bytes.extend_from_slice(&buffer[..read]);
                heard.terminal.process(&buffer[..read]);
                if read == 0 {
                    heard.ended = true;
                    return;
                }
            }
        });
        let writer = pty.master.take_writer()?;
        Ok(Self { child, heard, writer, _master: pty.master })
    }

    fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        look(&self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.heard(|heard| heard.bytes.clone())
    }

    /// What is seen now, and whether more may come at once.
    pub(super) fn screen(&self) -> (String, bool) {
        self.heard(|heard| (heard.terminal.screen().contents(), heard.last.elapsed() >= QUIET))
    }

    pub(super) fn press(&mut self, keys: &str) -> Result<(), Error> {
        Ok(self.writer.write_all(keys.as_bytes())?)
    }
}

impl Drop for Tty {
    fn drop(&mut self) {
        // It is our own child.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
