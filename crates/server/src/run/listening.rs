//! The file in the data directory that says where the server of this directory listens, for other programs of the same
//! user: they can tell this server from another program that uses the port.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use protocol::tls::Fingerprint;
use serde::{Deserialize, Serialize};

/// Name of the file.
const FILE: &str = "listening.toml";

/// Where a server listens. It is true as long as the process runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listening {
    /// The process.
    pub process: u32,
    /// Address of the native protocol, with the actual port.
    pub address: SocketAddr,
    /// Fingerprint of the TLS key; `None` without TLS.
    pub fingerprint: Option<Fingerprint>,
}

/// The same as it is written.
#[derive(Serialize, Deserialize)]
struct Written {
    process: u32,
    address: SocketAddr,
    fingerprint: Option<String>,
}

/// Writes a file that only its owner can access.
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    // One that is left of a start that was interrupted.
    let _ = std::fs::remove_file(path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

impl Listening {
    /// What the server of this data directory has written at its last start; `None` if there is nothing that can be read.
    #[must_use]
    pub fn load(data_dir: &Path) -> Option<Self> {
        let text = std::fs::read_to_string(file(data_dir)).ok()?;
        let Written { process, address, fingerprint } = toml::from_str(&text).ok()?;
        let fingerprint = match fingerprint {
            Some(text) => Some(Fingerprint::parse(&text)?),
            None => None,
        };
        Some(Self { process, address, fingerprint })
    }

    /// Writes the file. Without it the server works; other programs do not recognise it.
    pub(super) fn save(self, data_dir: &Path) {
        let Self { process, address, fingerprint } = self;
        let written = Written { process, address, fingerprint: fingerprint.map(|key| key.to_string()) };
        let (file, unfinished) = (file(data_dir), data_dir.join(format!("{FILE}.unfinished")));
        let saved = toml::to_string(&written)
            .map_err(std::io::Error::other)
            .and_then(|text| write_private(&unfinished, &text))
            .and_then(|()| std::fs::rename(&unfinished, &file));
        if let Err(error) = saved {
            tracing::warn!(%error, "cannot write {}", file.display());
        }
    }

    /// Removes the file: the server ends.
    pub(super) fn remove(data_dir: &Path) {
        // Without the process it says nothing.
        let _ = std::fs::remove_file(file(data_dir));
    }
}

fn file(data_dir: &Path) -> PathBuf {
    data_dir.join(FILE)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Listening::load(directory.path()), None);
        for fingerprint in [Fingerprint::parse("SHA256:u6cSixuwTcYVzrA2NltY/4e3a//BYobnCyorL5fE7c0"), None] {
            let listening =
                Listening { process: 12, address: "127.0.0.1:4280".parse().unwrap(), fingerprint };
            listening.save(directory.path());
            assert_eq!(Listening::load(directory.path()), Some(listening));
            let mode = file(directory.path()).metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "no one else can read or change it");
        }
        Listening::remove(directory.path());
        assert_eq!(Listening::load(directory.path()), None);
    }
}
