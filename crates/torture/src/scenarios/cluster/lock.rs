//! A server that is stopped, or whose network fails, while it holds the lock of the log: the others write again soon.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::load::{History, Load};
use super::nodes::{Cluster, Setup, with_margin};
use super::person::{Person, ask_with_key, new_key, post_soon};
use super::postgres::Postgres;
use super::proxy::{CommitCut, Mode};
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::random::duration_in;
use crate::server::wait_until;
use crate::user::post;
use protocol::v1::request::Op;

/// Limit for the others to write again.
const AGAIN_WITHIN: Duration = Duration::from_millis(1_200);
/// How long the others are watched.
const WATCHED: Duration = Duration::from_secs(3);
/// Where a server stops itself, in a batch.
const POINTS: [&str; 4] = ["log-locked", "log-before-append", "before-commit", "after-commit"];
/// Where the network stops in the middle of a commit.
const HOLDS: [CommitCut; 2] = [CommitCut::HoldBefore, CommitCut::HoldBeforeSync];
/// Batches before a server stops itself.
const BATCHES: usize = 30;

pub(super) async fn run(context: &Context, postgres: &Postgres) -> Result<Finding, Error> {
    let mut random = context.random("cluster lock");
    let moments = context.times(4, 100);
    let (mut longest, mut broken) = (Vec::new(), Vec::new());
    let mut note = |what: &str, waited: Duration| {
        if waited > with_margin(AGAIN_WITHIN) {
            broken.push(format!("{what}: the others wait {waited:.1?}"));
        }
        longest.push((what.to_owned(), waited));
    };
    let test =
        Test::start(Setup::new(&context.program, postgres.address(), "held"), postgres, &mut random).await?;
    for _ in 0..moments {
        sleep(duration_in(&mut random, Duration::from_millis(50)..=Duration::from_millis(250))).await;
        test.cluster.nodes[0].pause()?;
        note("stopped at a random moment", test.longest_wait(Instant::now()).await);
        test.cluster.nodes[0].resume()?;
        test.wait_until_well(&mut random).await?;
    }
    for hold in HOLDS {
        let held = test.hold(hold).await?;
        note(&format!("{hold:?}"), test.longest_wait(held).await);
        test.cluster.nodes[0].network.set(Mode::Cut);
        test.cluster.nodes[0].network.set(Mode::Open);
        test.wait_until_well(&mut random).await?;
    }
    test.end().await?;
    let mut test =
        Test::start(Setup::new(&context.faults, postgres.address(), "points"), postgres, &mut random).await?;
    for point in POINTS {
        let stopped = test.stop_at(point, "").await?;
        note(point, test.longest_wait(stopped).await);
        test.cluster.nodes[0].resume()?;
        test.wait_until_well(&mut random).await?;
    }
    test.end().await?;
    let mut figures: Vec<String> = Vec::new();
    for kind in longest.iter().map(|(what, _)| what).collect::<std::collections::BTreeSet<_>>() {
        let of_kind = longest.iter().filter(|(what, _)| what == kind).map(|(_, waited)| *waited);
        figures.push(format!("{kind} {:.1?}", of_kind.max().unwrap_or_default()));
    }
    Ok(Finding {
        promise: 25,
        tried: format!(
            "a server stopped while it writes: {moments} times at a random moment, at {} points of a commit, and its network \
             at {}",
            POINTS.len(),
            HOLDS.len()
        ),
        figures: format!("longest wait of the others: {}", figures.join(", ")),
        broken,
        control: control(context, postgres, &mut random).await?,
    })
}

/// The negative control: servers that hold the lock for as long as they like.
async fn control(context: &Context, postgres: &Postgres, random: &mut Rng) -> Result<Control, Error> {
    let setup =
        Setup::new(&context.faults, postgres.address(), "no_timeouts").with_faults("no-lock-timeouts");
    let mut test = Test::start(setup, postgres, random).await?;
    let stopped = test.stop_at("log-before-append", "no-lock-timeouts").await?;
    let waited = test.longest_wait(stopped).await;
    test.cluster.nodes[0].resume()?;
    test.end().await?;
    Ok(Control::of(
        waited > with_margin(AGAIN_WITHIN),
        format!("without timeouts of the lock the others wait {waited:.1?}"),
    ))
}

/// A cluster whose first server writes all the time, and someone who writes at the second.
struct Test {
    cluster: Cluster,
    prober: Person,
    load: Load,
    /// When the second server acknowledged.
    acknowledged: Arc<Mutex<Vec<Instant>>>,
    probing: JoinHandle<()>,
}

impl Test {
    async fn start(setup: Setup<'_>, postgres: &Postgres, random: &mut Rng) -> Result<Self, Error> {
        postgres.create_database(setup.database)?;
        let cluster = setup.start().await?;
        let people = Person::sign_up_many(&cluster.nodes[0], 6).await?;
        let prober = Person::sign_up(&cluster.nodes[0], "prober").await?;
        let only_first = &cluster.addresses()[..1];
        let load = Load::start(&people, only_first, &History::default(), true, random);
        let acknowledged = Arc::new(Mutex::new(Vec::new()));
        let probing =
            probe(prober.clone(), cluster.nodes[1].address.clone(), acknowledged.clone(), random.fork());
        Ok(Self { cluster, prober, load, acknowledged, probing })
    }

    /// The longest time in which the second server acknowledged nothing, from this moment on.
    async fn longest_wait(&self, from: Instant) -> Duration {
        tokio::time::sleep_until(from + WATCHED).await;
        let acknowledged = self.acknowledged.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut last, mut longest) = (from, Duration::ZERO);
        for at in acknowledged.iter().filter(|at| **at > from).chain([&(from + WATCHED)]) {
            longest = longest.max(at.saturating_duration_since(last));
            last = *at;
        }
        longest
    }

    /// Starts the first server so that it stops at this point, with these bugs; returns when it has stopped.
    async fn stop_at(&mut self, point: &str, bugs: &str) -> Result<Instant, Error> {
        let node = &mut self.cluster.nodes[0];
        node.stop().await?;
        node.set_faults(&format!("{bugs},stop:{point}:{BATCHES}"));
        node.start().await?;
        wait_until("the server stops itself", || node.is_paused().unwrap_or(false)).await?;
        Ok(Instant::now())
    }

    /// Holds the next commit of the first server back.
    async fn hold(&self, hold: CommitCut) -> Result<Instant, Error> {
        let network = &self.cluster.nodes[0].network;
        let before = network.commit_cuts();
        network.cut_at_commit(hold);
        wait_until("the first server commits", || network.commit_cuts() > before).await?;
        Ok(Instant::now())
    }

    async fn wait_until_well(&self, random: &mut Rng) -> Result<(), Error> {
        post_soon(&self.prober, &self.cluster.nodes[0].address, "well", random).await.map(drop)
    }

    async fn end(mut self) -> Result<(), Error> {
        self.load.stop().await?;
        self.probing.abort();
        self.cluster.stop().await
    }
}

/// Posts at a server all the time, each post until it is acknowledged.
fn probe(
    prober: Person,
    address: String,
    acknowledged: Arc<Mutex<Vec<Instant>>>,
    mut random: Rng,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut connection = None;
        for n in 0_u64.. {
            let key = new_key(&mut random);
            loop {
                let mut open = match connection.take() {
                    Some(open) => open,
                    None => match prober.connect(&address).await {
                        Ok(open) => open,
                        Err(_) => {
                            sleep(Duration::from_millis(20)).await;
                            continue;
                        }
                    },
                };
                let outcome =
                    ask_with_key(&mut open, Op::Post(post(&format!("probe {n}"))), key.clone()).await;
                if outcome.is_done() {
                    connection = Some(open);
                    break;
                }
                sleep(Duration::from_millis(10)).await;
            }
            acknowledged.lock().unwrap_or_else(PoisonError::into_inner).push(Instant::now());
        }
    })
}
