//! The server as a process: a failed start reports one clear error and changes nothing; a stop loses nothing.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use e2e::{E2e, until};
use protocol::tls::Identity;

fn serve(e2e: &E2e, listen: &str) -> Output {
    e2e.serve_command(listen).output().unwrap()
}

/// Asserts that the process failed with one error line and no panic; returns the line.
#[track_caller]
fn one_clear_line(out: &Output) -> String {
    assert!(!out.status.success());
    let text = String::from_utf8(out.stderr.clone()).unwrap();
    let lines: Vec<_> = text.lines().filter(|l| l.starts_with("error")).collect();
    assert_eq!(lines.len(), 1, "{text}");
    assert!(!text.contains("panicked"), "{text}");
    lines[0].to_owned()
}

#[test]
fn the_error_about_a_port_in_use_says_what_to_do() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let e2e = E2e::without_server();
    let line = one_clear_line(&serve(&e2e, &address));
    assert!(line.contains(&address) && line.contains("--listen"), "{line}");
}

#[test]
fn a_second_server_on_the_same_data_is_refused() {
    let e2e = E2e::start();
    let line = one_clear_line(&serve(&e2e, "127.0.0.1:0"));
    assert!(line.contains("another"), "{line}");
}

#[test]
fn a_file_that_is_not_a_database_is_not_changed() {
    for (content, what) in [
        (&b"This is not a database, it is a letter to my mother.\n"[..], "letter"),
        (&[0_u8; 4096][..], "zeros"),
    ] {
        let e2e = E2e::without_server();
        let database = database_of(&e2e);
        fs::write(&database, content).unwrap();
        fs::set_permissions(&database, fs::Permissions::from_mode(0o600)).unwrap();
        let line = one_clear_line(&serve(&e2e, "127.0.0.1:0"));
        assert!(line.contains("mini-tweet.db"), "{what}: {line}");
        assert_eq!(fs::read(&database).unwrap(), content, "{what} was touched");
    }
}

#[test]
fn a_damaged_database_is_refused() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    for n in 0..50 {
        ada.ok(&["post", &format!("tweet {n}")]);
    }
    assert!(e2e.stop_server().success());
    let database = database_of(&e2e);
    let mut bytes = fs::read(&database).unwrap();
    // The header is kept, everything after it is destroyed.
    let length = bytes.len();
    bytes[100..length].fill(0xa5);
    fs::write(&database, &bytes).unwrap();
    let line = one_clear_line(&serve(&e2e, "127.0.0.1:0"));
    assert!(line.contains("restore"), "it says what to do: {line}");
    assert_eq!(fs::read(&database).unwrap(), bytes);
}

#[test]
fn a_database_that_others_can_read_is_refused() {
    let mut e2e = E2e::start();
    assert!(e2e.stop_server().success());
    let database = database_of(&e2e);
    assert_eq!(fs::metadata(&database).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::metadata(e2e.data()).unwrap().permissions().mode() & 0o777, 0o700);
    fs::set_permissions(&database, fs::Permissions::from_mode(0o644)).unwrap();
    let line = one_clear_line(&serve(&e2e, "127.0.0.1:0"));
    assert!(line.contains("chmod"), "{line}");
}

#[test]
fn a_wrong_configuration_key_is_named_with_its_file_and_the_right_one() {
    let e2e = E2e::without_server();
    let file = e2e.path("server.toml");
    fs::write(&file, "[server]\nnane = \"x\"\n").unwrap();
    let out = e2e.serve_command("127.0.0.1:0").arg("--config").arg(&file).output().unwrap();
    let line = one_clear_line(&out);
    assert!(line.contains("nane") && line.contains("server.toml") && line.contains("name"), "{line}");
    assert!(!e2e.data().exists(), "nothing was made");
}

#[test]
fn plain_connections_are_for_the_loopback_only() {
    let e2e = E2e::without_server();
    let out = e2e.serve_command("0.0.0.0:0").arg("--insecure").output().unwrap();
    let line = one_clear_line(&out);
    assert!(line.contains("insecure"), "{line}");
}

#[test]
fn a_stopped_server_loses_nothing_and_clients_reconnect() {
    let mut e2e = E2e::start();
    let ada = e2e.member("ada");
    let bob = e2e.member("bob");
    bob.ok(&["follow", "@ada"]);
    let live = bob.live(&["feed", "home", "--follow"]);
    until("bob is online", || ada.json(&["online"]).len() == 1);
    ada.ok(&["post", "before"]);
    live.wait_for("before");
    let address = e2e.address();
    assert!(e2e.stop_server().success());
    e2e.start_server_on(&address);
    ada.ok(&["post", "after"]);
    live.wait_for("after");
    assert_eq!(live.lines().iter().filter(|line| line.contains("before")).count(), 1);
    assert_eq!(bob.texts("home"), ["after", "before"]);
}

#[test]
fn the_log_has_no_secret_and_no_control_byte() {
    let mut e2e = E2e::start_with(&[("MINI_TWEET_LOG_LEVEL", "trace")]);
    let ada = e2e.member("ada");
    ada.run_with_input(&["login", "ada\u{1b}[31m", "--password-stdin"], "wrong password!");
    ada.ok(&["post", "a secret"]);
    let log = e2e.log();
    e2e.stop_server();
    let text = log.text();
    assert!(text.contains("listening"), "there is a log: {text}");
    assert!(!text.contains(e2e::PASSWORD) && !text.contains("wrong password!"), "{text}");
    assert!(!text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_server_keeps_running_after_its_log_was_closed() {
    let e2e = E2e::without_server();
    let mut server = e2e.serve_command("127.0.0.1:0").stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap()).lines();
    let listening =
        log.find_map(|line| line.unwrap().split_once("listening on ").map(|(_, rest)| rest.to_owned()));
    let listening = listening.unwrap();
    let address = listening.split(' ').next().unwrap().to_owned();
    let (_, fingerprint) = listening.split_once("fingerprint=").unwrap();
    drop(log);
    // The server logs each connection that is not a handshake, then closes it. The second one is served after the
    // first line could not be written.
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&address).unwrap();
        stream.set_read_timeout(Some(e2e::DEADLINE)).unwrap();
        stream.write_all(b"this is not a handshake").unwrap();
        // The server may answer with an alert, and may reset the connection.
        let end = stream.read_to_end(&mut Vec::new());
        assert!(!end.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "it was not closed");
    }
    let mut info = e2e.command(&["info", "--server", &address, "--fingerprint", fingerprint.trim()]);
    e2e::succeeded(&["info"], info.env("MINI_TWEET_HOME", e2e.path("home")).output().unwrap());
    assert!(server.try_wait().unwrap().is_none(), "the server has ended");
    server.kill().unwrap();
    server.wait().unwrap();
}

#[test]
fn a_full_disk_refuses_posts_serves_reads_and_sign_ins_and_recovers() {
    // A small file system of its own, in a mount namespace that only this server sees.
    let mut e2e = E2e::without_server();
    e2e.start_server_on_disk_of("12M");
    let inside = std::path::PathBuf::from(format!("/proc/{}/root", e2e.server_pid()))
        .join(e2e.data().strip_prefix("/").unwrap());
    let ada = e2e.member("ada");
    let first = ada.ok(&["post", "written while there was space"]);
    let ballast = inside.join("ballast");
    let filled = std::process::Command::new("dd")
        .args(["if=/dev/zero", &format!("of={}", ballast.display()), "bs=64k"])
        .output()
        .unwrap();
    assert!(!filled.status.success(), "the disk is full");

    let mut acknowledged = vec![first.trim().to_owned()];
    let mut refusal = None;
    for n in 0..2_000 {
        let out = ada.run(&["post", &format!("{n} {}", "x".repeat(480)), "--json"]);
        if out.status.success() {
            let id = String::from_utf8_lossy(&out.stdout).into_owned();
            acknowledged
                .push(serde_json::from_str::<serde_json::Value>(&id).unwrap()["id"].as_str().unwrap().into());
        } else {
            refusal = Some(String::from_utf8_lossy(&out.stderr).into_owned());
            break;
        }
    }
    let refusal = refusal.expect("a post was refused");
    assert!(refusal.contains("STORAGE_FULL"), "{refusal}");
    assert!(!ada.texts("home").is_empty(), "reading goes on");

    // On another device.
    let elsewhere = e2e.person("elsewhere");
    for _ in 0..3 {
        elsewhere.ok_with_input(&["login", "ada", "--password-stdin"], e2e::PASSWORD);
        assert!(!elsewhere.texts("home").is_empty());
        elsewhere.ok(&["logout"]);
    }
    let gone = acknowledged.pop().unwrap();
    ada.ok(&["delete", &gone]);
    let (_, refusal) = ada.refused(&["post", "still full"]);
    assert!(refusal.contains("disk is full"), "{refusal}");

    fs::remove_file(&ballast).unwrap();
    until("writing works again by itself", || ada.run(&["post", "there is space again"]).status.success());
    for id in &acknowledged {
        ada.ok(&["show", id]);
    }
}

/// Writes a new certificate with its key into a private file; returns its fingerprint.
fn write_certificate(path: &std::path::Path) -> String {
    let pem = Identity::generate_pem().unwrap();
    fs::write(path, &pem).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    Identity::from_pem(&pem, &pem).unwrap().fingerprint().to_string()
}

/// With the certificate and key in this file.
fn with_certificate(path: &std::path::Path) -> [(&'static str, &str); 2] {
    let path = path.to_str().unwrap();
    [("MINI_TWEET_TLS_CERTIFICATE", path), ("MINI_TWEET_TLS_KEY", path)]
}

#[test]
fn a_hang_up_signal_reloads_the_certificate_and_ends_nothing() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("tls.pem");
    let old = write_certificate(&file);
    let mut e2e = E2e::start_with(&with_certificate(&file));
    assert_eq!(e2e.fingerprint(), old);
    let ada = e2e.member("ada");
    let watching = ada.live(&["feed", "home", "--follow"]);
    ada.ok(&["post", "before the signal"]);
    watching.wait_for("before the signal");
    let pid = rustix::process::Pid::from_raw(e2e.server_pid().cast_signed()).unwrap();
    let hang_up = || rustix::process::kill_process(pid, rustix::process::Signal::HUP).unwrap();

    let new = write_certificate(&file);
    hang_up();
    until("the certificate is reloaded", || e2e.log().text().contains("certificate reloaded"));
    let mut info = e2e.command(&["info", "--server", &e2e.address(), "--fingerprint", &new]);
    e2e::succeeded(&["info"], info.env("MINI_TWEET_HOME", e2e.path("elsewhere")).output().unwrap());
    let post = ada.run(&["post", "the old key is pinned"]);
    assert!(String::from_utf8_lossy(&post.stderr).contains("CHANGED"), "{post:?}");

    // What cannot be read changes nothing.
    fs::write(&file, "damaged").unwrap();
    hang_up();
    until("the error is logged", || e2e.log().text().contains("certificate not reloaded"));
    let mut info = e2e.command(&["info", "--server", &e2e.address(), "--fingerprint", &new]);
    e2e::succeeded(&["info"], info.env("MINI_TWEET_HOME", e2e.path("elsewhere")).output().unwrap());
    assert_eq!(watching.interrupt().code(), Some(130), "the connection from before is still open");
    assert!(e2e.stop_server().success());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let files = tempfile::tempdir().unwrap();
    let file = files.path().join("tls.pem");
    write_certificate(&file);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let e2e = E2e::without_server();
    let mut command = e2e.serve_command("127.0.0.1:0");
    let line = one_clear_line(&command.envs(with_certificate(&file)).output().unwrap());
    assert!(line.contains("tls.pem") && line.contains("chmod 600"), "{line}");
}

fn database_of(e2e: &E2e) -> std::path::PathBuf {
    fs::create_dir_all(e2e.data()).unwrap();
    fs::set_permissions(e2e.data(), fs::Permissions::from_mode(0o700)).unwrap();
    e2e.data().join("mini-tweet.db")
}
