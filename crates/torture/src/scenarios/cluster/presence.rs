//! Who is online is true at every server some seconds after any single fault, and someone who hides is never shown.

use std::collections::BTreeSet;
use std::time::Duration;

use protocol::v1::request::Op;
use protocol::v1::{self, client_frame, response, subscribe};
use tokio::time::{Instant, sleep};

use super::nodes::{Cluster, SERVERS, Setup};
use super::person::{Outcome, Person, ask};
use super::postgres::Postgres;
use super::proxy::Mode;
use crate::connection::Connection;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};

/// Limit for presence to be true after a fault.
const TRUE_WITHIN: Duration = Duration::from_secs(20);
/// The margin for a busy machine.
const MARGIN: Duration = Duration::from_secs(5);
/// How long notifications are lost.
const LOST_FOR: Duration = Duration::from_secs(3);
const HIDDEN: &str = "hidden";

/// A single fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The last server is killed: its people are offline.
    Killed,
    /// It is started again, and they come back.
    Started,
    /// It is stopped: no one can reach its people.
    Paused,
    Resumed,
    /// Someone comes and someone goes while notifications are lost.
    NotificationsLost,
}

const FAULTS: [Fault; 5] =
    [Fault::Killed, Fault::Started, Fault::Paused, Fault::Resumed, Fault::NotificationsLost];

pub(super) async fn run(context: &Context, postgres: &Postgres) -> Result<Finding, Error> {
    // The control waits for the whole limit.
    let (found, control) = tokio::try_join!(
        faults(Setup::new(&context.program, postgres.address(), "presence"), postgres, &FAULTS),
        faults(
            Setup::new(&context.faults, postgres.address(), "presence_control")
                .with_faults("keep-presence-of-others"),
            postgres,
            &FAULTS[..1],
        ),
    )?;
    let times: Vec<_> = found.times.iter().map(|(fault, took)| format!("{fault:?} {took:.1?}")).collect();
    Ok(Finding {
        promise: 25,
        tried: format!(
            "{} faults, with someone at each of {SERVERS} servers and someone who hides",
            FAULTS.len()
        ),
        figures: format!(
            "presence is true at every server after: {}; {} wrong",
            times.join(", "),
            found.broken.len()
        ),
        broken: found.broken,
        control: Control::of(
            !control.broken.is_empty(),
            "servers that believe for ever what they heard last show people of a killed server",
        ),
    })
}

#[derive(Debug, Default)]
struct Found {
    times: Vec<(Fault, Duration)>,
    broken: Vec<String>,
}

async fn faults(setup: Setup<'_>, postgres: &Postgres, faults: &[Fault]) -> Result<Found, Error> {
    postgres.create_database(setup.database)?;
    let mut test = Test::start(setup.start().await?).await?;
    let mut found = Found::default();
    let all: Vec<_> = (0..SERVERS).collect();
    test.wait_until_true(&all, &all, &mut found, None).await;
    for fault in faults {
        let (present, asked) = test.inject(*fault).await?;
        test.wait_until_true(&present, &asked, &mut found, Some(*fault)).await;
    }
    Ok(found)
}

struct Test {
    cluster: Cluster,
    people: Vec<Person>,
    hidden: Person,
    /// Asks, and has no subscription: is not there.
    observer: Person,
    /// The connection of each person at their server.
    present: Vec<Option<Connection>>,
    /// That of the one who hides, at the last server.
    hiding: Option<Connection>,
}

impl Test {
    async fn start(cluster: Cluster) -> Result<Self, Error> {
        let people = Person::sign_up_many(&cluster.nodes[0], SERVERS).await?;
        let hidden = Person::sign_up(&cluster.nodes[0], HIDDEN).await?;
        let observer = Person::sign_up(&cluster.nodes[0], "observer").await?;
        let mut connection = hidden.connect_soon(&cluster.nodes[0].address).await?;
        let hide = v1::EditProfile { presence_hidden: Some(true), ..v1::EditProfile::default() };
        if !ask(&mut connection, Op::EditProfile(hide)).await.is_done() {
            return Err("cannot hide".into());
        }
        let present = (0..SERVERS).map(|_| None).collect();
        let mut this = Self { cluster, people, hidden, observer, present, hiding: None };
        for n in 0..SERVERS {
            this.come(n).await?;
        }
        Ok(this)
    }

    /// Connects a person at their server, with a subscription.
    async fn come(&mut self, n: usize) -> Result<(), Error> {
        let address = &self.cluster.nodes[n].address;
        self.present[n] = Some(subscribed(&self.people[n], address).await?);
        if n == SERVERS - 1 {
            self.hiding = Some(subscribed(&self.hidden, address).await?);
        }
        Ok(())
    }

    /// Injects the fault; who is online after it, and the servers that can be asked.
    async fn inject(&mut self, fault: Fault) -> Result<(Vec<usize>, Vec<usize>), Error> {
        const LAST: usize = SERVERS - 1;
        let all: Vec<usize> = (0..SERVERS).collect();
        let others = all[..LAST].to_vec();
        match fault {
            Fault::Killed => {
                self.cluster.nodes[LAST].kill()?;
                Ok((others.clone(), others))
            }
            Fault::Started => {
                self.cluster.nodes[LAST].start().await?;
                self.come(LAST).await?;
                Ok((all.clone(), all))
            }
            Fault::Paused => {
                self.cluster.nodes[LAST].pause()?;
                Ok((others.clone(), others))
            }
            Fault::Resumed => {
                self.cluster.nodes[LAST].resume()?;
                self.come(LAST).await?;
                Ok((all.clone(), all))
            }
            Fault::NotificationsLost => {
                let network = &self.cluster.nodes[0].network;
                network.lose_notifications(true);
                self.present[1] = None;
                sleep(LOST_FOR).await;
                network.lose_notifications(false);
                network.set(Mode::Open);
                Ok((vec![0, LAST], all))
            }
        }
    }

    /// Waits until these people, and no others, are shown at these servers.
    async fn wait_until_true(
        &mut self,
        present: &[usize],
        asked: &[usize],
        found: &mut Found,
        fault: Option<Fault>,
    ) {
        let expected: BTreeSet<_> = present.iter().map(|&n| self.people[n].name.clone()).collect();
        let begun = Instant::now();
        loop {
            self.ping().await;
            let mut wrong = Vec::new();
            for &n in asked {
                match self.online(n).await {
                    Some(online) => {
                        if online.contains(HIDDEN) {
                            found.broken.push(format!("server {n} shows someone who hides"));
                        }
                        if online != expected {
                            wrong.push(format!("server {n} shows {online:?}"));
                        }
                    }
                    None => wrong.push(format!("server {n} does not answer")),
                }
            }
            if wrong.is_empty() {
                break;
            }
            if begun.elapsed() > TRUE_WITHIN + MARGIN {
                found.broken.push(format!("after {fault:?}, not {expected:?}: {}", wrong.join(", ")));
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        if let Some(fault) = fault {
            found.times.push((fault, begun.elapsed()));
        }
    }

    /// A server closes connections that are silent for long.
    async fn ping(&mut self) {
        for connection in self.present.iter_mut().chain([&mut self.hiding]).flatten() {
            let ping = client_frame::Frame::Ping(v1::Ping { nonce: 1 });
            connection.writer.queue(&v1::ClientFrame { frame: Some(ping) });
            // That of a killed server is closed.
            let _ = connection.writer.flush().await;
        }
    }

    /// Who is shown at a server.
    async fn online(&self, n: usize) -> Option<BTreeSet<String>> {
        let mut connection = self.observer.connect(&self.cluster.nodes[n].address).await.ok()?;
        match ask(&mut connection, Op::ListOnline(v1::ListOnline {})).await {
            Outcome::Done(response::Result::OnlineList(list)) => {
                let names = list.people.into_iter().filter_map(|person| Some(person.account?.username));
                Some(names.collect())
            }
            _ => None,
        }
    }
}

async fn subscribed(person: &Person, address: &str) -> Result<Connection, Error> {
    let mut connection = person.connect_soon(address).await?;
    let topic = Some(subscribe::Topic::Presence(v1::PresenceTopic {}));
    match ask(&mut connection, Op::Subscribe(v1::Subscribe { topic, cursor: 0 })).await {
        Outcome::Done(_) => Ok(connection),
        other => Err(format!("no subscription: {other:?}").into()),
    }
}
