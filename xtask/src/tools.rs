//! System programs that the tests start.

use std::path::PathBuf;
use std::process::Command;

use crate::process::{Outcome, run};

/// Program and the Debian package that contains it.
const REQUIRED: [(&str, &str); 14] = [
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
    ("nats-server", "nats-server"),
];

/// Programs that only `cargo xtask cluster` starts.
const OPTIONAL: [(&str, &str); 1] = [("haproxy", "haproxy")];

/// The directories of the programs of PostgreSQL: Debian has them outside of the path.
fn postgres_directories() -> impl Iterator<Item = PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    versions.map(|version| version.path().join("bin"))
}

/// The directory of the programs of PostgreSQL.
///
/// # Errors
/// When there is none.
pub(crate) fn postgres_programs() -> Result<PathBuf, String> {
    let found = postgres_directories().find(|directory| directory.join("initdb").exists());
    found.ok_or_else(|| "please install postgresql".to_owned())
}

/// Whether a program is in the path, or where Debian has the programs of PostgreSQL.
fn exists(program: &str) -> bool {
    postgres_directories().any(|directory| directory.join(program).exists())
        || Command::new(program).arg("--version").output().is_ok()
}

/// Checks that these programs are there.
///
/// # Errors
/// Names the packages to install.
pub(crate) fn require(programs: &[&str]) -> Outcome {
    let known = REQUIRED.iter().chain(&OPTIONAL);
    let missing = known.filter(|(program, _)| programs.contains(program) && !exists(program));
    let missing: Vec<&str> = missing.map(|(_, package)| *package).collect();
    if missing.is_empty() { Ok(()) } else { Err(format!("please install {}", missing.join(", "))) }
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
