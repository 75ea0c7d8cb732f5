//! What every request goes through in every gateway: the rate limit, a permit for reads, isolation of panics, and the
//! log of failed and slow requests.
//!
//! It knows no protocol: a gateway says which operation it is and gives the future that carries it out.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use futures_util::FutureExt as _;
use model::{Concurrency, Error, Operation, Result, SafeText};
use service::Caller;
use tokio::time::Instant;

use crate::limits::RateKey;
use crate::log_limit::LogLimit;
use crate::shared::Shared;

/// Requests that take longer are logged.
const SLOW: Duration = Duration::from_secs(1);

static FAILED: LogLimit = LogLimit::new();
static SLOW_REQUESTS: LogLimit = LogLimit::new();

/// Who makes a request, and the server that it is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RequestContext<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) caller: Caller,
    /// Name of the client program, as it introduced itself. Not trusted.
    pub(crate) client: &'a str,
}

impl RequestContext<'_> {
    /// Counts a request.
    ///
    /// # Errors
    /// `RATE_LIMITED` when the caller makes too many.
    pub(crate) fn count(&self) -> Result<()> {
        self.shared.count_request();
        match self.caller {
            Caller::Anonymous(address) => self.shared.rates.check(RateKey::Address(address)),
            Caller::Member { account, .. } => self.shared.rates.check(RateKey::Account(account)),
            Caller::Operator => Ok(()),
        }
    }

    /// Carries out a request that arrived at `since`. A read waits for a permit first; changes queue in the store
    /// instead.
    ///
    /// # Errors
    /// Those of `work`, `BUSY` for a read that had to wait too long, `INTERNAL` when `work` panics.
    pub(crate) async fn run<T>(
        &self,
        operation: Operation,
        since: Instant,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let start = Instant::now();
        let limited = operation.concurrency() == Concurrency::Parallel && self.caller != Caller::Operator;
        let guarded = async {
            let _permit = if limited { self.shared.reads.acquire(since).await? } else { None };
            // A panic in one request must not end the others of its connection.
            AssertUnwindSafe(work)
                .catch_unwind()
                .await
                .unwrap_or_else(|panic| Err(panic_incident("request", &*panic)))
        };
        let result = guarded.await;
        self.log(operation, start.elapsed(), result.as_ref().err());
        result
    }

    /// The same for work that waits for nothing and needs no permit.
    ///
    /// # Errors
    /// `INTERNAL` when `work` panics.
    pub(crate) fn run_now<T>(&self, operation: Operation, work: impl FnOnce() -> T) -> Result<T> {
        let result = catch_unwind(AssertUnwindSafe(work)).map_err(|panic| panic_incident("request", &*panic));
        self.log(operation, Duration::ZERO, result.as_ref().err());
        result
    }

    fn log(&self, operation: Operation, took: Duration, error: Option<&Error>) {
        let log = |error: Option<&Error>| {
            let (operation, caller) = (operation.name(), CallerInLog(self.caller));
            let (client, took_ms) = (SafeText::line(self.client), took.as_millis());
            match error {
                Some(Error::Internal { incident }) => {
                    tracing::error!(operation, %caller, %client, took_ms, incident, "request failed");
                }
                Some(error) => {
                    if let Some(left_out) = FAILED.admit() {
                        let code = error.code();
                        tracing::warn!(operation, %caller, %client, took_ms, code, left_out, "request failed");
                    }
                }
                None => {
                    if let Some(left_out) = SLOW_REQUESTS.admit() {
                        tracing::warn!(operation, %caller, %client, took_ms, left_out, "slow request");
                    }
                }
            }
        };
        match error {
            Some(Error::Internal { .. } | Error::StorageFull | Error::Unavailable(_)) => log(error),
            _ if took > SLOW => log(None),
            _ => {}
        }
    }
}

/// Logs the message of a panic in `what`, and gives the error for the client.
pub(crate) fn panic_incident(what: &str, panic: &(dyn Any + Send)) -> Error {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(message), _) => message,
        (None, Some(message)) => message.as_str(),
        (None, None) => "without a message",
    };
    store::incident(&format_args!("panic in {what}: {message}"))
}

/// A caller as the log shows it: an identifier or an address, never a name that a person chose.
pub(crate) struct CallerInLog(pub(crate) Caller);

impl fmt::Display for CallerInLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Caller::Anonymous(address) => write!(f, "{address}"),
            Caller::Member { account, .. } => write!(f, "account {account}"),
            Caller::Operator => f.write_str("operator"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::{Arc, Mutex};

    use store::env::SystemRandom;
    use tokio::sync::watch;
    use tokio::time::advance;

    use super::*;
    use crate::shared::GatewayLimits;

    const CALLER: Caller = Caller::Anonymous(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));

    fn shared(limits: GatewayLimits) -> Arc<Shared> {
        Shared::new(limits, Arc::new(SystemRandom), watch::channel(false).1)
    }

    fn context(shared: &Shared) -> RequestContext<'_> {
        RequestContext { shared, caller: CALLER, client: "test" }
    }

    /// Everything that is logged while it exists.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Log {
        fn record() -> (Self, tracing::subscriber::DefaultGuard) {
            let log = Self::default();
            let writer = log.clone();
            let subscriber =
                tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
            (log, tracing::subscriber::set_default(subscriber))
        }

        fn lines_with(&self, text: &str) -> Vec<String> {
            let log = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            log.lines().filter(|line| line.contains(text)).map(str::to_owned).collect()
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_incident_with_its_cause_in_the_log() {
        let shared = shared(GatewayLimits::unlimited());
        let (log, _guard) = Log::record();
        let number = 42;
        let panics = async { panic!("index {number} is out of range\nforged line") };
        let failed: Result<()> = context(&shared).run(Operation::GetTweet, Instant::now(), panics).await;
        let Err(Error::Internal { incident }) = failed else { panic!("{failed:?}") };
        let lines = log.lines_with(&format!("incident=\"{incident}\""));
        assert!(
            lines.iter().any(|line| line.contains("panic in request: index 42 is out of range")),
            "{lines:?}"
        );
        assert!(lines.iter().any(|line| line.contains("operation=\"GetTweet\"")), "{lines:?}");

        let failed = context(&shared).run_now(Operation::ReadTimeline, || panic!("without arguments"));
        let Err::<(), _>(Error::Internal { incident }) = failed else { panic!("{failed:?}") };
        let lines = log.lines_with(&format!("incident=\"{incident}\""));
        assert!(lines.iter().any(|line| line.contains("panic in request: without arguments")), "{lines:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_read_waits_for_a_permit_and_a_change_does_not() {
        let read_wait = Some(Duration::from_millis(75));
        let shared = shared(GatewayLimits { concurrent_reads: 1, read_wait, ..GatewayLimits::unlimited() });
        let context = context(&shared);
        let _held = shared.reads.acquire(Instant::now()).await.unwrap();
        let done = async { Ok(()) };
        assert_eq!(context.run(Operation::GetTweet, Instant::now(), done).await, Err(Error::Busy));
        let done = async { Ok(()) };
        assert_eq!(context.run(Operation::Like, Instant::now(), done).await, Ok(()));
        let operator = RequestContext { caller: Caller::Operator, ..context };
        let done = async { Ok(()) };
        assert_eq!(operator.run(Operation::GetStatistics, Instant::now(), done).await, Ok(()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_request_is_logged_and_a_fast_one_is_not() {
        let shared = shared(GatewayLimits::unlimited());
        let (log, _guard) = Log::record();
        for (operation, took) in
            [(Operation::Like, SLOW), (Operation::Follow, SLOW + Duration::from_millis(1))]
        {
            let work = async {
                advance(took).await;
                Ok(())
            };
            context(&shared).run(operation, Instant::now(), work).await.unwrap();
        }
        let lines = log.lines_with("slow request");
        assert!(matches!(lines.as_slice(), [line] if line.contains("operation=\"Follow\"")), "{lines:?}");
    }

    #[test]
    fn every_request_is_counted_and_too_many_are_refused() {
        let limits =
            GatewayLimits { requests_per_second: 1, requests_burst: 2, ..GatewayLimits::unlimited() };
        let shared = shared(limits);
        let context = context(&shared);
        context.count().unwrap();
        context.count().unwrap();
        let refused = context.count().unwrap_err();
        assert!(matches!(refused, Error::RateLimited { .. }), "{refused:?}");
        let operator = RequestContext { caller: Caller::Operator, ..context };
        operator.count().unwrap();
        assert_eq!(shared.requests(), 4);
    }
}
