//! The keys of known servers, one line per server: `host:port SHA256:…`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use protocol::tls::Fingerprint;

use crate::error::ClientError;

/// The file of known servers.
#[derive(Debug, Clone)]
pub(crate) struct KnownHosts(PathBuf);

impl KnownHosts {
    pub(crate) fn in_file(path: PathBuf) -> Self {
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The key of this server, if it is known.
    pub(crate) fn find(&self, endpoint: &str) -> Result<Option<Fingerprint>, ClientError> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.wrong(error.to_string())),
        };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            if words.next() == Some(endpoint) {
                let key = words.next().and_then(Fingerprint::parse);
                // A broken line must not make the server count as new: any key would be accepted.
                return key.map(Some).ok_or_else(|| {
                    self.wrong(format!("the line for {endpoint} has no valid key; fix or remove it"))
                });
            }
        }
        Ok(None)
    }

    /// Adds a new server.
    pub(crate) fn add(&self, endpoint: &str, key: Fingerprint) -> Result<(), ClientError> {
        let write = || {
            if let Some(directory) = self.0.parent() {
                fs::create_dir_all(directory)?;
            }
            let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.0)?;
            // One write: several processes may append at the same time.
            file.write_all(format!("{endpoint} {key}\n").as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error: io::Error| self.wrong(error.to_string()))
    }

    fn wrong(&self, problem: String) -> ClientError {
        ClientError::File { path: self.0.clone(), problem }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use protocol::tls::Identity;

    fn key() -> Fingerprint {
        let pem = Identity::generate_pem().unwrap();
        Identity::from_pem(&pem, &pem).unwrap().fingerprint()
    }

    #[test]
    fn a_server_is_known_after_it_was_added_and_only_that_one() {
        let directory = tempfile::tempdir().unwrap();
        let hosts = KnownHosts::in_file(directory.path().join("deep/known_hosts"));
        let (one, two) = (key(), key());
        assert_eq!(hosts.find("a:1").unwrap(), None);
        hosts.add("a:1", one).unwrap();
        hosts.add("b:1", two).unwrap();
        assert_eq!(hosts.find("a:1").unwrap(), Some(one));
        assert_eq!(hosts.find("b:1").unwrap(), Some(two));
        assert_eq!(hosts.find("a:11").unwrap(), None);
    }

    #[test]
    fn a_broken_line_is_an_error_and_not_an_unknown_server() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("known_hosts");
        fs::write(&path, "a:1 SHA256:nonsense\n").unwrap();
        let refused = KnownHosts::in_file(path).find("a:1");
        assert!(matches!(refused, Err(ClientError::File { .. })), "{refused:?}");
    }
}
