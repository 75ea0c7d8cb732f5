//! The handle that programs hold, and the subscriptions that it gives out.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::Retry;
use protocol::tls::Fingerprint;
use protocol::v1;
use protocol::v1::{event, subscribe};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::ask::Ask;
use crate::driver::{Command, Driver, Pending, Reply, UPDATES_MAX};
use crate::link::{Link, Stream, establish};
use crate::{ClientError, Endpoint, Token, random};

/// Requests that may wait to be taken up by the connection's task.
const COMMANDS_MAX: usize = 256;
/// Before a server that goes away is tried again.
const GOING_AWAY_WAIT: Duration = Duration::from_millis(500);

/// How to reach a server.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where it is.
    pub endpoint: Endpoint,
    /// Makes the connections to [`Endpoint::Within`]; not used for others.
    pub dial: Option<Dial>,
    /// File of the keys of servers that were met before. A server that is not in it is added.
    pub known_hosts: PathBuf,
    /// The only key that is accepted, whatever the file says.
    pub fingerprint: Option<Fingerprint>,
    /// No TLS: for a server that was started so on the loopback.
    pub insecure: bool,
    /// Session to take up.
    pub token: Option<Token>,
    /// As this client calls itself, at most 64 bytes.
    pub client_name: String,
    /// For a request: with everything that it takes to have an answer, connecting again included.
    pub timeout: Duration,
}

impl Options {
    /// TLS, nobody signed in, 60 s for a request.
    #[must_use]
    pub fn new(endpoint: Endpoint, known_hosts: PathBuf) -> Self {
        Self {
            endpoint,
            dial: None,
            known_hosts,
            fingerprint: None,
            insecure: false,
            token: None,
            client_name: concat!("mini-tweet ", env!("CARGO_PKG_VERSION")).to_owned(),
            timeout: Duration::from_secs(60),
        }
    }

    /// A server that is reached by streams within this process: without TLS, and nobody to pin.
    #[must_use]
    pub fn within(dial: Dial) -> Self {
        Self { dial: Some(dial), ..Self::new(Endpoint::Within, PathBuf::new()) }
    }
}

/// Makes a connection, each time it is asked, without a network.
#[derive(Clone)]
pub struct Dial(Arc<dyn Fn() -> Box<dyn Stream> + Send + Sync>);

impl Dial {
    /// Connections are what this gives. One that is not to be is closed at once.
    pub fn new<S>(open: impl Fn() -> S + Send + Sync + 'static) -> Self
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        Self(Arc::new(move || Box::new(open())))
    }

    pub(crate) fn open(&self) -> Box<dyn Stream> {
        (self.0)()
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Dial")
    }
}

/// How a client stands with its server.
#[derive(Debug, Clone)]
pub enum State {
    /// There is a connection.
    Connected,
    /// It was lost and is being made again.
    Reconnecting {
        /// For people.
        why: String,
    },
    /// The session has ended elsewhere, and why. The next log-in makes a connection again.
    SignedOut(ClientError),
    /// It will not be made again.
    Stopped(ClientError),
}

/// A server, and perhaps a session on it. Clones share the connection; it closes with the last of them.
#[derive(Debug, Clone)]
pub struct Client {
    commands: mpsc::Sender<Command>,
    state: watch::Receiver<State>,
    options: Arc<Options>,
    hello: Arc<v1::ServerHello>,
    first_contact: Option<Fingerprint>,
}

impl Client {
    /// Connects, and takes up the session if there is a token.
    ///
    /// # Errors
    /// Whatever keeps it from that. Once connected, a lost connection is made again without end.
    pub async fn connect(options: Options) -> Result<Self, ClientError> {
        let options = Arc::new(options);
        let link = first_link(&options).await?;
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let (state, watched) = watch::channel(State::Connected);
        let client = Self {
            state: watched,
            hello: Arc::new(link.hello.clone()),
            first_contact: link.first_contact,
            options: options.clone(),
            commands: commands.clone(),
        };
        tokio::spawn(Driver::new(options, queue, commands.downgrade(), state).run(link));
        Ok(client)
    }

    /// What the server said of itself.
    #[must_use]
    pub fn hello(&self) -> &v1::ServerHello {
        &self.hello
    }

    /// The server's key, if it was met for the first time: a person may want to compare it.
    #[must_use]
    pub fn first_contact(&self) -> Option<Fingerprint> {
        self.first_contact
    }

    /// How it stands, and every change of that.
    #[must_use]
    pub fn state(&self) -> watch::Receiver<State> {
        self.state.clone()
    }

    /// Makes an account and a session of it, which this client then has.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn sign_up(&self, sign_up: v1::SignUp) -> Result<v1::LoggedIn, ClientError> {
        self.ask(sign_up).await
    }

    /// Makes a session, which this client then has.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn log_in(&self, log_in: v1::LogIn) -> Result<v1::LoggedIn, ClientError> {
        self.ask(log_in).await
    }

    /// Asks the server. A request that changes something gets a key, so that it happens once however often the
    /// connection is lost before the answer comes.
    ///
    /// # Errors
    /// [`ClientError::Refused`] with what the server says, or why there is no answer.
    pub async fn ask<A: Ask>(&self, ask: A) -> Result<A::Answer, ClientError> {
        let key = if A::RETRY == Retry::WithKey { new_key() } else { Bytes::new() };
        self.ask_with_key(ask, key).await
    }

    /// The same with a key of one's own: sent again with that key, even by another process, it happens once.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn ask_with_key<A: Ask>(&self, ask: A, key: Bytes) -> Result<A::Answer, ClientError> {
        let result = self.ask_op(ask.into_op(), Some(key)).await?;
        A::answer(result).ok_or_else(|| ClientError::Protocol {
            endpoint: self.options.endpoint.to_string(),
            reason: "its answer is none to our question".to_owned(),
        })
    }

    /// Asks whatever the protocol has, for callers that do not know what before they ask. Without a key it gets a
    /// new one where that is safe.
    ///
    /// # Errors
    /// Those of [`Client::ask`].
    pub async fn ask_op(
        &self,
        op: v1::request::Op,
        key: Option<Bytes>,
    ) -> Result<v1::response::Result, ClientError> {
        let retry = op.operation().retry();
        let key = key.unwrap_or_else(|| if retry == Retry::WithKey { new_key() } else { Bytes::new() });
        let (reply, answer) = oneshot::channel();
        let pending = Pending { op, key, retry, reply: Reply::Caller(reply), refused_as_busy: 0 };
        let asking = async {
            self.commands.send(Command::Ask(Box::new(pending))).await.map_err(|_| self.why_stopped())?;
            answer.await.map_err(|_| self.why_stopped())?
        };
        timeout(self.options.timeout, asking).await.map_err(|_| self.timed_out())?
    }

    /// Follows live events: those after `cursor`, or from now on.
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

    fn why_stopped(&self) -> ClientError {
        match &*self.state.borrow() {
            State::Stopped(error) => error.clone(),
            _ => ClientError::Lost,
        }
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Cursor to subscribe from in another process. Those of presence and typing are none: they are not kept.
    pub sequence: u64,
    /// What. A [`event::Event::Gap`] says that some events are not going to come: read instead.
    pub event: event::Event,
}

/// Live events, in order, each once, over lost connections. Dropping it ends it.
#[derive(Debug)]
pub struct Subscription {
    number: u64,
    updates: mpsc::Receiver<Box<Result<Update, ClientError>>>,
    commands: mpsc::Sender<Command>,
    ended: Option<ClientError>,
}

impl Subscription {
    /// Waits for the next one; `None` when it has ended for good. Cancel safe.
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

    /// Why it has ended, as far as that is known.
    #[must_use]
    pub fn ended(&self) -> Option<&ClientError> {
        self.ended.as_ref()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        // A full queue is no harm: the driver notices that nobody reads.
        let _ = self.commands.try_send(Command::Unsubscribe(self.number));
    }
}

/// The first connection. A server that is just going away will be back: it is given the time of a request.
async fn first_link(options: &Options) -> Result<Link, ClientError> {
    let end = Instant::now() + options.timeout;
    let mut goes_away = false;
    loop {
        let error = match establish(options, options.token.as_ref()).await {
            Ok(link) => return Ok(link),
            Err(error) => error,
        };
        goes_away |= matches!(error, ClientError::Refused(model::Error::GoingAway));
        let wait = random::jitter(GOING_AWAY_WAIT);
        if !goes_away || !error.may_pass() || Instant::now() + wait > end {
            return Err(error);
        }
        sleep(wait).await;
    }
}

/// A key for [`Client::ask_with_key`].
#[must_use]
pub fn new_key() -> Bytes {
    Bytes::copy_from_slice(&random::key())
}
