//! The terminal of this process: raw mode while the client uses it, restored however the process ends.

use std::io::{self, IsTerminal as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, Once, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{
    LocalModes, OptionalActions, QueueSelector, Termios, tcflush, tcgetattr, tcgetwinsize, tcsetattr,
};
use terminal::grid::Size;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use tui::run::{Input, LEAVE, Terminal};

/// Whether stdin and stdout are a terminal.
pub(crate) fn is_possible() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// Bytes per read.
pub(super) const READ_BYTES: usize = 4_096;
/// Input events queued for the client.
pub(super) const INPUT_MAX: usize = 64;
/// Within this time, a process that is asked to stop has stopped.
const STOP_MAX: Duration = Duration::from_secs(2);

/// The terminal's settings before raw mode, for everything that can end the process.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);
static IS_RAW: AtomicBool = AtomicBool::new(false);

/// The terminal in raw mode.
#[derive(Debug)]
pub(crate) struct LocalTerminal {
    output: mpsc::Sender<Bytes>,
    lending: Arc<Lending>,
}

/// Who reads the input: the client, or a program that borrows the terminal.
#[derive(Debug)]
struct Lending {
    state: Mutex<Lent>,
    changed: Condvar,
    /// A byte written to `waker` wakes the reader that polls `woken`.
    waker: UnixStream,
    woken: UnixStream,
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
        // An error means that the socket is full, which wakes the reader too.
        let _ = (&self.waker).write(&[0]);
    }

    /// Waits while the terminal is lent; returns whether the client reads again.
    fn wait_until_returned(&self) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let state = self.changed.wait_while(state, |lent| *lent == Lent::Yes);
        *state.unwrap_or_else(PoisonError::into_inner) == Lent::No
    }
}

/// Current size of the terminal; 80×24 if unknown.
pub(crate) fn size() -> Size {
    let size = tcgetwinsize(io::stdout());
    size.map_or(Size { width: 80, height: 24 }, |size| Size::clamped(size.ws_col.max(1), size.ws_row.max(1)))
}

impl LocalTerminal {
    /// Switches to raw mode and starts the threads that read and write.
    pub(crate) fn take() -> io::Result<(Self, Terminal)> {
        restore_after_panic(LEAVE);
        make_raw(Termios::make_raw)?;
        let (to_input, input) = mpsc::channel(INPUT_MAX);
        let (output, from_output) = mpsc::channel(1);
        let (waker, woken) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        let lending =
            Arc::new(Lending { state: Mutex::new(Lent::No), changed: Condvar::new(), waker, woken });
        std::thread::spawn(move || write_all(from_output));
        let (of_reader, to_reader) = (lending.clone(), to_input.clone());
        std::thread::spawn(move || read_all(&to_reader, &of_reader));
        let (end, ending) = oneshot::channel();
        tokio::spawn(async move {
            if forward_signals(to_input).await {
                // The client may have ended first.
                let _ = end.send(());
            }
        });
        let ended = Box::pin(async move {
            if ending.await.is_err() {
                std::future::pending::<()>().await;
            }
        });
        Ok((Self { output: output.clone(), lending }, Terminal { input, output, ended }))
    }

    /// Restores the terminal at the end of the client.
    pub(crate) async fn give_back(&self) {
        self.lending.set(Lent::ForGood);
        drain(&self.output).await;
        restore();
    }

    /// Restores the terminal for another program, until [`LocalTerminal::take_again`].
    pub(crate) async fn lend(&self) {
        self.lending.set(Lent::Yes);
        let _ = self.output.send(LEAVE.into()).await;
        drain(&self.output).await;
        restore();
    }

    /// Switches back to raw mode after [`LocalTerminal::lend`].
    pub(crate) fn take_again(&self) {
        // A failure shows at once: typed characters are echoed.
        let _ = make_raw(Termios::make_raw);
        self.lending.set(Lent::No);
    }
}

/// Stops this process until the shell continues it.
pub(crate) async fn stop() {
    let Ok(mut continued) = signal(SignalKind::from_raw(Signal::CONT.as_raw())) else { return };
    // If this is not permitted, the client goes on.
    if kill_process(getpid(), Signal::TSTP).is_ok() {
        // The process may stop a little later. Before that, the shell's settings of the terminal would be taken for ours,
        // or replace them. Where no one could continue it, the process is not stopped.
        let _ = timeout(STOP_MAX, continued.recv()).await;
    }
}

/// Waits until everything is written: the writer accepts the second empty frame after it has finished the first.
pub(crate) async fn drain(output: &mpsc::Sender<Bytes>) {
    for _ in 0..2 {
        // An error means that the writer has ended.
        let _ = output.send(Bytes::new()).await;
    }
}

/// Turns the echo of typed characters off or on.
pub(crate) fn hide_input(is_hidden: bool) {
    let Ok(mut now) = tcgetattr(io::stdin()) else { return };
    if now.local_modes.contains(LocalModes::ECHO) == is_hidden {
        now.local_modes.set(LocalModes::ECHO, !is_hidden);
        // Best effort: a user would see that the password is echoed.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &now);
    }
}

/// Changes the settings until [`restore`].
pub(super) fn make_raw(change: impl FnOnce(&mut Termios)) -> io::Result<()> {
    let before = tcgetattr(io::stdin())?;
    let mut raw = before.clone();
    change(&mut raw);
    tcsetattr(io::stdin(), OptionalActions::Now, &raw)?;
    *BEFORE.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    IS_RAW.store(true, Ordering::SeqCst);
    Ok(())
}

/// Restores the settings from before raw mode.
pub(super) fn restore() {
    if IS_RAW.swap(false, Ordering::SeqCst)
        && let Some(before) = BEFORE.lock().unwrap_or_else(PoisonError::into_inner).take()
    {
        // Best effort: nothing else can be done.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

/// Restores the terminal on a panic, so that its message is readable and the shell usable. `leave` is written before.
pub(super) fn restore_after_panic(leave: &'static str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if IS_RAW.load(Ordering::SeqCst) {
                let _ = io::stdout().write_all(leave.as_bytes());
                let _ = io::stdout().flush();
                restore();
            }
            before(panic);
        }));
    });
}

/// Discards what is typed and not entered. What there was is not known.
pub(super) fn discard_input() {
    // Without a terminal there is nothing to discard.
    let _ = tcflush(io::stdin(), QueueSelector::IFlush);
}

/// Writes frames, on a thread of its own: a terminal that blocks does not block the client.
fn write_all(mut frames: mpsc::Receiver<Bytes>) {
    while let Some(frame) = frames.blocking_recv() {
        let mut stdout = io::stdout().lock();
        if stdout.write_all(&frame).and_then(|()| stdout.flush()).is_err() {
            return;
        }
    }
}

/// Reads input, on a thread of its own, except while the terminal is lent.
fn read_all(input: &mpsc::Sender<Input>, lending: &Lending) {
    let mut buffer = [0; READ_BYTES];
    while lending.wait_until_returned() {
        let stdin = io::stdin();
        let mut watched = [PollFd::new(&stdin, PollFlags::IN), PollFd::new(&lending.woken, PollFlags::IN)];
        match poll(&mut watched, None) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(_) => break,
        }
        let [typed, lent] = &watched;
        if !lent.revents().is_empty() {
            // The state has changed: check it again.
            let _ = rustix::io::read(&lending.woken, &mut buffer);
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
    // The terminal is gone. The client may have ended first.
    let _ = input.blocking_send(Input::Closed);
}

/// Forwards changes of the size until the process is asked to end: then `true`; `false` when the client has ended.
pub(super) async fn forward_signals(input: mpsc::Sender<Input>) -> bool {
    let kinds =
        [SignalKind::window_change(), SignalKind::terminate(), SignalKind::hangup(), SignalKind::interrupt()];
    let [Ok(mut resized), Ok(mut terminate), Ok(mut hangup), Ok(mut interrupt)] = kinds.map(signal) else {
        return false;
    };
    let mut has_new_size = false;
    loop {
        tokio::select! {
            biased;
            _ = terminate.recv() => return true,
            _ = hangup.recv() => return true,
            _ = interrupt.recv() => return true,
            () = input.closed() => return false,
            // The requests to end are heard also while the queue is full.
            permit = input.reserve(), if has_new_size => {
                let Ok(permit) = permit else { return false };
                permit.send(Input::Resized(size()));
                has_new_size = false;
            }
            _ = resized.recv() => has_new_size = true,
        }
    }
}
