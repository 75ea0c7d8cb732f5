//! The people of a simulated cluster: what they do, and what they see.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use client::{Client, ClientError, Dial, Options, Subscription, Token};
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::{read_timeline, subscribe};
use tokio::io::{DuplexStream, copy_bidirectional};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};
use turmoil::net::TcpStream;

use super::{HIDDEN, LEAVES, SERVERS, TWEETS_PER_USER, USERS, servers};
use crate::simulation::{PORT, RngState, draw, parse, random_ms, text_of, token};

/// A server that is cut off may show what was deleted since for so long, and the clocks of two hosts differ by a step of
/// the simulation.
const STALE_AFTER: Duration = Duration::from_millis(2_020);

pub(super) fn name(user: usize) -> String {
    format!("p{user}")
}

fn now() -> Duration {
    turmoil::sim_elapsed().unwrap_or_default()
}

/// What people did and saw, and what was wrong with it.
#[derive(Debug, Default)]
pub(super) struct History {
    /// Texts of acknowledged tweets.
    pub(super) acknowledged: BTreeSet<String>,
    /// Those that someone has asked to delete.
    pub(super) deleting: BTreeSet<String>,
    /// Those whose deletion was acknowledged, and when.
    pub(super) deleted: BTreeMap<String, Duration>,
    /// By identifier.
    tweets: BTreeMap<u64, String>,
    /// By reader and author: the numbers of the tweets that arrived live, in order of arrival.
    live: BTreeMap<(usize, usize), Vec<usize>>,
    people: [Knowledge; USERS],
    /// Everyone has everything.
    pub(super) has_arrived: bool,
    pub(super) is_over: bool,
    pub(super) presence_took: Duration,
    pub(super) gaps: usize,
    pub(super) moves: usize,
    pub(super) reads: usize,
    /// Reads that were answered with an error.
    pub(super) refused: usize,
    /// How often someone saw that another one is typing.
    pub(super) typing: usize,
    pub(super) violations: Vec<String>,
    /// What happened, with its time.
    pub(super) trace: Vec<String>,
}

/// What someone was seen.
#[derive(Debug, Default, Clone)]
struct Knowledge {
    /// Tweets that exist.
    seen: BTreeSet<String>,
    /// Tweets that no longer exist.
    gone: BTreeSet<String>,
}

impl History {
    fn trace(&mut self, what: &str) {
        self.trace.push(format!("{} {what}", now().as_millis()));
    }

    fn violation(&mut self, what: String) {
        self.trace(&what);
        self.violations.push(what);
    }

    /// Records a live event. Those of one author must arrive in order, each once.
    fn record_live(&mut self, reader: usize, tweet: v1::Tweet) {
        let text = tweet.text;
        self.trace(&format!("{reader} receives {text}"));
        let Some((author, number)) = parse(&text) else { return };
        let live = self.live.entry((reader, author)).or_default();
        let before = (live.clone(), live.iter().any(|before| *before >= number));
        live.push(number);
        if before.1 {
            self.violation(format!("{reader} receives {text} after {:?}", before.0));
        }
        self.people[reader].seen.insert(text.clone());
        self.tweets.insert(tweet.id, text);
    }

    fn record_deletion(&mut self, reader: usize, tweet: u64) {
        if let Some(text) = self.tweets.get(&tweet).cloned() {
            self.trace(&format!("{reader} learns that {text} was deleted"));
            self.people[reader].gone.insert(text);
        }
    }

    /// Compares a page with what the reader knew when it was requested.
    fn record_page(&mut self, reader: usize, asked: Duration, before: &Knowledge, page: v1::TweetPage) {
        self.reads += 1;
        let texts: BTreeSet<String> = page.tweets.iter().map(|tweet| tweet.text.clone()).collect();
        self.trace(&format!("{reader} reads {} tweets, {} were known", texts.len(), before.seen.len()));
        let unseen: Vec<_> = before.seen.difference(&texts).cloned().collect();
        for text in unseen {
            if self.deleting.contains(&text) {
                self.people[reader].gone.insert(text);
            } else {
                self.violation(format!("{reader} does not see {text}"));
            }
        }
        for text in &texts {
            if before.gone.contains(text) {
                self.violation(format!("{reader} sees {text} again, which was deleted"));
            }
            let late = self.deleted.get(text).and_then(|at| asked.checked_sub(*at + STALE_AFTER));
            if let Some(late) = late {
                self.violation(format!("{reader} sees {text} 2 s and {late:?} after it was deleted"));
            }
        }
        let mut oldest = BTreeMap::new();
        for (author, number) in page.tweets.iter().filter_map(|tweet| parse(&tweet.text)) {
            if oldest.insert(author, number).is_some_and(|newer| newer <= number) {
                self.violation(format!("{reader} sees the tweets of {author} out of order"));
            }
        }
        self.tweets.extend(page.tweets.into_iter().map(|tweet| (tweet.id, tweet.text)));
        self.people[reader].seen.extend(texts);
    }

    pub(super) fn has_all_arrived(&self) -> bool {
        let mut all = (0..USERS).flat_map(|author| (0..TWEETS_PER_USER).map(move |n| text_of(author, n)));
        all.all(|text| {
            self.deleting.contains(&text) || self.people.iter().all(|person| person.seen.contains(&text))
        })
    }
}

/// Someone's client, and what it shares with others.
#[derive(Clone)]
struct Person {
    user: usize,
    client: Client,
    /// Ends the connection; the next one is to any server.
    mover: Arc<Notify>,
    rng: RngState,
    history: Arc<Mutex<History>>,
}

/// A connection to a server, drawn at random, for the client library.
fn dial(rng: &RngState, mover: &Arc<Notify>) -> DuplexStream {
    let (near, mut far) = tokio::io::duplex(8 * 1024);
    let server = servers::name(usize::try_from(draw(rng, SERVERS as u64)).unwrap());
    let mover = mover.clone();
    tokio::spawn(async move {
        if let Ok(mut stream) = TcpStream::connect((server, PORT)).await {
            tokio::select! {
                _ = copy_bidirectional(&mut stream, &mut far) => {}
                () = mover.notified() => {}
            }
        }
    });
    near
}

/// Someone, until the simulation is over.
pub(super) async fn live(
    user: usize,
    cursor: u64,
    rng: RngState,
    history: Arc<Mutex<History>>,
) -> turmoil::Result {
    let mover = Arc::new(Notify::new());
    let mut options = Options::within(Dial::new({
        let (rng, mover) = (rng.clone(), mover.clone());
        move || dial(&rng, &mover)
    }));
    options.token = Some(Token::from_bytes(token(user).to_vec()));
    options.connect_timeout = Duration::from_secs(2);
    let client = loop {
        match Client::connect(options.clone()).await {
            Ok(client) => break client,
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    };
    let person = Person { user, client, mover, rng, history };
    tokio::select! {
        _ = async {
            tokio::join!(
                person.act(),
                person.look_again(),
                person.follow_home(cursor),
                person.watch_presence(),
                person.watch_conversations(),
                person.type_to_someone(),
            )
        } => Err("nothing is left to do".into()),
        () = person.until_end() => Ok(()),
    }
}

impl Person {
    async fn until_end(&self) {
        let ends = || {
            let history = self.history.lock().unwrap();
            history.is_over || (self.user == LEAVES && history.has_arrived)
        };
        while !ends() {
            sleep(Duration::from_millis(100)).await;
        }
    }

    fn trace(&self, what: &str) {
        self.history.lock().unwrap().trace(what);
    }

    /// Asks again and again, always with the same key, until it is acknowledged.
    async fn until_acknowledged<A: client::Ask<Answer = v1::Done> + Clone>(&self, ask: A, what: &str) -> u64 {
        let key = client::new_key();
        loop {
            match self.client.ask_with_key(ask.clone(), key.clone()).await {
                Ok(done) => return done.id,
                Err(error) => self.trace(&format!("{} gets {error} for {what}", self.user)),
            }
            sleep(Duration::from_millis(100)).await;
        }
    }

    /// Posts one tweet after the other, deletes some, moves, and looks.
    async fn act(&self) {
        for number in 0..TWEETS_PER_USER {
            sleep(random_ms(&self.rng, 1_500)).await;
            let text = text_of(self.user, number);
            let post = v1::Post { text: text.clone(), ..v1::Post::default() };
            let id = self.until_acknowledged(post, &text).await;
            self.trace(&format!("{text} is acknowledged"));
            {
                let mut history = self.history.lock().unwrap();
                history.acknowledged.insert(text.clone());
                history.tweets.insert(id, text.clone());
                history.people[self.user].seen.insert(text.clone());
            }
            if draw(&self.rng, 3) == 0 {
                self.history.lock().unwrap().deleting.insert(text.clone());
                self.until_acknowledged(v1::DeleteTweet { tweet_id: id }, "a deletion").await;
                self.trace(&format!("the deletion of {text} is acknowledged"));
                let mut history = self.history.lock().unwrap();
                history.deleted.insert(text.clone(), now());
                history.people[self.user].gone.insert(text);
            }
            if draw(&self.rng, 2) == 0 {
                self.trace(&format!("{} moves", self.user));
                self.history.lock().unwrap().moves += 1;
                self.mover.notify_waiters();
            }
            let _ = self.read_home().await;
        }
        std::future::pending::<()>().await;
    }

    async fn look_again(&self) {
        while !self.history.lock().unwrap().has_arrived {
            sleep(random_ms(&self.rng, 1_000)).await;
            let _ = self.read_home().await;
        }
        std::future::pending::<()>().await;
    }

    async fn read_home(&self) -> Result<(), ClientError> {
        let (asked, before) = (now(), self.history.lock().unwrap().people[self.user].clone());
        let page = Some(v1::PageRequest { limit: 100, position: None });
        let timeline = Some(read_timeline::Timeline::Home(v1::Home {}));
        let answer = self.client.ask(v1::ReadTimeline { timeline, page }).await;
        let mut history = self.history.lock().unwrap();
        match answer {
            Ok(page) => history.record_page(self.user, asked, &before, page),
            Err(ref error) => {
                history.refused += 1;
                history.trace(&format!("{} gets {error} for its home timeline", self.user));
                return Err(error.clone());
            }
        }
        Ok(())
    }

    async fn subscribe(&self, topic: subscribe::Topic, cursor: Option<u64>) -> Subscription {
        loop {
            match self.client.subscribe(topic.clone(), cursor).await {
                Ok(subscription) => return subscription,
                Err(_) => sleep(Duration::from_millis(100)).await,
            }
        }
    }

    /// Follows the home timeline from the beginning. It pauses at random, so that the server has to drop events.
    async fn follow_home(&self, cursor: u64) {
        let topic = subscribe::Topic::Home(v1::HomeTopic {});
        let mut subscription = self.subscribe(topic, Some(cursor)).await;
        loop {
            if draw(&self.rng, 20) == 0 {
                sleep(random_ms(&self.rng, 2_000)).await;
            }
            let Ok(update) = timeout(Duration::from_millis(500), subscription.next()).await else { continue };
            let Some(update) = update else {
                let why = format!("{}'s subscription ended: {:?}", self.user, subscription.ended());
                self.history.lock().unwrap().violation(why);
                return;
            };
            match update.event {
                Event::TweetPosted(posted) => {
                    let tweet = posted.tweet.unwrap_or_default();
                    self.history.lock().unwrap().record_live(self.user, tweet);
                }
                Event::TweetDeleted(deleted) => {
                    self.history.lock().unwrap().record_deletion(self.user, deleted.tweet_id);
                }
                Event::Gap(_) => {
                    self.history.lock().unwrap().gaps += 1;
                    self.trace(&format!("{} has a gap", self.user));
                    while self.read_home().await.is_err() {
                        sleep(Duration::from_millis(100)).await;
                    }
                }
                _ => {}
            }
        }
    }

    /// No one may learn that someone is online who hides it.
    async fn watch_presence(&self) {
        loop {
            let topic = subscribe::Topic::Presence(v1::PresenceTopic {});
            let mut subscription = self.subscribe(topic, None).await;
            while let Some(update) = subscription.next().await {
                let Event::Presence(view) = update.event else { continue };
                let username = view.account.as_ref().map_or("", |account| account.username.as_str());
                if username == name(HIDDEN) && view.presence() != v1::PresenceState::Offline {
                    let why = format!("{} sees {username} online", self.user);
                    self.history.lock().unwrap().violation(why);
                }
            }
        }
    }

    async fn watch_conversations(&self) {
        loop {
            let topic = subscribe::Topic::Conversations(v1::ConversationsTopic {});
            let mut subscription = self.subscribe(topic, None).await;
            while let Some(update) = subscription.next().await {
                if matches!(update.event, Event::Typing(_)) {
                    self.history.lock().unwrap().typing += 1;
                    self.trace(&format!("{} sees that someone is typing", self.user));
                }
            }
        }
    }

    /// The last one types to the one before, once everything has arrived.
    async fn type_to_someone(&self) {
        loop {
            sleep(Duration::from_millis(700)).await;
            let has_arrived = self.history.lock().unwrap().has_arrived;
            if has_arrived && self.user == USERS - 1 {
                let _ = self.client.ask(v1::Typing { username: name(self.user - 1) }).await;
            }
        }
    }
}
