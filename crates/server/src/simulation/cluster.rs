//! Several servers on one shared database, with a bus between them that loses, repeats and reorders messages. Clients
//! move from server to server; servers crash, with or without their copies, and are cut off from the database, from each
//! other and from clients; the outcome of an append may stay unknown.
//!
//! While it runs, every client has to see everything that any server has shown it, each tweet once and those of an author in
//! order, and nothing long after it was deleted. Soon after the faults stop, every client must have every tweet, every
//! server must know who is online, and all copies must be equal.
//!
//! Real are also the writer of a copy, the rule for stale copies and the messages about who is online. The shared
//! database and its connections are not.

mod faults;
mod people;
mod servers;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::AccountId;
use store::Change;
use store::sqlite::simulated::SimulatedDisk;
use store::sqlite::simulated::cluster::ClusterBug;
use store::test_support::START_MS;

use super::{RngState, create_accounts, seeds};
use faults::Faults;
use people::{History, live};
use servers::Servers;

const SERVERS: usize = 3;
const USERS: usize = 4;
const TWEETS_PER_USER: usize = 8;
/// Hides when it is online.
const HIDDEN: usize = 3;
/// Leaves first.
const LEAVES: usize = 0;
/// Simulated time with faults.
const FAULTS_FOR: Duration = Duration::from_secs(12);
/// Simulated time after the faults within which every client must have every tweet.
const RECOVERY_WITHIN: Duration = Duration::from_secs(30);
/// Simulated time within which every server must know who is online.
const PRESENCE_WITHIN: Duration = Duration::from_secs(20);
/// The same for the whole log.
const LOG_WITHIN: Duration = Duration::from_secs(2);
const STEP: Duration = Duration::from_millis(250);

/// An injected bug.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bug {
    Store(ClusterBug),
    /// The bus loses everything, and servers look at the log only when the bus says so.
    NoPolling,
}

/// Result of one run.
struct Outcome {
    history: History,
    faults: Faults,
}

struct Run<'a> {
    sim: turmoil::Sim<'a>,
    servers: Servers,
    history: Arc<Mutex<History>>,
    accounts: Vec<AccountId>,
    faults: Faults,
    rng: RngState,
}

fn run(seed: u64, bug: Option<Bug>) -> Outcome {
    let mut run = Run::new(seed, bug);
    if run.until_settled() {
        run.check_end();
    }
    let Run { sim, servers, history, faults, .. } = run;
    servers.check_database(&history);
    drop(sim);
    let history = std::mem::take(&mut *history.lock().unwrap());
    Outcome { history, faults }
}

impl Run<'_> {
    fn new(seed: u64, bug: Option<Bug>) -> Self {
        let rng: RngState = Arc::new(Mutex::new(seed));
        client::seed_randomness(seed);
        let mut sim = turmoil::Builder::new()
            .rng_seed(seed)
            .tick_duration(Duration::from_millis(10))
            .min_message_latency(Duration::from_millis(1))
            .max_message_latency(Duration::from_millis(100))
            .simulation_duration(FAULTS_FOR + RECOVERY_WITHIN + PRESENCE_WITHIN + 4 * LOG_WITHIN)
            .tcp_capacity(1_024)
            .udp_capacity(1_024)
            .build();
        let disk = SimulatedDisk::new(START_MS);
        let accounts = create_accounts(&disk);
        hide(&disk, accounts[HIDDEN]);
        let cursor = disk.last_event();
        let servers = Servers::new(&disk, SERVERS);
        for number in 0..SERVERS {
            let (server, rng) = (servers.of(number), rng.clone());
            sim.host(servers::name(number), move || servers::serve(server.clone(), rng.clone(), bug));
        }
        let history = Arc::new(Mutex::new(History::default()));
        for user in 0..USERS {
            let person = live(user, cursor, rng.clone(), history.clone());
            sim.client(people::name(user), person);
        }
        Self { sim, servers, history, accounts, faults: Faults::default(), rng }
    }

    /// A step; whether the simulation goes on.
    fn step(&mut self) -> bool {
        match self.sim.step() {
            Ok(is_over) => !is_over,
            Err(error) => {
                self.violation(error.to_string());
                false
            }
        }
    }

    fn violation(&self, what: impl Into<String>) {
        self.history.lock().unwrap().violations.push(what.into());
    }

    /// Runs until everyone has everything and every server knows who is online; `false` if that takes too long.
    fn until_settled(&mut self) -> bool {
        let mut next = Duration::ZERO;
        let mut arrived_at = None;
        while self.step() {
            let now = self.sim.elapsed();
            if now < next {
                continue;
            }
            next = now + STEP;
            if self.servers.online().any(|account| account == self.accounts[HIDDEN]) {
                self.violation("a server shows who hides that they are online");
            }
            if now < FAULTS_FOR {
                self.faults.step(&mut self.sim, &self.servers, &self.rng);
                continue;
            }
            self.faults.stop(&mut self.sim, &self.servers, &self.rng);
            let Some(arrived_at) = arrived_at else {
                if self.history.lock().unwrap().has_all_arrived() {
                    arrived_at = Some(now);
                    self.history.lock().unwrap().has_arrived = true;
                } else if now > FAULTS_FOR + RECOVERY_WITHIN {
                    self.violation("some tweets have not arrived long after the faults stopped");
                    return false;
                }
                continue;
            };
            if self.knows_everyone() {
                let mut history = self.history.lock().unwrap();
                history.is_over = true;
                history.presence_took = now.saturating_sub(arrived_at);
                return true;
            }
            if now > arrived_at + PRESENCE_WITHIN {
                self.violation(
                    "not every server knows who is online, or no one saw that another one is typing",
                );
                return false;
            }
        }
        false
    }

    fn knows_everyone(&self) -> bool {
        let expected: BTreeSet<_> = (0..USERS)
            .filter(|user| ![LEAVES, HIDDEN].contains(user))
            .map(|user| self.accounts[user])
            .collect();
        self.servers.all_know(&expected) && self.history.lock().unwrap().typing > 0
    }

    /// Once no one changes anything: all copies have the whole log, and are equal.
    fn check_end(&mut self) {
        while self.step() {}
        let until = self.sim.elapsed() + LOG_WITHIN;
        while self.sim.elapsed() < until {
            let _ = self.sim.step();
        }
        for number in 0..SERVERS {
            for finding in self.servers.findings(number) {
                self.violation(format!("{}: {finding}", servers::name(number)));
            }
        }
    }
}

fn hide(disk: &SimulatedDisk, account: AccountId) {
    disk.write_now(Change::EditProfile {
        account,
        display_name: None,
        bio: None,
        presence_hidden: Some(true),
    });
}

/// Runs these seeds, on all processors at the same time.
fn run_all(seeds: Range<u64>, look: impl Fn(u64, Outcome) + Sync) {
    let next = AtomicU64::new(seeds.start);
    std::thread::scope(|scope| {
        for _ in 0..store::cores() {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds.end {
                        return;
                    }
                    look(seed, run(seed, None));
                }
            });
        }
    });
}

/// Figures of many runs.
#[derive(Debug, Default)]
struct Totals {
    runs: usize,
    acknowledged: usize,
    moves: usize,
    reads: usize,
    refused: usize,
    gaps: usize,
    faults: Faults,
    presence_took: Duration,
}

impl Totals {
    fn add(&mut self, Outcome { history, faults }: &Outcome) {
        self.runs += 1;
        self.acknowledged += history.acknowledged.len();
        self.moves += history.moves;
        self.reads += history.reads;
        self.refused += history.refused;
        self.gaps += history.gaps;
        self.faults.add(faults);
        self.presence_took = self.presence_took.max(history.presence_took);
    }
}

#[test]
fn clients_see_all_that_they_have_seen_at_every_server_and_all_copies_are_equal() {
    let totals = Mutex::new(Totals::default());
    run_all(seeds(100), |seed, outcome| {
        let History { violations, trace, acknowledged, .. } = &outcome.history;
        assert!(violations.is_empty(), "SIMULATION_SEED={seed}: {violations:#?}\n{}", trace.join("\n"));
        assert_eq!(acknowledged.len(), USERS * TWEETS_PER_USER, "SIMULATION_SEED={seed}");
        totals.lock().unwrap().add(&outcome);
    });
    let totals = totals.into_inner().unwrap();
    let Totals { runs, acknowledged, moves, reads, refused, gaps, faults, presence_took } = &totals;
    println!(
        "{runs} seeds: {acknowledged} acknowledged tweets, {moves} moves, {reads} reads and {refused} refused, {gaps} gaps, \
         {faults}, all servers know who is online after {presence_took:?} at most"
    );
    assert!((faults.crashes > 0 && *gaps > 0 && *refused > 0) || *runs < 10, "{totals:?}");
}

fn detects(bug: Bug, violation: &str) {
    let detected = |seed| run(seed, Some(bug)).history.violations.iter().any(|what| what.contains(violation));
    assert!(seeds(40).any(detected), "{bug:?}");
}

#[test]
fn a_server_that_signs_people_in_before_it_has_what_others_acknowledged_is_detected() {
    detects(Bug::Store(ClusterBug::NoBarrier), "does not see");
}

#[test]
fn servers_that_ignore_idempotency_keys_are_detected() {
    detects(Bug::Store(ClusterBug::NoKeys), "is stored twice");
}

#[test]
fn servers_that_acknowledge_before_they_append_are_detected() {
    detects(Bug::Store(ClusterBug::AcknowledgeBeforeAppend), "is lost");
}

#[test]
fn a_server_that_answers_however_long_it_is_cut_off_is_detected() {
    detects(Bug::Store(ClusterBug::NeverStale), "after it was deleted");
}

#[test]
fn servers_that_rely_on_the_bus_are_detected() {
    detects(Bug::NoPolling, "have not arrived");
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let trace = |seed| run(seed, None).history.trace;
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}
