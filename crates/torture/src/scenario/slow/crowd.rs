//! Thousands of sockets at once, and no file descriptor left: who is there goes on, and the server does not spin.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::Error;
use crate::latency::{Watch, quantile};
use crate::person::Person;
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{Launch, Server, private_directory, until};
use crate::wire::dial;

/// Connections that one address may have before it logs in, by default.
const PER_ADDRESS: usize = 256;
const CALM: Duration = Duration::from_secs(3);

pub(super) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    Ok(vec![flood(setup).await?, no_descriptors(setup).await?])
}

/// A server with the limits that it has by default.
fn guarded(setup: &Setup, data: &std::path::Path) -> Launch {
    Launch::new(&setup.program, data)
        .argument("--insecure")
        .with("MINI_TWEET_LIMITS_CONNECTIONS", "10000")
        .with("MINI_TWEET_LIMITS_CONNECTIONS_PER_ADDRESS", "1024")
        .with("MINI_TWEET_LIMITS_UNAUTHENTICATED_PER_ADDRESS", PER_ADDRESS.to_string())
}

async fn flood(setup: &Setup) -> Result<Line, Error> {
    const SOCKETS: usize = 5_000;
    let directory = private_directory()?;
    let server = guarded(setup, &directory.path().join("data")).start().await?;
    let ada = Person::sign_up(&server, "ada").await?;
    let before = quantile(&Watch::during(&ada, CALM).await?, 0.99);
    let (memory, files) = (server.process.resident_bytes()?, server.process.open_files()?);
    let watch = Watch::start(&ada);
    // Half of them from one address, the others from many.
    let mut sockets = Vec::new();
    for n in 0..SOCKETS {
        let last = if n < SOCKETS / 2 { 2 } else { 3 + (n % 100) as u8 };
        sockets.push(dial(&server.address, IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))).await?);
    }
    sleep(CALM).await;
    let during = quantile(&watch.stop().await?, 0.99);
    let held = server.process.open_files()?.saturating_sub(files);
    let (one, many) = (open(&sockets[..SOCKETS / 2]), open(&sockets[SOCKETS / 2..]));
    let grown = server.process.resident_bytes()?.saturating_sub(memory);
    let mut broken = Vec::new();
    if one > PER_ADDRESS {
        broken.push(format!("one address has {one} connections"));
    }
    if during > before * 2 + Duration::from_millis(25) {
        broken.push(format!("a post takes {during:?} (p99), before it was {before:?}"));
    }
    drop(sockets);
    until("the server has let go of them", || server.process.open_files().is_ok_and(|now| now <= files + 8))
        .await?;
    // Without a limit for an address all of them get in: that must be seen.
    let open_house =
        Launch::new(&setup.program, &directory.path().join("open")).argument("--insecure").start().await?;
    let mut sockets = Vec::new();
    for _ in 0..2 * PER_ADDRESS {
        sockets.push(dial(&open_house.address, IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))).await?);
    }
    sleep(Duration::from_secs(1)).await;
    let all = open(&sockets);
    Ok(Line {
        promise: 9,
        tried: format!("{SOCKETS} silent sockets, half of them from one address"),
        figures: format!(
            "{one} of {} from one address stay, {many} of the others ({held} descriptors, {} KiB each); posts p99 \
             {before:.1?} before, {during:.1?} during",
            SOCKETS / 2,
            grown / 1_024 / held.max(1) as u64,
        ),
        broken,
        control: Control::of(all > PER_ADDRESS, format!("without a limit {all} stay")),
    })
}

/// How many the other side has not closed.
fn open(sockets: &[TcpStream]) -> usize {
    let is_open = |socket: &&TcpStream| loop {
        let mut bytes = [0; 4_096];
        match socket.try_read(&mut bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) => return error.kind() == std::io::ErrorKind::WouldBlock,
        }
    };
    sockets.iter().filter(is_open).count()
}

async fn no_descriptors(setup: &Setup) -> Result<Line, Error> {
    const DESCRIPTORS: usize = 150;
    let directory = private_directory()?;
    let limit = format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}");
    let launch = Launch::new(&setup.program, &directory.path().join("data")).argument("--insecure");
    let server = launch.through(["prlimit", &limit]).start().await?;
    let ada = Person::sign_up(&server, "ada").await?;
    let calm = cpu_share(&server).await?;
    let mut sockets = Vec::new();
    for _ in 0..2 * DESCRIPTORS {
        sockets.push(dial(&server.address, IpAddr::V4(Ipv4Addr::LOCALHOST)).await?);
    }
    until("no descriptor is left", || server.process.open_files().is_ok_and(|files| files >= DESCRIPTORS))
        .await?;
    let share = cpu_share(&server).await?;
    let mut broken = Vec::new();
    if share > 0.05 {
        broken.push(format!("without descriptors it uses {:.0}% of a processor", share * 100.0));
    }
    for n in 0..20 {
        if let Err(error) = ada.post(&format!("{n} without descriptors")).await {
            broken.push(format!("who is there cannot post: {error}"));
        }
    }
    drop(sockets);
    let again = until("the next one is let in", || {
        std::net::TcpStream::connect(&server.address).is_ok()
            && server.process.open_files().is_ok_and(|files| files < DESCRIPTORS / 2)
    });
    again.await?;
    broken.extend(
        Person::sign_up(&server, "bob").await.err().map(|error| format!("nobody gets in any more: {error}")),
    );
    Ok(Line {
        promise: 9,
        tried: format!("{} sockets on {DESCRIPTORS} file descriptors", 2 * DESCRIPTORS),
        figures: format!("{:.1}% of a processor, {:.1}% before; 20 of 20 posts", share * 100.0, calm * 100.0),
        broken,
        control: spinning().await?,
    })
}

/// What it uses of a processor, over two seconds.
async fn cpu_share(server: &Server) -> Result<f64, Error> {
    const LENGTH: Duration = Duration::from_secs(2);
    let before = server.process.cpu()?;
    sleep(LENGTH).await;
    Ok((server.process.cpu()? - before).as_secs_f64() / LENGTH.as_secs_f64())
}

/// A program that tries again without a pause is seen by the same measure.
async fn spinning() -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(std::path::Path::new("/bin/sh"), &directory.path().join("data"));
    let process = launch.through(["sh", "-c", "while :; do :; done"]).spawn()?;
    let before = process.cpu()?;
    sleep(Duration::from_secs(1)).await;
    let share = (process.cpu()? - before).as_secs_f64();
    Ok(Control::of(share > 0.05, format!("a loop without a pause uses {:.0}%", share * 100.0)))
}
