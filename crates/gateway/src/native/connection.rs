//! One connection: frames in, answers and events out, deadlines.
//!
//! It knows no request but the few that change what the connection itself must do. Everything runs in one task:
//! requests are futures beside each other, so a connection that does not read its answers stops being worked for.

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use model::limits::CLIENT_NAME_BYTES_MAX;
use model::{Concurrency, Error, Result};
use protocol::connection::{ConnectionError, FrameReader, FrameWriter, Limits, framed};
use protocol::frame::{FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN, TWEET_PAGE};
use protocol::v1::request::Op;
use protocol::v1::{client_frame, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout};

use super::dispatch::Reply;
use super::scheduler::{RequestScheduler, Waiting};
use super::{REQUESTS_IN_FLIGHT_MAX, Times, events};
use service::live::Delivery;
use store::fault::{self, InjectedBug};

/// Requests of one connection that are worked on at the same time; the others wait in the scheduler.
const RUNNING_MAX: usize = 16;
/// With so many bytes unsent, nothing new is read, begun or delivered.
const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// For the last words of a connection, and for the other side to take them.
const GOODBYE: Duration = Duration::from_secs(1);

/// What a connection needs of whoever carries out its requests.
pub(super) trait Handler: Send + Sync + 'static {
    /// What the client calls itself.
    fn greet(&self, client_name: &str);
    /// Whether somebody has logged in. Asked again after requests of [`Concurrency::Exclusive`] only.
    fn is_logged_in(&self) -> bool;
    /// Counts a request, and answers it where nothing has to be waited for: a refusal, a page out of memory.
    fn begin(&self, request: &v1::Request) -> Option<Reply>;
    /// Carries out one request that [`Handler::begin`] left. It came at `since`.
    fn handle(self: Arc<Self>, request: v1::Request, since: Instant) -> impl Future<Output = Reply> + Send;
    /// What is to be pushed next; never, before log-in. Cancel safe.
    fn next_delivery(&self) -> impl Future<Output = Delivery> + Send;
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("the client closed it")]
    Closed,
    #[error("the client was silent")]
    Silent,
    #[error("no log-in in time")]
    NoLogIn,
    #[error("its session ended")]
    SessionEnded,
    #[error("the server stops")]
    Stopping,
    #[error("{0}")]
    Misbehaved(Error),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

impl Reason {
    /// As every connection ends one day; the others are for the operator to see.
    pub(super) fn is_ordinary(&self) -> bool {
        match self {
            Self::Closed | Self::Silent | Self::SessionEnded | Self::Stopping => true,
            // A program that ends without saying goodbye.
            Self::Connection(ConnectionError::Io(error)) => {
                use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
                matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
            }
            Self::NoLogIn | Self::Misbehaved(_) | Self::Connection(_) => false,
        }
    }
}

/// What a connection was, for the log.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) reason: Reason,
    pub(super) requests: u64,
}

/// What both sides agreed on before the first frame.
#[derive(Debug)]
pub(super) struct Terms {
    pub(super) hello: v1::ServerHello,
    pub(super) times: Times,
    /// What a client is told to wait before it connects again, when the server stops.
    pub(super) reconnect_after: Duration,
    pub(super) stopping: watch::Receiver<bool>,
}

/// Serves a connection until it ends.
pub(super) async fn serve<S, H>(stream: S, handler: Arc<H>, terms: Terms) -> Ended
where
    S: AsyncRead + AsyncWrite + Send,
    H: Handler,
{
    let limits = Limits {
        frame_bytes_max: frame_bytes_max(handler.is_logged_in()),
        read_within: terms.times.read_frame,
        write_within: terms.times.write,
    };
    let (mut reader, mut writer) = framed(stream, limits);
    writer.queue(&frame(server_frame::Frame::Hello(terms.hello.clone())));
    let now = Instant::now();
    let mut connection = Connection {
        log_in_by: (!handler.is_logged_in()).then(|| now + terms.times.log_in),
        handler,
        terms,
        greeted: false,
        scheduler: RequestScheduler::default(),
        subscriptions: HashSet::new(),
        subscribing: 0,
        held: None,
        heard: now,
        draining: None,
        requests: 0,
        has_new_session: false,
    };
    let mut running = FuturesUnordered::new();
    let reason = match connection.run(&mut reader, &mut writer, &mut running).await {
        Ok(reason) => reason,
        Err(reason) => reason,
    };
    // What has begun is carried out to its end, with or without its client.
    if !running.is_empty() {
        let drain = connection.terms.times.drain;
        tokio::spawn(timeout(drain, async move { while running.next().await.is_some() {} }));
    }
    say_goodbye(&mut reader, &mut writer, &reason).await;
    Ended { reason, requests: connection.requests }
}

/// Of a client that has a session, or has not.
fn frame_bytes_max(logged_in: bool) -> usize {
    if fault::is_on(InjectedBug::UnboundedFrames) {
        usize::MAX
    } else if logged_in {
        FRAME_BYTES_MAX
    } else {
        FRAME_BYTES_MAX_BEFORE_LOGIN
    }
}

/// Tells a client that it cannot come in.
pub(super) async fn refuse<S: AsyncRead + AsyncWrite>(stream: S, error: Error) {
    let (mut reader, mut writer) = framed(stream, Limits::of_frame_bytes(FRAME_BYTES_MAX_BEFORE_LOGIN));
    say_goodbye(&mut reader, &mut writer, &Reason::Misbehaved(error)).await;
}

/// Says why, where the client can still hear it, and closes.
async fn say_goodbye<R, W>(reader: &mut FrameReader<R>, writer: &mut FrameWriter<W>, reason: &Reason)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let fatal = match reason {
        Reason::Closed | Reason::Stopping => None,
        Reason::Silent => Some(Error::Unavailable("nothing was heard for three heartbeats".into())),
        Reason::NoLogIn => Some(Error::Unauthenticated("there was no log-in in time".into())),
        Reason::SessionEnded => Some(Error::Unauthenticated("your session has ended, log in again".into())),
        Reason::Misbehaved(error) => Some(error.clone()),
        Reason::Connection(ConnectionError::Frame(error)) => Some((*error).into()),
        Reason::Connection(ConnectionError::TooSlow(_) | ConnectionError::Io(_)) => return,
    };
    if let Some(error) = fatal {
        writer.queue(&frame(server_frame::Frame::Fatal((&error).into())));
    }
    let goodbye = async {
        writer.flush().await?;
        writer.close().await?;
        // A socket that is closed with bytes unread is reset, and the client would lose our last words.
        reader.discard().await
    };
    let _: Result<Result<(), ConnectionError>, _> = timeout(GOODBYE, goodbye).await;
}

/// Writes what waits. Where that makes no difference to what may happen next, it is not over before something else
/// happens: looking once more at all that may would cost as much as a small answer.
async fn flush<W: AsyncWrite + Unpin>(
    writer: &mut FrameWriter<W>,
    makes_no_difference: bool,
) -> Result<(), ConnectionError> {
    writer.flush().await?;
    if makes_no_difference { std::future::pending().await } else { Ok(()) }
}

fn frame(frame: server_frame::Frame) -> v1::ServerFrame {
    v1::ServerFrame { frame: Some(frame) }
}

/// An answer, with what the connection remembers of its request.
struct Answer {
    id: u32,
    order: Concurrency,
    effect: Effect,
    answered: Reply,
}

/// What a request does to the connection when it succeeds.
#[derive(Debug, Clone, Copy)]
enum Effect {
    None,
    NewSession,
    Subscribe,
    Unsubscribe(u32),
}

fn effect_of(op: Option<&Op>) -> Effect {
    match op {
        Some(Op::SignUp(_) | Op::LogIn(_) | Op::Authenticate(_) | Op::LogOut(_) | Op::DeleteAccount(_)) => {
            Effect::NewSession
        }
        Some(Op::Subscribe(_)) => Effect::Subscribe,
        Some(Op::Unsubscribe(end)) => Effect::Unsubscribe(end.subscription),
        _ => Effect::None,
    }
}

type Running = FuturesUnordered<BoxFuture<'static, Answer>>;

enum Happened {
    Answer(Answer),
    Delivery(Delivery),
    Frame(Option<v1::ClientFrame>),
    Flushed,
    Stopping,
    Deadline,
}

struct Connection<H> {
    handler: Arc<H>,
    terms: Terms,
    /// The client's hello has come.
    greeted: bool,
    scheduler: RequestScheduler,
    /// Those that the client knows of.
    subscriptions: HashSet<u32>,
    /// Requests for a subscription that have begun.
    subscribing: usize,
    /// An event of a subscription that the client does not know of yet: it waits for the answer.
    held: Option<Delivery>,
    /// When the last frame came.
    heard: Instant,
    log_in_by: Option<Instant>,
    /// Nothing more is read; what is in flight is answered until then.
    draining: Option<(Instant, Drain)>,
    requests: u64,
    /// Deliveries come from another session than before.
    has_new_session: bool,
}

#[derive(Debug, Clone, Copy)]
enum Drain {
    ClientClosed,
    Stopping,
}

impl<H: Handler> Connection<H> {
    async fn run<S>(
        &mut self,
        reader: &mut FrameReader<ReadHalf<S>>,
        writer: &mut FrameWriter<WriteHalf<S>>,
        running: &mut Running,
    ) -> Result<Reason, Reason>
    where
        S: AsyncRead + AsyncWrite,
    {
        let mut stopping = self.terms.stopping.clone();
        let mut stopped = pin!(super::stopped(&mut stopping));
        // Set once and moved only when it is due or comes nearer: every frame moves the deadline further away.
        let mut alarm = pin!(sleep_until(self.deadline()));
        let handler = Arc::clone(&self.handler);
        let mut next_delivery = pin!(handler.next_delivery());
        loop {
            self.start_requests(running, reader, writer);
            if std::mem::take(&mut self.has_new_session) {
                next_delivery.set(handler.next_delivery());
            }
            if let Some((_, why)) = self.draining
                && self.scheduler.is_empty()
                && writer.is_idle()
            {
                return Ok(match why {
                    Drain::ClientClosed => Reason::Closed,
                    Drain::Stopping => Reason::Stopping,
                });
            }
            let has_room = writer.queued() < UNSENT_BYTES_MAX;
            let reads = has_room && self.draining.is_none();
            // A session that this very connection ends is told by the answer first.
            let delivers = reads && self.held.is_none() && !self.scheduler.runs_alone();
            if self.deadline() < alarm.deadline() {
                alarm.as_mut().reset(self.deadline());
            }
            // Writing comes last: what is ready at the same time leaves in one write.
            let happened = tokio::select! {
                biased;
                () = &mut alarm => Happened::Deadline,
                () = &mut stopped, if self.draining.is_none() => Happened::Stopping,
                Some(answer) = running.next(), if has_room => Happened::Answer(answer),
                delivery = &mut next_delivery, if delivers => Happened::Delivery(delivery),
                frame = reader.read(), if reads => Happened::Frame(frame?),
                flushed = flush(writer, reads), if !writer.is_idle() => {
                    flushed?;
                    Happened::Flushed
                }
            };
            match happened {
                Happened::Answer(answer) => self.answer(answer, reader, writer),
                Happened::Delivery(delivery) => {
                    next_delivery.set(handler.next_delivery());
                    self.deliver(delivery, writer)?;
                }
                Happened::Frame(Some(frame)) => {
                    self.receive(frame, writer).map_err(Reason::Misbehaved)?;
                    // What came with it is taken in before anything is written.
                    while writer.queued() < UNSENT_BYTES_MAX
                        && let Some(frame) = reader.read_now()?
                    {
                        self.start_requests(running, reader, writer);
                        self.receive(frame, writer).map_err(Reason::Misbehaved)?;
                    }
                }
                Happened::Frame(None) => self.drain(Drain::ClientClosed),
                Happened::Flushed => {}
                Happened::Stopping => {
                    let reconnect_after_ms = super::milliseconds(self.terms.reconnect_after);
                    let going_away = v1::GoingAway { reconnect_after_ms };
                    writer.queue(&frame(server_frame::Frame::GoingAway(going_away)));
                    self.drain(Drain::Stopping);
                }
                Happened::Deadline if Instant::now() < self.deadline() => {
                    alarm.as_mut().reset(self.deadline());
                }
                Happened::Deadline => return Ok(self.too_late()),
            }
        }
    }

    /// The next time at which this connection has waited too long.
    fn deadline(&self) -> Instant {
        if let Some((deadline, _)) = self.draining {
            return deadline;
        }
        let silent = self.heard + 3 * self.terms.times.heartbeat;
        self.log_in_by.map_or(silent, |log_in_by| silent.min(log_in_by))
    }

    fn too_late(&self) -> Reason {
        match self.draining {
            Some((_, Drain::ClientClosed)) => Reason::Closed,
            Some((_, Drain::Stopping)) => Reason::Stopping,
            None if self.log_in_by.is_some_and(|log_in_by| log_in_by <= Instant::now()) => Reason::NoLogIn,
            None => Reason::Silent,
        }
    }

    fn drain(&mut self, why: Drain) {
        self.draining = Some((Instant::now() + self.terms.times.drain, why));
    }

    /// Takes a frame in.
    fn receive<W: AsyncWrite + Unpin>(
        &mut self,
        received: v1::ClientFrame,
        writer: &mut FrameWriter<W>,
    ) -> Result<()> {
        self.heard = Instant::now();
        match received.frame {
            Some(client_frame::Frame::Hello(hello)) => {
                check_hello(&hello)?;
                if self.greeted {
                    return Err(Error::Protocol("a second hello".into()));
                }
                self.greeted = true;
                self.handler.greet(&hello.client_name);
                Ok(())
            }
            Some(client_frame::Frame::Ping(ping)) => {
                writer.queue(&frame(server_frame::Frame::Pong(v1::Pong { nonce: ping.nonce })));
                Ok(())
            }
            Some(client_frame::Frame::Request(request)) => self.receive_request(request, writer),
            // A kind of frame that only a newer client knows.
            None => Ok(()),
        }
    }

    fn receive_request<W: AsyncWrite + Unpin>(
        &mut self,
        request: v1::Request,
        writer: &mut FrameWriter<W>,
    ) -> Result<()> {
        if !self.greeted {
            return Err(Error::Protocol("a request before the hello".into()));
        }
        if request.id == 0 || self.scheduler.contains(request.id) {
            return Err(Error::Protocol("a request's id is 0 or in flight already".into()));
        }
        self.requests += 1;
        if self.scheduler.len() >= REQUESTS_IN_FLIGHT_MAX {
            queue_response(writer, request.id, response::Result::Error((&Error::Busy).into()));
        } else {
            self.scheduler.push(request, self.heard);
        }
        Ok(())
    }

    fn start_requests<R, W>(
        &mut self,
        running: &mut Running,
        reader: &mut FrameReader<R>,
        writer: &mut FrameWriter<W>,
    ) where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        while running.len() < RUNNING_MAX && writer.queued() < UNSENT_BYTES_MAX {
            let Some(Waiting { order, request, since }) = self.scheduler.start() else { return };
            let id = request.id;
            let effect = effect_of(request.op.as_ref());
            if matches!(effect, Effect::Subscribe) {
                self.subscribing += 1;
            }
            if let Some(answered) = self.handler.begin(&request) {
                self.answer(Answer { id, order, effect, answered }, reader, writer);
                continue;
            }
            let handler = self.handler.clone();
            running.push(Box::pin(async move {
                Answer { id, order, effect, answered: handler.handle(request, since).await }
            }));
        }
    }

    /// Passes an answer on and does what it means for the connection.
    fn answer<R, W>(&mut self, answer: Answer, reader: &mut FrameReader<R>, writer: &mut FrameWriter<W>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let Answer { id, order, effect, answered } = answer;
        self.scheduler.finish(id, order);
        let succeeded = !matches!(answered, Reply::Result(response::Result::Error(_)));
        match effect {
            Effect::NewSession if succeeded => {
                self.session_changed();
                reader.set_frame_bytes_max(frame_bytes_max(self.log_in_by.is_none()));
            }
            Effect::Subscribe => {
                self.subscribing -= 1;
                if let Reply::Result(response::Result::Subscribed(subscribed)) = &answered {
                    self.subscriptions.insert(subscribed.subscription);
                }
            }
            Effect::Unsubscribe(subscription) if succeeded => {
                self.subscriptions.remove(&subscription);
            }
            Effect::None | Effect::NewSession | Effect::Unsubscribe(_) => {}
        }
        match answered {
            Reply::Result(result) => queue_response(writer, id, result),
            Reply::TweetPage(fields) => writer.queue_response(id, TWEET_PAGE, &fields),
        }
        if let Some(delivery) = self.held.take() {
            self.deliver_to_subscription(delivery, writer);
        }
    }

    fn session_changed(&mut self) {
        self.has_new_session = true;
        self.subscriptions.clear();
        self.held = None;
        let log_in_by = Instant::now() + self.terms.times.log_in;
        self.log_in_by = (!self.handler.is_logged_in()).then_some(log_in_by);
    }

    fn deliver<W: AsyncWrite + Unpin>(
        &mut self,
        delivery: Delivery,
        writer: &mut FrameWriter<W>,
    ) -> Result<(), Reason> {
        if matches!(delivery, Delivery::SessionEnded) {
            return Err(Reason::SessionEnded);
        }
        self.deliver_to_subscription(delivery, writer);
        Ok(())
    }

    fn deliver_to_subscription<W: AsyncWrite + Unpin>(
        &mut self,
        delivery: Delivery,
        writer: &mut FrameWriter<W>,
    ) {
        let (Delivery::Event { subscription, .. } | Delivery::Closed { subscription, .. }) = delivery else {
            return;
        };
        if !self.subscriptions.contains(&subscription) {
            // Not told yet, or ended while this was on its way.
            self.held = (self.subscribing > 0).then_some(delivery);
            return;
        }
        match delivery {
            Delivery::Event { subscription, sequence, payload } => {
                let fields = events::fields(&payload);
                if !fields.is_empty() {
                    writer.queue_event(subscription, sequence.get(), fields);
                }
            }
            Delivery::Closed { subscription, error } => {
                self.subscriptions.remove(&subscription);
                let closed = Some(v1::event::Event::Closed((&error).into()));
                let event = v1::Event { subscription, sequence: 0, event: closed };
                writer.queue(&frame(server_frame::Frame::Event(event)));
            }
            Delivery::SessionEnded => {}
        }
    }
}

fn queue_response<W: AsyncWrite + Unpin>(writer: &mut FrameWriter<W>, id: u32, result: response::Result) {
    writer.queue(&frame(server_frame::Frame::Response(v1::Response { id, result: Some(result) })));
}

fn check_hello(hello: &v1::ClientHello) -> Result<()> {
    if hello.protocol_version != PROTOCOL_VERSION {
        return Err(Error::Protocol(format!("this server speaks version {PROTOCOL_VERSION}").into()));
    }
    if hello.client_name.len() > CLIENT_NAME_BYTES_MAX || hello.client_name.chars().any(char::is_control) {
        return Err(Error::Protocol("the client's name is too long or has control characters".into()));
    }
    Ok(())
}
