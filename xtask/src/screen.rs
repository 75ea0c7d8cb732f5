//! A program in a pseudo-terminal, and its screen.

use std::io::{Read as _, Write};
use std::num::NonZero;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::process::Outcome;

/// Longest wait for a text, an answer or the start of a server. All of them normally take less than a second.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// A running client with its terminal.
pub(crate) struct Screen {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    terminal: Arc<Mutex<vt100::Parser>>,
    /// Number of bytes that the program has written, and the time of the last of them.
    received: Arc<Mutex<(usize, Instant)>>,
    writer: Box<dyn Write + Send>,
    master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Screen {
    /// Starts a program. `size` is columns and rows.
    pub(crate) fn start(command: CommandBuilder, size: (u16, u16)) -> Result<Self, String> {
        let (cols, rows) = size;
        let pty = native_pty_system()
            .openpty(PtySize { rows, cols, pixel_width: 0, pixel_height: 0 })
            .map_err(|error| error.to_string())?;
        let child = pty.slave.spawn_command(command).map_err(|error| error.to_string())?;
        drop(pty.slave);
        let cells = |count| NonZero::new(count).unwrap_or(NonZero::<u16>::MIN);
        let terminal = Arc::new(Mutex::new(vt100::Parser::new(cells(rows), cells(cols), 0)));
        let received = Arc::new(Mutex::new((0, Instant::now())));
        let mut reader = pty.master.try_clone_reader().map_err(|error| error.to_string())?;
        let (to_terminal, to_received) = (terminal.clone(), received.clone());
        std::thread::spawn(move || {
            let mut buffer = [0; 64 * 1024];
            while let Ok(read) = reader.read(&mut buffer) {
                let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { return };
                if let (Ok(mut terminal), Ok(mut received)) = (to_terminal.lock(), to_received.lock()) {
                    *received = (received.0 + read, Instant::now());
                    drop(received);
                    terminal.process(bytes);
                }
            }
        });
        let writer = pty.master.take_writer().map_err(|error| error.to_string())?;
        Ok(Self { child, terminal, received, writer, master: pty.master })
    }

    /// Gives the terminal another number of columns and rows.
    pub(crate) fn resize(&mut self, (cols, rows): (u16, u16)) -> Outcome {
        let cells = |count| NonZero::new(count).unwrap_or(NonZero::<u16>::MIN);
        let mut terminal = self.terminal.lock().map_err(|error| error.to_string())?;
        terminal.screen_mut().set_size(cells(rows), cells(cols));
        drop(terminal);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).map_err(|error| error.to_string())
    }

    pub(crate) fn process_id(&self) -> Option<u32> {
        self.child.process_id()
    }

    /// Reads the current screen.
    pub(crate) fn inspect<T>(&self, read: impl FnOnce(&vt100::Screen) -> T) -> Result<T, String> {
        self.terminal.lock().map(|terminal| read(terminal.screen())).map_err(|error| error.to_string())
    }

    pub(crate) fn text(&self) -> String {
        self.terminal.lock().map(|terminal| terminal.screen().contents()).unwrap_or_default()
    }

    /// Number of bytes that the program has written, and the time of the last of them.
    pub(crate) fn bytes(&self) -> (usize, Instant) {
        self.received.lock().map_or((0, Instant::now()), |received| *received)
    }

    /// Waits until the screen shows this text.
    pub(crate) fn wait_for(&self, part: &str) -> Outcome {
        let end = Instant::now() + DEADLINE;
        while !self.text().contains(part) {
            if Instant::now() > end {
                return Err(format!("{part:?} is not on the screen:\n{}", self.text()));
            }
            std::thread::sleep(Duration::from_micros(200));
        }
        Ok(())
    }

    pub(crate) fn press(&mut self, keys: &str) -> Outcome {
        self.writer.write_all(keys.as_bytes()).map_err(|error| error.to_string())
    }

    /// Time from a key to the first bytes that the program writes after it.
    pub(crate) fn answer_to(&mut self, keys: &str) -> Result<Duration, String> {
        let before = self.bytes().0;
        let start = Instant::now();
        self.press(keys)?;
        loop {
            let (count, at) = self.bytes();
            if count > before {
                return Ok(at.duration_since(start));
            }
            if start.elapsed() > DEADLINE {
                return Err("no answer to a key".to_owned());
            }
            std::thread::sleep(Duration::from_micros(50));
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // It is our own child.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
