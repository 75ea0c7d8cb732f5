//! A session that is revoked at one server ends at another: within a second although notifications are lost, and when the
//! other server is cut off from PostgreSQL, it soon answers nothing at all.

use std::collections::BTreeMap;
use std::time::Duration;

use protocol::v1::request::Op;
use protocol::v1::{self, subscribe};
use tokio::time::{Instant, sleep, timeout};

use super::nodes::{Cluster, Setup, with_margin};
use super::person::{Outcome, Person, ask};
use super::postgres::Postgres;
use super::proxy::Mode;
use crate::connection::{Connection, read_local};
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::quantile;
use crate::server::DEADLINE;
use crate::user::{PASSWORD, post};

/// Limit for the end of a connection whose session was revoked elsewhere.
const CLOSED_WITHIN: Duration = Duration::from_secs(1);
/// After so long without PostgreSQL a server answers nothing.
const ANSWERS_FOR: Duration = Duration::from_secs(2);
/// The margin for that: the request was sent so much later.
const ANSWERS_MARGIN: Duration = Duration::from_millis(500);
/// How long a server that is cut off is asked.
const CUT_OFF_FOR: Duration = Duration::from_secs(5);
/// Limit for everything after the network is healed.
const HEALED_WITHIN: Duration = Duration::from_secs(5);

pub(super) async fn run(context: &Context, postgres: &Postgres) -> Result<Finding, Error> {
    let mut test =
        Test::start(Setup::new(&context.program, postgres.address(), "sessions"), postgres).await?;
    let (times, partitions) = (context.times(10, 200), context.times(1, 10));
    let (mut closed, mut broken) = (Vec::new(), Vec::new());
    test.cluster.nodes[1].network.lose_notifications(true);
    for _ in 0..times {
        let took = test.revoke().await?;
        if took > with_margin(CLOSED_WITHIN) {
            broken.push(format!(
                "without notifications a connection stays open for {took:.1?} after its session was revoked"
            ));
        }
        closed.push(took);
    }
    test.cluster.nodes[1].network.lose_notifications(false);
    let (mut last, mut healed) = (BTreeMap::new(), Vec::new());
    for mode in [Mode::Stalled, Mode::Cut].repeat(partitions) {
        let answered = test.partition(mode).await?;
        for (what, sent) in answered.last {
            if sent > ANSWERS_FOR + ANSWERS_MARGIN {
                broken.push(format!("{mode:?}: {what} is answered {sent:.1?} after the partition began"));
            }
            let longest = last.entry(what).or_insert(sent);
            *longest = sent.max(*longest);
        }
        if answered.closed > with_margin(HEALED_WITHIN) {
            broken.push(format!("{mode:?}: open for {:.1?} after the end of the partition", answered.closed));
        }
        healed.push(answered.closed);
    }
    let last: Vec<_> = last.iter().map(|(what, sent)| format!("{what} {sent:.1?}")).collect();
    Ok(Finding {
        promise: 25,
        tried: format!(
            "{times} sessions revoked at another server while notifications are lost, and {} while the server is cut off",
            partitions * 2
        ),
        figures: format!(
            "closed after {:.1?} (median) and {:.1?} (longest); last request answered in a partition: {}; closed {:.1?} after \
             its end (longest)",
            quantile(&closed, 0.5),
            quantile(&closed, 1.0),
            last.join(", "),
            quantile(&healed, 1.0),
        ),
        broken,
        control: control(context, postgres).await?,
    })
}

/// The negative control: a server that answers from its copy however old that is.
async fn control(context: &Context, postgres: &Postgres) -> Result<Control, Error> {
    let setup =
        Setup::new(&context.faults, postgres.address(), "stale_sessions").with_faults("answer-when-stale");
    let mut test = Test::start(setup, postgres).await?;
    let answered = test.partition(Mode::Stalled).await?;
    let last = answered.last.values().max().copied().unwrap_or_default();
    Ok(Control::of(
        last > ANSWERS_FOR + ANSWERS_MARGIN,
        format!("a server that does not look at its age answers for {last:.1?}"),
    ))
}

/// The requests of someone whose session was revoked, with their names.
fn requests(n: usize) -> (&'static str, Op) {
    let timeline = |timeline| Op::ReadTimeline(v1::ReadTimeline { timeline: Some(timeline), page: None });
    match n % 8 {
        0 => ("home", timeline(v1::read_timeline::Timeline::Home(v1::Home {}))),
        1 => ("local", read_local(20)),
        2 => ("profile", Op::GetProfile(v1::GetProfile { username: "ada".into() })),
        3 => ("conversations", Op::ListConversations(v1::ListConversations { page: None })),
        4 => ("notifications", Op::ListNotifications(v1::ListNotifications::default())),
        5 => ("online", Op::ListOnline(v1::ListOnline {})),
        6 => ("trends", Op::GetTrends(v1::GetTrends { limit: 10, sections: false })),
        _ => ("post", Op::Post(post("by a revoked session"))),
    }
}

/// What a server answered while it was cut off.
struct Answered {
    /// When the last request of each kind was sent that was answered, from the beginning of the partition.
    last: BTreeMap<&'static str, Duration>,
    /// When the connection was closed, from the end of the partition.
    closed: Duration,
}

/// A person with a session at the first server, and further ones at the second.
struct Test {
    cluster: Cluster,
    ada: Person,
    first: Connection,
}

impl Test {
    async fn start(setup: Setup<'_>, postgres: &Postgres) -> Result<Self, Error> {
        postgres.create_database(setup.database)?;
        let cluster = setup.start().await?;
        let ada = Person::sign_up(&cluster.nodes[0], "ada").await?;
        let first = ada.connect_soon(&cluster.nodes[0].address).await?;
        Ok(Self { cluster, ada, first })
    }

    /// Logs in at the second server, with a live subscription.
    async fn second(&self) -> Result<(Connection, u64), Error> {
        let mut connection = Connection::connect(&self.cluster.nodes[1].address).await?;
        let session = connection.log_in(&self.ada.name, PASSWORD).await?;
        let topic = Some(subscribe::Topic::Local(v1::LocalTopic {}));
        match ask(&mut connection, Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await {
            Outcome::Done(_) => Ok((connection, session.session_id)),
            other => Err(format!("no subscription: {other:?}").into()),
        }
    }

    async fn revoke_session(&mut self, session_id: u64) -> Result<(), Error> {
        match ask(&mut self.first, Op::RevokeSession(v1::RevokeSession { session_id })).await {
            Outcome::Done(_) => Ok(()),
            other => Err(format!("not revoked: {other:?}").into()),
        }
    }

    /// The time until a connection is closed whose session is revoked at the other server.
    async fn revoke(&mut self) -> Result<Duration, Error> {
        let (mut second, session) = self.second().await?;
        self.revoke_session(session).await?;
        let revoked = Instant::now();
        until_closed(&mut second).await?;
        Ok(revoked.elapsed())
    }

    /// Revokes a session while the server that it is at is cut off, and sends requests all the time.
    async fn partition(&mut self, mode: Mode) -> Result<Answered, Error> {
        let (mut second, session) = self.second().await?;
        // Pages that are in memory are not answered longer than others.
        for n in 0..8 {
            ask(&mut second, requests(n).1).await;
        }
        let begun = Instant::now();
        self.cluster.nodes[1].network.set(mode);
        self.revoke_session(session).await?;
        let (mut last, mut n) = (BTreeMap::new(), 0);
        while begun.elapsed() < CUT_OFF_FOR {
            n += 1;
            let ((what, op), sent) = (requests(n), begun.elapsed());
            // A change waits for PostgreSQL: its response is not waited for.
            if what == "post" && mode == Mode::Stalled {
                continue;
            }
            if ask(&mut second, op).await.is_done() {
                last.insert(what, sent);
            }
            sleep(Duration::from_millis(10)).await;
        }
        self.cluster.nodes[1].network.set(Mode::Open);
        let healed = Instant::now();
        until_closed(&mut second).await?;
        let closed = healed.elapsed();
        // The next partition begins when this one is over.
        self.ada.connect_soon(&self.cluster.nodes[1].address).await?;
        Ok(Answered { last, closed })
    }
}

async fn until_closed(connection: &mut Connection) -> Result<(), Error> {
    let closed = async { while let Ok(Some(_)) = connection.reader.read::<v1::ServerFrame>().await {} };
    Ok(timeout(DEADLINE, closed).await?)
}
