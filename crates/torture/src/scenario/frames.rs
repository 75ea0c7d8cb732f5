//! What comes over a bad network, or from bad people: posts that are cut off happen once and none is lost (P4), and what
//! is no frame ends its connection and costs no memory (P6, see [`malformed`]).

mod malformed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use client::ClientError;
use protocol::v1::request::Op;
use protocol::v1::response;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::Setup;
use crate::Error;
use crate::chaos::Proxy;
use crate::load::Record;
use crate::person::{Person, people, post};
use crate::report::{Control, Line};
use crate::server::{DEADLINE, Launch, Server, private_directory, until};

/// A post is at least a chunk up and a chunk down: together, three in ten do not get through.
const CUT_PERCENT: usize = 17;
const PEOPLE: usize = 20;
/// Of each person who sends without a key.
const CONTROL_POSTS: usize = 10;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let (chaos, malformed) = tokio::try_join!(chaos(setup), malformed::run(setup))?;
    Ok(vec![chaos, malformed])
}

async fn chaos(setup: &Setup) -> Result<Line, Error> {
    let each = setup.times(75, 500);
    let restarts = setup.times(1, 5);
    let with_keys = posts(setup, each, restarts, Person::post_surely).await?;
    let control = posts(setup, CONTROL_POSTS, 0, Person::post_without_key).await?;
    let doubled = control.broken.iter().filter(|line| line.contains("twice")).count();
    Ok(Line {
        promise: 4,
        tried: format!(
            "{} posts through a network that cut {} of their connections, and {restarts} restarts",
            with_keys.posts, with_keys.cuts
        ),
        figures: format!("{} lost or doubled", with_keys.broken.len()),
        broken: with_keys.broken,
        control: Control::of(
            doubled > 0,
            format!("{} posts without keys: {doubled} doubled in {} cuts", control.posts, control.cuts),
        ),
    })
}

struct Posted {
    posts: usize,
    cuts: usize,
    broken: Vec<String>,
}

/// Everybody posts so often through a bad network, while the server is killed and started again so many times.
async fn posts<F>(
    setup: &Setup,
    each: usize,
    restarts: usize,
    one: fn(Person, String) -> F,
) -> Result<Posted, Error>
where
    F: Future<Output = Result<u64, ClientError>> + Send + 'static,
{
    let directory = private_directory()?;
    let mut launch = Launch::new(&setup.program, &directory.path().join("data"));
    let mut server = launch.start().await?;
    launch = launch.at(&server.address);
    let mut random = setup.random("chaos");
    let proxy = Proxy::start(&server.address, CUT_PERCENT, random.fork()).await?;
    let (record, done) = (Record::default(), Arc::new(AtomicUsize::new(0)));
    let mut broken = keys_are_kept(&server).await?;
    let mut tasks = JoinSet::new();
    for person in people(&server, PEOPLE).await? {
        let person = behind(&server, &proxy, &person).await?;
        let (record, done) = (record.clone(), done.clone());
        tasks.spawn(async move {
            for n in 0..each {
                let text = format!("{n} of {}", person.name);
                let posted = one(person.clone(), text.clone()).await;
                done.fetch_add(1, Ordering::Relaxed);
                record.with(|record| match posted {
                    Ok(id) => drop(record.tweets.insert(id, text)),
                    Err(error) => record.refused.push(format!("{text}: {error}")),
                });
            }
        });
    }
    let posts = PEOPLE * each;
    for n in 1..=restarts {
        until("half of them have posted", || done.load(Ordering::Relaxed) >= posts * n / (restarts + 1))
            .await?;
        server.process.kill()?;
        server = launch.start().await?;
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    server.stop().await?;
    broken.extend(launch.check()?);
    record.with(|record| {
        broken.extend(record.missing_from(&launch.database())?);
        broken.append(&mut record.refused);
        Ok(Posted { posts, cuts: proxy.cuts(), broken })
    })
}

/// The same person on the other side of a bad network.
async fn behind(server: &Server, proxy: &Proxy, person: &Person) -> Result<Person, Error> {
    let mut options = server.options_by(proxy.address())?;
    options.timeout = DEADLINE * 2;
    // A first connection is not tried again by the client.
    let connected = timeout(DEADLINE, async {
        loop {
            if let Ok(person) = person.again(options.clone()).await {
                return person;
            }
        }
    });
    Ok(connected.await?)
}

/// A key stands for one request: again it gives the same, with another request a conflict.
async fn keys_are_kept(server: &Server) -> Result<Vec<String>, Error> {
    let person = Person::sign_up(server, "keeper").await?;
    let key = client::new_key();
    let first = person.client.ask_with_key(post("once"), key.clone()).await?.id;
    let again = person.client.ask_with_key(post("once"), key.clone()).await?.id;
    let mut broken = Vec::new();
    if first != again {
        broken.push(format!("the same key gave {first}, then {again}"));
    }
    match person.client.ask_with_key(post("another"), key).await {
        Err(ClientError::Refused(model::Error::IdempotencyConflict)) => {}
        other => broken.push(format!("the same key with another post gave {other:?}")),
    }
    Ok(broken)
}

impl Person {
    async fn post_surely(self, text: String) -> Result<u64, ClientError> {
        self.post(&text).await
    }

    /// As a client would that knows nothing of keys: when there is no answer it asks again.
    async fn post_without_key(self, text: String) -> Result<u64, ClientError> {
        loop {
            match self.client.ask_op(Op::Post(post(&text)), Some(Bytes::new())).await {
                Ok(response::Result::Done(done)) => return Ok(done.id),
                Err(ClientError::Lost) => tokio::time::sleep(Duration::from_millis(10)).await,
                Ok(_) => return Err(ClientError::Lost),
                Err(error) => return Err(error),
            }
        }
    }
}
