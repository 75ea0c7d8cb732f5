//! What people see.

use std::cmp::Reverse;

use model::Visibility;

use super::{Notice, Person, Post, Reference};
use crate::policy::RETWEETS_ONCE_WITHIN;

impl Reference {
    fn muted(&self, viewer: Person, tweet: Post) -> bool {
        let by = |tweet: Post| self.mutes.contains(&(viewer, self.tweets[tweet].author));
        by(tweet) || self.tweets[tweet].retweet_of.is_some_and(by)
    }

    /// All tweets for which this holds and that the viewer sees, newest first.
    fn tweets(&self, viewer: Person, holds: impl Fn(Post) -> bool) -> Vec<Post> {
        (0..self.tweets.len()).rev().filter(|&id| holds(id) && self.sees(viewer, id)).collect()
    }

    pub(super) fn home(&self, viewer: Person) -> Vec<Post> {
        let of_home = |id: Post| {
            let author = self.tweets[id].author;
            (author == viewer || self.follows(viewer, author)) && !self.muted(viewer, id)
        };
        let mut home: Vec<Post> = Vec::new();
        for id in self.tweets(viewer, of_home) {
            let shown = |other: &Post| self.tweets[*other].retweet_of == self.tweets[id].retweet_of;
            let again = self.tweets[id].retweet_of.is_some()
                && home.iter().rev().take(RETWEETS_ONCE_WITHIN).any(shown);
            if !again {
                home.push(id);
            }
        }
        home
    }

    /// Of somebody who can be found.
    pub(super) fn by(&self, viewer: Person, author: Person) -> Vec<Post> {
        self.tweets(viewer, |id| self.tweets[id].author == author)
    }

    /// The same, but only what answers somebody.
    pub(super) fn replies_by(&self, viewer: Person, author: Person) -> Vec<Post> {
        self.tweets(viewer, |id| self.tweets[id].author == author && self.tweets[id].reply_to.is_some())
    }

    /// Public ones with this word (or hashtag) in them, or all.
    pub(super) fn public(&self, viewer: Person, word: Option<&str>) -> Vec<Post> {
        self.tweets(viewer, |id| {
            let tweet = &self.tweets[id];
            tweet.visibility == Visibility::Public
                && tweet.retweet_of.is_none()
                && !self.muted(viewer, id)
                && word.is_none_or(|word| tweet.text.split(' ').any(|one| one == word))
        })
    }

    /// Likes or bookmarks, newest first.
    pub(super) fn kept(&self, viewer: Person, list: &[(Person, Post)]) -> Vec<Post> {
        let own = list.iter().rev().filter(|(who, _)| *who == viewer);
        own.map(|(_, id)| *id).filter(|&id| self.sees(viewer, id)).collect()
    }

    /// Replies, retweets, quotes, likes.
    pub(super) fn counts(&self, id: Post) -> [usize; 4] {
        let count = |holds: &dyn Fn(&super::Tweet) -> bool| {
            self.tweets.iter().filter(|tweet| !tweet.deleted && holds(tweet)).count()
        };
        [
            count(&|tweet| tweet.reply_to == Some(id)),
            count(&|tweet| tweet.retweet_of == Some(id)),
            count(&|tweet| tweet.quote_of == Some(id)),
            self.likes.iter().filter(|(_, liked)| *liked == id).count(),
        ]
    }

    /// Tweets, followers, following.
    pub(super) fn profile(&self, who: Person) -> [usize; 3] {
        [
            self.tweets.iter().filter(|tweet| tweet.author == who && !tweet.deleted).count(),
            self.follows.iter().filter(|(_, followee)| *followee == who).count(),
            self.follows.iter().filter(|(follower, _)| *follower == who).count(),
        ]
    }

    /// Followers of somebody or those whom they follow, newest first.
    pub(super) fn relationships(
        &self,
        viewer: Person,
        resolve_or_self: Person,
        followers: bool,
    ) -> Vec<Person> {
        let other = |&(follower, followee): &(Person, Person)| match followers {
            true => (followee == resolve_or_self).then_some(follower),
            false => (follower == resolve_or_self).then_some(followee),
        };
        let all = self.follows.iter().rev().filter_map(other);
        all.filter(|&person| self.active(person) && !self.blocked(viewer, person)).collect()
    }

    /// Newest first, with how many there are if those about hidden tweets count too.
    pub(super) fn notices(&self, viewer: Person) -> (Vec<Notice>, usize) {
        let heard = |one: &&Notice| {
            one.recipient == viewer && self.active(one.actor) && !self.mutes.contains(&(viewer, one.actor))
        };
        let all: Vec<_> = self.notices.iter().rev().filter(heard).cloned().collect();
        let shown = all.iter().filter(|one| one.tweet.is_none_or(|tweet| self.sees(viewer, tweet)));
        (shown.cloned().collect(), all.len())
    }

    /// With whom, and the last thing said, the newest first.
    pub(super) fn conversations(&self, viewer: Person) -> Vec<(Person, String)> {
        let mut list: Vec<_> = self
            .messages
            .iter()
            .filter_map(|(&(one, other), said)| {
                let with = if one == viewer { other } else { one };
                let (number, _, text) = said.last()?;
                let shown =
                    (one == viewer || other == viewer) && self.active(with) && !self.blocked(viewer, with);
                shown.then(|| (Reverse(*number), with, text.clone()))
            })
            .collect();
        list.sort();
        list.into_iter().map(|(_, with, text)| (with, text)).collect()
    }
}
