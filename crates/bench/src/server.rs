//! The server under measurement: a separate process with a fresh data directory on a free port.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use client::{Client, Endpoint};
use tempfile::TempDir;

use crate::Error;

/// A running server.
pub(crate) struct Server {
    child: Child,
    directory: TempDir,
    address: String,
}

impl Server {
    /// Starts `program serve` without the limits that protect from strangers.
    pub(crate) async fn start(program: &Path) -> Result<Self, Error> {
        let directory = tempfile::tempdir()?;
        let log = directory.path().join("log");
        let file = std::fs::File::create(&log)?;
        let child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(directory.path().join("data"))
            .env("MINI_TWEET_LIMITS_SIGN_UPS_PER_ADDRESS", "0")
            .env("MINI_TWEET_LIMITS_REQUESTS_PER_SECOND", "0")
            .env("MINI_TWEET_LIMITS_CONNECTIONS_PER_ADDRESS", "20000")
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .map_err(|e| format!("{}: {e}; build it with cargo build --release", program.display()))?;
        let mut server = Self { child, directory, address: String::new() };
        for _ in 0..500 {
            let text = std::fs::read_to_string(&log)?;
            if let Some((_, rest)) = text.split_once("listening on ") {
                server.address = rest.split([' ', ',', '\n']).next().unwrap_or_default().to_owned();
                return Ok(server);
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Err(format!("the server did not start: {}", std::fs::read_to_string(&log)?).into())
    }

    /// A new connection, not signed in.
    pub(crate) async fn connect(&self) -> Result<Client, Error> {
        let options =
            client::Options::new(Endpoint::parse(&self.address)?, self.directory.path().join("known_hosts"));
        Ok(Client::connect(options).await?)
    }

    /// A connection with the operator's rights.
    pub(crate) async fn operator(&self) -> Result<Client, Error> {
        let socket: PathBuf = self.directory.path().join("data/operator.sock");
        let endpoint = Endpoint::parse(&format!("unix:{}", socket.display()))?;
        let options = client::Options::new(endpoint, self.directory.path().join("known_hosts"));
        Ok(Client::connect(options).await?)
    }

    /// Resident memory in bytes, from `/proc`.
    pub(crate) fn resident_bytes(&self) -> Result<u64, Error> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|l| l.starts_with("VmRSS:")).ok_or("no VmRSS")?;
        let kibibytes: u64 = line.split_whitespace().nth(1).ok_or("no VmRSS")?.parse()?;
        Ok(kibibytes * 1_024)
    }

    /// Ends the process.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
