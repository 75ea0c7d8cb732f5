//! A file system that loses unsynced data in a power cut, mounted with FUSE: [`disk`] is the disk, [`mount`] connects it
//! to the kernel.

mod disk;
mod mount;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fuser::{BackgroundSession, Config, MountOption};

use crate::error::Error;
use disk::Disk;
use fastrand::Rng;
use mount::DiskFilesystem;

/// A mounted disk, unmounted when dropped.
#[derive(Debug)]
pub(crate) struct LossyDisk {
    disk: Arc<Mutex<Disk>>,
    at: PathBuf,
    session: Option<BackgroundSession>,
}

impl LossyDisk {
    /// Mounts an empty disk at this path.
    pub(crate) fn mount(at: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(at)?;
        let mut lossy = Self { disk: Arc::new(Mutex::new(Disk::new())), at: at.to_owned(), session: None };
        lossy.attach()?;
        Ok(lossy)
    }

    /// Cuts the power and restores it. No process may have files open on the disk.
    pub(crate) fn cut(&mut self, random: &mut Rng) -> Result<(), Error> {
        // Unmounting drops the kernel's caches.
        self.detach()?;
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).cut(random);
        self.attach()
    }

    /// Number of sync requests so far.
    pub(crate) fn syncs(&self) -> u64 {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).syncs
    }

    fn attach(&mut self) -> Result<(), Error> {
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("mini-tweet-torture".to_owned()),
            MountOption::DefaultPermissions,
            MountOption::NoAtime,
        ];
        let mounted = fuser::spawn_mount(DiskFilesystem::new(self.disk.clone()), &self.at, &config);
        let describe =
            |error| format!("cannot mount FUSE at {}: {error} (Debian package fuse3)", self.at.display());
        self.session = Some(mounted.map_err(describe)?);
        Ok(())
    }

    fn detach(&mut self) -> Result<(), Error> {
        let Some(session) = self.session.take() else { return Ok(()) };
        match session.umount_and_join() {
            // The session ended while the kernel sent a last request.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => Ok(()),
            ended => Ok(ended?),
        }
    }
}

impl Drop for LossyDisk {
    fn drop(&mut self) {
        let _ = self.detach();
    }
}
