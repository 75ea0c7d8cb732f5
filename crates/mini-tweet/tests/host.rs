//! `host`: a server that the user starts in the background, stops, and sets up as a service.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use e2e::{E2e, PASSWORD, Person, succeeded};

/// A user who runs a server of their own. It is stopped at the end.
struct Host {
    person: Person,
    listen: String,
    config: PathBuf,
}

impl Host {
    fn new(e2e: &E2e, name: &str) -> Self {
        // A port that was free a moment ago.
        let listen = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        Self::at(e2e, name, &listen)
    }

    fn at(e2e: &E2e, name: &str, listen: &str) -> Self {
        let (person, config) = (e2e.person_at(name, listen), e2e.path(&format!("{name}-config")));
        Self { person, listen: listen.to_owned(), config }
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = self.person.command(args);
        command.env("MINI_TWEET_LISTEN", &self.listen).env("XDG_CONFIG_HOME", &self.config);
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.command(args).output().unwrap()
    }

    fn status(&self) -> serde_json::Value {
        serde_json::from_str(&succeeded(&["status"], self.run(&["host", "--json"]))).unwrap()
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.run(&["host", "stop"]);
    }
}

#[test]
fn without_an_account_the_own_server_is_meant_wherever_it_listens() {
    let e2e = E2e::without_server();
    let host = Host::new(&e2e, "ada");
    succeeded(&["start"], host.run(&["host", "start"]));
    // Neither the variable of the server nor that of the client is set any more.
    let command = |args: &[&str]| {
        let mut command = host.person.command(args);
        command.env_remove("MINI_TWEET_SERVER").stdin(Stdio::null());
        command
    };
    let mut sign_up = command(&["signup", "ada", "--password-stdin"]);
    let mut child =
        sign_up.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(PASSWORD.as_bytes()).unwrap();
    succeeded(&["signup"], child.wait_with_output().unwrap());
    let who = succeeded(&["whoami"], command(&["whoami"]).output().unwrap());
    assert!(who.starts_with("@ada"), "{who}");
    let out = command(&["info", "--insecure"]).output().unwrap();
    assert!(String::from_utf8_lossy(&out.stderr).contains("Leave --insecure out"), "{out:?}");
    // A server that is named is meant, also if the own one runs.
    let out = command(&["info", "--server", "127.0.0.1:1"]).output().unwrap();
    assert!(String::from_utf8_lossy(&out.stderr).contains("127.0.0.1:1"), "{out:?}");
}

#[test]
fn a_user_starts_stops_and_starts_a_server_of_their_own() {
    let e2e = E2e::without_server();
    let host = Host::new(&e2e, "ada");
    let server = host.listen.as_str();
    let status = host.status();
    assert_eq!((&status["running"], &status["process"]), (&false.into(), &serde_json::Value::Null));
    succeeded(&["start"], host.run(&["host", "start"]));
    let status = host.status();
    assert!(status["running"] == true && status["address"] == server, "{status}");
    let data = PathBuf::from(status["data"].as_str().unwrap());
    assert!(data.starts_with(host.person.home()) && data.join("mini-tweet.db").exists(), "{status}");
    succeeded(&["start"], host.run(&["host", "start"]));
    assert_eq!(host.status()["process"], status["process"], "it runs already");

    // The first account is an admin, the others are members.
    let (ada, bob) = (&host.person, e2e.person_at("bob", server));
    std::fs::copy(ada.home().join("known_hosts"), bob.home().join("known_hosts")).unwrap();
    for person in [ada, &bob] {
        person.ok_with_input(&["signup", &person.name, "--password-stdin"], PASSWORD);
    }
    assert_eq!(ada.json(&["whoami"])[0]["role"], "admin");
    assert_eq!(bob.json(&["whoami"])[0]["role"], "member");

    succeeded(&["stop"], host.run(&["host", "stop"]));
    assert_eq!(host.status()["running"], false);
    let out = host.run(&["whoami"]);
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.code() == Some(7) && text.contains("mini-tweet host start"), "{text}");
    succeeded(&["start"], host.run(&["host", "start"]));
    assert_eq!(ada.json(&["whoami"])[0]["username"], "ada", "the same network");
}

/// Starting fails with this in the reason.
fn refused(host: &Host, reason: &str) {
    let out = host.run(&["host", "start"]);
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.code() == Some(1) && text.contains(reason), "{text}");
}

#[test]
fn another_program_that_uses_the_port_is_not_taken_for_the_own_server() {
    let e2e = E2e::without_server();
    let host = Host::new(&e2e, "ada");
    let other = std::net::TcpListener::bind(&host.listen).unwrap();
    refused(&host, "another program uses");
    refused(&host, "MINI_TWEET_LISTEN=127.0.0.1:");
    assert_eq!(host.status()["running"], false);
    drop(other);
    succeeded(&["start"], host.run(&["host", "start"]));
    assert_eq!(host.status()["running"], true);
}

#[test]
fn the_server_of_another_user_is_not_taken_for_the_own_one() {
    let e2e = E2e::without_server();
    let ada = Host::new(&e2e, "ada");
    succeeded(&["start"], ada.run(&["host", "start"]));
    let bob = Host::at(&e2e, "bob", &ada.listen);
    refused(&bob, "another program uses");
    assert_eq!((&bob.status()["running"], &ada.status()["running"]), (&false.into(), &true.into()));
    assert!(!bob.person.home().join("known_hosts").exists(), "its key is not trusted");
    // Nor by the client.
    let mut lines = bob.command(&["--plain"]);
    lines.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut lines = lines.spawn().unwrap();
    std::io::Write::write_all(&mut lines.stdin.take().unwrap(), b"quit\n").unwrap();
    let said = String::from_utf8(lines.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("its key must be compared first"), "{said}");
}

#[test]
fn the_own_server_at_another_port_is_named() {
    let e2e = E2e::without_server();
    let host = Host::new(&e2e, "ada");
    succeeded(&["start"], host.run(&["host", "start"]));
    let elsewhere = Host::new(&e2e, "ada");
    refused(&elsewhere, &format!("your server runs at {}", host.listen));
    assert_eq!(elsewhere.status()["address"], host.listen.as_str());
    // Something that took its port meanwhile does not make it the own one either.
    let other = std::net::TcpListener::bind(&elsewhere.listen).unwrap();
    refused(&elsewhere, &format!("your server runs at {}", host.listen));
    drop(other);
}

/// Makes this the `systemctl` of the host.
fn systemctl(host: &Host, script: &str) -> Command {
    let directory = host.config.join("bin");
    std::fs::create_dir_all(&directory).unwrap();
    let program = directory.join("systemctl");
    std::fs::write(&program, script).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = host.command(&["host", "install"]);
    command.env("PATH", format!("{}:{}", directory.display(), std::env::var("PATH").unwrap()));
    command
}

#[test]
fn a_server_is_set_up_as_a_service_of_the_user() {
    let e2e = E2e::without_server();
    let host = Host::new(&e2e, "ada");
    let unit = host.config.join("systemd/user/mini-tweet.service");
    // As systemd does with the words of the unit file.
    let script = r#"#!/bin/sh
[ "$1" = --user ] || exit 1
unit="$XDG_CONFIG_HOME/systemd/user/mini-tweet.service"
if [ "$2" = enable ]; then
    eval "export $(sed -n 's/^Environment=//p' "$unit")"
    eval "$(sed -n 's/^ExecStart=//p' "$unit") >/dev/null 2>&1 &"
fi
"#;
    succeeded(&["install"], systemctl(&host, script).output().unwrap());
    let status = host.status();
    assert!(status["running"] == true && status["service"] == true && unit.exists(), "{status}");
}

#[test]
fn a_service_that_systemd_refuses_is_not_left_behind() {
    let e2e = E2e::without_server();
    let host = Host::new(&e2e, "ada");
    let script = "#!/bin/sh\necho 'Failed to connect to bus: No medium found' >&2\nexit 1\n";
    let out = systemctl(&host, script).output().unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert_eq!(out.status.code(), Some(1), "{text}");
    assert!(text.contains("No medium found") && text.contains("mini-tweet host start"), "{text}");
    assert_eq!(host.status()["service"], false);
}

#[test]
fn the_configuration_is_checked_and_shown_without_a_start() {
    let e2e = E2e::without_server();
    let file = e2e.path("config.toml");
    std::fs::write(&file, "[server]\nname = \"Ada's\"\n").unwrap();
    let file = file.to_str().unwrap();
    succeeded(&["check"], e2e.command(&["serve", "--check-config", "--config", file]).output().unwrap());
    let shown = e2e.command(&["serve", "--show-options", "--config", file]).output().unwrap();
    let shown = succeeded(&["show"], shown);
    assert!(shown.contains("- Default: `Mini-Tweet`\n- Set to: `Ada's`\n"), "{shown}");
    assert_eq!(shown.matches("- Set to:").count(), 1, "only what differs from the default");
    std::fs::write(file, "[server]\nnme = \"Ada's\"\n").unwrap();
    let out = e2e.command(&["serve", "--check-config", "--config", file]).output().unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(out.status.code() == Some(1) && text.contains("config.toml:2"), "{text}");
    assert!(!e2e.data().exists(), "no server was started");
}

#[test]
fn the_first_menu_names_the_server_that_runs_here() {
    let e2e = E2e::without_server();
    let host = Host::new(&e2e, "ada");
    succeeded(
        &["start"],
        host.command(&["host", "start"]).env("MINI_TWEET_SERVER_NAME", "Reed Hall").output().unwrap(),
    );
    let mut command = host.command(&["--plain"]);
    command.env_remove("MINI_TWEET_SERVER");
    let mut lines = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut lines.stdin.take().unwrap(), b"quit\n").unwrap();
    let said = String::from_utf8(lines.wait_with_output().unwrap().stdout).unwrap();
    assert!(said.contains("1. Join Reed Hall, "), "{said}");
}
