//! What users see.

use std::cmp::Reverse;

use model::Visibility;

use super::{Message, Post, Reference, StoredNotification, User};
use crate::policy::RETWEETS_ONCE_WITHIN;

impl Reference {
    fn muted(&self, viewer: User, tweet: Post) -> bool {
        let by = |tweet: Post| self.mutes.contains(&(viewer, self.tweets[tweet].author));
        by(tweet) || self.tweets[tweet].retweet_of.is_some_and(by)
    }

    /// All tweets for which this holds and that the viewer sees, newest first.
    fn tweets(&self, viewer: User, holds: impl Fn(Post) -> bool) -> Vec<Post> {
        (0..self.tweets.len()).rev().filter(|&id| holds(id) && self.sees(viewer, id)).collect()
    }

    pub(super) fn home(&self, viewer: User) -> Vec<Post> {
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

    /// Tweets of a user who can be looked up.
    pub(super) fn by(&self, viewer: User, author: User) -> Vec<Post> {
        let others_muted = |id: Post| {
            let original = self.tweets[id].retweet_of.map(|original| self.tweets[original].author);
            original.is_some_and(|by| self.mutes.contains(&(viewer, by)))
                && !self.mutes.contains(&(viewer, author))
        };
        self.tweets(viewer, |id| self.tweets[id].author == author && !others_muted(id))
    }

    /// The same, but only replies.
    pub(super) fn replies_by(&self, viewer: User, author: User) -> Vec<Post> {
        self.tweets(viewer, |id| self.tweets[id].author == author && self.tweets[id].reply_to.is_some())
    }

    /// Public ones with this word (or hashtag) in them, or all.
    pub(super) fn public(&self, viewer: User, word: Option<&str>) -> Vec<Post> {
        self.tweets(viewer, |id| {
            let tweet = &self.tweets[id];
            tweet.visibility == Visibility::Public
                && tweet.retweet_of.is_none()
                && !self.muted(viewer, id)
                && word.is_none_or(|word| tweet.text.split(' ').any(|one| one == word))
        })
    }

    /// Likes or bookmarks, newest first.
    pub(super) fn collection(&self, viewer: User, list: &[(User, Post)]) -> Vec<Post> {
        let own = list.iter().rev().filter(|(who, _)| *who == viewer);
        own.map(|(_, id)| *id).filter(|&id| self.sees(viewer, id)).collect()
    }

    /// The author and text of the tweet that a reply answers, if the reply shows it to this viewer.
    pub(super) fn parent(&self, viewer: User, id: Post) -> Option<(User, String)> {
        let reply = &self.tweets[id];
        let parent = reply.reply_to.filter(|parent| self.sees(viewer, *parent))?;
        let answered = &self.tweets[parent];
        let level = |visibility: Visibility| match visibility {
            Visibility::Public | Visibility::Unlisted => 0,
            Visibility::Followers => 1,
            Visibility::Direct => 2,
        };
        let mutes = |who: User| self.mutes.contains(&(viewer, who));
        let may_name = level(answered.visibility) <= level(reply.visibility)
            && (mutes(reply.author) || !mutes(answered.author));
        may_name.then(|| (answered.author, answered.text.clone()))
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
    pub(super) fn profile(&self, who: User) -> [usize; 3] {
        [
            self.tweets.iter().filter(|tweet| tweet.author == who && !tweet.deleted).count(),
            self.follows.iter().filter(|(one, followee)| *followee == who && self.active(*one)).count(),
            self.follows.iter().filter(|(follower, one)| *follower == who && self.active(*one)).count(),
        ]
    }

    /// Followers of a user, or the users that they follow, newest first.
    pub(super) fn relationships(&self, viewer: User, of: User, followers: bool) -> Vec<User> {
        let other = |&(follower, followee): &(User, User)| match followers {
            true => (followee == of).then_some(follower),
            false => (follower == of).then_some(followee),
        };
        let all = self.follows.iter().rev().filter_map(other);
        all.filter(|&user| self.active(user) && !self.blocked(viewer, user)).collect()
    }

    /// Whom both follow, the newest follow of the other first.
    pub(super) fn both_follow(&self, viewer: User, other: User) -> Vec<User> {
        let mut followed = self.relationships(viewer, other, false);
        followed.retain(|&user| self.follows.contains(&(viewer, user)));
        followed
    }

    /// Newest first.
    pub(super) fn notices(&self, viewer: User) -> Vec<StoredNotification> {
        let heard = |one: &&StoredNotification| {
            one.recipient == viewer
                && !one.withdrawn
                && self.active(one.actor)
                && !self.mutes.contains(&(viewer, one.actor))
        };
        let all = self.notices.iter().rev().filter(heard);
        all.filter(|one| one.tweet.is_none_or(|tweet| self.sees(viewer, tweet))).cloned().collect()
    }

    /// Each with the other user and its messages, oldest first; the conversation with the newest message first.
    pub(super) fn conversations(&self, viewer: User) -> Vec<(User, &[Message])> {
        let mut list: Vec<_> = self
            .messages
            .iter()
            .filter_map(|(&(one, other), said)| {
                let with = if one == viewer { other } else { one };
                let newest = said.last()?.number;
                let shown = (one == viewer || other == viewer)
                    && self.active(with)
                    && !self.blocked(viewer, with)
                    && !self.mutes.contains(&(viewer, with));
                shown.then_some((Reverse(newest), with, &**said))
            })
            .collect();
        list.sort_by_key(|(newest, ..)| *newest);
        list.into_iter().map(|(_, with, said)| (with, said)).collect()
    }
}
