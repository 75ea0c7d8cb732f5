//! A server that is told to stop and starts again, behind a socket that stays open, while everybody works: nobody is
//! refused, nobody sees an error, nothing is lost, and not all come back in the same second (P19).

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use client::{Client, State};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::Setup;
use crate::Error;
use crate::load::{Load, Record};
use crate::person::people;
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory, until};

/// What is in flight has 10 s; the rest is closing the database on a slow machine.
const STOPS_WITHIN: Duration = Duration::from_secs(15);

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let mut broken = Vec::new();
    let restarts = setup.times(4, 50);
    let found = restart(setup, true, restarts, &mut broken).await?;
    let control = restart(setup, false, 2, &mut Vec::new()).await?;
    Ok(vec![Line {
        promise: 19,
        tried: format!("{restarts} restarts under load behind a socket that stays open"),
        figures: format!(
            "{} connections, {} refused; {} acknowledged; down at most {:.1?}; {} idle clients came back, at most {} in one \
             second",
            found.knocks, found.refused, found.acknowledged, found.longest, found.idle, found.crowd
        ),
        broken,
        control: Control::of(
            control.refused > 0,
            format!("on a socket of its own {} are refused", control.refused),
        ),
    }])
}

#[derive(Debug, Default)]
struct Found {
    knocks: usize,
    refused: usize,
    acknowledged: usize,
    longest: Duration,
    idle: usize,
    crowd: usize,
}

async fn restart(
    setup: &Setup,
    held: bool,
    restarts: usize,
    broken: &mut Vec<String>,
) -> Result<Found, Error> {
    let mut random = setup.random("restart");
    let directory = private_directory()?;
    let socket = Arc::new(TcpListener::bind("127.0.0.1:0")?);
    let mut launch = Launch::new(&setup.program, &directory.path().join("data"));
    if held {
        launch = launch.behind(&socket);
    }
    let mut server = launch.start().await?;
    launch = launch.at(&server.address);
    let people = people(&server, 6).await?;
    let record = Record::default();
    let load = Load::start(&people, &record, &mut random);
    let mut idle = Vec::new();
    for _ in 0..setup.times(100, 1_000) {
        idle.push(people[0].again(server.options()?).await?.client);
    }
    let knocking = Knocking::start(server.address.parse()?);
    let mut found = Found { idle: idle.len(), ..Found::default() };
    for _ in 0..restarts {
        sleep(random.between(Duration::from_millis(100), Duration::from_millis(400))).await;
        let returns = returns(&idle);
        let told = Instant::now();
        let status = server.stop().await?;
        if !status.success() || told.elapsed() > STOPS_WITHIN {
            broken.push(format!("told to stop it ended with {status} after {:?}", told.elapsed()));
        }
        // Whoever looks at the database now makes everybody wait: that is done in the end.
        server = launch.start().await?;
        found.longest = found.longest.max(told.elapsed());
        let before = record.with(|record| record.count());
        until("people go on", || record.with(|record| record.count() > before + people.len())).await?;
        found.crowd = found.crowd.max(crowd(&returns.join_all().await));
    }
    let (knocks, refused) = knocking.stop()?;
    (found.knocks, found.refused) = (knocks, refused);
    load.stop().await?;
    server.stop().await?;
    broken.extend(launch.check()?);
    broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    record.with(|record| {
        found.acknowledged = record.count();
        broken.append(&mut record.refused);
    });
    if refused > 0 {
        broken.push(format!("{refused} of {knocks} connections were refused"));
    }
    if found.crowd > idle.len() * 2 / 3 {
        broken.push(format!("{} of {} came back within one second", found.crowd, idle.len()));
    }
    Ok(found)
}

/// When each of them was back after the next loss.
fn returns(clients: &[Client]) -> JoinSet<Instant> {
    let mut returns = JoinSet::new();
    for client in clients {
        let mut state = client.state();
        state.mark_unchanged();
        returns.spawn(async move {
            let _ = state.wait_for(|state| matches!(state, State::Reconnecting { .. })).await;
            let _ = state.wait_for(|state| matches!(state, State::Connected)).await;
            Instant::now()
        });
    }
    returns
}

/// The most that came within one second.
fn crowd(returns: &[Instant]) -> usize {
    let within = |first: &Instant| {
        returns.iter().filter(|at| *at >= first && at.duration_since(*first) < Duration::from_secs(1)).count()
    };
    returns.iter().map(within).max().unwrap_or_default()
}

/// Somebody who connects all the time and says nothing.
struct Knocking {
    over: Arc<AtomicBool>,
    knocks: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<()>,
}

impl Knocking {
    fn start(server: SocketAddr) -> Self {
        let (over, knocks, refused) = (Arc::<AtomicBool>::default(), Arc::default(), Arc::default());
        let thread = std::thread::spawn({
            let (over, knocks, refused): (_, Arc<AtomicUsize>, Arc<AtomicUsize>) =
                (over.clone(), Arc::clone(&knocks), Arc::clone(&refused));
            move || {
                while !over.load(Ordering::Relaxed) {
                    knocks.fetch_add(1, Ordering::Relaxed);
                    if TcpStream::connect(server).is_err() {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        });
        Self { over, knocks, refused, thread }
    }

    fn stop(self) -> Result<(usize, usize), Error> {
        self.over.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the knocking thread failed")?;
        Ok((self.knocks.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed)))
    }
}
