//! The keys of known servers, one line per server: `host:port SHA256:… 2026-11-21`, with the day on which the key became
//! known, if that is known.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::PathBuf;

use jiff::civil::Date;
use model::os_error_in_words;
use protocol::tls::Fingerprint;

use crate::error::ClientError;
use crate::files::Durability;

/// The key of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerKey {
    /// Its fingerprint.
    pub fingerprint: Fingerprint,
    /// The day in UTC on which it became known; `None` if the file does not say it.
    pub since: Option<Date>,
}

/// The file of known servers.
#[derive(Debug, Clone)]
pub(crate) struct KnownHosts(PathBuf);

impl KnownHosts {
    pub(crate) fn in_file(path: PathBuf) -> Self {
        Self(path)
    }

    /// The key of this server, if it is known.
    pub(crate) fn find(&self, endpoint: &str) -> Result<Option<ServerKey>, ClientError> {
        let text = match fs::read_to_string(&self.0) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(self.wrong(os_error_in_words(&error))),
        };
        for line in text.lines() {
            let mut words = line.split_whitespace();
            if words.next() == Some(endpoint) {
                let fingerprint = words.next().and_then(Fingerprint::parse);
                let since = words.next().and_then(|day| day.parse().ok());
                let key = fingerprint.map(|fingerprint| ServerKey { fingerprint, since });
                // A broken line must not make the server count as new: any key would be accepted.
                return key.map(Some).ok_or_else(|| {
                    self.wrong(format!("the line for {endpoint} has no valid key; fix or remove it"))
                });
            }
        }
        Ok(None)
    }

    /// Adds a new server.
    pub(crate) fn add(&self, endpoint: &str, key: ServerKey) -> Result<(), ClientError> {
        let line = line(endpoint, key) + "\n";
        let write = || {
            if let Some(directory) = self.0.parent() {
                crate::files::create_directory(directory)?;
            }
            let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(&self.0)?;
            // One write: several processes may append at the same time.
            file.write_all(line.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error: io::Error| self.wrong(os_error_in_words(&error)))
    }

    /// Replaces the key of a server that is known.
    pub(crate) fn replace(&self, endpoint: &str, key: ServerKey) -> Result<(), ClientError> {
        let is_other = |line: &&str| line.split_whitespace().next() != Some(endpoint);
        let write = || {
            let text = fs::read_to_string(&self.0)?;
            let mut lines: Vec<_> = text.lines().filter(is_other).map(str::to_owned).collect();
            lines.push(line(endpoint, key));
            crate::files::replace(&self.0, (lines.join("\n") + "\n").as_bytes(), Durability::Durable)
        };
        write().map_err(|error: io::Error| self.wrong(os_error_in_words(&error)))
    }

    fn wrong(&self, problem: String) -> ClientError {
        ClientError::File { path: self.0.clone(), problem }
    }
}

/// The line for a server.
fn line(endpoint: &str, key: ServerKey) -> String {
    let since = key.since.map_or_else(String::new, |day| format!(" {day}"));
    format!("{endpoint} {}{since}", key.fingerprint)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use protocol::tls::Identity;

    fn key(since: Option<Date>) -> ServerKey {
        let pem = Identity::generate_pem().unwrap();
        ServerKey { fingerprint: Identity::from_pem(&pem, &pem).unwrap().fingerprint(), since }
    }

    #[test]
    fn a_server_is_known_after_it_was_added_and_only_that_one() {
        let directory = tempfile::tempdir().unwrap();
        let hosts = KnownHosts::in_file(directory.path().join("deep/known_hosts"));
        let (one, two) = (key(None), key(Some(jiff::civil::date(2026, 11, 21))));
        assert_eq!(hosts.find("a:1").unwrap(), None);
        hosts.add("a:1", one).unwrap();
        hosts.add("b:1", two).unwrap();
        // Whichever file of the client is the first, the directory is private.
        let mode = fs::metadata(hosts.0.parent().unwrap()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
        assert_eq!(hosts.find("a:1").unwrap(), Some(one));
        assert_eq!(hosts.find("b:1").unwrap(), Some(two));
        assert_eq!(hosts.find("a:11").unwrap(), None);
        // Former versions wrote no day, and read the line with one.
        let text = fs::read_to_string(hosts.0).unwrap();
        assert_eq!(text, format!("a:1 {}\nb:1 {} 2026-11-21\n", one.fingerprint, two.fingerprint));
    }

    #[test]
    fn a_replaced_key_takes_the_place_of_the_former_one_and_of_no_other() {
        let directory = tempfile::tempdir().unwrap();
        let hosts = KnownHosts::in_file(directory.path().join("known_hosts"));
        let [one, two, new] = [(); 3].map(|()| key(None));
        hosts.add("a:1", one).unwrap();
        hosts.add("b:1", two).unwrap();
        hosts.replace("a:1", new).unwrap();
        assert_eq!(hosts.find("a:1").unwrap(), Some(new));
        assert_eq!(hosts.find("b:1").unwrap(), Some(two));
        assert_eq!(fs::read_to_string(&hosts.0).unwrap().lines().count(), 2);
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
