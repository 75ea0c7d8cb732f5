//! The whole service said once more, as simply as it can be: lists, sets, and a walk through all of them for every
//! question. No SQL, no caches, no counters that are kept: what is counted is counted.
//!
//! `tests.rs` lets many people act at random on this and on the real service, and compares everything that
//! everybody can see. It shares no line with what it is compared with.

mod acts;
mod reads;
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use model::{NotificationKind, Visibility};

/// A person or a tweet, by its place in the lists.
pub(super) type Person = usize;
pub(super) type Post = usize;
/// What is refused, by the code of its error.
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
    pub(super) author: Person,
    pub(super) text: String,
    pub(super) visibility: Visibility,
    pub(super) reply_to: Option<Post>,
    pub(super) quote_of: Option<Post>,
    pub(super) retweet_of: Option<Post>,
    pub(super) mentions: BTreeSet<Person>,
    pub(super) deleted: bool,
}

/// What a person wants to post. `names` are those whom its text mentions.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) text: String,
    pub(super) names: Vec<Person>,
    pub(super) visibility: Visibility,
    pub(super) reply_to: Option<Post>,
    pub(super) quote_of: Option<Post>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) recipient: Person,
    pub(super) kind: NotificationKind,
    pub(super) actor: Person,
    pub(super) tweet: Option<Post>,
}

/// Its number among all messages, who said it, and what.
pub(super) type Message = (usize, Person, String);

/// Everything that there is.
#[derive(Debug, Default)]
pub(super) struct Reference {
    pub(super) people: Vec<State>,
    pub(super) tweets: Vec<Tweet>,
    /// In the order in which they began.
    pub(super) follows: Vec<(Person, Person)>,
    pub(super) blocks: BTreeSet<(Person, Person)>,
    pub(super) mutes: BTreeSet<(Person, Person)>,
    /// In the order in which they were given.
    pub(super) likes: Vec<(Person, Post)>,
    pub(super) bookmarks: Vec<(Person, Post)>,
    /// Oldest first.
    pub(super) notices: Vec<Notice>,
    /// Between two, the smaller first; oldest first.
    pub(super) messages: BTreeMap<(Person, Person), Vec<Message>>,
    pub(super) said: usize,
    /// For the negative control: as if nobody could block anybody.
    pub(super) ignores_blocks: bool,
}

impl Reference {
    pub(super) fn active(&self, person: Person) -> bool {
        self.people[person] == State::Active
    }

    pub(super) fn blocked(&self, one: Person, other: Person) -> bool {
        !self.ignores_blocks && (self.blocks.contains(&(one, other)) || self.blocks.contains(&(other, one)))
    }

    pub(super) fn follows(&self, one: Person, other: Person) -> bool {
        self.follows.contains(&(one, other))
    }

    /// Whether the tweet itself may be seen; a plain retweet also needs its original.
    pub(super) fn sees(&self, viewer: Person, tweet: Post) -> bool {
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

    /// What this person means by the tweet, if it is there for them.
    fn visible(&self, viewer: Person, tweet: Post) -> Outcome<Post> {
        if self.sees(viewer, tweet) { Ok(self.original(tweet)) } else { Err(NOT_FOUND) }
    }

    fn there(&self, tweet: Post) -> Outcome<Post> {
        if self.tweets[tweet].deleted { Err(NOT_FOUND) } else { Ok(self.original(tweet)) }
    }

    fn shareable(&self, tweet: Post) -> Outcome<Post> {
        match self.tweets[tweet].visibility {
            Visibility::Public | Visibility::Unlisted => Ok(tweet),
            _ => Err(FORBIDDEN),
        }
    }

    /// Whether somebody can be found by name.
    pub(super) fn knows(&self, viewer: Person, other: Person) -> bool {
        self.active(other) && (self.ignores_blocks || !self.blocks.contains(&(other, viewer)))
    }

    fn find(&self, viewer: Person, other: Person) -> Outcome {
        if self.knows(viewer, other) { Ok(()) } else { Err(NOT_FOUND) }
    }

    fn find_unfiltered(&self, other: Person) -> Outcome {
        if self.people[other] == State::Deleted { Err(NOT_FOUND) } else { Ok(()) }
    }

    fn notify(&mut self, recipient: Person, kind: NotificationKind, actor: Person, tweet: Option<Post>) {
        let unheard =
            recipient == actor || self.blocked(recipient, actor) || self.mutes.contains(&(recipient, actor));
        if !unheard {
            self.notices.push(Notice { recipient, kind, actor, tweet });
        }
    }

    fn mentionable(&self, author: Person, names: &[Person]) -> BTreeSet<Person> {
        let may = |&name: &Person| self.active(name) && name != author && !self.blocked(name, author);
        names.iter().copied().filter(may).collect()
    }
}
