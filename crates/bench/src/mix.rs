//! What people do, in which shares.

use std::sync::Arc;

use protocol::v1::{self, request::Op};

use crate::drive::Kind;
use crate::link;
use crate::network::{Network, Random};
use crate::prepare::name;

/// One thing that a person does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    /// Reads the newest 20 of the home timeline.
    Feed,
    /// Posts the text with this number.
    Post(usize),
    Follow(usize),
    Unfollow(usize),
    /// In place of a sign-up: a change to one row of an account, without the hashing of a password.
    EditProfile,
}

/// Shares of what people do, in percent; the rest is feeds.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Mix {
    pub(crate) posts: usize,
    pub(crate) follows: usize,
    pub(crate) profiles: usize,
}

impl Mix {
    pub(crate) const FEEDS: Self = Self { posts: 0, follows: 0, profiles: 0 };
    pub(crate) const POSTS: Self = Self { posts: 100, follows: 0, profiles: 0 };
    pub(crate) const FOLLOWS: Self = Self { posts: 0, follows: 100, profiles: 0 };
    /// As the measurements of Retwis in the literature have it (TAPIR, SOSP 2015).
    pub(crate) const RETWIS: Self = Self { posts: 30, follows: 15, profiles: 5 };

    /// What this person does, the same in every run.
    pub(crate) fn acts(self, person: usize, people: usize) -> Acts {
        Acts { mix: self, person, people, random: Random::new(person as u64 + 1), followed: None }
    }

    /// The same as requests of the project's protocol.
    pub(crate) fn requests(
        self,
        person: usize,
        network: &Arc<Network>,
    ) -> impl FnMut() -> (Kind, Op) + Send + use<> {
        let network = Arc::clone(network);
        let mut acts = self.acts(person, network.people);
        move || match acts.next_act() {
            Act::Feed => (Kind::Read, link::home()),
            Act::Post(text) => {
                let text = network.texts[text % network.texts.len()].as_str().to_owned();
                (Kind::Write, Op::Post(v1::Post { text, ..Default::default() }))
            }
            Act::Follow(other) => (Kind::Write, Op::Follow(v1::Follow { username: name(other) })),
            Act::Unfollow(other) => (Kind::Write, Op::Unfollow(v1::Unfollow { username: name(other) })),
            Act::EditProfile => {
                let bio = Some("I am measured".to_owned());
                (Kind::Write, Op::EditProfile(v1::EditProfile { bio, ..Default::default() }))
            }
        }
    }
}

/// An endless series of acts of one person.
pub(crate) struct Acts {
    mix: Mix,
    person: usize,
    people: usize,
    random: Random,
    /// Whom they followed last: the next is to unfollow them, so that the graph stays as it is.
    followed: Option<usize>,
}

impl Acts {
    pub(crate) fn next_act(&mut self) -> Act {
        let Mix { posts, follows, profiles } = self.mix;
        let drawn = self.random.below(100);
        if drawn < posts {
            Act::Post(self.random.below(4_000))
        } else if drawn < posts + follows {
            if let Some(other) = self.followed.take() {
                return Act::Unfollow(other);
            }
            let step = 1 + self.random.below(self.people - 1);
            let other = (self.person + step) % self.people;
            self.followed = Some(other);
            Act::Follow(other)
        } else if drawn < posts + follows + profiles {
            Act::EditProfile
        } else {
            Act::Feed
        }
    }
}
