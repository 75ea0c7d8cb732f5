//! What is measured runs as a process of its own; `/proc` says what it costs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::Error;
use crate::link::{Address, Link};
use crate::prepare::token;

/// A running process, ended when dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).spawn().map_err(|error| format!("{program}: {error}"))?;
        Ok(Self(child))
    }

    /// Time on a processor so far, of all threads, in the kernel too.
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        // Linux counts in hundredths of a second for every program (USER_HZ).
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.id()))?;
        // The name of the program stands in parentheses and may hold anything.
        let (_, fields) = stat.rsplit_once(')').ok_or("/proc: no name")?;
        let field = |n: usize| fields.split_whitespace().nth(n).and_then(|f| f.parse::<u32>().ok());
        let ticks = field(11).zip(field(12)).map(|(user, system)| user + system);
        Ok(TICK * ticks.ok_or("/proc: no times")?)
    }

    /// Resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.0.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("/proc: no VmRSS")?;
        let kibibytes: u64 = line.split_whitespace().nth(1).ok_or("/proc: no VmRSS")?.parse()?;
        Ok(kibibytes * 1_024)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A server that speaks the project's protocol.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: Address,
}

impl Server {
    /// Starts `program serve` on this data directory, without the limits that protect from strangers.
    pub(crate) async fn start(program: &Path, data: &Path, tls: bool) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
        if !tls {
            command.arg("--insecure");
        }
        for (limit, value) in [
            ("SIGN_UPS_PER_ADDRESS", "0"),
            ("REQUESTS_PER_SECOND", "0"),
            ("QUEUE_MS", "0"),
            ("NEW_ACCOUNT_POSTS", "0"),
            ("HEARTBEAT_SECONDS", "3600"),
            ("CONNECTIONS", "20000"),
            ("CONNECTIONS_PER_ADDRESS", "20000"),
            ("UNAUTHENTICATED_PER_ADDRESS", "20000"),
        ] {
            command.env(format!("MINI_TWEET_LIMITS_{limit}"), value);
        }
        Self::start_command(&mut command, data, tls).await
    }

    /// Starts this very program as a server that answers every request with so many bytes.
    pub(crate) async fn start_echo(bytes: usize, data: &Path, tls: bool) -> Result<Self, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["echo", "--bytes", &bytes.to_string()]);
        if tls {
            command.arg("--tls");
        }
        Self::start_command(&mut command, data, tls).await
    }

    /// Starts this very program as a server that writes events of so many bytes.
    pub(crate) async fn start_push(bytes: usize, data: &Path) -> Result<Self, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["push", "--bytes", &bytes.to_string()]);
        Self::start_command(&mut command, data, false).await
    }

    async fn start_command(command: &mut Command, data: &Path, tls: bool) -> Result<Self, Error> {
        let log = data.join("log");
        let file = fs::File::create(&log)?;
        let process = Process::start(command.stdout(file.try_clone()?).stderr(file))?;
        // A start is measured too: look often.
        for _ in 0..30_000 {
            if let Some((_, rest)) = fs::read_to_string(&log)?.split_once("listening on ") {
                let address = rest.split([' ', ',', '\n']).next().unwrap_or_default();
                return Ok(Self { process, address: Address { tcp: address.parse()?, tls } });
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(format!("it did not start: {}", fs::read_to_string(&log)?).into())
    }

    /// Connections of people whose sessions are open already.
    pub(crate) async fn log_in(&self, people: impl IntoIterator<Item = usize>) -> Result<Vec<Link>, Error> {
        let mut links = Vec::new();
        for person in people {
            let mut link = Link::connect(self.address).await?;
            link.authenticate(&token(person)).await?;
            links.push(link);
        }
        Ok(links)
    }
}

/// A free port for a program that cannot choose one by itself.
pub(crate) fn free_port() -> Result<u16, Error> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A directory that goes with its handle, closed to others as the server wants it.
pub(crate) fn private_directory() -> Result<TempDir, Error> {
    let mode = fs::Permissions::from_mode(0o700);
    Ok(tempfile::Builder::new().prefix("mini-tweet-bench-").permissions(mode).tempdir()?)
}
