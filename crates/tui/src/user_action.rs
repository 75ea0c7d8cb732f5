//! What can be done to tweets and people with one key: how it is asked, what it changes at once, and how it is
//! taken back.

use protocol::v1;
use protocol::v1::request::Op;

use crate::entities::Entities;

/// Something done to a tweet or a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserAction {
    /// Likes it, or no longer.
    Like(u64, bool),
    /// Saves it, or no longer.
    Save(u64, bool),
    /// Retweets it, or takes that back.
    Retweet(u64, bool),
    /// Deletes it.
    Delete(u64),
    /// Follows them, or no longer.
    Follow(String, bool),
    /// They no longer follow.
    RemoveFollower(String),
    /// Mutes them, or no longer.
    Mute(String, bool),
    /// Blocks them, or no longer.
    Block(String, bool),
    /// Tells the operators of them, or of a tweet of theirs (0 is no tweet), and why.
    Report(String, u64, String),
    /// Ends a session elsewhere.
    RevokeSession(u64),
    /// An ssh key lets nobody in any more.
    RevokeKey(u64),
}

impl UserAction {
    /// How a server is asked.
    #[must_use]
    pub fn request(&self) -> Op {
        match self.clone() {
            Self::Like(tweet_id, true) => Op::Like(v1::Like { tweet_id }),
            Self::Like(tweet_id, false) => Op::Unlike(v1::Unlike { tweet_id }),
            Self::Save(tweet_id, true) => Op::Bookmark(v1::Bookmark { tweet_id }),
            Self::Save(tweet_id, false) => Op::Unbookmark(v1::Unbookmark { tweet_id }),
            Self::Retweet(tweet_id, true) => Op::Retweet(v1::Retweet { tweet_id }),
            Self::Retweet(tweet_id, false) => Op::UndoRetweet(v1::UndoRetweet { tweet_id }),
            Self::Delete(tweet_id) => Op::DeleteTweet(v1::DeleteTweet { tweet_id }),
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

    /// What takes it back; `None` where nothing does.
    #[must_use]
    pub fn inverse(&self) -> Option<Self> {
        Some(match self.clone() {
            Self::Like(id, on) => Self::Like(id, !on),
            Self::Save(id, on) => Self::Save(id, !on),
            Self::Retweet(id, on) => Self::Retweet(id, !on),
            Self::Follow(username, on) => Self::Follow(username, !on),
            Self::Mute(username, on) => Self::Mute(username, !on),
            Self::Block(username, false) => Self::Block(username, true),
            Self::Delete(_)
            | Self::RemoveFollower(_)
            | Self::Block(_, true)
            | Self::Report(..)
            | Self::RevokeSession(_)
            | Self::RevokeKey(_) => return None,
        })
    }

    /// Whether it is held for a while before it is sent, because nothing takes it back.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.inverse().is_none()
    }

    /// Changes what is shown, before the server has said anything.
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
            Self::Save(id, on) => {
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
            Self::Delete(_) | Self::Report(..) => {}
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

    /// What was done, for people.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Like(_, true) => "Liked".into(),
            Self::Like(_, false) => "No longer liked".into(),
            Self::Save(_, true) => "Saved".into(),
            Self::Save(_, false) => "No longer saved".into(),
            Self::Retweet(_, true) => "Retweeted".into(),
            Self::Retweet(_, false) => "Retweet taken back".into(),
            Self::Delete(_) => "Deleting the tweet".into(),
            Self::RevokeSession(_) => "Ending that session".into(),
            Self::RevokeKey(_) => "Revoking that key".into(),
            Self::Follow(username, true) => format!("You follow @{username}"),
            Self::Follow(username, false) => format!("You no longer follow @{username}"),
            Self::RemoveFollower(username) => format!("Removing @{username} from your followers"),
            Self::Mute(username, true) => format!("Muted @{username}"),
            Self::Mute(username, false) => format!("@{username} is no longer muted"),
            Self::Report(username, 0, _) => format!("Reporting @{username} to the operators"),
            Self::Report(username, ..) => format!("Reporting a tweet of @{username} to the operators"),
            Self::Block(username, true) => format!("Blocking @{username}"),
            Self::Block(username, false) => format!("@{username} is no longer blocked"),
        }
    }
}
