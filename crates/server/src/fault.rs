//! Wrongs that a server can be made to do, to prove that a test notices them, and points at which it can be made to die.
//!
//! A release has none of it: without the feature `faults` all of this is empty, and a build with the feature and without
//! debug assertions fails. With it the variable `MINI_TWEET_FAULTS` says what is to happen, separated by commas: the name
//! of a [`Wrong`], or `kill:POINT:N`, which kills the process at the Nth passing of a [`Point`], or
//! `kill:POINT:N:MICROSECONDS`, so much later, while it goes on.

#[cfg(all(feature = "faults", not(debug_assertions)))]
compile_error!("faults are for tests: a release cannot have them");

/// Something that a server must not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// To answer before the transaction is committed.
    AcknowledgeBeforeCommit,
    /// Not to sync commits to the disk.
    SynchronousNormal,
    /// To go on when the disk has failed.
    GoOnAfterFailure,
    /// To stop when the disk is full.
    StopWhenFull,
    /// To take frames of any length.
    UnboundedFrames,
    /// To make identifiers of the clock alone.
    IdsFollowTheClock,
    /// To leave connections open when their session ends.
    KeepEndedSessions,
    /// To let members do what only operators may.
    OpenOffice,
    /// To answer a failed log-in as soon as it is known to be one.
    AnswerLogInsAtOnce,
    /// To write passwords and tokens to the log.
    TellSecrets,
}

/// A moment at which a crash could do harm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Point {
    BeforeCommit,
    AfterCommit,
    BeforeAcknowledgement,
    Checkpoint,
    Migration,
    Backup,
}

#[cfg(not(feature = "faults"))]
pub(crate) use off::{is_on, pass};
#[cfg(feature = "faults")]
pub(crate) use on::{is_on, pass};

#[cfg(not(feature = "faults"))]
mod off {
    use super::{Point, Wrong};

    /// Whether the server does this wrong.
    pub(crate) const fn is_on(_: Wrong) -> bool {
        false
    }

    /// A process may die here.
    pub(crate) const fn pass(_: Point) {}
}

#[cfg(feature = "faults")]
mod on {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use rustix::process::{Signal, getpid, kill_process};

    use super::{Point, Wrong};

    static FAULTS: LazyLock<Vec<Fault>> = LazyLock::new(|| {
        let faults = std::env::var("MINI_TWEET_FAULTS").unwrap_or_default();
        let parse = |name: &str| Fault::parse(name).unwrap_or_else(|| panic!("no such fault: {name}"));
        faults.split(',').filter(|name| !name.is_empty()).map(parse).collect()
    });

    enum Fault {
        Wrong(Wrong),
        Kill { at: Point, passings_left: AtomicU64, after: Duration },
    }

    impl Fault {
        fn parse(text: &str) -> Option<Self> {
            let Some(kill) = text.strip_prefix("kill:") else { return wrong(text).map(Self::Wrong) };
            let mut words = kill.split(':');
            let at = point(words.next()?)?;
            let passings_left = AtomicU64::new(words.next()?.parse().ok()?);
            let after = words.next().map_or(Some(0), |micros| micros.parse().ok())?;
            Some(Self::Kill { at, passings_left, after: Duration::from_micros(after) })
        }
    }

    fn wrong(name: &str) -> Option<Wrong> {
        Some(match name {
            "acknowledge-before-commit" => Wrong::AcknowledgeBeforeCommit,
            "synchronous-normal" => Wrong::SynchronousNormal,
            "go-on-after-failure" => Wrong::GoOnAfterFailure,
            "stop-when-full" => Wrong::StopWhenFull,
            "unbounded-frames" => Wrong::UnboundedFrames,
            "ids-follow-the-clock" => Wrong::IdsFollowTheClock,
            "keep-ended-sessions" => Wrong::KeepEndedSessions,
            "open-office" => Wrong::OpenOffice,
            "answer-log-ins-at-once" => Wrong::AnswerLogInsAtOnce,
            "tell-secrets" => Wrong::TellSecrets,
            _ => return None,
        })
    }

    fn point(name: &str) -> Option<Point> {
        Some(match name {
            "before-commit" => Point::BeforeCommit,
            "after-commit" => Point::AfterCommit,
            "before-acknowledgement" => Point::BeforeAcknowledgement,
            "checkpoint" => Point::Checkpoint,
            "migration" => Point::Migration,
            "backup" => Point::Backup,
            _ => return None,
        })
    }

    pub(crate) fn is_on(wrong: Wrong) -> bool {
        FAULTS.iter().any(|fault| matches!(fault, Fault::Wrong(on) if *on == wrong))
    }

    pub(crate) fn pass(point: Point) {
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
