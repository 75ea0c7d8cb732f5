//! Log-ins in crowds, and guesses of one password: posts go on, a guesser has to wait, the owner has not.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use model::Error as Refusal;
use protocol::v1::request::Op;
use protocol::v1::{self, response};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::Error;
use crate::latency::{Watch, quantile};
use crate::person::{PASSWORD, Person};
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{Launch, Server, private_directory};
use crate::wire::{Wire, dial};

/// InjectedBug passwords for one account from one address that are answered without a wait.
const GUESSES: usize = 10;

pub(super) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data")).argument("--insecure");
    let server = launch.start().await?;
    let ada = Person::sign_up(&server, "ada").await?;
    Ok(vec![flood(setup, &server, &ada).await?, guesses(&server).await?])
}

async fn flood(setup: &Setup, server: &Server, ada: &Person) -> Result<Line, Error> {
    const PER_SECOND: u32 = 200;
    let length = Duration::from_secs(setup.times(5, 30) as u64);
    let before = quantile(&Watch::during(ada, Duration::from_secs(3)).await?, 0.99);
    let watch = Watch::start(ada);
    let start = Instant::now();
    let mut tries = JoinSet::new();
    for n in 0..u32::try_from(length.as_secs())? * PER_SECOND {
        let (address, at) = (server.address.clone(), start + Duration::from_secs(1) * n / PER_SECOND);
        tries.spawn(async move {
            sleep_until(at).await;
            // Each from another address: no limit of one address helps.
            let from = Ipv4Addr::new(127, 1, (n / 250) as u8, (n % 250) as u8 + 1);
            try_password(&address, from, &format!("nobody{n}"), "wrong horse 9").await
        });
    }
    let (mut wrong, mut busy, mut broken) = (0, 0, Vec::new());
    while let Some(answer) = tries.join_next().await {
        match answer?? {
            Some(Refusal::Unauthenticated(_)) => wrong += 1,
            Some(Refusal::Busy) => busy += 1,
            other => broken.push(format!("a wrong log-in is answered with {other:?}")),
        }
    }
    let during = quantile(&watch.stop().await?, 0.99);
    // What a flood may cost, and as much again as two processors jitter by.
    if during > before * 2 + Duration::from_millis(20) {
        broken.push(format!("a post takes {during:?} (p99), before it was {before:?}"));
    }
    Ok(Line {
        promise: 13,
        tried: format!("{PER_SECOND} log-ins a second from as many addresses"),
        figures: format!(
            "{wrong} checked, {busy} told BUSY; posts p99 {before:.1?} before, {during:.1?} during"
        ),
        broken,
        control: hashes_without_bound(setup).await?,
    })
}

/// With as many hashes at once as there are log-ins, and none refused, the same measure sees the posts suffer.
async fn hashes_without_bound(setup: &Setup) -> Result<Control, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"))
        .argument("--insecure")
        .with("MINI_TWEET_PASSWORDS_THREADS", "64")
        .with("MINI_TWEET_PASSWORDS_QUEUE", "100000");
    let server = launch.start().await?;
    let ada = Person::sign_up(&server, "ada").await?;
    let before = quantile(&Watch::during(&ada, Duration::from_secs(2)).await?, 0.99);
    let watch = Watch::start(&ada);
    let mut tries = JoinSet::new();
    for n in 0..400_u32 {
        let address = server.address.clone();
        let from = Ipv4Addr::new(127, 2, (n / 250) as u8, (n % 250) as u8 + 1);
        tries
            .spawn(async move { try_password(&address, from, &format!("nobody{n}"), "wrong horse 9").await });
    }
    while tries.join_next().await.is_some() {}
    let during = quantile(&watch.stop().await?, 0.99);
    let caught = during > before * 2 + Duration::from_millis(20);
    Ok(Control::of(caught, format!("64 hashes at once: posts p99 {before:.1?} before, {during:.1?} during")))
}

async fn guesses(server: &Server) -> Result<Line, Error> {
    let (guesser, owner) = (Ipv4Addr::new(127, 3, 0, 1), Ipv4Addr::new(127, 3, 0, 2));
    let mut answers = Vec::new();
    for n in 0..GUESSES + 5 {
        answers.push(try_password(&server.address, guesser, "ada", &format!("wrong horse {n}")).await?);
    }
    let waits = answers.iter().filter(|answer| matches!(answer, Some(Refusal::RateLimited { .. }))).count();
    let mut broken = Vec::new();
    if waits != 5 {
        broken.push(format!("{waits} of the last 5 of {} guesses had to wait", GUESSES + 5));
    }
    if let Some(Refusal::RateLimited { .. }) = answers[GUESSES - 1] {
        broken.push(format!("the {GUESSES}th guess had to wait already"));
    }
    if let Some(error) = try_password(&server.address, owner, "ada", PASSWORD).await? {
        broken.push(format!("the owner is kept out from another address: {error}"));
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
    // Somebody who changes their address with every guess is not held back by this: the measure says so.
    let mut free = 0;
    for n in 0..GUESSES + 5 {
        let from = Ipv4Addr::new(127, 4, 0, n as u8 + 1);
        let answer = try_password(&server.address, from, "ada", "wrong horse 9").await?;
        free += usize::from(matches!(answer, Some(Refusal::Unauthenticated(_))));
    }
    Ok(Line {
        promise: 13,
        tried: format!("{} guesses at one account, 40 accounts from one address", GUESSES + 5),
        figures: format!("{GUESSES} free, {waits} told to wait; {sprayed} accounts tried; the owner gets in"),
        broken,
        control: Control::of(free > GUESSES, format!("from an address of their own each {free} are checked")),
    })
}

/// What a log-in is refused with; `None` when it is taken.
async fn try_password(
    server: &str,
    from: Ipv4Addr,
    username: &str,
    password: &str,
) -> Result<Option<Refusal>, Error> {
    let mut wire = Wire::over(dial(server, IpAddr::V4(from)).await?).await?;
    let log_in = v1::LogIn { username: username.to_owned(), password: password.to_owned() };
    match wire.ask(Op::LogIn(log_in)).await? {
        response::Result::LoggedIn(_) => Ok(None),
        response::Result::Error(error) => Ok(Some(error.into())),
        other => Err(format!("no answer to a log-in: {other:?}").into()),
    }
}
