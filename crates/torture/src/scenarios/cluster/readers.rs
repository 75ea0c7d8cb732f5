//! A live subscription to all public tweets at each server, which is resumed after every failure: what arrives has to be in
//! the order of the log, once, and without holes that are not announced.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use protocol::v1::request::Op;
use protocol::v1::{self, event, response, server_frame, subscribe};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep, timeout};

use super::person::{Outcome, Person, ask};
use crate::connection::Connection;

/// A server that sends nothing for so long, not even an answer to a request, is connected to again.
const SILENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(50);

/// What has arrived at a server.
#[derive(Debug, Default)]
pub(super) struct Arrived {
    /// When each tweet arrived.
    pub(super) tweets: BTreeMap<u64, Instant>,
    /// Announced holes: what is after the first and before the second event may be missing.
    pub(super) gaps: Vec<(u64, u64)>,
    /// The newest event.
    cursor: u64,
    /// A gap was announced since the newest event.
    in_gap: bool,
    pub(super) broken: Vec<String>,
}

impl Arrived {
    fn take(&mut self, event: v1::Event) {
        match event.event {
            Some(event::Event::Gap(_)) => self.in_gap = true,
            Some(event::Event::TweetPosted(posted)) => {
                let Some(tweet) = posted.tweet else { return };
                if event.sequence <= self.cursor {
                    self.broken.push(format!("event {} came after {}", event.sequence, self.cursor));
                }
                if self.tweets.insert(tweet.id, Instant::now()).is_some() {
                    self.broken.push(format!("tweet {} arrived twice", tweet.id));
                }
                if std::mem::take(&mut self.in_gap) {
                    self.gaps.push((self.cursor, event.sequence));
                }
                self.cursor = self.cursor.max(event.sequence);
            }
            _ => {}
        }
    }

    /// Whether this tweet may be missing because of a gap.
    pub(super) fn excuses(&self, tweet: u64) -> bool {
        self.gaps.iter().any(|&(after, before)| after < tweet && tweet < before)
            || (self.in_gap && tweet > self.cursor)
    }
}

/// A reader at a server.
#[derive(Debug)]
pub(super) struct Reader {
    arrived: Arc<Mutex<Arrived>>,
    task: JoinHandle<()>,
}

impl Reader {
    /// Subscribes at this server; returns when the subscription is live.
    pub(super) async fn start(person: &Person, address: &str) -> Self {
        let arrived = Arc::new(Mutex::new(Arrived::default()));
        let (person, address, shared) = (person.clone(), address.to_owned(), arrived.clone());
        let (live, is_live) = tokio::sync::oneshot::channel();
        let task = tokio::spawn(async move {
            let mut live = Some(live);
            loop {
                let cursor = with(&shared, |arrived| arrived.cursor);
                if let Ok((connection, start)) = subscribed(&person, &address, cursor).await {
                    with(&shared, |arrived| arrived.cursor = arrived.cursor.max(start));
                    live.take().map(|live| live.send(()));
                    receive(connection, &shared).await;
                }
                sleep(PAUSE).await;
            }
        });
        let _ = is_live.await;
        Self { arrived, task }
    }

    /// Reads what has arrived so far.
    pub(super) fn with<T>(&self, access: impl FnOnce(&mut Arrived) -> T) -> T {
        with(&self.arrived, access)
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn with<T>(arrived: &Mutex<Arrived>, access: impl FnOnce(&mut Arrived) -> T) -> T {
    access(&mut arrived.lock().unwrap_or_else(PoisonError::into_inner))
}

/// A connection with a subscription from this cursor on, and where the subscription begins.
async fn subscribed(person: &Person, address: &str, cursor: u64) -> Result<(Connection, u64), Outcome> {
    let mut connection = person.connect(address).await?;
    let topic = Some(subscribe::Topic::Local(v1::LocalTopic {}));
    match ask(&mut connection, Op::Subscribe(v1::Subscribe { topic, cursor })).await {
        Outcome::Done(response::Result::Subscribed(subscribed)) => {
            // A resumed subscription begins at its cursor.
            Ok((connection, if cursor == 0 { subscribed.cursor } else { 0 }))
        }
        other => Err(other),
    }
}

/// Takes events until the connection ends, or the subscription.
async fn receive(mut connection: Connection, arrived: &Mutex<Arrived>) {
    let mut silent = false;
    loop {
        let read = timeout(SILENCE, connection.reader.read::<v1::ServerFrame>()).await;
        let was_silent = std::mem::replace(&mut silent, read.is_err());
        match read {
            Ok(Ok(Some(frame))) => match frame.frame {
                Some(server_frame::Frame::Event(v1::Event {
                    event: Some(event::Event::Closed(_)), ..
                })) => return,
                Some(server_frame::Frame::Event(event)) => with(arrived, |arrived| arrived.take(event)),
                _ => {}
            },
            Err(_) if !was_silent => {
                // A server that is stopped keeps its connections: only a request shows it.
                connection.queue(Op::GetServerInfo(v1::GetServerInfo {}));
                if connection.writer.flush().await.is_err() {
                    return;
                }
            }
            _ => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn posted(sequence: u64, id: u64) -> v1::Event {
        let tweet = Some(v1::Tweet { id, ..v1::Tweet::default() });
        let posted = event::Event::TweetPosted(v1::LiveTweet { tweet, ..v1::LiveTweet::default() });
        v1::Event { subscription: 1, sequence, event: Some(posted) }
    }

    #[tokio::test]
    async fn order_and_repetition_are_noticed_and_gaps_excuse() {
        let mut arrived = Arrived::default();
        arrived.take(posted(2, 1));
        arrived.take(v1::Event {
            subscription: 1,
            sequence: 2,
            event: Some(event::Event::Gap(v1::Gap { after: 2 })),
        });
        assert!(arrived.excuses(3));
        arrived.take(posted(8, 7));
        assert!(arrived.excuses(5) && !arrived.excuses(9) && !arrived.excuses(1));
        assert!(arrived.broken.is_empty(), "{:?}", arrived.broken);
        arrived.take(posted(6, 5));
        arrived.take(posted(9, 7));
        assert_eq!(arrived.broken.len(), 2, "{:?}", arrived.broken);
    }
}
