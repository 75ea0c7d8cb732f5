//! People who come by ssh, with the ssh program of their system.
#![cfg(feature = "ssh")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use e2e::screen::{Screen, walk};
use e2e::{E2e, PASSWORD, Terminal, plain};
use portable_pty::CommandBuilder;

/// The ssh door of a e2e that was started with one.
struct Door {
    e2e: E2e,
    port: String,
    fingerprint: String,
}

impl Door {
    fn open() -> Self {
        Self::of(E2e::start_with(&[("MINI_TWEET_SSH", "127.0.0.1:0")]))
    }

    fn of(e2e: E2e) -> Self {
        e2e::until("the ssh gateway listens", || e2e.log().text().contains("ssh listening on"));
        let log = e2e.log().text();
        let line = log.lines().find(|line| line.contains("ssh listening on")).unwrap();
        let (_, address) = line.split_once("ssh listening on 127.0.0.1:").unwrap();
        let port = address.split_whitespace().next().unwrap().to_owned();
        let (_, fingerprint) = line.split_once("fingerprint=").unwrap();
        let fingerprint = fingerprint.split_whitespace().next().unwrap().to_owned();
        Self { e2e, port, fingerprint }
    }

    fn known_hosts(&self) -> PathBuf {
        self.e2e.path("ssh_known_hosts")
    }

    /// The client in a terminal of this kind, by the ssh program of the system.
    fn screen(&self, key: Option<&Path>, term: &str) -> Screen {
        Screen::start(self.in_terminal(key, term))
    }

    fn in_terminal(&self, key: Option<&Path>, term: &str) -> CommandBuilder {
        let ssh = self.command(key, &["-tt"], &[]);
        let mut command = CommandBuilder::new(ssh.get_program());
        command.args(ssh.get_args());
        command.env_remove("SSH_AUTH_SOCK");
        command.env("TERM", term);
        command
    }

    /// `ssh host WORDS`, with this key or with none.
    fn ssh(&self, key: Option<&Path>, options: &[&str], words: &[&str]) -> Output {
        let mut command = self.command(key, options, words);
        command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null()).output().unwrap()
    }

    fn command(&self, key: Option<&Path>, options: &[&str], words: &[&str]) -> Command {
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

fn stdout(out: &Output) -> &str {
    std::str::from_utf8(&out.stdout).unwrap()
}

fn new_key(path: &Path) {
    let mut keygen = Command::new("ssh-keygen");
    keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "ada@test", "-f"]);
    assert!(keygen.arg(path).status().unwrap().success());
}

#[test]
fn whoever_has_a_key_here_posts_and_reads_by_ssh_until_it_is_revoked() {
    let door = Door::open();
    let ada = door.e2e.member("ada");
    let key = door.e2e.path("id");
    new_key(&key);
    ada.ok(&["keys", "add", key.with_extension("pub").to_str().unwrap()]);

    let out = door.ssh(Some(&key), &["-o", "BatchMode=yes"], &["post", "'by ssh #rust'"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let id = stdout(&out).trim().to_owned();
    assert_eq!(ada.json(&["show", &id])[0]["text"], "by ssh #rust");
    let out = door.ssh(Some(&key), &[], &["feed", "#rust"]);
    assert!(stdout(&out).contains("by ssh #rust") && !stdout(&out).contains('\u{1b}'), "{out:?}");
    let out = door.ssh(Some(&key), &["-tt"], &["whoami"]);
    assert!(stdout(&out).contains("@ada") && stdout(&out).contains("\r\n"), "{out:?}");
    assert_eq!(door.ssh(Some(&key), &[], &["nonsense"]).status.code(), Some(2));
    // What ssh was told at first contact is what the server says of itself.
    let mut keygen = Command::new("ssh-keygen");
    let shown = keygen.args(["-l", "-f"]).arg(door.known_hosts()).output().unwrap();
    assert!(stdout(&shown).contains(&door.fingerprint), "{shown:?}");

    let listed = &ada.json(&["keys"])[0];
    assert_eq!(listed["name"], "ada@test");
    assert!(listed["last_used"].is_string());
    ada.ok(&["keys", "revoke", listed["id"].as_str().unwrap()]);
    let out = door.ssh(Some(&key), &[], &["whoami"]);
    assert_eq!(out.status.code(), Some(4), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("keys add"), "{out:?}");
    assert_eq!(ada.json(&["sessions"]).len(), 1, "sessions by ssh end with their connection");
}

#[test]
fn two_people_do_everything_over_ssh() {
    let door = Door::open();
    let screen = || door.screen(None, "xterm-256color");
    walk(screen(), screen(), screen);
}

#[test]
fn two_people_do_everything_in_plain_lines_over_ssh() {
    let door = Door::open();
    let lines = || Terminal::start(door.in_terminal(None, "dumb"));
    plain::walk(lines(), lines(), lines);
}

#[test]
fn over_ssh_a_draft_survives_kill_9_and_a_lost_server_and_what_is_sent_goes_once() {
    let mut door = Door::open();
    let ada = door.e2e.member("ada");
    let key = door.e2e.path("id");
    new_key(&key);
    ada.ok(&["keys", "add", key.with_extension("pub").to_str().unwrap()]);
    let shelf = door.e2e.data().join("ssh").join("ada");
    let is_kept = |what: &str| {
        let files = std::fs::read_dir(shelf.join(what)).into_iter().flatten().flatten();
        files.filter(|file| file.path().extension().is_some_and(|e| e == "toml")).count()
    };
    let typed = |screen: &mut Screen| {
        screen.expect("● live").press(&["c", "half a thought"]).expect("half a thought");
    };
    let mut screen = door.screen(Some(&key), "xterm-256color");
    typed(&mut screen);
    e2e::until("the draft is on the server's disk", || is_kept("drafts") == 1);
    screen.kill();

    // The server is killed under the next one.
    let mut screen = door.screen(Some(&key), "xterm-256color");
    screen.expect("● live").press(&["c"]).expect("half a thought");
    door.e2e.kill_server();
    assert_ne!(screen.exit_code(), 0);
    door.e2e.start_server();
    let door = Door::of(door.e2e);

    let mut screen = door.screen(Some(&key), "xterm-256color");
    screen.expect("● live").press(&["c"]).expect("half a thought").press(&[" and the rest", "Ctrl-s"]);
    screen.expect("Sending");
    e2e::until("it is in the outbox", || is_kept("outbox") == 1);
    screen.kill();
    let mut screen = door.screen(Some(&key), "xterm-256color");
    screen.expect("half a thought and the rest").quit();
    let out = door.ssh(Some(&key), &[], &["feed", "mine", "--json=text"]);
    assert_eq!(stdout(&out).trim(), r#"{"v":1,"text":"half a thought and the rest"}"#);
}

#[test]
fn in_lines_over_ssh_what_is_sent_goes_once_though_the_server_is_lost_meanwhile() {
    let mut door = Door::open();
    let ada = door.e2e.member("ada");
    let key = door.e2e.path("id");
    new_key(&key);
    ada.ok(&["keys", "add", key.with_extension("pub").to_str().unwrap()]);
    let mut lines = Terminal::start(door.in_terminal(Some(&key), "dumb"));
    lines.expect("Home.");
    plain::say(&mut lines, "post", "empty to leave?");
    plain::say(&mut lines, "said before the lights went out", "Sending");
    let outbox = door.e2e.data().join("ssh/ada/outbox");
    e2e::until("it is in the outbox", || {
        std::fs::read_dir(&outbox)
            .is_ok_and(|files| files.flatten().any(|f| f.path().extension().is_some_and(|e| e == "toml")))
    });
    // Within the five seconds in which it could be taken back.
    door.e2e.kill_server();
    assert_ne!(lines.exit_code(), 0);
    door.e2e.start_server();
    let door = Door::of(door.e2e);

    let mut lines = Terminal::start(door.in_terminal(Some(&key), "dumb"));
    lines.expect("said before the lights went out");
    plain::say(&mut lines, "quit", "Goodbye.");
    let out = door.ssh(Some(&key), &[], &["feed", "mine", "--json=text"]);
    assert_eq!(stdout(&out).trim(), r#"{"v":1,"text":"said before the lights went out"}"#);
}

#[test]
fn who_types_lines_over_ssh_sees_them_but_no_password() {
    let door = Door::open();
    let mut screen = door.screen(None, "dumb");
    screen.expect("Come in").press(&["2", "Enter"]).expect("Username").press(&["adq", "\x7f", "a"]);
    screen.expect("ada").press(&["Enter"]).expect("Name").press(&["Enter"]).expect("Password");
    screen.press(&[PASSWORD, "Enter"]).expect("Once more").press(&[PASSWORD, "Enter"]);
    screen.expect("Nothing here yet").press(&["nonsense"]).expect("nonsense");
    assert!(!screen.text().contains(PASSWORD) && screen.shows("\nada\n"), "{}", screen.text());
    screen.press(&["Ctrl-c"]).expect("Goodbye.");
    assert_eq!(screen.exit_code(), 0);
}

#[test]
fn a_key_is_bound_from_inside_and_is_enough_from_then_on() {
    let door = Door::open();
    let key = door.e2e.path("id");
    new_key(&key);
    let mut screen = door.screen(Some(&key), "xterm-256color");
    screen.expect("Come in").press(&["Down", "Enter"]).expect("Create an account");
    screen.press(&["ada", "Enter", "Enter", PASSWORD, "Enter", PASSWORD, "Enter"]);
    screen.expect("Come in with this ssh key").press(&["Enter"]).expect("lets you in from now on");
    screen.press(&[":", "keys", "Enter"]).expect("· Enter revokes it").expect("SHA256:");
    screen.press(&["c", "a draft that stays", "Esc"]).quit();

    let mut screen = door.screen(Some(&key), "xterm-256color");
    screen.expect("@ada ● live").press(&["c"]).expect("a draft that stays").press(&["Esc"]);
    screen
        .press(&[":", "keys", "Enter"])
        .expect("· Enter revokes it")
        .press(&["Enter"])
        .expect("Revoking that key");
    screen.press(&["u"]).expect("taken back").press(&["Enter"]).expect("u undo").quit();
    let out = door.ssh(Some(&key), &[], &["whoami"]);
    assert_eq!(out.status.code(), Some(4), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("keys add"), "{out:?}");
}

#[test]
fn a_simple_terminal_gets_lines() {
    let door = Door::open();
    let ada = door.e2e.member("ada");
    let key = door.e2e.path("id");
    new_key(&key);
    ada.ok(&["keys", "add", key.with_extension("pub").to_str().unwrap()]);
    ada.ok(&["post", "read me aloud"]);
    let mut screen = door.screen(Some(&key), "dumb");
    screen.expect("1. ada, just now. read me aloud.").press(&["like", "Enter"]).expect("Liked.");
    screen.press(&["quit", "Enter"]).expect("Goodbye.");
    assert_eq!(screen.exit_code(), 0);
    let bytes = screen.bytes();
    assert!(!bytes.contains(&0x1b), "{:?}", String::from_utf8_lossy(&bytes));
}

#[test]
fn verbs_about_this_machine_are_refused_over_ssh() {
    let door = Door::open();
    let ada = door.e2e.member("ada");
    let key = door.e2e.path("id");
    new_key(&key);
    ada.ok(&["keys", "add", key.with_extension("pub").to_str().unwrap()]);
    for words in [
        &["admin", "stats"][..],
        &["serve"],
        &["backup", "/tmp/x"],
        &["keys", "add", "/etc/passwd"],
        &["man", "/tmp"],
        &["login", "ada"],
        &["accounts"],
    ] {
        let out = door.ssh(Some(&key), &[], words);
        assert_eq!(out.status.code(), Some(2), "{words:?}: {out:?}");
        assert!(out.stdout.is_empty(), "{words:?}");
    }
    let out = door.ssh(Some(&key), &[], &["post", "--json", "hello"]);
    let id =
        serde_json::from_slice::<serde_json::Value>(&out.stdout).unwrap()["id"].as_str().unwrap().to_owned();
    let out = door.ssh(Some(&key), &[], &["show", &id, "--json=text"]);
    assert_eq!(stdout(&out).trim(), r#"{"v":1,"text":"hello"}"#);
    assert!(stdout(&door.ssh(Some(&key), &[], &["feed", "--help"])).contains("Usage"));
}

#[test]
fn the_key_of_the_server_stays() {
    let door = Door::open();
    let Door { mut e2e, fingerprint, .. } = door;
    assert!(e2e.stop_server().success());
    e2e.start_server();
    assert_eq!(Door::of(e2e).fingerprint, fingerprint);
}

#[test]
fn without_the_option_nobody_listens_for_ssh() {
    let e2e = E2e::start();
    assert!(!e2e.log().text().contains("ssh"));
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let other = E2e::without_server();
    let mut command = other.serve_command("127.0.0.1:0");
    let out = command.args(["--ssh", &address]).output().unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(!out.status.success() && text.contains(&address) && text.contains("--ssh"), "{text}");
}
