//! A share of a core for a process, by a control group of Linux.

use std::fs;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Length of the period in which the share is used, in microseconds.
const PERIOD_US: u32 = 20_000;

/// A control group, removed when dropped. Drop its processes first.
pub(crate) struct Quota(PathBuf);

impl Quota {
    /// Limits a process to this percentage of a core.
    ///
    /// # Errors
    /// Without the right to make control groups.
    pub(crate) fn limit(process: u32, percent: u32) -> Result<Self, Error> {
        let one = Path::new("/sys/fs/cgroup/cpu");
        let is_first_version = one.is_dir();
        let parent = if is_first_version { one } else { Path::new("/sys/fs/cgroup") };
        let group = parent.join(format!("mini-tweet-bench-{process}"));
        let at = |error: std::io::Error| format!("{}: {error}", group.display());
        fs::create_dir(&group).map_err(at)?;
        let this = Self(group.clone());
        let quota = PERIOD_US * percent / 100;
        if is_first_version {
            fs::write(group.join("cpu.cfs_period_us"), PERIOD_US.to_string()).map_err(at)?;
            fs::write(group.join("cpu.cfs_quota_us"), quota.to_string()).map_err(at)?;
        } else {
            fs::write(group.join("cpu.max"), format!("{quota} {PERIOD_US}")).map_err(at)?;
        }
        fs::write(group.join("cgroup.procs"), process.to_string()).map_err(at)?;
        Ok(this)
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // A process that was killed leaves its group a moment later.
        for _ in 0..100 {
            if fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
