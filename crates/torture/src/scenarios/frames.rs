//! Bad networks and malformed frames: a post interrupted by a lost connection happens exactly once (P4), and malformed
//! frames end their connection and cost no memory (P6, see [`malformed`]).

mod malformed;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use client::ClientError;
use protocol::v1::request::Op;
use protocol::v1::response;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::chaos::ChaosProxy;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::load::Record;
use crate::server::{DEADLINE, Launch, Server, private_directory, wait_until};
use crate::user::{User, post, sign_up_users};

/// A post needs at least one chunk in each direction, so about 31% of posts are interrupted.
const CUT_PERCENT: usize = 17;
const USERS: usize = 20;
/// Posts of each user in the negative control, which sends no idempotency keys.
const CONTROL_POSTS: usize = 10;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let (chaos, malformed) = tokio::try_join!(chaos(context), malformed::run(context))?;
    Ok(vec![chaos, malformed])
}

async fn chaos(context: &Context) -> Result<Finding, Error> {
    let each = context.times(75, 500);
    let restarts = context.times(1, 5);
    let with_keys = posts(context, each, restarts, post_with_key).await?;
    let control = posts(context, CONTROL_POSTS, 0, post_without_key).await?;
    let duplicated = control.broken.iter().filter(|line| line.contains("twice")).count();
    Ok(Finding {
        promise: 4,
        tried: format!(
            "{} posts over a network that cut {} of their connections, and {restarts} kills of the server",
            with_keys.posts, with_keys.cuts
        ),
        figures: format!("{} lost or duplicated", with_keys.broken.len()),
        broken: with_keys.broken,
        control: Control::of(
            duplicated > 0,
            format!("{} posts without keys: {duplicated} duplicated in {} cuts", control.posts, control.cuts),
        ),
    })
}

/// The result of posting over a bad network.
struct Posted {
    posts: usize,
    cuts: usize,
    broken: Vec<String>,
}

/// Posts `each` tweets of every user over a bad network, while the server is killed and started `restarts` times.
async fn posts<F>(
    context: &Context,
    each: usize,
    restarts: usize,
    send: fn(User, String) -> F,
) -> Result<Posted, Error>
where
    F: Future<Output = Result<u64, ClientError>> + Send + 'static,
{
    let directory = private_directory()?;
    let mut launch = Launch::new(&context.program, &directory.path().join("data"));
    let mut server = launch.start().await?;
    launch = launch.listening_on(&server.address);
    let mut random = context.random("chaos");
    let proxy = ChaosProxy::start(&server.address, CUT_PERCENT, random.fork()).await?;
    let (record, done) = (Record::default(), Arc::new(AtomicUsize::new(0)));
    let mut broken = check_keys(&server).await?;
    let mut tasks = JoinSet::new();
    for user in sign_up_users(&server, USERS).await? {
        let user = connect_through(&proxy, &server, &user).await?;
        let (record, done) = (record.clone(), done.clone());
        tasks.spawn(async move {
            for n in 0..each {
                let text = format!("{n} of {}", user.name);
                let posted = send(user.clone(), text.clone()).await;
                done.fetch_add(1, Ordering::Relaxed);
                record.with(|record| match posted {
                    Ok(id) => drop(record.tweets.insert(id, text)),
                    Err(error) => record.refused.push(format!("{text}: {error}")),
                });
            }
        });
    }
    let posts = USERS * each;
    for n in 1..=restarts {
        wait_until("the next part of the posts is done", || {
            done.load(Ordering::Relaxed) >= posts * n / (restarts + 1)
        })
        .await?;
        server.process.kill()?;
        server = launch.start().await?;
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    server.stop().await?;
    broken.extend(launch.check()?);
    record.with(|record| {
        broken.extend(record.missing_from(&launch.database())?);
        broken.append(&mut record.refused);
        Ok(Posted { posts, cuts: proxy.cuts(), broken })
    })
}

/// The same user, connected through the bad network.
async fn connect_through(proxy: &ChaosProxy, server: &Server, user: &User) -> Result<User, Error> {
    let mut options = server.options_for(proxy.address())?;
    options.timeout = DEADLINE * 2;
    // The client does not retry its first connection.
    let connected = timeout(DEADLINE, async {
        loop {
            if let Ok(user) = user.reconnect(options.clone()).await {
                return user;
            }
        }
    });
    Ok(connected.await?)
}

/// A repeated key must give the same result, and a conflict with another request.
async fn check_keys(server: &Server) -> Result<Vec<String>, Error> {
    let user = User::sign_up(server, "key_tester").await?;
    let key = client::new_key();
    let first = user.client.ask_with_key(post("once"), key.clone()).await?.id;
    let second = user.client.ask_with_key(post("once"), key.clone()).await?.id;
    let mut broken = Vec::new();
    if first != second {
        broken.push(format!("the same key gave {first}, then {second}"));
    }
    match user.client.ask_with_key(post("another"), key).await {
        Err(ClientError::Refused(model::Error::IdempotencyConflict)) => {}
        other => broken.push(format!("the same key with another post gave {other:?}")),
    }
    Ok(broken)
}

/// Posts with an idempotency key, which the client sends by itself.
async fn post_with_key(user: User, text: String) -> Result<u64, ClientError> {
    user.post(&text).await
}

/// Posts as a client without idempotency keys would: it repeats the request if it gets no response.
async fn post_without_key(user: User, text: String) -> Result<u64, ClientError> {
    loop {
        match user.client.ask_op(Op::Post(post(&text)), Some(Bytes::new())).await {
            Ok(response::Result::Done(done)) => return Ok(done.id),
            Err(ClientError::Lost) => tokio::time::sleep(Duration::from_millis(10)).await,
            Ok(_) => return Err(ClientError::Lost),
            Err(error) => return Err(error),
        }
    }
}
