//! Wrongs that a server can be made to do, to prove that a test notices them, and points at which it can be made to die.
//!
//! A release has none of it: without the feature `faults` all of this is empty, and a build with the feature and without
//! debug assertions fails. With it the variable `MINI_TWEET_FAULTS` says what is to happen, separated by commas: the name
//! of a [`InjectedBug`], or `kill:POINT:N`, which kills the process at the Nth passing of a [`Point`], or
//! `kill:POINT:N:MICROSECONDS`, so much later, while it goes on.

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("faults are for tests: a release cannot have them");

/// Something that a server must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InjectedBug {
    /// To answer before the transaction is committed.
    AcknowledgeBeforeCommit,
    /// Not to sync commits to the disk.
    SynchronousNormal,
    /// To go on when the disk has failed.
    ContinueAfterFailure,
    /// To stop when the disk is full.
    StopWhenFull,
    /// To take frames of any length.
    UnboundedFrames,
    /// To make identifiers of the clock alone.
    IdsFollowTheClock,
    /// To leave connections open when their session ends.
    KeepEndedSessions,
    /// To let members do what only operators may.
    SkipOperatorCheck,
    /// To answer a failed log-in as soon as it is known to be one.
    AnswerFailedLogInsImmediately,
    /// To write passwords and tokens to the log.
    LogSecrets,
}

/// A moment at which a crash could do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrashPoint {
    /// The changes of a batch are written, the transaction is not committed.
    BeforeCommit,
    /// The transaction is committed, no one has been notified.
    AfterCommit,
    /// Caches are notified, the author has no response yet.
    BeforeAcknowledgement,
    /// The write-ahead log is about to be checkpointed.
    Checkpoint,
    /// A migration step has run, its transaction is not committed.
    Migration,
    /// A backup is being written.
    Backup,
}

#[cfg(not(feature = "faults"))]
pub use off::{crash_point, is_on};
#[cfg(feature = "faults")]
pub use on::{crash_point, is_on};

#[cfg(not(feature = "faults"))]
mod off {
    use super::{CrashPoint, InjectedBug};

    /// Whether the server does this wrong.
    pub const fn is_on(_: InjectedBug) -> bool {
        false
    }

    /// A process may die here.
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
        Kill { at: CrashPoint, passings_left: AtomicU64, after: Duration },
    }

    impl Fault {
        fn parse(text: &str) -> Option<Self> {
            let Some(kill) = text.strip_prefix("kill:") else {
                return bug_named(text).map(Self::InjectedBug);
            };
            let mut words = kill.split(':');
            let at = crash_point_named(words.next()?)?;
            let passings_left = AtomicU64::new(words.next()?.parse().ok()?);
            let after = words.next().map_or(Some(0), |micros| micros.parse().ok())?;
            Some(Self::Kill { at, passings_left, after: Duration::from_micros(after) })
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
            _ => return None,
        })
    }

    pub fn is_on(wrong: InjectedBug) -> bool {
        FAULTS.iter().any(|fault| matches!(fault, Fault::InjectedBug(on) if *on == wrong))
    }

    pub fn crash_point(point: CrashPoint) {
        for fault in FAULTS.iter() {
            let Fault::Kill { at, passings_left, after } = fault else { continue };
            if *at != point || passings_left.fetch_sub(1, Ordering::Relaxed) != 1 {
                continue;
            }
            if after.is_zero() {
                die();
            }
            let after = *after;
            std::thread::spawn(move || {
                std::thread::sleep(after);
                die();
            });
        }
    }

    fn die() -> ! {
        // As from outside: nothing is tidied up.
        let _ = kill_process(getpid(), Signal::KILL);
        std::process::abort()
    }
}
