//! Disk space that is held back, for the changes that must be possible with a full disk: to sign in and out, to delete, to
//! suspend. A file next to the database takes the space; when the disk is full, the file is removed, and only those changes
//! are accepted until there is space for it again.
//!
//! The file is its own state: after a crash the server finds it whole, or makes it again, or starts without.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::files;
use crate::Change;
use crate::fault::{self, InjectedBug};

/// A sign-in writes some 20 KiB to the write-ahead log, which starts over after a checkpoint.
const BYTES: u64 = 4 << 20;
/// Free space at which the file is made again: with less, the disk would be full again at once.
const FREE_AGAIN: u64 = 2 * BYTES;
/// How often free space is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(500);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Held,
    /// The disk is full.
    GivenUp,
    /// This file system cannot hold space back: a full disk refuses every change.
    Unavailable,
}

/// The reserve of one database.
#[derive(Debug)]
pub(super) struct Reserve {
    path: PathBuf,
    state: State,
    looked_at: Instant,
}

impl Reserve {
    /// That of this database; on a full disk it is given up already.
    pub(super) fn of(database: &Path) -> Self {
        let path = files::reserve(database);
        // A copy of the file may have holes instead of space.
        let is_whole = |file: fs::Metadata| file.len() == BYTES && file.blocks() * 512 >= BYTES;
        let is_whole = fs::metadata(&path).is_ok_and(is_whole);
        let state = if is_whole { State::Held } else { hold(&path) };
        let reserve = Self { path, state, looked_at: Instant::now() };
        if state == State::GivenUp {
            reserve.report_full();
        }
        reserve
    }

    /// For a simulation: there is no disk.
    #[cfg(any(test, feature = "test-support"))]
    pub(super) fn simulated() -> Self {
        Self { path: PathBuf::new(), state: State::Unavailable, looked_at: Instant::now() }
    }

    fn report_full(&self) {
        let mib = FREE_AGAIN >> 20;
        tracing::error!(
            "the disk is full; people can read, sign in and delete; everything else works again with {mib} MiB of free space"
        );
    }

    /// Removes the file; `false` if there is none.
    pub(super) fn give_up(&mut self) -> bool {
        if self.state != State::Held || fault::is_on(InjectedBug::KeepReserve) {
            return false;
        }
        (self.state, self.looked_at) = (State::GivenUp, Instant::now());
        self.report_full();
        fs::remove_file(&self.path).is_ok()
    }

    /// Whether only what needs no more space than the reserve may be changed. Looks for free space at intervals.
    pub(super) fn is_given_up(&mut self) -> bool {
        if self.state == State::GivenUp && self.looked_at.elapsed() >= LOOK_EVERY {
            self.looked_at = Instant::now();
            if free_bytes(&self.path).is_some_and(|free| free >= FREE_AGAIN) {
                self.state = hold(&self.path);
                if self.state != State::GivenUp {
                    tracing::info!("there is free space on the disk again");
                }
            }
        }
        self.state == State::GivenUp
    }
}

/// Makes the file, or nothing of it.
fn hold(path: &Path) -> State {
    // What is there is of an interrupted attempt.
    let _ = fs::remove_file(path);
    let Err(error) = allocate(path) else { return State::Held };
    let _ = fs::remove_file(path);
    if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) {
        return State::GivenUp;
    }
    tracing::warn!(%error, "no space can be held back for a full disk");
    State::Unavailable
}

fn allocate(path: &Path) -> io::Result<()> {
    let mut file = files::private_file(path).map_err(io::Error::other)?;
    match rustix::fs::fallocate(&file, FallocateFlags::empty(), 0, BYTES) {
        Err(Errno::OPNOTSUPP | Errno::NOSYS) => write_whole(&mut file),
        allocated => Ok(allocated?),
    }
}

fn write_whole(file: &mut File) -> io::Result<()> {
    let chunk = [0xa5; 64 << 10];
    for _ in 0..BYTES / chunk.len() as u64 {
        file.write_all(&chunk)?;
    }
    file.sync_all()
}

fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path.parent()?).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Whether a change must be possible with a full disk: without it, people could not even read, or the operator could not
/// make space.
pub(super) fn is_needed_when_full(change: &Change) -> bool {
    use Change::*;
    matches!(
        change,
        OpenSession { .. }
            | TouchSession { .. }
            | EndSession { .. }
            | EndSessions { .. }
            | OpenSshSession { .. }
            | EndSshSessions { .. }
            | RevokeSshKey { .. }
            | SetPassword { .. }
            | RehashPassword { .. }
            | SetSuspended { .. }
            | DeleteAccount { .. }
            | PurgeAccount { .. }
            | DeleteTweet { .. }
            | RemoveTweet { .. }
            | RevokeInvite { .. }
            | RemoveAnnouncement { .. }
            | RemoveAnnouncements
            | CloseReport { .. }
            | Expire { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_made_again_after_whatever_a_crash_left() {
        let directory = tempfile::tempdir().unwrap();
        let database = directory.path().join("some.db");
        let path = files::reserve(&database);
        for left in [None, Some(0), Some(BYTES / 2), Some(BYTES)] {
            if let Some(bytes) = left {
                File::create(&path).unwrap().set_len(bytes).unwrap();
            }
            let mut reserve = Reserve::of(&database);
            assert!(!reserve.is_given_up(), "{left:?}");
            let file = fs::metadata(&path).unwrap();
            assert!(file.len() == BYTES && file.blocks() * 512 >= BYTES, "{left:?}");
        }
    }

    #[test]
    fn a_reserve_is_given_up_once_and_made_again_when_there_is_space() {
        let directory = tempfile::tempdir().unwrap();
        let mut reserve = Reserve::of(&directory.path().join("some.db"));
        assert!(reserve.give_up());
        assert!(!reserve.give_up(), "there is nothing more to give");
        assert!(!reserve.path.exists() && reserve.is_given_up());
        reserve.looked_at -= LOOK_EVERY;
        assert!(!reserve.is_given_up() && reserve.path.exists());
    }
}
