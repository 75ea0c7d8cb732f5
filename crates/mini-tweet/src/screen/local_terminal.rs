//! The terminal of this process: raw while the client has it, and given back as it was however the process ends.

use std::io::{self, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use terminal::grid::Size;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tui::run::{Input, LEAVE, Terminal};

/// Bytes that are read at a time.
const READ_BYTES: usize = 4_096;
/// Reads that may wait.
const INPUT_MAX: usize = 64;

/// How the terminal was before it was taken, for whatever ends the process.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

/// A terminal that is taken.
#[derive(Debug)]
pub(crate) struct LocalTerminal {
    output: mpsc::Sender<Bytes>,
    lending: Arc<Lending>,
}

/// Who reads what is typed: we, or somebody to whom the terminal is lent.
#[derive(Debug)]
struct Lending {
    state: Mutex<Lent>,
    changed: Condvar,
    /// A byte into the one wakes whoever waits at the other.
    tell: UnixStream,
    heard: UnixStream,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lent {
    No,
    Yes,
    ForGood,
}

impl Lending {
    fn set(&self, lent: Lent) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = lent;
        self.changed.notify_all();
        // A full pipe wakes as well.
        let _ = (&self.tell).write(&[0]);
    }

    /// Waits while it is lent; whether it will come back.
    fn wait_until_back(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.changed.wait_while(state, |lent| *lent == Lent::Yes);
        *state.unwrap_or_else(PoisonError::into_inner) == Lent::No
    }
}

/// Its size now.
pub(crate) fn size() -> Size {
    let size = tcgetwinsize(io::stdout());
    size.map_or(Size { width: 80, height: 24 }, |size| Size::clamped(size.ws_col.max(1), size.ws_row.max(1)))
}

impl LocalTerminal {
    /// Takes it: raw, with its bytes in both directions.
    pub(crate) fn take() -> io::Result<(Self, Terminal)> {
        restore_after_panic();
        make_raw()?;
        let (to_input, input) = mpsc::channel(INPUT_MAX);
        let (output, from_output) = mpsc::channel(1);
        let (tell, heard) = UnixStream::pair()?;
        tell.set_nonblocking(true)?;
        let lending = Arc::new(Lending { state: Mutex::new(Lent::No), changed: Condvar::new(), tell, heard });
        std::thread::spawn(move || write_all(from_output));
        let (of_reader, to_reader) = (lending.clone(), to_input.clone());
        std::thread::spawn(move || read_all(&to_reader, &of_reader));
        tokio::spawn(hear_signals(to_input));
        Ok((Self { output: output.clone(), lending }, Terminal { input, output }))
    }

    /// Gives it back for good.
    pub(crate) async fn give_back(&self) {
        self.lending.set(Lent::ForGood);
        drain(&self.output).await;
        restore();
    }

    /// Gives it to somebody for a while.
    pub(crate) async fn lend(&self) {
        self.lending.set(Lent::Yes);
        let _ = self.output.send(LEAVE.into()).await;
        drain(&self.output).await;
        restore();
    }

    /// Takes it again.
    pub(crate) fn take_again(&self) {
        // Whatever fails here shows itself at once.
        let _ = make_raw();
        self.lending.set(Lent::No);
    }
}

/// Waits until everything is written: the second of two empty writes is taken when the first was done.
pub(crate) async fn drain(output: &mpsc::Sender<Bytes>) {
    for _ in 0..2 {
        // Who writes has ended when this fails.
        let _ = output.send(Bytes::new()).await;
    }
}

/// Lines of stdin, and lines to stdout, for plain mode.
pub(crate) fn lines() -> (mpsc::Receiver<Input>, mpsc::Sender<Bytes>) {
    let (to_input, input) = mpsc::channel(INPUT_MAX);
    let (output, from_output) = mpsc::channel(1);
    std::thread::spawn(move || write_all(from_output));
    let of_signals = to_input.clone();
    std::thread::spawn(move || {
        for line in io::stdin().lines() {
            let Ok(line) = line else { break };
            if to_input.blocking_send(Input::Bytes(line.into())).is_err() {
                return;
            }
        }
        // Nobody listens when this fails.
        let _ = to_input.blocking_send(Input::Closed);
    });
    tokio::spawn(hear_signals(of_signals));
    (input, output)
}

/// What is typed next is not shown, or is again.
pub(crate) fn hide_input(is_hidden: bool) {
    let Ok(mut now) = tcgetattr(io::stdin()) else { return };
    if now.local_modes.contains(LocalModes::ECHO) == is_hidden {
        now.local_modes.set(LocalModes::ECHO, !is_hidden);
        // Without it a password would be seen, which its owner sees too.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &now);
    }
}

fn make_raw() -> io::Result<()> {
    let before = tcgetattr(io::stdin())?;
    let mut raw = before.clone();
    raw.make_raw();
    tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    IS_TAKEN.store(true, Ordering::SeqCst);
    Ok(())
}

/// Puts it back as it was before it was taken.
fn restore() {
    if IS_TAKEN.swap(false, Ordering::SeqCst)
        && let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take()
    {
        // There is nothing better to do when it fails.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

/// A panic must be readable, and the shell after it usable.
fn restore_after_panic() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if IS_TAKEN.load(Ordering::SeqCst) {
                let _ = io::stdout().write_all(LEAVE.as_bytes());
                let _ = io::stdout().flush();
                restore();
            }
            before(panic);
        }));
    });
}

/// Writes frames on a thread of its own: a terminal that stands still stops nobody else.
fn write_all(mut frames: mpsc::Receiver<Bytes>) {
    while let Some(frame) = frames.blocking_recv() {
        let mut stdout = io::stdout().lock();
        if stdout.write_all(&frame).and_then(|()| stdout.flush()).is_err() {
            return;
        }
    }
}

/// Reads what is typed on a thread of its own, but while the terminal is lent.
fn read_all(input: &mpsc::Sender<Input>, lending: &Lending) {
    let mut buffer = [0; READ_BYTES];
    while lending.wait_until_back() {
        let stdin = io::stdin();
        let mut watched = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&lending.heard, PollFlags::IN)];
        match poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break,
        }
        let [typed, lent] = &watched;
        if !lent.revents().is_empty() {
            // It is lent, or was: look again.
            let _ = rustix::io::read(&lending.heard, &mut buffer);
            continue;
        }
        if typed.revents().is_empty() {
            continue;
        }
        match rustix::io::read(&stdin, &mut buffer) {
            Ok(0) => break,
            Ok(count) => {
                let bytes = Bytes::copy_from_slice(buffer.get(..count).unwrap_or_default());
                if input.blocking_send(Input::Bytes(bytes)).is_err() {
                    return;
                }
            }
            Err(Errno::INTR | Errno::AGAIN) => {}
            Err(_) => break,
        }
    }
    // The terminal is gone; whoever listens ends. Nobody does when this fails.
    let _ = input.blocking_send(Input::Closed);
}

/// Another size, or the wish that the program end.
async fn hear_signals(input: mpsc::Sender<Input>) {
    let kinds =
        [SignalKind::window_change(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
    let [Ok(mut resized), Ok(mut terminate), Ok(mut hangup), Ok(mut interrupt)] = kinds.map(signal) else {
        return;
    };
    loop {
        let heard = tokio::select! {
            _ = resized.recv() => Input::Resized(size()),
            _ = terminate.recv() => Input::Closed,
            _ = hangup.recv() => Input::Closed,
            _ = interrupt.recv() => Input::Closed,
            () = input.closed() => return,
        };
        if input.send(heard).await.is_err() {
            return;
        }
    }
}
