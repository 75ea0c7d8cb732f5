//! The state of one ssh connection, shared by the library's handler and the task that watches its deadlines.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use model::Error;
use russh::ChannelId;
use service::{Caller, LoggedIn};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::app::SshSession;
use super::channel::Input;
use super::config::SshTimeouts;
use super::ending::Ending;
use super::gateway::SshGateway;

/// Open channels of a connection.
const CHANNELS_MAX: usize = 2;
/// Channels of a connection in its life: the ssh library keeps some memory of each until the connection ends.
const CHANNELS_EVER_MAX: u32 = 10_000;

/// The state of one ssh connection.
#[derive(Debug)]
pub(super) struct ConnectionState {
    state: Mutex<State>,
    /// What the deadline depends on.
    stage: watch::Sender<Stage>,
    /// Why the gateway ends the connection.
    ending: watch::Sender<Option<&'static str>>,
}

#[derive(Debug)]
struct State {
    /// A clone is held by every running application: the channel closes when the last one has ended.
    running: Option<mpsc::Sender<()>>,
    member: Option<Member>,
    offered_key: Option<String>,
    refused: Option<Error>,
    /// The open channels, with the receiver of their input.
    channels: HashMap<ChannelId, Option<Input>>,
    channels_ever: u32,
    last_input: Instant,
    /// No application starts any more.
    ending: bool,
}

#[derive(Debug, Clone)]
struct Member {
    caller: Caller,
    username: String,
    token: Option<[u8; 32]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Unauthenticated,
    Authenticated { channels: usize, member: bool },
}

impl ConnectionState {
    /// `running` is closed when the last application has ended.
    pub(super) fn new(running: mpsc::Sender<()>) -> Arc<Self> {
        let state = State {
            running: Some(running),
            member: None,
            offered_key: None,
            refused: None,
            channels: HashMap::new(),
            channels_ever: 0,
            last_input: Instant::now(),
            ending: false,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            stage: watch::Sender::new(Stage::Unauthenticated),
            ending: watch::Sender::new(None),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The client has proved a key of this account.
    pub(super) fn set_member(&self, logged_in: &LoggedIn) {
        self.lock().member = Some(Member {
            caller: logged_in.caller(),
            username: logged_in.profile.account.username.to_string(),
            token: logged_in.token,
        });
    }

    /// The client has proved a key that is bound to no account.
    pub(super) fn set_offered_key(&self, public_key: Option<String>) {
        self.lock().offered_key = public_key;
    }

    /// The client has proved a key of an account that may not log in, for this reason.
    pub(super) fn set_refused(&self, why: Error) {
        self.lock().refused = Some(why);
    }

    /// The client is authenticated: as the member that was set, or as a guest.
    pub(super) fn set_authenticated(&self) {
        let member = self.lock().member.is_some();
        self.stage.send_replace(Stage::Authenticated { channels: 0, member });
    }

    /// Adds a channel; `false` if there are too many.
    pub(super) fn open(&self, channel: ChannelId) -> bool {
        let mut state = self.lock();
        let is_full = state.channels.len() >= CHANNELS_MAX || state.channels_ever >= CHANNELS_EVER_MAX;
        if state.ending || is_full {
            return false;
        }
        state.channels_ever += 1;
        state.channels.insert(channel, None);
        self.changed(state);
        true
    }

    /// Removes a channel that the client, the application or the gateway closes.
    pub(super) fn close(&self, channel: ChannelId) {
        let mut state = self.lock();
        state.channels.remove(&channel);
        self.changed(state);
    }

    pub(super) fn is_open(&self, channel: ChannelId) -> bool {
        self.lock().channels.contains_key(&channel)
    }

    fn changed(&self, mut state: MutexGuard<'_, State>) {
        state.last_input = Instant::now();
        let count = state.channels.len();
        drop(state);
        self.stage.send_modify(|stage| {
            if let Stage::Authenticated { channels, .. } = stage {
                *channels = count;
            }
        });
    }

    /// There was input.
    pub(super) fn record_input(&self) {
        self.lock().last_input = Instant::now();
    }

    /// To be held while an application runs; `None` when the connection ends.
    pub(super) fn running(&self) -> Option<mpsc::Sender<()>> {
        self.lock().running.clone()
    }

    /// Input of the channel goes there from now on.
    pub(super) fn set_input(&self, channel: ChannelId, input: Input) {
        let mut state = self.lock();
        if !state.ending
            && let Some(target) = state.channels.get_mut(&channel)
        {
            *target = Some(input);
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

    /// The end of the connection.
    pub(super) fn ending(&self) -> Ending {
        Ending::new(self.ending.subscribe())
    }

    /// The gateway ends the connection for this reason: asks all applications to end.
    pub(super) fn end_because(&self, why: &'static str) {
        self.ending.send_replace(Some(why));
        self.end_all();
    }

    /// Asks all applications to end by closing their input.
    pub(super) fn end_all(&self) {
        let mut state = self.lock();
        state.ending = true;
        state.running = None;
        state.channels.values_mut().for_each(|input| *input = None);
    }

    /// The session for an application.
    pub(super) fn session(
        &self,
        gateway: &SshGateway,
        peer: IpAddr,
        local: Option<SocketAddr>,
    ) -> SshSession {
        let state = self.lock();
        let member = state.member.as_ref();
        SshSession {
            username: member.map(|member| member.username.clone()),
            token: member.and_then(|member| member.token),
            // Only guests are asked whether to bind a key.
            offered_key: state.offered_key.clone().filter(|_| member.is_none()),
            refused: state.refused.clone().filter(|_| member.is_none()),
            peer,
            local,
            connector: gateway.connector.for_peer(peer),
        }
    }

    /// When the connection times out in this stage.
    pub(super) fn deadline(&self, stage: Stage, timeouts: &SshTimeouts, start: Instant) -> Instant {
        let last_input = self.lock().last_input;
        match stage {
            Stage::Unauthenticated => start + timeouts.authenticate,
            Stage::Authenticated { channels: 0, .. } => last_input + timeouts.without_channel,
            Stage::Authenticated { .. } => last_input + timeouts.idle,
        }
    }

    /// Sees every change of the stage.
    pub(super) fn stages(&self) -> watch::Receiver<Stage> {
        self.stage.subscribe()
    }

    /// The session that was made for this connection, once.
    pub(super) fn take_caller(&self) -> Option<Caller> {
        self.lock().member.take().map(|member| member.caller)
    }
}
