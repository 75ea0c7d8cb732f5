//! In which order the requests of one connection are carried out.
//!
//! Reads run side by side. What changes something reaches the store in the order in which it was sent. A change
//! of the session (log-in, log-out) runs alone, so that what follows it in the same packet meets the new session.

use std::collections::VecDeque;

use protocol::v1;
use protocol::v1::request::Op;
use tokio::time::Instant;

/// What a request must wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Concurrency {
    /// Nothing but a change of the session.
    Parallel,
    /// A change that is in the store's queue as soon as it was started: the next one need not wait for it.
    PipelinedWrite,
    /// A change that reads before it writes: the next one waits until it is done.
    SerialWrite,
    /// Everything before it, and everything after it waits.
    Exclusive,
}

pub(super) fn concurrency_of(op: Option<&Op>) -> Concurrency {
    let Some(op) = op else { return Concurrency::Parallel };
    match op {
        Op::SignUp(_)
        | Op::LogIn(_)
        | Op::Authenticate(_)
        | Op::LogOut(_)
        | Op::DeleteAccount(_)
        | Op::RevokeSession(_)
        | Op::RevokeSshKey(_) => Concurrency::Exclusive,
        // A post that refers to nothing needs no look-up first.
        Op::Post(post) if post.reply_to == 0 && post.quote_of == 0 => Concurrency::PipelinedWrite,
        Op::Post(_)
        | Op::ChangePassword(_)
        | Op::EditProfile(_)
        | Op::EditTweet(_)
        | Op::DeleteTweet(_)
        | Op::Retweet(_)
        | Op::UndoRetweet(_)
        | Op::Like(_)
        | Op::Unlike(_)
        | Op::Bookmark(_)
        | Op::Unbookmark(_)
        | Op::Follow(_)
        | Op::Unfollow(_)
        | Op::RemoveFollower(_)
        | Op::Block(_)
        | Op::Unblock(_)
        | Op::Mute(_)
        | Op::Unmute(_)
        | Op::Report(_)
        | Op::CloseReport(_)
        | Op::MarkNotificationsRead(_)
        | Op::AddSshKey(_)
        | Op::SetReadLine(_)
        | Op::SendMessage(_)
        | Op::MarkConversation(_)
        | Op::SetPresence(_)
        | Op::Subscribe(_)
        | Op::Unsubscribe(_)
        | Op::CreateAccount(_)
        | Op::CreateInvite(_)
        | Op::Suspend(_)
        | Op::Unsuspend(_)
        | Op::ResetPassword(_)
        | Op::Announce(_) => Concurrency::SerialWrite,
        Op::GetServerInfo(_)
        | Op::CheckUsername(_)
        | Op::ListSessions(_)
        | Op::Export(_)
        | Op::ListSshKeys(_)
        | Op::ListReadLines(_)
        | Op::ListReports(_)
        | Op::GetTweet(_)
        | Op::GetThread(_)
        | Op::GetTweetHistory(_)
        | Op::ReadTimeline(_)
        | Op::SearchHashtags(_)
        | Op::GetTrends(_)
        | Op::GetProfile(_)
        | Op::ListAccounts(_)
        | Op::SearchPeople(_)
        | Op::ListNotifications(_)
        | Op::ListConversations(_)
        | Op::ReadConversation(_)
        | Op::Typing(_)
        | Op::ListOnline(_)
        | Op::GetStatistics(_) => Concurrency::Parallel,
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
