//! Many clients at once, and a server that is killed in the middle: nothing that was acknowledged is lost,
//! nothing is there twice, everything is in order, in the store and in every live feed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

mod e2e;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use client::Client;
use e2e::{E2e, PASSWORD};
use protocol::v1;

const AUTHORS: usize = 50;
const POSTS: usize = 200;
const READERS: usize = 10;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_authors_and_ten_readers_lose_and_double_nothing() {
    let e2e = E2e::start();
    let run = Run::prepare(&e2e, POSTS).await;
    let acknowledged = Arc::clone(&run).post_everything().await;
    run.check(&acknowledged).await.unwrap();
}

/// The negative control of the two others: what they check can be broken, and then they say so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_without_its_key_and_a_lost_tweet_are_caught() {
    let e2e = E2e::start();
    let run = Run::prepare(&e2e, 3).await;
    let acknowledged = Arc::clone(&run).post_everything().await;
    run.check(&acknowledged).await.unwrap();

    let (name, client) = &run.authors[7];
    let text = acknowledged[name][1].1.clone();
    // As a client would that makes a new key for every try.
    let doubled = client.ask(v1::Post { text, ..Default::default() }).await.unwrap().id;
    let caught = run.check(&acknowledged).await.unwrap_err();
    assert!(caught.contains(name), "{caught}");
    client.ask(v1::DeleteTweet { tweet_id: doubled }).await.unwrap();
    check_stored(&run.authors, &acknowledged).await.unwrap();

    client.ask(v1::DeleteTweet { tweet_id: acknowledged[name][2].0 }).await.unwrap();
    let caught = check_stored(&run.authors, &acknowledged).await.unwrap_err();
    assert!(caught.contains(name), "{caught}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_no_acknowledged_tweet_and_retries_double_none() {
    let mut e2e = E2e::start();
    let run = Run::prepare(&e2e, POSTS).await;
    let posting = tokio::spawn(Arc::clone(&run).post_everything());
    for share in [4, 2] {
        let enough = AUTHORS * POSTS / share;
        while run.acknowledged.load(Ordering::Relaxed) < enough {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert!(!posting.is_finished(), "the server is killed while clients post");
        e2e = tokio::task::spawn_blocking(move || {
            e2e.kill_and_restart_server();
            e2e
        })
        .await
        .unwrap();
    }
    let acknowledged = posting.await.unwrap();
    run.check(&acknowledged).await.unwrap();
    let report = tokio::task::spawn_blocking(move || {
        e2e.stop_server();
        e2e.operator(&["check"])
    })
    .await
    .unwrap();
    assert!(report.status.success(), "{}", String::from_utf8_lossy(&report.stderr));
}

/// Authors and readers, everyone connected, every reader following every author live.
struct Run {
    authors: Vec<(String, Client)>,
    readers: Vec<Reader>,
    posts: usize,
    acknowledged: AtomicUsize,
}

struct Reader {
    /// Ids in the order in which they came.
    seen: Arc<tokio::sync::Mutex<Vec<(u64, String)>>>,
}

impl Run {
    async fn prepare(e2e: &E2e, posts: usize) -> Arc<Self> {
        let mut authors = Vec::new();
        for n in 0..AUTHORS {
            let name = format!("author{n}");
            authors.push((name.clone(), member(e2e, &name).await));
        }
        let mut readers = Vec::new();
        for n in 0..READERS {
            let client = member(e2e, &format!("reader{n}")).await;
            for (name, _) in &authors {
                client.ask(v1::Follow { username: name.clone() }).await.unwrap();
            }
            readers.push(Reader::follow_live(client).await);
        }
        Arc::new(Self { authors, readers, posts, acknowledged: AtomicUsize::new(0) })
    }

    /// Every author posts over a connection of their own; the ids that the server acknowledged, by author.
    async fn post_everything(self: Arc<Self>) -> Acknowledged {
        let mut tasks = tokio::task::JoinSet::new();
        for n in 0..self.authors.len() {
            let run = Arc::clone(&self);
            tasks.spawn(async move {
                let (name, client) = &run.authors[n];
                let mut acknowledged = Vec::new();
                for post in 0..run.posts {
                    let text = format!("{name} says {post}");
                    let done =
                        client.ask(v1::Post { text: text.clone(), ..Default::default() }).await.unwrap();
                    acknowledged.push((done.id, text));
                    run.acknowledged.fetch_add(1, Ordering::Relaxed);
                }
                (name.clone(), acknowledged)
            });
        }
        let mut all = Acknowledged::new();
        while let Some(done) = tasks.join_next().await {
            let (name, acknowledged) = done.unwrap();
            all.insert(name, acknowledged);
        }
        all
    }

    async fn check(&self, acknowledged: &Acknowledged) -> Result<(), String> {
        let total = self.authors.len() * self.posts;
        assert_eq!(acknowledged.values().map(Vec::len).sum::<usize>(), total);
        check_stored(&self.authors, acknowledged).await?;
        // In every live feed: the same, in order per author, once.
        for reader in &self.readers {
            let mut waited = 0;
            while reader.seen.lock().await.len() < total {
                tokio::time::sleep(Duration::from_millis(20)).await;
                waited += 1;
                assert!(waited < 3_000, "a reader has only {} of {total}", reader.seen.lock().await.len());
            }
            let mut by_author = Acknowledged::new();
            for (id, text) in reader.seen.lock().await.iter() {
                let author = text.split(' ').next().unwrap().to_owned();
                by_author.entry(author).or_default().push((*id, text.clone()));
            }
            for (author, acknowledged) in acknowledged {
                same(by_author.get(author).map_or(&[], Vec::as_slice), acknowledged, author)?;
            }
        }
        Ok(())
    }
}

/// Tweets by author, with their identifiers, in order.
type Acknowledged = HashMap<String, Vec<(u64, String)>>;

/// In the store each author's timeline is what was acknowledged, in order, once.
async fn check_stored(authors: &[(String, Client)], acknowledged: &Acknowledged) -> Result<(), String> {
    for (name, client) in authors {
        same(&whole_timeline(client, name).await, &acknowledged[name], name)?;
    }
    Ok(())
}

/// Says where two lists part.
fn same(found: &[(u64, String)], acknowledged: &[(u64, String)], author: &str) -> Result<(), String> {
    if found == acknowledged {
        return Ok(());
    }
    let at = found.iter().zip(acknowledged).take_while(|(a, b)| a == b).count();
    Err(format!(
        "{author}, number {at}: {:?} was found, {:?} acknowledged ({} and {} in all)",
        found.get(at),
        acknowledged.get(at),
        found.len(),
        acknowledged.len()
    ))
}

impl Reader {
    async fn follow_live(client: Client) -> Self {
        let mut live = client.subscribe(v1::subscribe::Topic::Home(v1::HomeTopic {}), None).await.unwrap();
        let seen = Arc::new(tokio::sync::Mutex::new(Vec::new()));
        let (log, reader) = (Arc::clone(&seen), client);
        tokio::spawn(async move {
            let mut read_up_to = 0;
            while let Some(update) = live.next().await {
                match update.event {
                    v1::event::Event::TweetPosted(posted) => {
                        let tweet = posted.tweet.unwrap();
                        // What was read where there was a gap may come live after it.
                        if tweet.id > read_up_to {
                            log.lock().await.push((tweet.id, tweet.text));
                        }
                    }
                    // What did not come live is read, as every client does.
                    v1::event::Event::Gap(_) => read_up_to = fill_gap(&reader, &log).await,
                    other => panic!("{other:?}"),
                }
            }
        });
        Self { seen }
    }
}

/// Reads to the newest tweet; its id.
async fn fill_gap(client: &Client, log: &tokio::sync::Mutex<Vec<(u64, String)>>) -> u64 {
    loop {
        let last = log.lock().await.iter().map(|(id, _)| *id).max().unwrap_or(1);
        let page = client
            .ask(v1::ReadTimeline {
                timeline: Some(v1::read_timeline::Timeline::Home(v1::Home {})),
                page: Some(page(Some(v1::page_request::Position::After(last.to_string())))),
            })
            .await
            .unwrap();
        if page.tweets.is_empty() {
            return last;
        }
        log.lock().await.extend(page.tweets.into_iter().rev().map(|t| (t.id, t.text)));
    }
}

async fn whole_timeline(client: &Client, name: &str) -> Vec<(u64, String)> {
    let mut stored = Vec::new();
    let mut position = None;
    loop {
        let answer = client
            .ask(v1::ReadTimeline {
                timeline: Some(v1::read_timeline::Timeline::User(name.to_owned())),
                page: Some(page(position)),
            })
            .await
            .unwrap();
        stored.extend(answer.tweets.into_iter().map(|t| (t.id, t.text)));
        if answer.next.is_empty() {
            stored.reverse();
            return stored;
        }
        position = Some(v1::page_request::Position::Before(answer.next));
    }
}

fn page(position: Option<v1::page_request::Position>) -> v1::PageRequest {
    v1::PageRequest { limit: 100, position }
}

async fn member(e2e: &E2e, name: &str) -> Client {
    let client = e2e.connect().await;
    let sign_up = v1::SignUp { username: name.into(), password: PASSWORD.into(), ..Default::default() };
    client.sign_up(sign_up).await.unwrap();
    client
}
