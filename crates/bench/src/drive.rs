//! Load on connections, and its measurements: closed loop (a response triggers the next request) or open loop (requests at
//! fixed times, independent of the server).

use std::time::{Duration, Instant};

use bytes::Bytes;
use hdrhistogram::Histogram;
use protocol::v1::request::Op;

use crate::connection::{Connection, Received};
use crate::error::Error;

/// Requests in flight that the server accepts on one connection.
const IN_FLIGHT_MAX: usize = 64;

/// The kind of a request; latencies are recorded separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Read,
    Write,
}

/// When requests are sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Pace {
    /// This many requests in flight on each connection.
    Closed(usize),
    /// This many requests per second over all connections. Latency is measured from the scheduled time, so that a
    /// stall counts for every request that it delays.
    Open(f64),
}

/// The measurements of a load.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    /// Nanoseconds.
    pub(crate) reads: Histogram<u64>,
    /// Nanoseconds.
    pub(crate) writes: Histogram<u64>,
    /// Total size of all responses.
    pub(crate) bytes: u64,
    pub(crate) took: Duration,
}

impl Outcome {
    pub(crate) fn new() -> Result<Self, Error> {
        let histogram = || Histogram::new_with_bounds(1_000, 60_000_000_000, 3);
        Ok(Self { reads: histogram()?, writes: histogram()?, bytes: 0, took: Duration::ZERO })
    }

    /// Adds measurements of the same period.
    pub(crate) fn add(&mut self, other: &Self) -> Result<(), Error> {
        self.reads.add(&other.reads)?;
        self.writes.add(&other.writes)?;
        self.bytes += other.bytes;
        self.took = self.took.max(other.took);
        Ok(())
    }

    /// Adds measurements of a later period.
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

/// Sends requests on all connections for this long, each with its own picker.
pub(crate) async fn drive<P>(
    connections: &mut Vec<Connection>,
    pace: Pace,
    length: Duration,
    picker: impl Fn(usize) -> P,
) -> Result<Outcome, Error>
where
    P: FnMut() -> (Kind, Op) + Send + 'static,
{
    let count = connections.len();
    let start = Instant::now();
    let mut tasks = Vec::new();
    for (n, connection) in connections.drain(..).enumerate() {
        let schedule = match pace {
            Pace::Closed(depth) => Schedule::Closed(depth),
            Pace::Open(per_second) => {
                let interval = Duration::from_secs_f64(count as f64 / per_second);
                Schedule::Open { next: start + interval.mul_f64(n as f64 / count as f64), interval }
            }
        };
        tasks.push(tokio::spawn(drive_one(connection, schedule, start, length, picker(n))));
    }
    let mut outcome = Outcome::new()?;
    for task in tasks {
        let (connection, one) = task.await??;
        connections.push(connection);
        outcome.add(&one)?;
    }
    Ok(outcome)
}

/// The state of the [`Pace`] of one connection.
enum Schedule {
    Closed(usize),
    Open { next: Instant, interval: Duration },
}

async fn drive_one(
    mut connection: Connection,
    mut schedule: Schedule,
    start: Instant,
    length: Duration,
    mut pick: impl FnMut() -> (Kind, Op),
) -> Result<(Connection, Outcome), Error> {
    let mut outcome = Outcome::new()?;
    let end = start + length;
    let mut started = [(Kind::Read, start); IN_FLIGHT_MAX];
    let mut free: Vec<usize> = (0..IN_FLIGHT_MAX).collect();
    let mut random = fastrand::Rng::new();
    loop {
        let now = Instant::now();
        while let Some(&slot) = free.last() {
            let intended = match &mut schedule {
                Schedule::Closed(depth) if IN_FLIGHT_MAX - free.len() < *depth && now < end => now,
                Schedule::Open { next, interval } if *next <= now && *next < end => {
                    let intended = *next;
                    *next += *interval;
                    intended
                }
                _ => break,
            };
            free.pop();
            let (kind, op) = pick();
            started[slot] = (kind, intended);
            let key = if kind == Kind::Write { key(start, random.u64(..)) } else { Bytes::new() };
            connection.queue(slot as u32 + 1, key, op);
        }
        connection.flush().await?;
        let none_in_flight = free.len() == IN_FLIGHT_MAX;
        match schedule {
            Schedule::Closed(_) if none_in_flight => break,
            Schedule::Open { next, .. } if none_in_flight && next >= end => break,
            Schedule::Open { next, .. } if !free.is_empty() && next < end => {
                tokio::select! {
                    received = connection.receive() => received?,
                    () = tokio::time::sleep_until(next.into()) => {}
                }
            }
            _ => connection.receive().await?,
        }
        let now = Instant::now();
        while let Some(received) = connection.next()? {
            let Received::Response { id, bytes, error } = received else { continue };
            if let Some(error) = error {
                return Err(error.into());
            }
            let slot = id as usize - 1;
            let (kind, intended) = started[slot];
            outcome.record(kind, now - intended);
            outcome.bytes += bytes as u64;
            free.push(slot);
        }
    }
    outcome.took = start.elapsed();
    Ok((connection, outcome))
}

/// An idempotency key as clients send it with every change: first the time, so that keys are stored in order, then a
/// random number.
fn key(start: Instant, random: u64) -> Bytes {
    let mut key = [0; 16];
    key[..8].copy_from_slice(&(start.elapsed().as_millis() as u64).to_be_bytes());
    key[8..].copy_from_slice(&random.to_be_bytes());
    Bytes::copy_from_slice(&key)
}
