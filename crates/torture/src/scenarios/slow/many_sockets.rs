//! Thousands of connections at once, and no file descriptors left: sessions that are open continue to work, and the
//! server does not spin.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::sleep;

use crate::connection::dial;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::{LatencyProbe, quantile};
use crate::server::{Launch, Server, private_directory, wait_until};
use crate::user::User;

/// Default limit of unauthenticated connections for one address.
const PER_ADDRESS: usize = 256;
/// How long latency is measured before and during the flood.
const MEASURED: Duration = Duration::from_secs(3);

pub(super) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    Ok(vec![flood(context).await?, no_descriptors(context).await?])
}

/// A server with its default connection limits.
fn with_default_limits(context: &Context, data: &std::path::Path) -> Launch {
    Launch::new(&context.program, data)
        .argument("--insecure")
        .with("MINI_TWEET_LIMITS_CONNECTIONS", "10000")
        .with("MINI_TWEET_LIMITS_CONNECTIONS_PER_ADDRESS", "1024")
        .with("MINI_TWEET_LIMITS_UNAUTHENTICATED_PER_ADDRESS", PER_ADDRESS.to_string())
}

async fn flood(context: &Context) -> Result<Finding, Error> {
    const SOCKETS: usize = 5_000;
    let directory = private_directory()?;
    let server = with_default_limits(context, &directory.path().join("data")).start().await?;
    let ada = User::sign_up(&server, "ada").await?;
    let before = quantile(&LatencyProbe::during(&ada, MEASURED).await?, 0.99);
    let (memory, files) = (server.process.resident_bytes()?, server.process.open_files()?);
    let probe = LatencyProbe::start(&ada);
    // Half from one address, the others from many.
    let mut sockets = Vec::new();
    for n in 0..SOCKETS {
        let last = if n < SOCKETS / 2 { 2 } else { 3 + (n % 100) as u8 };
        sockets.push(dial(&server.address, IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))).await?);
    }
    sleep(MEASURED).await;
    let during = quantile(&probe.stop().await?, 0.99);
    let held = server.process.open_files()?.saturating_sub(files);
    let (from_one, from_many) = (open(&sockets[..SOCKETS / 2]), open(&sockets[SOCKETS / 2..]));
    let grown = server.process.resident_bytes()?.saturating_sub(memory);
    let mut broken = Vec::new();
    if from_one > PER_ADDRESS {
        broken.push(format!("one address has {from_one} connections"));
    }
    if during > before * 2 + Duration::from_millis(25) {
        broken.push(format!("posts take {during:?} (p99), {before:?} before"));
    }
    drop(sockets);
    wait_until("the server has closed them", || {
        server.process.open_files().is_ok_and(|now| now <= files + 8)
    })
    .await?;
    // The control: without a limit for each address all connections stay open.
    let unlimited =
        Launch::new(&context.program, &directory.path().join("open")).argument("--insecure").start().await?;
    let mut sockets = Vec::new();
    for _ in 0..2 * PER_ADDRESS {
        sockets.push(dial(&unlimited.address, IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2))).await?);
    }
    sleep(Duration::from_secs(1)).await;
    let all = open(&sockets);
    Ok(Finding {
        promise: 9,
        tried: format!("{SOCKETS} silent sockets, half of them from one address"),
        figures: format!(
            "{from_one} of {} from one address stay open, {from_many} of the others ({held} descriptors, {} KiB each); posts p99 \
             {before:.1?} before, {during:.1?} during",
            SOCKETS / 2,
            grown / 1_024 / held.max(1) as u64,
        ),
        broken,
        control: Control::of(all > PER_ADDRESS, format!("without a limit {all} stay open")),
    })
}

/// Number of sockets that the server has not closed.
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

async fn no_descriptors(context: &Context) -> Result<Finding, Error> {
    const DESCRIPTORS: usize = 150;
    let directory = private_directory()?;
    let limit = format!("--nofile={DESCRIPTORS}:{DESCRIPTORS}");
    let launch = Launch::new(&context.program, &directory.path().join("data")).argument("--insecure");
    let server = launch.wrapped_by(["prlimit", &limit]).start().await?;
    let ada = User::sign_up(&server, "ada").await?;
    let before = cpu_share(&server).await?;
    let mut sockets = Vec::new();
    for _ in 0..2 * DESCRIPTORS {
        sockets.push(dial(&server.address, IpAddr::V4(Ipv4Addr::LOCALHOST)).await?);
    }
    wait_until("no descriptor is left", || {
        server.process.open_files().is_ok_and(|files| files >= DESCRIPTORS)
    })
    .await?;
    let share = cpu_share(&server).await?;
    let mut broken = Vec::new();
    if share > 0.05 {
        broken.push(format!("without descriptors the server uses {:.0}% of a CPU", share * 100.0));
    }
    for n in 0..20 {
        if let Err(error) = ada.post(&format!("{n} without descriptors")).await {
            broken.push(format!("an open session cannot post: {error}"));
        }
    }
    drop(sockets);
    let accepts_again = wait_until("a new connection is accepted", || {
        std::net::TcpStream::connect(&server.address).is_ok()
            && server.process.open_files().is_ok_and(|files| files < DESCRIPTORS / 2)
    });
    accepts_again.await?;
    broken.extend(
        User::sign_up(&server, "bob").await.err().map(|error| format!("new clients cannot connect: {error}")),
    );
    Ok(Finding {
        promise: 9,
        tried: format!("{} sockets on {DESCRIPTORS} file descriptors", 2 * DESCRIPTORS),
        figures: format!("{:.1}% of a CPU, {:.1}% before; 20 of 20 posts", share * 100.0, before * 100.0),
        broken,
        control: busy_loop().await?,
    })
}

/// Share of one CPU that the server uses, over two seconds.
async fn cpu_share(server: &Server) -> Result<f64, Error> {
    const LENGTH: Duration = Duration::from_secs(2);
    let before = server.process.cpu()?;
    sleep(LENGTH).await;
    Ok((server.process.cpu()? - before).as_secs_f64() / LENGTH.as_secs_f64())
}

/// The negative control: a program that retries without a pause.
async fn busy_loop() -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(std::path::Path::new("/bin/sh"), &directory.path().join("data"));
    let process = launch.wrapped_by(["sh", "-c", "while :; do :; done"]).spawn()?;
    let before = process.cpu()?;
    sleep(Duration::from_secs(1)).await;
    let share = (process.cpu()? - before).as_secs_f64();
    Ok(Control::of(share > 0.05, format!("a loop without a pause uses {:.0}%", share * 100.0)))
}
