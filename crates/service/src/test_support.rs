//! A server without gateways, for tests: users act through the service, the store is real, and the test sets the time.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use model::{
    AccountId, DisplayName, Error, NewTweet, Password, Result, Role, Span, Tweet, TweetId, TweetText,
    Username, Visibility,
};

use crate::live::{Delivery, Live, LiveConfig, LiveConnection, LiveEvent};
use crate::timeline;
use crate::{Argon2Cost, Caller, NewAccount, Service, ServiceConfig, ServiceParts, SignUp, TimelineRequest};
use store::env::SystemRandom;
use store::test_support::{TestClock, TestStore};

pub const PASSWORD: &str = "correct horse 9";
/// The minimum that argon2 accepts: these hashes protect nothing.
const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 8, passes: 1, parallelism: 1 };

pub struct TestServer {
    pub service: Arc<Service>,
    pub live: Arc<Live>,
    pub clock: Arc<TestClock>,
    pub store: TestStore,
}

/// Limits of live delivery that tests reach.
pub fn small() -> LiveConfig {
    LiveConfig {
        inbox: 32,
        replay_max: 50,
        offline_grace: Duration::from_millis(20),
        away_after: Duration::from_millis(200),
        spacing: Duration::ZERO,
        ..LiveConfig::default()
    }
}

pub fn config() -> ServiceConfig {
    ServiceConfig {
        argon2: CHEAP,
        sign_ups_per_address: 0,
        login_answer_after: Duration::ZERO,
        ..ServiceConfig::default()
    }
}

impl TestServer {
    pub async fn new() -> Self {
        Self::with(config(), LiveConfig::default()).await
    }

    pub async fn with(config: ServiceConfig, live: LiveConfig) -> Self {
        Self::with_limits(config, live, timeline::Limits::default()).await
    }

    pub async fn with_limits(config: ServiceConfig, live: LiveConfig, timelines: timeline::Limits) -> Self {
        let store = TestStore::new();
        let service = Service::start(ServiceParts {
            store: store.store.clone(),
            clock: store.clock.clone(),
            random: Arc::new(SystemRandom),
            config,
            live,
            timelines,
        });
        let service = service.await.unwrap();
        let live = Arc::clone(service.live());
        Self { service, live, clock: store.clock.clone(), store }
    }

    /// Signs up a user.
    pub async fn person(&self, name: &str) -> TestUser<'_> {
        self.clock.advance_ms(1);
        let wish = SignUp {
            username: username(name),
            display_name: DisplayName::default(),
            password: password(PASSWORD),
            invite_code: None,
            client_name: "test".into(),
        };
        let logged_in = self.service.sign_up(&anonymous(), wish).await.unwrap();
        let (id, caller) = (logged_in.profile.account.id, logged_in.caller());
        TestUser { server: self, name: username(name), id, caller, token: logged_in.token.unwrap() }
    }

    /// Creates an account with the role admin and signs it in.
    pub async fn admin(&self, name: &str) -> TestUser<'_> {
        let (name, password) = (username(name), password(PASSWORD));
        let new = NewAccount {
            username: name.clone(),
            display_name: DisplayName::default(),
            password: password.clone(),
            role: Role::Admin,
        };
        self.service.create_account(&Caller::Operator, new).await.unwrap();
        let logged_in = self.service.log_in(&anonymous(), &name, &password, "test").await.unwrap();
        let (id, caller) = (logged_in.profile.account.id, logged_in.caller());
        TestUser { server: self, name, id, caller, token: logged_in.token.unwrap() }
    }

    pub async fn log_in(&self, name: &str, attempt: &str) -> Result<Caller> {
        let attempt = Password::parse_attempt("password", attempt.into()).unwrap();
        let logged_in = self.service.log_in(&anonymous(), &username(name), &attempt, "test").await?;
        Ok(logged_in.caller())
    }
}

pub fn anonymous() -> Caller {
    Caller::Anonymous(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7)))
}

pub fn username(name: &str) -> Username {
    Username::parse(name).unwrap()
}

pub fn password(text: &str) -> Password {
    Password::parse_new("password", text.into()).unwrap()
}

pub fn tweet(text: &str) -> NewTweet {
    NewTweet {
        text: TweetText::parse(text).unwrap(),
        visibility: Visibility::Public,
        reply_to: None,
        quote_of: None,
    }
}

/// A user who is logged in.
pub struct TestUser<'a> {
    pub server: &'a TestServer,
    pub name: Username,
    pub id: AccountId,
    pub caller: Caller,
    pub token: [u8; 32],
}

impl TestUser<'_> {
    pub async fn posts(&self, text: &str) -> TweetId {
        self.writes(tweet(text)).await.unwrap()
    }

    pub async fn writes(&self, tweet: NewTweet) -> Result<TweetId> {
        self.server.clock.advance_ms(1);
        let applied = self.server.service.post(&self.caller, None, tweet).await?;
        Ok(TweetId::new(applied.id).unwrap())
    }

    pub async fn retweets(&self, tweet: TweetId) -> Result<TweetId> {
        self.server.clock.advance_ms(1);
        let applied = self.server.service.retweet(&self.caller, None, tweet).await?;
        Ok(TweetId::new(applied.id).unwrap())
    }

    pub async fn follows(&self, other: &TestUser<'_>) {
        self.server.service.follow(&self.caller, None, &other.name).await.unwrap();
    }

    pub async fn unfollows(&self, other: &TestUser<'_>) {
        self.server.service.unfollow(&self.caller, None, &other.name).await.unwrap();
    }

    pub async fn blocks(&self, other: &TestUser<'_>) {
        self.server.service.block(&self.caller, None, &other.name).await.unwrap();
    }

    pub async fn mutes(&self, other: &TestUser<'_>) {
        self.server.service.mute(&self.caller, None, &other.name).await.unwrap();
    }

    pub async fn reads(&self, timeline: TimelineRequest) -> Result<Vec<Tweet>> {
        let page = self.server.service.timeline(&self.caller, timeline, Span::Latest, 20).await?;
        Ok(page.tweets)
    }

    /// Texts of a timeline, newest first.
    pub async fn texts(&self, timeline: TimelineRequest) -> Vec<String> {
        self.reads(timeline).await.unwrap().into_iter().map(|tweet| tweet.text).collect()
    }

    pub async fn sees(&self, tweet: TweetId) -> bool {
        match self.server.service.tweet(&self.caller, tweet).await {
            Ok(_) => true,
            Err(Error::NotFound(_)) => false,
            Err(other) => panic!("{other:?}"),
        }
    }

    pub fn connects(&self) -> LiveConnection {
        let Caller::Member { account, session, .. } = self.caller else { panic!("not logged in") };
        self.server.live.connect(account, session)
    }
}

/// The next delivery on a connection. The deadline is far longer than it takes.
pub async fn next(connection: &LiveConnection) -> Delivery {
    let next = tokio::time::timeout(Duration::from_secs(20), connection.next());
    next.await.expect("something is delivered")
}

/// The next event of a connection.
pub async fn event(connection: &LiveConnection) -> LiveEvent {
    match next(connection).await {
        Delivery::Event { payload, .. } => payload.event.clone(),
        other => panic!("{other:?}"),
    }
}

/// Waits until a condition holds.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("timed out waiting until {what}");
}
