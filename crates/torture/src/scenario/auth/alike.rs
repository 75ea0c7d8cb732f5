//! What a failed log-in tells about the account: nothing, neither by its bytes nor by its time. For every two kinds of
//! accounts the chance is measured that an answer about the one takes longer than one about the other: 0.5 when
//! nobody can tell.

use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use protocol::v1::request::Op;
use protocol::v1::{self, response};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::Error;
use crate::latency::quantile;
use crate::person::Person;
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{Launch, Server, private_directory};
use crate::wire::{Wire, dial};

const WRONG: &str = "wrong horse 9";
/// As an observer can tell at most, chance left out.
const TOLERANCE: f64 = 0.05;
/// Guesses that are on their way at a time: few enough that none waits for the others beyond the deadline.
const AT_A_TIME: usize = 3;
/// Most rounds that an import takes.
const ROUNDS_MAX: usize = 100_000;

/// What is asked for, with the name.
const KINDS: [(&str, &str); 5] = [
    ("unknown", "nobody"),
    ("wrong password", "ada"),
    ("suspended", "sue"),
    ("imported", "old"),
    ("imported with many rounds", "slow"),
];

/// What was measured of one kind.
#[derive(Debug, Default, Clone)]
struct Answers {
    times: Vec<Duration>,
    bytes: Vec<String>,
}

pub(super) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let times = setup.times(100, 500);
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"));
    let server = start(&launch, directory.path()).await?;
    let all = guess(setup, &server, times).await?;
    let (worst, mut broken) = compare(&all, times);
    let slowest = all.iter().map(|answers| quantile(&answers.times, 1.0)).max().unwrap_or_default();
    if all.iter().flat_map(|answers| &answers.bytes).any(|bytes| *bytes != all[0].bytes[0]) {
        broken.push("not all answers are the same bytes".to_owned());
    }
    Ok(vec![
        Line {
            promise: 12,
            tried: format!("{times} failed log-ins of each of {} kinds of accounts, all pairs", KINDS.len()),
            figures: format!(
                "told apart by their time with 0.5 ± {worst:.3} at most; the slowest answer after {slowest:.1?}"
            ),
            broken,
            control: control(setup).await?,
        },
        locked(&server, times).await?,
    ])
}

/// A server with all kinds of accounts.
async fn start(launch: &Launch, directory: &Path) -> Result<Server, Error> {
    let launch = launch.clone().argument("--insecure");
    let python = directory.join("python");
    // Of their passwords nobody knows anything.
    let hash = "a".repeat(86);
    let accounts =
        [("old", format!("saltsalt${hash}")), ("slow", format!("rounds={ROUNDS_MAX}$saltsalt${hash}"))];
    write_python(&python, &accounts)?;
    let text = python.to_str().ok_or("a path that is not UTF-8")?;
    let out = launch.operator(&["import", "python", text, "--json"])?;
    let said = String::from_utf8_lossy(&out.stdout).into_owned();
    if !said.contains("\"accounts\":2") {
        return Err(format!("the import: {said}{}", String::from_utf8_lossy(&out.stderr)).into());
    }
    let server = launch.start().await?;
    Person::sign_up(&server, "ada").await?;
    Person::sign_up(&server, "sue").await?;
    let out = launch.operator(&["admin", "suspend", "@sue"])?;
    if !out.status.success() {
        return Err(String::from_utf8_lossy(&out.stderr).into_owned().into());
    }
    Ok(server)
}

/// A database of the original program with these accounts, whose passwords are kept so.
pub(super) fn write_python(directory: &Path, accounts: &[(&str, String)]) -> Result<(), Error> {
    fs::create_dir_all(directory)?;
    let (mut users, mut numbers) = (r#"{"0": {"id_start": 100}"#.to_owned(), Vec::new());
    for (n, (name, hash)) in accounts.iter().enumerate() {
        let number = n + 1;
        users += &format!(
            r#", "{number}": {{"user_name": "{name}", "password": "$6${hash}", "following": [], "followers": []}}"#
        );
        numbers.push(format!(r#""{name}": {number}"#));
    }
    fs::write(directory.join("user_database.json"), users + "}")?;
    fs::write(directory.join("user_id.json"), format!("{{{}}}", numbers.join(", ")))?;
    fs::write(
        directory.join("tweet_table.csv"),
        "tweet_id,content,user_id,date_time_created,last_update_time\r\n",
    )?;
    fs::write(directory.join("tweet_table.json"), "")?;
    fs::write(directory.join("hashtag.json"), "{}")?;
    fs::write(directory.join("hashtag.csv"), "hashtag,count\r\n")?;
    fs::write(directory.join("active_users.csv"), "user_id,active\r\n")?;
    Ok(())
}

/// So many guesses of each kind, mixed, each from another address so that no limit holds them up.
async fn guess(setup: &Setup, server: &Server, times: usize) -> Result<Vec<Answers>, Error> {
    let mut random = setup.random("alike");
    let mut order: Vec<usize> = (0..KINDS.len() * times).map(|n| n % KINDS.len()).collect();
    for n in (1..order.len()).rev() {
        order.swap(n, random.below(n + 1));
    }
    let mut all = vec![Answers::default(); KINDS.len()];
    let mut asking = JoinSet::new();
    for (n, kind) in order.into_iter().enumerate() {
        if asking.len() >= AT_A_TIME {
            take(asking.join_next().await, &mut all)?;
        }
        let address = server.address.clone();
        let name = if kind == 0 { format!("nobody{n}") } else { KINDS[kind].1.to_owned() };
        let from = Ipv4Addr::new(127, 5, (n / 250) as u8, (n % 250) as u8 + 1);
        asking.spawn(async move { Ok((kind, log_in(&address, from, &name).await?)) });
    }
    while !asking.is_empty() {
        take(asking.join_next().await, &mut all)?;
    }
    Ok(all)
}

type Guessed = Result<(usize, (Duration, response::Result)), Error>;

fn take(guessed: Option<Result<Guessed, tokio::task::JoinError>>, all: &mut [Answers]) -> Result<(), Error> {
    let Some(guessed) = guessed else { return Ok(()) };
    let (kind, (took, answer)) = guessed??;
    all[kind].times.push(took);
    all[kind].bytes.push(format!("{answer:?}"));
    Ok(())
}

async fn log_in(server: &str, from: Ipv4Addr, name: &str) -> Result<(Duration, response::Result), Error> {
    let mut wire = Wire::over(dial(server, IpAddr::V4(from)).await?).await?;
    // The hello is through when something else has been answered.
    wire.ask(Op::GetServerInfo(v1::GetServerInfo {})).await?;
    let ask = v1::LogIn { username: name.to_owned(), password: WRONG.to_owned() };
    let asked = Instant::now();
    let answer = wire.ask(Op::LogIn(ask)).await?;
    Ok((asked.elapsed(), answer))
}

/// How far from one half the worst pair is, and the pairs that an observer could tell apart.
fn compare(all: &[Answers], times: usize) -> (f64, Vec<String>) {
    // Of so many samples chance alone is off by this, three times in a thousand.
    let chance = 3.0 * ((2 * times + 1) as f64 / (12 * times * times) as f64).sqrt();
    let (mut worst, mut broken) = (0.0_f64, Vec::new());
    for (n, one) in all.iter().enumerate() {
        for (m, other) in all.iter().enumerate().skip(n + 1) {
            let share = share_above(&one.times, &other.times);
            worst = worst.max((share - 0.5).abs());
            if (share - 0.5).abs() > TOLERANCE + chance {
                broken.push(format!(
                    "{} takes longer than {} in {share:.2} of all cases",
                    KINDS[n].0, KINDS[m].0
                ));
            }
        }
    }
    (worst, broken)
}

/// The chance that one of these takes longer than one of the others: the area under the ROC curve.
fn share_above(these: &[Duration], others: &[Duration]) -> f64 {
    let wins: f64 = these
        .iter()
        .flat_map(|this| others.iter().map(move |other| this.cmp(other)))
        .map(|order| match order {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        })
        .sum();
    wins / (these.len() * others.len()).max(1) as f64
}

/// The same at a server that answers as soon as it knows.
async fn control(setup: &Setup) -> Result<Control, Error> {
    const TIMES: usize = 40;
    let directory = private_directory()?;
    let launch = Launch::new(&setup.faults, &directory.path().join("data"));
    let server =
        start(&launch.with("MINI_TWEET_FAULTS", "answer-failed-log-ins-immediately"), directory.path())
            .await?;
    let (worst, told) = compare(&guess(setup, &server, TIMES).await?, TIMES);
    Ok(Control::of(
        !told.is_empty(),
        format!("answers as soon as they are known: 0.5 ± {worst:.3}, {} of 10 pairs told apart", told.len()),
    ))
}

/// Whoever has guessed too often is told to wait, for a name that there is as for one that there is not.
async fn locked(server: &Server, times: usize) -> Result<Line, Error> {
    let names = [("ada", Ipv4Addr::new(127, 6, 0, 1)), ("nobody", Ipv4Addr::new(127, 6, 0, 2))];
    let mut all = [Answers::default(), Answers::default()];
    let mut tries = 0;
    while all.iter().any(|answers| answers.times.len() < times) {
        for ((name, from), answers) in names.iter().zip(&mut all) {
            let (took, answer) = log_in(&server.address, *from, name).await?;
            if let response::Result::Error(mut error) = answer
                && error.code() == v1::ErrorCode::RateLimited
            {
                // It counts down, and says so.
                error.retry_after_ms = 0;
                error.message.retain(|c| !c.is_ascii_digit());
                answers.times.push(took);
                answers.bytes.push(format!("{error:?}"));
            }
        }
        tries += 1;
        if tries > times * 10 {
            return Err("nobody is told to wait".into());
        }
    }
    let (share, chance) = (share_above(&all[0].times, &all[1].times), 3.0 / (6.0 * times as f64).sqrt());
    let mut broken = Vec::new();
    if (share - 0.5).abs() > TOLERANCE + chance {
        broken.push(format!("a name that there is takes longer in {share:.2} of all cases"));
    }
    if all[0].bytes.iter().chain(&all[1].bytes).any(|bytes| *bytes != all[0].bytes[0]) {
        broken.push("not all answers are the same bytes".to_owned());
    }
    let free = log_in(&server.address, Ipv4Addr::new(127, 6, 0, 3), "ada").await?.0;
    Ok(Line {
        promise: 12,
        tried: format!("{times} guesses too many at a name that there is and at one that there is not"),
        figures: format!("told apart by their time with {share:.3}"),
        broken,
        control: Control::of(
            share_above(&all[0].times, &[free]) < 0.05,
            format!("a guess that is checked takes {free:.1?}, others {:.1?}", quantile(&all[0].times, 0.5)),
        ),
    })
}
