//! `cargo xtask figures`: measures the client from outside, in pseudo-terminals, locally and over the system's ssh.
//! docs/performance.md has the results.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use crate::process::Outcome;
use crate::screen::{DEADLINE, Screen};

const PASSWORD: &str = "correct horse 9";
/// After this time without a frame a session has freed the memory of its screen.
const HIBERNATED: Duration = Duration::from_secs(50);

struct Server {
    child: Child,
    address: String,
    fingerprint: String,
    ssh_port: String,
    directory: tempfile::TempDir,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Server {
    fn start(program: &Path) -> Result<Self, String> {
        let directory = tempfile::tempdir().map_err(|error| error.to_string())?;
        let log = directory.path().join("log");
        let file = std::fs::File::create(&log).map_err(|error| error.to_string())?;
        let child = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--ssh", "127.0.0.1:0", "--data"])
            .arg(directory.path().join("data"))
            .env("MINI_TWEET_LIMITS_SIGN_UPS_PER_ADDRESS", "0")
            .env("MINI_TWEET_LIMITS_NEW_ACCOUNT_POSTS", "0")
            .env("MINI_TWEET_LIMITS_SSH_CONNECTIONS_PER_ADDRESS", "1000")
            .stdout(file.try_clone().map_err(|error| error.to_string())?)
            .stderr(file)
            .spawn()
            .map_err(|error| error.to_string())?;
        let end = Instant::now() + DEADLINE;
        loop {
            let text = std::fs::read_to_string(&log).unwrap_or_default();
            if let (Some(address), Some(ssh)) = (logged_address(&text, false), logged_address(&text, true)) {
                let ssh_port = ssh.rsplit(':').next().unwrap_or_default().to_owned();
                let fingerprint = logged_fingerprint(&text).unwrap_or_default();
                return Ok(Self { child, address, fingerprint, ssh_port, directory });
            }
            if Instant::now() > end {
                return Err(format!("the server did not start: {text}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn verb(&self, program: &Path, user: &str, words: &[&str], input: &str) -> Outcome {
        let mut child = Command::new(program)
            .args(words)
            .env("MINI_TWEET_HOME", self.directory.path().join(user))
            .env("MINI_TWEET_SERVER", &self.address)
            .env("MINI_TWEET_FINGERPRINT", &self.fingerprint)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(input.as_bytes()).map_err(|error| error.to_string())?;
        }
        let status = child.wait().map_err(|error| error.to_string())?;
        if status.success() { Ok(()) } else { Err(format!("{words:?}: {status}")) }
    }

    fn client(&self, program: &Path, user: &str) -> CommandBuilder {
        let mut command = CommandBuilder::new(program);
        command.env("MINI_TWEET_HOME", self.directory.path().join(user));
        command.env("TERM", "xterm-256color");
        command.env("LC_ALL", "C.UTF-8");
        command
    }

    fn ssh(&self, key: &Path) -> CommandBuilder {
        let mut command = CommandBuilder::new("ssh");
        command.args([
            "-F",
            "none",
            "-tt",
            "-o",
            "StrictHostKeyChecking=no",
            "-o",
            "UserKnownHostsFile=/dev/null",
        ]);
        command.args(["-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i"]);
        command.arg(key);
        command.args(["-p", &self.ssh_port, "127.0.0.1"]);
        command.env("TERM", "xterm-256color");
        command
    }
}

/// The address that the log names for the ssh gateway or for the native one.
fn logged_address(log: &str, is_ssh: bool) -> Option<String> {
    let mut lines = log.lines().filter(|line| line.contains("ssh ") == is_ssh);
    lines.find_map(|line| {
        let (_, rest) = line.split_once("listening on ").or_else(|| line.split_once("ssh at "))?;
        rest.split_whitespace().next().map(str::to_owned)
    })
}

/// The fingerprint of the native gateway's key.
fn logged_fingerprint(log: &str) -> Option<String> {
    let line = log.lines().find(|line| line.contains("listening on ") && !line.contains("ssh "))?;
    let (_, fingerprint) = line.split_once("fingerprint=")?;
    fingerprint.split_whitespace().next().map(str::to_owned)
}

/// Resident memory of a process in KiB.
fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// Voluntary context switches of all threads of a process.
fn switches(pid: u32) -> u64 {
    let Ok(tasks) = std::fs::read_dir(format!("/proc/{pid}/task")) else { return 0 };
    let of_task = |task: std::io::Result<std::fs::DirEntry>| {
        let status = std::fs::read_to_string(task.ok()?.path().join("status")).ok()?;
        let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches"))?.to_owned();
        line.split_whitespace().last()?.parse::<u64>().ok()
    };
    tasks.filter_map(of_task).sum()
}

fn show(what: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1)));
    let ms = |time: Option<&Duration>| time.map_or(0.0, |time| time.as_secs_f64() * 1_000.0);
    println!("{what}: p50 {:.2} ms, p99 {:.2} ms, of {}", ms(at(50)), ms(at(99)), times.len());
}

/// Measures everything and prints it.
pub(crate) fn measure(program: &Path, ssh_sessions: usize) -> Outcome {
    let server = Server::start(program)?;
    populate(program, &server)?;
    // Fills the local store of the client.
    let mut ada = Screen::start(server.client(program, "ada"), (120, 40))?;
    ada.wait_for("· live")?;
    ada.wait_for("Tweet number 59")?;
    std::thread::sleep(Duration::from_millis(500));
    ada.press("\x03\x03")?;
    std::thread::sleep(Duration::from_millis(500));
    drop(ada);

    let mut first = Vec::new();
    for _ in 0..20 {
        let start = Instant::now();
        let screen = Screen::start(server.client(program, "ada"), (120, 40))?;
        screen.wait_for("Tweet number 59")?;
        first.push(start.elapsed());
    }
    show("first frame after exec, with a filled local store", first);

    let mut ada = Screen::start(server.client(program, "ada"), (120, 40))?;
    let mut bob = Screen::start(server.client(program, "bob"), (120, 40))?;
    ada.wait_for("· live")?;
    bob.wait_for("· live")?;
    std::thread::sleep(Duration::from_secs(1));
    let mut keys = Vec::new();
    for n in 0..500 {
        keys.push(ada.answer_to(if n % 40 < 20 { "j" } else { "k" })?);
        std::thread::sleep(Duration::from_millis(2));
    }
    show("key to bytes, scrolling at 120×40", keys);

    ada.press("@bob")?;
    ada.wait_for("@bob")?;
    std::thread::sleep(Duration::from_millis(300));
    ada.press("\rC")?;
    ada.wait_for("Message to @bob")?;
    bob.press("@ada")?;
    std::thread::sleep(Duration::from_millis(300));
    bob.press("\rC")?;
    bob.wait_for("Message to @ada")?;
    let mut across = Vec::new();
    for n in 0..100 {
        ada.press(&format!("message {n}."))?;
        std::thread::sleep(Duration::from_millis(20));
        let start = Instant::now();
        ada.press("\r")?;
        bob.wait_for(&format!("message {n}."))?;
        across.push(start.elapsed());
    }
    show("Enter on one screen to paint on another, with the commit", across);

    std::thread::sleep(Duration::from_secs(12));
    if let Some(pid) = ada.process_id() {
        let (bytes, woken) = (ada.bytes().0, switches(pid));
        std::thread::sleep(Duration::from_secs(20));
        let (bytes, woken) = (ada.bytes().0 - bytes, switches(pid) - woken);
        println!("idle for 20 s: {bytes} bytes written, {:.2} wake-ups a second", woken as f64 / 20.0);
        println!("resident memory of the client at 120×40: {:.1} MiB", resident_kib(pid) as f64 / 1_024.0);
    }
    drop((ada, bob));
    ssh(program, &server, ssh_sessions)
}

/// Measures only the sessions over ssh, and prints it.
pub(crate) fn measure_ssh(program: &Path, sessions: usize) -> Outcome {
    let server = Server::start(program)?;
    populate(program, &server)?;
    ssh(program, &server, sessions)
}

/// Creates two accounts that follow each other, and tweets.
fn populate(program: &Path, server: &Server) -> Outcome {
    for user in ["ada", "bob"] {
        server.verb(program, user, &["signup", user, "--password-stdin"], &format!("{PASSWORD}\n"))?;
    }
    server.verb(program, "bob", &["follow", "@ada"], "")?;
    server.verb(program, "ada", &["follow", "@bob"], "")?;
    for n in 0..60 {
        let text = format!(
            "Tweet number {n}, long enough to need a second line on most terminals that people use #n{n}"
        );
        server.verb(program, "ada", &["post", &text], "")?;
    }
    Ok(())
}

/// Sessions over ssh per account. The server allows more.
const SESSIONS_EACH: usize = 10;

fn ssh(program: &Path, server: &Server, count: usize) -> Outcome {
    let mut keys_of = Vec::new();
    for number in 0..count.div_ceil(SESSIONS_EACH) {
        let user = format!("guest{number}");
        let key = server.directory.path().join(format!("key{number}"));
        let made =
            Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
        if !made.is_ok_and(|status| status.success()) {
            return Err("ssh-keygen did not create a key".to_owned());
        }
        let public = key.with_extension("pub");
        server.verb(program, &user, &["signup", &user, "--password-stdin"], &format!("{PASSWORD}\n"))?;
        server.verb(program, &user, &["follow", "@ada"], "")?;
        server.verb(program, &user, &["keys", "add", &public.display().to_string()], "")?;
        keys_of.push(key);
    }
    let before = resident_kib(server.child.id());
    let start = Instant::now();
    let mut sessions = Vec::new();
    for key in keys_of.iter().cycle().take(count) {
        sessions.push(Screen::start(server.ssh(key), (80, 24))?);
        // Users do not all connect in the same moment.
        std::thread::sleep(Duration::from_millis(20));
    }
    for session in &sessions {
        session.wait_for("Tweet number")?;
    }
    println!("{count} ssh sessions had a screen after {:.1} s", start.elapsed().as_secs_f64());
    let awake = resident_kib(server.child.id());
    let mut keys = Vec::new();
    for n in 0..300 {
        let Some(session) = sessions.first_mut() else { break };
        keys.push(session.answer_to(if n % 40 < 20 { "j" } else { "k" })?);
        std::thread::sleep(Duration::from_millis(2));
    }
    show(&format!("key to bytes over ssh at 80×24, one of {count} sessions"), keys);
    std::thread::sleep(HIBERNATED);
    let asleep = resident_kib(server.child.id());
    let each = |kib: u64| kib.saturating_sub(before) as f64 / count.max(1) as f64;
    println!(
        "server memory: {:.1} MiB before, {:.1} with {count} sessions, {:.1} when they are hibernated",
        before as f64 / 1_024.0,
        awake as f64 / 1_024.0,
        asleep as f64 / 1_024.0
    );
    println!("per idle session: {:.0} KiB awake, {:.0} KiB hibernated", each(awake), each(asleep));
    Ok(())
}
