//! Accounts and the ties between them.

use crate::{AccountId, Bio, DisplayName, Username};

/// Who someone is: what stands beside everything that they write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its identifier.
    pub id: AccountId,
    /// Unique, never changes.
    pub username: Username,
    /// May be empty.
    pub display_name: DisplayName,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// What people do.
    Member,
    /// And what operators do.
    Admin,
}

/// Whether an account can be used and seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// As usual.
    Active,
    /// By an operator: no log-in, and nothing of it is shown.
    Suspended,
    /// By its owner: gone for everyone, its data is being removed.
    Deleted,
}

/// All that is shown of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Who.
    pub account: Account,
    /// What they say of themselves.
    pub bio: Bio,
    /// What they may do.
    pub role: Role,
    /// Whether the account can be used.
    pub state: AccountState,
    /// Unix milliseconds.
    pub created_ms: i64,
    /// Tweets, quotes and plain retweets.
    pub tweets: u32,
    /// People who follow this account.
    pub followers: u32,
    /// People whom this account follows.
    pub following: u32,
    /// Nobody sees that they are online.
    pub presence_hidden: bool,
    /// The password came from an import or an operator.
    pub password_change_advised: bool,
}

/// The ties between a viewer and another account, seen from the viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relationship {
    /// The viewer follows the other.
    pub following: bool,
    /// The other follows the viewer.
    pub followed_by: bool,
    /// The viewer blocks the other.
    pub blocking: bool,
    /// The other blocks the viewer. Never told to the viewer.
    pub blocked_by: bool,
    /// The viewer mutes the other.
    pub muting: bool,
}

impl Relationship {
    /// Whether either blocks the other.
    #[must_use]
    pub fn blocked(self) -> bool {
        self.blocking || self.blocked_by
    }
}

/// Whether someone is there, by their live connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// No live connection, or hidden.
    Offline,
    /// Connected, but idle on all connections.
    Away,
    /// Connected and active.
    Online,
}
