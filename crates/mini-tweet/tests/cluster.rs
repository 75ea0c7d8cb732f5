//! Several servers on one PostgreSQL database.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use e2e::{E2e, PASSWORD, Person, succeeded, until};
use store::test_support::postgres::Postgres;

/// A server of the cluster, with a data directory of its own.
fn node(url: &str) -> E2e {
    E2e::start_with(&[("MINI_TWEET_STORE", url)])
}

fn log_in(person: &Person) {
    person.ok_with_input(&["login", &person.name, "--password-stdin"], PASSWORD);
}

#[test]
fn people_at_two_servers_are_in_one_network_and_a_killed_server_loses_nothing() {
    let postgres = Postgres::start();
    let url = postgres.empty();
    let (mut first, second) = (node(&url), node(&url));
    assert_eq!(first.fingerprint(), second.fingerprint(), "a client that knows one knows the other");
    let (ada, bob) = (first.member("ada"), second.member("bob"));
    bob.ok(&["follow", "@ada"]);
    let live = bob.live(&["feed", "--follow"]);
    until("it follows", || {
        ada.ok(&["post", "hello from the first server"]);
        std::thread::sleep(std::time::Duration::from_millis(200));
        live.lines().iter().any(|line| line.contains("hello from the first server"))
    });
    // Bob is there, at the other server.
    until("who is online is known everywhere", || ada.ok(&["online"]).contains("bob"));
    ada.ok(&["chat", "@bob", "psst"]);
    assert!(bob.ok(&["chat", "@ada"]).contains("psst"));

    ada.ok(&["post", "the last one"]);
    let address = first.kill_server();
    live.wait_for("the last one");
    let moved = second.person("ada");
    log_in(&moved);
    moved.ok(&["post", "from the second server"]);
    first.start_server_on(&address);
    assert_eq!(ada.texts("mine").first().map(String::as_str), Some("from the second server"));

    // A session that is ended at one server is ended at all of them.
    moved.ok_with_input(&["passwd", "--password-stdin"], &format!("{PASSWORD}\na longer horse 10\n"));
    assert_eq!(ada.refused(&["feed"]).0, 4);
}

#[test]
fn a_network_moves_to_postgresql_and_back() {
    let postgres = Postgres::start();
    let mut single = E2e::start();
    let ada = single.member("ada");
    ada.ok(&["post", "before #moving"]);
    let (key, data) = (single.fingerprint(), single.data());
    let url = postgres.empty();
    let data = data.to_str().unwrap();
    let refused = single.command(&["move", "--from", data, "--to", &url]).output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("stop that server first"));
    single.stop_server();
    let moved = single.command(&["move", "--from", data, "--to", &url]).output().unwrap();
    assert!(succeeded(&["move"], moved).contains("read again and compared"));

    let mut several = node(&url);
    assert_eq!(several.fingerprint(), key);
    let ada = several.person("ada");
    log_in(&ada);
    ada.ok(&["post", "after"]);
    assert_eq!(ada.texts("mine"), ["after", "before #moving"]);
    several.stop_server();

    let back = single.path("back");
    let arguments = ["move", "--from", &url, "--to", back.to_str().unwrap()];
    until("all servers are known to be stopped", || single.command(&arguments).status().unwrap().success());
    let checked = single.command(&["check", "--data", back.to_str().unwrap()]).output().unwrap();
    succeeded(&["check"], checked);
}
