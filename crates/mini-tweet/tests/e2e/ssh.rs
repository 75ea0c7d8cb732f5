//! A server that accepts ssh, used with the system's ssh program.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use portable_pty::CommandBuilder;

use super::screen::Screen;
use super::{E2e, Person, until};

/// A server that accepts ssh.
pub struct SshServer {
    pub e2e: E2e,
    pub port: String,
    pub fingerprint: String,
}

impl SshServer {
    pub fn start() -> Self {
        Self::of(E2e::start_with(&[("MINI_TWEET_SSH", "127.0.0.1:0")]))
    }

    /// The same with the member ada and the file of her ssh key.
    pub fn with_ada() -> (Self, Person, PathBuf) {
        let server = Self::start();
        let (ada, key) = (server.e2e.member("ada"), server.e2e.path("id"));
        new_key(&key);
        ada.ok(&["keys", "add", key.with_extension("pub").to_str().unwrap()]);
        (server, ada, key)
    }

    /// One whose server was started with ssh.
    pub fn of(e2e: E2e) -> Self {
        const LISTENING: &str = "ssh listening on 127.0.0.1:";
        let mut found = None;
        until("the server listens for ssh", || {
            let log = e2e.log().text();
            found =
                log.split_once(LISTENING).map(|(_, rest)| rest.to_owned()).filter(|rest| rest.contains('\n'));
            found.is_some()
        });
        let line = found.unwrap();
        let port = line.split_whitespace().next().unwrap().to_owned();
        let (_, fingerprint) = line.split_once("fingerprint=").unwrap();
        let fingerprint = fingerprint.split_whitespace().next().unwrap().to_owned();
        Self { e2e, port, fingerprint }
    }

    pub fn known_hosts(&self) -> PathBuf {
        self.e2e.path("ssh_known_hosts")
    }

    /// The client in a terminal of this kind, by the ssh program of the system.
    pub fn screen(&self, key: Option<&Path>, term: &str) -> Screen {
        Screen::start(self.in_terminal(key, term))
    }

    pub fn in_terminal(&self, key: Option<&Path>, term: &str) -> CommandBuilder {
        let ssh = self.command(key, &["-tt"], &[]);
        let mut command = CommandBuilder::new(ssh.get_program());
        command.args(ssh.get_args());
        command.env_remove("SSH_AUTH_SOCK");
        command.env("TERM", term);
        command
    }

    /// `ssh host WORDS`, with this key or with none.
    pub fn ssh(&self, key: Option<&Path>, options: &[&str], words: &[&str]) -> Output {
        let mut command = self.command(key, options, words);
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null()).output().unwrap()
    }

    pub fn command(&self, key: Option<&Path>, options: &[&str], words: &[&str]) -> Command {
        let mut command = Command::new("ssh");
        command.args(["-F", "none", "-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR"]);
        command.args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-o"]);
        command.arg(format!("UserKnownHostsFile={}", self.known_hosts().display()));
        match key {
            Some(key) => command.arg("-i").arg(key),
            None => command.args(["-o", "IdentityFile=none"]),
        };
        command.args(options).args(["-p", &self.port, "127.0.0.1"]).args(words);
        command
    }
}

pub fn stdout(out: &Output) -> &str {
    std::str::from_utf8(&out.stdout).unwrap()
}

pub fn new_key(path: &Path) {
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "ada@test", "-f"]);
    assert!(keygen.arg(path).status().unwrap().success());
}
