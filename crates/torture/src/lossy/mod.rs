//! A file system that loses at a power cut what was not synced, mounted by FUSE: [`disk`] is what it does, [`mount`] how
//! the kernel reaches it.

mod disk;
mod mount;

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fuser::{BackgroundSession, Config, MountOption};

use crate::Error;
use crate::random::Random;
use disk::Disk;
use mount::Mounted;

/// A mounted disk, unmounted when dropped.
#[derive(Debug)]
pub(crate) struct LossyDisk {
    disk: Arc<Mutex<Disk>>,
    at: PathBuf,
    session: Option<BackgroundSession>,
}

impl LossyDisk {
    /// Mounts an empty one there.
    pub(crate) fn mount(at: &Path) -> Result<Self, Error> {
        std::fs::create_dir_all(at)?;
        let mut lossy = Self { disk: Arc::new(Mutex::new(Disk::new())), at: at.to_owned(), session: None };
        lossy.plug_in()?;
        Ok(lossy)
    }

    /// The power goes, and comes back. Nobody may use it.
    pub(crate) fn cut(&mut self, random: &mut Random) -> Result<(), Error> {
        // What the kernel has in its memory goes with the mount.
        self.unplug()?;
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).cut(random);
        self.plug_in()
    }

    /// How often something was synced.
    pub(crate) fn syncs(&self) -> u64 {
        self.disk.lock().unwrap_or_else(PoisonError::into_inner).syncs
    }

    fn plug_in(&mut self) -> Result<(), Error> {
        let mut config = Config::default();
        config.mount_options = vec![
            MountOption::FSName("mini-tweet-torture".to_owned()),
            MountOption::DefaultPermissions,
            MountOption::NoAtime,
        ];
        let mounted = fuser::spawn_mount(Mounted::new(self.disk.clone()), &self.at, &config);
        let told = |error| format!("no FUSE at {}: {error} (Debian has it in fuse3)", self.at.display());
        self.session = Some(mounted.map_err(told)?);
        Ok(())
    }

    fn unplug(&mut self) -> Result<(), Error> {
        let Some(session) = self.session.take() else { return Ok(()) };
        match session.umount_and_join() {
            // It ended while the kernel was handing over a last request.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => Ok(()),
            ended => Ok(ended?),
        }
    }
}

impl Drop for LossyDisk {
    fn drop(&mut self) {
        let _ = self.unplug();
    }
}
