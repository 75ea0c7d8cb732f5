//! PostgreSQL servers for the scenario: on free ports of the loopback, with their data in temporary directories. They
//! sync as in production, and can be killed, stopped, restarted, replicated and promoted.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::time::{Duration, Instant, sleep};

use crate::error::Error;
use crate::server::DEADLINE;

/// A server, which ends with this value.
#[derive(Debug)]
pub(super) struct Postgres {
    directory: TempDir,
    port: u16,
    settings: Vec<String>,
    server: Child,
    /// Processes that were stopped, the first one last.
    paused: Vec<Pid>,
}

/// The directory of the programs of PostgreSQL. Debian has them outside of the usual path.
fn programs() -> Result<PathBuf, Error> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
    found.ok_or_else(|| "PostgreSQL is not installed (Debian package postgresql)".into())
}

/// A program of PostgreSQL, which refuses to run as root.
fn command(program: &str) -> Result<Command, Error> {
    let program = programs()?.join(program);
    if !rustix::process::geteuid().is_root() {
        return Ok(Command::new(program));
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    Ok(command)
}

fn succeeded(what: &str, out: &Output) -> Result<String, Error> {
    if out.status.success() {
        Ok(String::from_utf8_lossy(&out.stdout).trim_end().to_owned())
    } else {
        Err(format!("{what}: {}", String::from_utf8_lossy(&out.stderr).trim_end()).into())
    }
}

/// A directory that only PostgreSQL can read.
fn directory() -> Result<TempDir, Error> {
    let directory = tempfile::Builder::new().prefix("mini-tweet-torture-postgres-").tempdir()?;
    if rustix::process::geteuid().is_root() {
        let owned = Command::new("chown").arg("postgres:postgres").arg(directory.path()).output()?;
        succeeded("chown", &owned)?;
    }
    Ok(directory)
}

fn free_port() -> Result<u16, Error> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

impl Postgres {
    /// Starts a new server with these settings.
    pub(super) async fn start(settings: &[&str]) -> Result<Self, Error> {
        let directory = directory()?;
        let mut initdb = command("initdb")?;
        initdb.arg("-D").arg(directory.path().join("data"));
        initdb.args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]);
        succeeded("initdb", &initdb.output()?)?;
        Self::run(directory, settings).await
    }

    /// Starts a standby that follows this server.
    pub(super) async fn standby(&self) -> Result<Self, Error> {
        let directory = directory()?;
        let mut copy = command("pg_basebackup")?;
        copy.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "-R", "-c", "fast"]);
        copy.args(["--no-sync", "-D"]).arg(directory.path().join("data"));
        succeeded("pg_basebackup", &copy.output()?)?;
        Self::run(directory, &[]).await
    }

    async fn run(directory: TempDir, settings: &[&str]) -> Result<Self, Error> {
        let settings: Vec<_> = settings.iter().map(|&setting| setting.to_owned()).collect();
        let port = free_port()?;
        let server = spawn(directory.path(), port, &settings)?;
        let mut this = Self { directory, port, settings, server, paused: Vec::new() };
        this.wait().await?;
        Ok(this)
    }

    /// Waits until it answers. A server that was killed is still locked for a moment: then it is started again.
    async fn wait(&mut self) -> Result<(), Error> {
        let end = Instant::now() + DEADLINE;
        while let Err(error) = self.sql("postgres", "SELECT 1") {
            if Instant::now() > end {
                let log = fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
                return Err(format!("PostgreSQL did not start: {error}\n{log}").into());
            }
            if self.server.try_wait()?.is_some() {
                self.server = spawn(self.directory.path(), self.port, &self.settings)?;
            }
            sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    }

    /// Host and port.
    pub(super) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Runs a statement in a database, and returns what it prints.
    pub(super) fn sql(&self, database: &str, sql: &str) -> Result<String, Error> {
        let mut psql = Command::new(programs()?.join("psql"));
        let address = format!("postgres://postgres@{}/{database}?connect_timeout=2", self.address());
        succeeded(sql, &psql.args(["-qAtX", "-d", &address, "-c", sql]).output()?)
    }

    /// Creates an empty database.
    pub(super) fn create_database(&self, name: &str) -> Result<(), Error> {
        self.sql("postgres", &format!("CREATE DATABASE {name}")).map(drop)
    }

    /// Sends SIGKILL to the first process; the others end by themselves.
    pub(super) fn kill(&mut self) -> Result<(), Error> {
        self.server.kill()?;
        self.server.wait()?;
        Ok(())
    }

    /// Ends it as `pg_ctl stop -m immediate` does: without a checkpoint.
    pub(super) fn stop_immediately(&mut self) -> Result<(), Error> {
        kill_process(Pid::from_child(&self.server), Signal::QUIT)?;
        self.server.wait()?;
        Ok(())
    }

    /// Starts it again after it has ended.
    pub(super) async fn start_again(&mut self) -> Result<(), Error> {
        self.server = spawn(self.directory.path(), self.port, &self.settings)?;
        self.wait().await
    }

    /// Sends SIGSTOP to all its processes.
    pub(super) fn pause(&mut self) -> Result<(), Error> {
        let first = Pid::from_child(&self.server);
        // The first one starts the others: none is added after this.
        kill_process(first, Signal::STOP)?;
        let pid = self.server.id();
        let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children"))?;
        let children = children.split_whitespace().filter_map(|pid| Pid::from_raw(pid.parse().ok()?));
        for child in children {
            // It may have ended since.
            let _ = kill_process(child, Signal::STOP);
            self.paused.push(child);
        }
        self.paused.push(first);
        Ok(())
    }

    /// Lets it run again.
    pub(super) fn resume(&mut self) {
        for process in self.paused.drain(..) {
            let _ = kill_process(process, Signal::CONT);
        }
    }

    /// Makes a standby a primary.
    pub(super) fn promote(&self) -> Result<(), Error> {
        self.sql("postgres", "SELECT pg_promote(true, 60)").map(drop)
    }
}

fn spawn(directory: &Path, port: u16, settings: &[String]) -> Result<Child, Error> {
    let log = fs::OpenOptions::new().create(true).append(true).open(directory.join("log"))?;
    let mut server = command("postgres")?;
    server.arg("-D").arg(directory.join("data")).arg("-k").arg(directory).args(["-p", &port.to_string()]);
    let common = ["listen_addresses=127.0.0.1", "max_connections=200"].map(str::to_owned);
    for setting in common.iter().chain(settings) {
        server.args(["-c", setting]);
    }
    Ok(server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?)
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.resume();
        let _ = self.stop_immediately();
    }
}
