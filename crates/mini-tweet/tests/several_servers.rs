//! Clients that know several servers of a network: one that dies, stops responding or drains is left, and nothing is lost.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use e2e::plain::say;
use e2e::screen::{Screen, first, local, sign_up};
use e2e::{E2e, PASSWORD, Person, succeeded, until};
use serde_json::Value;
use store::test_support::postgres::Postgres;

/// Much longer than it takes until a server that does not respond is left, and shorter than other timeouts.
const LEFT_WITHIN: Duration = Duration::from_secs(25);

/// Two servers of one network.
struct Two {
    servers: [E2e; 2],
    fingerprint: String,
    _postgres: Postgres,
}

impl Two {
    fn start() -> Self {
        Self::start_with(&[])
    }

    fn start_with(settings: &[(&str, &str)]) -> Self {
        let postgres = Postgres::start();
        let url = postgres.empty();
        let settings = [&[("MINI_TWEET_STORE", url.as_str())], settings].concat();
        Self::of([E2e::start_with(&settings), E2e::start_with(&settings)], postgres)
    }

    fn of(servers: [E2e; 2], postgres: Postgres) -> Self {
        Self { fingerprint: servers[0].fingerprint(), servers, _postgres: postgres }
    }

    /// A member who knows both servers.
    fn member(&self, name: &str) -> Person {
        let person = self.member_of(name, &self.addresses());
        person.ok_with_input(&["signup", name, "--password-stdin"], PASSWORD);
        person
    }

    /// Someone who knows the network by these addresses.
    fn member_of(&self, name: &str, addresses: &str) -> Person {
        let person = self.servers[0].person_at(name, addresses);
        person.trust(&self.fingerprint);
        person
    }

    fn addresses(&self) -> String {
        self.servers.each_ref().map(E2e::address).join(",")
    }

    /// Waits until the only client is connected to one of the servers; which one.
    fn serving(&self) -> usize {
        let mut found = None;
        until("the client is connected", || {
            found = (0..2).find(|server| connections(&self.servers[*server]) == 1);
            found.is_some()
        });
        found.unwrap()
    }
}

/// The servers as one of them lists them to its operator.
fn nodes(server: &E2e) -> Vec<Value> {
    let listed = succeeded(&["nodes"], server.operator(&["admin", "nodes", "--json"]));
    listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn this(server: &E2e) -> Value {
    nodes(server).into_iter().find(|node| node["this"] == true).unwrap()
}

fn connections(server: &E2e) -> u64 {
    this(server)["connections"].as_u64().unwrap()
}

/// An address at which nothing listens.
fn closed() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

/// An address that accepts connections and never says anything.
fn silent() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").unwrap()
}

#[test]
fn verbs_work_with_a_dead_address_and_see_what_was_written_at_another_server() {
    let two = Two::start();
    let silent = silent();
    let dead = [closed(), silent.local_addr().unwrap().to_string()];
    let ada = two.member("ada");
    let with_dead = format!("{},{}", two.addresses(), dead.join(","));
    let mut written = Vec::new();
    for n in 0..8 {
        let text = format!("number {n}");
        // The profile is found by the addresses that both have.
        ada.ok(&["post", &text, "--server", &with_dead]);
        written.insert(0, text);
        assert_eq!(ada.texts("mine"), written, "each time at a random server");
    }
    // One of the addresses is enough to find the profile, and any of the servers has the session.
    for server in &two.servers {
        assert_eq!(ada.ok(&["whoami", "--server", &server.address()]), ada.ok(&["whoami"]));
    }
    let (code, text) = ada.refused(&["feed", "--server", &dead[0]]);
    assert_eq!(code, 4, "another network: {text}");
}

/// The same command where the name network.test stands for 127.0.0.1 and 127.0.0.2: in a mount namespace of its own.
fn with_name(two: &Two, person: &Person, args: &[&str]) -> Output {
    let hosts = two.servers[0].path("hosts");
    std::fs::write(&hosts, "127.0.0.1 network.test\n127.0.0.2 network.test\n").unwrap();
    let inner = person.command(args);
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--mount", "sh", "-c"]);
    command.arg(r#"mount --bind "$HOSTS" /etc/hosts && exec "$@""#).arg("sh");
    command.arg(inner.get_program()).args(inner.get_args()).env("HOSTS", hosts);
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.stdin(Stdio::null()).output().unwrap()
}

#[test]
fn a_name_can_stand_for_several_servers() {
    let postgres = Postgres::start();
    let url = postgres.empty();
    let settings = [("MINI_TWEET_STORE", url.as_str())];
    let first = E2e::start_with(&settings);
    let port = first.address().rsplit(':').next().unwrap().to_owned();
    let mut second = E2e::start_with(&settings);
    second.stop_server();
    second.start_server_on(&format!("127.0.0.2:{port}"));
    let mut two = Two::of([first, second], postgres);
    let ada = two.member("ada");
    let network = format!("network.test:{port}");
    let known = format!("{network} {}\n", two.fingerprint);
    std::fs::write(ada.home().join("known_hosts"), known).unwrap();
    for killed in [1, 0] {
        two.servers[killed].kill_server();
        for n in 0..4 {
            let out = with_name(&two, &ada, &["info", "--server", &network, "--json"]);
            assert!(out.status.success(), "{killed} {n}: {out:?}");
        }
        let again = if killed == 1 { format!("127.0.0.2:{port}") } else { format!("127.0.0.1:{port}") };
        two.servers[killed].start_server_on(&again);
    }
    // The name has one key, wherever it leads.
    let known = std::fs::read_to_string(ada.home().join("known_hosts")).unwrap();
    assert_eq!(known.lines().count(), 1, "{known}");
}

#[test]
fn all_servers_of_a_list_have_one_key() {
    let two = Two::start();
    let other = E2e::start();
    let ada = two.member("ada");
    let list = format!("{},{}", two.servers[0].address(), other.address());
    let mut refused = None;
    until("the other server is tried", || {
        let out = ada.run(&["feed", "--server", &list]);
        if !out.status.success() {
            refused = Some(String::from_utf8(out.stderr).unwrap());
        }
        refused.is_some()
    });
    let refused = refused.unwrap();
    let is_not = format!("the key of {} is NOT the key of this network", other.address());
    assert!(refused.contains(&is_not) && refused.contains(&other.fingerprint()), "{refused}");
    // Nothing was sent to it, and its key is not remembered.
    let known = std::fs::read_to_string(ada.home().join("known_hosts")).unwrap();
    assert!(!known.contains(&other.address()), "{known}");
}

#[test]
fn a_feed_that_is_followed_goes_on_when_its_server_is_stopped_or_killed() {
    let mut two = Two::start();
    let ada = two.member("ada");
    ada.ok(&["post", "before"]);
    let live = ada.live(&["feed", "mine", "--follow"]);
    live.wait_for("before");
    let serving = two.serving();
    let other = 1 - serving;
    let writer = two.member_of("ada-elsewhere", &two.servers[other].address());
    writer.ok_with_input(&["login", "ada", "--password-stdin"], PASSWORD);

    two.servers[serving].pause_server();
    let since = Instant::now();
    writer.ok(&["post", "while the first one is stopped"]);
    live.wait_for("while the first one is stopped");
    assert!(since.elapsed() < LEFT_WITHIN, "{:?}", since.elapsed());
    two.servers[serving].continue_server();

    writer.ok(&["post", "it goes on"]);
    live.wait_for("it goes on");
    assert_eq!(connections(&two.servers[other]), 1);
    let address = two.servers[other].kill_server();
    let writer = two.member_of("ada-again", &two.servers[serving].address());
    until("the first one responds again", || {
        writer.run_with_input(&["login", "ada", "--password-stdin"], PASSWORD).status.success()
    });
    writer.ok(&["post", "after the second one was killed"]);
    live.wait_for("after the second one was killed");
    let shown = live.lines();
    let times = |text: &str| shown.iter().filter(|line| line.contains(text)).count();
    for text in ["before", "while the first one is stopped", "it goes on", "after the second one was killed"]
    {
        assert_eq!(times(text), 1, "{text}: {shown:?}");
    }
    two.servers[other].start_server_on(&address);
}

#[test]
fn a_tweet_that_is_sent_while_the_server_stops_responding_is_there_once_and_the_text_stays() {
    let two = Two::start();
    let ada = two.member("ada");
    let mut screen = local(&ada, &[]);
    screen.expect("· live").press(&["c"]).expect("New tweet").press(&["once and whole"]);
    screen.expect("once and whole");
    let serving = two.serving();
    two.servers[serving].pause_server();
    let since = Instant::now();
    screen.press(&["Ctrl-s"]).expect("Sent");
    assert!(since.elapsed() < LEFT_WITHIN, "{:?}", since.elapsed());
    // A text that is being written stays where it is when the client moves.
    screen.press(&["c"]).expect("New tweet").press(&["half a thought"]).expect("half a thought");
    assert_eq!(connections(&two.servers[1 - serving]), 1);
    two.servers[serving].continue_server();
    assert_eq!(ada.texts("mine"), ["once and whole"]);
    two.servers[1 - serving].pause_server();
    screen.press(&[" and the rest"]);
    until("it is back at the first one", || connections(&two.servers[serving]) == 1);
    screen.expect("half a thought and the rest").press(&["Ctrl-s"]).expect("Sent");
    two.servers[1 - serving].continue_server();
    until("both servers have it", || ada.texts("mine") == ["half a thought and the rest", "once and whole"]);
    screen.quit();
}

#[test]
fn the_addresses_of_a_network_are_given_at_the_first_start_and_kept() {
    let mut two = Two::start();
    let home = two.servers[0].path("home");
    let mut screen = Screen::start(first(&home));
    screen.expect("Take the tour").press(&["Enter"]).expect("a.org,b.org");
    screen.press(&["Ctrl-u", &two.addresses(), "Enter"]);
    // One key for both is compared once.
    screen.expect("First contact").expect("SHA256:").press(&["Enter"]);
    sign_up(&mut screen, "ada");
    let serving = two.serving();
    let address = two.servers[serving].kill_server();
    screen.press(&["c"]).expect("New tweet").press(&["from the other one", "Ctrl-s"]).expect("Sent");
    screen.quit();
    // The second start knows both.
    Screen::start(first(&home)).expect("@ada · live").expect("from the other one").quit();
    two.servers[serving].start_server_on(&address);
}

#[test]
fn plain_mode_moves_to_another_server() {
    let mut two = Two::start();
    let ada = two.member("ada");
    let mut lines = ada.terminal(&["--plain"]);
    lines.expect("Home");
    let serving = two.serving();
    two.servers[serving].pause_server();
    say(&mut lines, "post", "or an empty line to close?");
    say(&mut lines, "said to a stopped server", "Sent.");
    two.servers[serving].continue_server();
    two.servers[1 - serving].kill_server();
    say(&mut lines, "post", "or an empty line to close?");
    say(&mut lines, "said after a server was killed", "Sent.");
    say(&mut lines, "quit", "Goodbye.");
    assert_eq!(ada.texts("mine"), ["said after a server was killed", "said to a stopped server"]);
}

#[test]
fn a_server_that_drains_loses_no_request_and_no_client() {
    let two = Two::start();
    let ada = two.member("ada");
    let live = ada.live(&["feed", "mine", "--follow"]);
    let serving = two.serving();
    let id = this(&two.servers[serving])["id"].as_str().unwrap().to_owned();
    let has_drained = AtomicBool::new(false);
    let rounds = std::thread::scope(|scope| {
        let writing = scope.spawn(|| {
            let mut rounds = 0;
            // Some before, some meanwhile and some after.
            let mut more = 5;
            while more > 0 {
                ada.ok(&["post", &format!("<{rounds}>")]);
                rounds += 1;
                more -= usize::from(has_drained.load(Ordering::Relaxed));
            }
            rounds
        });
        // By the other server: it is asked through the database.
        let drained = two.servers[1 - serving].operator(&["admin", "drain", &id[..8]]);
        succeeded(&["drain"], drained);
        until("it has no clients", || {
            let listed = this(&two.servers[serving]);
            listed["draining"] == true && listed["connections"] == 0
        });
        has_drained.store(true, Ordering::Relaxed);
        writing.join().unwrap()
    });
    live.wait_for(&format!("<{}>", rounds - 1));
    let shown = live.lines().join("\n");
    for text in (0..rounds).map(|n| format!("<{n}>")) {
        assert_eq!(shown.matches(&text).count(), 1, "{text}");
    }
    until("the feed is followed there", || connections(&two.servers[1 - serving]) == 1);
    // It refuses connections, so a client that knows no other server cannot reach it; the operator can.
    assert!(std::net::TcpStream::connect(two.servers[serving].address()).is_err());
    succeeded(&["drain", "again"], two.servers[serving].operator(&["admin", "drain"]));
    // The last one that takes clients goes on.
    let last = two.servers[1 - serving].operator(&["admin", "drain"]);
    assert!(String::from_utf8(last.stderr).unwrap().contains("no other server could take its clients"));
}

#[test]
fn a_server_that_is_stopped_moves_its_clients_first() {
    let mut two = Two::start();
    let ada = two.member("ada");
    let live = ada.live(&["feed", "mine", "--follow"]);
    let serving = two.serving();
    assert!(two.servers[serving].stop_server().success());
    ada.ok(&["post", "to the one that is left"]);
    live.wait_for("to the one that is left");
    assert_eq!(nodes(&two.servers[1 - serving]).len(), 1, "who says goodbye is not lost");
}

#[test]
fn admins_see_all_servers_on_every_path() {
    let mut two = Two::start();
    let ada = two.member("ada");
    let (code, text) = ada.refused(&["admin", "nodes"]);
    assert_eq!(code, 5, "{text}");
    succeeded(&["role"], two.servers[0].operator(&["admin", "role", "ada", "admin"]));
    let both = |listed: &[Value]| listed.len() == 2 && listed.iter().all(|node| node["lost"] == false);
    until("both are listed", || both(&nodes(&two.servers[0])) && both(&ada.json(&["admin", "nodes"])));
    let listed = nodes(&two.servers[0]);
    assert_eq!(listed[0]["address"], two.servers[0].address().as_str(), "{listed:?}");
    assert_eq!(listed[1]["address"], two.servers[1].address().as_str(), "{listed:?}");
    assert_eq!((&listed[0]["this"], &listed[1]["this"]), (&true.into(), &false.into()));
    assert_eq!(listed[0]["version"], env!("CARGO_PKG_VERSION"));
    // Over the network a server has to be named.
    let (_, text) = ada.refused(&["admin", "drain"]);
    assert!(text.contains("admin nodes"), "{text}");
    let (_, text) = ada.refused(&["admin", "drain", "nosuch"]);
    assert!(text.contains("server"), "{text}");

    let lost = |listed: &[Value]| listed.iter().filter(|node| node["lost"] == true).count();
    two.servers[1].kill_server();
    until("the killed one is lost", || lost(&nodes(&two.servers[0])) == 1);
    let text = succeeded(&["nodes"], two.servers[0].operator(&["admin", "nodes"]));
    assert!(text.contains("LOST: not heard of since") && text.contains("this server"), "{text}");
}

#[test]
fn a_single_server_is_one_line() {
    let single = E2e::start();
    let text = succeeded(&["nodes"], single.operator(&["admin", "nodes"]));
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(&single.address()) && text.contains("up to date  this server"), "{text}");
    assert_eq!(this(&single)["id"], Value::Null);
    let drained = single.operator(&["admin", "drain"]);
    assert!(String::from_utf8(drained.stderr).unwrap().contains("no other server could take its clients"));
}
