//! Actions of the user on tweets and accounts: the request, the change that is shown at once, and the undo.

use protocol::v1;
use protocol::v1::request::Op;
use serde::{Deserialize, Serialize};

use crate::entities::Entities;

/// An action that can be undone, or that waits some seconds because it cannot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UserAction {
    /// Like (`true`) or unlike a tweet.
    Like(#[serde(with = "crate::as_text")] u64, bool),
    /// Bookmark a tweet or remove the bookmark.
    Bookmark(#[serde(with = "crate::as_text")] u64, bool),
    /// Retweet a tweet or undo that.
    Retweet(#[serde(with = "crate::as_text")] u64, bool),
    /// Delete a tweet.
    Delete(#[serde(with = "crate::as_text")] u64),
    /// Delete a message.
    DeleteMessage(#[serde(with = "crate::as_text")] u64),
    /// Follow or unfollow an account.
    Follow(String, bool),
    /// Remove an account from the user's followers.
    RemoveFollower(String),
    /// Mute or unmute an account.
    Mute(String, bool),
    /// Block or unblock an account.
    Block(String, bool),
    /// Report an account, or a tweet of it (0: none), with the reason.
    Report(String, #[serde(with = "crate::as_text")] u64, String),
    /// Sign out another session of the account.
    RevokeSession(#[serde(with = "crate::as_text")] u64),
    /// Remove an ssh key from the account.
    RevokeKey(#[serde(with = "crate::as_text")] u64),
}

impl UserAction {
    /// The request to the server.
    #[must_use]
    pub fn request(&self) -> Op {
        match self.clone() {
            Self::Like(tweet_id, true) => Op::Like(v1::Like { tweet_id }),
            Self::Like(tweet_id, false) => Op::Unlike(v1::Unlike { tweet_id }),
            Self::Bookmark(tweet_id, true) => Op::Bookmark(v1::Bookmark { tweet_id }),
            Self::Bookmark(tweet_id, false) => Op::Unbookmark(v1::Unbookmark { tweet_id }),
            Self::Retweet(tweet_id, true) => Op::Retweet(v1::Retweet { tweet_id }),
            Self::Retweet(tweet_id, false) => Op::UndoRetweet(v1::UndoRetweet { tweet_id }),
            Self::Delete(tweet_id) => Op::DeleteTweet(v1::DeleteTweet { tweet_id }),
            Self::DeleteMessage(message_id) => Op::DeleteMessage(v1::DeleteMessage { message_id }),
            Self::Follow(username, true) => Op::Follow(v1::Follow { username }),
            Self::Follow(username, false) => Op::Unfollow(v1::Unfollow { username }),
            Self::RemoveFollower(username) => Op::RemoveFollower(v1::RemoveFollower { username }),
            Self::Mute(username, true) => Op::Mute(v1::Mute { username }),
            Self::Mute(username, false) => Op::Unmute(v1::Unmute { username }),
            Self::Block(username, true) => Op::Block(v1::Block { username }),
            Self::Block(username, false) => Op::Unblock(v1::Unblock { username }),
            Self::Report(username, 0, reason) => Op::Report(v1::Report { username, reason, tweet_id: 0 }),
            Self::Report(_, tweet_id, reason) => {
                Op::Report(v1::Report { tweet_id, reason, ..v1::Report::default() })
            }
            Self::RevokeSession(session_id) => Op::RevokeSession(v1::RevokeSession { session_id }),
            Self::RevokeKey(key_id) => Op::RevokeSshKey(v1::RevokeSshKey { key_id }),
        }
    }

    /// The action that undoes this one; `None` if there is none.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        Some(match self.clone() {
            Self::Like(id, on) => Self::Like(id, !on),
            Self::Bookmark(id, on) => Self::Bookmark(id, !on),
            Self::Retweet(id, on) => Self::Retweet(id, !on),
            Self::Follow(username, on) => Self::Follow(username, !on),
            Self::Mute(username, on) => Self::Mute(username, !on),
            Self::Block(username, false) => Self::Block(username, true),
            Self::Delete(_)
            | Self::DeleteMessage(_)
            | Self::RemoveFollower(_)
            | Self::Block(_, true)
            | Self::Report(..)
            | Self::RevokeSession(_)
            | Self::RevokeKey(_) => return None,
        })
    }

    /// Whether it waits some seconds before it is sent, because it has no inverse.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.inverse().is_none()
    }

    /// Shows the action as done, before the server's response.
    pub fn apply(&self, known: &mut Entities) {
        let count =
            |count: &mut u32, on: bool| *count = if on { *count + 1 } else { count.saturating_sub(1) };
        match self {
            Self::Like(id, on) => {
                if let Some(tweet) = known.tweet_mut(*id).filter(|tweet| tweet.liked != *on) {
                    tweet.liked = *on;
                    count(&mut tweet.likes, *on);
                }
            }
            Self::Bookmark(id, on) => {
                if let Some(tweet) = known.tweet_mut(*id) {
                    tweet.bookmarked = *on;
                }
            }
            Self::Retweet(id, on) => {
                if let Some(tweet) = known.tweet_mut(*id).filter(|tweet| tweet.retweeted != *on) {
                    tweet.retweeted = *on;
                    count(&mut tweet.retweets, *on);
                }
            }
            Self::Delete(_) | Self::DeleteMessage(_) | Self::Report(..) => {}
            Self::RevokeSession(id) => known.sessions.retain(|session| session.id != *id),
            Self::RevokeKey(id) => known.keys.retain(|key| key.id != *id),
            Self::Follow(username, _)
            | Self::RemoveFollower(username)
            | Self::Mute(username, _)
            | Self::Block(username, _) => {
                let Some(id) = known.by_username(username).map(|account| account.id) else { return };
                let relationship = known.relationship_mut(id);
                match self {
                    Self::Follow(_, on) => relationship.following = *on,
                    Self::Mute(_, on) => relationship.muting = *on,
                    Self::Block(_, on) => {
                        relationship.blocking = *on;
                        if *on {
                            (relationship.following, relationship.followed_by) = (false, false);
                        }
                    }
                    _ => relationship.followed_by = false,
                }
            }
        }
    }

    /// What it is called where undo names it.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Like(_, true) => "like".into(),
            Self::Like(_, false) => "unlike".into(),
            Self::Bookmark(_, true) => "bookmark".into(),
            Self::Bookmark(_, false) => "removed bookmark".into(),
            Self::Retweet(_, true) => "retweet".into(),
            Self::Retweet(_, false) => "removed retweet".into(),
            Self::Delete(_) | Self::DeleteMessage(_) => "delete".into(),
            Self::RevokeSession(_) => "sign-out".into(),
            Self::RevokeKey(_) => "remove SSH key".into(),
            Self::Follow(username, true) => format!("follow @{username}"),
            Self::Follow(username, false) => format!("unfollow @{username}"),
            Self::RemoveFollower(username) => format!("remove @{username}"),
            Self::Mute(username, true) => format!("mute @{username}"),
            Self::Mute(username, false) => format!("unmute @{username}"),
            Self::Block(username, true) => format!("block @{username}"),
            Self::Block(username, false) => format!("unblock @{username}"),
            Self::Report(username, ..) => format!("report @{username}"),
        }
    }

    /// The message for the user.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Like(_, true) => "Liked".into(),
            Self::Like(_, false) => "Like removed".into(),
            Self::Bookmark(_, true) => "Bookmarked".into(),
            Self::Bookmark(_, false) => "Bookmark removed".into(),
            Self::Retweet(_, true) => "Retweeted".into(),
            Self::Retweet(_, false) => "Retweet undone".into(),
            Self::Delete(_) => "Deleting the tweet".into(),
            Self::DeleteMessage(_) => "Deleting the message".into(),
            Self::RevokeSession(_) => "Signing out that session".into(),
            Self::RevokeKey(_) => "Removing that SSH key".into(),
            Self::Follow(username, true) => format!("You follow @{username}"),
            Self::Follow(username, false) => format!("Unfollowed @{username}"),
            Self::RemoveFollower(username) => format!("Removing @{username} from your followers"),
            Self::Mute(username, true) => format!("Muted @{username}"),
            Self::Mute(username, false) => format!("Unmuted @{username}"),
            Self::Report(username, 0, _) => format!("Reporting @{username} to the admins"),
            Self::Report(username, ..) => format!("Reporting a tweet by @{username} to the admins"),
            Self::Block(username, true) => format!("Blocking @{username}"),
            Self::Block(username, false) => format!("Unblocked @{username}"),
        }
    }

    /// The account that it is about; `None` if it is about something else.
    #[must_use]
    pub fn account(&self) -> Option<&str> {
        match self {
            Self::Follow(username, _)
            | Self::RemoveFollower(username)
            | Self::Mute(username, _)
            | Self::Block(username, _)
            | Self::Report(username, ..) => Some(username),
            _ => None,
        }
    }

    /// The message when the server has confirmed it.
    #[must_use]
    pub fn words_done(&self) -> String {
        match self {
            Self::Delete(_) => "Tweet deleted".into(),
            Self::DeleteMessage(_) => "Message deleted".into(),
            Self::RevokeSession(_) => "Session signed out".into(),
            Self::RevokeKey(_) => "SSH key removed".into(),
            Self::RemoveFollower(username) => format!("@{username} no longer follows you"),
            Self::Report(username, 0, _) => format!("Reported @{username} to the admins"),
            Self::Report(username, ..) => format!("Reported a tweet by @{username} to the admins"),
            Self::Block(username, true) => format!("Blocked @{username}"),
            other => other.words(),
        }
    }

    /// The message when it was carried out and cannot be undone.
    #[must_use]
    pub fn words_final(&self) -> String {
        match self {
            Self::Block(..) => format!("{}; only unblocking ends that", self.words_done()),
            _ => format!("{}; that can't be undone", self.words_done()),
        }
    }

    /// The message when it is so already.
    #[must_use]
    pub fn words_already(&self) -> String {
        match self {
            Self::Like(_, true) => "You like this already".into(),
            Self::Like(_, false) => "You don't like this".into(),
            Self::Bookmark(_, true) => "You have bookmarked this already".into(),
            Self::Bookmark(_, false) => "You haven't bookmarked this".into(),
            Self::Retweet(_, true) => "You have retweeted this already".into(),
            Self::Retweet(_, false) => "You haven't retweeted this".into(),
            Self::Block(username, true) => format!("You block @{username} already"),
            other => other.words_done(),
        }
    }

    /// The message when the server has refused it, before the reason.
    #[must_use]
    pub fn words_refused(&self) -> String {
        match self {
            Self::Like(_, true) => "Not liked".into(),
            Self::Like(_, false) => "Like not removed".into(),
            Self::Bookmark(_, true) => "Not bookmarked".into(),
            Self::Bookmark(_, false) => "Bookmark not removed".into(),
            Self::Retweet(_, true) => "Not retweeted".into(),
            Self::Retweet(_, false) => "Retweet not undone".into(),
            Self::Delete(_) => "Tweet not deleted".into(),
            Self::DeleteMessage(_) => "Message not deleted".into(),
            Self::RevokeSession(_) => "Session not signed out".into(),
            Self::RevokeKey(_) => "SSH key not removed".into(),
            Self::Follow(username, true) => format!("@{username} not followed"),
            Self::Follow(username, false) => format!("@{username} not unfollowed"),
            Self::RemoveFollower(username) => format!("@{username} not removed from your followers"),
            Self::Mute(username, true) => format!("@{username} not muted"),
            Self::Mute(username, false) => format!("@{username} not unmuted"),
            Self::Report(username, ..) => format!("@{username} not reported"),
            Self::Block(username, true) => format!("@{username} not blocked"),
            Self::Block(username, false) => format!("@{username} not unblocked"),
        }
    }

    /// The message when the action is undone before it was sent.
    #[must_use]
    pub fn words_undone(&self) -> String {
        match self {
            Self::Delete(_) => "Tweet kept".into(),
            Self::DeleteMessage(_) => "Message kept".into(),
            Self::RemoveFollower(username) => format!("Kept @{username} as a follower"),
            Self::Block(username, _) => format!("@{username} not blocked"),
            Self::Report(username, ..) => format!("@{username} not reported"),
            Self::RevokeSession(_) => "Session kept".into(),
            Self::RevokeKey(_) => "SSH key kept".into(),
            other => format!("Undone: {}", other.words()),
        }
    }
}
