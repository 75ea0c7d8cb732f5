//! Several servers on one PostgreSQL database.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use e2e::{E2e, PASSWORD, Person, succeeded, until};
use store::test_support::nats::Nats;
use store::test_support::postgres::Postgres;

/// Wrong passwords for one account that are free.
const FREE_GUESSES: usize = 10;

/// A server of the cluster, with a data directory of its own.
fn node(url: &str) -> E2e {
    E2e::start_with(&[("MINI_TWEET_STORE", url)])
}

/// The same with a bus over NATS.
fn node_with_bus(url: &str, bus: &str) -> E2e {
    E2e::start_with(&[("MINI_TWEET_STORE", url), ("MINI_TWEET_BUS", bus)])
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

/// Guesses a password at all these servers at the same time, at each until it refuses to verify more. Returns how many were
/// verified.
fn guess(nodes: &[E2e]) -> usize {
    let guessed = |node: &E2e| {
        let guesser = node.person("mallory");
        let is_verified = |_: &usize| {
            let guess = ["login", "ada", "--password-stdin"];
            // 6: too many, or others of which it is not known yet.
            guesser.refused_with_input(&guess, "not it at all 7").0 != 6
        };
        (0..5 * FREE_GUESSES).take_while(is_verified).count()
    };
    std::thread::scope(|scope| {
        let guessers: Vec<_> = nodes.iter().map(|node| scope.spawn(move || guessed(node))).collect();
        guessers.into_iter().map(|guesser| guesser.join().unwrap()).sum()
    })
}

#[test]
fn guesses_at_a_password_are_counted_over_all_servers() {
    let postgres = Postgres::start();
    let url = postgres.empty();
    let nodes = [node(&url), node(&url), node(&url)];
    let ada = nodes[0].member("ada");
    let verified = guess(&nodes);
    // A further one may be due by then: the first wait is one second.
    assert!((FREE_GUESSES - 3..=FREE_GUESSES + 3).contains(&verified), "{verified} guesses");
    // From the same address the owner has to wait, too, and then gets in at any server.
    until("the owner gets in", || {
        let owner = nodes[2].person("ada");
        owner.run_with_input(&["login", "ada", "--password-stdin"], PASSWORD).status.success()
    });
    // A success forgets them, at all servers.
    let left = postgres
        .sql(&format!("SELECT count(*) FROM {}.throttle WHERE kind = 'account_failure'", schema(&url)));
    assert_eq!(left.trim(), "0");
    // Neither the address nor the name can be read there.
    let rows = postgres.sql(&format!("SELECT kind, encode(key, 'escape') FROM {}.throttle", schema(&url)));
    assert!(
        rows.contains("address_failure") && !rows.contains("127.0.0.1") && !rows.contains("ada"),
        "{rows}"
    );
    ada.ok(&["post", "still here"]);

    // The control: servers that count for themselves.
    let alone = [E2e::start(), E2e::start(), E2e::start()];
    for node in &alone {
        node.member("ada");
    }
    let verified = guess(&alone);
    assert!(verified >= 3 * FREE_GUESSES, "{verified} guesses");
}

/// The schema in the address of an empty database.
fn schema(url: &str) -> &str {
    url.rsplit("%3D").next().unwrap()
}

#[test]
fn servers_with_a_bus_over_nats_start_without_it_and_use_it_when_it_is_there() {
    let (postgres, mut nats) = (Postgres::start(), Nats::stopped());
    let url = postgres.empty();
    let (first, second) = (node_with_bus(&url, &nats.url()), node_with_bus(&url, &nats.url()));
    until("it says that NATS is missing", || first.log().text().contains("cannot connect to NATS"));
    let (ada, bob) = (first.member("ada"), second.member("bob"));
    bob.ok(&["follow", "@ada"]);
    let live = bob.live(&["feed", "--follow"]);
    ada.ok(&["post", "without a bus"]);
    live.wait_for("without a bus");
    nats.run();
    until("it says that NATS is there", || first.log().text().contains("connected to NATS"));
    until("who is online is known everywhere", || ada.ok(&["online"]).contains("bob"));
    ada.ok(&["post", "with a bus"]);
    live.wait_for("with a bus");
    let warnings = first.log().text().matches("cannot connect to NATS").count();
    assert_eq!(warnings, 1, "{}", first.log().text());

    let single = E2e::without_server();
    let mut serve = single.serve_command("127.0.0.1:0");
    let refused = serve.args(["--bus", "nats://127.0.0.1"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("set store to postgres://"));
}

#[test]
fn one_server_purges_and_all_have_the_same_trends() {
    let postgres = Postgres::start();
    let url = postgres.empty();
    let (mut first, second) = (node(&url), node(&url));
    let (ada, bob) = (first.member("ada"), second.member("bob"));
    for (person, text) in [(&ada, "#sea and #sky"), (&bob, "#sea #sea"), (&bob, "#sky"), (&ada, "#alone")] {
        person.ok(&["post", text]);
    }
    until("trends are the same at both servers", || {
        // Each has hashtags of their own next to them.
        let trends = |person: &Person| -> Vec<_> {
            let mut rows = person.json(&["tags"]);
            rows.retain(|row| row["section"] == "trending");
            rows
        };
        let (here, there) = (trends(&ada), trends(&bob));
        here == there && here.len() == 2
    });

    let purged = |node: &E2e| node.log().text().matches("a deleted account was purged").count();
    bob.ok_with_input(&["delete-account", "--password-stdin"], PASSWORD);
    until("it is purged", || purged(&first) + purged(&second) > 0);
    let texts = format!("SELECT count(*) FROM {}.tweet WHERE text LIKE '%sea #sea%'", schema(&url));
    assert_eq!(postgres.sql(&texts).trim(), "0");
    assert_eq!(purged(&first) + purged(&second), 1);
    // The server that started first does it; without it, the other one does.
    assert_eq!(purged(&first), 1);
    let eve = first.member("eve");
    eve.ok(&["post", "more #sea"]);
    first.kill_server();
    let eve = second.person("eve");
    log_in(&eve);
    eve.ok_with_input(&["delete-account", "--password-stdin"], PASSWORD);
    until("the other one purges", || purged(&second) == 1);
}

#[test]
fn tools_for_a_single_server_say_what_to_use_for_several() {
    let postgres = Postgres::start();
    let url = postgres.empty();
    let mut server = node(&url);
    server.member("ada").ok(&["post", "hello"]);
    let (data, file) = (server.data(), server.path("backup.db"));
    let (data, file) = (data.to_str().unwrap().to_owned(), file.to_str().unwrap().to_owned());
    let run = |arguments: &[&str], store: Option<&str>, data: &str| {
        let mut command = server.command(arguments);
        command.envs(store.map(|store| ("MINI_TWEET_STORE", store)));
        command.args(["--data", data]).output().unwrap()
    };
    std::fs::write(server.path("edges"), "0 1\n").unwrap();
    let edges = server.path("edges");
    let import = ["import", "graph", "--edges", edges.to_str().unwrap()];
    let empty = server.path("empty");
    let empty = empty.to_str().unwrap();
    // By the directory, and by the configured database.
    for (store, data) in
        [(None, data.as_str()), (Some(url.as_str()), data.as_str()), (Some(url.as_str()), empty)]
    {
        for (arguments, next) in [
            (&["backup", &file][..], "pg_basebackup"),
            (&["restore", &file][..], "mini-tweet move --from DIR"),
            (&import[..], "mini-tweet move --from DIR"),
        ] {
            let refused = run(arguments, store, data);
            let error = String::from_utf8_lossy(&refused.stderr).into_owned();
            assert_eq!(refused.status.code(), Some(1), "{arguments:?}: {error}");
            assert!(error.contains(next) && error.lines().count() == 1, "{error}");
        }
    }
    assert!(!server.path("backup.db").exists() && !server.path("empty").exists());
    assert!(!server.data().join("mini-tweet.db").exists());
    // The check works, also while the server runs.
    succeeded(&["check"], run(&["check"], None, &data));
    succeeded(&["check"], run(&["check"], Some(&url), &data));
    assert!(!run(&["check"], Some(&url), empty).status.success());
    // So do the verbs of the operator.
    succeeded(&["admin"], run(&["admin", "stats"], None, &data));

    server.stop_server();
    let mut alone = server.command(&["serve", "--listen", "127.0.0.1:0", "--data", &data]);
    let refused = alone.output().unwrap();
    assert!(String::from_utf8_lossy(&refused.stderr).contains("--store postgres://"), "{refused:?}");
    let to = format!("{url}_other");
    let moved = server.command(&["move", "--from", &data, "--to", &to]).output().unwrap();
    assert!(String::from_utf8_lossy(&moved.stderr).contains("name that database instead"), "{moved:?}");
}
