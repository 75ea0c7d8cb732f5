//! One connection: frames in, responses and events out, deadlines.
//!
//! It knows only the requests that change the connection itself. Everything runs in one task, with a future for each
//! request: while a client does not read its responses, no more of its requests are started, and those that have started
//! run to their end. A request that waits for its client would hold what others need.

use std::collections::HashSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt as _};
use model::limits::CLIENT_NAME_BYTES_MAX;
use model::{Concurrency, Error, Result};
use protocol::connection::{ConnectionError, FrameReader, FrameWriter, Limits, framed};
use protocol::frame::{FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN, TWEET_PAGE, decode_client_frame};
use protocol::v1::request::Op;
use protocol::v1::{client_frame, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use tokio::io::{AsyncRead, AsyncWrite, ReadHalf, WriteHalf};
use tokio::time::{Instant, sleep_until, timeout};

use super::call::Reply;
use super::config::{NativeTimeouts, REQUESTS_IN_FLIGHT_MAX, wire_milliseconds};
use super::context::ConnectionContext;
use super::scheduler::{RequestScheduler, Waiting};
use super::{events, requests};
use service::live::Delivery;
use store::fault::{self, InjectedBug};

/// Requests of one connection that run at the same time; the others wait in the scheduler.
const RUNNING_MAX: usize = 16;
/// With this many bytes unsent, nothing is read, started or delivered. The responses to requests that run are added, so
/// that at most this and [`RUNNING_MAX`] responses wait for a client.
const UNSENT_BYTES_MAX: usize = 64 * 1024;
/// For the last frame of a connection to be sent and received.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
pub(super) enum Reason {
    #[error("closed by the client")]
    Closed,
    #[error("nothing received for three heartbeats")]
    Silent,
    #[error("no log-in within the time limit")]
    NoLogIn,
    #[error("its session ended")]
    SessionEnded,
    #[error("its account was closed")]
    AccountClosed,
    #[error("the server is stopping")]
    Stopping,
    #[error("{0}")]
    ProtocolViolation(Error),
    #[error(transparent)]
    Connection(#[from] ConnectionError),
}

impl Reason {
    /// Nothing that an operator would look into.
    pub(super) fn is_ordinary(&self) -> bool {
        match self {
            Self::Closed | Self::Silent | Self::SessionEnded | Self::AccountClosed | Self::Stopping => true,
            // The client program ended without closing the connection.
            Self::Connection(ConnectionError::Io(error)) => {
                use std::io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
                matches!(error.kind(), BrokenPipe | ConnectionReset | UnexpectedEof)
            }
            Self::NoLogIn | Self::ProtocolViolation(_) | Self::Connection(_) => false,
        }
    }
}

/// A connection that has ended, for the log.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) reason: Reason,
    pub(super) requests: u64,
}

/// Serves a connection until it ends.
pub(super) async fn serve<S>(stream: S, context: Arc<ConnectionContext>) -> Ended
where
    S: AsyncRead + AsyncWrite + Send,
{
    let gateway = Arc::clone(&context.gateway);
    let timeouts = gateway.config.timeouts;
    let limits = Limits {
        frame_bytes_max: frame_bytes_max(context.is_logged_in()),
        read_within: timeouts.read_frame,
        write_within: timeouts.write,
    };
    let (mut reader, mut writer) = framed(stream, limits);
    writer.queue(&frame(server_frame::Frame::Hello(gateway.hello())));
    let mut connection = Connection::new(context);
    let mut running = FuturesUnordered::new();
    let reason = match connection.run(&mut reader, &mut writer, &mut running).await {
        Ok(reason) => reason,
        Err(reason) => reason,
    };
    // A request that has started is carried out to its end, even if its client is gone.
    if !running.is_empty() {
        tokio::spawn(timeout(timeouts.drain, async move { while running.next().await.is_some() {} }));
    }
    close(&mut reader, &mut writer, &reason).await;
    Ended { reason, requests: connection.requests }
}

/// Largest frame to accept from a client.
fn frame_bytes_max(logged_in: bool) -> usize {
    if fault::is_on(InjectedBug::UnboundedFrames) {
        usize::MAX
    } else if logged_in {
        FRAME_BYTES_MAX
    } else {
        FRAME_BYTES_MAX_BEFORE_LOGIN
    }
}

/// Sends a client the reason why it is not served, and closes.
pub(super) async fn reject<S: AsyncRead + AsyncWrite>(stream: S, error: Error) {
    let (mut reader, mut writer) = framed(stream, Limits::of_frame_bytes(FRAME_BYTES_MAX_BEFORE_LOGIN));
    close(&mut reader, &mut writer, &Reason::ProtocolViolation(error)).await;
}

/// Sends the reason as a `fatal` frame, unless the client cannot read it any more, and closes.
async fn close<R, W>(reader: &mut FrameReader<R>, writer: &mut FrameWriter<W>, reason: &Reason)
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let fatal = match reason {
        Reason::Closed | Reason::Stopping => None,
        Reason::Silent => Some(Error::Unavailable("nothing was received for three heartbeats".into())),
        Reason::NoLogIn => Some(Error::Unauthenticated("no log-in within the time limit".into())),
        Reason::SessionEnded => Some(Error::Unauthenticated("your session has ended, log in again".into())),
        Reason::AccountClosed => Some(Error::Unauthenticated(
            "your account was suspended or deleted: ask the operator of this server".into(),
        )),
        Reason::ProtocolViolation(error) => Some(error.clone()),
        Reason::Connection(ConnectionError::Frame(error)) => Some((*error).into()),
        Reason::Connection(ConnectionError::TooSlow(_) | ConnectionError::Io(_)) => return,
    };
    if let Some(error) = fatal {
        writer.queue(&frame(server_frame::Frame::Fatal((&error).into())));
    }
    let closing = async {
        writer.flush().await?;
        writer.close().await?;
        // Closing a socket with unread bytes resets it, and the client would lose the last frame.
        reader.discard().await
    };
    let _: Result<Result<(), ConnectionError>, _> = timeout(CLOSE_TIMEOUT, closing).await;
}

/// Writes what is queued. If nothing depends on the end of that, it does not return: another turn of the caller's loop
/// costs as much as a small response.
async fn flush<W: AsyncWrite + Unpin>(
    writer: &mut FrameWriter<W>,
    nothing_depends_on_it: bool,
) -> Result<(), ConnectionError> {
    writer.flush().await?;
    if nothing_depends_on_it { std::future::pending().await } else { Ok(()) }
}

fn frame(frame: server_frame::Frame) -> v1::ServerFrame {
    v1::ServerFrame { frame: Some(frame) }
}

/// A response, with what the connection needs to know of its request.
struct Answer {
    id: u32,
    concurrency: Concurrency,
    effect: Effect,
    reply: Reply,
}

/// What a successful request changes about the connection itself.
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

/// What a connection reacts to.
enum Happened {
    Answer(Answer),
    Delivery(Delivery),
    Frame(Option<v1::ClientFrame>),
    Flushed,
    /// The client has to leave, and may reconnect after this time.
    Leaving(Duration),
    Deadline,
}

struct Connection {
    context: Arc<ConnectionContext>,
    timeouts: NativeTimeouts,
    /// The client's hello has arrived.
    greeted: bool,
    scheduler: RequestScheduler,
    /// Subscriptions that the client knows of: their number has been sent.
    subscriptions: HashSet<u32>,
    /// `Subscribe` requests that have started.
    subscribing: usize,
    /// An event of a subscription that the client does not know of yet: it is sent after the response.
    held: Option<Delivery>,
    /// When the last frame arrived.
    last_heard: Instant,
    log_in_by: Option<Instant>,
    /// Set when nothing more is read: until when requests in flight are answered, and why it ends.
    draining: Option<(Instant, Drain)>,
    requests: u64,
    /// As it was counted last.
    unread: usize,
    /// The source of deliveries has changed.
    has_new_session: bool,
}

#[derive(Debug, Clone, Copy)]
enum Drain {
    ClientClosed,
    Stopping,
}

impl Connection {
    fn new(context: Arc<ConnectionContext>) -> Self {
        let (now, timeouts) = (Instant::now(), context.gateway.config.timeouts);
        Self {
            log_in_by: (!context.is_logged_in()).then(|| now + timeouts.log_in),
            context,
            timeouts,
            greeted: false,
            scheduler: RequestScheduler::default(),
            subscriptions: HashSet::new(),
            subscribing: 0,
            held: None,
            last_heard: now,
            draining: None,
            requests: 0,
            unread: 0,
            has_new_session: false,
        }
    }

    async fn run<S>(
        &mut self,
        reader: &mut FrameReader<ReadHalf<S>>,
        writer: &mut FrameWriter<WriteHalf<S>>,
        running: &mut Running,
    ) -> Result<Reason, Reason>
    where
        S: AsyncRead + AsyncWrite,
    {
        let context = Arc::clone(&self.context);
        let mut leaving = pin!(context.leaves());
        // Moved only when it is due or the deadline comes nearer: every frame moves the deadline further away.
        let mut alarm = pin!(sleep_until(self.deadline()));
        let mut next_delivery = pin!(context.next_delivery());
        loop {
            self.start_requests(running, reader, writer);
            if std::mem::take(&mut self.has_new_session) {
                next_delivery.set(context.next_delivery());
            }
            if let Some(why) = self.drained(writer.is_idle()) {
                return Ok(why);
            }
            self.count_unread(writer.queued());
            let has_capacity = writer.queued() < UNSENT_BYTES_MAX;
            // Also without capacity: a request holds a permit until it has been polled to its end.
            let finishes = has_capacity || !fault::is_on(InjectedBug::HoldReadsWhileUnread);
            let reads = has_capacity && self.draining.is_none();
            // While a request changes the session, its response comes before any push.
            let delivers = reads && self.held.is_none() && !self.scheduler.runs_exclusive();
            if self.deadline() < alarm.deadline() {
                alarm.as_mut().reset(self.deadline());
            }
            // Writing comes last, so that everything that is ready leaves in one write.
            let happened = tokio::select! {
                biased;
                () = &mut alarm => Happened::Deadline,
                after = &mut leaving, if self.draining.is_none() => Happened::Leaving(after),
                Some(answer) = running.next(), if finishes => Happened::Answer(answer),
                delivery = &mut next_delivery, if delivers => Happened::Delivery(delivery),
                frame = reader.read_as(decode_client_frame), if reads => Happened::Frame(frame?),
                flushed = flush(writer, reads), if !writer.is_idle() => {
                    flushed?;
                    Happened::Flushed
                }
            };
            match happened {
                Happened::Answer(answer) => self.answer(answer, reader, writer),
                Happened::Delivery(delivery) => {
                    next_delivery.set(context.next_delivery());
                    self.deliver(delivery, writer)?;
                }
                Happened::Frame(Some(frame)) => {
                    self.receive(frame, writer).map_err(Reason::ProtocolViolation)?;
                    // Frames that arrived with it are taken before anything is written.
                    while writer.queued() < UNSENT_BYTES_MAX
                        && let Some(frame) = reader.read_now_as(decode_client_frame)?
                    {
                        self.start_requests(running, reader, writer);
                        self.receive(frame, writer).map_err(Reason::ProtocolViolation)?;
                    }
                }
                Happened::Frame(None) => self.drain(Drain::ClientClosed),
                Happened::Flushed => {}
                Happened::Leaving(reconnect_after) => {
                    let reconnect_after_ms = wire_milliseconds(reconnect_after);
                    let going_away = v1::GoingAway { reconnect_after_ms };
                    writer.queue(&frame(server_frame::Frame::GoingAway(going_away)));
                    self.drain(Drain::Stopping);
                }
                Happened::Deadline if Instant::now() < self.deadline() => {
                    alarm.as_mut().reset(self.deadline());
                }
                Happened::Deadline => return Ok(self.missed_deadline()),
            }
        }
    }

    /// Why the connection ends, once it drains and nothing is left to answer or to write.
    fn drained(&self, is_written: bool) -> Option<Reason> {
        let (_, why) = self.draining.filter(|_| is_written && self.scheduler.is_empty())?;
        Some(match why {
            Drain::ClientClosed => Reason::Closed,
            Drain::Stopping => Reason::Stopping,
        })
    }

    /// Bytes below [`UNSENT_BYTES_MAX`] are on their way; only what is above it counts as unread.
    fn count_unread(&mut self, queued: usize) {
        let unread = if queued < UNSENT_BYTES_MAX { 0 } else { queued };
        if unread != self.unread {
            self.unread = unread;
            self.context.set_unread(unread);
        }
    }

    /// When this connection ends unless something happens before.
    fn deadline(&self) -> Instant {
        if let Some((deadline, _)) = self.draining {
            return deadline;
        }
        let silent = self.last_heard + 3 * self.timeouts.heartbeat;
        self.log_in_by.map_or(silent, |log_in_by| silent.min(log_in_by))
    }

    fn missed_deadline(&self) -> Reason {
        match self.draining {
            Some((_, Drain::ClientClosed)) => Reason::Closed,
            Some((_, Drain::Stopping)) => Reason::Stopping,
            None if self.log_in_by.is_some_and(|log_in_by| log_in_by <= Instant::now()) => Reason::NoLogIn,
            None => Reason::Silent,
        }
    }

    fn drain(&mut self, why: Drain) {
        self.draining = Some((Instant::now() + self.timeouts.drain, why));
    }

    /// Handles a frame from the client.
    fn receive<W: AsyncWrite + Unpin>(
        &mut self,
        received: v1::ClientFrame,
        writer: &mut FrameWriter<W>,
    ) -> Result<()> {
        self.last_heard = Instant::now();
        match received.frame {
            Some(client_frame::Frame::Hello(hello)) => {
                check_hello(&hello)?;
                if self.greeted {
                    return Err(Error::Protocol("the hello was sent twice".into()));
                }
                self.greeted = true;
                self.context.set_client_name(&hello.client_name);
                Ok(())
            }
            Some(client_frame::Frame::Ping(ping)) => {
                writer.queue(&frame(server_frame::Frame::Pong(v1::Pong { nonce: ping.nonce })));
                Ok(())
            }
            Some(client_frame::Frame::Request(request)) => self.receive_request(request, writer),
            // A kind of frame of a newer protocol.
            None => Ok(()),
        }
    }

    fn receive_request<W: AsyncWrite + Unpin>(
        &mut self,
        request: v1::Request,
        writer: &mut FrameWriter<W>,
    ) -> Result<()> {
        if !self.greeted {
            return Err(Error::Protocol("a request came before the hello".into()));
        }
        if request.id == 0 || self.scheduler.contains(request.id) {
            return Err(Error::Protocol("the id of a request is 0 or already in flight".into()));
        }
        self.requests += 1;
        if self.scheduler.len() >= REQUESTS_IN_FLIGHT_MAX {
            queue_response(writer, request.id, response::Result::Error((&Error::Busy).into()));
        } else {
            self.scheduler.push(request, self.last_heard);
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
            let Some(Waiting { concurrency, request, since }) = self.scheduler.start() else { return };
            let id = request.id;
            let effect = effect_of(request.op.as_ref());
            if matches!(effect, Effect::Subscribe) {
                self.subscribing += 1;
            }
            if let Some(reply) = requests::begin(&self.context, &request) {
                self.answer(Answer { id, concurrency, effect, reply }, reader, writer);
                continue;
            }
            let handling = requests::handle(Arc::clone(&self.context), request, since);
            running.push(Box::pin(async move { Answer { id, concurrency, effect, reply: handling.await } }));
        }
    }

    /// Queues a response and applies its effect on the connection.
    fn answer<R, W>(&mut self, answer: Answer, reader: &mut FrameReader<R>, writer: &mut FrameWriter<W>)
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        let Answer { id, concurrency, effect, reply } = answer;
        self.scheduler.finish(id, concurrency);
        let succeeded = !matches!(reply, Reply::Result(response::Result::Error(_)));
        match effect {
            Effect::NewSession if succeeded => {
                self.session_changed();
                reader.set_frame_bytes_max(frame_bytes_max(self.log_in_by.is_none()));
            }
            Effect::Subscribe => {
                self.subscribing -= 1;
                if let Reply::Result(response::Result::Subscribed(subscribed)) = &reply {
                    self.subscriptions.insert(subscribed.subscription);
                }
            }
            Effect::Unsubscribe(subscription) if succeeded => {
                self.subscriptions.remove(&subscription);
            }
            Effect::None | Effect::NewSession | Effect::Unsubscribe(_) => {}
        }
        match reply {
            Reply::Result(result) => queue_response(writer, id, result),
            Reply::TweetPage(fields) => writer.queue_response(id, TWEET_PAGE, &fields),
        }
        if let Some(delivery) = self.held.take() {
            self.deliver_to_subscription(delivery, writer);
        }
    }

    fn session_changed(&mut self) {
        self.has_new_session = true;
        // The new session's account knows of none yet.
        self.unread = 0;
        self.subscriptions.clear();
        self.held = None;
        let log_in_by = Instant::now() + self.timeouts.log_in;
        self.log_in_by = (!self.context.is_logged_in()).then_some(log_in_by);
    }

    fn deliver<W: AsyncWrite + Unpin>(
        &mut self,
        delivery: Delivery,
        writer: &mut FrameWriter<W>,
    ) -> Result<(), Reason> {
        match delivery {
            Delivery::SessionEnded => return Err(Reason::SessionEnded),
            Delivery::AccountClosed => return Err(Reason::AccountClosed),
            Delivery::Event { .. } | Delivery::Closed { .. } => {}
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
            // The client does not know it yet, or has ended it meanwhile.
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
            Delivery::SessionEnded | Delivery::AccountClosed => {}
        }
    }
}

fn queue_response<W: AsyncWrite + Unpin>(writer: &mut FrameWriter<W>, id: u32, result: response::Result) {
    writer.queue(&frame(server_frame::Frame::Response(v1::Response { id, result: Some(result) })));
}

fn check_hello(hello: &v1::ClientHello) -> Result<()> {
    if hello.protocol_version != PROTOCOL_VERSION {
        return Err(Error::Protocol(
            format!("this server speaks protocol version {PROTOCOL_VERSION}").into(),
        ));
    }
    if hello.client_name.len() > CLIENT_NAME_BYTES_MAX || hello.client_name.chars().any(char::is_control) {
        return Err(Error::Protocol("the client name is too long or has control characters".into()));
    }
    Ok(())
}
