//! In which order the requests of one connection are carried out.
//!
//! Reads run side by side. What changes something reaches the store in the order in which it was sent. A change
//! of the session (log-in, log-out) runs alone, so that what follows it in the same packet meets the new session.

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
    pub(super) order: Concurrency,
    pub(super) request: v1::Request,
    /// When it came.
    pub(super) since: Instant,
}

/// The requests of a connection that have not been answered: those that run and those that wait.
#[derive(Debug, Default)]
pub(super) struct RequestScheduler {
    /// Few: a list is faster than a set.
    ids: Vec<u32>,
    waiting: VecDeque<Waiting>,
    free: usize,
    queued: usize,
    step: bool,
    alone: bool,
}

impl RequestScheduler {
    /// Whether a request with this id has not been answered.
    pub(super) fn contains(&self, id: u32) -> bool {
        self.ids.contains(&id)
    }

    /// Requests that have not been answered.
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Whether a request runs that changes the session.
    pub(super) fn runs_alone(&self) -> bool {
        self.alone
    }

    /// Takes a request in. The caller has looked at [`RequestScheduler::contains`] and [`RequestScheduler::len`].
    pub(super) fn push(&mut self, request: v1::Request, since: Instant) {
        self.ids.push(request.id);
        let order = concurrency_of(request.op.as_ref());
        self.waiting.push_back(Waiting { order, request, since });
    }

    /// The next request that can start now, in the order in which they came. Reads overtake changes that wait,
    /// nothing overtakes a change of the session.
    pub(super) fn start(&mut self) -> Option<Waiting> {
        if self.alone {
            return None;
        }
        let mut change_waits = false;
        let mut found = None;
        for (index, Waiting { order, .. }) in self.waiting.iter().enumerate() {
            let can_start = match order {
                Concurrency::Parallel => true,
                Concurrency::PipelinedWrite => !change_waits && !self.step,
                Concurrency::SerialWrite => !change_waits && !self.step,
                Concurrency::Exclusive => index == 0 && self.free == 0 && self.queued == 0 && !self.step,
            };
            if can_start {
                found = Some(index);
                break;
            }
            if *order == Concurrency::Exclusive {
                break;
            }
            change_waits = true;
        }
        let waiting = self.waiting.remove(found?)?;
        match waiting.order {
            Concurrency::Parallel => self.free += 1,
            Concurrency::PipelinedWrite => self.queued += 1,
            Concurrency::SerialWrite => self.step = true,
            Concurrency::Exclusive => self.alone = true,
        }
        Some(waiting)
    }

    /// A request that had started was answered.
    pub(super) fn finish(&mut self, id: u32, order: Concurrency) {
        self.ids.retain(|other| *other != id);
        match order {
            Concurrency::Parallel => self.free -= 1,
            Concurrency::PipelinedWrite => self.queued -= 1,
            Concurrency::SerialWrite => self.step = false,
            Concurrency::Exclusive => self.alone = false,
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
    fn posts_start_one_behind_the_other_without_waiting() {
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
    fn a_log_in_runs_alone() {
        let mut scheduler = scheduler([read(), log_in(), read(), post()]);
        assert_eq!(start_all(&mut scheduler), [1]);
        scheduler.finish(1, Concurrency::Parallel);
        assert_eq!(start_all(&mut scheduler), [2]);
        scheduler.finish(2, Concurrency::Exclusive);
        assert_eq!(start_all(&mut scheduler), [3, 4]);
    }

    #[test]
    fn an_id_is_in_flight_until_its_answer() {
        let mut scheduler = scheduler([post()]);
        assert!(scheduler.contains(1));
        assert_eq!(start_all(&mut scheduler), [1]);
        assert!(scheduler.contains(1));
        scheduler.finish(1, Concurrency::PipelinedWrite);
        assert!(scheduler.is_empty());
    }
}
