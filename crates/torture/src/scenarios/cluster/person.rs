//! A person who uses any server of the cluster, over plain connections: requests have a key of their own, so that they can
//! be repeated at another server, and every response is looked at.

use std::time::Duration;

use bytes::Bytes;
use fastrand::Rng;
use protocol::v1::request::Op;
use protocol::v1::{self, read_timeline, response};
use tokio::time::{Instant, sleep, timeout};

use super::nodes::Node;
use crate::connection::Connection;
use crate::error::Error;
use crate::server::DEADLINE;
use crate::user::{User, post};

/// Longest wait for a response: a server that is stopped gives none.
const RESPONSE: Duration = Duration::from_secs(6);

/// An account with an open session.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) token: Bytes,
}

/// How a request ended.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "few exist at a time")]
pub(super) enum Outcome {
    Done(response::Result),
    Refused(model::Error),
    /// The connection ended first, or no response came in time: it is not known what happened.
    Unknown,
}

impl Outcome {
    pub(super) fn is_done(&self) -> bool {
        matches!(self, Self::Done(_))
    }
}

impl Person {
    /// Creates an account at this server.
    pub(super) async fn sign_up(node: &Node, name: &str) -> Result<Self, Error> {
        let user = User::sign_up(node.server()?, name).await?;
        Ok(Self { name: name.to_owned(), token: user.token.to_bytes().into() })
    }

    /// Several: `p0`, `p1` and so on.
    pub(super) async fn sign_up_many(node: &Node, how_many: usize) -> Result<Vec<Self>, Error> {
        let mut people = Vec::with_capacity(how_many);
        for n in 0..how_many {
            people.push(Self::sign_up(node, &format!("p{n}")).await?);
        }
        Ok(people)
    }

    /// Connects to this server and resumes the session; the outcome tells why not.
    pub(super) async fn connect(&self, address: &str) -> Result<Connection, Outcome> {
        let connect = async {
            let mut connection = Connection::connect(address).await.map_err(|_| Outcome::Unknown)?;
            let token = self.token.clone();
            match ask(&mut connection, Op::Authenticate(v1::Authenticate { token })).await {
                Outcome::Done(_) => Ok(connection),
                other => Err(other),
            }
        };
        timeout(RESPONSE, connect).await.unwrap_or(Err(Outcome::Unknown))
    }

    /// Connects to this server within a few seconds.
    pub(super) async fn connect_soon(&self, address: &str) -> Result<Connection, Error> {
        let end = Instant::now() + DEADLINE;
        loop {
            match self.connect(address).await {
                Ok(connection) => return Ok(connection),
                Err(outcome) if Instant::now() > end => {
                    return Err(format!("{} cannot connect to {address}: {outcome:?}", self.name).into());
                }
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

/// Sends a request without a key, and waits for its response.
pub(super) async fn ask(connection: &mut Connection, op: Op) -> Outcome {
    ask_with_key(connection, op, Bytes::new()).await
}

/// The same with a key: however often it is sent, it is carried out once.
pub(super) async fn ask_with_key(connection: &mut Connection, op: Op, key: Bytes) -> Outcome {
    let asked = async {
        let sent = connection.queue_with_key(op, key);
        connection.writer.flush().await?;
        loop {
            let (id, result) = connection.response().await?;
            if id == sent {
                return Ok::<_, Error>(result);
            }
        }
    };
    match timeout(RESPONSE, asked).await {
        Ok(Ok(response::Result::Error(error))) => Outcome::Refused(error.into()),
        Ok(Ok(result)) => Outcome::Done(result),
        _ => Outcome::Unknown,
    }
}

/// The newest tweets of a timeline, newest first.
pub(super) async fn read(
    connection: &mut Connection,
    timeline: read_timeline::Timeline,
) -> Result<Vec<v1::Tweet>, Outcome> {
    let page = Some(v1::PageRequest { limit: 100, ..v1::PageRequest::default() });
    match ask(connection, Op::ReadTimeline(v1::ReadTimeline { timeline: Some(timeline), page })).await {
        Outcome::Done(response::Result::TweetPage(page)) => Ok(page.tweets),
        other => Err(other),
    }
}

/// All public tweets.
pub(super) fn local() -> read_timeline::Timeline {
    read_timeline::Timeline::Local(v1::Local {})
}

/// A key that was never used.
pub(super) fn new_key(random: &mut Rng) -> Bytes {
    random.u128(..).to_le_bytes().to_vec().into()
}

/// Posts with one key at this server, again and again until it is acknowledged; returns the identifier.
pub(super) async fn post_soon(
    person: &Person,
    address: &str,
    text: &str,
    random: &mut Rng,
) -> Result<u64, Error> {
    let (key, end) = (new_key(random), Instant::now() + DEADLINE);
    loop {
        let outcome = match person.connect(address).await {
            Ok(mut connection) => ask_with_key(&mut connection, Op::Post(post(text)), key.clone()).await,
            Err(outcome) => outcome,
        };
        match outcome {
            Outcome::Done(response::Result::Done(done)) => return Ok(done.id),
            other if Instant::now() > end => return Err(format!("{text}: {other:?}").into()),
            _ => sleep(Duration::from_millis(20)).await,
        }
    }
}
