//! Servers behind a load balancer: the PROXY header, and the port for health checks.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use e2e::ssh::{SshServer, stdout};
use e2e::{DEADLINE, E2e, PASSWORD, Person, succeeded, until};
use store::test_support::postgres::Postgres;

/// A balancer in front of one address. It says that its clients are at the address that is set.
struct Balancer {
    address: String,
    header: Arc<Mutex<Vec<u8>>>,
}

impl Balancer {
    fn before(server: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (header, server) = (Arc::new(Mutex::new(Vec::new())), server.to_owned());
        let current = Arc::clone(&header);
        std::thread::spawn(move || {
            for client in listener.incoming() {
                let (client, header) = (client.unwrap(), current.lock().unwrap().clone());
                let Ok(mut server) = TcpStream::connect(&server) else { continue };
                // A server that refuses it closes the connection.
                let _ = server.write_all(&header);
                copy(client.try_clone().unwrap(), server.try_clone().unwrap());
                copy(server, client);
            }
        });
        Self { address, header }
    }

    fn client_is_at(&self, address: &str) {
        let source = address.parse::<Ipv4Addr>().unwrap().octets();
        let ports = [0xc0, 0, 0x10, 0xb8];
        let rest = [&source[..], &[10, 0, 0, 1], &ports].concat();
        *self.header.lock().unwrap() = [b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c", &rest[..]].concat();
    }

    fn says(&self, header: &[u8]) {
        *self.header.lock().unwrap() = header.to_vec();
    }
}

fn copy(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _ = io::copy(&mut from, &mut to);
        let _ = to.shutdown(Shutdown::Write);
    });
}

fn person_at(e2e: &E2e, name: &str, address: &str) -> Person {
    let person = e2e.person_at(name, address);
    person.trust(&e2e.fingerprint());
    person
}

#[test]
fn a_trusted_balancer_names_the_clients() {
    let e2e = E2e::start_with(&[
        ("MINI_TWEET_PROXY_TRUSTED", "10.0.0.0/8\n127.0.0.1/32"),
        ("MINI_TWEET_LIMITS_SIGN_UPS_PER_ADDRESS", "1"),
        ("MINI_TWEET_LOG_LEVEL", "debug"),
    ]);
    let balancer = Balancer::before(&e2e.address());
    let sign_up = |name: &str| {
        let person = person_at(&e2e, name, &balancer.address);
        person.run_with_input(&["signup", name, "--password-stdin"], PASSWORD).status.code()
    };
    balancer.client_is_at("203.0.113.7");
    assert_eq!(sign_up("ada"), Some(0));
    assert_eq!(sign_up("eve"), Some(6), "the second one from this address");
    balancer.client_is_at("203.0.113.8");
    assert_eq!(sign_up("bob"), Some(0), "another address");
    // The log has the addresses of the clients, and not that of the balancer.
    until("the log names the client", || e2e.log().text().contains("203.0.113.7"));

    // From its network nothing else is accepted.
    let direct = person_at(&e2e, "direct", &e2e.address());
    assert_eq!(direct.refused(&["info"]).0, 7);
    for header in [&b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff"] {
        balancer.says(header);
        assert_eq!(person_at(&e2e, "wrong", &balancer.address).refused(&["info"]).0, 7);
    }
    let log = e2e.log().text();
    assert!(log.contains("PROXY header refused; connection closed"), "{log}");
}

#[test]
fn no_one_else_can_say_so() {
    let e2e =
        E2e::start_with(&[("MINI_TWEET_PROXY_TRUSTED", "10.0.0.0/8"), ("MINI_TWEET_SSH", "127.0.0.1:0")]);
    let balancer = Balancer::before(&e2e.address());
    balancer.client_is_at("203.0.113.7");
    assert_eq!(person_at(&e2e, "eve", &balancer.address).refused(&["info"]).0, 7, "it is no TLS");
    balancer.says(b"");
    person_at(&e2e, "ada", &balancer.address).ok(&["info"]);
    assert!(!e2e.log().text().contains("203.0.113.7"));

    let mut ssh = SshServer::of(e2e);
    let balancer = Balancer::before(&format!("127.0.0.1:{}", ssh.port));
    balancer.client_is_at("203.0.113.7");
    ssh.port = balancer.address.rsplit(':').next().unwrap().to_owned();
    assert!(!ssh.ssh(None, &[], &["info"]).status.success(), "it is no ssh");
    assert!(!ssh.e2e.log().text().contains("203.0.113.7"));
}

#[test]
fn ssh_clients_are_counted_by_their_own_addresses() {
    let mut ssh = SshServer::of(E2e::start_with(&[
        ("MINI_TWEET_SSH", "127.0.0.1:0"),
        ("MINI_TWEET_PROXY_TRUSTED", "127.0.0.0/8"),
        ("MINI_TWEET_LIMITS_SSH_GUESTS_PER_ADDRESS", "1"),
    ]));
    let balancer = Balancer::before(&format!("127.0.0.1:{}", ssh.port));
    ssh.port = balancer.address.rsplit(':').next().unwrap().to_owned();
    balancer.client_is_at("203.0.113.7");
    // A guest that stays.
    let stays = ssh.screen(None, "xterm-256color");
    until("the guest is there", || stays.shows("Create an account"));
    assert!(!ssh.ssh(None, &[], &["info"]).status.success(), "the second guest of this address");
    until("it is in the log", || ssh.e2e.log().text().contains("203.0.113.7"));
    balancer.client_is_at("203.0.113.8");
    let out = ssh.ssh(None, &[], &["info"]);
    assert!(out.status.success() && stdout(&out).contains("Mini-Tweet"), "{out:?}");
}

/// What a health check over HTTP gets; `None` if the port is closed.
fn health(address: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(b"OPTIONS / HTTP/1.0\r\n\r\n").ok()?;
    let mut response = String::new();
    stream.read_to_string(&mut response).ok()?;
    (!response.is_empty()).then_some(response)
}

#[test]
fn health_checks_succeed_while_a_server_takes_clients() {
    let mut postgres = Postgres::start();
    let url = postgres.empty();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let node = E2e::start_with(&[("MINI_TWEET_STORE", &url), ("MINI_TWEET_HEALTH", &port)]);
    assert!(health(&port).unwrap().starts_with("HTTP/1.0 200 OK\r\n"));
    // One that only connects.
    drop(TcpStream::connect(&port).unwrap());
    // A client that says nothing holds nothing up.
    let _silent = TcpStream::connect(&port).unwrap();

    postgres.stop();
    until("without its database it takes no clients", || health(&port).is_none());
    postgres.start_again();
    until("it takes clients again", || health(&port).is_some());

    let _other = E2e::start_with(&[("MINI_TWEET_STORE", &url)]);
    until("it can be drained", || {
        std::thread::sleep(Duration::from_millis(100));
        node.operator(&["admin", "drain"]).status.success()
    });
    until("it takes no clients", || health(&port).is_none());
    let listed = succeeded(&["nodes"], node.operator(&["admin", "nodes"]));
    assert!(listed.contains("draining"), "{listed}");
}
