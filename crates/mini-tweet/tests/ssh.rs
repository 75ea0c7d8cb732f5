//! The ssh gateway, used with the system's ssh program.
#![cfg(feature = "ssh")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use e2e::screen::{Screen, walk};
use e2e::ssh::{SshServer, new_key, stdout};
use e2e::{E2e, PASSWORD, Terminal, plain};

#[test]
fn an_ssh_key_of_an_account_posts_and_reads_until_it_is_revoked() {
    let (server, ada, key) = SshServer::with_ada();

    let out = server.ssh(Some(&key), &["-o", "BatchMode=yes"], &["post", "'by ssh #rust'"]);
    assert_eq!(out.status.code(), Some(0), "{out:?}");
    let id = stdout(&out).trim().to_owned();
    assert_eq!(ada.json(&["show", &id])[0]["text"], "by ssh #rust");
    let out = server.ssh(Some(&key), &[], &["feed", "#rust"]);
    assert!(stdout(&out).contains("by ssh #rust") && !stdout(&out).contains('\u{1b}'), "{out:?}");
    let out = server.ssh(Some(&key), &["-tt"], &["whoami"]);
    assert!(stdout(&out).contains("@ada") && stdout(&out).contains("\r\n"), "{out:?}");
    assert_eq!(server.ssh(Some(&key), &[], &["nonsense"]).status.code(), Some(2));
    // The key that ssh stored on the first connection is the one in the server's log.
    let mut keygen = Command::new("ssh-keygen");
    let shown = keygen.args(["-l", "-f"]).arg(server.known_hosts()).output().unwrap();
    assert!(stdout(&shown).contains(&server.fingerprint), "{shown:?}");

    let listed = &ada.json(&["keys"])[0];
    assert_eq!(listed["name"], "ada@test");
    assert!(listed["last_used"].is_string());
    ada.ok(&["keys", "revoke", listed["id"].as_str().unwrap()]);
    let out = server.ssh(Some(&key), &[], &["whoami"]);
    assert_eq!(out.status.code(), Some(4), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("keys add"), "{out:?}");
    assert_eq!(ada.json(&["sessions"]).len(), 1, "sessions by ssh end with their connection");
}

#[test]
fn two_people_do_everything_over_ssh() {
    let server = SshServer::start();
    let screen = || server.screen(None, "xterm-256color");
    walk(screen(), screen(), screen);
}

#[test]
fn two_people_do_everything_in_plain_lines_over_ssh() {
    let server = SshServer::start();
    let lines = || Terminal::start(server.in_terminal(None, "dumb"));
    plain::walk(lines(), lines(), lines);
}

#[test]
fn over_ssh_a_draft_survives_sigkill_and_a_lost_server_and_a_tweet_is_sent_once() {
    let (mut server, _, key) = SshServer::with_ada();
    let local_store = server.e2e.data().join("ssh").join("ada");
    let stored = |what: &str| {
        let files = std::fs::read_dir(local_store.join(what)).into_iter().flatten().flatten();
        files.filter(|file| file.path().extension().is_some_and(|e| e == "toml")).count()
    };
    let typed = |screen: &mut Screen| {
        screen.expect("· live").press(&["c", "half a thought"]).expect("half a thought");
    };
    let mut screen = server.screen(Some(&key), "xterm-256color");
    typed(&mut screen);
    e2e::until("the draft is on the server's disk", || stored("drafts") == 1);
    screen.kill();

    // The server is killed under the next one.
    let mut screen = server.screen(Some(&key), "xterm-256color");
    screen.expect("· live").press(&["c"]).expect("half a thought");
    server.e2e.kill_server();
    assert_ne!(screen.exit_code(), 0);
    server.e2e.start_server();
    let server = SshServer::of(server.e2e);

    let mut screen = server.screen(Some(&key), "xterm-256color");
    screen.expect("· live").press(&["c"]).expect("half a thought").press(&[" and the rest", "Ctrl-s"]);
    screen.expect("Sending");
    e2e::until("it is in the outbox", || stored("outbox") == 1);
    screen.kill();
    let mut screen = server.screen(Some(&key), "xterm-256color");
    screen.expect("half a thought and the rest").quit();
    let out = server.ssh(Some(&key), &[], &["feed", "mine", "--json=text"]);
    assert_eq!(stdout(&out).trim(), r#"{"v":1,"text":"half a thought and the rest"}"#);
}

#[test]
fn in_plain_mode_over_ssh_a_tweet_is_sent_once_although_the_server_is_lost() {
    let (mut server, _, key) = SshServer::with_ada();
    let mut lines = Terminal::start(server.in_terminal(Some(&key), "dumb"));
    lines.expect("Home.");
    plain::say(&mut lines, "post", "an empty line to close?");
    plain::say(&mut lines, "said before the lights went out", "Sending");
    let outbox = server.e2e.data().join("ssh/ada/outbox");
    e2e::until("it is in the outbox", || {
        std::fs::read_dir(&outbox)
            .is_ok_and(|files| files.flatten().any(|f| f.path().extension().is_some_and(|e| e == "toml")))
    });
    // Within the five seconds in which it can be undone.
    server.e2e.kill_server();
    assert_ne!(lines.exit_code(), 0);
    server.e2e.start_server();
    let server = SshServer::of(server.e2e);

    let mut lines = Terminal::start(server.in_terminal(Some(&key), "dumb"));
    lines.expect("said before the lights went out");
    plain::say(&mut lines, "quit", "Goodbye.");
    let out = server.ssh(Some(&key), &[], &["feed", "mine", "--json=text"]);
    assert_eq!(stdout(&out).trim(), r#"{"v":1,"text":"said before the lights went out"}"#);
}

#[test]
fn plain_mode_over_ssh_echoes_lines_but_no_password() {
    let server = SshServer::start();
    let mut screen = server.screen(None, "dumb");
    screen.expect("Create an account").press(&["2", "Enter"]).expect("Username").press(&["adq", "\x7f", "a"]);
    screen.expect("ada").press(&["Enter"]).expect("Display name").press(&["Enter"]).expect("Password");
    screen.press(&[PASSWORD, "Enter"]).expect("Confirm password").press(&[PASSWORD, "Enter"]);
    screen.expect("Your home feed fills up").press(&["nonsense"]).expect("nonsense");
    assert!(!screen.text().contains(PASSWORD) && screen.shows("\nada\n"), "{}", screen.text());
    screen.press(&["Ctrl-c"]).expect("Goodbye.");
    assert_eq!(screen.exit_code(), 0);
}

#[test]
fn an_ssh_key_can_be_added_at_sign_up_and_is_enough_afterwards() {
    let server = SshServer::start();
    let key = server.e2e.path("id");
    new_key(&key);
    let mut screen = server.screen(Some(&key), "xterm-256color");
    screen.expect("Create an account").press(&["2"]).expect("Confirm password");
    screen.press(&["ada", "Enter", "Enter", PASSWORD, "Enter", PASSWORD, "Enter"]);
    screen
        .expect("Use this SSH key to sign in")
        .press(&["Enter"])
        .expect("sign in with this SSH key from now on");
    screen.press(&[":", "keys", "Enter"]).expect("· Enter to remove").expect("SHA256:");
    screen.press(&["c", "a draft that stays", "Esc"]).quit();

    let mut screen = server.screen(Some(&key), "xterm-256color");
    screen.expect("@ada · live").press(&["c"]).expect("a draft that stays").press(&["Esc"]);
    screen
        .press(&[":", "keys", "Enter"])
        .expect("· Enter to remove")
        .press(&["Enter"])
        .expect("Remove this SSH key?")
        .press(&["Enter"])
        .expect_gone("Remove this SSH key?");
    screen.press(&["Enter"]).expect("Yes, remove it").press(&["2"]).expect("SSH key removed").quit();
    let out = server.ssh(Some(&key), &[], &["whoami"]);
    assert_eq!(out.status.code(), Some(4), "{out:?}");
    assert!(String::from_utf8_lossy(&out.stderr).contains("keys add"), "{out:?}");
}

#[test]
fn a_dumb_terminal_gets_plain_mode() {
    let (server, ada, key) = SshServer::with_ada();
    ada.ok(&["post", "read me aloud"]);
    let mut screen = server.screen(Some(&key), "dumb");
    screen.expect("1. ada, just now. read me aloud.").press(&["like", "Enter"]).expect("Liked.");
    screen.press(&["quit", "Enter"]).expect("Goodbye.");
    assert_eq!(screen.exit_code(), 0);
    let bytes = screen.bytes();
    assert!(!bytes.contains(&0x1b), "{:?}", String::from_utf8_lossy(&bytes));
}

#[test]
fn verbs_about_the_local_machine_are_refused_over_ssh() {
    let (server, _, key) = SshServer::with_ada();
    for words in [
        &["serve"][..],
        &["backup", "/tmp/x"],
        &["keys", "add", "/etc/passwd"],
        &["man", "/tmp"],
        &["accounts"],
    ] {
        let out = server.ssh(Some(&key), &[], words);
        assert_eq!(out.status.code(), Some(2), "{words:?}: {out:?}");
        assert!(out.stdout.is_empty(), "{words:?}");
        if words[0] != "keys" {
            let refusal = format!("`{}` isn't available over ssh. Run it on your own computer.\n", words[0]);
            assert_eq!(String::from_utf8_lossy(&out.stderr), refusal);
        }
    }
    let out = server.ssh(Some(&key), &[], &["post", "--json", "hello"]);
    let id =
        serde_json::from_slice::<serde_json::Value>(&out.stdout).unwrap()["id"].as_str().unwrap().to_owned();
    let out = server.ssh(Some(&key), &[], &["show", &id, "--json=text"]);
    assert_eq!(stdout(&out).trim(), r#"{"v":1,"text":"hello"}"#);
    assert!(stdout(&server.ssh(Some(&key), &[], &["feed", "--help"])).contains("Usage"));
}

#[test]
fn an_admin_administers_the_server_over_ssh() {
    let (server, _, key) = SshServer::with_ada();
    let out = server.ssh(Some(&key), &[], &["admin", "stats"]);
    assert_eq!(out.status.code(), Some(5), "{out:?}");
    let out = server.ssh(Some(&key), &[], &["admin", "stats", "--data", "/tmp/x"]);
    assert!(out.status.code() == Some(2) && out.stdout.is_empty(), "{out:?}");
    e2e::succeeded(&["role"], server.e2e.operator(&["admin", "role", "ada", "admin"]));
    let out = server.ssh(Some(&key), &[], &["admin", "nodes", "--json=this,draining"]);
    assert_eq!(stdout(&out), "{\"v\":1,\"this\":true,\"draining\":false}\n");
    let out = server.ssh(Some(&key), &[], &["admin", "stats", "--json=accounts"]);
    assert_eq!(stdout(&out).trim(), r#"{"v":1,"accounts":1}"#, "{out:?}");
    let mut command = server.command(Some(&key), &[], &["admin", "create", "bob", "--password-stdin"]);
    let mut child = command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), PASSWORD.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
    let bob = server.e2e.person("bob");
    bob.ok_with_input(&["login", "bob", "--password-stdin"], PASSWORD);
}

#[test]
fn verbs_about_the_account_work_over_ssh_or_say_what_to_do_there() {
    let (server, ada, key) = SshServer::with_ada();
    let connect = format!("ssh -t -p {} 127.0.0.1", server.port);
    for (words, advice) in [
        (&["signup", "bob"][..], connect.as_str()),
        (&["login"], &connect),
        (&["logout"], "logout --everywhere"),
        (&["passwd"], ":password"),
        (&["delete-account"], "--password-stdin"),
    ] {
        let out = server.ssh(Some(&key), &[], words);
        let text = String::from_utf8_lossy(&out.stderr).into_owned();
        assert!(out.status.code() == Some(2) && text.contains(advice), "{words:?}: {out:?}");
    }
    let out = server.ssh(None, &[], &["whoami"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains(&connect), "{out:?}");
    // Words that a shell has taken the quotes from.
    let post = |words: &[&str]| {
        let out = server.ssh(Some(&key), &[], words);
        assert!(out.status.success(), "{out:?}");
        stdout(&out).trim().to_owned()
    };
    let id = post(&["post", "hello", "world"]);
    post(&["reply", &id, "hello", "again", "world"]);
    assert_eq!(ada.texts("mine"), ["hello again world", "hello world"]);
    let page = server.ssh(Some(&key), &[], &["keymap", "list", "--markdown"]);
    assert!(stdout(&page).starts_with("# Shortcuts and commands"), "{page:?}");
    // With passwords on stdin.
    let with_input = |words: &[&str], input: &str| {
        let mut ssh = server.command(Some(&key), &["-o", "BatchMode=yes"], words);
        let mut ssh = ssh.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        ssh.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        ssh.wait_with_output().unwrap()
    };
    let out = with_input(&["passwd", "--password-stdin"], &format!("{PASSWORD}\nanother good 77\n"));
    assert!(out.status.success(), "{out:?}");
    let out = with_input(&["delete-account", "--password-stdin"], "wrong one\n");
    assert!(!out.status.success(), "{out:?}");
    let out = with_input(&["delete-account", "--password-stdin"], "another good 77\n");
    assert!(out.status.success(), "{out:?}");
    assert_eq!(server.ssh(Some(&key), &[], &["whoami"]).status.code(), Some(4));
}

#[test]
fn the_ssh_key_of_the_server_survives_a_restart() {
    let server = SshServer::start();
    let SshServer { mut e2e, fingerprint, .. } = server;
    assert!(e2e.stop_server().success());
    e2e.start_server();
    assert_eq!(SshServer::of(e2e).fingerprint, fingerprint);
}

#[test]
fn without_the_option_the_server_does_not_accept_ssh() {
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

#[test]
fn over_ssh_only_a_suspended_person_learns_of_the_suspension() {
    let (server, _ada, key) = SshServer::with_ada();
    e2e::succeeded(&["suspend"], server.e2e.operator(&["admin", "suspend", "ada"]));
    let out = server.ssh(Some(&key), &[], &["whoami"]);
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(
        (out.status.code(), &*text),
        (Some(5), "error: this account is suspended: ask the operator of this server\n")
    );
    let mut screen = server.screen(Some(&key), "xterm-256color");
    screen.expect("This account is suspended: ask the operator of this server");
    screen.exit_code();
    let other = server.e2e.path("other");
    new_key(&other);
    let out = server.ssh(Some(&other), &[], &["whoami"]);
    assert!(String::from_utf8_lossy(&out.stderr).contains("doesn't know your ssh key"), "{out:?}");
}

#[test]
fn over_ssh_the_server_has_its_name() {
    let server = SshServer::of(E2e::start_with(&[
        ("MINI_TWEET_SSH", "127.0.0.1:0"),
        ("MINI_TWEET_SERVER_NAME", "Gardeners"),
    ]));
    let mut lines = Terminal::start(server.in_terminal(None, "dumb"));
    lines.expect("Welcome to Gardeners.");
    lines.expect("“quit”?");
    plain::say(&mut lines, "quit", "Goodbye.");
}

#[test]
fn over_ssh_a_command_that_follows_ends_with_the_server() {
    let (mut server, ada, key) = SshServer::with_ada();
    ada.ok(&["post", "hello"]);
    let mut command = server.command(Some(&key), &[], &["feed", "--follow"]);
    command.env_remove("SSH_AUTH_SOCK").stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut shown = [0; 5];
    child.stdout.as_mut().unwrap().read_exact(&mut shown).unwrap();
    let start = std::time::Instant::now();
    assert!(server.e2e.stop_server().success());
    let (took, out) = (start.elapsed(), child.wait_with_output().unwrap());
    let text = String::from_utf8_lossy(&out.stderr);
    assert_eq!(out.status.code(), Some(7), "{text}");
    assert!(text.contains("the server is shutting down"), "{text}");
    assert!(took < std::time::Duration::from_secs(4), "it is not cut off after five seconds: {took:?}");
}
