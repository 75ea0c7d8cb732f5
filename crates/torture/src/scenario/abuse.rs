//! Those who mean harm: new accounts that post without end, tweets that call crowds of strangers, sign-ups in series,
//! people who are blocked, people who are suspended (P28).

use std::time::Duration;

use client::ClientError;
use model::Error as Refusal;
use protocol::v1;
use tokio::time::{Instant, sleep};

use super::Setup;
use crate::Error;
use crate::person::{Person, people, post};
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory};
use crate::wire::read_local;

const HIDDEN_WITHIN: Duration = Duration::from_secs(1);

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    Ok(vec![limits(setup).await?, blocks(setup).await?, suspension(setup).await?, reports(setup).await?])
}

/// How much of what a new account tries is let through.
#[derive(Debug, PartialEq, Eq)]
struct Let {
    posts: usize,
    accounts: usize,
    strangers: bool,
}

async fn limits(setup: &Setup) -> Result<Line, Error> {
    let found = tried(setup, ["30", "5", "10"]).await?;
    let open = tried(setup, ["0", "0", "0"]).await?;
    let wanted = Let { posts: 30, accounts: 5, strangers: false };
    Ok(Line {
        promise: 28,
        tried: "35 posts, 7 sign-ups and a call to 11 strangers of a new account".to_owned(),
        figures: format!(
            "{} posts and {} sign-ups taken, strangers called: {}",
            found.posts, found.accounts, found.strangers
        ),
        broken: if found == wanted { Vec::new() } else { vec![format!("{found:?}, not {wanted:?}")] },
        control: Control::of(
            open == Let { posts: 35, accounts: 7, strangers: true },
            format!("without limits: {open:?}"),
        ),
    })
}

async fn tried(setup: &Setup, [posts, sign_ups, strangers]: [&str; 3]) -> Result<Let, Error> {
    let directory = private_directory()?;
    let data = directory.path().join("data");
    let crowd = people(&Launch::new(&setup.program, &data).start().await?, 11).await?;
    let launch = Launch::new(&setup.program, &data)
        .with("MINI_TWEET_LIMITS_NEW_ACCOUNT_POSTS", posts)
        .with("MINI_TWEET_LIMITS_SIGN_UPS_PER_ADDRESS", sign_ups)
        .with("MINI_TWEET_LIMITS_STRANGER_MENTIONS", strangers);
    let server = launch.start().await?;
    let mut accounts = Vec::new();
    for n in 0..7 {
        accounts.extend(Person::sign_up(&server, &format!("new{n}")).await.ok());
    }
    let [caller, writer, ..] = &accounts[..] else { return Err("nobody signed up".into()) };
    let call: String = crowd.iter().map(|person| format!("@{} ", person.name)).collect();
    let strangers = caller.post(&call).await.is_ok();
    let mut posts = 0;
    for n in 0..35 {
        match writer.post(&format!("{n}")).await {
            Ok(_) => posts += 1,
            Err(ClientError::Refused(Refusal::RateLimited { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Let { posts, accounts: accounts.len(), strangers })
}

/// What one of two can do with the other.
async fn reaches(one: &Person, other: &Person, of_other: u64) -> Result<Vec<&'static str>, Error> {
    let (client, name) = (&one.client, || other.name.clone());
    let read = client.ask(v1::GetTweet { tweet_id: of_other }).await;
    let quote = client.ask(v1::Post { quote_of: of_other, ..post("quoted") }).await;
    let reply = client.ask(v1::Post { reply_to: of_other, ..post("answered") }).await;
    let follow = client.ask(v1::Follow { username: name() }).await;
    let chat = one.message(&name(), "psst").await;
    let search = client.ask(v1::SearchPeople { query: name(), limit: 10 }).await;
    let is_other =
        |found: &v1::AccountView| found.account.as_ref().is_some_and(|account| account.id == other.account);
    one.post(&format!("hello @{}", other.name)).await?;
    let told = other.client.ask(v1::ListNotifications { page: None, unread_only: false }).await;
    let mention = v1::NotificationKind::Mention as i32;
    let is_mention = |told: &v1::Notification| told.account_id == one.account && told.kind == mention;
    let tried = [
        ("read", read.map(|page| !page.tweets.is_empty())),
        ("quote", quote.map(|_| true)),
        ("reply", reply.map(|_| true)),
        ("follow", follow.map(|_| true)),
        ("chat", chat.map(|_| true)),
        ("search", search.map(|page| page.people.iter().any(is_other))),
        ("mention", told.map(|page| page.notifications.iter().any(is_mention))),
    ];
    let mut reached = Vec::new();
    for (what, result) in tried {
        match result {
            Ok(true) => reached.push(what),
            Ok(false) | Err(ClientError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(reached)
}

async fn blocks(setup: &Setup) -> Result<Line, Error> {
    let directory = private_directory()?;
    let server = Launch::new(&setup.program, &directory.path().join("data")).start().await?;
    let people = people(&server, 4).await?;
    let [ada, bob, cleo, dora] = &people[..] else { return Err("four people".into()) };
    ada.client.ask(v1::Block { username: bob.name.clone() }).await?;
    let mut broken = Vec::new();
    for (one, other) in [(ada, bob), (bob, ada)] {
        let tweet = other.post("of somebody with a block").await?;
        for what in reaches(one, other, tweet).await? {
            broken.push(format!(
                "{} blocks {}, but {} can {what} {}",
                ada.name, bob.name, one.name, other.name
            ));
        }
    }
    let tweet = dora.post("of somebody without").await?;
    let open = reaches(cleo, dora, tweet).await?;
    Ok(Line {
        promise: 28,
        tried: "read, quote, reply, follow, chat, search and mention across a block, both ways".to_owned(),
        figures: format!("{} of 14 get through", broken.len()),
        broken,
        control: Control::of(open.len() == 7, format!("without a block: {}", open.join(", "))),
    })
}

async fn suspension(setup: &Setup) -> Result<Line, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let people = people(&server, 2).await?;
    let [ada, mallory] = &people[..] else { return Err("two people".into()) };
    mallory.post("of somebody who is suspended").await?;
    let seen_before = sees(ada, mallory).await?;
    let told = Instant::now();
    let out = launch.operator(&["admin", "suspend", &format!("@{}", mallory.name)])?;
    let mut broken = Vec::new();
    broken.extend((!out.status.success()).then(|| String::from_utf8_lossy(&out.stderr).into_owned()));
    while sees(ada, mallory).await? && told.elapsed() < HIDDEN_WITHIN * 5 {
        sleep(Duration::from_millis(10)).await;
    }
    let hidden = told.elapsed();
    if hidden > HIDDEN_WITHIN {
        broken.push(format!("what a suspended person wrote is seen after {hidden:?}"));
    }
    if mallory.post("still here").await.is_ok() {
        broken.push("a suspended person still posts".to_owned());
    }
    Ok(Line {
        promise: 28,
        tried: "a suspension, seen by somebody else".to_owned(),
        figures: format!("hidden after {hidden:.1?}"),
        broken,
        control: Control::of(seen_before, "it was seen before"),
    })
}

/// What is reported is in the operators' list until they close it, and nobody fills that list alone.
async fn reports(setup: &Setup) -> Result<Line, Error> {
    const IN_AN_HOUR: usize = 20;
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let people = people(&server, 2).await?;
    let [ada, mallory] = &people[..] else { return Err("two people".into()) };
    let list = || -> Result<Vec<String>, Error> {
        let out = launch.operator(&["admin", "reports", "--json=id,about,tweet,text,reason"])?;
        Ok(String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect())
    };
    let before = list()?.len();
    let (mut taken, mut limited) = (0, 0);
    for n in 0..IN_AN_HOUR + 3 {
        let tweet_id = mallory.post(&format!("hateful {n}")).await?;
        let report = v1::Report { tweet_id, reason: format!("because {n}"), ..v1::Report::default() };
        match ada.client.ask(report).await {
            Ok(_) => taken += 1,
            Err(ClientError::Refused(Refusal::RateLimited { .. })) => limited += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let listed = list()?;
    let first = listed.first().cloned().unwrap_or_default();
    let mut broken = Vec::new();
    if taken != IN_AN_HOUR || listed.len() != IN_AN_HOUR {
        broken.push(format!("{taken} taken and {} listed, not {IN_AN_HOUR}", listed.len()));
    }
    if !["hateful 0", "because 0", &mallory.name].iter().all(|part| first.contains(*part)) {
        broken.push(format!("the oldest is listed as {first}"));
    }
    let id = first.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    launch.operator(&["admin", "reports", "close", id])?;
    let left = list()?;
    if left.len() + 1 != listed.len() || left.contains(&first) {
        broken.push("a report that was closed is still listed".to_owned());
    }
    Ok(Line {
        promise: 28,
        tried: format!("{} tweets reported by one person within an hour, one closed", IN_AN_HOUR + 3),
        figures: format!(
            "{taken} taken, {limited} told to wait, {} listed, {} after that",
            listed.len(),
            left.len()
        ),
        broken,
        control: Control::of(
            before == 0 && !listed.is_empty(),
            format!("{before} listed before anything was reported"),
        ),
    })
}

/// Whether one reads something of the other among what is new.
async fn sees(one: &Person, other: &Person) -> Result<bool, Error> {
    let protocol::v1::request::Op::ReadTimeline(ask) = read_local(20) else {
        return Err("a timeline".into());
    };
    let page = one.client.ask(ask).await?;
    Ok(page.tweets.iter().any(|tweet| tweet.author_id == other.account))
}
