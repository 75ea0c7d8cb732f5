//! Who is at the other end of a connection, and what they may go on with.

use std::future::Future;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use data_encoding::BASE32_NOPAD;
use futures_util::FutureExt as _;
use model::{Concurrency, Error, Result, SafeText};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;
use tokio::time::Instant;

use super::connection::Handler;
use super::dispatch::Reply;
use super::scheduler::concurrency_of;
use super::{NativeGateway, dispatch, tweets};
use crate::limits::{ConnectionPermit, RateKey};
use service::live::{Delivery, LiveConnection};
use service::{Caller, LoggedIn};

/// A request that takes longer than this is logged.
const SLOW: Duration = Duration::from_secs(1);

/// One connection's caller, from anonymous to logged in and back.
#[derive(Debug)]
pub(super) struct ConnectionContext {
    pub(super) gateway: Arc<NativeGateway>,
    /// `None` on the operator's socket.
    address: Option<IpAddr>,
    client_name: OnceLock<String>,
    state: Mutex<State>,
    leaving: Arc<SelfLogout>,
}

/// Whether this connection is ending its own session: then it gets an answer, and is not told as the others are.
#[derive(Debug, Default)]
struct SelfLogout {
    asked: AtomicBool,
    /// It would have been told.
    ended: AtomicBool,
}

#[derive(Debug)]
struct State {
    caller: Caller,
    live: Option<Arc<LiveConnection>>,
    permit: Option<ConnectionPermit>,
}

impl ConnectionContext {
    /// Somebody from the network, not logged in yet.
    pub(super) fn anonymous(
        gateway: Arc<NativeGateway>,
        address: IpAddr,
        permit: ConnectionPermit,
    ) -> Arc<Self> {
        let caller = Caller::Anonymous(address);
        Self::new(gateway, Some(address), State { caller, live: None, permit: Some(permit) })
    }

    /// Whoever can open the operator's socket.
    pub(super) fn operator(gateway: Arc<NativeGateway>) -> Arc<Self> {
        Self::new(gateway, None, State { caller: Caller::Operator, live: None, permit: None })
    }

    fn new(gateway: Arc<NativeGateway>, address: Option<IpAddr>, state: State) -> Arc<Self> {
        Arc::new(Self {
            gateway,
            address,
            client_name: OnceLock::new(),
            state: Mutex::new(state),
            leaving: Arc::default(),
        })
    }

    pub(super) fn caller(&self) -> Caller {
        self.lock().caller
    }

    /// As the client called itself; empty before its hello.
    pub(super) fn client_name(&self) -> &str {
        self.client_name.get().map_or("", String::as_str)
    }

    /// What is pushed to this caller.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` for whoever has no account.
    pub(super) fn live(&self) -> Result<Arc<LiveConnection>> {
        self.lock().live.clone().ok_or_else(|| Error::Unauthenticated("log in first".into()))
    }

    /// The connection belongs to this session from now on.
    pub(super) fn log_in(&self, logged_in: &LoggedIn) {
        let account = logged_in.profile.account.id;
        self.leaving.asked.store(false, Ordering::Relaxed);
        let live = self.gateway.live.connect(account, logged_in.session);
        let caller = Caller::Member { account, session: logged_in.session, role: logged_in.profile.role };
        self.enter(caller, Some(Arc::new(live)));
    }

    /// The connection belongs to nobody again.
    pub(super) fn log_out(&self) {
        self.enter(self.address.map_or(Caller::Operator, Caller::Anonymous), None);
    }

    /// Carries out what ends the session of this connection too.
    ///
    /// # Errors
    /// Those of the work; then the session goes on, unless it was ended from elsewhere meanwhile.
    pub(super) async fn leave(&self, work: impl Future<Output = Result<()>>) -> Result<()> {
        self.leaving.asked.store(true, Ordering::Relaxed);
        let result = work.await;
        let has_ended = self.leaving.ended.swap(false, Ordering::Relaxed);
        if result.is_ok() || has_ended {
            // It may still be on its way to be told.
            self.log_out();
        } else {
            self.leaving.asked.store(false, Ordering::Relaxed);
        }
        result
    }

    fn enter(&self, caller: Caller, live: Option<Arc<LiveConnection>>) {
        let mut state = self.lock();
        state.caller = caller;
        if let Some(permit) = &mut state.permit {
            permit.set_authenticated(matches!(caller, Caller::Member { .. }));
        }
        let before = std::mem::replace(&mut state.live, live);
        drop(state);
        drop(before);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a request against the caller's rate.
    fn check_rate(&self, caller: Caller) -> Result<()> {
        match caller {
            Caller::Anonymous(address) => self.gateway.rates.check(RateKey::Address(address)),
            Caller::Member { account, .. } => self.gateway.rates.check(RateKey::Account(account)),
            Caller::Operator => Ok(()),
        }
    }

    /// In its turn, and refused when that does not come soon. Changes wait for their turn at the disk instead.
    async fn answer_in_turn(&self, request: v1::Request, since: Instant) -> Result<Reply> {
        let reads = concurrency_of(request.op.as_ref()) == Concurrency::Parallel;
        let _turn = if reads && !matches!(self.caller(), Caller::Operator) {
            self.gateway.turns.take(since).await?
        } else {
            None
        };
        self.answer(request).await
    }

    async fn answer(&self, request: v1::Request) -> Result<Reply> {
        // A fault in one request must not take the others of the connection with it.
        match AssertUnwindSafe(dispatch::dispatch(self, request)).catch_unwind().await {
            Ok(result) => result,
            Err(_) => Err(self.incident()),
        }
    }

    /// A fault that the operator can find again.
    fn incident(&self) -> Error {
        let mut bytes = [0; 10];
        self.gateway.random.fill(&mut bytes);
        Error::Internal { incident: BASE32_NOPAD.encode(&bytes).to_ascii_lowercase() }
    }

    fn log(&self, operation: &str, took: Duration, result: &Result<Reply>) {
        let client = SafeText::line(self.client_name());
        let (caller, took_ms) = (CallerInLog(self.caller()), took.as_millis());
        match result {
            Err(Error::Internal { incident }) => {
                tracing::error!(operation, %caller, %client, took_ms, incident, "a request failed");
            }
            Err(error @ (Error::StorageFull | Error::Unavailable(_))) => {
                tracing::warn!(operation, %caller, %client, took_ms, code = error.code(), "a request failed");
            }
            _ if took > SLOW => {
                tracing::warn!(operation, %caller, %client, took_ms, "a request was slow");
            }
            _ => {}
        }
    }
}

impl Handler for ConnectionContext {
    fn greet(&self, client_name: &str) {
        // The connection takes one hello only.
        let _ = self.client_name.set(client_name.to_owned());
    }

    fn is_logged_in(&self) -> bool {
        !matches!(self.caller(), Caller::Anonymous(_))
    }

    fn begin(&self, request: &v1::Request) -> Option<Reply> {
        self.gateway.requests.fetch_add(1, Ordering::Relaxed);
        let (caller, live) = {
            let state = self.lock();
            (state.caller, state.live.clone())
        };
        if let Err(error) = self.check_rate(caller) {
            return Some(error_answer(&error));
        }
        if let Some(live) = live {
            live.touch();
        }
        let Some(Op::ReadTimeline(ask)) = &request.op else { return None };
        let service = &self.gateway.service;
        let page = || tweets::read_timeline_now(service, &caller, ask);
        match catch_unwind(AssertUnwindSafe(page)) {
            Ok(answered) => answered,
            Err(_) => Some(error_answer(&self.incident())),
        }
    }

    async fn handle(self: Arc<Self>, request: v1::Request, since: Instant) -> Reply {
        let operation = request.op.as_ref().map_or("unknown", |op| op.operation().name());
        let start = Instant::now();
        let mut result = self.answer_in_turn(request, since).await;
        if let Err(Error::Internal { incident }) = &result
            && incident.is_empty()
        {
            result = Err(self.incident());
        }
        self.log(operation, start.elapsed(), &result);
        result.unwrap_or_else(|error| error_answer(&error))
    }

    fn next_delivery(&self) -> impl Future<Output = Delivery> + Send {
        let (live, leaving) = (self.lock().live.clone(), Arc::clone(&self.leaving));
        async move {
            let Some(live) = live else { return std::future::pending().await };
            loop {
                match live.next().await {
                    Delivery::SessionEnded if leaving.asked.load(Ordering::Relaxed) => {
                        leaving.ended.store(true, Ordering::Relaxed);
                    }
                    delivery => return delivery,
                }
            }
        }
    }
}

fn error_answer(error: &Error) -> Reply {
    Reply::Result(response::Result::Error(error.into()))
}

/// A caller as the log shows them: an identifier, an address, never a name that someone chose.
pub(super) struct CallerInLog(pub(super) Caller);

impl std::fmt::Display for CallerInLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Caller::Anonymous(address) => write!(f, "{address}"),
            Caller::Member { account, .. } => write!(f, "account {account}"),
            Caller::Operator => f.write_str("operator"),
        }
    }
}
