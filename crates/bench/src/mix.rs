//! Mixes of requests.

use std::sync::Arc;

use fastrand::Rng;
use protocol::v1::{self, request::Op};

use crate::connection;
use crate::drive::Kind;
use crate::network::Network;
use crate::prepare::name;

/// A request, independent of the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    /// Reads the newest 20 tweets of the home timeline.
    ReadHome,
    /// Posts the text with this number.
    Post(usize),
    Follow(usize),
    Unfollow(usize),
    /// Replaces a sign-up: a change of one row of an account, without password hashing.
    EditProfile,
}

/// Percentages of requests; the rest are timeline reads.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mix {
    pub(crate) posts: usize,
    pub(crate) follows: usize,
    pub(crate) profiles: usize,
}

impl Mix {
    pub(crate) const READS: Self = Self { posts: 0, follows: 0, profiles: 0 };
    pub(crate) const POSTS: Self = Self { posts: 100, follows: 0, profiles: 0 };
    pub(crate) const FOLLOWS: Self = Self { posts: 0, follows: 100, profiles: 0 };
    /// The mix of published measurements of Retwis (TAPIR, SOSP 2015).
    pub(crate) const RETWIS: Self = Self { posts: 30, follows: 15, profiles: 5 };

    /// The actions of this account, the same in every run.
    pub(crate) fn actions(self, account: usize, accounts: usize) -> Actions {
        Actions { mix: self, account, accounts, random: Rng::with_seed(account as u64 + 1), followed: None }
    }

    /// The same as requests of the native protocol.
    pub(crate) fn requests(
        self,
        account: usize,
        network: &Arc<Network>,
    ) -> impl FnMut() -> (Kind, Op) + Send + use<> {
        let network = Arc::clone(network);
        let mut actions = self.actions(account, network.accounts);
        move || match actions.next_action() {
            Action::ReadHome => (Kind::Read, connection::read_home()),
            Action::Post(text) => {
                let text = network.texts[text % network.texts.len()].as_str().to_owned();
                (Kind::Write, Op::Post(v1::Post { text, ..Default::default() }))
            }
            Action::Follow(other) => (Kind::Write, Op::Follow(v1::Follow { username: name(other) })),
            Action::Unfollow(other) => (Kind::Write, Op::Unfollow(v1::Unfollow { username: name(other) })),
            Action::EditProfile => {
                let bio = Some("changed by the benchmark".to_owned());
                (Kind::Write, Op::EditProfile(v1::EditProfile { bio, ..Default::default() }))
            }
        }
    }
}

/// An endless sequence of actions of one account.
pub(crate) struct Actions {
    mix: Mix,
    account: usize,
    accounts: usize,
    random: Rng,
    /// The account followed last. The next of these actions unfollows it, so that the graph stays the same.
    followed: Option<usize>,
}

impl Actions {
    pub(crate) fn next_action(&mut self) -> Action {
        let Mix { posts, follows, profiles } = self.mix;
        let percent = self.random.usize(..100);
        if percent < posts {
            Action::Post(self.random.usize(..4_000))
        } else if percent < posts + follows {
            if let Some(other) = self.followed.take() {
                return Action::Unfollow(other);
            }
            let step = 1 + self.random.usize(..self.accounts - 1);
            let other = (self.account + step) % self.accounts;
            self.followed = Some(other);
            Action::Follow(other)
        } else if percent < posts + follows + profiles {
            Action::EditProfile
        } else {
            Action::ReadHome
        }
    }
}
