//! The event loop. Input, responses, live events and timers become messages; effects are carried out; a frame is drawn
//! when the state has changed and the terminal has taken the frame before.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use client::{Client, ClientError};
use protocol::tls::Fingerprint;
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};

use crate::budget::Budget;
use crate::connecting::{Connecting, Target};
use crate::local_store::{FileWriter, LocalStore};
use crate::message::{Connected, Effect, Message, Purpose, Topic};
use crate::screen::{Screen, leave};
use crate::state::{Link, Setup, State};
use crate::update::{Effects, Unsent, deadline, finish, start, update};
use terminal::decode::Decoder;
use terminal::grid::Size;
use terminal::key::Event;

pub use crate::host::{Host, Later};
pub use crate::screen::{ENTER, LEAVE};

/// Capacity of the channel for messages from tasks.
const MESSAGES_MAX: usize = 1_024;
/// Requests that wait for the first connection; further ones fail.
const WAITING_MAX: usize = 64;
/// An escape byte that nothing follows within this time is the Escape key.
const ESCAPE: Duration = Duration::from_millis(25);
/// A paste of which nothing more arrives within this time has lost its end.
const PASTE: Duration = Duration::from_secs(10);
/// Events are handled for this long before a frame is drawn and other tasks can run.
const SLICE: Duration = Duration::from_millis(4);
/// The time for responses to the last changes when the client quits.
const QUIT_TIMEOUT: Duration = Duration::from_secs(3);
/// After this time without a frame, the painter keeps only hashes of the rows of the last one, to save memory.
const HIBERNATE: Duration = Duration::from_secs(2);

/// Input of the terminal.
#[derive(Debug)]
pub enum Input {
    /// Typed text, or an answer of the terminal.
    Bytes(Bytes),
    /// The terminal was resized.
    Resized(Size),
    /// The terminal is closed, or the program is asked to end.
    Closed,
}

/// Both directions of a terminal.
pub struct Terminal {
    /// Input.
    pub input: mpsc::Receiver<Input>,
    /// Output, one frame at a time. The capacity bounds how far a slow terminal can lag: one frame.
    pub output: mpsc::Sender<Bytes>,
    /// Completes when the client must end although input waits: the terminal is gone, or the process is asked to end.
    pub ended: Later<()>,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}

/// Why the client ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The user quit, or the terminal was closed.
    Quit,
    /// The user switches to this account; an empty name adds one.
    Switch(String),
}

/// A report from a task.
pub(crate) enum TaskReport {
    Message(Box<Message>),
    /// The result of the attempt with this number, and whether it was made with the stored session.
    Connected(Box<Result<Client, ClientError>>, bool, u64),
    /// The server of the tour runs at this address, or the problem for the user.
    Tour(Result<String, String>),
    /// The user's own server runs at this address, or the problem for the user.
    OwnServer(Result<String, String>),
    /// Whether the user's own server was running before it was stopped, or the problem for the user.
    Stopped(Result<bool, String>),
    Resumed,
}

impl TaskReport {
    fn message(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

/// The client without its interface: state, connection and local store.
pub(crate) struct Run {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) state: State,
    writer: Option<FileWriter>,
    client: Option<Client>,
    /// Requests made before the first connection; `None` once there was one.
    waiting: Option<Vec<(Purpose, protocol::v1::request::Op, Option<Bytes>)>>,
    pub(crate) tasks: JoinSet<()>,
    connecting: Connecting,
    topics: HashMap<Topic, AbortHandle>,
    reports: mpsc::Sender<TaskReport>,
    /// Bytes for the terminal that do not belong to a frame.
    pub(crate) terminal_bytes: String,
    /// The whole screen is drawn again, because the terminal may show something else.
    redraws_all: bool,
    pub(crate) is_dirty: bool,
    /// Changes without a response so far.
    pub(crate) changes_in_flight: usize,
    pub(crate) outcome: Option<Outcome>,
    /// Another program has the terminal.
    is_lent: bool,
    /// The other program has given it back.
    is_returned: bool,
}

/// Runs the full-screen client until it ends. Drafts are saved, and actions that can still be undone are sent.
pub async fn run(
    host: Arc<dyn Host>,
    setup: Setup,
    store: Option<LocalStore>,
    terminal: Terminal,
) -> Outcome {
    let (mut run, mut reports) = Run::start(host, setup, store);
    let mut screen = Screen::new(run.state.preferences.settings.mouse);
    let Terminal { mut input, output, mut ended } = terminal;
    let mut decoder = Decoder::default();
    let mut typed = VecDeque::new();
    let mut budget = Budget::new(run.state.terminal.capabilities.is_local);
    while run.outcome.is_none() {
        if let Some(rest) = budget.rest()
            && timeout_at(rest, &mut ended).await.is_ok()
        {
            break;
        }
        let wake = run.wake_at();
        let begin = tokio::select! {
            biased;
            () = &mut ended => break,
            permit = output.reserve(), if run.is_dirty && !run.is_lent => {
                let Ok(permit) = permit else { break };
                let begin = Instant::now();
                let frame = run.frame(&mut screen);
                if !frame.is_empty() {
                    permit.send(frame.into());
                }
                begin
            }
            // A turn for the other tasks before more of the input.
            () = yield_now(), if !typed.is_empty() => {
                let begin = Instant::now();
                run.handle_typed(&mut typed, begin + SLICE);
                begin
            }
            event = input.recv(), if typed.is_empty() => {
                let begin = Instant::now();
                match event {
                    None | Some(Input::Closed) => break,
                    Some(Input::Resized(size)) => run.handle(Message::Resized(size)),
                    Some(Input::Bytes(bytes)) => typed.extend(decoder.decode(&bytes)),
                }
                begin
            }
            Some(report) = reports.recv() => {
                let begin = Instant::now();
                run.handle_report(report);
                begin
            }
            () = sleep(ESCAPE), if decoder.has_pending_escape() => {
                typed.extend(decoder.flush_escape());
                continue;
            }
            () = sleep(PASTE), if decoder.has_open_paste() => {
                typed.extend(decoder.flush_paste());
                continue;
            }
            () = sleep_until(wake.unwrap_or(screen.last_frame)), if wake.is_some() => {
                let begin = Instant::now();
                run.handle(Message::Woke);
                begin
            }
            () = sleep_until(screen.last_frame + HIBERNATE), if !screen.is_hibernated => {
                screen.hibernate();
                continue;
            }
        };
        budget.charge(begin.elapsed());
        if std::mem::take(&mut run.is_returned) {
            screen.set_up_again(run.state.preferences.settings.mouse);
        }
        while run.tasks.try_join_next().is_some() {}
    }
    let charset = run.state.terminal.capabilities.charset;
    let (outcome, last_words) = run.end(&mut reports).await;
    leave(&output, charset, &last_words).await;
    outcome
}

impl Run {
    /// Starts with what is saved, and begins to connect.
    pub(crate) fn start(
        host: Arc<dyn Host>,
        setup: Setup,
        store: Option<LocalStore>,
    ) -> (Box<Self>, mpsc::Receiver<TaskReport>) {
        let (sender, reports) = mpsc::channel(MESSAGES_MAX);
        let has_session = setup.username.is_some();
        // Boxed: it is large, and the future of the task would hold it twice, once for `end`.
        let (state, effects) = start(setup);
        let mut run = Box::new(Self {
            state,
            writer: None,
            client: None,
            waiting: None,
            tasks: JoinSet::new(),
            connecting: Connecting::default(),
            topics: HashMap::new(),
            terminal_bytes: String::new(),
            redraws_all: false,
            is_dirty: true,
            changes_in_flight: 0,
            outcome: None,
            is_lent: false,
            is_returned: false,
            reports: sender,
            host,
        });
        run.set_local_store(store);
        run.carry_out(effects);
        if has_session || !run.state.connection.server.is_empty() {
            run.connect(run.state.connection.server.clone(), has_session, None);
        }
        (run, reports)
    }

    /// Saves drafts, sends what can still be undone, and waits for the responses. Returns also the last words.
    pub(crate) async fn end(
        mut self: Box<Self>,
        reports: &mut mpsc::Receiver<TaskReport>,
    ) -> (Outcome, String) {
        if self.outcome.is_none() {
            let effects = finish(&mut self.state);
            self.carry_out(effects);
        }
        let before = Unsent::at_end(&mut self.state);
        let last_responses = async {
            while self.changes_in_flight > 0 && self.state.connection.link == Link::Live {
                let Some(report) = reports.recv().await else { break };
                self.handle_report(report);
            }
        };
        // A text without a response stays in the outbox and is sent again under the same idempotency key.
        let _ = timeout(QUIT_TIMEOUT, last_responses).await;
        (self.outcome.take().unwrap_or(Outcome::Quit), before.last_words(&self.state))
    }

    /// The bytes of the next frame.
    fn frame(&mut self, screen: &mut Screen) -> String {
        self.is_dirty = false;
        let extra = std::mem::take(&mut self.terminal_bytes);
        screen.frame(&self.state, &extra, std::mem::take(&mut self.redraws_all))
    }

    /// Handles events until the deadline: at least one.
    fn handle_typed(&mut self, typed: &mut VecDeque<Event>, deadline: Instant) {
        while let Some(event) = typed.pop_front() {
            self.handle(Message::Input(event));
            if self.outcome.is_some() || Instant::now() >= deadline {
                return;
            }
        }
    }

    fn set_local_store(&mut self, store: Option<LocalStore>) {
        let reports = self.reports.clone();
        self.writer = store.map(|store| {
            FileWriter::new(store, move |problem| {
                // A full queue drops the report: the channel has a backlog of messages.
                let _ = reports.try_send(TaskReport::message(Message::Failed(problem)));
            })
        });
    }

    pub(crate) fn handle(&mut self, message: Message) {
        let now = self.host.now_ms();
        if matches!(&message, Message::Answered(purpose, _) if purpose.is_change()) {
            self.changes_in_flight = self.changes_in_flight.saturating_sub(1);
        }
        if let Some(server_now) = self.client.as_ref().and_then(Client::server_now_ms) {
            let server_now = i64::try_from(server_now).unwrap_or(now);
            self.state.connection.clock_ahead_ms = server_now.saturating_sub(now);
        }
        let effects = update(&mut self.state, now, message);
        self.is_dirty = true;
        self.carry_out(effects);
    }

    pub(crate) fn handle_report(&mut self, report: TaskReport) {
        match report {
            TaskReport::Message(message) => self.handle(*message),
            TaskReport::Connected(_, _, attempt) if !self.connecting.is_wanted(attempt) => {}
            TaskReport::Connected(result, signed_in, _) => self.connected(*result, signed_in),
            TaskReport::Tour(Ok(server)) => {
                self.state.connection.server.clone_from(&server);
                self.connect(server, true, None);
            }
            TaskReport::OwnServer(Ok(server)) => {
                self.own_server_runs(true);
                self.state.report("Your server keeps running after you quit: mini-tweet host shows its data, :stop-server stops it");
                self.is_dirty = true;
                // With a session, the client is connecting already, here or elsewhere.
                if self.state.session.username.is_none() {
                    self.state.connection.server.clone_from(&server);
                    self.connect(server, false, None);
                }
            }
            TaskReport::Stopped(Ok(was_running)) => {
                self.own_server_runs(false);
                let words = if was_running { "Your server has stopped" } else { "Your server isn't running" };
                self.state.report(words);
                self.is_dirty = true;
            }
            TaskReport::Stopped(Err(problem)) => self.handle(Message::Failed(problem)),
            TaskReport::Tour(Err(problem)) | TaskReport::OwnServer(Err(problem)) => {
                self.handle(Message::Failed(problem));
            }
            TaskReport::Resumed => {
                self.is_lent = false;
                self.is_returned = true;
                self.is_dirty = true;
            }
        }
    }

    fn own_server_runs(&mut self, is_running: bool) {
        if let Some(own) = &mut self.state.own_server {
            own.is_running = is_running;
        }
    }

    fn connected(&mut self, result: Result<Client, ClientError>, signed_in: bool) {
        match result {
            Err(error) => self.handle(Message::Unreachable(error)),
            Ok(client) => {
                let (hello, key) = (client.hello().clone(), client.server_key());
                let connected = Connected { hello, key, signed_in };
                self.watch(&client);
                self.client = Some(client);
                self.handle(Message::Connected(Box::new(connected)));
            }
        }
        self.send_waiting();
    }

    fn carry_out(&mut self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Ask(purpose, op, key) => self.ask(purpose, *op, key),
                Effect::Connect(server) => self.connect(server, false, None),
                Effect::Trust(server, key) => self.connect(server, !self.state.is_signed_out(), Some(key)),
                Effect::Subscribe(topic) => self.subscribe(topic),
                Effect::Unsubscribe(topic) => {
                    if let Some(task) = self.topics.remove(&topic) {
                        task.abort();
                    }
                }
                Effect::Save(what, bytes) => {
                    if let Some(writer) = &self.writer {
                        writer.save(what, bytes);
                    }
                }
                Effect::Drop(what) => {
                    if let Some(writer) = &self.writer {
                        writer.delete(what);
                    }
                }
                Effect::Recall(purpose, name) => self.recall(purpose, name),
                Effect::SignedIn { username, token } => self.signed_in(&username, &token),
                Effect::SignedOut => self.host.signed_out(),
                Effect::Terminal(bytes) if bytes.is_empty() => self.redraws_all = true,
                Effect::Terminal(bytes) => self.terminal_bytes.push_str(&bytes),
                Effect::Edit(text) => {
                    let editing = self.host.edit(text);
                    self.lend(async move { Some(Message::Edited(editing.await)) });
                }
                Effect::Suspend => {
                    let away = self.host.suspend();
                    self.lend(async move {
                        away.await;
                        None
                    });
                }
                Effect::OpenLink(url) => {
                    if let Err(problem) = self.host.open_link(&url) {
                        self.state.complain(problem);
                    }
                }
                Effect::MeasureRoundTrip => {
                    if let Some(client) = self.client.clone() {
                        self.report(async move {
                            TaskReport::message(Message::RoundTrip(client.round_trip().await.ok()))
                        });
                    }
                }
                Effect::ListAccounts => {
                    let names = self.host.accounts();
                    self.handle(Message::Accounts(names));
                }
                Effect::CheckUnread(name) => {
                    let checking = self.host.unread_of(&name);
                    let report =
                        async { TaskReport::message(Message::UnreadElsewhere(name, checking.await)) };
                    self.report(report);
                }
                Effect::StopConnecting => self.connecting.stop(),
                Effect::HostHere => {
                    let starting = self.host.host_here();
                    self.report(async { TaskReport::OwnServer(starting.await) });
                }
                Effect::StopHere => {
                    let stopping = self.host.stop_here();
                    self.report(async { TaskReport::Stopped(stopping.await) });
                }
                Effect::Tour => {
                    let starting = self.host.tour();
                    self.report(async { TaskReport::Tour(starting.await) });
                }
                Effect::Switch(name) => self.outcome = Some(Outcome::Switch(name)),
                Effect::Quit => self.outcome = Some(Outcome::Quit),
            }
        }
    }

    /// Stores the token of a new session; from now on the files are those of its account.
    fn signed_in(&mut self, username: &str, token: &[u8]) {
        match self.host.signed_in(&self.state.connection.server, username, token) {
            Ok(store) => self.set_local_store(store),
            Err(problem) => {
                self.state.complain(format!("You will have to sign in again next time: {problem}"));
            }
        }
    }

    fn recall(&mut self, purpose: Purpose, name: String) {
        let Some(writer) = &self.writer else { return };
        let (read, reports) = (writer.recall(name), self.reports.clone());
        self.tasks.spawn(async move {
            if let Ok(Some(page)) = tokio::task::spawn_blocking(read).await {
                // Fails only when the client has ended.
                let _ = reports.send(TaskReport::message(Message::Recalled(purpose, Box::new(page)))).await;
            }
        });
    }

    /// Lends the terminal to another program until the future completes.
    fn lend(&mut self, program: impl Future<Output = Option<Message>> + Send + 'static) {
        self.is_lent = true;
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let message = program.await;
            // Fails only when the client has ended.
            let _ = reports.send(TaskReport::Resumed).await;
            if let Some(message) = message {
                let _ = reports.send(TaskReport::message(message)).await;
            }
        });
    }

    /// Sends a report once it is there.
    fn report(&mut self, report: impl Future<Output = TaskReport> + Send + 'static) {
        let reports = self.reports.clone();
        self.tasks.spawn(async move {
            let _ = reports.send(report.await).await;
        });
    }

    fn ask(&mut self, purpose: Purpose, op: protocol::v1::request::Op, key: Option<Bytes>) {
        if purpose.is_change() {
            self.changes_in_flight += 1;
        }
        if let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.len() < WAITING_MAX) {
            waiting.push((purpose, op, key));
            return;
        }
        self.ask_now(purpose, op, key);
    }

    /// Sends the requests that waited for the first connection, or fails them.
    fn send_waiting(&mut self) {
        for (purpose, op, key) in self.waiting.take().unwrap_or_default() {
            self.ask_now(purpose, op, key);
        }
    }

    fn ask_now(&mut self, purpose: Purpose, op: protocol::v1::request::Op, key: Option<Bytes>) {
        let (reports, client, server) =
            (self.reports.clone(), self.client.clone(), self.state.connection.server.clone());
        self.tasks.spawn(async move {
            let result = match client {
                Some(client) => client.ask_op(op, key).await,
                None => {
                    Err(ClientError::Unreachable { endpoint: server, reason: "not connected yet".into() })
                }
            };
            let _ = reports.send(TaskReport::message(Message::Answered(purpose, result))).await;
        });
    }

    /// Connects to another server, or again.
    fn connect(&mut self, server: String, with_session: bool, trusted: Option<Fingerprint>) {
        self.client = None;
        self.waiting.get_or_insert_default();
        for (_, task) in self.topics.drain() {
            task.abort();
        }
        let target = Target { server, with_session, trusted };
        let (host, reports) = (self.host.clone(), self.reports.clone());
        self.connecting.begin(&mut self.tasks, host, reports, TaskReport::Connected, target);
    }

    /// Reports every change of the connection.
    fn watch(&mut self, client: &Client) {
        let (mut changes, reports) = (client.state(), self.reports.clone());
        self.tasks.spawn(async move {
            while changes.changed().await.is_ok() {
                let now = changes.borrow_and_update().clone();
                if reports.send(TaskReport::message(Message::Link(now))).await.is_err() {
                    return;
                }
            }
        });
    }

    fn subscribe(&mut self, topic: Topic) {
        let Some(client) = self.client.clone() else { return };
        if self.topics.contains_key(&topic) {
            return;
        }
        let reports = self.reports.clone();
        let of_task = topic.clone();
        let task = self.tasks.spawn(async move {
            // Boxed, so that its memory is freed: the task lives as long as the screen.
            let subscribing = Box::pin(client.subscribe(of_task.subscribe(), None));
            let mut subscription = match subscribing.await {
                Ok(subscription) => subscription,
                Err(error) => {
                    let problem = format!("No live events: {error}");
                    let _ = reports.send(TaskReport::message(Message::Failed(problem))).await;
                    return;
                }
            };
            // Fails only when the client has ended.
            let _ = reports.send(TaskReport::message(Message::Following(of_task.clone()))).await;
            while let Some(update) = subscription.next().await {
                if reports.send(TaskReport::message(Message::Live(of_task.clone(), update))).await.is_err() {
                    return;
                }
            }
        });
        self.topics.insert(topic, task);
    }

    pub(crate) fn wake_at(&self) -> Option<Instant> {
        let wait = deadline(&self.state)? - self.host.now_ms();
        Some(Instant::now() + Duration::from_millis(u64::try_from(wait).unwrap_or(0)))
    }
}
