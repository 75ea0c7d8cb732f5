//! People who post, follow and chat all the time, and the record of what the server acknowledged to them. After a
//! disaster the database must hold all of it, each thing once.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use client::ClientError;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Error;
use crate::person::Person;
use crate::random::Random;

/// What was acknowledged so far.
#[derive(Debug, Default)]
pub(crate) struct Acknowledged {
    /// Tweets by identifier, with their text; all texts differ.
    pub(crate) tweets: HashMap<u64, String>,
    pub(crate) messages: HashMap<u64, String>,
    /// By follower and followee.
    follows: HashMap<(u64, u64), Follow>,
    /// What was answered with an error.
    pub(crate) refused: Vec<String>,
}

/// How it stands between two people.
#[derive(Debug, Default, Clone, Copy)]
struct Follow {
    on: bool,
    /// Asked for, and not answered yet: it may be either way.
    asked: Option<bool>,
}

impl Acknowledged {
    pub(crate) fn count(&self) -> usize {
        self.tweets.len() + self.messages.len() + self.follows.len()
    }

    /// What of it this database lacks or holds twice, a line each.
    pub(crate) fn missing_from(&self, database: &Path) -> Result<Vec<String>, Error> {
        let db = match open(database) {
            Ok(db) => db,
            Err(error) => return Ok(vec![format!("all that was acknowledged is lost: {error}")]),
        };
        let mut broken = Vec::new();
        for (what, known, there) in [
            ("tweet", &self.tweets, texts(&db, TWEETS)?),
            ("message", &self.messages, texts(&db, "SELECT id, text FROM message")?),
        ] {
            let lost = known.iter().filter(|(id, text)| there.get(id) != Some(text));
            broken.extend(lost.map(|(id, text)| format!("{what} {id} was acknowledged and is lost: {text}")));
            let mut texts = HashSet::new();
            let twice = there.values().filter(|text| !texts.insert(*text));
            broken.extend(twice.map(|text| format!("{what} is there twice: {text}")));
        }
        let mut query = db.prepare("SELECT follower, followee FROM follow")?;
        let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let there = rows.map(|row| row.map(|(a, b)| (a.cast_unsigned(), b.cast_unsigned())));
        let there: HashSet<(u64, u64)> = there.collect::<Result<_, _>>()?;
        for (pair, follow) in &self.follows {
            let on = there.contains(pair);
            if on != follow.on && follow.asked != Some(on) {
                broken.push(format!("{pair:?}: following is {on}, {} was acknowledged", follow.on));
            }
        }
        Ok(broken)
    }
}

const TWEETS: &str = "SELECT id, text FROM tweet WHERE deleted = 0";

/// All tweets of a database, with or without a server on it.
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

/// The record of what was acknowledged, which goes on while one looks.
#[derive(Debug, Default, Clone)]
pub(crate) struct Record(Arc<Mutex<Acknowledged>>);

impl Record {
    /// Looks at it or adds to it.
    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut Acknowledged) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// People at work, until they are told to stop.
#[derive(Debug)]
pub(crate) struct Load {
    stop: watch::Sender<bool>,
    people: JoinSet<()>,
}

impl Load {
    /// Everybody begins: posts mostly, messages, follows and unfollows, one thing after the other.
    pub(crate) fn start(people: &[Person], record: &Record, random: &mut Random) -> Self {
        let (stop, stopped) = watch::channel(false);
        let names: Arc<[(u64, String)]> = people.iter().map(|p| (p.account, p.name.clone())).collect();
        let mut tasks = JoinSet::new();
        for person in people {
            let work = Work {
                person: person.clone(),
                others: names.iter().filter(|(id, _)| *id != person.account).cloned().collect(),
                record: record.clone(),
                random: random.fork(),
            };
            tasks.spawn(work.until(stopped.clone()));
        }
        Self { stop, people: tasks }
    }

    /// Everybody ends what they are at.
    pub(crate) async fn stop(mut self) -> Result<(), Error> {
        self.stop.send_replace(true);
        while let Some(ended) = self.people.join_next().await {
            ended?;
        }
        Ok(())
    }
}

struct Work {
    person: Person,
    others: Vec<(u64, String)>,
    record: Record,
    random: Random,
}

impl Work {
    async fn until(mut self, stopped: watch::Receiver<bool>) {
        while !*stopped.borrow() {
            let text = format!("{} of {}", self.random.next(), self.person.name);
            let other = self.random.below(self.others.len());
            let done = match (self.random.below(10), self.others.get(other).cloned()) {
                (7 | 8, Some((_, name))) => self.message(&name, text).await,
                (9, Some(other)) => self.turn_follow(other).await,
                _ => self.post(text).await,
            };
            if let Err(error) = done {
                let line = format!("{}: {error}", self.person.name);
                self.record.with(|record| record.refused.push(line));
                // Whatever it is, it is not to be asked as fast as can be.
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        }
    }

    async fn post(&mut self, text: String) -> Result<(), ClientError> {
        let id = self.person.post(&text).await?;
        self.record.with(|record| record.tweets.insert(id, text));
        Ok(())
    }

    async fn message(&mut self, to: &str, text: String) -> Result<(), ClientError> {
        let id = self.person.message(to, &text).await?;
        self.record.with(|record| record.messages.insert(id, text));
        Ok(())
    }

    async fn turn_follow(&mut self, (id, name): (u64, String)) -> Result<(), ClientError> {
        let pair = (self.person.account, id);
        let on = self.record.with(|record| {
            let follow = record.follows.entry(pair).or_default();
            // What had an error may have been done: the state is not known until the next answer.
            *follow.asked.insert(!follow.on)
        });
        self.person.follow(&name, on).await?;
        self.record.with(|record| record.follows.insert(pair, Follow { on, asked: None }));
        Ok(())
    }
}
