//! The task behind a [`Client`](crate::Client): owns the connection, makes it again when it is lost, and then goes
//! on where it was: session, subscriptions from their cursors, requests that may be sent again.
//!
//! All state of a client is here; handles talk to it by commands.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use model::{Error, Retry};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::{client_frame, event, response, server_frame, subscribe};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::link::{AUTHENTICATE_ID, Link, establish, frame, request_frame};
use crate::random;
use crate::{ClientError, Options, State, Token, Update};

/// Updates that may wait for their reader. Past it the subscription pauses and resumes from its cursor.
pub(crate) const UPDATES_MAX: usize = 1_024;
/// First wait before connecting again; doubled with every failure.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
const BACKOFF_MAX: Duration = Duration::from_secs(10);
/// Heartbeat until the server has said its own.
const HEARTBEAT: Duration = Duration::from_secs(30);
/// First wait when the server is busy; doubled with every try.
const BUSY_WAIT: Duration = Duration::from_millis(50);

/// What handles ask of the driver. The large ones in boxes: a channel sets aside room for 32 at once.
pub(crate) enum Command {
    Ask(Box<Pending>),
    Subscribe {
        topic: Box<subscribe::Topic>,
        cursor: u64,
        updates: UpdateSender,
        reply: oneshot::Sender<Subscribed>,
    },
    Unsubscribe(u64),
    /// The reader of this subscription has room again.
    Resume(u64),
}

/// In boxes: a channel sets aside room for 32 at once, and there are many subscriptions that wait.
pub(crate) type UpdateSender = mpsc::Sender<Box<Result<Update, ClientError>>>;
/// Number of the subscription on this side.
pub(crate) type Subscribed = Result<u64, ClientError>;

/// A request that has no answer yet.
pub(crate) struct Pending {
    pub(crate) op: Op,
    pub(crate) key: Bytes,
    pub(crate) retry: Retry,
    pub(crate) reply: Reply,
    /// How often the server was too busy for it.
    pub(crate) refused_as_busy: u32,
}

/// Who waits for an answer.
pub(crate) enum Reply {
    Caller(oneshot::Sender<Result<response::Result, ClientError>>),
    Subscription(u64),
    Nobody,
}

impl Pending {
    fn of_driver(op: Op, reply: Reply) -> Self {
        Self { op, key: Bytes::new(), retry: Retry::Never, reply, refused_as_busy: 0 }
    }

    fn may_be_sent_again(&self) -> bool {
        match self.retry {
            Retry::Safe => true,
            Retry::WithKey => !self.key.is_empty(),
            Retry::Never => false,
        }
    }

    fn is_given_up(&self) -> bool {
        matches!(&self.reply, Reply::Caller(reply) if reply.is_closed())
    }

    fn fail(self, error: ClientError) {
        if let Reply::Caller(reply) = self.reply {
            // Whoever asked may have stopped waiting.
            let _ = reply.send(Err(error));
        }
    }
}

struct Subscription {
    topic: subscribe::Topic,
    /// The last event that the reader was given, or where the subscription began; 0 before that is known.
    cursor: u64,
    updates: UpdateSender,
    /// Until the server has answered for the first time.
    reply: Option<oneshot::Sender<Subscribed>>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Its reader is behind.
    Paused,
    /// The server is being asked, or will be when there is a connection.
    Asked,
    /// By the server's number.
    Live(u32),
}

/// Why a connection is no more.
enum End {
    /// Connect again, not before this time.
    Lost { why: ClientError, after: Duration },
    /// Nobody holds this client any longer.
    Released,
}

pub(crate) struct Driver {
    options: Arc<Options>,
    commands: mpsc::Receiver<Command>,
    /// To come back to something later.
    later: mpsc::WeakSender<Command>,
    state: watch::Sender<State>,
    token: Option<Token>,
    waiting: VecDeque<Pending>,
    in_flight: HashMap<u32, Pending>,
    in_flight_max: usize,
    /// As the server said when it went away.
    reconnect_after: Duration,
    last_request: u32,
    subscriptions: HashMap<u64, Subscription>,
    last_subscription: u64,
    /// Of the server's numbers, which are ours.
    ours: HashMap<u32, u64>,
}

impl Driver {
    pub(crate) fn new(
        options: Arc<Options>,
        commands: mpsc::Receiver<Command>,
        later: mpsc::WeakSender<Command>,
        state: watch::Sender<State>,
    ) -> Self {
        Self {
            token: options.token.clone(),
            options,
            commands,
            later,
            state,
            waiting: VecDeque::new(),
            in_flight: HashMap::new(),
            in_flight_max: 1,
            reconnect_after: Duration::ZERO,
            last_request: AUTHENTICATE_ID,
            subscriptions: HashMap::new(),
            last_subscription: 0,
            ours: HashMap::new(),
        }
    }

    /// Until nobody holds the client any longer, or the server has another key.
    pub(crate) async fn run(mut self, link: Link) {
        let mut link = link;
        loop {
            let End::Lost { why, after } = self.serve(link).await else { return };
            tracing::debug!(%why, "the connection was lost");
            self.state.send_replace(State::Reconnecting { why: why.to_string() });
            self.settle_lost();
            let after = after.max(std::mem::take(&mut self.reconnect_after));
            match self.reconnect(after).await {
                Some(again) => link = again,
                None => return,
            }
            self.state.send_replace(State::Connected);
        }
    }

    /// Tries until there is a connection; `None` when nobody wants one, or it makes no sense to go on.
    async fn reconnect(&mut self, after: Duration) -> Option<Link> {
        let mut backoff = BACKOFF_MIN;
        let mut wait = random::jitter(after.max(backoff));
        loop {
            self.taking_commands(sleep(wait)).await?;
            // A server closes connections that nobody logs in on: without a session there is no hurry.
            while self.token.is_none() && self.waiting.is_empty() {
                let command = self.commands.recv().await?;
                self.take(command);
            }
            let (options, token) = (self.options.clone(), self.token.clone());
            let error = match self.taking_commands(establish(&options, token.as_ref())).await? {
                Ok(link) => return Some(link),
                Err(error) => error,
            };
            tracing::debug!(%error, "connecting failed");
            if matches!(error, ClientError::Refused(Error::Unauthenticated(_))) {
                self.session_ended(&error);
                self.state.send_replace(State::SignedOut(error));
                wait = Duration::ZERO;
            } else if error.may_pass() {
                // No news: it is as lost as before.
                self.state.send_if_modified(|state| {
                    *state = State::Reconnecting { why: error.to_string() };
                    false
                });
                backoff = (backoff * 2).min(BACKOFF_MAX);
                wait = random::jitter(backoff);
            } else {
                self.session_ended(&error);
                self.state.send_replace(State::Stopped(error));
                return None;
            }
        }
    }

    /// Carries out something else; commands that come meanwhile are kept. `None` when nobody is left.
    async fn taking_commands<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = std::pin::pin!(work);
        loop {
            // Biased, as below: a simulation must be repeatable.
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                command = self.commands.recv() => self.take(command?),
            }
        }
    }

    /// One connection, from its hello to its end.
    async fn serve(&mut self, link: Link) -> End {
        let Link { mut reader, mut writer, hello, .. } = link;
        let budgets = hello.budgets.unwrap_or_default();
        self.in_flight_max = usize::try_from(budgets.requests_in_flight).unwrap_or(usize::MAX).max(1);
        let heartbeat = match budgets.heartbeat_ms {
            0 => HEARTBEAT,
            ms => Duration::from_millis(ms.into()),
        };
        let silent = heartbeat * 3;
        for (ours, subscription) in &mut self.subscriptions {
            if subscription.stage != Stage::Paused {
                self.waiting.push_front(ask_for_subscription(*ours, subscription));
            }
        }
        let (mut heard, mut spoke) = (Instant::now(), Instant::now());
        loop {
            while let Some(pending) = self.next_to_send() {
                let id = self.new_request_id();
                writer.queue(&request_frame(id, pending.key.clone(), pending.op.clone()));
                self.in_flight.insert(id, pending);
            }
            // Biased, because a simulation must be repeatable. Commands and writes end sooner than a stream of events.
            tokio::select! {
                biased;
                flushed = writer.flush(), if !writer.is_idle() => {
                    spoke = Instant::now();
                    if let Err(error) = flushed {
                        return lost(self.unreachable(&error.to_string()));
                    }
                }
                command = self.commands.recv() => match command {
                    Some(command) => self.take(command),
                    None => {
                        // Best effort: the server notices the end of the connection anyway.
                        let _ = writer.close().await;
                        return End::Released;
                    }
                },
                read = reader.read::<v1::ServerFrame>() => {
                    heard = Instant::now();
                    match read {
                        Ok(Some(v1::ServerFrame { frame })) => if let Some(end) = self.receive(frame) {
                            return end;
                        },
                        Ok(None) => return lost(self.unreachable("it closed the connection")),
                        Err(error) => return lost(self.unreachable(&error.to_string())),
                    }
                }
                () = sleep_until(spoke + heartbeat) => {
                    spoke = Instant::now();
                    writer.queue(&frame(client_frame::Frame::Ping(v1::Ping { nonce: 0 })));
                }
                () = sleep_until(heard + silent) => return lost(self.unreachable("it is silent")),
            }
        }
    }

    fn unreachable(&self, reason: &str) -> ClientError {
        ClientError::Unreachable { endpoint: self.options.endpoint.to_string(), reason: reason.to_owned() }
    }

    fn new_request_id(&mut self) -> u32 {
        loop {
            self.last_request = self.last_request.wrapping_add(1);
            if self.last_request > AUTHENTICATE_ID && !self.in_flight.contains_key(&self.last_request) {
                return self.last_request;
            }
        }
    }

    fn next_to_send(&mut self) -> Option<Pending> {
        if self.in_flight.len() >= self.in_flight_max {
            return None;
        }
        while let Some(pending) = self.waiting.pop_front() {
            if !pending.is_given_up() {
                return Some(pending);
            }
        }
        None
    }

    fn take(&mut self, command: Command) {
        match command {
            Command::Ask(pending) => self.waiting.push_back(*pending),
            Command::Subscribe { topic, cursor, updates, reply } => {
                self.last_subscription += 1;
                let ours = self.last_subscription;
                let reply = Some(reply);
                let subscription =
                    Subscription { topic: *topic, cursor, updates, reply, stage: Stage::Asked };
                self.waiting.push_back(ask_for_subscription(ours, &subscription));
                self.subscriptions.insert(ours, subscription);
            }
            Command::Unsubscribe(ours) => {
                if let Some(subscription) = self.subscriptions.remove(&ours) {
                    self.unsubscribe(subscription.stage);
                }
            }
            Command::Resume(ours) => self.subscribe_again(ours),
        }
    }

    /// Takes a frame in; `Some` when it was the connection's last.
    fn receive(&mut self, frame: Option<server_frame::Frame>) -> Option<End> {
        match frame {
            Some(server_frame::Frame::Response(v1::Response { id, result: Some(result) })) => {
                if let Some(pending) = self.in_flight.remove(&id) {
                    self.answered(pending, result);
                }
            }
            Some(server_frame::Frame::Event(event)) => self.happened(event),
            Some(server_frame::Frame::GoingAway(v1::GoingAway { reconnect_after_ms })) => {
                // It answers what is in flight, so this connection goes on until it closes it; what waits is kept
                // for the next one.
                self.in_flight_max = 0;
                self.reconnect_after = Duration::from_millis(reconnect_after_ms.into());
            }
            Some(server_frame::Frame::Fatal(error)) => {
                let error = Error::from(error);
                let after = match &error {
                    Error::RateLimited { retry_after } => *retry_after,
                    _ => Duration::ZERO,
                };
                return Some(End::Lost { why: error.into(), after });
            }
            // A second hello changes nothing, a pong has done its work by coming, and the rest is for newer clients.
            _ => {}
        }
        None
    }

    fn answered(&mut self, mut pending: Pending, result: response::Result) {
        match result {
            response::Result::Error(error) => {
                let error = Error::from(error);
                match &error {
                    Error::GoingAway if pending.may_be_sent_again() => self.waiting.push_back(pending),
                    Error::Busy => {
                        let wait = BUSY_WAIT * 2_u32.saturating_pow(pending.refused_as_busy.min(6));
                        pending.refused_as_busy += 1;
                        self.come_back(Command::Ask(Box::new(pending)), random::jitter(wait));
                    }
                    Error::Unauthenticated(_) if pending.retry != Retry::Never && self.token.is_some() => {
                        pending.reply(Err(error.clone().into()), self);
                        self.session_ended(&error.into());
                    }
                    _ => pending.reply(Err(error.into()), self),
                }
            }
            result => {
                match (&pending.op, &result) {
                    (Op::SignUp(_) | Op::LogIn(_), response::Result::LoggedIn(logged_in)) => {
                        self.token = Some(Token::from_bytes(logged_in.token.clone()));
                        self.end_subscriptions(&signed_out());
                    }
                    (Op::Authenticate(asked), response::Result::LoggedIn(_)) => {
                        self.token = Some(Token::from_bytes(asked.token.to_vec()));
                        self.end_subscriptions(&signed_out());
                    }
                    (Op::LogOut(_), _) => {
                        self.token = None;
                        self.end_subscriptions(&signed_out());
                    }
                    _ => {}
                }
                pending.reply(Ok(result), self);
            }
        }
    }

    fn subscribed(&mut self, ours: u64, result: Result<response::Result, ClientError>) {
        match result {
            Ok(response::Result::Subscribed(v1::Subscribed { subscription: theirs, cursor })) => {
                let Some(subscription) = self.subscriptions.get_mut(&ours) else {
                    // Its reader left while the server was being asked.
                    return self.unsubscribe(Stage::Live(theirs));
                };
                subscription.stage = Stage::Live(theirs);
                if subscription.cursor == 0 {
                    subscription.cursor = cursor;
                }
                if let Some(reply) = subscription.reply.take() {
                    let _ = reply.send(Ok(ours));
                }
                self.ours.insert(theirs, ours);
            }
            Ok(_) => self.end_subscription(ours, self.unreachable("it answered something else")),
            Err(ClientError::Refused(Error::RateLimited { retry_after })) => {
                if let Some(subscription) = self.subscriptions.get_mut(&ours) {
                    subscription.stage = Stage::Paused;
                    self.come_back(Command::Resume(ours), retry_after);
                }
            }
            Err(error) => self.end_subscription(ours, error),
        }
    }

    fn happened(&mut self, event: v1::Event) {
        let v1::Event { subscription: theirs, sequence, event: Some(event) } = event else { return };
        let Some(&ours) = self.ours.get(&theirs) else { return };
        let Some(subscription) = self.subscriptions.get_mut(&ours) else { return };
        match event {
            event::Event::Closed(error) => {
                self.ours.remove(&theirs);
                match Error::from(error) {
                    Error::SlowConsumer { cursor } => {
                        if subscription.cursor == 0 {
                            subscription.cursor = cursor.map_or(0, model::EventId::get);
                        }
                        subscription.stage = Stage::Paused;
                        self.subscribe_again(ours);
                    }
                    error => self.end_subscription(ours, error.into()),
                }
            }
            // They are never replayed, and share their sequence with what is.
            event @ (event::Event::Presence(_) | event::Event::Typing(_)) => {
                self.deliver(ours, Update { sequence, event });
            }
            // Seen before the connection was lost.
            _ if sequence <= subscription.cursor => {}
            event => {
                if self.deliver(ours, Update { sequence, event })
                    && let Some(subscription) = self.subscriptions.get_mut(&ours)
                {
                    subscription.cursor = sequence;
                }
            }
        }
    }

    /// Whether the reader has it now. One that is behind gets it later, by a replay from its cursor.
    fn deliver(&mut self, ours: u64, update: Update) -> bool {
        let Some(subscription) = self.subscriptions.get_mut(&ours) else { return false };
        match subscription.updates.try_send(Box::new(Ok(update))) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                let stage = std::mem::replace(&mut subscription.stage, Stage::Paused);
                let (updates, later) = (subscription.updates.clone(), self.later.clone());
                tokio::spawn(async move {
                    // An error is a reader that left.
                    if updates.reserve_many(UPDATES_MAX / 2).await.is_ok()
                        && let Some(commands) = later.upgrade()
                    {
                        let _ = commands.send(Command::Resume(ours)).await;
                    }
                });
                self.unsubscribe(stage);
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                let stage = subscription.stage;
                self.subscriptions.remove(&ours);
                self.unsubscribe(stage);
                false
            }
        }
    }

    fn subscribe_again(&mut self, ours: u64) {
        if let Some(subscription) = self.subscriptions.get_mut(&ours)
            && subscription.stage == Stage::Paused
        {
            subscription.stage = Stage::Asked;
            self.waiting.push_back(ask_for_subscription(ours, subscription));
        }
    }

    fn unsubscribe(&mut self, stage: Stage) {
        if let Stage::Live(theirs) = stage {
            self.ours.remove(&theirs);
            let op = Op::Unsubscribe(v1::Unsubscribe { subscription: theirs });
            self.waiting.push_back(Pending::of_driver(op, Reply::Nobody));
        }
    }

    fn end_subscription(&mut self, ours: u64, error: ClientError) {
        if let Some(subscription) = self.subscriptions.remove(&ours) {
            match subscription.reply {
                // Both ends may have gone already.
                Some(reply) => drop(reply.send(Err(error))),
                None => drop(subscription.updates.try_send(Box::new(Err(error)))),
            }
            if let Stage::Live(theirs) = subscription.stage {
                self.ours.remove(&theirs);
            }
        }
    }

    fn end_subscriptions(&mut self, error: &ClientError) {
        let all: Vec<u64> = self.subscriptions.keys().copied().collect();
        for ours in all {
            self.end_subscription(ours, error.clone());
        }
    }

    /// Nothing that waits can be carried out any more.
    fn session_ended(&mut self, error: &ClientError) {
        self.token = None;
        self.end_subscriptions(error);
        for pending in self.waiting.drain(..) {
            pending.fail(error.clone());
        }
    }

    /// Sorts what was in flight: what may be sent again goes first on the next connection, in its order.
    fn settle_lost(&mut self) {
        self.ours.clear();
        for subscription in self.subscriptions.values_mut() {
            if subscription.stage != Stage::Paused {
                subscription.stage = Stage::Asked;
            }
        }
        // Subscriptions are asked for anew on the next connection.
        self.waiting.retain(|pending| matches!(pending.reply, Reply::Caller(_)));
        let mut lost: Vec<_> = self.in_flight.drain().collect();
        lost.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        for (_, pending) in lost {
            match pending.reply {
                Reply::Caller(_) if pending.may_be_sent_again() => self.waiting.push_front(pending),
                _ => pending.fail(ClientError::Lost),
            }
        }
    }

    fn come_back(&self, command: Command, after: Duration) {
        let later = self.later.clone();
        tokio::spawn(async move {
            sleep(after).await;
            if let Some(commands) = later.upgrade() {
                let _ = commands.send(command).await;
            }
        });
    }
}

impl Pending {
    fn reply(self, result: Result<response::Result, ClientError>, driver: &mut Driver) {
        match self.reply {
            // Whoever asked may have stopped waiting.
            Reply::Caller(reply) => drop(reply.send(result)),
            Reply::Subscription(ours) => driver.subscribed(ours, result),
            Reply::Nobody => {}
        }
    }
}

fn ask_for_subscription(ours: u64, subscription: &Subscription) -> Pending {
    let topic = Some(subscription.topic.clone());
    let op = Op::Subscribe(v1::Subscribe { topic, cursor: subscription.cursor });
    Pending::of_driver(op, Reply::Subscription(ours))
}

fn lost(why: ClientError) -> End {
    End::Lost { why, after: Duration::ZERO }
}

fn signed_out() -> ClientError {
    Error::Unauthenticated("you have signed out here".into()).into()
}
