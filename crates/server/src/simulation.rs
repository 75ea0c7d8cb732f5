//! Server and clients in one thread, on a network, a disk and clocks that chance decides by a seed: people post and
//! follow live while connections hang and break, the server crashes and clocks jump. While it runs nothing that was
//! acknowledged may be missing and nothing may come twice or out of order; when the faults stop, everybody must soon
//! have everything.
//!
//! What is real: the client library, the native gateway, the service, the timelines and the live room, and the
//! statements of the store. What is not: TLS, threads, the disk (see `store/sqlite/simulated.rs`).

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, Dial, Options, Token};
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::{read_timeline, subscribe};
use sha2::{Digest as _, Sha256};
use tokio::io::{DuplexStream, copy_bidirectional};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use turmoil::net::{TcpListener, TcpStream};

use gateway::in_process::channel;
use gateway::limits::{ConnectionLimiter, ConnectionLimits, ReadLimiter, RequestRates};
use gateway::native::{NativeGateway, Times, serve_in_process};
use service::live::LiveConfig;
use service::test_support::config;
use service::timeline::Limits;
use service::{Service, ServiceParts, SignUpMode};
use store::Change;
use store::env::{Clock, Random};
use store::sqlite::simulated::{SimOptions, SimulatedDisk};
use store::test_support::START_MS;
use store::test_support::account;

const PEOPLE: usize = 4;
const POSTS: usize = 8;
const PORT: u16 = 4280;
/// Simulated: while things go wrong, and for everything to be well again.
const FAULTS_FOR: Duration = Duration::from_secs(12);
const WELL_WITHIN: Duration = Duration::from_secs(30);

/// Chance by a seed (SplitMix64).
type Chance = Arc<Mutex<u64>>;

fn draw(chance: &Mutex<u64>, below: u64) -> u64 {
    let mut state = chance.lock().unwrap();
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (z ^ (z >> 31)) % below
}

fn some_ms(chance: &Mutex<u64>, below: u64) -> Duration {
    Duration::from_millis(draw(chance, below))
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
struct SimulatedRandom(Chance);

impl Random for SimulatedRandom {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill_with(|| u8::try_from(draw(&self.0, 256)).unwrap());
    }
}

/// What people know, and what they found wrong.
#[derive(Debug, Default)]
struct Journal {
    /// Texts that were acknowledged.
    acknowledged: Vec<String>,
    /// What each has seen of each author live, as numbers of their posts.
    live: BTreeMap<(usize, usize), Vec<usize>>,
    /// Live, or by reading after a gap: that may be ahead of what comes live.
    seen: BTreeSet<(usize, usize, usize)>,
    gaps: usize,
    broken: Vec<String>,
    /// What happened, with its time.
    trace: Vec<String>,
}

impl Journal {
    fn note(&mut self, what: &str) {
        let at = turmoil::sim_elapsed().unwrap_or_default().as_millis();
        self.trace.push(format!("{at} {what}"));
    }

    /// Live events are in an author's order, each once.
    fn sees_live(&mut self, reader: usize, text: &str) {
        self.note(&format!("{reader} sees {text}"));
        let Some((author, post)) = parse(text) else { return };
        let live = self.live.entry((reader, author)).or_default();
        if live.iter().any(|before| *before >= post) {
            self.broken.push(format!("{reader} sees {text} after {live:?}"));
        }
        live.push(post);
        self.seen.insert((reader, author, post));
    }

    fn has_all(&self, reader: usize) -> bool {
        self.seen.iter().filter(|(who, _, _)| *who == reader).count() == PEOPLE * POSTS
    }
}

fn text_of(author: usize, post: usize) -> String {
    format!("post {author} {post}")
}

fn parse(text: &str) -> Option<(usize, usize)> {
    let (author, post) = text.strip_prefix("post ")?.split_once(' ')?;
    Some((author.parse().ok()?, post.parse().ok()?))
}

fn token(person: usize) -> [u8; 32] {
    [u8::try_from(person + 1).unwrap(); 32]
}

/// People who all follow each other, with a session each.
fn found(disk: &SimulatedDisk) {
    let ids: Vec<_> = (0..PEOPLE)
        .map(|person| {
            let id = disk.write_now(account(&format!("p{person}")));
            model::AccountId::new(id).unwrap()
        })
        .collect();
    for (person, &follower) in ids.iter().enumerate() {
        let token_hash = Sha256::digest(token(person)).into();
        disk.write_now(Change::OpenSession { account: follower, token_hash, client_name: "sim".into() });
        for &followee in ids.iter().filter(|followee| **followee != follower) {
            disk.write_now(Change::Follow { follower, followee });
        }
    }
}

async fn server(
    disk: Arc<SimulatedDisk>,
    clock: Arc<SimulatedClock>,
    options: SimOptions,
) -> turmoil::Result {
    let (store, events) = disk.open(clock.clone(), options.clone());
    let store = Arc::new(store);
    let random = Arc::new(SimulatedRandom(options.chance.clone()));
    let service = Service::start(ServiceParts {
        store,
        events,
        clock,
        random: random.clone(),
        config: config(),
        // Small, so that its bounds are reached.
        live: LiveConfig { inbox: 4, replay_max: 12, ..LiveConfig::default() },
        timelines: Limits::default(),
    })
    .await?;
    let live = service.live().clone();
    let limits = ConnectionLimits { total: 100, per_address: 100, unauthenticated_per_address: 100 };
    let (_stop, stopping) = watch::channel(false);
    let gateway = Arc::new(NativeGateway {
        service,
        live,
        random,
        connections: ConnectionLimiter::new(limits),
        rates: RequestRates::new(0, 1),
        turns: ReadLimiter::new(16, None),
        times: Times { heartbeat: Duration::from_secs(1), ..Times::default() },
        server_name: "Simulated".into(),
        sign_up: SignUpMode::Closed,
        stranger_mentions: 0,
        new_account_posts: 0,
        requests: AtomicU64::new(0),
        stopping,
    });
    let (connector, listener) = channel();
    tokio::spawn(serve_in_process(gateway, listener));
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        let (mut stream, from) = listener.accept().await?;
        let mut within = connector.at(from.ip()).open();
        tokio::spawn(async move { copy_bidirectional(&mut stream, &mut within).await });
    }
}

/// A way to the server for the client library.
fn dial() -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(8 * 1024);
    tokio::spawn(async move {
        if let Ok(mut stream) = TcpStream::connect(("server", PORT)).await {
            let _ = copy_bidirectional(&mut stream, &mut far).await;
        }
    });
    near
}

async fn connect(person: usize) -> Client {
    let mut options = Options::within(Dial::new(dial));
    options.token = Some(Token::from_bytes(token(person).to_vec()));
    loop {
        match Client::connect(options.clone()).await {
            Ok(client) => return client,
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    }
}

/// Posts one after the other; each is asked for until it is acknowledged, always with its key.
async fn write(person: usize, client: Client, chance: Chance, journal: Arc<Mutex<Journal>>) {
    for post in 0..POSTS {
        sleep(some_ms(&chance, 1_500)).await;
        let text = text_of(person, post);
        let key = client::new_key();
        while let Err(error) =
            client.ask_with_key(v1::Post { text: text.clone(), ..v1::Post::default() }, key.clone()).await
        {
            journal.lock().unwrap().note(&format!("{person} is told {error} of {text}"));
            sleep(Duration::from_millis(100)).await;
        }
        let mut journal = journal.lock().unwrap();
        journal.note(&format!("{text} is acknowledged"));
        journal.acknowledged.push(text);
    }
}

/// Follows their home from the beginning until all is there, now and then too slow for what comes.
async fn read(
    person: usize,
    client: Client,
    cursor: u64,
    chance: Chance,
    journal: Arc<Mutex<Journal>>,
) -> turmoil::Result {
    let home = || subscribe::Topic::Home(v1::HomeTopic {});
    let mut subscription = loop {
        match client.subscribe(home(), Some(cursor)).await {
            Ok(subscription) => break subscription,
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    };
    while !journal.lock().unwrap().has_all(person) {
        if draw(&chance, 20) == 0 {
            sleep(some_ms(&chance, 2_000)).await;
        }
        let Ok(update) = timeout(Duration::from_millis(500), subscription.next()).await else { continue };
        let Some(update) = update else {
            return Err(format!("{person}'s subscription ended: {:?}", subscription.ended()).into());
        };
        match update.event {
            Event::TweetPosted(posted) => {
                let text = posted.tweet.map(|tweet| tweet.text).unwrap_or_default();
                journal.lock().unwrap().sees_live(person, &text);
            }
            // Told so, one reads instead.
            Event::Gap(_) => catch_up(person, &client, &journal).await,
            _ => {}
        }
    }
    Ok(())
}

async fn catch_up(person: usize, client: &Client, journal: &Mutex<Journal>) {
    let page = Some(v1::PageRequest { limit: 100, position: None });
    let timeline = Some(read_timeline::Timeline::Home(v1::Home {}));
    let page = loop {
        match client.ask(v1::ReadTimeline { timeline: timeline.clone(), page: page.clone() }).await {
            Ok(page) => break page,
            Err(_) => sleep(Duration::from_millis(100)).await,
        }
    };
    let mut journal = journal.lock().unwrap();
    journal.gaps += 1;
    journal.note(&format!("{person} reads after a gap"));
    for tweet in &page.tweets {
        journal.seen.extend(parse(&tweet.text).map(|(author, post)| (person, author, post)));
    }
}

/// Everything acknowledged is on the disk, and nothing twice.
fn look_at_disk(disk: &SimulatedDisk, journal: &Mutex<Journal>) {
    let db = disk.database();
    let mut statement = db.prepare("SELECT text, count(*) FROM tweet GROUP BY text").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let kept: BTreeMap<String, u32> = rows.map(Result::unwrap).collect();
    let mut journal = journal.lock().unwrap();
    let lost = journal.acknowledged.iter().filter(|text| !kept.contains_key(*text));
    let lost = lost.map(|text| format!("{text} was acknowledged and is lost"));
    let twice =
        kept.iter().filter(|(_, count)| **count > 1).map(|(text, _)| format!("{text} is there twice"));
    let broken: Vec<_> = lost.chain(twice).collect();
    journal.broken.extend(broken);
}

/// Faults that are on, and until when.
#[derive(Default)]
struct Faults {
    down_until: Option<Duration>,
    cut: BTreeMap<usize, Duration>,
    crashes: usize,
}

impl Faults {
    /// Every quarter of a second something may go wrong, and what was wrong may end.
    fn go_on(&mut self, sim: &mut turmoil::Sim<'_>, chance: &Mutex<u64>, clock: &SimulatedClock) -> bool {
        let now = sim.elapsed();
        let mut restarted = false;
        if self.down_until.is_some_and(|until| until <= now) {
            self.down_until = None;
            restarted = true;
        }
        let healed: Vec<_> = self.cut.iter().filter(|(_, until)| **until <= now).map(|(n, _)| *n).collect();
        for person in healed {
            self.cut.remove(&person);
            sim.repair(format!("p{person}"), "server");
            sim.release(format!("p{person}"), "server");
        }
        let person = usize::try_from(draw(chance, PEOPLE as u64)).unwrap();
        match draw(chance, 100) {
            0..8 if self.down_until.is_none() && !restarted => {
                sim.crash("server");
                self.crashes += 1;
                self.down_until = Some(now + some_ms(chance, 1_500));
            }
            8..22 if !self.cut.contains_key(&person) => {
                sim.partition(format!("p{person}"), "server");
                self.cut.insert(person, now + some_ms(chance, 4_000));
            }
            22..36 if !self.cut.contains_key(&person) => {
                sim.hold(format!("p{person}"), "server");
                self.cut.insert(person, now + some_ms(chance, 2_000));
            }
            36..44 => {
                let step = i64::try_from(draw(chance, 7_200_000)).unwrap() - 3_600_000;
                clock.stepped_ms.fetch_add(step, Ordering::Relaxed);
            }
            _ => {}
        }
        restarted
    }

    /// All of them end.
    fn stop(&mut self, sim: &mut turmoil::Sim<'_>) -> bool {
        for person in std::mem::take(&mut self.cut).into_keys() {
            sim.repair(format!("p{person}"), "server");
            sim.release(format!("p{person}"), "server");
        }
        self.down_until.take().is_some()
    }
}

/// What a run came to.
struct Ran {
    journal: Journal,
    crashes: usize,
}

fn run(seed: u64, acknowledges_early: bool) -> Ran {
    let chance: Chance = Arc::new(Mutex::new(seed));
    client::seed_randomness(seed);
    let mut sim = turmoil::Builder::new()
        .rng_seed(seed)
        .tick_duration(Duration::from_millis(5))
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(100))
        .simulation_duration(FAULTS_FOR + 2 * WELL_WITHIN)
        .tcp_capacity(1_024)
        .build();
    let clock = Arc::new(SimulatedClock { stepped_ms: AtomicI64::new(0) });
    let disk = SimulatedDisk::new(START_MS);
    found(&disk);
    let cursor = disk.last_event();
    let options = SimOptions {
        takes: |chance| some_ms(chance, 20),
        chance: chance.clone(),
        queue: 3,
        acknowledges_early,
    };
    let journal = Arc::new(Mutex::new(Journal::default()));
    {
        let (disk, clock) = (disk.clone(), clock.clone());
        sim.host("server", move || server(disk.clone(), clock.clone(), options.clone()));
    }
    for person in 0..PEOPLE {
        let (chance, journal) = (chance.clone(), journal.clone());
        sim.client(format!("p{person}"), async move {
            let client = connect(person).await;
            let writes = write(person, client.clone(), chance.clone(), journal.clone());
            let reads = read(person, client, cursor, chance, journal);
            let ((), read) = tokio::join!(writes, reads);
            read
        });
    }
    let mut faults = Faults::default();
    let mut next = Duration::ZERO;
    let well_by = FAULTS_FOR + WELL_WITHIN;
    loop {
        let now = sim.elapsed();
        if now >= next {
            next = now + Duration::from_millis(250);
            let restart = match now < FAULTS_FOR {
                true => faults.go_on(&mut sim, &chance, &clock),
                false => faults.stop(&mut sim),
            };
            if restart {
                sim.bounce("server");
                look_at_disk(&disk, &journal);
            }
        }
        match sim.step() {
            Ok(true) => break,
            Ok(false) if now > well_by => {
                journal.lock().unwrap().broken.push("not all is there long after the faults stopped".into());
                break;
            }
            Ok(false) => {}
            Err(error) => {
                journal.lock().unwrap().broken.push(error.to_string());
                break;
            }
        }
    }
    look_at_disk(&disk, &journal);
    drop(sim);
    let journal = std::mem::take(&mut *journal.lock().unwrap());
    Ran { journal, crashes: faults.crashes }
}

/// How many seeds, and which is the first.
fn seeds(few: u64) -> std::ops::Range<u64> {
    let asked = |name| std::env::var(name).ok().and_then(|number| number.parse().ok());
    let first = asked("SIMULATION_SEED").unwrap_or(1);
    first..first + asked("SIMULATION_SEEDS").unwrap_or(few)
}

#[test]
fn nothing_is_lost_doubled_or_out_of_order_and_all_is_well_soon_after_faults_stop() {
    let (mut crashes, mut gaps, mut acknowledged, mut runs) = (0, 0, 0, 0);
    for seed in seeds(20) {
        let Ran { journal, crashes: some } = run(seed, false);
        let broken = journal.broken;
        assert!(broken.is_empty(), "SIMULATION_SEED={seed}: {broken:#?}\n{}", journal.trace.join("\n"));
        assert_eq!(journal.acknowledged.len(), PEOPLE * POSTS, "SIMULATION_SEED={seed}");
        crashes += some;
        gaps += journal.gaps;
        acknowledged += journal.acknowledged.len();
        runs += 1;
    }
    println!("{runs} seeds: {acknowledged} acknowledged, {crashes} crashes, {gaps} gaps told");
    assert!(crashes > 0 || runs < 10, "the faults happen");
}

/// The negative control.
#[test]
fn a_store_that_acknowledges_before_it_keeps_is_found_out() {
    let lost = |seed| run(seed, true).journal.broken.iter().any(|what| what.contains("is lost"));
    assert!(seeds(20).any(lost));
}

#[test]
fn the_same_seed_is_the_same_run() {
    let trace = |seed| run(seed, false).journal.trace;
    assert_eq!(trace(7), trace(7));
    assert_ne!(trace(7), trace(8));
}
