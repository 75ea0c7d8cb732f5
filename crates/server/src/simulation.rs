//! A server and its clients in one thread, with a network, a disk and clocks that misbehave at random by a seed: clients
//! post and follow live while connections hang and break, the server crashes and clocks jump. While it runs, no
//! acknowledged tweet may be lost, doubled or delivered out of order. Soon after the faults stop, every client must have
//! every tweet.
//!
//! Real are the client library, the native gateway, the service and the statements of the store. TLS, threads and the
//! disk (see `store::sqlite::simulated`) are not.

mod cluster;

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, Dial, Options, Token};
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::{read_timeline, subscribe};
use sha2::{Digest as _, Sha256};
use tokio::io::{DuplexStream, copy_bidirectional};
use tokio::time::{sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

use gateway::GatewayLimits;
use gateway::native::{NativeConfig, NativeTimeouts};
use service::live::LiveConfig;
use service::test_support::config;
use service::{ServiceParts, timeline};
use store::Change;
use store::env::{Clock, Random};
use store::sqlite::simulated::{SimOptions, SimulatedDisk};
use store::test_support::{START_MS, account};

use crate::assembly::{Server, ServerParts};

const USERS: usize = 4;
const TWEETS_PER_USER: usize = 8;
const PORT: u16 = 4280;
/// Simulated time with faults.
const FAULTS_FOR: Duration = Duration::from_secs(12);
/// Simulated time after the faults within which every client must have every tweet.
const RECOVERY_WITHIN: Duration = Duration::from_secs(30);

/// State of the one random generator, which the simulated disk uses too.
type RngState = Arc<Mutex<u64>>;

/// A random number below `bound`.
fn draw(state: &Mutex<u64>, bound: u64) -> u64 {
    let mut state = state.lock().unwrap();
    let mut rng = fastrand::Rng::with_seed(*state);
    let number = rng.u64(..bound);
    *state = rng.get_seed();
    number
}

fn random_ms(state: &Mutex<u64>, bound: u64) -> Duration {
    Duration::from_millis(draw(state, bound))
}

#[derive(Debug)]
struct SimulatedClock {
    stepped_ms: AtomicI64,
}

impl Clock for SimulatedClock {
    fn now_ms(&self) -> i64 {
        let elapsed = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        START_MS + i64::try_from(elapsed).unwrap() + self.stepped_ms.load(Ordering::Relaxed)
    }
}

#[derive(Debug)]
struct SimulatedRandom(RngState);

impl Random for SimulatedRandom {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill_with(|| u8::try_from(draw(&self.0, 256)).unwrap());
    }
}

/// What the clients saw, and what was wrong with it.
#[derive(Debug, Default)]
struct History {
    /// Texts of acknowledged tweets.
    acknowledged: Vec<String>,
    /// By reader and author: the numbers of the tweets that arrived live, in order of arrival.
    live: BTreeMap<(usize, usize), Vec<usize>>,
    /// Reader, author and number of each tweet that arrived live, or by reading after a gap, which can be ahead.
    seen: BTreeSet<(usize, usize, usize)>,
    gaps: usize,
    violations: Vec<String>,
    /// What happened, with its time.
    trace: Vec<String>,
}

impl History {
    fn trace(&mut self, what: &str) {
        let at = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        self.trace.push(format!("{at} {what}"));
    }

    /// Records a live event. Those of one author must arrive in order, each once.
    fn record_live(&mut self, reader: usize, text: &str) {
        self.trace(&format!("{reader} receives {text}"));
        let Some((author, number)) = parse(text) else { return };
        let live = self.live.entry((reader, author)).or_default();
        if live.iter().any(|before| *before >= number) {
            self.violations.push(format!("{reader} receives {text} after {live:?}"));
        }
        live.push(number);
        self.seen.insert((reader, author, number));
    }

    fn has_all(&self, reader: usize) -> bool {
        self.seen.iter().filter(|(seen_by, _, _)| *seen_by == reader).count() == USERS * TWEETS_PER_USER
    }
}

fn text_of(author: usize, number: usize) -> String {
    format!("post {author} {number}")
}

fn parse(text: &str) -> Option<(usize, usize)> {
    let (author, number) = text.strip_prefix("post ")?.split_once(' ')?;
    Some((author.parse().ok()?, number.parse().ok()?))
}

fn token(user: usize) -> [u8; 32] {
    [u8::try_from(user + 1).unwrap(); 32]
}

/// Creates accounts that all follow each other, with a session each.
fn create_accounts(disk: &SimulatedDisk) -> Vec<model::AccountId> {
    let ids: Vec<_> = (0..USERS)
        .map(|user| {
            let id = disk.write_now(account(&format!("p{user}")));
            model::AccountId::new(id).unwrap()
        })
        .collect();
    for (user, &follower) in ids.iter().enumerate() {
        let token_hash = Sha256::digest(token(user)).into();
        disk.write_now(Change::OpenSession { account: follower, token_hash, client_name: "sim".into() });
        for &followee in ids.iter().filter(|followee| **followee != follower) {
            disk.write_now(Change::Follow { follower, followee });
        }
    }
    ids
}

async fn serve(disk: Arc<SimulatedDisk>, clock: Arc<SimulatedClock>, options: SimOptions) -> turmoil::Result {
    let store = disk.open(clock.clone(), options.clone());
    let server = Server::assemble(ServerParts {
        service: ServiceParts {
            store: Arc::new(store),
            clock,
            random: Arc::new(SimulatedRandom(options.chance.clone())),
            config: config(),
            // Small, so that its limits are reached.
            live: LiveConfig { inbox: 4, replay_max: 12, ..LiveConfig::default() },
            timelines: timeline::Limits::default(),
        },
        gateways: GatewayLimits::unlimited(),
        native: NativeConfig {
            timeouts: NativeTimeouts { heartbeat: Duration::from_secs(1), ..NativeTimeouts::default() },
            ..NativeConfig::default()
        },
    });
    let server = server.await?;
    let (connector, serve_in_process) = server.in_process();
    tokio::spawn(serve_in_process);
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        let (mut stream, peer) = listener.accept().await?;
        let mut connection = connector.for_peer(peer.ip()).connect();
        tokio::spawn(async move { copy_bidirectional(&mut stream, &mut connection).await });
    }
}

/// A connection to the server for the client library.
fn dial() -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(8 * 1024);
    tokio::spawn(async move {
        if let Ok(mut stream) = TcpStream::connect(("server", PORT)).await {
            let _ = copy_bidirectional(&mut stream, &mut far).await;
        }
    });
    near
}

async fn connect(user: usize) -> Client {
    let mut options = Options::within(Dial::new(dial));
    options.token = Some(Token::from_bytes(token(user).to_vec()));
    loop {
        match Client::connect(options.clone()).await {
            Ok(client) => return client,
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Posts one tweet after the other. Each is sent until it is acknowledged, always with its idempotency key.
async fn post_all(user: usize, client: Client, rng: RngState, history: Arc<Mutex<History>>) {
    for number in 0..TWEETS_PER_USER {
        sleep(random_ms(&rng, 1_500)).await;
        let text = text_of(user, number);
        let key = client::new_key();
        while let Err(error) =
            client.ask_with_key(v1::Post { text: text.clone(), ..v1::Post::default() }, key.clone()).await
        {
            history.lock().unwrap().trace(&format!("{user} gets {error} for {text}"));
            sleep(Duration::from_millis(100)).await;
        }
        let mut history = history.lock().unwrap();
        history.trace(&format!("{text} is acknowledged"));
        history.acknowledged.push(text);
    }
}

/// Follows the home timeline from the beginning until every tweet has arrived. It pauses at random, so that the server
/// has to drop events.
async fn follow_home(
    user: usize,
    client: Client,
    cursor: u64,
    rng: RngState,
    history: Arc<Mutex<History>>,
) -> turmoil::Result {
    let home = || subscribe::Topic::Home(v1::HomeTopic {});
    let mut subscription = loop {
        match client.subscribe(home(), Some(cursor)).await {
            Ok(subscription) => break subscription,
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    };
    while !history.lock().unwrap().has_all(user) {
        if draw(&rng, 20) == 0 {
            sleep(random_ms(&rng, 2_000)).await;
        }
        let Ok(update) = timeout(Duration::from_millis(500), subscription.next()).await else { continue };
        let Some(update) = update else {
            return Err(format!("{user}'s subscription ended: {:?}", subscription.ended()).into());
        };
        match update.event {
            Event::TweetPosted(posted) => {
                let text = posted.tweet.map(|tweet| tweet.text).unwrap_or_default();
                history.lock().unwrap().record_live(user, &text);
            }
            Event::Gap(_) => catch_up(user, &client, &history).await,
            _ => {}
        }
    }
    Ok(())
}

async fn catch_up(user: usize, client: &Client, history: &Mutex<History>) {
    let page = Some(v1::PageRequest { limit: 100, position: None });
    let timeline = Some(read_timeline::Timeline::Home(v1::Home {}));
    let page = loop {
        match client.ask(v1::ReadTimeline { timeline: timeline.clone(), page: page.clone() }).await {
            Ok(page) => break page,
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    };
    let mut history = history.lock().unwrap();
    history.gaps += 1;
    history.trace(&format!("{user} reads after a gap"));
    for tweet in &page.tweets {
        history.seen.extend(parse(&tweet.text).map(|(author, number)| (user, author, number)));
    }
}

/// Checks that every acknowledged tweet is on the disk, and none twice.
fn check_disk(disk: &SimulatedDisk, history: &Mutex<History>) {
    let db = disk.database();
    let mut statement = db.prepare("SELECT text, count(*) FROM tweet GROUP BY text").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let stored: BTreeMap<String, u32> = rows.map(Result::unwrap).collect();
    let mut history = history.lock().unwrap();
    let lost = history.acknowledged.iter().filter(|text| !stored.contains_key(*text));
    let lost = lost.map(|text| format!("{text} was acknowledged and is lost"));
    let doubled =
        stored.iter().filter(|(_, count)| **count > 1).map(|(text, _)| format!("{text} is stored twice"));
    let violations: Vec<_> = lost.chain(doubled).collect();
    history.violations.extend(violations);
}

/// The current faults.
#[derive(Default)]
struct Faults {
    /// When the crashed server restarts.
    down_until: Option<Duration>,
    /// When the connection of each cut client heals.
    cut: BTreeMap<usize, Duration>,
    crashes: usize,
}

impl Faults {
    /// Ends the faults whose time is over and may start another. Returns whether the server restarts.
    fn step(&mut self, sim: &mut turmoil::Sim<'_>, rng: &Mutex<u64>, clock: &SimulatedClock) -> bool {
        let now = sim.elapsed();
        let mut restarted = false;
        if self.down_until.is_some_and(|until| until <= now) {
            self.down_until = None;
            restarted = true;
        }
        let healed: Vec<_> = self.cut.iter().filter(|(_, until)| **until <= now).map(|(n, _)| *n).collect();
        for user in healed {
            self.cut.remove(&user);
            sim.repair(format!("p{user}"), "server");
            sim.release(format!("p{user}"), "server");
        }
        let user = usize::try_from(draw(rng, USERS as u64)).unwrap();
        match draw(rng, 100) {
            0..8 if self.down_until.is_none() && !restarted => {
                sim.crash("server");
                self.crashes += 1;
                self.down_until = Some(now + random_ms(rng, 1_500));
            }
            8..22 if !self.cut.contains_key(&user) => {
                sim.partition(format!("p{user}"), "server");
                self.cut.insert(user, now + random_ms(rng, 4_000));
            }
            22..36 if !self.cut.contains_key(&user) => {
                sim.hold(format!("p{user}"), "server");
                self.cut.insert(user, now + random_ms(rng, 2_000));
            }
            36..44 => {
                let step = i64::try_from(draw(rng, 7_200_000)).unwrap() - 3_600_000;
                clock.stepped_ms.fetch_add(step, Ordering::Relaxed);
            }
            _ => {}
        }
        restarted
    }

    /// Ends all faults. Returns whether the server restarts.
    fn stop(&mut self, sim: &mut turmoil::Sim<'_>) -> bool {
        for user in std::mem::take(&mut self.cut).into_keys() {
            sim.repair(format!("p{user}"), "server");
            sim.release(format!("p{user}"), "server");
        }
        self.down_until.take().is_some()
    }
}

/// Result of one run.
struct Outcome {
    history: History,
    crashes: usize,
}

fn run(seed: u64, acknowledges_early: bool) -> Outcome {
    let rng: RngState = Arc::new(Mutex::new(seed));
    client::seed_randomness(seed);
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(Duration::from_millis(5))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(100))
        .simulation_duration(FAULTS_FOR + 2 * RECOVERY_WITHIN)
        .tcp_capacity(1_024)
        .build();
    let clock = Arc::new(SimulatedClock { stepped_ms: AtomicI64::new(0) });
    let disk = SimulatedDisk::new(START_MS);
    create_accounts(&disk);
    let cursor = disk.last_event();
    let options =
        SimOptions { takes: |rng| random_ms(rng, 20), chance: rng.clone(), queue: 3, acknowledges_early };
    let history = Arc::new(Mutex::new(History::default()));
    {
        let (disk, clock) = (disk.clone(), clock.clone());
        sim.host("server", move || serve(disk.clone(), clock.clone(), options.clone()));
    }
    for user in 0..USERS {
        let (rng, history) = (rng.clone(), history.clone());
        sim.client(format!("p{user}"), async move {
            let client = connect(user).await;
            let posts = post_all(user, client.clone(), rng.clone(), history.clone());
            let follows = follow_home(user, client, cursor, rng, history);
            let ((), outcome) = tokio::join!(posts, follows);
            outcome
        });
    }
    let mut faults = Faults::default();
    let mut next = Duration::ZERO;
    let deadline = FAULTS_FOR + RECOVERY_WITHIN;
    loop {
        let now = sim.elapsed();
        if now >= next {
            next = now + Duration::from_millis(250);
            let restart = match now < FAULTS_FOR {
                true => faults.step(&mut sim, &rng, &clock),
                false => faults.stop(&mut sim),
            };
            if restart {
                sim.bounce("server");
                check_disk(&disk, &history);
            }
        }
        match sim.step() {
            Ok(true) => break,
            Ok(false) if now > deadline => {
                history
                    .lock()
                    .unwrap()
                    .violations
                    .push("some tweets have not arrived long after the faults stopped".into());
                break;
            }
            Ok(false) => {}
            Err(error) => {
                history.lock().unwrap().violations.push(error.to_string());
                break;
            }
        }
    }
    check_disk(&disk, &history);
    drop(sim);
    let history = std::mem::take(&mut *history.lock().unwrap());
    Outcome { history, crashes: faults.crashes }
}

/// The seeds to run: `SIMULATION_SEEDS` of them, from `SIMULATION_SEED`.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let variable = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let first = variable("SIMULATION_SEED").unwrap_or(1);
    first..first + variable("SIMULATION_SEEDS").unwrap_or(default)
}

#[test]
fn no_tweet_is_lost_doubled_or_out_of_order_and_clients_recover_soon_after_the_faults() {
    let (mut crashes, mut gaps, mut acknowledged, mut runs) = (0, 0, 0, 0);
    for seed in seeds(20) {
        let outcome = run(seed, false);
        let History { violations, trace, .. } = &outcome.history;
        assert!(violations.is_empty(), "SIMULATION_SEED={seed}: {violations:#?}\n{}", trace.join("\n"));
        assert_eq!(outcome.history.acknowledged.len(), USERS * TWEETS_PER_USER, "SIMULATION_SEED={seed}");
        crashes += outcome.crashes;
        gaps += outcome.history.gaps;
        acknowledged += outcome.history.acknowledged.len();
        runs += 1;
    }
    println!("{runs} seeds: {acknowledged} acknowledged tweets, {crashes} crashes, {gaps} gaps");
    assert!(crashes > 0 || runs < 10, "there are crashes");
}

/// The negative control.
#[test]
fn a_store_that_acknowledges_before_it_syncs_is_detected() {
    let loses = |seed| run(seed, true).history.violations.iter().any(|what| what.contains("is lost"));
    assert!(seeds(20).any(loses));
}

#[test]
fn the_same_seed_gives_the_same_run() {
    let trace = |seed| run(seed, false).history.trace;
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}
