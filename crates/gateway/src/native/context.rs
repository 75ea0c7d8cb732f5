//! The state of one connection: its caller, anonymous or logged in, and where its pushes come from.

use std::future::Future;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use model::{Error, Result};
use service::live::{Delivery, LiveConnection};
use service::{Caller, LoggedIn};

use super::gateway::NativeGateway;
use crate::limits::ConnectionPermit;
use crate::pipeline::RequestContext;
use crate::unread::UnreadShare;

/// One connection, from anonymous to logged in and back.
#[derive(Debug)]
pub(super) struct ConnectionContext {
    pub(super) gateway: Arc<NativeGateway>,
    /// `None` on the operator socket.
    address: Option<IpAddr>,
    /// The client can move to another server.
    can_move: bool,
    client_name: OnceLock<String>,
    state: Mutex<State>,
    self_logout: Arc<SelfLogout>,
}

/// Set while this connection ends its own session, so that it gets a response instead of the `SessionEnded` push that
/// the session's other connections get.
#[derive(Debug, Default)]
struct SelfLogout {
    requested: AtomicBool,
    /// The push came and was held back.
    session_ended: AtomicBool,
}

#[derive(Debug)]
struct State {
    caller: Caller,
    live: Option<Arc<LiveConnection>>,
    permit: Option<ConnectionPermit>,
    /// `None` before log-in.
    unread: Option<UnreadShare>,
}

impl State {
    fn anonymous(address: IpAddr, permit: ConnectionPermit) -> Self {
        Self { caller: Caller::Anonymous(address), live: None, permit: Some(permit), unread: None }
    }
}

impl ConnectionContext {
    /// A connection from the network that has not logged in.
    pub(super) fn anonymous(
        gateway: Arc<NativeGateway>,
        address: IpAddr,
        permit: ConnectionPermit,
    ) -> Arc<Self> {
        Self::new(gateway, Some(address), true, State::anonymous(address, permit))
    }

    /// A connection within the process, on behalf of this address. Who uses it decides when it ends.
    pub(super) fn within(
        gateway: Arc<NativeGateway>,
        address: IpAddr,
        permit: ConnectionPermit,
    ) -> Arc<Self> {
        Self::new(gateway, Some(address), false, State::anonymous(address, permit))
    }

    /// A connection on the operator socket.
    pub(super) fn operator(gateway: Arc<NativeGateway>) -> Arc<Self> {
        let state = State { caller: Caller::Operator, live: None, permit: None, unread: None };
        Self::new(gateway, None, false, state)
    }

    fn new(gateway: Arc<NativeGateway>, address: Option<IpAddr>, can_move: bool, state: State) -> Arc<Self> {
        Arc::new(Self {
            gateway,
            address,
            can_move,
            client_name: OnceLock::new(),
            state: Mutex::new(state),
            self_logout: Arc::default(),
        })
    }

    /// Resolves when the client has to leave; with the time after which it may reconnect.
    pub(super) async fn leaves(&self) -> Duration {
        let shared = &self.gateway.shared;
        tokio::select! {
            biased;
            () = shared.stops() => self.gateway.reconnect_after(),
            // Another server takes the client now.
            () = shared.turn_to_leave(), if self.can_move => Duration::ZERO,
        }
    }

    pub(super) fn caller(&self) -> Caller {
        self.lock().caller
    }

    pub(super) fn caller_and_live(&self) -> (Caller, Option<Arc<LiveConnection>>) {
        let state = self.lock();
        (state.caller, state.live.clone())
    }

    /// False before log-in and after log-out. It changes only with requests of
    /// [`Concurrency::Exclusive`](model::Concurrency::Exclusive).
    pub(super) fn is_logged_in(&self) -> bool {
        !matches!(self.caller(), Caller::Anonymous(_))
    }

    /// Stores the name in the client's hello, of which there is one.
    pub(super) fn set_client_name(&self, name: &str) {
        let _ = self.client_name.set(name.to_owned());
    }

    /// The name in the client's hello; empty before it.
    pub(super) fn client_name(&self) -> &str {
        self.client_name.get().map_or("", String::as_str)
    }

    /// A request of this caller for the pipeline.
    pub(super) fn request(&self, caller: Caller) -> RequestContext<'_> {
        RequestContext { shared: &self.gateway.shared, caller, client: self.client_name() }
    }

    /// This many bytes wait for the client to read them.
    pub(super) fn set_unread(&self, bytes: usize) {
        if let Some(unread) = &self.lock().unread {
            unread.set(bytes);
        }
    }

    /// Refuses a read of an account that does not read what it has asked for.
    ///
    /// # Errors
    /// `BUSY` at the limit of unread bytes, over all connections of the account.
    pub(super) fn check_unread(&self) -> Result<()> {
        if self.lock().unread.as_ref().is_some_and(UnreadShare::is_full) { Err(Error::Busy) } else { Ok(()) }
    }

    /// The source of this caller's pushes.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for a caller without an account.
    pub(super) fn live(&self) -> Result<Arc<LiveConnection>> {
        self.lock().live.clone().ok_or_else(|| Error::Unauthenticated("log in first".into()))
    }

    /// Waits for the next push; forever before log-in. Cancel safe.
    pub(super) fn next_delivery(&self) -> impl Future<Output = Delivery> + Send + use<> {
        let (live, self_logout) = (self.lock().live.clone(), Arc::clone(&self.self_logout));
        async move {
            let Some(live) = live else { return std::future::pending().await };
            loop {
                match live.next().await {
                    Delivery::SessionEnded | Delivery::AccountClosed
                        if self_logout.requested.load(Ordering::Relaxed) =>
                    {
                        self_logout.session_ended.store(true, Ordering::Relaxed);
                    }
                    delivery => return delivery,
                }
            }
        }
    }

    /// The connection belongs to this session from now on.
    pub(super) fn log_in(&self, logged_in: &LoggedIn) {
        let account = logged_in.profile.account.id;
        self.self_logout.requested.store(false, Ordering::Relaxed);
        let live = self.gateway.service.live().connect(account, logged_in.session);
        let caller = Caller::Member { account, session: logged_in.session, role: logged_in.profile.role };
        self.set_caller(caller, Some(Arc::new(live)));
    }

    /// The connection is anonymous again, or the operator's.
    pub(super) fn log_out(&self) {
        self.set_caller(self.address.map_or(Caller::Operator, Caller::Anonymous), None);
    }

    /// Carries out a request that ends the session of this connection too.
    ///
    /// # Errors
    /// Those of `work`; then the session goes on, unless another request ended it meanwhile.
    pub(super) async fn end_session_by(&self, work: impl Future<Output = Result<()>>) -> Result<()> {
        self.self_logout.requested.store(true, Ordering::Relaxed);
        let result = work.await;
        let has_ended = self.self_logout.session_ended.swap(false, Ordering::Relaxed);
        if result.is_ok() || has_ended {
            // The flag stays set: the push may still be on its way.
            self.log_out();
        } else {
            self.self_logout.requested.store(false, Ordering::Relaxed);
        }
        result
    }

    fn set_caller(&self, caller: Caller, live: Option<Arc<LiveConnection>>) {
        let mut state = self.lock();
        state.caller = caller;
        if let Some(permit) = &mut state.permit {
            permit.set_authenticated(matches!(caller, Caller::Member { .. }));
        }
        let unread = match caller {
            Caller::Member { account, .. } => Some(self.gateway.shared.unread.connect(account)),
            Caller::Anonymous(_) | Caller::Operator => None,
        };
        let before = (std::mem::replace(&mut state.live, live), std::mem::replace(&mut state.unread, unread));
        drop(state);
        // Disconnecting takes locks of its own.
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
