//! System programs that the tests start.

use std::process::Command;

use crate::process::{Outcome, run};

/// Program and the Debian package that contains it.
const REQUIRED: [(&str, &str); 13] = [
    ("cc", "gcc"),
    ("python3", "python3"),
    ("ssh", "openssh-client"),
    ("ssh-keygen", "openssh-client"),
    ("systemd-analyze", "systemd"),
    ("unshare", "util-linux"),
    ("fusermount3", "fuse3"),
    ("fiu-run", "fiu-utils"),
    ("faketime", "faketime"),
    ("strace", "strace"),
    ("openssl", "openssl"),
    ("initdb", "postgresql"),
    ("redis-server", "redis-server"),
];

/// Whether a program is in the path, or where Debian has the programs of PostgreSQL.
fn exists(program: &str) -> bool {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin").join(program)).any(|path| path.exists())
        || Command::new(program).arg("--version").output().is_ok()
}

/// Installs the missing programs with apt-get.
///
/// # Errors
/// Names the packages to install if apt-get is not available or not permitted.
pub(crate) fn install() -> Outcome {
    let missing: Vec<&str> =
        REQUIRED.iter().filter(|(program, _)| !exists(program)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    // A new machine may not have any package lists yet.
    run(Command::new("apt-get").args(["update", "--quiet"]))
        .and_then(|()| run(Command::new("apt-get").args(["install", "--yes"]).args(&missing)))
        .map_err(|error| format!("please install {}: {error}", missing.join(", ")))
}
