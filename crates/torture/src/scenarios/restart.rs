//! Restarts under load, with a listening socket that stays open: no connection is refused, no request fails, nothing is
//! lost, and the clients do not all reconnect in the same second (P19).

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use client::{Client, State};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::load::{Load, Record};
use crate::random::duration_in;
use crate::server::{Launch, private_directory, wait_until};
use crate::user::sign_up_users;

/// Requests in flight have 10 s to complete; the rest is for closing the database on a slow machine.
const STOPS_WITHIN: Duration = Duration::from_secs(15);

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let mut broken = Vec::new();
    let restarts = context.times(4, 50);
    let found = restart(context, true, restarts, &mut broken).await?;
    let control = restart(context, false, 2, &mut Vec::new()).await?;
    Ok(vec![Finding {
        promise: 19,
        tried: format!("{restarts} restarts under load with a listening socket that stays open"),
        figures: format!(
            "{} connections, {} refused; {} acknowledged; down for at most {:.1?}; {} idle clients reconnected, at most {} in \
             one second",
            found.connects,
            found.refused,
            found.acknowledged,
            found.longest,
            found.idle,
            found.busiest_second
        ),
        broken,
        control: Control::of(
            control.refused > 0,
            format!("without such a socket {} are refused", control.refused),
        ),
    }])
}

#[derive(Debug, Default)]
struct Found {
    connects: usize,
    refused: usize,
    acknowledged: usize,
    /// Longest time without a server.
    longest: Duration,
    /// Idle clients.
    idle: usize,
    /// The largest number of clients that reconnected within one second.
    busiest_second: usize,
}

async fn restart(
    context: &Context,
    keep_socket: bool,
    restarts: usize,
    broken: &mut Vec<String>,
) -> Result<Found, Error> {
    let mut random = context.random("restart");
    let directory = private_directory()?;
    let socket = Arc::new(TcpListener::bind("127.0.0.1:0")?);
    let mut launch = Launch::new(&context.program, &directory.path().join("data"));
    if keep_socket {
        launch = launch.with_socket(&socket);
    }
    let mut server = launch.start().await?;
    launch = launch.listening_on(&server.address);
    let users = sign_up_users(&server, 6).await?;
    let record = Record::default();
    let load = Load::start(&users, &record, &mut random);
    let mut idle = Vec::new();
    for _ in 0..context.times(100, 1_000) {
        idle.push(users[0].reconnect(server.options()?).await?.client);
    }
    let probe = ConnectionProbe::start(server.address.parse()?);
    let mut found = Found { idle: idle.len(), ..Found::default() };
    for _ in 0..restarts {
        sleep(duration_in(&mut random, Duration::from_millis(100)..=Duration::from_millis(400))).await;
        let reconnections = reconnections(&idle);
        let start = Instant::now();
        let status = server.stop().await?;
        if !status.success() || start.elapsed() > STOPS_WITHIN {
            broken.push(format!("the server exited with {status} {:?} after SIGTERM", start.elapsed()));
        }
        // The database is checked only at the end: reading it now would delay the start.
        server = launch.start().await?;
        found.longest = found.longest.max(start.elapsed());
        let before = record.with(|record| record.count());
        wait_until("the load continues", || record.with(|record| record.count() > before + users.len()))
            .await?;
        found.busiest_second = found.busiest_second.max(busiest_second(&reconnections.join_all().await));
    }
    let (connects, refused) = probe.stop()?;
    (found.connects, found.refused) = (connects, refused);
    load.stop().await?;
    server.stop().await?;
    broken.extend(launch.check()?);
    broken.extend(record.with(|record| record.missing_from(&launch.database()))?);
    record.with(|record| {
        found.acknowledged = record.count();
        broken.append(&mut record.refused);
    });
    if refused > 0 {
        broken.push(format!("{refused} of {connects} connections were refused"));
    }
    if found.busiest_second > idle.len() * 2 / 3 {
        broken.push(format!(
            "{} of {} clients reconnected within one second",
            found.busiest_second,
            idle.len()
        ));
    }
    Ok(found)
}

/// When each client is connected again after the next loss of its connection.
fn reconnections(clients: &[Client]) -> JoinSet<Instant> {
    let mut tasks = JoinSet::new();
    for client in clients {
        let mut state = client.state();
        state.mark_unchanged();
        tasks.spawn(async move {
            let _ = state.wait_for(|state| matches!(state, State::Reconnecting { .. })).await;
            let _ = state.wait_for(|state| matches!(state, State::Connected)).await;
            Instant::now()
        });
    }
    tasks
}

/// The largest number of reconnections within one second.
fn busiest_second(reconnections: &[Instant]) -> usize {
    let within = |first: &Instant| {
        reconnections
            .iter()
            .filter(|at| *at >= first && at.duration_since(*first) < Duration::from_secs(1))
            .count()
    };
    reconnections.iter().map(within).max().unwrap_or_default()
}

/// Connects every 2 ms without sending anything, and counts the refused connections.
struct ConnectionProbe {
    stop: Arc<AtomicBool>,
    connects: Arc<AtomicUsize>,
    refused: Arc<AtomicUsize>,
    thread: std::thread::JoinHandle<()>,
}

impl ConnectionProbe {
    fn start(server: SocketAddr) -> Self {
        let (stop, connects, refused) = (Arc::<AtomicBool>::default(), Arc::default(), Arc::default());
        let thread = std::thread::spawn({
            let (stop, connects, refused): (_, Arc<AtomicUsize>, Arc<AtomicUsize>) =
                (stop.clone(), Arc::clone(&connects), Arc::clone(&refused));
            move || {
                while !stop.load(Ordering::Relaxed) {
                    connects.fetch_add(1, Ordering::Relaxed);
                    if TcpStream::connect(server).is_err() {
                        refused.fetch_add(1, Ordering::Relaxed);
                    }
                    std::thread::sleep(Duration::from_millis(2));
                }
            }
        });
        Self { stop, connects, refused, thread }
    }

    fn stop(self) -> Result<(usize, usize), Error> {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().map_err(|_| "the probe thread panicked")?;
        Ok((self.connects.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed)))
    }
}
