//! The task behind a [`Client`](crate::Client). It owns the connection and reconnects when it is lost: it resumes the
//! session, subscribes again from the cursors, and repeats the requests that are safe to repeat.
//!
//! All state of a client is here; handles send commands.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use model::{Error, Retry};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::{client_frame, event, response, server_frame, subscribe};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep, sleep_until};

use crate::backoff::Backoff;
use crate::clock::ServerClock;
use crate::command::{Command, Subscribed, UpdateSender};
use crate::error::ClientError;
use crate::link::{self, AUTHENTICATE_ID, Link, establish, frame, request_frame};
use crate::options::Options;
use crate::pending::{Pending, Reply};
use crate::pulse::{Due, Pulse};
use crate::random;
use crate::state::{State, Update};
use crate::token::Token;

/// Updates queued for a subscription's reader. When the queue is full, the subscription pauses and later resumes from
/// its cursor.
pub(crate) const UPDATES_MAX: usize = 1_024;
/// Round trips that are measured at once, at most.
const PINGS_MAX: usize = 8;
/// Wait before repeating a request after the server was busy; doubled with every attempt.
const BUSY_MIN: Duration = Duration::from_millis(50);
const BUSY_MAX: Duration = Duration::from_millis(3_200);
/// Wait before a subscription is renewed that the server could not renew.
const RENEW_AFTER: Duration = Duration::from_secs(1);

struct Subscription {
    topic: subscribe::Topic,
    /// The last event in the reader's queue, or the start of the subscription; 0 until the server has reported it.
    cursor: u64,
    updates: UpdateSender,
    /// Set until the first response of the server.
    reply: Option<oneshot::Sender<Subscribed>>,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The reader's queue is full.
    Paused,
    /// The request to subscribe is in flight, or will be once there is a connection.
    Asked,
    /// Subscribed; with the server's id.
    Live(u32),
}

/// Why a connection ended.
enum End {
    /// Connect again after this time at the earliest.
    Lost { why: ClientError, after: Duration },
    /// All handles are dropped.
    Released,
}

pub(crate) struct Driver {
    options: Arc<Options>,
    commands: mpsc::Receiver<Command>,
    /// Sends commands to itself after a delay.
    later: mpsc::WeakSender<Command>,
    state: watch::Sender<State>,
    clock: Arc<ServerClock>,
    token: Option<Token>,
    waiting: VecDeque<Pending>,
    in_flight: HashMap<u32, Pending>,
    in_flight_max: usize,
    /// The wait that the server asked for when it announced its shutdown.
    reconnect_after: Duration,
    /// The server has announced its shutdown.
    is_going_away: bool,
    backoff: Backoff,
    /// Where the last connection went, and whether there are other servers.
    at: Option<SocketAddr>,
    has_others: bool,
    last_request: u32,
    /// Round trips that are measured once there is a connection.
    unsent_pings: Vec<oneshot::Sender<Duration>>,
    /// Those that are measured, by the number of their ping.
    pings: HashMap<u64, (Instant, oneshot::Sender<Duration>)>,
    last_ping: u64,
    subscriptions: BTreeMap<u64, Subscription>,
    last_subscription: u64,
    /// From the server's subscription id to the local one.
    local_ids: HashMap<u32, u64>,
}

impl Driver {
    pub(crate) fn new(
        options: Arc<Options>,
        commands: mpsc::Receiver<Command>,
        later: mpsc::WeakSender<Command>,
        state: watch::Sender<State>,
        clock: Arc<ServerClock>,
    ) -> Self {
        Self {
            token: options.token.clone(),
            options,
            commands,
            later,
            state,
            clock,
            waiting: VecDeque::new(),
            in_flight: HashMap::new(),
            in_flight_max: 1,
            reconnect_after: Duration::ZERO,
            is_going_away: false,
            backoff: Backoff::default(),
            at: None,
            has_others: false,
            last_request: AUTHENTICATE_ID,
            unsent_pings: Vec::new(),
            pings: HashMap::new(),
            last_ping: 0,
            subscriptions: BTreeMap::new(),
            last_subscription: 0,
            local_ids: HashMap::new(),
        }
    }

    /// Runs until all handles are dropped or a reconnect fails for good.
    pub(crate) async fn run(mut self, mut link: Link) {
        loop {
            tracing::debug!("connected");
            self.backoff.connected();
            let End::Lost { why, after } = self.serve(link).await else { return };
            tracing::debug!(%why, "the connection was lost");
            self.requeue_in_flight();
            self.pings.clear();
            if std::mem::take(&mut self.is_going_away) && self.options.ends_with_server {
                self.stop(ClientError::Refused(Error::GoingAway));
                return;
            }
            if matches!(why, ClientError::Refused(Error::Unauthenticated(_))) && self.token.is_some() {
                // Not lost but ended. The server says why now; later it only knows that there is no such session.
                self.session_ended(&why);
                self.state.send_replace(State::SignedOut(why));
            } else {
                self.state.send_replace(State::Reconnecting { why: why.to_string() });
            }
            // A server that shuts down says when it will be there again. The others are there now.
            let asked = std::mem::take(&mut self.reconnect_after);
            let asked = if self.has_others { Duration::ZERO } else { asked };
            let wanted = random::jitter(after.max(asked));
            let wait = wanted.max(self.backoff.after_lost());
            match self.reconnect(wait).await {
                Some(again) => link = again,
                None => return,
            }
            self.state.send_replace(State::Connected);
        }
    }

    /// Retries until there is a connection; `None` if all handles are dropped or a retry cannot succeed.
    async fn reconnect(&mut self, mut wait: Duration) -> Option<Link> {
        loop {
            self.taking_commands(sleep(wait)).await?;
            // Without a session, wait for the next request: servers close connections on which no one logs in.
            while self.token.is_none() && self.waiting.is_empty() {
                let command = self.commands.recv().await?;
                self.take(command);
            }
            let (options, token, left) = (self.options.clone(), self.token.clone(), self.at);
            let error = match self.taking_commands(establish(&options, token.as_ref(), left)).await? {
                Ok(link) => return Some(link),
                Err(error) => error,
            };
            tracing::debug!(%error, "connecting failed");
            if matches!(error, ClientError::Refused(Error::Unauthenticated(_))) {
                self.session_ended(&error);
                self.state.send_replace(State::SignedOut(error));
                wait = Duration::ZERO;
            } else if error.is_temporary() {
                // Watchers are not notified: only the reason has changed.
                self.state.send_if_modified(|state| {
                    *state = State::Reconnecting { why: error.to_string() };
                    false
                });
                wait = self.backoff.after_failure();
            } else {
                self.stop(error);
                return None;
            }
        }
    }

    /// Runs other work while queueing commands; `None` if all handles are dropped.
    async fn taking_commands<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return Some(done),
                command = self.commands.recv() => self.take(command?),
            }
        }
    }

    /// Serves one connection, from its hello to its end.
    async fn serve(&mut self, link: Link) -> End {
        let Link { mut reader, mut writer, hello, greeted, at, has_others, .. } = link;
        (self.at, self.has_others) = (at, has_others);
        self.clock.set(greeted, hello.time_ms);
        let budgets = hello.budgets.unwrap_or_default();
        self.in_flight_max = usize::try_from(budgets.requests_in_flight).unwrap_or(usize::MAX).max(1);
        let mut pulse = Pulse::new(budgets.heartbeat_ms, has_others);
        for (local_id, subscription) in &mut self.subscriptions {
            if subscription.stage != Stage::Paused {
                self.waiting.push_front(ask_for_subscription(*local_id, subscription));
            }
        }
        loop {
            while let Some(pending) = self.next_to_send() {
                let id = self.new_request_id();
                writer.queue(&request_frame(id, pending.key.clone(), pending.op.clone()));
                self.in_flight.insert(id, pending);
                pulse.spoke(reader.received());
            }
            for reply in std::mem::take(&mut self.unsent_pings) {
                self.last_ping += 1;
                writer.queue(&frame(client_frame::Frame::Ping(v1::Ping { nonce: self.last_ping })));
                self.pings.insert(self.last_ping, (Instant::now(), reply));
                pulse.spoke(reader.received());
            }
            // Biased: simulations must be repeatable. Commands and writes end sooner than a stream of events.
            tokio::select! {
                biased;
                flushed = writer.flush(), if !writer.is_idle() => if let Err(error) = flushed {
                    return lost(link::lost(&self.options, &error));
                },
                command = self.commands.recv() => match command {
                    Some(command) => self.take(command),
                    None => {
                        // Best effort: the server notices a closed connection anyway.
                        let _ = writer.close().await;
                        return End::Released;
                    }
                },
                read = reader.read::<v1::ServerFrame>() => match read {
                    Ok(Some(v1::ServerFrame { frame })) => {
                        if let Some(end) = self.receive(frame) {
                            return end;
                        }
                        if pulse.heard(reader.received(), !self.in_flight.is_empty()) {
                            self.state.send_replace(State::Connected);
                        }
                    }
                    Ok(None) => return lost(self.unreachable("the server closed the connection")),
                    Err(error) => return lost(link::lost(&self.options, &error)),
                },
                () = sleep_until(pulse.next()) => match pulse.due(reader.received()) {
                    Some(Due::Ping) => writer.queue(&frame(client_frame::Frame::Ping(v1::Ping { nonce: 0 }))),
                    Some(Due::Late) => { self.state.send_replace(State::Late); }
                    Some(Due::Dead) => return lost(self.unreachable("the server stopped responding")),
                    None => {}
                },
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
                let local_id = self.last_subscription;
                let reply = Some(reply);
                let subscription =
                    Subscription { topic: *topic, cursor, updates, reply, stage: Stage::Asked };
                self.waiting.push_back(ask_for_subscription(local_id, &subscription));
                self.subscriptions.insert(local_id, subscription);
            }
            Command::Unsubscribe(local_id) => {
                if let Some(subscription) = self.subscriptions.remove(&local_id) {
                    self.unsubscribe(subscription.stage);
                }
            }
            // Without one, the caller learns that there is no connection.
            Command::Ping(reply) if self.unsent_pings.len() < PINGS_MAX => self.unsent_pings.push(reply),
            Command::Ping(_) => {}
            Command::Resume(local_id) => self.subscribe_again(local_id),
        }
    }

    /// Handles a frame; `Some` if it was the last of the connection.
    fn receive(&mut self, frame: Option<server_frame::Frame>) -> Option<End> {
        match frame {
            Some(server_frame::Frame::Response(v1::Response { id, result: Some(result) })) => {
                if let Some(pending) = self.in_flight.remove(&id) {
                    self.answered(pending, result);
                }
            }
            Some(server_frame::Frame::Event(event)) => self.dispatch(event),
            Some(server_frame::Frame::GoingAway(v1::GoingAway { reconnect_after_ms })) => {
                // The server still responds to what is in flight and then closes the connection; queued requests wait
                // for the next one.
                (self.in_flight_max, self.is_going_away) = (0, true);
                self.reconnect_after = Duration::from_millis(reconnect_after_ms.into());
            }
            Some(server_frame::Frame::Fatal(error)) => {
                let error = Error::from(error);
                let after = match &error {
                    Error::RateLimited { retry_after, .. } => *retry_after,
                    _ => Duration::ZERO,
                };
                return Some(End::Lost { why: error.into(), after });
            }
            Some(server_frame::Frame::Pong(v1::Pong { nonce })) => {
                if let Some((sent, reply)) = self.pings.remove(&nonce) {
                    // The caller may have stopped waiting.
                    let _ = reply.send(sent.elapsed());
                }
            }
            // A second hello changes nothing, and other frames are for newer clients.
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
                        let wait = random::backoff(BUSY_MIN, BUSY_MAX, pending.refused_as_busy);
                        pending.refused_as_busy += 1;
                        self.retry_after(Command::Ask(Box::new(pending)), wait);
                    }
                    Error::Unauthenticated(_) if pending.retry != Retry::Never && self.token.is_some() => {
                        pending.reply(Err(error.clone().into()), self);
                        self.session_ended(&error.into());
                    }
                    _ => pending.reply(Err(error.into()), self),
                }
            }
            result => {
                self.backoff.answered(matches!(pending.reply, Reply::Caller(_)));
                match (&pending.op, &result) {
                    (Op::SignUp(_) | Op::LogIn(_), response::Result::LoggedIn(logged_in)) => {
                        self.token = Some(Token::from_bytes(logged_in.token.clone()));
                        self.end_subscriptions(&ClientError::signed_out());
                    }
                    (Op::Authenticate(asked), response::Result::LoggedIn(_)) => {
                        self.token = Some(Token::from_bytes(asked.token.to_vec()));
                        self.end_subscriptions(&ClientError::signed_out());
                    }
                    (Op::LogOut(_), _) => {
                        self.token = None;
                        self.end_subscriptions(&ClientError::signed_out());
                    }
                    _ => {}
                }
                pending.reply(Ok(result), self);
            }
        }
    }

    fn subscribed(&mut self, local_id: u64, result: Result<response::Result, ClientError>) {
        match result {
            Ok(response::Result::Subscribed(v1::Subscribed { subscription: remote_id, cursor })) => {
                let Some(subscription) = self.subscriptions.get_mut(&local_id) else {
                    // The reader was dropped meanwhile.
                    return self.unsubscribe(Stage::Live(remote_id));
                };
                subscription.stage = Stage::Live(remote_id);
                if subscription.cursor == 0 {
                    subscription.cursor = cursor;
                }
                if let Some(reply) = subscription.reply.take() {
                    let _ = reply.send(Ok(local_id));
                }
                self.local_ids.insert(remote_id, local_id);
            }
            Ok(_) => {
                self.end_subscription(local_id, self.unreachable("the server sent an unexpected response"));
            }
            Err(ClientError::Refused(Error::RateLimited { retry_after, .. })) => {
                if let Some(subscription) = self.subscriptions.get_mut(&local_id) {
                    subscription.stage = Stage::Paused;
                    self.retry_after(Command::Resume(local_id), retry_after);
                }
            }
            Err(error) => match self.subscriptions.get_mut(&local_id) {
                // It is renewed on a new connection: what cannot be done at the moment does not end it.
                Some(subscription) if subscription.reply.is_none() && error.is_temporary() => {
                    subscription.stage = Stage::Paused;
                    self.retry_after(Command::Resume(local_id), RENEW_AFTER);
                }
                _ => self.end_subscription(local_id, error),
            },
        }
    }

    fn dispatch(&mut self, event: v1::Event) {
        let v1::Event { subscription: remote_id, sequence, event: Some(event) } = event else { return };
        let Some(&local_id) = self.local_ids.get(&remote_id) else { return };
        let Some(subscription) = self.subscriptions.get_mut(&local_id) else { return };
        match event {
            event::Event::Closed(error) => {
                self.local_ids.remove(&remote_id);
                match Error::from(error) {
                    Error::SlowConsumer { cursor } => {
                        if subscription.cursor == 0 {
                            subscription.cursor = cursor.map_or(0, model::EventId::get);
                        }
                        subscription.stage = Stage::Paused;
                        self.subscribe_again(local_id);
                    }
                    error => self.end_subscription(local_id, error.into()),
                }
            }
            // Never replayed; their sequence is that of a stored event.
            event @ (event::Event::Presence(_) | event::Event::Typing(_)) => {
                self.deliver(local_id, Update { sequence, event });
            }
            // A duplicate from before the connection was lost. But the gap of a cursor that the server does not know, because
            // it was restored from a backup, is below it: the server goes on from there.
            event if sequence <= subscription.cursor && !matches!(event, event::Event::Gap(_)) => {}
            event => {
                if self.deliver(local_id, Update { sequence, event })
                    && let Some(subscription) = self.subscriptions.get_mut(&local_id)
                {
                    subscription.cursor = sequence;
                }
            }
        }
    }

    /// Puts an update into the reader's queue; `false` if it is full or gone. A slow reader gets the update later, by a
    /// replay from its cursor.
    fn deliver(&mut self, local_id: u64, update: Update) -> bool {
        let Some(subscription) = self.subscriptions.get_mut(&local_id) else { return false };
        match subscription.updates.try_send(Box::new(Ok(update))) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Full(_)) => {
                let stage = std::mem::replace(&mut subscription.stage, Stage::Paused);
                let (updates, later) = (subscription.updates.clone(), self.later.clone());
                tokio::spawn(async move {
                    // An error means that the reader is gone.
                    if updates.reserve_many(UPDATES_MAX / 2).await.is_ok()
                        && let Some(commands) = later.upgrade()
                    {
                        let _ = commands.send(Command::Resume(local_id)).await;
                    }
                });
                self.unsubscribe(stage);
                false
            }
            Err(mpsc::error::TrySendError::Closed(_)) => {
                let stage = subscription.stage;
                self.subscriptions.remove(&local_id);
                self.unsubscribe(stage);
                false
            }
        }
    }

    fn subscribe_again(&mut self, local_id: u64) {
        if let Some(subscription) = self.subscriptions.get_mut(&local_id)
            && subscription.stage == Stage::Paused
        {
            subscription.stage = Stage::Asked;
            self.waiting.push_back(ask_for_subscription(local_id, subscription));
        }
    }

    fn unsubscribe(&mut self, stage: Stage) {
        if let Stage::Live(remote_id) = stage {
            self.local_ids.remove(&remote_id);
            let op = Op::Unsubscribe(v1::Unsubscribe { subscription: remote_id });
            self.waiting.push_back(Pending::of_driver(op, Reply::NoOne));
        }
    }

    fn end_subscription(&mut self, local_id: u64, error: ClientError) {
        if let Some(subscription) = self.subscriptions.remove(&local_id) {
            match subscription.reply {
                // The reader may be gone already.
                Some(reply) => drop(reply.send(Err(error))),
                None => drop(subscription.updates.try_send(Box::new(Err(error)))),
            }
            if let Stage::Live(remote_id) = subscription.stage {
                self.local_ids.remove(&remote_id);
            }
        }
    }

    fn end_subscriptions(&mut self, error: &ClientError) {
        let all: Vec<u64> = self.subscriptions.keys().copied().collect();
        for local_id in all {
            self.end_subscription(local_id, error.clone());
        }
    }

    /// Gives up for good.
    fn stop(&mut self, why: ClientError) {
        self.session_ended(&why);
        self.state.send_replace(State::Stopped(why));
    }

    /// Fails everything that needs the session.
    fn session_ended(&mut self, error: &ClientError) {
        self.token = None;
        self.end_subscriptions(error);
        for pending in self.waiting.drain(..) {
            pending.fail(error.clone());
        }
    }

    /// After a lost connection: queues the in-flight requests that are safe to repeat, in order and before others, and
    /// fails the rest.
    fn requeue_in_flight(&mut self) {
        self.local_ids.clear();
        for subscription in self.subscriptions.values_mut() {
            if subscription.stage != Stage::Paused {
                subscription.stage = Stage::Asked;
            }
        }
        // The next connection subscribes again by itself.
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

    fn retry_after(&self, command: Command, after: Duration) {
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
            // The caller may have stopped waiting.
            Reply::Caller(reply) => drop(reply.send(result)),
            Reply::Subscription(local_id) => driver.subscribed(local_id, result),
            Reply::NoOne => {}
        }
    }
}

fn ask_for_subscription(local_id: u64, subscription: &Subscription) -> Pending {
    let topic = Some(subscription.topic.clone());
    let op = Op::Subscribe(v1::Subscribe { topic, cursor: subscription.cursor });
    Pending::of_driver(op, Reply::Subscription(local_id))
}

fn lost(why: ClientError) -> End {
    End::Lost { why, after: Duration::ZERO }
}
