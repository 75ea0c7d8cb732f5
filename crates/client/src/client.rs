//! The client's handle: requests, log-in and subscriptions.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Retry;
use protocol::tls::Fingerprint;
use protocol::v1;
use protocol::v1::subscribe;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::ask::Ask;
use crate::clock::ServerClock;
use crate::command::Command;
use crate::driver::{Driver, UPDATES_MAX};
use crate::error::ClientError;
use crate::known_hosts::ServerKey;
use crate::link::{Link, establish};
use crate::options::Options;
use crate::pending::{Pending, Reply};
use crate::random;
use crate::state::{State, Update};

/// Requests queued for the connection's task.
const COMMANDS_MAX: usize = 256;
/// Wait before connecting again to a server that is shutting down; doubled with every attempt.
const GOING_AWAY_WAIT: Duration = Duration::from_millis(500);
const GOING_AWAY_WAIT_MAX: Duration = Duration::from_secs(5);

/// A connection to a server, with or without a session. Clones share the connection; it closes with the last of them.
///
/// ```no_run
/// use mini_tweet_client::{Client, ClientError, Endpoint, Home, Options};
/// use protocol::v1;
/// use protocol::v1::subscribe::Topic;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let home = Home::at("/home/ada/.local/share/my-client".into());
/// let options = Options::new(Endpoint::parse("tweets.example.org")?, home.known_hosts());
/// let client = Client::connect(options).await?;
/// if let Some(key) = client.first_contact() {
///     println!("first connection to this server; compare its key: {key}");
/// }
/// client.log_in(v1::LogIn { username: "ada".into(), password: "correct horse 9".into() }).await?;
/// client.ask(v1::Post { text: "hello #world".into(), ..Default::default() }).await?;
/// let mut home_timeline = client.subscribe(Topic::Home(v1::HomeTopic {}), None).await?;
/// while let Some(update) = home_timeline.next().await {
///     println!("{:?}", update.event);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
    options: Arc<Options>,
    hello: Arc<v1::ServerHello>,
    clock: Arc<ServerClock>,
    key: Option<ServerKey>,
    is_first: bool,
    replaces: bool,
}

impl Client {
    /// Connects, and resumes the session if there is a token. Once connected, the client reconnects by itself whenever
    /// the connection is lost.
    ///
    /// # Errors
    /// [`ClientError::Unreachable`], [`ClientError::TimedOut`] or [`ClientError::Protocol`] if there is no connection;
    /// [`ClientError::KeyChanged`] if the server's key is not the known one; [`ClientError::File`] if the file of known
    /// servers cannot be used; [`ClientError::Refused`] with `UNAUTHENTICATED` if the session has ended.
    pub async fn connect(options: Options) -> Result<Self, ClientError> {
        let options = Arc::new(options);
        let link = first_link(&options).await?;
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let clock = Arc::new(ServerClock::default());
        clock.set(link.greeted, link.hello.time_ms);
        let (state, watched) = watch::channel(State::Connected);
        let client = Self {
            state: watched,
            hello: Arc::new(link.hello.clone()),
            clock: clock.clone(),
            key: link.key,
            is_first: link.is_first,
            replaces: link.replaces,
            options: options.clone(),
            commands: commands.clone(),
        };
        tokio::spawn(Driver::new(options, queue, commands.downgrade(), state, clock).run(link));
        Ok(client)
    }

    /// The server's greeting: its name, version, limits and sign-up mode.
    #[must_use]
    pub fn hello(&self) -> &v1::ServerHello {
        &self.hello
    }

    /// The server's clock now, in Unix milliseconds; `None` if the server does not say it. The clock of this machine may be
    /// wrong.
    #[must_use]
    pub fn server_now_ms(&self) -> Option<u64> {
        self.clock.now_ms()
    }

    /// The server's key, if this was the first connection to it. Show it, so that the user can compare it.
    #[must_use]
    pub fn first_contact(&self) -> Option<Fingerprint> {
        self.key.filter(|_| self.is_first).map(|key| key.fingerprint)
    }

    /// The server's key, if it was given in [`Options::fingerprint`] and took the place of another one in the file of known
    /// servers.
    #[must_use]
    pub fn replaced_key(&self) -> Option<Fingerprint> {
        self.key.filter(|_| self.replaces).map(|key| key.fingerprint)
    }

    /// The key of the server that this client connected to; `None` without TLS.
    #[must_use]
    pub fn server_key(&self) -> Option<ServerKey> {
        self.key
    }

    /// Measures how long a small message takes to the server and back. Waits for the connection if it is lost.
    ///
    /// # Errors
    /// [`ClientError::TimedOut`] after [`Options::timeout`]; [`ClientError::Lost`] if the connection was lost meanwhile.
    pub async fn round_trip(&self) -> Result<Duration, ClientError> {
        let (reply, answer) = oneshot::channel();
        let asking = async {
            self.commands.send(Command::Ping(reply)).await.map_err(|_| self.why_stopped())?;
            answer.await.map_err(|_| self.why_stopped())
        };
        timeout(self.options.timeout, asking).await.map_err(|_| self.timed_out())?
    }

    /// The state of the connection, with every change.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Creates an account and logs in to it on this connection.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn sign_up(&self, sign_up: v1::SignUp) -> Result<v1::LoggedIn, ClientError> {
        self.ask(sign_up).await
    }

    /// Logs in on this connection.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn log_in(&self, log_in: v1::LogIn) -> Result<v1::LoggedIn, ClientError> {
        self.ask(log_in).await
    }

    /// Sends a request and waits for the response. A change gets an idempotency key, so that it takes effect once even
    /// if the connection is lost and the request is sent again.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with the server's error; [`ClientError::TimedOut`] after [`Options::timeout`];
    /// [`ClientError::Lost`] if the connection was lost and the request cannot be repeated safely.
    pub async fn ask<A: Ask>(&self, ask: A) -> Result<A::Answer, ClientError> {
        let key = if A::RETRY == Retry::WithKey { new_key() } else { Bytes::new() };
        self.ask_with_key(ask, key).await
    }

    /// The same with an idempotency key of the caller: repeated with that key, even by another process, the change takes
    /// effect once.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn ask_with_key<A: Ask>(&self, ask: A, key: Bytes) -> Result<A::Answer, ClientError> {
        let result = self.ask_op(ask.into_op(), Some(key)).await?;
        A::answer(result).ok_or_else(|| self.mismatch())
    }

    /// Sends any request of the protocol, for callers that choose it at run time. Without a key, a change gets a new one.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn ask_op(
        &self,
        op: v1::request::Op,
        key: Option<Bytes>,
    ) -> Result<v1::response::Result, ClientError> {
        if self.options.read_only && op.operation().is_change() {
            return Err(ClientError::ReadOnly);
        }
        let operation = op.operation();
        let retry = operation.retry();
        let key = key.unwrap_or_else(|| if retry == Retry::WithKey { new_key() } else { Bytes::new() });
        let (reply, answer) = oneshot::channel();
        let pending = Pending { op, key, retry, reply: Reply::Caller(reply), refused_as_busy: 0 };
        let asking = async {
            self.commands.send(Command::Ask(Box::new(pending))).await.map_err(|_| self.why_stopped())?;
            answer.await.map_err(|_| self.why_stopped())?
        };
        let result = timeout(self.options.timeout, asking).await.map_err(|_| self.timed_out())??;
        if result.answers(operation) { Ok(result) } else { Err(self.mismatch()) }
    }

    /// Subscribes to live events after the cursor, or from now on.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn subscribe(
        &self,
        topic: subscribe::Topic,
        cursor: Option<u64>,
    ) -> Result<Subscription, ClientError> {
        let (updates, incoming) = mpsc::channel(UPDATES_MAX);
        let (reply, subscribed) = oneshot::channel();
        let command =
            Command::Subscribe { topic: Box::new(topic), cursor: cursor.unwrap_or(0), updates, reply };
        let asking = async {
            self.commands.send(command).await.map_err(|_| self.why_stopped())?;
            subscribed.await.map_err(|_| self.why_stopped())?
        };
        let number = timeout(self.options.timeout, asking).await.map_err(|_| self.timed_out())??;
        Ok(Subscription { number, updates: incoming, commands: self.commands.clone(), ended: None })
    }

    fn timed_out(&self) -> ClientError {
        ClientError::TimedOut { endpoint: self.options.endpoint.to_string() }
    }

    fn mismatch(&self) -> ClientError {
        ClientError::Protocol {
            endpoint: self.options.endpoint.to_string(),
            reason: "the response does not match the request".to_owned(),
        }
    }

    fn why_stopped(&self) -> ClientError {
        match &*self.state.borrow() {
            State::Stopped(error) => error.clone(),
            _ => ClientError::Lost,
        }
    }
}

/// Live events, in order, each once, also across lost connections. Dropping it ends the subscription.
#[derive(Debug)]
pub struct Subscription {
    number: u64,
    updates: mpsc::Receiver<Box<Result<Update, ClientError>>>,
    commands: mpsc::Sender<Command>,
    ended: Option<ClientError>,
}

impl Subscription {
    /// Waits for the next event; `None` after the subscription has ended. Cancel safe.
    pub async fn next(&mut self) -> Option<Update> {
        match *self.updates.recv().await? {
            Ok(update) => Some(update),
            Err(error) => {
                self.ended = Some(error);
                self.updates.close();
                None
            }
        }
    }

    /// Why the subscription has ended, if the reason is known.
    #[must_use]
    pub fn ended(&self) -> Option<&ClientError> {
        self.ended.as_ref()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // If the queue is full, the driver notices later that the reader is gone.
        let _ = self.commands.try_send(Command::Unsubscribe(self.number));
    }
}

/// The first connection. A server that is shutting down may be restarting: retries until the timeout of a request.
async fn first_link(options: &Options) -> Result<Link, ClientError> {
    let end = Instant::now() + options.timeout;
    let (mut is_going_away, mut attempts) = (false, 0);
    loop {
        let error = match establish(options, options.token.as_ref(), None).await {
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        is_going_away |=
            matches!(error, ClientError::Refused(model::Error::GoingAway)) && !options.ends_with_server;
        let wait = random::backoff(GOING_AWAY_WAIT, GOING_AWAY_WAIT_MAX, attempts);
        attempts += 1;
        if !is_going_away || !error.is_temporary() || Instant::now() + wait > end {
            return Err(error);
        }
        sleep(wait).await;
    }
}

/// A new idempotency key for [`Client::ask_with_key`].
#[must_use]
pub fn new_key() -> Bytes {
    Bytes::copy_from_slice(&random::key())
}
