//! The server under test: a separate process on the loopback interface with its log in a file, and what `/proc` says
//! about it.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use client::Endpoint;
use protocol::tls::Fingerprint;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use crate::error::Error;

/// Longest wait for anything: far more than needed, so that a slow machine is not a failure.
pub(crate) const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until the condition is true.
///
/// # Errors
/// The condition is false after [`DEADLINE`].
pub(crate) async fn wait_until(what: &str, mut holds: impl FnMut() -> bool) -> Result<(), Error> {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        if Instant::now() > end {
            return Err(format!("timed out waiting until {what}").into());
        }
        sleep(Duration::from_millis(2)).await;
    }
    Ok(())
}

/// A temporary directory with mode 0700, as the server requires it; removed when dropped.
pub(crate) fn private_directory() -> Result<TempDir, Error> {
    let mode = fs::Permissions::from_mode(0o700);
    Ok(tempfile::Builder::new().prefix("mini-tweet-torture-").permissions(mode).tempdir()?)
}

/// How to start a server. It can be started any number of times.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    program: PathBuf,
    data: PathBuf,
    log: PathBuf,
    listen: String,
    wrapper: Vec<OsString>,
    arguments: Vec<OsString>,
    environment: Vec<(String, String)>,
    socket: Option<Arc<TcpListener>>,
}

impl Launch {
    /// `program serve` on this data directory and a free port, with TLS, and without rate and connection limits. The log
    /// is next to the data directory.
    pub(crate) fn new(program: &Path, data: &Path) -> Self {
        let limits = [
            ("SIGN_UPS_PER_ADDRESS", "0"),
            ("REQUESTS_PER_SECOND", "0"),
            ("NEW_ACCOUNT_POSTS", "0"),
            ("CONNECTIONS", "20000"),
            ("CONNECTIONS_PER_ADDRESS", "20000"),
            ("UNAUTHENTICATED_PER_ADDRESS", "20000"),
        ];
        let environment = limits.map(|(name, value)| (format!("MINI_TWEET_LIMITS_{name}"), value.to_owned()));
        Self {
            program: program.to_owned(),
            data: data.to_owned(),
            log: data.with_extension("log"),
            listen: "127.0.0.1:0".to_owned(),
            wrapper: Vec::new(),
            arguments: Vec::new(),
            environment: environment.to_vec(),
            socket: None,
        }
    }

    /// Writes the log to this file.
    pub(crate) fn logging_to(mut self, file: &Path) -> Self {
        file.clone_into(&mut self.log);
        self
    }

    /// The same with another data directory next to this one.
    pub(crate) fn sibling(&self, name: &str) -> Self {
        Self { data: self.data.with_file_name(name), ..self.clone() }
    }

    /// The same for this data directory.
    pub(crate) fn at(&self, data: &Path) -> Self {
        Self { data: data.to_owned(), ..self.clone() }
    }

    /// Sets an environment variable.
    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.environment.retain(|(known, _)| known != name);
        self.environment.push((name.to_owned(), value.into()));
        self
    }

    /// Adds an argument to `serve`.
    pub(crate) fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Listens on this address, for example the same one after a restart.
    pub(crate) fn listening_on(mut self, address: &str) -> Self {
        address.clone_into(&mut self.listen);
        self
    }

    /// Passes a listening socket that stays open during restarts, as systemd does.
    pub(crate) fn with_socket(mut self, socket: &Arc<TcpListener>) -> Self {
        // `exec` keeps the process id of the shell, which LISTEN_PID must be.
        let exec_server = "exec 3<&0 </dev/null; export LISTEN_PID=$$; exec \"$@\"";
        self.socket = Some(socket.clone());
        self.with("LISTEN_FDS", "1").with("LISTEN_FDNAMES", "native").wrapped_by([
            "sh",
            "-c",
            exec_server,
            "sh",
        ])
    }

    /// Starts the server with another program that executes it: `unshare …`, `fiu-run …`.
    pub(crate) fn wrapped_by<S: Into<OsString>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.wrapper = words.into_iter().map(Into::into).collect();
        self
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Path of the log.
    pub(crate) fn log(&self) -> &Path {
        &self.log
    }

    /// Path of the database.
    pub(crate) fn database(&self) -> PathBuf {
        self.data.join("mini-tweet.db")
    }

    /// Starts the process without waiting for it to listen.
    pub(crate) fn spawn(&self) -> Result<Process, Error> {
        let mut words = self.wrapper.clone();
        words.push(self.program.clone().into());
        words.extend(["serve", "--listen", &self.listen, "--data"].map(OsString::from));
        words.push(self.data.clone().into());
        words.extend(self.arguments.iter().cloned());
        let mut command = clean_command(&words[0]);
        command.args(&words[1..]).envs(self.environment.iter().cloned());
        let log = OpenOptions::new().create(true).append(true).open(&self.log)?;
        let log_start = log.metadata()?.len();
        let stdin = match &self.socket {
            Some(socket) => Stdio::from(OwnedFd::from(socket.try_clone()?)),
            None => Stdio::null(),
        };
        let child = command.stdin(stdin).stdout(log.try_clone()?).stderr(log).spawn();
        let child = child.map_err(|error| format!("{}: {error}", words[0].to_string_lossy()))?;
        Ok(Process { child, log: self.log.clone(), log_start })
    }

    /// Starts the server and waits until it listens.
    pub(crate) async fn start(&self) -> Result<Server, Error> {
        let mut process = self.spawn()?;
        let end = Instant::now() + DEADLINE;
        loop {
            let text = process.output();
            if let Some((_, rest)) = text.split_once("listening on ") {
                let address = rest.split([' ', ',', '\n']).next().unwrap_or_default().to_owned();
                let fingerprint = text.split_once("fingerprint=").map(|(_, rest)| rest);
                let fingerprint =
                    fingerprint.and_then(|rest| Fingerprint::parse(rest.split_whitespace().next()?));
                return Ok(Server { process, address, fingerprint });
            }
            if process.has_ended()? || Instant::now() > end {
                return Err(format!("the server did not start: {text}").into());
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Runs an operator command on the data directory: `check`, `backup FILE`.
    pub(crate) fn operator(&self, args: &[&str]) -> Result<Output, Error> {
        self.operator_with_stdin(args, "")
    }

    /// The same with this on its stdin, for example a password.
    pub(crate) fn operator_with_stdin(&self, args: &[&str], line: &str) -> Result<Output, Error> {
        let mut command = clean_command(self.program.as_os_str());
        command.args(args).arg("--data").arg(&self.data).envs(self.environment.iter().cloned());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // A command that reads no input may have ended already.
            let _ = stdin.write_all(line.as_bytes());
        }
        Ok(child.wait_with_output()?)
    }

    /// Runs a command that names no data directory by `--data`, and returns what it prints.
    pub(crate) fn run(&self, args: &[&str]) -> Result<String, Error> {
        let out = clean_command(self.program.as_os_str()).args(args).stdin(Stdio::null()).output()?;
        let text = String::from_utf8_lossy(&[out.stdout, out.stderr].concat()).into_owned();
        if out.status.success() { Ok(text) } else { Err(text.into()) }
    }

    /// Problems that `check` finds in the database, one line each.
    pub(crate) fn check(&self) -> Result<Vec<String>, Error> {
        let out = self.operator(&["check"])?;
        if out.status.success() {
            return Ok(Vec::new());
        }
        let text = [out.stdout, out.stderr].concat();
        Ok(String::from_utf8_lossy(&text).lines().map(|line| format!("check: {line}")).collect())
    }
}

/// A command without the `MINI_TWEET_*` variables of the developer.
fn clean_command(program: &std::ffi::OsStr) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MINI_TWEET_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8");
    command
}

/// A running process, killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    log_start: u64,
}

impl Process {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The log of this process so far.
    pub(crate) fn output(&self) -> String {
        let log = fs::read(&self.log).unwrap_or_default();
        String::from_utf8_lossy(log.get(self.log_start as usize..).unwrap_or_default()).into_owned()
    }

    pub(crate) fn has_ended(&mut self) -> Result<bool, Error> {
        Ok(self.child.try_wait()?.is_some())
    }

    /// Sends SIGKILL.
    pub(crate) fn kill(&mut self) -> Result<(), Error> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    pub(crate) fn signal(&self, signal: Signal) -> Result<(), Error> {
        Ok(kill_process(Pid::from_child(&self.child), signal)?)
    }

    /// Waits until the process ends by itself.
    pub(crate) async fn wait(&mut self) -> Result<ExitStatus, Error> {
        let child = &mut self.child;
        wait_until("the server ends", || !matches!(child.try_wait(), Ok(None))).await?;
        Ok(self.child.wait()?)
    }

    /// Resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> Result<u64, Error> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).ok_or("/proc: no VmRSS")?;
        let kibibytes: u64 = line.split_whitespace().nth(1).ok_or("/proc: no VmRSS")?.parse()?;
        Ok(kibibytes * 1_024)
    }

    /// CPU time so far: all threads, user and kernel.
    pub(crate) fn cpu(&self) -> Result<Duration, Error> {
        // Linux reports times in units of 1/100 s (USER_HZ).
        const TICK: Duration = Duration::from_millis(10);
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.id()))?;
        // The program name is in parentheses and may contain any character.
        let (_, fields) = stat.rsplit_once(')').ok_or("/proc: no name")?;
        let field = |n: usize| fields.split_whitespace().nth(n).and_then(|f| f.parse::<u32>().ok());
        let ticks = field(11).zip(field(12)).map(|(user, system)| user + system);
        Ok(TICK * ticks.ok_or("/proc: no times")?)
    }

    /// Number of open file descriptors.
    pub(crate) fn open_files(&self) -> Result<usize, Error> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.id()))?.count())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that listens.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) process: Process,
    /// Host and port.
    pub(crate) address: String,
    /// Fingerprint of its TLS key; `None` without TLS.
    pub(crate) fingerprint: Option<Fingerprint>,
}

impl Server {
    /// Client options for this server, without a session.
    pub(crate) fn options(&self) -> Result<client::Options, Error> {
        self.options_for(&self.address)
    }

    /// The same for another address that leads to the server, such as a proxy.
    pub(crate) fn options_for(&self, address: &str) -> Result<client::Options, Error> {
        // The key is known, so the file of known hosts is not used.
        let mut options = client::Options::new(Endpoint::parse(address)?, PathBuf::from("/dev/null"));
        options.fingerprint = self.fingerprint;
        options.insecure = self.fingerprint.is_none();
        options.timeout = DEADLINE;
        Ok(options)
    }

    /// Sends SIGTERM and waits for the end of the process.
    pub(crate) async fn stop(mut self) -> Result<ExitStatus, Error> {
        self.process.signal(Signal::TERM)?;
        self.process.wait().await
    }
}
