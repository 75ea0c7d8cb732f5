//! A flood of log-ins, and password guessing: posts are not delayed, guessing is throttled, and the owner of the account
//! is not.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use model::Error as Refusal;
use protocol::v1::request::Op;
use protocol::v1::{self, response};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::connection::{Connection, dial};
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::{LatencyProbe, quantile};
use crate::server::{Launch, Server, private_directory};
use crate::user::{PASSWORD, User};

/// Wrong passwords for one account from one address that are verified without throttling.
const GUESSES: usize = 10;

pub(super) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data")).argument("--insecure");
    let server = launch.start().await?;
    let ada = User::sign_up(&server, "ada").await?;
    Ok(vec![flood(context, &server, &ada).await?, guesses(&server).await?])
}

async fn flood(context: &Context, server: &Server, ada: &User) -> Result<Finding, Error> {
    const PER_SECOND: u32 = 200;
    let length = Duration::from_secs(context.times(5, 30) as u64);
    let before = quantile(&LatencyProbe::during(ada, Duration::from_secs(3)).await?, 0.99);
    let probe = LatencyProbe::start(ada);
    let start = Instant::now();
    let mut tries = JoinSet::new();
    for n in 0..u32::try_from(length.as_secs())? * PER_SECOND {
        let (address, at) = (server.address.clone(), start + Duration::from_secs(1) * n / PER_SECOND);
        tries.spawn(async move {
            sleep_until(at).await;
            // Each from another address, so that limits for an address do not apply.
            let from = Ipv4Addr::new(127, 1, (n / 250) as u8, (n % 250) as u8 + 1);
            try_password(&address, from, &format!("unknown{n}"), "wrong horse 9").await
        });
    }
    let (mut wrong, mut busy, mut broken) = (0, 0, Vec::new());
    while let Some(answer) = tries.join_next().await {
        match answer?? {
            Some(Refusal::Unauthenticated(_)) => wrong += 1,
            Some(Refusal::Busy) => busy += 1,
            other => broken.push(format!("a failed log-in is answered with {other:?}")),
        }
    }
    let during = quantile(&probe.stop().await?, 0.99);
    // Twice the latency, and the jitter of two busy CPUs.
    if during > before * 2 + Duration::from_millis(20) {
        broken.push(format!("posts take {during:?} (p99), {before:?} before"));
    }
    Ok(Finding {
        promise: 13,
        tried: format!("{PER_SECOND} log-ins per second from as many addresses"),
        figures: format!(
            "{wrong} verified, {busy} answered with BUSY; posts p99 {before:.1?} before, {during:.1?} during"
        ),
        broken,
        control: unlimited_hashing(context).await?,
    })
}

/// The negative control: with 64 hashing threads and a very long queue, posts are delayed.
async fn unlimited_hashing(context: &Context) -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"))
        .argument("--insecure")
        .with("MINI_TWEET_PASSWORDS_THREADS", "64")
        .with("MINI_TWEET_PASSWORDS_QUEUE", "100000");
    let server = launch.start().await?;
    let ada = User::sign_up(&server, "ada").await?;
    let before = quantile(&LatencyProbe::during(&ada, Duration::from_secs(2)).await?, 0.99);
    let probe = LatencyProbe::start(&ada);
    let mut tries = JoinSet::new();
    for n in 0..400_u32 {
        let address = server.address.clone();
        let from = Ipv4Addr::new(127, 2, (n / 250) as u8, (n % 250) as u8 + 1);
        tries.spawn(
            async move { try_password(&address, from, &format!("unknown{n}"), "wrong horse 9").await },
        );
    }
    while tries.join_next().await.is_some() {}
    let during = quantile(&probe.stop().await?, 0.99);
    let detected = during > before * 2 + Duration::from_millis(20);
    Ok(Control::of(
        detected,
        format!("64 hashes at once: posts p99 {before:.1?} before, {during:.1?} during"),
    ))
}

async fn guesses(server: &Server) -> Result<Finding, Error> {
    let (guesser, owner) = (Ipv4Addr::new(127, 3, 0, 1), Ipv4Addr::new(127, 3, 0, 2));
    let mut answers = Vec::new();
    for n in 0..GUESSES + 5 {
        answers.push(try_password(&server.address, guesser, "ada", &format!("wrong horse {n}")).await?);
    }
    let waits = answers.iter().filter(|answer| matches!(answer, Some(Refusal::RateLimited { .. }))).count();
    let mut broken = Vec::new();
    if waits != 5 {
        broken.push(format!("{waits} instead of 5 of {} guesses were throttled", GUESSES + 5));
    }
    if let Some(Refusal::RateLimited { .. }) = answers[GUESSES - 1] {
        broken.push(format!("guess {GUESSES} was throttled already"));
    }
    if let Some(error) = try_password(&server.address, owner, "ada", PASSWORD).await? {
        broken.push(format!("the owner cannot log in from another address: {error}"));
    }
    // One password each for many accounts.
    let mut sprayed = 0;
    for n in 0..40 {
        let answer =
            try_password(&server.address, Ipv4Addr::new(127, 3, 0, 3), &format!("p{n}"), PASSWORD).await?;
        sprayed += usize::from(matches!(answer, Some(Refusal::Unauthenticated(_))));
    }
    if sprayed > 25 {
        broken.push(format!("{sprayed} accounts were tried from one address within 5 minutes"));
    }
    // The control: guesses from a different address each time are not throttled.
    let mut free = 0;
    for n in 0..GUESSES + 5 {
        let from = Ipv4Addr::new(127, 4, 0, n as u8 + 1);
        let answer = try_password(&server.address, from, "ada", "wrong horse 9").await?;
        free += usize::from(matches!(answer, Some(Refusal::Unauthenticated(_))));
    }
    Ok(Finding {
        promise: 13,
        tried: format!("{} guesses at one account, 40 accounts from one address", GUESSES + 5),
        figures: format!(
            "{GUESSES} verified, {waits} throttled; {sprayed} accounts tried; the owner can log in"
        ),
        broken,
        control: Control::of(free > GUESSES, format!("from a different address each, {free} are verified")),
    })
}

/// The error of a log-in, or `None` if it succeeds.
pub(in crate::scenarios) async fn try_password(
    server: &str,
    from: Ipv4Addr,
    username: &str,
    password: &str,
) -> Result<Option<Refusal>, Error> {
    let mut connection = Connection::over(dial(server, IpAddr::V4(from)).await?).await?;
    let log_in = v1::LogIn { username: username.to_owned(), password: password.to_owned() };
    match connection.ask(Op::LogIn(log_in)).await? {
        response::Result::LoggedIn(_) => Ok(None),
        response::Result::Error(error) => Ok(Some(error.into())),
        other => Err(format!("unexpected response to a log-in: {other:?}").into()),
    }
}
