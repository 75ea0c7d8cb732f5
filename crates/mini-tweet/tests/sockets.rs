//! The server behind sockets that somebody else holds open, as systemd does: it comes and goes, and nobody notices.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixDatagram;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use client::Client;
use e2e::{E2e, PASSWORD, until};
use protocol::v1;

/// `serve` with these sockets as its third and fourth descriptors, in the names that systemd would give them.
fn behind(e2e: &E2e, native: &TcpListener, ssh: Option<&TcpListener>) -> Command {
    let pass = |listener: &TcpListener| Stdio::from(OwnedFd::from(listener.try_clone().unwrap()));
    let serve = e2e.serve_command("127.0.0.1:1");
    let mut command = Command::new("sh");
    // A shell can say its own process id, which is that of the program which it becomes.
    let become_server = "exec 3<&0 4<&1 <&- >&2; export LISTEN_PID=$$; exec \"$@\"";
    command.args(["-c", become_server, "sh"]).arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("LISTEN_FDS", if ssh.is_some() { "2" } else { "1" }).env("LISTEN_FDNAMES", "native:ssh");
    command.stdin(pass(native)).stdout(ssh.map_or_else(Stdio::null, pass));
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_starts_again_behind_its_socket_refuses_nobody_and_clients_see_no_error() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let mut e2e = E2e::without_server();
    e2e.run_server(behind(&e2e, &socket, None));
    assert_eq!(e2e.address(), address.to_string(), "it listens where it was told to");

    let over = Arc::new(AtomicBool::new(false));
    let refused = Arc::new(AtomicUsize::new(0));
    let knocking = std::thread::spawn({
        let (over, refused) = (over.clone(), refused.clone());
        move || {
            while !over.load(Ordering::Relaxed) {
                if TcpStream::connect(address).is_err() {
                    refused.fetch_add(1, Ordering::Relaxed);
                }
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    });
    let posted = Arc::new(AtomicUsize::new(0));
    let mut people = Vec::new();
    for name in ["ada", "bob", "eve"] {
        let client = e2e.connect().await;
        sign_up(&client, name).await;
        people.push(tokio::spawn(post_until(client, name, posted.clone(), over.clone())));
    }
    for _ in 0..3 {
        let before = posted.load(Ordering::Relaxed);
        until("people post", || posted.load(Ordering::Relaxed) > before + 3);
        assert!(e2e.stop_server().success());
        e2e.run_server(behind(&e2e, &socket, None));
    }
    let before = posted.load(Ordering::Relaxed);
    until("people post again", || posted.load(Ordering::Relaxed) > before + 3);
    over.store(true, Ordering::Relaxed);
    for person in people {
        person.await.unwrap();
    }
    knocking.join().unwrap();
    assert_eq!(refused.load(Ordering::Relaxed), 0, "connections were refused");
    let stranger = e2e.connect().await;
    sign_up(&stranger, "carol").await;
    let mut there = 0;
    for username in ["ada", "bob", "eve"] {
        let profile = stranger.ask(v1::GetProfile { username: username.into() }).await.unwrap();
        there += profile.tweets as usize;
    }
    assert_eq!(there, posted.load(Ordering::Relaxed), "each post is there once");
}

async fn sign_up(client: &Client, name: &str) {
    let ask = v1::SignUp {
        username: name.to_owned(),
        display_name: String::new(),
        password: PASSWORD.to_owned(),
        invite_code: String::new(),
    };
    client.sign_up(ask).await.unwrap();
}

async fn post_until(client: Client, name: &'static str, posted: Arc<AtomicUsize>, over: Arc<AtomicBool>) {
    for n in 0.. {
        if over.load(Ordering::Relaxed) {
            return;
        }
        client.ask(v1::Post { text: format!("{n} of {name}"), ..v1::Post::default() }).await.unwrap();
        posted.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn sockets_are_told_apart_by_their_names_and_readiness_is_told() {
    let (native, ssh) =
        (TcpListener::bind("127.0.0.1:0").unwrap(), TcpListener::bind("127.0.0.1:0").unwrap());
    let mut e2e = E2e::without_server();
    let manager = UnixDatagram::bind(e2e.path("notify")).unwrap();
    manager.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let heard = || {
        let mut bytes = [0; 64];
        let length = manager.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..length].to_vec()).unwrap()
    };
    let mut command = behind(&e2e, &native, Some(&ssh));
    command.env("NOTIFY_SOCKET", e2e.path("notify"));
    e2e.run_server(command);
    assert_eq!(heard(), "READY=1");
    assert_eq!(e2e.address(), native.local_addr().unwrap().to_string());
    let by_ssh = format!("ssh listening on {}", ssh.local_addr().unwrap());
    let log = e2e.log();
    until("it takes people in by ssh", || log.text().contains(&by_ssh));
    assert!(e2e.stop_server().success());
    assert_eq!(heard(), "STOPPING=1");
}

#[test]
fn plain_connections_are_for_the_loopback_only_on_a_passed_socket_too() {
    let e2e = E2e::without_server();
    let everywhere = TcpListener::bind("0.0.0.0:0").unwrap();
    let mut command = behind(&e2e, &everywhere, None);
    let out = command.arg("--insecure").stderr(Stdio::piped()).output().unwrap();
    let text = String::from_utf8(out.stderr).unwrap();
    assert!(!out.status.success() && text.contains("insecure"), "{text}");
}
