//! Large pastes into the full-screen clients that the server runs for ssh users.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use protocol::v1;

use super::bystander::{Turns, times};
use crate::context::Context;
use crate::error::Error;
use crate::finding::Finding;
use crate::server::{Launch, Server, private_directory, wait_until};
use crate::user::{PASSWORD, User, sign_up_users};

const SESSIONS: usize = 4;
/// Far more than a turn can take in.
const BYTES: usize = 8 << 20;

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let found = attack(&context.program, "", times(context)).await?;
    let control = attack(&context.faults, "unlimited-ssh-clients", 1).await?;
    Ok(found.finding(
        &format!("{SESSIONS} ssh sessions with pastes of {} MiB as single keys", BYTES >> 20),
        "a server that does not limit the clients of ssh users",
        &control,
    ))
}

async fn attack(program: &Path, faults: &str, times: usize) -> Result<Turns, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data"))
        .with("MINI_TWEET_FAULTS", faults)
        .with("MINI_TWEET_SSH", "127.0.0.1:0");
    let server = launch.start().await?;
    let users = sign_up_users(&server, 2).await?;
    let [attacker, bystander] = &users[..] else { return Err("expected two users".into()) };
    let key = add_key(directory.path(), attacker).await?;
    let port = ssh_port(&server).await?;
    // `c` opens the composer; then every key is typed into it.
    let typed = directory.path().join("typed");
    let mut keys = b"c".to_vec();
    keys.extend(b"words and words ".iter().cycle().take(BYTES));
    fs::write(&typed, keys)?;
    Turns::measure(&server, bystander, times, async || {
        let mut sessions = Vec::new();
        for _ in 0..SESSIONS {
            sessions.push(Session::start(&key, &port, &typed)?);
        }
        // The sessions have begun and the first keys are being handled.
        tokio::time::sleep(Duration::from_millis(700)).await;
        Ok(sessions)
    })
    .await
}

/// An ssh client, killed when dropped.
struct Session(Child);

impl Session {
    fn start(key: &Path, port: &str, typed: &Path) -> Result<Self, Error> {
        let mut command = Command::new("ssh");
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
        command.arg(key).args(["-p", port, "127.0.0.1"]).env("TERM", "xterm-256color");
        let input = fs::File::open(typed)?;
        Ok(Self(command.stdin(input).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn ssh_port(server: &Server) -> Result<String, Error> {
    let port = || {
        let log = server.process.output();
        let (_, rest) = log.split_once("ssh listening on 127.0.0.1:")?;
        let (line, _) = rest.split_once('\n')?;
        line.split_whitespace().next().map(str::to_owned)
    };
    wait_until("the server listens for ssh", || port().is_some()).await?;
    port().ok_or_else(|| "no port for ssh".into())
}

/// A new key of this user.
async fn add_key(directory: &Path, user: &User) -> Result<PathBuf, Error> {
    let key = directory.join("key");
    let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status()?;
    if !made.success() {
        return Err("ssh-keygen failed".into());
    }
    let public_key = fs::read_to_string(key.with_extension("pub"))?;
    let name = "laptop".to_owned();
    user.client.ask(v1::AddSshKey { public_key, name, password: PASSWORD.to_owned() }).await?;
    Ok(key)
}
