//! Continuous load: users who post, follow and send messages, and the record of what the server acknowledged. After a
//! failure the database must contain all of it, without duplicates.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use client::ClientError;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::Error;
use crate::user::User;
use fastrand::Rng;

/// Everything the server has acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// Tweets by identifier. All texts are different.
    pub(crate) tweets: HashMap<u64, String>,
    pub(crate) messages: HashMap<u64, String>,
    /// By follower and followee.
    follows: HashMap<(u64, u64), Follow>,
    /// Requests that were answered with an error.
    pub(crate) refused: Vec<String>,
}

/// Whether one user follows another.
#[derive(Debug, Default, Clone, Copy)]
struct Follow {
    /// The state that was acknowledged last.
    on: bool,
    /// The state requested since, without a response yet: the database may have either.
    requested: Option<bool>,
}

impl Acknowledged {
    pub(crate) fn count(&self) -> usize {
        self.tweets.len() + self.messages.len() + self.follows.len()
    }

    /// What this database lacks or has twice, one line each.
    pub(crate) fn missing_from(&self, database: &Path) -> Result<Vec<String>, Error> {
        let db = match open(database) {
            Ok(db) => db,
            Err(error) => return Ok(vec![format!("everything acknowledged is lost: {error}")]),
        };
        let mut broken = Vec::new();
        for (what, acknowledged, stored) in [
            ("tweet", &self.tweets, texts(&db, TWEETS)?),
            ("message", &self.messages, texts(&db, "SELECT id, text FROM message")?),
        ] {
            let lost = acknowledged.iter().filter(|(id, text)| stored.get(id) != Some(text));
            broken.extend(lost.map(|(id, text)| format!("{what} {id} was acknowledged and is lost: {text}")));
            let mut texts = HashSet::new();
            let twice = stored.values().filter(|text| !texts.insert(*text));
            broken.extend(twice.map(|text| format!("{what} is stored twice: {text}")));
        }
        let mut query = db.prepare("SELECT follower, followee FROM follow")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let stored = rows.map(|row| row.map(|(a, b)| (a.cast_unsigned(), b.cast_unsigned())));
        let stored: HashSet<(u64, u64)> = stored.collect::<Result<_, _>>()?;
        for (pair, follow) in &self.follows {
            let on = stored.contains(pair);
            if on != follow.on && follow.requested != Some(on) {
                broken.push(format!("{pair:?}: following is {on}, {} was acknowledged", follow.on));
            }
        }
        Ok(broken)
    }
}

const TWEETS: &str = "SELECT id, text FROM tweet WHERE deleted = 0";

/// All tweets of a database, which may be in use.
pub(crate) fn tweets_in(database: &Path) -> Result<HashMap<u64, String>, Error> {
    texts(&open(database)?, TWEETS)
}

fn open(database: &Path) -> Result<Connection, Error> {
    let db = Connection::open_with_flags(database, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    db.busy_timeout(crate::server::DEADLINE)?;
    Ok(db)
}

fn texts(db: &Connection, query: &str) -> Result<HashMap<u64, String>, Error> {
    let mut query = db.prepare(query)?;
    let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A shared [`Acknowledged`] that the load updates while it is inspected.
#[derive(Debug, Default, Clone)]
pub(crate) struct Record(Arc<Mutex<Acknowledged>>);

impl Record {
    /// Reads or changes the record.
    pub(crate) fn with<T>(&self, access: impl FnOnce(&mut Acknowledged) -> T) -> T {
        access(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Running load.
#[derive(Debug)]
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Load {
    /// Starts the load: 70% posts, 20% messages, 10% follows and unfollows, one request at a time for each user.
    pub(crate) fn start(users: &[User], record: &Record, random: &mut Rng) -> Self {
        let (stop, stopped) = watch::channel(false);
        let names: Arc<[(u64, String)]> = users.iter().map(|p| (p.account, p.name.clone())).collect();
        let mut tasks = JoinSet::new();
        for user in users {
            let worker = Worker {
                user: user.clone(),
                others: names.iter().filter(|(id, _)| *id != user.account).cloned().collect(),
                record: record.clone(),
                random: random.fork(),
            };
            tasks.spawn(worker.run(stopped.clone()));
        }
        Self { stop, tasks }
    }

    /// Waits for the requests in flight, then stops.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.stop.send_replace(true);
        while let Some(ended) = self.tasks.join_next().await {
            ended?;
        }
        Ok(())
    }
}

struct Worker {
    user: User,
    others: Vec<(u64, String)>,
    record: Record,
    random: Rng,
}

impl Worker {
    async fn run(mut self, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let text = format!("{} of {}", self.random.u64(..), self.user.name);
            let other = self.random.choice(&self.others).cloned();
            let done = match (self.random.usize(..10), other) {
                (7 | 8, Some((_, name))) => self.message(&name, text).await,
                (9, Some(other)) => self.toggle_follow(other).await,
                _ => self.post(text).await,
            };
            if let Err(error) = done {
                let line = format!("{}: {error}", self.user.name);
                self.record.with(|record| record.refused.push(line));
                // Does not retry as fast as possible, whatever the error is.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }

    async fn post(&mut self, text: String) -> Result<(), ClientError> {
        let id = self.user.post(&text).await?;
        self.record.with(|record| record.tweets.insert(id, text));
        Ok(())
    }

    async fn message(&mut self, to: &str, text: String) -> Result<(), ClientError> {
        let id = self.user.message(to, &text).await?;
        self.record.with(|record| record.messages.insert(id, text));
        Ok(())
    }

    async fn toggle_follow(&mut self, (id, name): (u64, String)) -> Result<(), ClientError> {
        let pair = (self.user.account, id);
        let on = self.record.with(|record| {
            let follow = record.follows.entry(pair).or_default();
            // A request that failed may have been executed: the state is unknown until the next response.
            *follow.requested.insert(!follow.on)
        });
        self.user.follow(&name, on).await?;
        self.record.with(|record| record.follows.insert(pair, Follow { on, requested: None }));
        Ok(())
    }
}
