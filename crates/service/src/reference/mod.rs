//! A reference model of the whole service, as simple as it can be: lists, sets, and a walk through all of them for every
//! question. No SQL, no caches, no stored counters.
//!
//! `tests.rs` lets users act at random on the model and on the real service, and compares everything
//! that each of them can see. The two share no code.

mod actions;
mod reads;
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use model::{NotificationKind, Visibility};

/// A user or a tweet, by its index in the lists.
pub(super) type User = usize;
pub(super) type Post = usize;
/// The result of an action; an error by its code.
pub(super) type Outcome<T = ()> = Result<T, &'static str>;

const NOT_FOUND: &str = "NOT_FOUND";
const FORBIDDEN: &str = "FORBIDDEN";
const INVALID: &str = "INVALID";

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    #[default]
    Active,
    Suspended,
    Deleted,
}

#[derive(Debug, Clone)]
pub(super) struct Tweet {
    pub(super) author: User,
    pub(super) text: String,
    pub(super) visibility: Visibility,
    pub(super) reply_to: Option<Post>,
    pub(super) quote_of: Option<Post>,
    pub(super) retweet_of: Option<Post>,
    pub(super) mentions: BTreeSet<User>,
    pub(super) deleted: bool,
}

/// What a user wants to post. `names` are the users that its text mentions.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) text: String,
    pub(super) names: Vec<User>,
    pub(super) visibility: Visibility,
    pub(super) reply_to: Option<Post>,
    pub(super) quote_of: Option<Post>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoredNotification {
    pub(super) recipient: User,
    pub(super) kind: NotificationKind,
    pub(super) actor: User,
    pub(super) tweet: Option<Post>,
    /// Its cause was undone: it is not shown, and comes back with its cause.
    pub(super) withdrawn: bool,
}

/// A direct message; without text once it is deleted.
#[derive(Debug, Clone)]
pub(super) struct Message {
    /// Its place among all messages that were ever sent.
    pub(super) number: usize,
    pub(super) author: User,
    pub(super) text: String,
    pub(super) edited: bool,
    pub(super) deleted: bool,
}

/// Everything that there is.
#[derive(Debug, Default)]
pub(super) struct Reference {
    pub(super) users: Vec<State>,
    pub(super) tweets: Vec<Tweet>,
    /// In the order in which they began.
    pub(super) follows: Vec<(User, User)>,
    pub(super) blocks: BTreeSet<(User, User)>,
    pub(super) mutes: BTreeSet<(User, User)>,
    /// In the order in which they were given.
    pub(super) likes: Vec<(User, Post)>,
    pub(super) bookmarks: Vec<(User, Post)>,
    /// Oldest first.
    pub(super) notices: Vec<StoredNotification>,
    /// Between two, the smaller first; oldest first.
    pub(super) messages: BTreeMap<(User, User), Vec<Message>>,
    pub(super) said: usize,
    /// For the negative control: a model without blocks.
    pub(super) ignores_blocks: bool,
}

impl Reference {
    pub(super) fn active(&self, user: User) -> bool {
        self.users[user] == State::Active
    }

    pub(super) fn blocked(&self, one: User, other: User) -> bool {
        !self.ignores_blocks && (self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one)))
    }

    pub(super) fn follows(&self, one: User, other: User) -> bool {
        self.follows.contains(&(one, other))
    }

    /// Whether the tweet itself may be seen; a plain retweet also needs its original.
    pub(super) fn sees(&self, viewer: User, tweet: Post) -> bool {
        let Tweet { author, visibility, retweet_of, ref mentions, deleted, .. } = self.tweets[tweet];
        let mentioned = mentions.contains(&viewer);
        let may = author == viewer
            || match visibility {
                Visibility::Public | Visibility::Unlisted => true,
                Visibility::Followers => self.follows(viewer, author) || mentioned,
                Visibility::Direct => mentioned,
            };
        !deleted
            && self.active(author)
            && !self.blocked(viewer, author)
            && may
            && retweet_of.is_none_or(|original| self.sees(viewer, original))
    }

    /// The tweet that a plain retweet stands for.
    pub(super) fn original(&self, tweet: Post) -> Post {
        self.tweets[tweet].retweet_of.unwrap_or(tweet)
    }

    /// The tweet that an action of this user is about, if they can see it; for a retweet, the original.
    fn visible(&self, viewer: User, tweet: Post) -> Outcome<Post> {
        if self.sees(viewer, tweet) { Ok(self.original(tweet)) } else { Err(NOT_FOUND) }
    }

    fn shareable(&self, tweet: Post) -> Outcome<Post> {
        match self.tweets[tweet].visibility {
            Visibility::Public | Visibility::Unlisted => Ok(tweet),
            _ => Err(FORBIDDEN),
        }
    }

    /// Whether a user can be looked up by name.
    pub(super) fn knows(&self, viewer: User, other: User) -> bool {
        self.active(other) && (self.ignores_blocks || !self.blocks.contains(&(other, viewer)))
    }

    fn find(&self, viewer: User, other: User) -> Outcome {
        if self.knows(viewer, other) { Ok(()) } else { Err(NOT_FOUND) }
    }

    fn find_unfiltered(&self, other: User) -> Outcome {
        if self.users[other] == State::Deleted { Err(NOT_FOUND) } else { Ok(()) }
    }

    fn notify(&mut self, recipient: User, kind: NotificationKind, actor: User, tweet: Option<Post>) {
        let unheard =
            recipient == actor || self.blocked(recipient, actor) || self.mutes.contains(&(recipient, actor));
        if unheard {
            return;
        }
        let new = StoredNotification { recipient, kind, actor, tweet, withdrawn: false };
        let earlier = StoredNotification { withdrawn: true, ..new };
        match self.notices.iter().position(|one| *one == earlier) {
            Some(place) => self.notices[place] = new,
            None => self.notices.push(new),
        }
    }

    fn withdraw(&mut self, undone: impl Fn(&StoredNotification) -> bool) {
        for one in &mut self.notices {
            one.withdrawn = one.withdrawn || undone(one);
        }
    }

    fn mentionable(&self, author: User, names: &[User]) -> BTreeSet<User> {
        let may = |&name: &User| self.active(name) && name != author && !self.blocked(name, author);
        names.iter().copied().filter(may).collect()
    }
}
