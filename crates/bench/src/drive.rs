//! Load on connections, and what it met: closed loop (the next request when an answer came) or open loop (at
//! fixed times, whatever the server does).

use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use protocol::v1::request::Op;

use crate::Error;
use crate::link::{Arrived, Link};

/// Requests that the server takes from one connection at once.
const IN_FLIGHT_MAX: usize = 64;

/// What kind of request it is, for its latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// When the next request goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// So many in flight on each connection.
    Closed(usize),
    /// So many a second over all connections. Latencies count from when a request was to go, so that a stall
    /// is seen by all that it held up.
    Open(f64),
}

/// What was measured.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Nanoseconds.
    pub(crate) reads: Histogram<u64>,
    /// Nanoseconds.
    pub(crate) writes: Histogram<u64>,
    /// Of all answers.
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

impl Outcome {
    pub(crate) fn new() -> Result<Self, Error> {
        let histogram = || Histogram::new_with_bounds(1_000, 60_000_000_000, 3);
        Ok(Self { reads: histogram()?, writes: histogram()?, bytes: 0, took: Duration::ZERO })
    }

    /// Adds what was measured beside it.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), Error> {
        self.reads.add(&other.reads)?;
        self.writes.add(&other.writes)?;
        self.bytes += other.bytes;
        self.took = self.took.max(other.took);
        Ok(())
    }

    /// Adds what was measured after it.
    pub(crate) fn then(&mut self, later: &Self) -> Result<(), Error> {
        let took = self.took + later.took;
        self.add(later)?;
        self.took = took;
        Ok(())
    }

    pub(crate) fn record(&mut self, kind: Kind, latency: Duration) {
        let of_kind = if kind == Kind::Read { &mut self.reads } else { &mut self.writes };
        of_kind.saturating_record(u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX));
    }

    pub(crate) fn requests(&self) -> u64 {
        self.reads.len() + self.writes.len()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.requests() as f64 / self.took.as_secs_f64()
    }
}

/// Drives all connections for some time, each with the requests of its own picker.
pub(crate) async fn drive<P>(
    links: &mut Vec<Link>,
    pace: Pace,
    length: Duration,
    picker: impl Fn(usize) -> P,
) -> Result<Outcome, Error>
where
    P: FnMut() -> (Kind, Op) + Send + 'static,
{
    let count = links.len();
    let start = Instant::now();
    let mut tasks = Vec::new();
    for (n, link) in links.drain(..).enumerate() {
        let turns = match pace {
            Pace::Closed(depth) => Turns::Closed(depth),
            Pace::Open(per_second) => {
                let interval = Duration::from_secs_f64(count as f64 / per_second);
                Turns::Open { next: start + interval.mul_f64(n as f64 / count as f64), interval }
            }
        };
        tasks.push(tokio::spawn(drive_one(link, turns, start, length, picker(n))));
    }
    let mut outcome = Outcome::new()?;
    for task in tasks {
        let (link, one) = task.await??;
        links.push(link);
        outcome.add(&one)?;
    }
    Ok(outcome)
}

enum Turns {
    Closed(usize),
    Open { next: Instant, interval: Duration },
}

async fn drive_one(
    mut link: Link,
    mut turns: Turns,
    start: Instant,
    length: Duration,
    mut pick: impl FnMut() -> (Kind, Op),
) -> Result<(Link, Outcome), Error> {
    let mut outcome = Outcome::new()?;
    let end = start + length;
    let mut began = [(Kind::Read, start); IN_FLIGHT_MAX];
    let mut free: Vec<usize> = (0..IN_FLIGHT_MAX).collect();
    let mut keys = start.elapsed().as_nanos() as u64;
    loop {
        let now = Instant::now();
        while let Some(&slot) = free.last() {
            let intended = match &mut turns {
                Turns::Closed(depth) if IN_FLIGHT_MAX - free.len() < *depth && now < end => now,
                Turns::Open { next, interval } if *next <= now && *next < end => {
                    let intended = *next;
                    *next += *interval;
                    intended
                }
                _ => break,
            };
            free.pop();
            let (kind, op) = pick();
            began[slot] = (kind, intended);
            keys = keys.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let key = if kind == Kind::Write { key(start, keys) } else { Bytes::new() };
            link.queue(slot as u32 + 1, key, op);
        }
        link.flush().await?;
        let none_in_flight = free.len() == IN_FLIGHT_MAX;
        match turns {
            Turns::Closed(_) if none_in_flight => break,
            Turns::Open { next, .. } if none_in_flight && next >= end => break,
            Turns::Open { next, .. } if !free.is_empty() && next < end => {
                tokio::select! {
                    received = link.receive() => received?,
                    () = tokio::time::sleep_until(next.into()) => {}
                }
            }
            _ => link.receive().await?,
        }
        let now = Instant::now();
        while let Some(arrived) = link.next()? {
            let Arrived::Answer { id, bytes, error } = arrived else { continue };
            if let Some(error) = error {
                return Err(error.into());
            }
            let slot = id as usize - 1;
            let (kind, intended) = began[slot];
            outcome.record(kind, now - intended);
            outcome.bytes += bytes as u64;
            free.push(slot);
        }
    }
    outcome.took = start.elapsed();
    Ok((link, outcome))
}

/// An idempotency key as clients send one with every change: in the order of time, then a number of its own.
fn key(connection: Instant, n: u64) -> Bytes {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&(connection.elapsed().as_millis() as u64).to_be_bytes());
    key[8..].copy_from_slice(&n.to_be_bytes());
    Bytes::copy_from_slice(&key)
}
