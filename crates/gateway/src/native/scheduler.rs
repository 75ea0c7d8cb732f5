//! The request scheduler of a connection: decides which request starts next.
//!
//! Reads run in parallel. Changes reach the store in the order in which they were sent. A change of the session (log-in,
//! log-out) runs exclusively, so that requests sent right after it belong to the new session.

use std::collections::VecDeque;

use model::Concurrency;
use protocol::v1;
use protocol::v1::request::Op;
use tokio::time::Instant;

/// The class of a request is that of its operation, but for one case: a post that refers to another tweet looks that
/// tweet up before it writes, so that it cannot enter the store's queue at once as a plain post does.
pub(super) fn concurrency_of(op: Option<&Op>) -> Concurrency {
    match op {
        Some(Op::Post(post)) if post.reply_to != 0 || post.quote_of != 0 => Concurrency::SerialWrite,
        Some(op) => op.operation().concurrency(),
        // A request that only newer servers know: the answer is an error.
        None => Concurrency::Parallel,
    }
}

/// A request that has not started.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) concurrency: Concurrency,
    pub(super) request: v1::Request,
    /// When it arrived.
    pub(super) since: Instant,
}

/// The requests of a connection that have no response yet: running and waiting.
#[derive(Debug, Default)]
pub(super) struct RequestScheduler {
    /// A list, because there are so few that a set is slower.
    ids: Vec<u32>,
    waiting: VecDeque<Waiting>,
    /// How many of each class run.
    parallel: usize,
    pipelined: usize,
    serial: bool,
    exclusive: bool,
}

impl RequestScheduler {
    /// Whether the request with this id has no response yet.
    pub(super) fn contains(&self, id: u32) -> bool {
        self.ids.contains(&id)
    }

    /// Requests without a response.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether a request that changes the session is running.
    pub(super) fn runs_exclusive(&self) -> bool {
        self.exclusive
    }

    /// Adds a request. The caller has checked [`RequestScheduler::contains`] and [`RequestScheduler::len`].
    pub(super) fn push(&mut self, request: v1::Request, since: Instant) {
        self.ids.push(request.id);
        let concurrency = concurrency_of(request.op.as_ref());
        self.waiting.push_back(Waiting { concurrency, request, since });
    }

    /// The next request that can start now, in order of arrival. Reads overtake waiting changes; nothing overtakes a
    /// change of the session.
    pub(super) fn start(&mut self) -> Option<Waiting> {
        if self.exclusive {
            return None;
        }
        let mut change_waits = false;
        let mut found = None;
        for (index, Waiting { concurrency, .. }) in self.waiting.iter().enumerate() {
            let can_start = match concurrency {
                Concurrency::Parallel => true,
                Concurrency::PipelinedWrite | Concurrency::SerialWrite => !change_waits && !self.serial,
                Concurrency::Exclusive => {
                    index == 0 && self.parallel == 0 && self.pipelined == 0 && !self.serial
                }
            };
            if can_start {
                found = Some(index);
                break;
            }
            if *concurrency == Concurrency::Exclusive {
                break;
            }
            change_waits = true;
        }
        let waiting = self.waiting.remove(found?)?;
        match waiting.concurrency {
            Concurrency::Parallel => self.parallel += 1,
            Concurrency::PipelinedWrite => self.pipelined += 1,
            Concurrency::SerialWrite => self.serial = true,
            Concurrency::Exclusive => self.exclusive = true,
        }
        Some(waiting)
    }

    /// A request that had started has its response.
    pub(super) fn finish(&mut self, id: u32, concurrency: Concurrency) {
        self.ids.retain(|other| *other != id);
        match concurrency {
            Concurrency::Parallel => self.parallel -= 1,
            Concurrency::PipelinedWrite => self.pipelined -= 1,
            Concurrency::SerialWrite => self.serial = false,
            Concurrency::Exclusive => self.exclusive = false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(id: u32, op: Op) -> v1::Request {
        v1::Request { id, op: Some(op), ..v1::Request::default() }
    }

    fn post() -> Op {
        Op::Post(v1::Post::default())
    }

    fn like() -> Op {
        Op::Like(v1::Like::default())
    }

    fn read() -> Op {
        Op::GetTrends(v1::GetTrends::default())
    }

    fn log_in() -> Op {
        Op::LogIn(v1::LogIn::default())
    }

    fn scheduler(ops: impl IntoIterator<Item = Op>) -> RequestScheduler {
        let mut scheduler = RequestScheduler::default();
        for (id, op) in (1..).zip(ops) {
            scheduler.push(request(id, op), Instant::now());
        }
        scheduler
    }

    fn start_all(scheduler: &mut RequestScheduler) -> Vec<u32> {
        std::iter::from_fn(|| scheduler.start()).map(|waiting| waiting.request.id).collect()
    }

    #[test]
    fn posts_start_one_after_the_other_without_waiting() {
        assert_eq!(start_all(&mut scheduler([post(), post(), post()])), [1, 2, 3]);
    }

    #[test]
    fn a_change_waits_for_the_one_before_it_and_reads_do_not() {
        let mut scheduler = scheduler([like(), like(), read(), post()]);
        assert_eq!(start_all(&mut scheduler), [1, 3]);
        scheduler.finish(1, Concurrency::SerialWrite);
        assert_eq!(start_all(&mut scheduler), [2]);
        scheduler.finish(2, Concurrency::SerialWrite);
        assert_eq!(start_all(&mut scheduler), [4]);
    }

    #[test]
    fn a_reply_and_a_quote_wait_for_the_post_before_them() {
        for refers in
            [v1::Post { reply_to: 1, ..v1::Post::default() }, v1::Post { quote_of: 1, ..v1::Post::default() }]
        {
            assert_eq!(start_all(&mut scheduler([Op::Post(refers.clone()), post()])), [1], "{refers:?}");
        }
    }

    #[test]
    fn a_log_in_runs_exclusively() {
        let mut scheduler = scheduler([read(), log_in(), read(), post()]);
        assert_eq!(start_all(&mut scheduler), [1]);
        scheduler.finish(1, Concurrency::Parallel);
        assert_eq!(start_all(&mut scheduler), [2]);
        scheduler.finish(2, Concurrency::Exclusive);
        assert_eq!(start_all(&mut scheduler), [3, 4]);
    }

    #[test]
    fn an_id_is_in_flight_until_its_response() {
        let mut scheduler = scheduler([post()]);
        assert!(scheduler.contains(1));
        assert_eq!(start_all(&mut scheduler), [1]);
        assert!(scheduler.contains(1));
        scheduler.finish(1, Concurrency::PipelinedWrite);
        assert!(scheduler.is_empty());
    }
}
