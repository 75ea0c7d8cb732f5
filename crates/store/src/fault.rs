//! Injected bugs, to prove that a test notices them, and crash points, at which the process can be killed or stopped.
//!
//! A release contains none of this: without the feature `faults` the functions are empty, and a build with the feature
//! and without debug assertions fails. With the feature, the variable `MINI_TWEET_FAULTS` is a comma-separated list of:
//! the name of an [`InjectedBug`] in kebab case; `kill:POINT:N`, which kills the process when it passes a [`CrashPoint`]
//! for the Nth time; `kill:POINT:N:MICROSECONDS`, which kills it so much later, while it continues; the same with `stop`, which
//! stops the process until it gets SIGCONT.

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("faults are for tests: a release cannot have them");

/// A bug that a server can be started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectedBug {
    /// Responds before the transaction is committed.
    AcknowledgeBeforeCommit,
    /// Does not sync commits to the disk.
    SynchronousNormal,
    /// Continues after the disk has failed.
    ContinueAfterFailure,
    /// Stops when the disk is full.
    StopWhenFull,
    /// Accepts frames of any length.
    UnboundedFrames,
    /// Derives identifiers from the clock alone.
    IdsFollowTheClock,
    /// Leaves connections open when their session ends.
    KeepEndedSessions,
    /// Lets every member do what only admins may.
    SkipOperatorCheck,
    /// Answers a failed log-in without the delay that hides the reason.
    AnswerFailedLogInsImmediately,
    /// Writes passwords and tokens to the log.
    LogSecrets,
    /// Stops in the middle of reads whose client does not read.
    HoldReadsWhileUnread,
    /// Keeps the reserve when the disk is full.
    KeepReserve,
    /// Carries out every search, and any number of them at the same time.
    UnboundedSearches,
    /// Passes on every typing signal, presence and unread count at once.
    PassEverySignal,
    /// Does not limit the work of the full-screen clients that it runs for ssh users.
    UnlimitedSshClients,
    /// Answers from its copy of a shared database however long it has not heard of the database.
    AnswerWhenStale,
    /// Takes a commit whose outcome is unknown for one that did not happen.
    AssumeNotCommitted,
    /// Signs someone in without looking at what other servers have acknowledged.
    SkipCatchUp,
    /// Looks at the shared log only when it is notified.
    FollowOnlyWhenNotified,
    /// Holds the lock of the shared log for as long as it likes.
    NoLockTimeouts,
    /// Believes for ever what another server said last of who is online.
    KeepPresenceOfOthers,
}

/// A place in the code where a crash could do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    /// A batch is written, its transaction is not committed.
    BeforeCommit,
    /// The transaction is committed, the observer is not notified.
    AfterCommit,
    /// The observer is notified, the callers have no response yet.
    BeforeAcknowledgement,
    /// The write-ahead log is about to be checkpointed.
    Checkpoint,
    /// A migration has run, its transaction is not committed.
    Migration,
    /// A step of a backup is done.
    Backup,
    /// The lock of the shared log was taken, nothing is changed.
    LogLocked,
    /// A batch is carried out on the copy, and nothing of it is sent to the shared database.
    LogBeforeAppend,
}

#[cfg(not(feature = "faults"))]
pub use off::{crash_point, is_on};
#[cfg(feature = "faults")]
pub use on::{crash_point, is_on};

#[cfg(not(feature = "faults"))]
mod off {
    use super::{CrashPoint, InjectedBug};

    /// Whether this bug is switched on.
    pub const fn is_on(_: InjectedBug) -> bool {
        false
    }

    /// A place at which the process can be killed.
    pub const fn crash_point(_: CrashPoint) {}
}

#[cfg(feature = "faults")]
mod on {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::{CrashPoint, InjectedBug};

    static FAULTS: LazyLock<Vec<Fault>> = LazyLock::new(|| {
        let faults = std::env::var("MINI_TWEET_FAULTS").unwrap_or_default();
        let parse = |name: &str| Fault::parse(name).unwrap_or_else(|| panic!("no such fault: {name}"));
        faults.split(',').filter(|name| !name.is_empty()).map(parse).collect()
    });

    enum Fault {
        InjectedBug(InjectedBug),
        Signal { signal: Signal, at: CrashPoint, passings_left: AtomicU64, after: Duration },
    }

    impl Fault {
        fn parse(text: &str) -> Option<Self> {
            let mut words = text.split(':');
            let signal = match words.next()? {
                "kill" => Signal::KILL,
                "stop" => Signal::STOP,
                _ => return bug_named(text).map(Self::InjectedBug),
            };
            let at = crash_point_named(words.next()?)?;
            let passings_left = AtomicU64::new(words.next()?.parse().ok()?);
            let after = words.next().map_or(Some(0), |micros| micros.parse().ok())?;
            Some(Self::Signal { signal, at, passings_left, after: Duration::from_micros(after) })
        }
    }

    fn bug_named(name: &str) -> Option<InjectedBug> {
        Some(match name {
            "acknowledge-before-commit" => InjectedBug::AcknowledgeBeforeCommit,
            "synchronous-normal" => InjectedBug::SynchronousNormal,
            "continue-after-failure" => InjectedBug::ContinueAfterFailure,
            "stop-when-full" => InjectedBug::StopWhenFull,
            "unbounded-frames" => InjectedBug::UnboundedFrames,
            "ids-follow-the-clock" => InjectedBug::IdsFollowTheClock,
            "keep-ended-sessions" => InjectedBug::KeepEndedSessions,
            "skip-operator-check" => InjectedBug::SkipOperatorCheck,
            "answer-failed-log-ins-immediately" => InjectedBug::AnswerFailedLogInsImmediately,
            "log-secrets" => InjectedBug::LogSecrets,
            "hold-reads-while-unread" => InjectedBug::HoldReadsWhileUnread,
            "keep-reserve" => InjectedBug::KeepReserve,
            "unbounded-searches" => InjectedBug::UnboundedSearches,
            "pass-every-signal" => InjectedBug::PassEverySignal,
            "unlimited-ssh-clients" => InjectedBug::UnlimitedSshClients,
            "answer-when-stale" => InjectedBug::AnswerWhenStale,
            "assume-not-committed" => InjectedBug::AssumeNotCommitted,
            "skip-catch-up" => InjectedBug::SkipCatchUp,
            "follow-only-when-notified" => InjectedBug::FollowOnlyWhenNotified,
            "no-lock-timeouts" => InjectedBug::NoLockTimeouts,
            "keep-presence-of-others" => InjectedBug::KeepPresenceOfOthers,
            _ => return None,
        })
    }

    fn crash_point_named(name: &str) -> Option<CrashPoint> {
        Some(match name {
            "before-commit" => CrashPoint::BeforeCommit,
            "after-commit" => CrashPoint::AfterCommit,
            "before-acknowledgement" => CrashPoint::BeforeAcknowledgement,
            "checkpoint" => CrashPoint::Checkpoint,
            "migration" => CrashPoint::Migration,
            "backup" => CrashPoint::Backup,
            "log-locked" => CrashPoint::LogLocked,
            "log-before-append" => CrashPoint::LogBeforeAppend,
            _ => return None,
        })
    }

    /// Whether this bug is switched on.
    pub fn is_on(bug: InjectedBug) -> bool {
        FAULTS.iter().any(|fault| matches!(fault, Fault::InjectedBug(on) if *on == bug))
    }

    /// A place at which the process can be killed or stopped: sends the signal if the variable says so.
    pub fn crash_point(point: CrashPoint) {
        for fault in FAULTS.iter() {
            let Fault::Signal { signal, at, passings_left, after } = fault else { continue };
            if *at != point || passings_left.fetch_sub(1, Ordering::Relaxed) != 1 {
                continue;
            }
            let (signal, after) = (*signal, *after);
            if after.is_zero() {
                send(signal);
                continue;
            }
            std::thread::spawn(move || {
                std::thread::sleep(after);
                send(signal);
            });
        }
    }

    /// As from outside: without any clean-up.
    fn send(signal: Signal) {
        let _ = kill_process(getpid(), signal);
        if signal == Signal::KILL {
            std::process::abort();
        }
        // Another thread may take the signal: this one must not get any further until it stops all of them.
        std::thread::sleep(Duration::from_millis(100));
    }
}
