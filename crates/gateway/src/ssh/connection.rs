//! One connection from its first byte to its last: deadlines, the session that was made for it, its end.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use russh::server::{Config, RunningSession, run_stream};
use russh::{ChannelId, Disconnect};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until, timeout};

use super::channel::Input;
use super::handler::SshHandler;
use super::socket::Socket;
use super::{SshGateway, SshSession};
use crate::limits::ConnectionPermit;
use crate::stopped;
use service::{Caller, LoggedIn};

/// Channels of a connection at the same time.
const CHANNELS_MAX: usize = 2;
/// And one after the other: the ssh library keeps a little of each until the connection ends.
const CHANNELS_EVER_MAX: u32 = 10_000;

/// What the handler of a connection and the task that watches over it share.
#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    /// Changes with what the deadline depends on.
    stage: watch::Sender<Stage>,
}

#[derive(Debug)]
struct State {
    /// Held by every app, so that it is known when the last one has ended.
    running: Option<mpsc::Sender<()>>,
    member: Option<Member>,
    offered_key: Option<String>,
    /// The open channels, with where their input goes.
    channels: HashMap<ChannelId, Option<Input>>,
    channels_ever: u32,
    heard: Instant,
    /// The server stops: nothing begins any more.
    stopping: bool,
}

#[derive(Debug, Clone)]
struct Member {
    caller: Caller,
    username: String,
    token: Option<[u8; 32]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Unauthenticated,
    Authenticated { channels: usize, member: bool },
}

impl Shared {
    fn new(running: mpsc::Sender<()>) -> Arc<Self> {
        let state = State {
            running: Some(running),
            member: None,
            offered_key: None,
            channels: HashMap::new(),
            channels_ever: 0,
            heard: Instant::now(),
            stopping: false,
        };
        Arc::new(Self { state: Mutex::new(state), stage: watch::Sender::new(Stage::Unauthenticated) })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A session was made for whoever has proved a key.
    pub(super) fn enter(&self, logged_in: &LoggedIn) {
        self.lock().member = Some(Member {
            caller: logged_in.caller(),
            username: logged_in.profile.account.username.to_string(),
            token: logged_in.token,
        });
    }

    /// A key that was proved and is nobody's.
    pub(super) fn offer(&self, public_key: Option<String>) {
        self.lock().offered_key = public_key;
    }

    pub(super) fn authenticated(&self) {
        let member = self.lock().member.is_some();
        self.stage.send_replace(Stage::Authenticated { channels: 0, member });
    }

    /// Whether there is room for one more channel.
    pub(super) fn open(&self, channel: ChannelId) -> bool {
        let mut state = self.lock();
        let is_full = state.channels.len() >= CHANNELS_MAX || state.channels_ever >= CHANNELS_EVER_MAX;
        if state.stopping || is_full {
            return false;
        }
        state.channels_ever += 1;
        state.channels.insert(channel, None);
        self.changed(state);
        true
    }

    /// By whichever side.
    pub(super) fn close(&self, channel: ChannelId) {
        let mut state = self.lock();
        state.channels.remove(&channel);
        self.changed(state);
    }

    pub(super) fn is_open(&self, channel: ChannelId) -> bool {
        self.lock().channels.contains_key(&channel)
    }

    fn changed(&self, mut state: MutexGuard<'_, State>) {
        state.heard = Instant::now();
        let count = state.channels.len();
        drop(state);
        self.stage.send_modify(|stage| {
            if let Stage::Authenticated { channels, .. } = stage {
                *channels = count;
            }
        });
    }

    pub(super) fn heard(&self) {
        self.lock().heard = Instant::now();
    }

    /// Held for as long as an app runs.
    pub(super) fn running(&self) -> Option<mpsc::Sender<()>> {
        self.lock().running.clone()
    }

    pub(super) fn begin(&self, channel: ChannelId, input: Input) {
        let mut state = self.lock();
        if !state.stopping
            && let Some(none) = state.channels.get_mut(&channel)
        {
            *none = Some(input);
        }
    }

    pub(super) fn input(&self, channel: ChannelId) -> Option<Input> {
        self.lock().channels.get(&channel).cloned().flatten()
    }

    pub(super) fn end_input(&self, channel: ChannelId) {
        if let Some(input) = self.lock().channels.get_mut(&channel) {
            *input = None;
        }
    }

    /// Tells all apps to end.
    fn end_all(&self) {
        let mut state = self.lock();
        state.stopping = true;
        state.running = None;
        state.channels.values_mut().for_each(|input| *input = None);
    }

    pub(super) fn visit(&self, gateway: &SshGateway, peer: IpAddr) -> SshSession {
        let state = self.lock();
        let member = state.member.as_ref();
        SshSession {
            username: member.map(|member| member.username.clone()),
            token: member.and_then(|member| member.token),
            // Whoever came with a key that is known has no other to bind.
            offered_key: state.offered_key.clone().filter(|_| member.is_none()),
            peer,
            door: gateway.doors.at(peer),
        }
    }

    /// When to give up in this stage.
    fn deadline(&self, stage: Stage, gateway: &SshGateway, began: Instant) -> Instant {
        let heard = self.lock().heard;
        match stage {
            Stage::Unauthenticated => began + gateway.times.authenticate,
            Stage::Authenticated { channels: 0, .. } => heard + gateway.times.without_channel,
            Stage::Authenticated { .. } => heard + gateway.times.idle,
        }
    }
}

/// Serves a connection until it ends.
pub(super) async fn serve(
    gateway: Arc<SshGateway>,
    config: Arc<Config>,
    stream: TcpStream,
    address: IpAddr,
    mut permit: ConnectionPermit,
) {
    let began = Instant::now();
    let (running, mut all_ended) = mpsc::channel(1);
    let shared = Shared::new(running);
    let socket = Socket::new(stream);
    let visitor = SshHandler::new(gateway.clone(), address, shared.clone());
    let greeting = timeout(gateway.times.authenticate, run_stream(config, socket.clone(), visitor));
    let reason = match greeting.await {
        Err(_) => "no ssh client".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Ok(Ok(mut session)) => watch_over(&gateway, &shared, &mut session, &mut permit, began).await,
    };
    shared.end_all();
    // Apps end by themselves, or are stopped, when nobody is there any more.
    socket.cut();
    while all_ended.recv().await.is_some() {}
    let member = shared.lock().member.take();
    if let Some(member) = member
        && let Err(error) = gateway.service.log_out(&member.caller, false).await
    {
        tracing::warn!(%address, %error, "a session by ssh could not be ended");
    }
    let (seconds, reason) = (began.elapsed().as_secs(), model::SafeText::line(&reason));
    tracing::debug!(%address, seconds, %reason, "a connection by ssh ended");
}

/// Until it ends or has to; why.
async fn watch_over(
    gateway: &SshGateway,
    shared: &Shared,
    session: &mut RunningSession<SshHandler>,
    permit: &mut ConnectionPermit,
    began: Instant,
) -> String {
    let mut stages = shared.stage.subscribe();
    let mut stopping = gateway.stopping.clone();
    loop {
        let stage = *stages.borrow_and_update();
        permit.set_authenticated(matches!(stage, Stage::Authenticated { member: true, .. }));
        tokio::select! {
            ended = &mut *session => {
                return ended.map_or_else(|error| error.to_string(), |()| "the client closed it".to_owned());
            }
            _ = stages.changed() => {}
            () = stopped(&mut stopping) => {
                return say_goodbye(gateway, shared, session, "the server stops, come back in a moment").await;
            }
            () = sleep_until(shared.deadline(stage, gateway, began)) => {
                // Somebody may have typed meanwhile.
                if shared.deadline(stage, gateway, began) <= Instant::now() {
                    return say_goodbye(gateway, shared, session, "nothing happened for too long").await;
                }
            }
        }
    }
}

/// Lets the apps end in good order, and says why.
async fn say_goodbye(
    gateway: &SshGateway,
    shared: &Shared,
    session: &mut RunningSession<SshHandler>,
    reason: &str,
) -> String {
    shared.end_all();
    let channels_closed = async {
        let mut stages = shared.stage.subscribe();
        let empty = |stage: &Stage| !matches!(stage, Stage::Authenticated { channels: 1.., .. });
        let _ = stages.wait_for(empty).await;
    };
    tokio::select! {
        _ = timeout(gateway.times.end, channels_closed) => {}
        _ = &mut *session => return reason.to_owned(),
    }
    let handle = session.handle();
    let goodbye = async {
        let _ = handle.disconnect(Disconnect::ByApplication, reason.to_owned(), String::new()).await;
        let _ = session.await;
    };
    let _ = timeout(gateway.times.end.min(std::time::Duration::from_secs(1)), goodbye).await;
    reason.to_owned()
}
