//! Abuse: new accounts that post continuously, tweets that mention many strangers, serial sign-ups, blocked users,
//! suspended users, and reports (P28).

use std::time::Duration;

use client::ClientError;
use model::Error as Refusal;
use protocol::v1;
use tokio::time::{Instant, sleep};

use crate::connection::read_local;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, private_directory};
use crate::user::{User, post, sign_up_users};

const HIDDEN_WITHIN: Duration = Duration::from_secs(1);

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    Ok(vec![
        limits(context).await?,
        blocks(context).await?,
        suspension(context).await?,
        reports(context).await?,
    ])
}

/// What the limits allow a new account to do.
#[derive(Debug, PartialEq, Eq)]
struct Allowed {
    posts: usize,
    sign_ups: usize,
    /// Whether a tweet with 11 mentions of strangers is accepted.
    mentions: bool,
}

async fn limits(context: &Context) -> Result<Finding, Error> {
    let found = try_limits(context, ["30", "5", "10"]).await?;
    let unlimited = try_limits(context, ["0", "0", "0"]).await?;
    let expected = Allowed { posts: 30, sign_ups: 5, mentions: false };
    Ok(Finding {
        promise: 28,
        tried: "35 posts, 7 sign-ups and 11 mentions of strangers by new accounts".to_owned(),
        figures: format!(
            "{} posts and {} sign-ups accepted, mentions accepted: {}",
            found.posts, found.sign_ups, found.mentions
        ),
        broken: if found == expected {
            Vec::new()
        } else {
            vec![format!("{found:?}, expected {expected:?}")]
        },
        control: Control::of(
            unlimited == Allowed { posts: 35, sign_ups: 7, mentions: true },
            format!("without limits: {unlimited:?}"),
        ),
    })
}

/// Tries the same at a server with these values for the limits of posts, sign-ups and mentions of strangers.
async fn try_limits(context: &Context, [posts, sign_ups, mentions]: [&str; 3]) -> Result<Allowed, Error> {
    let directory = private_directory()?;
    let data = directory.path().join("data");
    let strangers = sign_up_users(&Launch::new(&context.program, &data).start().await?, 11).await?;
    let launch = Launch::new(&context.program, &data)
        .with("MINI_TWEET_LIMITS_NEW_ACCOUNT_POSTS", posts)
        .with("MINI_TWEET_LIMITS_SIGN_UPS_PER_ADDRESS", sign_ups)
        .with("MINI_TWEET_LIMITS_STRANGER_MENTIONS", mentions);
    let server = launch.start().await?;
    let mut accounts = Vec::new();
    for n in 0..7 {
        accounts.extend(User::sign_up(&server, &format!("new{n}")).await.ok());
    }
    let [mentioner, poster, ..] = &accounts[..] else { return Err("no sign-up was accepted".into()) };
    let text: String = strangers.iter().map(|user| format!("@{} ", user.name)).collect();
    let mentions = mentioner.post(&text).await.is_ok();
    let mut posts = 0;
    for n in 0..35 {
        match poster.post(&format!("{n}")).await {
            Ok(_) => posts += 1,
            Err(ClientError::Refused(Refusal::RateLimited { .. })) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Allowed { posts, sign_ups: accounts.len(), mentions })
}

/// What one user can do to another, who wrote this tweet.
async fn interactions(one: &User, other: &User, tweet_id: u64) -> Result<Vec<&'static str>, Error> {
    let (client, name) = (&one.client, || other.name.clone());
    let read = client.ask(v1::GetTweet { tweet_id }).await;
    let quote = client.ask(v1::Post { quote_of: tweet_id, ..post("quoted") }).await;
    let reply = client.ask(v1::Post { reply_to: tweet_id, ..post("replied") }).await;
    let follow = client.ask(v1::Follow { username: name() }).await;
    let chat = one.message(&name(), "psst").await;
    let search = client.ask(v1::SearchPeople { query: name(), limit: 10 }).await;
    let is_other =
        |found: &v1::AccountView| found.account.as_ref().is_some_and(|account| account.id == other.account);
    one.post(&format!("hello @{}", other.name)).await?;
    let notified = other.client.ask(v1::ListNotifications::default()).await;
    let mention = v1::NotificationKind::Mention as i32;
    let is_mention = |notification: &v1::Notification| {
        notification.account_id == one.account && notification.kind == mention
    };
    let attempts = [
        ("read", read.map(|page| !page.tweets.is_empty())),
        ("quote", quote.map(|_| true)),
        ("reply", reply.map(|_| true)),
        ("follow", follow.map(|_| true)),
        ("chat", chat.map(|_| true)),
        ("search", search.map(|page| page.people.iter().any(is_other))),
        ("mention", notified.map(|page| page.notifications.iter().any(is_mention))),
    ];
    let mut succeeded = Vec::new();
    for (what, result) in attempts {
        match result {
            Ok(true) => succeeded.push(what),
            Ok(false) | Err(ClientError::Refused(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(succeeded)
}

async fn blocks(context: &Context) -> Result<Finding, Error> {
    let directory = private_directory()?;
    let server = Launch::new(&context.program, &directory.path().join("data")).start().await?;
    let users = sign_up_users(&server, 4).await?;
    let [ada, bob, cleo, dora] = &users[..] else { return Err("expected four users".into()) };
    ada.client.ask(v1::Block { username: bob.name.clone() }).await?;
    let mut broken = Vec::new();
    for (one, other) in [(ada, bob), (bob, ada)] {
        let tweet = other.post("posted with a block").await?;
        for what in interactions(one, other, tweet).await? {
            broken.push(format!(
                "{} blocks {}, but {} can {what} {}",
                ada.name, bob.name, one.name, other.name
            ));
        }
    }
    let tweet = dora.post("posted without a block").await?;
    let without_block = interactions(cleo, dora, tweet).await?;
    Ok(Finding {
        promise: 28,
        tried: "read, quote, reply, follow, chat, search and mention across a block, in both directions"
            .to_owned(),
        figures: format!("{} of 14 succeed", broken.len()),
        broken,
        control: Control::of(
            without_block.len() == 7,
            format!("without a block: {}", without_block.join(", ")),
        ),
    })
}

async fn suspension(context: &Context) -> Result<Finding, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let users = sign_up_users(&server, 2).await?;
    let [ada, mallory] = &users[..] else { return Err("expected two users".into()) };
    mallory.post("posted before the suspension").await?;
    let seen_before = sees(ada, mallory).await?;
    let start = Instant::now();
    let out = launch.operator(&["admin", "suspend", &format!("@{}", mallory.name)])?;
    let mut broken = Vec::new();
    broken.extend((!out.status.success()).then(|| String::from_utf8_lossy(&out.stderr).into_owned()));
    while sees(ada, mallory).await? && start.elapsed() < HIDDEN_WITHIN * 5 {
        sleep(Duration::from_millis(10)).await;
    }
    let hidden = start.elapsed();
    if hidden > HIDDEN_WITHIN {
        broken.push(format!("tweets of a suspended user are visible after {hidden:?}"));
    }
    if mallory.post("still here").await.is_ok() {
        broken.push("a suspended user can still post".to_owned());
    }
    Ok(Finding {
        promise: 28,
        tried: "a suspension, observed by another user".to_owned(),
        figures: format!("hidden after {hidden:.1?}"),
        broken,
        control: Control::of(seen_before, "the tweet was visible before"),
    })
}

/// Reports are listed for operators until they close them, and no single account can fill that list.
async fn reports(context: &Context) -> Result<Finding, Error> {
    const PER_HOUR: usize = 20;
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let users = sign_up_users(&server, 2).await?;
    let [ada, mallory] = &users[..] else { return Err("expected two users".into()) };
    let list = || -> Result<Vec<String>, Error> {
        let out = launch.operator(&["admin", "reports", "--json=id,about,tweet,text,reason"])?;
        Ok(String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect())
    };
    let before = list()?.len();
    let (mut accepted, mut limited) = (0, 0);
    for n in 0..PER_HOUR + 3 {
        let tweet_id = mallory.post(&format!("hateful {n}")).await?;
        let report = v1::Report { tweet_id, reason: format!("because {n}"), ..v1::Report::default() };
        match ada.client.ask(report).await {
            Ok(_) => accepted += 1,
            Err(ClientError::Refused(Refusal::RateLimited { .. })) => limited += 1,
            Err(error) => return Err(error.into()),
        }
    }
    let listed = list()?;
    let first = listed.first().cloned().unwrap_or_default();
    let mut broken = Vec::new();
    if accepted != PER_HOUR || listed.len() != PER_HOUR {
        broken.push(format!("{accepted} accepted and {} listed, expected {PER_HOUR}", listed.len()));
    }
    if !["hateful 0", "because 0", &mallory.name].iter().all(|part| first.contains(*part)) {
        broken.push(format!("the oldest is listed as {first}"));
    }
    let id = first.split("\"id\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    launch.operator(&["admin", "reports", "close", id])?;
    let left = list()?;
    if left.len() + 1 != listed.len() || left.contains(&first) {
        broken.push("a closed report is still listed".to_owned());
    }
    Ok(Finding {
        promise: 28,
        tried: format!("{} tweets reported by one account within an hour, one report closed", PER_HOUR + 3),
        figures: format!(
            "{accepted} accepted, {limited} rate-limited, {} listed, {} after closing one",
            listed.len(),
            left.len()
        ),
        broken,
        control: Control::of(
            before == 0 && !listed.is_empty(),
            format!("{before} listed before the first report"),
        ),
    })
}

/// Whether one user finds a tweet of the other among the newest public tweets.
async fn sees(one: &User, other: &User) -> Result<bool, Error> {
    let protocol::v1::request::Op::ReadTimeline(ask) = read_local(20) else {
        return Err("expected a request for a timeline".into());
    };
    let page = one.client.ask(ask).await?;
    Ok(page.tweets.iter().any(|tweet| tweet.author_id == other.account))
}
