//! Load on a cluster: people who post and send messages with keys, move to another server when theirs fails and also for
//! no reason, and look there for everything that they saw before.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use protocol::v1::request::Op;
use protocol::v1::{self, read_timeline, response};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::person::{Outcome, Person, ask_with_key, local, new_key, read};
use crate::connection::Connection;
use crate::error::Error;
use crate::load::Record;
use crate::server::DEADLINE;
use crate::user::post;

/// One request in so many is sent after a move to another server.
const MOVES: usize = 25;
/// Tweets that a person remembers, of their own and of others: fewer than a page has.
const REMEMBERED: usize = 40;
/// Pause after a request that failed.
const PAUSE: Duration = Duration::from_millis(50);

/// What was acknowledged to people.
#[derive(Debug, Default, Clone)]
pub(super) struct History {
    /// Everything that was acknowledged.
    pub(super) acknowledged: Record,
    shared: Arc<Mutex<Shared>>,
    /// Moves to another server.
    pub(super) moves: Arc<AtomicUsize>,
}

#[derive(Debug, Default)]
struct Shared {
    /// When a tweet was acknowledged.
    times: BTreeMap<u64, Instant>,
    /// Answers that are no success, by their name.
    refusals: BTreeMap<String, usize>,
    broken: Vec<String>,
}

impl History {
    fn with<T>(&self, access: impl FnOnce(&mut Shared) -> T) -> T {
        access(&mut self.shared.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// When each tweet was acknowledged.
    pub(super) fn times(&self) -> BTreeMap<u64, Instant> {
        self.with(|shared| shared.times.clone())
    }

    /// The answers that are no success, and how often each was given.
    pub(super) fn refusals(&self) -> BTreeMap<String, usize> {
        self.with(|shared| shared.refusals.clone())
    }

    pub(super) fn take_broken(&self) -> Vec<String> {
        self.with(|shared| std::mem::take(&mut shared.broken))
    }

    fn refused(&self, refusal: &str) {
        self.with(|shared| *shared.refusals.entry(refusal.to_owned()).or_default() += 1);
    }

    /// The tweets that were acknowledged.
    pub(super) fn tweets(&self) -> usize {
        self.acknowledged.with(|record| record.tweets.len())
    }

    /// Notes that a tweet was acknowledged now.
    pub(super) fn posted(&self, id: u64, text: String) {
        self.with(|shared| shared.times.insert(id, Instant::now()));
        self.acknowledged.with(|record| record.tweets.insert(id, text));
    }
}

/// Running load.
#[derive(Debug)]
pub(super) struct Load {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Starts the load: each of these people sends one request after the other, at any of these servers, with or without
    /// keys.
    pub(super) fn start(
        people: &[Person],
        servers: &[String],
        history: &History,
        keys: bool,
        random: &mut Rng,
    ) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        for (n, person) in people.iter().enumerate() {
            let worker = Worker {
                person: person.clone(),
                friend: people[(n + 1) % people.len()].name.clone(),
                servers: servers.to_vec(),
                at: n % servers.len(),
                connection: None,
                keys,
                seen: Seen::default(),
                history: history.clone(),
                random: random.fork(),
            };
            tasks.spawn(worker.run(stopped.clone()));
        }
        Self { stop, tasks }
    }

    /// Waits until every request has its response.
    pub(super) async fn stop(mut self) -> Result<(), Error> {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(())
    }
}

/// What a person saw and must see everywhere.
#[derive(Debug, Default)]
struct Seen {
    own: VecDeque<u64>,
    /// The newest public tweets of the last page, newest first.
    public: Vec<u64>,
}

impl Seen {
    fn posted(&mut self, id: u64) {
        self.own.push_back(id);
        while self.own.len() > REMEMBERED {
            self.own.pop_front();
        }
    }

    /// What is missing from two pages of another server.
    fn missing(&self, own: &[u64], public: &[u64]) -> Vec<u64> {
        let oldest = public.last().copied().unwrap_or_default();
        let lost_own = self.own.iter().filter(|id| !own.contains(id));
        let seen = self.public.iter().take(REMEMBERED).filter(|&&id| id >= oldest);
        lost_own.chain(seen.filter(|id| !public.contains(id))).copied().collect()
    }
}

struct Worker {
    person: Person,
    friend: String,
    servers: Vec<String>,
    /// Index of the server.
    at: usize,
    connection: Option<Connection>,
    keys: bool,
    seen: Seen,
    history: History,
    random: Rng,
}

impl Worker {
    async fn run(mut self, stopped: watch::Receiver<bool>) {
        let mut n = 0;
        while !*stopped.borrow() {
            n += 1;
            let text = format!("{n} of {}", self.person.name);
            let is_message = self.random.usize(..5) == 0;
            let op = if is_message {
                Op::SendMessage(v1::SendMessage { username: self.friend.clone(), text: text.clone() })
            } else {
                Op::Post(post(&text))
            };
            if self.random.usize(..MOVES) == 0 {
                self.leave();
            }
            self.until_acknowledged(op, text).await;
        }
    }

    /// Goes to another server, if there is one.
    fn leave(&mut self) {
        self.connection = None;
        let others = self.servers.len() - 1;
        if others == 0 {
            return;
        }
        self.at = (self.at + 1 + self.random.usize(..others)) % self.servers.len();
        self.history.moves.fetch_add(1, Ordering::Relaxed);
    }

    /// Sends a request again and again, with the same key, at whatever server answers.
    async fn until_acknowledged(&mut self, op: Op, text: String) {
        let key = if self.keys { new_key(&mut self.random) } else { Bytes::new() };
        let end = Instant::now() + DEADLINE * 2;
        loop {
            match self.attempt(&op, &key).await {
                Outcome::Done(response::Result::Done(done)) => {
                    self.seen.posted(done.id);
                    return self.history.posted(done.id, text);
                }
                Outcome::Done(response::Result::MessageSent(sent)) => {
                    return self.history.acknowledged.with(|record| {
                        record.messages.insert(sent.message_id, text);
                    });
                }
                Outcome::Refused(
                    error @ (model::Error::Unavailable(_) | model::Error::Busy | model::Error::GoingAway),
                ) => self.history.refused(error.code()),
                Outcome::Unknown => self.history.refused("no response"),
                other => {
                    return self.history.with(|shared| shared.broken.push(format!("{text}: {other:?}")));
                }
            }
            if Instant::now() > end {
                let line = format!("{text}: no server has acknowledged it");
                return self.history.with(|shared| shared.broken.push(line));
            }
            self.leave();
            sleep(PAUSE).await;
        }
    }

    async fn attempt(&mut self, op: &Op, key: &Bytes) -> Outcome {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => match self.arrive().await {
                Ok(connection) => connection,
                Err(outcome) => return outcome,
            },
        };
        let outcome = ask_with_key(&mut connection, op.clone(), key.clone()).await;
        if outcome.is_done() {
            self.connection = Some(connection);
        }
        outcome
    }

    /// Connects to the server, and looks for everything that was seen elsewhere.
    async fn arrive(&mut self) -> Result<Connection, Outcome> {
        let mut connection = self.person.connect(&self.servers[self.at]).await?;
        let own = ids(read(&mut connection, read_timeline::Timeline::User(self.person.name.clone())).await?);
        let public = ids(read(&mut connection, local()).await?);
        for id in self.seen.missing(&own, &public) {
            let line = format!("{} saw {id} and does not see it at server {}", self.person.name, self.at);
            self.history.with(|shared| shared.broken.push(line));
        }
        self.seen.public = public;
        Ok(connection)
    }
}

fn ids(tweets: Vec<v1::Tweet>) -> Vec<u64> {
    tweets.into_iter().map(|tweet| tweet.id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_server_does_not_show_is_missing() {
        let seen = Seen { own: [4, 9].into(), public: vec![9, 8, 2] };
        assert_eq!(seen.missing(&[9, 4], &[10, 9, 8, 5]), [0_u64; 0], "2 is on the next page");
        assert_eq!(seen.missing(&[9], &[10, 9, 5]), [4, 8]);
    }
}
