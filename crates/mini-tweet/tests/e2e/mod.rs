//! Harness for end-to-end tests: a real server process, and people with their own home directories who run the real
//! `mini-tweet`, over TLS on the loopback.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part of it")]

pub mod plain;
pub mod screen;
pub mod ssh;

use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::Value;
use tempfile::TempDir;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_mini-tweet");
pub const PASSWORD: &str = "correct horse 9";
/// Longest wait for anything: far more than it takes, so that a slow machine is no failure.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits until the condition holds.
#[track_caller]
pub fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !holds() {
        assert!(Instant::now() < end, "timed out waiting until {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A server with its data, and the people's homes.
pub struct E2e {
    directory: TempDir,
    server: Option<Server>,
    settings: Vec<(String, String)>,
}

pub struct Server {
    child: Child,
    pub address: String,
    log: Lines,
}

impl E2e {
    /// A running server with an empty database and without rate limits.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with further settings, as `MINI_TWEET_…` variables.
    pub fn start_with(settings: &[(&str, &str)]) -> Self {
        let mut e2e = Self::without_server();
        e2e.settings.extend(settings.iter().map(|(k, v)| ((*k).into(), (*v).into())));
        e2e.start_server();
        e2e
    }

    /// Only the directories.
    pub fn without_server() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let settings = vec![
            ("MINI_TWEET_LIMITS_SIGN_UPS_PER_ADDRESS".into(), "0".into()),
            ("MINI_TWEET_LIMITS_REQUESTS_PER_SECOND".into(), "0".into()),
            ("MINI_TWEET_LIMITS_NEW_ACCOUNT_POSTS".into(), "0".into()),
        ];
        Self { directory, server: None, settings }
    }

    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn address(&self) -> String {
        self.server.as_ref().expect("the server runs").address.clone()
    }

    pub fn server_pid(&self) -> u32 {
        self.server.as_ref().expect("the server runs").child.id()
    }

    /// A connection of the client library, without a session.
    pub async fn connect(&self) -> client::Client {
        let endpoint = client::Endpoint::parse(&self.address()).unwrap();
        let options = client::Options::new(endpoint, self.path("known_hosts"));
        client::Client::connect(options).await.unwrap()
    }

    /// The fingerprint of the server's key, from its log.
    pub fn fingerprint(&self) -> String {
        let log = self.log().text();
        let (_, rest) = log.split_once("fingerprint=").unwrap();
        rest.split_whitespace().next().unwrap().to_owned()
    }

    /// The server's log, which grows while it runs.
    pub fn log(&self) -> Lines {
        self.server.as_ref().expect("the server runs").log.clone()
    }

    /// Starts the server on a free port, or on the port it had before.
    pub fn start_server(&mut self) {
        self.start_server_on("127.0.0.1:0");
    }

    pub fn start_server_on(&mut self, listen: &str) {
        self.run_server(self.serve_command(listen));
    }

    /// The server with its data on a file system of this size, in a mount namespace of its own.
    pub fn start_server_on_disk_of(&mut self, size: &str) {
        let serve = self.serve_command("127.0.0.1:0");
        std::fs::create_dir_all(self.data()).unwrap();
        let mut command = Command::new("unshare");
        clear_environment(&mut command);
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
        command.arg(r#"mount -t tmpfs -o size="$SIZE",mode=700 tmpfs "$DATA" && exec "$@""#).arg("sh");
        command.arg(serve.get_program()).args(serve.get_args());
        command.env("SIZE", size).env("DATA", self.data()).envs(self.settings.iter().cloned());
        command.stdin(Stdio::null());
        self.run_server(command);
    }

    /// The server as this command starts it.
    pub fn run_server(&mut self, mut command: Command) {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let log = Lines::of(child.stderr.take().unwrap());
        let mut address = None;
        until("the server listens", || {
            address = log.all().iter().find_map(|line| {
                let (_, rest) =
                    line.split_once("listening on ").filter(|(before, _)| !before.ends_with("ssh "))?;
                Some(rest.split([' ', ',']).next()?.to_owned())
            });
            assert!(child.try_wait().unwrap().is_none(), "the server stopped: {:?}", log.all());
            address.is_some()
        });
        self.server = Some(Server { child, address: address.unwrap(), log });
    }

    pub fn serve_command(&self, listen: &str) -> Command {
        let mut command = Command::new(PROGRAM);
        clear_environment(&mut command);
        command.args(["serve", "--listen", listen, "--data"]).arg(self.data());
        command.envs(self.settings.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Kills the server with SIGKILL and starts it again on the same port.
    pub fn kill_and_restart_server(&mut self) {
        let address = self.kill_server();
        self.start_server_on(&address);
    }

    pub fn kill_server(&mut self) -> String {
        let mut server = self.server.take().expect("the server runs");
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        server.address
    }

    /// Stops the server with SIGSTOP: it keeps its connections and answers nothing.
    pub fn pause_server(&self) {
        self.signal_server(rustix::process::Signal::STOP);
    }

    pub fn continue_server(&self) {
        self.signal_server(rustix::process::Signal::CONT);
    }

    fn signal_server(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.server.as_ref().expect("the server runs").child);
        rustix::process::kill_process(pid, signal).unwrap();
    }

    /// Stops the server with SIGTERM and waits for its end.
    pub fn stop_server(&mut self) -> std::process::ExitStatus {
        let mut server = self.server.take().expect("the server runs");
        let pid = rustix::process::Pid::from_child(&server.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        until("the server stops", || server.child.try_wait().unwrap().is_some());
        server.child.wait().unwrap()
    }

    /// A person with an empty home directory.
    pub fn person(&self, name: &str) -> Person {
        let person = self.stranger(name);
        person.trust(&self.fingerprint());
        person
    }

    /// One who has never been connected to the server.
    pub fn stranger(&self, name: &str) -> Person {
        self.person_at(name, &self.address())
    }

    /// A person whose server is this one.
    pub fn person_at(&self, name: &str, server: &str) -> Person {
        let home = self.directory.path().join("homes").join(name);
        std::fs::create_dir_all(&home).unwrap();
        Person { name: name.to_owned(), home, server: server.to_owned() }
    }

    /// A person who has signed up.
    pub fn member(&self, name: &str) -> Person {
        let person = self.person(name);
        person.ok_with_input(&["signup", name, "--password-stdin"], PASSWORD);
        person
    }

    /// Runs a verb of the operator on this server.
    pub fn operator(&self, args: &[&str]) -> Output {
        self.command(args).arg("--data").arg(self.data()).output().unwrap()
    }

    /// A verb with a clean environment and without input.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        clear_environment(&mut command);
        command.args(args).stdin(Stdio::null());
        command
    }
}

impl Drop for E2e {
    fn drop(&mut self) {
        if let Some(server) = &mut self.server {
            let _ = server.child.kill();
            let _ = server.child.wait();
        }
    }
}

/// The locale in which everything runs, unless a test chooses another.
pub const LOCALE: (&str, &str) = ("LC_ALL", "C.UTF-8");

fn clear_environment(command: &mut Command) {
    for (name, _) in std::env::vars() {
        if name.starts_with("MINI_TWEET_") || name.starts_with("XDG_") {
            command.env_remove(name);
        }
    }
    command.env("NO_COLOR", "1").env(LOCALE.0, LOCALE.1);
}

/// A person with a home directory of their own.
pub struct Person {
    pub name: String,
    home: PathBuf,
    server: String,
}

impl Person {
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        clear_environment(&mut command);
        command.args(args).env("MINI_TWEET_HOME", &self.home).env("MINI_TWEET_SERVER", &self.server);
        command
    }

    /// Knows this key of the server, at each of its addresses.
    pub fn trust(&self, fingerprint: &str) {
        let lines: String =
            self.server.split(',').map(|address| format!("{address} {fingerprint}\n")).collect();
        std::fs::write(self.home.join("known_hosts"), lines).unwrap();
    }

    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Runs a verb without a terminal and without input.
    pub fn run(&self, args: &[&str]) -> Output {
        self.command(args).stdin(Stdio::null()).output().unwrap()
    }

    pub fn run_with_input(&self, args: &[&str], input: &str) -> Output {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The verb may fail before it reads.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    }

    /// Runs a verb that must succeed; returns its stdout.
    #[track_caller]
    pub fn ok(&self, args: &[&str]) -> String {
        succeeded(args, self.run(args))
    }

    #[track_caller]
    pub fn refused_with_input(&self, args: &[&str], input: &str) -> (i32, String) {
        let out = self.run_with_input(args, input);
        assert!(!out.status.success(), "{args:?} should have failed");
        (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
    }

    #[track_caller]
    pub fn ok_with_input(&self, args: &[&str], input: &str) -> String {
        succeeded(args, self.run_with_input(args, input))
    }

    /// Runs a verb with `--json`; returns its objects.
    #[track_caller]
    pub fn json(&self, args: &[&str]) -> Vec<Value> {
        let mut args = args.to_vec();
        args.push("--json");
        let out = self.ok(&args);
        out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The texts of a timeline, in order.
    #[track_caller]
    pub fn texts(&self, feed: &str) -> Vec<String> {
        self.json(&["feed", feed]).iter().map(|tweet| tweet["text"].as_str().unwrap().to_owned()).collect()
    }

    /// Runs a verb that must fail; returns its exit code and stderr.
    #[track_caller]
    pub fn refused(&self, args: &[&str]) -> (i32, String) {
        let out = self.run(args);
        assert!(
            !out.status.success(),
            "{args:?} should have failed: {}",
            String::from_utf8_lossy(&out.stdout)
        );
        (out.status.code().unwrap(), String::from_utf8(out.stderr).unwrap())
    }

    /// Starts a verb that runs until it is stopped, such as `feed --follow`.
    pub fn live(&self, args: &[&str]) -> Live {
        let mut child = self
            .command(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = Lines::of(child.stdout.take().unwrap());
        let errors = Lines::of(child.stderr.take().unwrap());
        Live { child, lines, errors }
    }

    /// Starts a verb in a pseudo-terminal.
    pub fn terminal(&self, args: &[&str]) -> Terminal {
        let mut command = CommandBuilder::new(PROGRAM);
        command.args(args);
        command.env("MINI_TWEET_HOME", &self.home);
        command.env("MINI_TWEET_SERVER", &self.server);
        command.env("NO_COLOR", "1");
        command.env(LOCALE.0, LOCALE.1);
        Terminal::start(command)
    }
}

#[track_caller]
pub fn succeeded(args: &[&str], out: Output) -> String {
    let stderr = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "{args:?} failed with {}: {stderr}", out.status);
    String::from_utf8(out.stdout).unwrap()
}

/// The output of a process so far.
#[derive(Clone)]
pub struct Lines(Arc<Mutex<Vec<u8>>>);

impl Lines {
    pub fn of(source: impl Read + Send + 'static) -> Self {
        let bytes = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&bytes);
        std::thread::spawn(move || {
            let mut source = BufReader::new(source);
            loop {
                let Ok(chunk) = source.fill_buf() else { return };
                if chunk.is_empty() {
                    return;
                }
                let length = chunk.len();
                shared.lock().unwrap().extend_from_slice(chunk);
                source.consume(length);
            }
        });
        Self(bytes)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    fn all(&self) -> Vec<String> {
        let text = self.text();
        let end = text.rfind('\n').unwrap_or(0);
        text[..end].lines().map(str::to_owned).collect()
    }
}

pub struct Live {
    child: Child,
    lines: Lines,
    errors: Lines,
}

impl Live {
    pub fn lines(&self) -> Vec<String> {
        self.lines.all()
    }

    #[track_caller]
    pub fn wait_for(&self, part: &str) {
        until(
            &format!("{part:?} is shown; there is {:?}, {:?}", self.lines.text(), self.errors.text()),
            || self.lines.text().contains(part),
        );
    }

    /// Ctrl-C.
    pub fn interrupt(mut self) -> std::process::ExitStatus {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
        until("it stops", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap()
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub struct Terminal {
    child: Box<dyn portable_pty::Child + Send + Sync>,
    screen: Lines,
    writer: Box<dyn Write + Send>,
    _master: Box<dyn portable_pty::MasterPty + Send>,
    seen: usize,
}

impl Terminal {
    /// Starts any program that works with lines.
    pub fn start(command: CommandBuilder) -> Self {
        let pty = native_pty_system()
            .openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let screen = Lines::of(pty.master.try_clone_reader().unwrap());
        let writer = pty.master.take_writer().unwrap();
        Self { child, screen, writer, _master: pty.master, seen: 0 }
    }

    /// Kills the program with SIGKILL.
    pub fn kill(&mut self) {
        let pid = i32::try_from(self.child.process_id().unwrap()).unwrap();
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
        let _ = self.child.wait();
    }

    /// Waits until this is shown, after what was expected before.
    #[track_caller]
    pub fn expect(&mut self, part: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let text = self.screen.text();
            if let Some(at) = text.get(self.seen..).and_then(|new| new.find(part)) {
                self.seen += at + part.len();
                return;
            }
            assert!(Instant::now() < end, "{part:?} was not shown: {:?}", text.get(self.seen..));
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn type_line(&mut self, line: &str) {
        self.type_text(&format!("{line}\r"));
    }

    /// Types without Enter.
    pub fn type_text(&mut self, text: &str) {
        self.writer.write_all(text.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Everything that was ever on the screen.
    pub fn screen(&self) -> String {
        self.screen.text()
    }

    pub fn exit_code(&mut self) -> u32 {
        until("the program in the terminal ends", || self.child.try_wait().unwrap().is_some());
        self.child.wait().unwrap().exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
