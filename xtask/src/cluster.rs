//! `cargo xtask cluster`: several servers of one network on this machine, to try: PostgreSQL, NATS, two servers and HAProxy in
//! front of them, with their data in a temporary directory.

use std::io::Write as _;
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

use crate::process::Outcome;
use crate::tools;

const PASSWORD: &str = "correct horse 9";
/// Longest wait for a program to start, and to stop.
const DEADLINE: Duration = Duration::from_secs(60);
/// How often is checked whether all programs run.
const CHECK_EVERY: Duration = Duration::from_secs(1);

/// A program of the cluster, which is stopped with this value.
struct Part {
    name: String,
    process: Child,
    /// Makes it stop.
    stop: Signal,
}

/// All of them; the directory is deleted after they have ended.
struct Cluster {
    parts: Vec<Part>,
    directory: TempDir,
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // In the opposite order: the database last.
        while self.parts.pop().is_some() {}
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = kill_process(Pid::from_child(&self.process), self.stop);
        let end = Instant::now() + DEADLINE;
        while Instant::now() < end && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A server that runs.
struct Server {
    address: String,
    fingerprint: String,
    log: PathBuf,
    process: u32,
}

/// Starts the cluster. With a command it runs that, else it waits for Ctrl-C; then it stops everything and deletes the data.
pub(crate) fn run(program: &Path, command: &[&str]) -> Outcome {
    tools::require(&["initdb", "nats-server", "haproxy"])?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    // From now on these signals do not end this process at once.
    let signals = runtime.block_on(async {
        Ok::<_, std::io::Error>([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?])
    });
    let [mut interrupt, mut terminate] = signals.map_err(|error| error.to_string())?;
    let directory = TempDir::with_prefix("mini-tweet-cluster-").map_err(|error| error.to_string())?;
    let mut cluster = Cluster { parts: Vec::new(), directory };
    let (database, bus) = (cluster.start_postgres()?, cluster.start_nats()?);
    let servers = [
        cluster.start_server(program, "first", &database, &bus)?,
        cluster.start_server(program, "second", &database, &bus)?,
    ];
    let address = cluster.start_balancer(&servers)?;
    cluster.create_account(program)?;
    if let [name, arguments @ ..] = command {
        let mut command = Command::new(name);
        command.args(arguments).env("MINI_TWEET_SERVER", &address);
        command.env("MINI_TWEET_FINGERPRINT", &servers[0].fingerprint);
        return crate::process::run(&mut command);
    }
    explain(program, &address, &servers, &database, &bus);
    runtime.block_on(async {
        let mut check = tokio::time::interval(CHECK_EVERY);
        loop {
            tokio::select! {
                _ = interrupt.recv() => break,
                _ = terminate.recv() => break,
                _ = check.tick() => cluster.report_ended(),
            }
        }
    });
    println!("\nStopping…");
    Ok(())
}

fn explain(program: &Path, address: &str, servers: &[Server; 2], database: &str, bus: &str) {
    let program = program.display();
    let [first, second] = servers;
    println!(
        "\nTwo servers of one network run, behind a balancer at {address}.\n\n\
         Sign in as ada (password: {PASSWORD}), or sign up:\n  \
         {program} --server {address} --fingerprint {key} login ada\n  \
         {program} --server {address} --fingerprint {key} signup NAME\n\n\
         first server   {}, process {}, log {}\n\
         second server  {}, process {}, log {}\n\
         database       {database}\n\
         bus            {bus}\n\n\
         Stop a server with `kill -9 PROCESS`: people go on at the other one.\n\
         Ctrl-C stops everything and deletes the data.",
        first.address,
        first.process,
        first.log.display(),
        second.address,
        second.process,
        second.log.display(),
        key = first.fingerprint,
    );
}

/// A free port of the loopback.
fn free_address() -> Result<(String, u16), String> {
    let address = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let address = address.map_err(|error| error.to_string())?;
    Ok((address.to_string(), address.port()))
}

/// A program that refuses to run as root.
fn as_other_user(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

impl Cluster {
    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Starts a program whose log goes to a file of its name.
    fn start(&mut self, name: &str, command: &mut Command, stop: Signal) -> Result<PathBuf, String> {
        let log = self.path(&format!("{name}.log"));
        let file = std::fs::File::create(&log).map_err(|error| error.to_string())?;
        let copy = file.try_clone().map_err(|error| error.to_string())?;
        // In a process group of its own: Ctrl-C is for this process, which then stops one after the other.
        let command = command.stdin(Stdio::null()).stdout(copy).stderr(file).process_group(0);
        let process = command.spawn().map_err(|error| format!("{command:?}: {error}"))?;
        self.parts.push(Part { name: name.to_owned(), process, stop });
        Ok(log)
    }

    /// Waits until the program that was started last is ready.
    fn wait<T>(&mut self, log: &Path, mut ready: impl FnMut(&str) -> Option<T>) -> Result<T, String> {
        let end = Instant::now() + DEADLINE;
        loop {
            let text = std::fs::read_to_string(log).unwrap_or_default();
            if let Some(value) = ready(&text) {
                return Ok(value);
            }
            let ended = self.parts.last_mut().is_none_or(|part| !matches!(part.process.try_wait(), Ok(None)));
            if ended || Instant::now() >= end {
                return Err(format!("{} did not start:\n{text}", log.display()));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Says which programs have ended, once.
    fn report_ended(&mut self) {
        self.parts.retain_mut(|part| match part.process.try_wait() {
            Ok(Some(status)) => {
                println!("{} has ended: {status}", part.name);
                false
            }
            _ => true,
        });
    }

    fn start_postgres(&mut self) -> Result<String, String> {
        let directory = self.path("postgresql");
        std::fs::create_dir(&directory).map_err(|error| error.to_string())?;
        if rustix::process::geteuid().is_root() {
            // It has to pass through the directory above.
            crate::process::run(Command::new("chmod").arg("711").arg(self.directory.path()))?;
            crate::process::run(Command::new("chown").arg("postgres:postgres").arg(&directory))?;
        }
        let (data, programs) = (directory.join("data"), tools::postgres_programs()?);
        let mut initdb = as_other_user(&programs.join("initdb"));
        initdb.arg("-D").arg(&data).args(["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]);
        crate::process::output(&mut initdb)?;
        let (_, port) = free_address()?;
        let mut server = as_other_user(&programs.join("postgres"));
        server.arg("-D").arg(data).arg("-k").arg(directory).args(["-p", &port.to_string()]);
        server.args(["-c", "listen_addresses=127.0.0.1"]);
        // "Fast shutdown".
        let log = self.start("postgresql", &mut server, Signal::INT)?;
        self.wait(&log, |log| log.contains("ready to accept connections").then_some(()))?;
        Ok(format!("postgres://postgres@127.0.0.1:{port}/postgres"))
    }

    fn start_nats(&mut self) -> Result<String, String> {
        let (_, port) = free_address()?;
        let mut server = Command::new("nats-server");
        server.args(["-a", "127.0.0.1", "-p", &port.to_string()]);
        let log = self.start("nats", &mut server, Signal::TERM)?;
        self.wait(&log, |log| log.contains("Server is ready").then_some(()))?;
        Ok(format!("nats://127.0.0.1:{port}"))
    }

    fn start_server(
        &mut self,
        program: &Path,
        name: &str,
        database: &str,
        bus: &str,
    ) -> Result<Server, String> {
        let mut server = Command::new(program);
        server.args(["serve", "--listen", "127.0.0.1:0", "--store", database, "--bus", bus, "--data"]);
        let log = self.start(name, server.arg(self.path(name).join("data")), Signal::TERM)?;
        let process = self.parts.last().map_or(0, |part| part.process.id());
        let (address, fingerprint) = self.wait(&log, |log| {
            let (_, rest) = log.split_once("listening on ")?;
            let (_, key) = rest.split_once("fingerprint=")?;
            let first = |text: &str| Some(text.split_whitespace().next()?.trim_matches(',').to_owned());
            Some((first(rest)?, first(key)?))
        })?;
        Ok(Server { address, fingerprint, log, process })
    }

    fn start_balancer(&mut self, servers: &[Server; 2]) -> Result<String, String> {
        let (address, _) = free_address()?;
        let mut text = format!(
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1h\n  timeout server 1h\n\
             listen mini-tweet\n  bind {address}\n  balance leastconn\n"
        );
        for (number, server) in servers.iter().enumerate() {
            text.push_str(&format!("  server s{number} {} check\n", server.address));
        }
        let file = self.path("haproxy.cfg");
        std::fs::write(&file, text).map_err(|error| error.to_string())?;
        let log = self.start("haproxy", Command::new("haproxy").arg("-f").arg(file), Signal::TERM)?;
        self.wait(&log, |_| TcpStream::connect(&address).is_ok().then_some(()))?;
        Ok(address)
    }

    fn create_account(&self, program: &Path) -> Outcome {
        let mut create = Command::new(program);
        create.args([
            "admin",
            "create",
            "ada",
            "--name",
            "Ada Lovelace",
            "--admin",
            "--password-stdin",
            "--data",
        ]);
        create.arg(self.path("first").join("data")).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut create = create.spawn().map_err(|error| error.to_string())?;
        if let Some(mut stdin) = create.stdin.take() {
            stdin.write_all(PASSWORD.as_bytes()).map_err(|error| error.to_string())?;
        }
        match create.wait() {
            Ok(status) if status.success() => Ok(()),
            other => Err(format!("the account was not created: {other:?}")),
        }
    }
}
