//! What users can do, and what it changes.

use model::{NotificationKind, Visibility};

use super::{FORBIDDEN, INVALID, Message, NOT_FOUND, Outcome, Post, Reference, State, Tweet, User, Wish};

impl Reference {
    pub(super) fn post(&mut self, author: User, wish: Wish) -> Outcome<Post> {
        let reply_to = wish.reply_to.map(|id| self.visible(author, id)).transpose()?;
        let quoted = wish.quote_of.map(|id| self.visible(author, id)).transpose()?;
        let quote_of = quoted.map(|id| self.shareable(id)).transpose()?;
        let mut mentions = self.mentionable(author, &wish.names);
        let named = mentions.clone();
        let is_limited = !wish.visibility.is_shareable();
        let answered = reply_to.map(|parent| self.tweets[parent].author);
        mentions.extend(answered.filter(|answered| is_limited && *answered != author));
        let id = self.tweets.len();
        self.tweets.push(Tweet {
            author,
            text: wish.text,
            visibility: wish.visibility,
            reply_to,
            quote_of,
            retweet_of: None,
            mentions,
            deleted: false,
        });
        let mut notified = Vec::new();
        for (subject, kind) in [(reply_to, NotificationKind::Reply), (quote_of, NotificationKind::Quote)] {
            let Some(other) = subject.map(|subject| self.tweets[subject].author) else { continue };
            if !notified.contains(&other) && self.sees(other, id) {
                notified.push(other);
                self.notify(other, kind, author, Some(id));
            }
        }
        for name in named.into_iter().filter(|name| !notified.contains(name)) {
            self.notify(name, NotificationKind::Mention, author, Some(id));
        }
        Ok(id)
    }

    pub(super) fn edit(&mut self, author: User, tweet: Post, text: &str, names: &[User]) -> Outcome {
        let before = &self.tweets[tweet];
        if before.author != author || before.deleted || before.retweet_of.is_some() {
            return Err(NOT_FOUND);
        }
        if before.text == text {
            return Ok(());
        }
        let known = before.mentions.clone();
        let (visibility, reply_to) = (before.visibility, before.reply_to);
        let mut mentions = self.mentionable(author, names);
        let named = mentions.clone();
        if !visibility.is_shareable() {
            let could_see = |name: &User| {
                known.contains(name) || (visibility == Visibility::Followers && self.follows(*name, author))
            };
            if !named.iter().all(could_see) {
                return Err(INVALID);
            }
            let answered = reply_to.map(|parent| self.tweets[parent].author);
            mentions.extend(answered.filter(|answered| known.contains(answered)));
        }
        text.clone_into(&mut self.tweets[tweet].text);
        self.tweets[tweet].mentions = mentions.clone();
        self.withdraw(|one| {
            one.tweet == Some(tweet)
                && one.kind == NotificationKind::Mention
                && !mentions.contains(&one.recipient)
        });
        for name in named.into_iter().filter(|name| !known.contains(name)) {
            self.notify(name, NotificationKind::Mention, author, Some(tweet));
        }
        Ok(())
    }

    pub(super) fn delete(&mut self, author: User, tweet: Post) -> Outcome {
        if self.tweets[tweet].author != author || self.tweets[tweet].deleted {
            return Err(NOT_FOUND);
        }
        self.remove(tweet);
        Ok(())
    }

    /// With everything that hangs on it.
    fn remove(&mut self, tweet: Post) {
        let retweets: Vec<_> = (0..self.tweets.len())
            .filter(|&id| self.tweets[id].retweet_of == Some(tweet) && !self.tweets[id].deleted)
            .collect();
        for retweet in retweets {
            self.remove(retweet);
        }
        let Tweet { author, retweet_of, .. } = self.tweets[tweet];
        self.tweets[tweet].deleted = true;
        self.tweets[tweet].mentions.clear();
        self.likes.retain(|(_, liked)| *liked != tweet);
        self.bookmarks.retain(|(_, kept)| *kept != tweet);
        self.notices.retain(|one| one.tweet != Some(tweet));
        if let Some(original) = retweet_of {
            self.forget(NotificationKind::Retweet, author, original);
        }
    }

    fn forget(&mut self, kind: NotificationKind, actor: User, tweet: Post) {
        self.withdraw(|one| (one.kind, one.actor, one.tweet) == (kind, actor, Some(tweet)));
    }

    fn retweet_by(&self, who: User, original: Post) -> Option<Post> {
        (0..self.tweets.len()).find(|&id| {
            let tweet = &self.tweets[id];
            tweet.author == who && tweet.retweet_of == Some(original) && !tweet.deleted
        })
    }

    pub(super) fn retweet(&mut self, who: User, tweet: Post) -> Outcome<Post> {
        let original = self.visible(who, tweet)?;
        self.shareable(original)?;
        if let Some(id) = self.retweet_by(who, original) {
            return Ok(id);
        }
        self.tweets.push(Tweet {
            author: who,
            text: String::new(),
            visibility: self.tweets[original].visibility,
            reply_to: None,
            quote_of: None,
            retweet_of: Some(original),
            mentions: Default::default(),
            deleted: false,
        });
        self.notify(self.tweets[original].author, NotificationKind::Retweet, who, Some(original));
        Ok(self.tweets.len() - 1)
    }

    pub(super) fn undo_retweet(&mut self, who: User, tweet: Post) -> Outcome {
        let original = self.visible(who, tweet)?;
        if let Some(retweet) = self.retweet_by(who, original) {
            self.remove(retweet);
        }
        Ok(())
    }

    pub(super) fn like(&mut self, who: User, tweet: Post, on: bool) -> Outcome {
        let original = self.visible(who, tweet)?;
        let is_on = self.likes.contains(&(who, original));
        if on && !is_on {
            self.likes.push((who, original));
            self.notify(self.tweets[original].author, NotificationKind::Like, who, Some(original));
        } else if !on && is_on {
            self.likes.retain(|like| *like != (who, original));
            self.forget(NotificationKind::Like, who, original);
        }
        Ok(())
    }

    pub(super) fn bookmark(&mut self, who: User, tweet: Post, on: bool) -> Outcome {
        let original = self.visible(who, tweet)?;
        let is_on = self.bookmarks.contains(&(who, original));
        if on && !is_on {
            self.bookmarks.push((who, original));
        } else if !on {
            self.bookmarks.retain(|kept| *kept != (who, original));
        }
        Ok(())
    }

    pub(super) fn follow(&mut self, who: User, other: User) -> Outcome {
        self.find(who, other)?;
        if who == other {
            return Err(INVALID);
        }
        if self.blocked(who, other) {
            return Err(FORBIDDEN);
        }
        if !self.follows(who, other) {
            self.follows.push((who, other));
            self.notify(other, NotificationKind::Follow, who, None);
        }
        Ok(())
    }

    /// Unfollow, or remove a follower: the same end of the same follow.
    pub(super) fn unfollow(&mut self, follower: User, followee: User, asked_for: User) -> Outcome {
        self.find_unfiltered(asked_for)?;
        self.end_follow(follower, followee);
        Ok(())
    }

    fn end_follow(&mut self, follower: User, followee: User) {
        if self.follows(follower, followee) {
            self.follows.retain(|follow| *follow != (follower, followee));
            let ended = (followee, NotificationKind::Follow, follower);
            self.withdraw(|one| (one.recipient, one.kind, one.actor) == ended);
        }
    }

    pub(super) fn block(&mut self, who: User, other: User, on: bool) -> Outcome {
        self.find_unfiltered(other)?;
        if !on {
            self.blocks.remove(&(who, other));
            return Ok(());
        }
        if who == other {
            return Err(INVALID);
        }
        if !self.active(other) {
            return Err(NOT_FOUND);
        }
        if self.blocks.insert((who, other)) && !self.ignores_blocks {
            self.end_follow(who, other);
            self.end_follow(other, who);
            let between = |a, b| (a == who && b == other) || (a == other && b == who);
            self.withdraw(|one| between(one.actor, one.recipient));
        }
        Ok(())
    }

    pub(super) fn mute(&mut self, who: User, other: User, on: bool) -> Outcome {
        if !on {
            self.find_unfiltered(other)?;
            self.mutes.remove(&(who, other));
            return Ok(());
        }
        self.find(who, other)?;
        if who == other {
            return Err(INVALID);
        }
        self.mutes.insert((who, other));
        Ok(())
    }

    pub(super) fn say(&mut self, who: User, to: User, text: &str) -> Outcome {
        self.find(who, to)?;
        if who == to {
            return Err(INVALID);
        }
        if self.blocked(who, to) {
            return Err(FORBIDDEN);
        }
        let text = text.to_owned();
        let message = Message { number: self.said, author: who, text, edited: false, deleted: false };
        self.said += 1;
        self.messages.entry((who.min(to), who.max(to))).or_default().push(message);
        Ok(())
    }

    /// A message that its author has not deleted, with the other user.
    fn own_message(&mut self, who: User, number: usize) -> Outcome<(User, &mut Message)> {
        let mut all =
            self.messages.iter_mut().flat_map(|(pair, said)| said.iter_mut().map(move |one| (pair, one)));
        let own = all.find(|(_, one)| one.number == number && one.author == who && !one.deleted);
        let ((low, high), message) = own.ok_or(NOT_FOUND)?;
        Ok((if *low == who { *high } else { *low }, message))
    }

    pub(super) fn edit_message(&mut self, who: User, number: usize, text: &str) -> Outcome {
        let to = self.own_message(who, number)?.0;
        if !self.active(to) {
            return Err(NOT_FOUND);
        }
        if self.blocked(who, to) {
            return Err(FORBIDDEN);
        }
        let message = self.own_message(who, number)?.1;
        message.edited = message.edited || message.text != text;
        text.clone_into(&mut message.text);
        Ok(())
    }

    pub(super) fn delete_message(&mut self, who: User, number: usize) -> Outcome {
        let message = self.own_message(who, number)?.1;
        message.text.clear();
        (message.edited, message.deleted) = (false, true);
        Ok(())
    }

    pub(super) fn suspend(&mut self, who: User, on: bool) -> Outcome {
        self.find_unfiltered(who)?;
        self.users[who] = if on { State::Suspended } else { State::Active };
        Ok(())
    }

    /// The account with everything that it leaves.
    pub(super) fn delete_account(&mut self, who: User) {
        self.users[who] = State::Deleted;
        for tweet in 0..self.tweets.len() {
            if self.tweets[tweet].author == who && !self.tweets[tweet].deleted {
                self.remove(tweet);
            }
            self.tweets[tweet].mentions.remove(&who);
        }
        self.follows.retain(|(one, other)| *one != who && *other != who);
        self.blocks.retain(|(one, other)| *one != who && *other != who);
        self.mutes.retain(|(one, other)| *one != who && *other != who);
        self.likes.retain(|(one, _)| *one != who);
        self.bookmarks.retain(|(one, _)| *one != who);
        self.notices.retain(|one| one.recipient != who && one.actor != who);
        for messages in self.messages.values_mut() {
            messages.retain(|message| message.author != who);
        }
    }

    pub(super) fn visibility(number: u8) -> Visibility {
        match number {
            0 => Visibility::Unlisted,
            1 => Visibility::Followers,
            2 => Visibility::Direct,
            _ => Visibility::Public,
        }
    }
}
