//! A bystander reads and posts, in turns without and with the attack. Both are measured within seconds on the same machine.
//! The best turn decides: other load makes some of them slow, a missing protection all of them.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::connection::read_local;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::quantile;
use crate::server::{DEADLINE, Server};
use crate::user::User;

/// Length of a turn, with or without the attack.
const TURN: Duration = Duration::from_millis(1_500);
/// How much slower a bystander may be served during an attack.
const SLOWER: f64 = 1.5;
/// Response times are a few milliseconds: this much is the jitter of two busy processors.
const JITTER: Duration = Duration::from_millis(20);
/// A request without a response counts as this long.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Response time at which the server has recovered from an attack.
const RECOVERED: Duration = Duration::from_millis(50);

/// The 99th percentile of the response times in each turn: without the attack, and with it.
#[derive(Debug, Default)]
pub(super) struct Turns(Vec<(Duration, Duration)>);

impl Turns {
    /// Measures this many times without and with the attack, which lasts until its value is dropped.
    pub(super) async fn measure<A>(
        server: &Server,
        bystander: &User,
        times: usize,
        attack: impl AsyncFn() -> Result<A, Error>,
    ) -> Result<Self, Error> {
        let mut options = server.options()?;
        options.timeout = TIMEOUT;
        let bystander = bystander.reconnect(options).await?;
        let mut turns = Vec::new();
        for _ in 0..times {
            let calm = response_times(&bystander).await;
            let attacking = attack().await?;
            let attacked = response_times(&bystander).await;
            drop(attacking);
            turns.push((quantile(&calm, 0.99), quantile(&attacked, 0.99)));
            recovery(&bystander).await?;
        }
        // By how much slower the bystander was.
        turns.sort_by_key(|(calm, attacked)| {
            (attacked.as_secs_f64() / calm.as_secs_f64().max(1e-6) * 1e6) as u64
        });
        Ok(Self(turns))
    }

    fn best(&self) -> (Duration, Duration) {
        self.0.first().copied().unwrap_or_default()
    }

    /// Whether the bystander noticed the attack.
    pub(super) fn is_slower(&self) -> bool {
        let (calm, attacked) = self.best();
        attacked > calm.mul_f64(SLOWER) + JITTER
    }

    pub(super) fn figures(&self) -> String {
        let (calm, attacked) = self.best();
        format!("p99 of a bystander {calm:.1?} before, {attacked:.1?} during")
    }

    /// The finding about an attack, with the same attack on a server with an injected bug.
    pub(super) fn finding(&self, tried: &str, bug: &str, with_bug: &Self) -> Finding {
        Finding {
            promise: 7,
            tried: format!("{tried}, {} times", self.0.len()),
            figures: self.figures(),
            broken: self
                .is_slower()
                .then(|| format!("a bystander notices: {}", self.figures()))
                .into_iter()
                .collect(),
            control: Control::of(with_bug.is_slower(), format!("{bug}: {}", with_bug.figures())),
        }
    }
}

/// How often an attack is tried.
pub(super) fn times(context: &Context) -> usize {
    context.times(3, 15)
}

async fn response_times(bystander: &User) -> Vec<Duration> {
    let (begin, mut times) = (Instant::now(), Vec::new());
    while begin.elapsed() < TURN {
        let sent = Instant::now();
        let answered = match times.len() % 8 {
            0 => bystander.post(&format!("{} of {}", times.len(), bystander.name)).await.is_ok(),
            _ => bystander.client.ask_op(read_local(5), None).await.is_ok(),
        };
        times.push(if answered { sent.elapsed() } else { TIMEOUT.max(sent.elapsed()) });
        sleep(Duration::from_millis(4)).await;
    }
    times
}

async fn recovery(bystander: &User) -> Result<(), Error> {
    let end = Instant::now() + DEADLINE;
    while Instant::now() < end {
        let sent = Instant::now();
        if bystander.client.ask_op(read_local(5), None).await.is_ok() && sent.elapsed() < RECOVERED {
            return Ok(());
        }
        sleep(Duration::from_millis(50)).await;
    }
    Err("the server does not recover from an attack".into())
}
