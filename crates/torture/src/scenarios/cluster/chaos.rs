//! Faults under load, one after the other, each with its heal and a time in which everything must be well again: what was
//! acknowledged is stored once, all copies are equal, and everything arrives live in the order of the log.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use fastrand::Rng;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::load::{History, Load};
use super::nodes::{Cluster, SERVERS, Setup, with_margin};
use super::person::{Person, post_soon};
use super::postgres::Postgres;
use super::proxy::{CommitCut, Mode};
use super::readers::Reader;
use super::verify::verify;
use crate::context::{Context, Scale};
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::random::duration_in;
use crate::scenarios::clock;
use crate::server::{DEADLINE, private_directory, wait_until};

/// Faults of the long form.
const ROUNDS: usize = 100;
/// People who post all the time.
const PEOPLE: usize = 18;
/// Limit for everything to be well after the end of a fault.
const WELL_WITHIN: Duration = Duration::from_secs(5);
/// The same after PostgreSQL was away.
const WELL_AFTER_DATABASE: Duration = Duration::from_secs(10);
/// Longest fault, and in the long form.
const FAULT_MAX: Duration = Duration::from_secs(3);
const FAULT_MAX_LONG: Duration = Duration::from_secs(60);
/// Delay of each chunk in a slow network.
const DELAY: Duration = Duration::from_millis(40);
/// What a server's clock is set to, in seconds.
const CLOCK_STEPS: [i64; 2] = [-3_600, 3_600];

const CLOCK: &str = "clock";

/// What happens to a server, or to PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fault {
    Kill,
    Pause,
    NetworkCut,
    NetworkStalled,
    NetworkHalfClosed,
    NetworkSlow,
    CommitCut,
    NotificationsLost,
    /// Of the last server.
    ClockWrong,
    PostgresKilled,
    PostgresStoppedImmediately,
    PostgresPaused,
}

const FAULTS: [Fault; 12] = [
    Fault::Kill,
    Fault::Pause,
    Fault::NetworkCut,
    Fault::NetworkStalled,
    Fault::NetworkHalfClosed,
    Fault::NetworkSlow,
    Fault::CommitCut,
    Fault::NotificationsLost,
    Fault::ClockWrong,
    Fault::PostgresKilled,
    Fault::PostgresStoppedImmediately,
    Fault::PostgresPaused,
];

impl Fault {
    fn well_within(self) -> Duration {
        match self {
            Self::PostgresKilled | Self::PostgresStoppedImmediately | Self::PostgresPaused => {
                WELL_AFTER_DATABASE
            }
            _ => WELL_WITHIN,
        }
    }
}

/// A cluster with load.
struct Run {
    cluster: Cluster,
    postgres: Postgres,
    /// Directory of the file that sets the clock of the last server.
    clock: TempDir,
    readers: Vec<Reader>,
    prober: Person,
    history: History,
    random: Rng,
    /// Longest time until everything was well after each kind of fault.
    recovered: BTreeMap<Fault, Duration>,
    broken: Vec<String>,
}

const DATABASE: &str = "chaos";

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let mut random = context.random("cluster chaos");
    let rounds = context.times(FAULTS.len(), ROUNDS);
    let mut faults: Vec<_> = FAULTS.into_iter().cycle().take(rounds).collect();
    random.shuffle(&mut faults);
    let (lost, twice) = control(context).await?;
    let (mut run, load) = Run::start(context, random).await?;
    for (n, fault) in faults.iter().enumerate() {
        run.round(*fault, context.scale).await?;
        if context.scale == Scale::Long {
            eprintln!(
                "{} of {rounds}: {fault:?}, {} broken, {} tweets",
                n + 1,
                run.broken.len(),
                run.history.tweets()
            );
        }
    }
    load.stop().await?;
    run.all_arrived().await?;
    let (postgres, history) = (&run.postgres, &run.history);
    run.broken.extend(verify(&mut run.cluster, postgres, DATABASE, history, &run.readers).await?);
    let gaps: usize = run.readers.iter().map(|reader| reader.with(|arrived| arrived.gaps.len())).sum();
    let recovered = run.recovered.iter().map(|(fault, time)| format!("{fault:?} {time:.1?}"));
    Ok(Finding {
        promise: 25,
        tried: format!(
            "{rounds} faults of {} kinds under load of {PEOPLE} people at {SERVERS} servers",
            FAULTS.len()
        ),
        figures: format!(
            "{} acknowledged, {} lost, twice, different in a copy or out of order; {} moves to another server; {gaps} announced \
             gaps; answers without success: {}; everything well after at most: {}",
            history.acknowledged.with(|record| record.count()),
            run.broken.len(),
            history.moves.load(std::sync::atomic::Ordering::Relaxed),
            answers(history),
            recovered.collect::<Vec<_>>().join(", "),
        ),
        broken: run.broken,
        control: Control::of(
            lost > 0 && twice > 0,
            format!(
                "acknowledging before the commit lost {lost} in a crash, and without keys {twice} were stored twice"
            ),
        ),
    })
}

fn answers(history: &History) -> String {
    let refusals = history.refusals();
    let refusals: Vec<_> = refusals.iter().map(|(name, times)| format!("{times} {name}")).collect();
    if refusals.is_empty() { "none".to_owned() } else { refusals.join(", ") }
}

impl Run {
    async fn start(context: &Context, mut random: Rng) -> Result<(Self, Load), Error> {
        let postgres = Postgres::start(&[]).await?;
        postgres.create_database(DATABASE)?;
        let clock = private_directory()?;
        set_clock(clock.path(), 0)?;
        let mut setup = Setup::new(&context.program, postgres.address(), DATABASE);
        setup.of_last = clock::environment(&clock.path().join(CLOCK))?;
        let cluster = setup.start().await?;
        let history = History::default();
        let people = Person::sign_up_many(&cluster.nodes[0], PEOPLE).await?;
        let prober = Person::sign_up(&cluster.nodes[0], "prober").await?;
        let mut readers = Vec::new();
        for node in &cluster.nodes {
            readers.push(Reader::start(&prober, &node.address).await);
        }
        let load = Load::start(&people, &cluster.addresses(), &history, true, &mut random);
        let (recovered, broken) = (BTreeMap::new(), Vec::new());
        Ok((Self { cluster, postgres, clock, readers, prober, history, random, recovered, broken }, load))
    }

    /// Injects a fault, ends it, and waits until everything is well.
    async fn round(&mut self, fault: Fault, scale: Scale) -> Result<(), Error> {
        let longest =
            if scale == Scale::Long && self.random.usize(..8) == 0 { FAULT_MAX_LONG } else { FAULT_MAX };
        let length = duration_in(&mut self.random, Duration::from_millis(500)..=longest);
        let server = if fault == Fault::ClockWrong { SERVERS - 1 } else { self.random.usize(..SERVERS) };
        self.inject(fault, server)?;
        sleep(length).await;
        self.heal(fault, server).await?;
        let healed = Instant::now();
        self.wait_until_well(fault, server, length).await;
        let recovered = self.recovered.entry(fault).or_default();
        *recovered = healed.elapsed().max(*recovered);
        Ok(())
    }

    fn inject(&mut self, fault: Fault, server: usize) -> Result<(), Error> {
        let node = &mut self.cluster.nodes[server];
        match fault {
            Fault::Kill => node.kill()?,
            Fault::Pause => node.pause()?,
            Fault::NetworkCut => node.network.set(Mode::Cut),
            Fault::NetworkStalled => node.network.set(Mode::Stalled),
            Fault::NetworkHalfClosed => node.network.set(Mode::HalfClosed),
            Fault::NetworkSlow => node.network.set(Mode::Slow(DELAY)),
            Fault::CommitCut => {
                let cut = self.random.usize(..CommitCut::CUTS.len());
                node.network.cut_at_commit(CommitCut::CUTS[cut]);
            }
            Fault::NotificationsLost => node.network.lose_notifications(true),
            Fault::ClockWrong => {
                set_clock(self.clock.path(), CLOCK_STEPS[self.random.usize(..CLOCK_STEPS.len())])?;
            }
            Fault::PostgresKilled => self.postgres.kill()?,
            Fault::PostgresStoppedImmediately => self.postgres.stop_immediately()?,
            Fault::PostgresPaused => self.postgres.pause()?,
        }
        Ok(())
    }

    async fn heal(&mut self, fault: Fault, server: usize) -> Result<(), Error> {
        let node = &mut self.cluster.nodes[server];
        match fault {
            Fault::Kill => node.start().await?,
            Fault::Pause => node.resume()?,
            Fault::CommitCut => {}
            Fault::NotificationsLost => node.network.lose_notifications(false),
            Fault::ClockWrong => set_clock(self.clock.path(), 0)?,
            Fault::PostgresKilled | Fault::PostgresStoppedImmediately => self.postgres.start_again().await?,
            Fault::PostgresPaused => self.postgres.resume(),
            Fault::NetworkCut | Fault::NetworkStalled | Fault::NetworkHalfClosed | Fault::NetworkSlow => {
                node.network.set(Mode::Open);
            }
        }
        Ok(())
    }

    /// Everything is well when a post at each server has arrived at all of them.
    async fn wait_until_well(&mut self, fault: Fault, server: usize, length: Duration) {
        let limit = with_margin(fault.well_within());
        let begun = Instant::now();
        for (n, node) in self.cluster.nodes.iter().enumerate() {
            let text = format!("well {} {}", self.history.tweets(), self.random.u64(..));
            let id = match post_soon(&self.prober, &node.address, &text, &mut self.random).await {
                Ok(id) => id,
                Err(error) => {
                    let line = format!("{fault:?} of server {server} for {length:.1?}: server {n}: {error}");
                    return self.broken.push(line);
                }
            };
            self.history.posted(id, text);
            for (m, reader) in self.readers.iter().enumerate() {
                let has_it =
                    || reader.with(|arrived| arrived.tweets.contains_key(&id) || arrived.excuses(id));
                if wait_until("a tweet arrives", has_it).await.is_err() {
                    let line = format!(
                        "{fault:?} of server {server} for {length:.1?}: a tweet of server {n} does not arrive at {m}"
                    );
                    return self.broken.push(line);
                }
            }
        }
        let took = begun.elapsed();
        if took > limit {
            self.broken
                .push(format!("{fault:?} of server {server} for {length:.1?}: well only after {took:.1?}"));
        }
    }

    /// Waits until everything that was acknowledged has arrived everywhere, or may be missing.
    async fn all_arrived(&self) -> Result<(), Error> {
        let times = self.history.times();
        let end = Instant::now() + DEADLINE;
        for reader in &self.readers {
            let all_here = || {
                reader.with(|arrived| {
                    times.keys().all(|id| arrived.tweets.contains_key(id) || arrived.excuses(*id))
                })
            };
            // What is missing after that is reported by the verification.
            while !all_here() && Instant::now() < end {
                sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }
}

fn set_clock(directory: &Path, seconds: i64) -> Result<(), Error> {
    Ok(fs::write(directory.join(CLOCK), format!("{seconds:+}\n"))?)
}

/// The negative controls: how much is lost if a server acknowledges before it commits, and how much is stored twice if people
/// repeat a request without a key.
async fn control(context: &Context) -> Result<(usize, usize), Error> {
    let mut random = context.random("cluster chaos control");
    let postgres = Postgres::start(&[]).await?;
    postgres.create_database("control")?;
    let mut setup = Setup::new(&context.faults, postgres.address(), "control");
    setup.faults = ["acknowledge-before-commit,kill:log-before-append:60", "kill:after-commit:60", ""];
    let mut cluster = setup.start().await?;
    let history = History::default();
    let people = Person::sign_up_many(&cluster.nodes[2], 9).await?;
    let load = Load::start(&people, &cluster.addresses(), &history, false, &mut random);
    for node in &mut cluster.nodes[..2] {
        node.wait_for_end().await?;
    }
    load.stop().await?;
    let broken = verify(&mut cluster, &postgres, "control", &history, &[]).await?;
    let count = |what: &str| broken.iter().filter(|line| line.contains(what)).count();
    Ok((count("is lost"), count("stored twice")))
}
