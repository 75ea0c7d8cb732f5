//! The requests of one connection: through the pipeline to their handler.

use std::sync::Arc;

use model::{Concurrency, Error, Operation};
use protocol::v1;
use protocol::v1::read_timeline::Timeline;
use protocol::v1::request::Op;
use tokio::time::Instant;

use super::call::Reply;
use super::context::ConnectionContext;
use super::{dispatch, tweets};
use store::fault::{self, InjectedBug};

/// Counts a request, and answers it if nothing has to be waited for: an error, or a page that is in memory.
pub(super) fn begin(connection: &ConnectionContext, request: &v1::Request) -> Option<Reply> {
    let (caller, live) = connection.caller_and_live();
    let context = connection.request(caller);
    if let Err(error) = context.count() {
        return Some((&error).into());
    }
    if let Some(live) = live {
        live.touch();
    }
    let Some(Op::ReadTimeline(ask)) = &request.op else { return None };
    let read = || tweets::read_timeline_now(&connection.gateway.service, &caller, ask);
    context.run_now(Operation::ReadTimeline, read).unwrap_or_else(|error| Some((&error).into()))
}

/// Carries out a request that [`begin`] left. It arrived at `since`.
pub(super) async fn handle(
    connection: Arc<ConnectionContext>,
    request: v1::Request,
    since: Instant,
) -> Reply {
    let Some(op) = request.op else {
        return (&Error::invalid("op", "is none that this server knows")).into();
    };
    // Before the permit of a read, which it would hold while it waits.
    let _search = if is_search(&op) && !fault::is_on(InjectedBug::UnboundedSearches) {
        match connection.gateway.shared.searches.acquire(since).await {
            Ok(permit) => permit,
            Err(error) => return (&error).into(),
        }
    } else {
        None
    };
    let operation = op.operation();
    let reads = operation.concurrency() == Concurrency::Parallel;
    let work = async {
        if reads {
            connection.check_unread()?;
        }
        dispatch::dispatch(&connection, op, &request.idempotency_key).await
    };
    let context = connection.request(connection.caller());
    context.run(operation, since, work).await.unwrap_or_else(|error| (&error).into())
}

/// Whether a request looks through an index of words or names.
fn is_search(op: &Op) -> bool {
    match op {
        Op::ReadTimeline(ask) => matches!(ask.timeline, Some(Timeline::Search(_))),
        Op::SearchPeople(_) | Op::SearchHashtags(_) => true,
        _ => false,
    }
}
