//! The loop: bytes, answers, live events and time go in as messages; effects go out; a frame is drawn when something
//! has changed and the terminal has taken the frame before.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use client::{Client, ClientError};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::local_store::{FileWriter, LocalStore};
use crate::message::{Connected, Effect, Message, Purpose, Topic};
use crate::state::{Link, Setup, State};
use crate::update::{Effects, deadline, finish, start, update};
use crate::view::draw;
use terminal::decode::Decoder;
use terminal::grid::Size;
use terminal::paint::{Paint, Painter};

/// Messages that may wait.
const MESSAGES_MAX: usize = 1_024;
/// Requests that wait for the first connection; what comes after them hears that there is none.
const WAITING_MAX: usize = 64;
/// An escape that nothing follows for so long is a key.
const ESCAPE: Duration = Duration::from_millis(25);
/// Between tries to make the first connection: at first, and at most.
const RETRY: Duration = Duration::from_millis(500);
const RETRY_MAX: Duration = Duration::from_secs(15);
/// For what is sent at the end to be answered.
const FAREWELL: Duration = Duration::from_secs(3);
/// After so long without a frame no more is known of the last one than which rows change, to save memory.
const HIBERNATE: Duration = Duration::from_secs(2);

/// To take the terminal: another screen, pasted text as one, focus, keys that can be told apart.
pub const ENTER: &str = "\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[>1u\x1b[2J\x1b[H";
/// To give it back as it was.
pub const LEAVE: &str = "\x1b[<u\x1b[?1006l\x1b[?1000l\x1b[?1004l\x1b[?2004l\x1b[0m\x1b[?25h\x1b[?1049l";
const MOUSE: &str = "\x1b[?1000h\x1b[?1006h";
/// What can you do: modes 2026 and 2027, the background, and at last anything at all.
const PROBE: &str = "\x1b[?2026$p\x1b[?2027$p\x1b]11;?\x1b\\\x1b[c";

/// A result that comes later.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What is around the client: a machine of one's own, or a server with a guest over ssh.
pub trait Host: Send + Sync + fmt::Debug {
    /// Unix milliseconds.
    fn now_ms(&self) -> i64;
    /// Connects; `with_session` takes up the session that is kept for this account.
    fn connect(&self, server: String, with_session: bool) -> Later<Result<Client, ClientError>>;
    /// Keeps a session; says where the things of this account are kept.
    ///
    /// # Errors
    /// Why it cannot be kept.
    fn signed_in(&self, server: &str, username: &str, token: &[u8]) -> Result<Option<LocalStore>, String>;
    /// Forgets the session.
    fn signed_out(&self);
    /// Names of the accounts that can be switched to.
    fn accounts(&self) -> Vec<String>;
    /// Opens the person's editor; the terminal is theirs meanwhile.
    fn edit(&self, text: String) -> Later<Result<String, String>>;
    /// Gives the terminal back to the shell until it is asked for again.
    fn suspend(&self) -> Later<()>;
    /// What is typed next is not to be seen, or may be again.
    fn hide_input(&self, is_hidden: bool);
    /// Opens a link.
    ///
    /// # Errors
    /// Why not.
    fn open_link(&self, url: &str) -> Result<(), String>;
    /// Starts a server on this machine; where it is.
    fn host_here(&self) -> Later<Result<String, String>>;
    /// Starts a server with invented people and signs in there; where it is.
    fn tour(&self) -> Later<Result<String, String>>;
}

/// From the terminal.
#[derive(Debug)]
pub enum Input {
    /// What was typed, or what the terminal says.
    Bytes(Bytes),
    /// It has another size.
    Resized(Size),
    /// It is gone, or the program is told to end.
    Closed,
}

/// Both directions of a terminal.
#[derive(Debug)]
pub struct Terminal {
    /// From it.
    pub input: mpsc::Receiver<Input>,
    /// To it, a frame at a time. Its bound says how far a slow terminal may be behind: one frame.
    pub output: mpsc::Sender<Bytes>,
}

/// How it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The person wanted it, or the terminal is gone.
    Quit,
    /// Another account is wanted.
    Switch(String),
}

/// Something from a task.
pub(crate) enum Inner {
    Message(Box<Message>),
    Connected(Box<Result<Client, ClientError>>, bool),
    /// A server was started here.
    Hosting(Result<String, String>, bool),
    Resumed,
}

impl Inner {
    fn message(message: Message) -> Self {
        Self::Message(Box::new(message))
    }
}

/// The client without a face: its state, its connection and what it keeps.
pub(crate) struct Run {
    pub(crate) host: Arc<dyn Host>,
    pub(crate) state: State,
    keeper: Option<FileWriter>,
    client: Option<Client>,
    /// What is asked while the first try to connect goes on.
    waiting: Option<Vec<(Purpose, protocol::v1::request::Op, Option<Bytes>)>>,
    pub(crate) tasks: JoinSet<()>,
    topics: HashMap<Topic, AbortHandle>,
    inner: mpsc::Sender<Inner>,
    /// Bytes for the terminal that are no part of a frame.
    pub(crate) terminal_bytes: String,
    /// What the terminal shows is not to be relied on.
    draws_anew: bool,
    pub(crate) is_dirty: bool,
    /// Changes that were asked for and not answered.
    changing: usize,
    pub(crate) outcome: Option<Outcome>,
    /// The terminal belongs to somebody else.
    is_away: bool,
    /// It came back.
    is_back: bool,
}

/// Runs the full-screen client until it ends. Everything that is written is kept and what is held is sent.
pub async fn run(
    host: Arc<dyn Host>,
    setup: Setup,
    shelf: Option<LocalStore>,
    terminal: Terminal,
) -> Outcome {
    let (mut run, mut from_tasks) = Run::start(host, setup, shelf);
    let mut screen = Screen::new(run.state.settings.mouse);
    let Terminal { mut input, output } = terminal;
    let mut decoder = Decoder::default();
    while run.outcome.is_none() {
        let wake = run.wake_at();
        tokio::select! {
            permit = output.reserve(), if run.is_dirty && !run.is_away => {
                let Ok(permit) = permit else { break };
                let frame = screen.frame(&mut run);
                if !frame.is_empty() {
                    permit.send(frame.into());
                }
            }
            event = input.recv() => match event {
                None | Some(Input::Closed) => break,
                Some(Input::Resized(size)) => run.take(Message::Resized(size)),
                Some(Input::Bytes(bytes)) => {
                    for event in decoder.decode(&bytes) {
                        run.take(Message::Input(event));
                    }
                }
            },
            Some(inner) = from_tasks.recv() => run.take_inner(inner),
            () = sleep(ESCAPE), if decoder.has_pending_escape() => {
                for event in decoder.flush_escape() {
                    run.take(Message::Input(event));
                }
            }
            () = sleep_until(wake.unwrap_or(screen.last_frame)), if wake.is_some() => run.take(Message::Woke),
            () = sleep_until(screen.last_frame + HIBERNATE), if !screen.is_hibernated => screen.hibernate(),
        }
        if std::mem::take(&mut run.is_back) {
            screen.take_again(run.state.settings.mouse);
        }
        while run.tasks.try_join_next().is_some() {}
    }
    let outcome = run.end(&mut from_tasks).await;
    // A terminal that takes nothing any more is not waited for.
    let _ = timeout(Duration::from_secs(1), output.send(LEAVE.into())).await;
    outcome
}

/// What the terminal shows, and what has to be written before the next frame.
struct Screen {
    painter: Painter,
    before_frame: String,
    has_probed: bool,
    /// When something was last written.
    last_frame: Instant,
    /// What the terminal shows was forgotten to save memory.
    is_hibernated: bool,
}

impl Screen {
    fn new(with_mouse: bool) -> Self {
        let before_frame = format!("{ENTER}{}", if with_mouse { MOUSE } else { "" });
        let last_frame = Instant::now();
        Self {
            painter: Painter::default(),
            before_frame,
            has_probed: false,
            last_frame,
            is_hibernated: false,
        }
    }

    /// The terminal comes back from somebody else.
    fn take_again(&mut self, with_mouse: bool) {
        self.painter.forget();
        self.before_frame.push_str(ENTER);
        if with_mouse {
            self.before_frame.push_str(MOUSE);
        }
    }

    fn hibernate(&mut self) {
        self.is_hibernated = true;
        self.painter.hibernate();
    }

    /// The bytes of the next frame; none when nothing has changed.
    fn frame(&mut self, run: &mut Run) -> String {
        run.is_dirty = false;
        if std::mem::take(&mut run.draws_anew) {
            self.painter.forget();
        }
        let (grid, caret) = draw(&run.state);
        let can = &run.state.capabilities;
        let paint = Paint { theme: &run.state.theme, depth: can.depth, links: run.state.settings.links };
        let mut bytes = std::mem::take(&mut self.before_frame);
        bytes.push_str(&std::mem::take(&mut run.terminal_bytes));
        bytes.push_str(&self.painter.paint(grid, caret, paint));
        if !std::mem::replace(&mut self.has_probed, true) {
            bytes.push_str(PROBE);
        }
        if !bytes.is_empty() {
            self.last_frame = Instant::now();
            self.is_hibernated = false;
        }
        bytes
    }
}

impl Run {
    /// Begins: with what was kept at once, and with the server as soon as it answers.
    pub(crate) fn start(
        host: Arc<dyn Host>,
        setup: Setup,
        shelf: Option<LocalStore>,
    ) -> (Box<Self>, mpsc::Receiver<Inner>) {
        let (inner, from_tasks) = mpsc::channel(MESSAGES_MAX);
        let has_session = setup.username.is_some();
        // In a box: it is large, and a task would keep room for it twice, once for its end.
        let mut run = Box::new(Self {
            state: State::new(setup),
            keeper: None,
            client: None,
            waiting: None,
            tasks: JoinSet::new(),
            topics: HashMap::new(),
            terminal_bytes: String::new(),
            draws_anew: false,
            is_dirty: true,
            changing: 0,
            outcome: None,
            is_away: false,
            is_back: false,
            inner,
            host,
        });
        run.keep_on(shelf);
        let effects = start(&mut run.state);
        run.carry_out(effects);
        if has_session || !run.state.server.is_empty() {
            run.connect(run.state.server.clone(), has_session);
        }
        (run, from_tasks)
    }

    /// Keeps what is written, and lets what was held arrive, so that nobody wonders.
    pub(crate) async fn end(mut self: Box<Self>, from_tasks: &mut mpsc::Receiver<Inner>) -> Outcome {
        if self.outcome.is_none() {
            let effects = finish(&mut self.state);
            self.carry_out(effects);
        }
        let farewell = async {
            while self.changing > 0 && self.state.link == Link::Live {
                let Some(inner) = from_tasks.recv().await else { break };
                self.take_inner(inner);
            }
        };
        // A text that is not answered in time stays in the outbox and goes again under its key.
        let _ = timeout(FAREWELL, farewell).await;
        self.outcome.unwrap_or(Outcome::Quit)
    }

    fn keep_on(&mut self, shelf: Option<LocalStore>) {
        let inner = self.inner.clone();
        self.keeper = shelf.map(|shelf| {
            FileWriter::new(shelf, move |problem| {
                // A full queue has other things to say.
                let _ = inner.try_send(Inner::message(Message::Announced(problem)));
            })
        });
    }

    pub(crate) fn take(&mut self, message: Message) {
        let now = self.host.now_ms();
        if matches!(&message, Message::Answered(purpose, _) if purpose.is_change()) {
            self.changing = self.changing.saturating_sub(1);
        }
        let effects = update(&mut self.state, now, message);
        self.is_dirty = true;
        self.carry_out(effects);
    }

    pub(crate) fn take_inner(&mut self, inner: Inner) {
        match inner {
            Inner::Message(message) => self.take(*message),
            Inner::Connected(result, signed_in) => self.connected(*result, signed_in),
            Inner::Hosting(Ok(server), with_session) => {
                self.state.server.clone_from(&server);
                self.connect(server, with_session);
            }
            Inner::Hosting(Err(problem), _) => self.take(Message::Announced(problem)),
            Inner::Resumed => {
                self.is_away = false;
                self.is_back = true;
                self.is_dirty = true;
            }
        }
    }

    fn connected(&mut self, result: Result<Client, ClientError>, signed_in: bool) {
        match result {
            Err(error) => self.take(Message::Unreachable(error)),
            Ok(client) => {
                let connected = Connected {
                    hello: client.hello().clone(),
                    first_contact: client.first_contact().map(|key| key.to_string()),
                    signed_in,
                };
                self.watch(&client);
                self.client = Some(client);
                self.take(Message::Connected(Box::new(connected)));
            }
        }
        self.ask_what_waited();
    }

    fn carry_out(&mut self, effects: Effects) {
        for effect in effects {
            match effect {
                Effect::Ask(purpose, op, key) => self.ask(purpose, *op, key),
                Effect::Connect(server) => self.connect(server, false),
                Effect::Subscribe(topic) => self.subscribe(topic),
                Effect::Unsubscribe(topic) => {
                    if let Some(task) = self.topics.remove(&topic) {
                        task.abort();
                    }
                }
                Effect::Keep(what, bytes) => {
                    if let Some(keeper) = &self.keeper {
                        keeper.keep(what, bytes);
                    }
                }
                Effect::Drop(what) => {
                    if let Some(keeper) = &self.keeper {
                        keeper.discard(what);
                    }
                }
                Effect::Recall(purpose, name) => self.recall(purpose, name),
                Effect::SignedIn { username, token } => {
                    match self.host.signed_in(&self.state.server, &username, &token) {
                        Ok(shelf) => self.keep_on(shelf),
                        Err(problem) => self.state.complain(format!("the session cannot be kept: {problem}")),
                    }
                }
                Effect::SignedOut => self.host.signed_out(),
                Effect::Terminal(bytes) if bytes.is_empty() => self.draws_anew = true,
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
                Effect::ListAccounts => {
                    let names = self.host.accounts();
                    self.take(Message::Accounts(names));
                }
                Effect::HostHere => self.start_server(self.host.host_here(), false),
                Effect::Tour => self.start_server(self.host.tour(), true),
                Effect::Switch(name) => self.outcome = Some(Outcome::Switch(name)),
                Effect::Quit => self.outcome = Some(Outcome::Quit),
            }
        }
    }

    fn recall(&mut self, purpose: Purpose, name: String) {
        let Some(keeper) = &self.keeper else { return };
        let (read, inner) = (keeper.recall(name), self.inner.clone());
        self.tasks.spawn(async move {
            if let Ok(Some(page)) = tokio::task::spawn_blocking(read).await {
                // Nobody is left to hear it when this fails.
                let _ = inner.send(Inner::message(Message::Recalled(purpose, Box::new(page)))).await;
            }
        });
    }

    /// Lends the terminal to somebody until they are done.
    fn lend(&mut self, user_actions: impl Future<Output = Option<Message>> + Send + 'static) {
        self.is_away = true;
        let inner = self.inner.clone();
        self.tasks.spawn(async move {
            let message = user_actions.await;
            // Nobody is left to hear it when this fails.
            let _ = inner.send(Inner::Resumed).await;
            if let Some(message) = message {
                let _ = inner.send(Inner::message(message)).await;
            }
        });
    }

    fn start_server(&mut self, starting: Later<Result<String, String>>, with_session: bool) {
        let inner = self.inner.clone();
        self.tasks.spawn(async move {
            let _ = inner.send(Inner::Hosting(starting.await, with_session)).await;
        });
    }

    fn ask(&mut self, purpose: Purpose, op: protocol::v1::request::Op, key: Option<Bytes>) {
        if purpose.is_change() {
            self.changing += 1;
        }
        if let Some(waiting) = self.waiting.as_mut().filter(|waiting| waiting.len() < WAITING_MAX) {
            waiting.push((purpose, op, key));
            return;
        }
        self.ask_now(purpose, op, key);
    }

    /// Sends what was asked while the first connection was made, or says that there is none.
    fn ask_what_waited(&mut self) {
        for (purpose, op, key) in self.waiting.take().unwrap_or_default() {
            self.ask_now(purpose, op, key);
        }
    }

    fn ask_now(&mut self, purpose: Purpose, op: protocol::v1::request::Op, key: Option<Bytes>) {
        let (inner, client, server) = (self.inner.clone(), self.client.clone(), self.state.server.clone());
        self.tasks.spawn(async move {
            let result = match client {
                Some(client) => client.ask_op(op, key).await,
                None => {
                    Err(ClientError::Unreachable { endpoint: server, reason: "not connected yet".into() })
                }
            };
            let _ = inner.send(Inner::message(Message::Answered(purpose, result))).await;
        });
    }

    /// Connects, again and again where that may help.
    fn connect(&mut self, server: String, with_session: bool) {
        let (host, inner) = (self.host.clone(), self.inner.clone());
        self.client = None;
        self.waiting.get_or_insert_default();
        for (_, task) in self.topics.drain() {
            task.abort();
        }
        self.tasks.spawn(async move {
            let mut wait = RETRY;
            loop {
                let result = host.connect(server.clone(), with_session).await;
                let again = matches!(
                    &result,
                    Err(ClientError::Unreachable { .. } | ClientError::TimedOut { .. } | ClientError::Lost)
                        | Err(ClientError::Refused(
                            model::Error::Busy | model::Error::GoingAway | model::Error::RateLimited { .. }
                        ))
                );
                if inner.send(Inner::Connected(Box::new(result), with_session)).await.is_err()
                    || !again
                    || !with_session
                {
                    return;
                }
                sleep(wait).await;
                wait = (wait * 2).min(RETRY_MAX);
            }
        });
    }

    /// Hears of every change of the connection.
    fn watch(&mut self, client: &Client) {
        let (mut changes, inner) = (client.state(), self.inner.clone());
        self.tasks.spawn(async move {
            while changes.changed().await.is_ok() {
                let now = changes.borrow_and_update().clone();
                if inner.send(Inner::message(Message::Link(now))).await.is_err() {
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
        let inner = self.inner.clone();
        let of_task = topic.clone();
        let task = self.tasks.spawn(async move {
            // In a box, which is gone when it is done: the task stays for as long as the screen.
            let subscribing = Box::pin(client.subscribe(of_task.subscribe(), None));
            let mut subscription = match subscribing.await {
                Ok(subscription) => subscription,
                Err(error) => {
                    let told = format!("no live events: {error}");
                    let _ = inner.send(Inner::message(Message::Announced(told))).await;
                    return;
                }
            };
            // Nobody is left to hear it when this fails.
            let _ = inner.send(Inner::message(Message::Following(of_task.clone()))).await;
            while let Some(update) = subscription.next().await {
                if inner.send(Inner::message(Message::Live(of_task.clone(), update))).await.is_err() {
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
