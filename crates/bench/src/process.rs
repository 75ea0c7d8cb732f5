//! Servers as separate processes, and what `/proc` says about them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::connection::{Address, Connection};
use crate::error::Error;
use crate::prepare::token;

/// A running process, killed when dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(command: &mut Command) -> Result<Self, Error> {
        let program = command.get_program().to_string_lossy().into_owned();
        let child = command.stdin(Stdio::null()).spawn().map_err(|error| format!("{program}: {error}"))?;
        Ok(Self(child))
    }

    /// CPU time so far: all threads, user and kernel.
    pub(crate) fn cpu_time(&self) -> Result<Duration, Error> {
        Ok(cpu_time(self.0.id())?.own)
    }

    /// Its number.
    pub(crate) fn id(&self) -> u32 {
        self.0.id()
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

/// The CPU time of a process so far: all threads, user and kernel.
pub(crate) struct CpuTime {
    pub(crate) parent: u32,
    pub(crate) own: Duration,
    /// With the time of the children that have ended.
    pub(crate) with_children: Duration,
}

/// The CPU time of the process with this number.
pub(crate) fn cpu_time(process: u32) -> Result<CpuTime, Error> {
    // Linux reports times in units of 1/100 s (USER_HZ).
    const TICK: Duration = Duration::from_millis(10);
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The program name is in parentheses and may contain any character.
    let (_, fields) = stat.rsplit_once(')').ok_or("/proc: no name")?;
    let fields: Vec<_> = fields.split_whitespace().map(str::parse::<u32>).collect();
    let field = |n: usize| match fields.get(n) {
        Some(Ok(value)) => Ok(*value),
        _ => Err("/proc: no times"),
    };
    let own = TICK * (field(11)? + field(12)?);
    let with_children = own + TICK * (field(13)? + field(14)?);
    Ok(CpuTime { parent: field(1)?, own, with_children })
}

/// A server of the native protocol.
pub(crate) struct Server {
    pub(crate) process: Process,
    pub(crate) address: Address,
}

impl Server {
    /// Starts `program serve` on this data directory, without rate and connection limits.
    pub(crate) async fn start(program: &Path, data: &Path, tls: bool) -> Result<Self, Error> {
        Self::start_on(program, data, tls, None).await
    }

    /// The same on a shared database, if one is given.
    pub(crate) async fn start_on(
        program: &Path,
        data: &Path,
        tls: bool,
        database: Option<&str>,
    ) -> Result<Self, Error> {
        let mut command = Command::new(program);
        command.arg("serve").args(["--listen", "127.0.0.1:0", "--data"]).arg(data);
        if let Some(database) = database {
            command.env("MINI_TWEET_STORE", database);
        }
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

    /// Starts this program as the baseline for reads, with responses of this size.
    pub(crate) async fn start_echo(bytes: usize, data: &Path, tls: bool) -> Result<Self, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["echo", "--bytes", &bytes.to_string()]);
        if tls {
            command.arg("--tls");
        }
        Self::start_command(&mut command, data, tls).await
    }

    /// Starts this program as the baseline for deliveries, with events of this size.
    pub(crate) async fn start_bare_write(bytes: usize, data: &Path) -> Result<Self, Error> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["bare-write", "--bytes", &bytes.to_string()]);
        Self::start_command(&mut command, data, false).await
    }

    async fn start_command(command: &mut Command, data: &Path, tls: bool) -> Result<Self, Error> {
        let log = data.join("log");
        let file = fs::File::create(&log)?;
        let process = Process::start(command.stdout(file.try_clone()?).stderr(file))?;
        // Polls often, because the time of a start is measured too.
        for _ in 0..30_000 {
            if let Some((_, rest)) = fs::read_to_string(&log)?.split_once("listening on ") {
                let address = rest.split([' ', ',', '\n']).next().unwrap_or_default();
                return Ok(Self { process, address: Address { tcp: address.parse()?, tls } });
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Err(format!("the server did not start: {}", fs::read_to_string(&log)?).into())
    }

    /// Connects and resumes the session of each account.
    pub(crate) async fn log_in(
        &self,
        accounts: impl IntoIterator<Item = usize>,
    ) -> Result<Vec<Connection>, Error> {
        let mut connections = Vec::new();
        for account in accounts {
            let mut connection = Connection::connect(self.address).await?;
            connection.authenticate(&token(account)).await?;
            connections.push(connection);
        }
        Ok(connections)
    }
}

/// A free port, for a program that cannot choose one itself.
pub(crate) fn free_port() -> Result<u16, Error> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// A temporary directory with mode 0700, as the server requires it; removed when dropped.
pub(crate) fn private_directory() -> Result<TempDir, Error> {
    let mode = fs::Permissions::from_mode(0o700);
    Ok(tempfile::Builder::new().prefix("mini-tweet-bench-").permissions(mode).tempdir()?)
}
