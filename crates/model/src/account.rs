//! Accounts, their profiles and the relationships between them.

use crate::id::AccountId;
use crate::name::{Bio, DisplayName, Username};
use crate::text::natural_key;

/// The part of an account that is shown next to its tweets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Identifier.
    pub id: AccountId,
    /// Unique; never changes.
    pub username: Username,
    /// May be empty.
    pub display_name: DisplayName,
}

impl Account {
    /// What lists sort accounts by when they are sorted by name: the name that is shown, in natural order.
    #[must_use]
    pub fn name_key(username: &str, display_name: &str) -> String {
        natural_key(if display_name.is_empty() { username } else { display_name })
    }
}

/// The order of a list of accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountSort {
    /// By username, numbers by their value.
    Username,
    /// By the name that is shown, numbers by their value.
    Name,
    /// The newest account, follow, block or mute first.
    Newest,
    /// The one with the most followers first.
    Followers,
    /// The one with the newest public or unlisted tweet first.
    Active,
}

/// Figures of an account in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AccountCounts {
    /// Number of tweets, quotes and plain retweets.
    pub tweets: u32,
    /// Number of followers.
    pub followers: u32,
    /// When it posted its newest public or unlisted tweet, in Unix milliseconds; 0 if there is none.
    pub last_post_ms: i64,
}

/// What an account may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// A user without special rights.
    Member,
    /// A user who may also moderate and administrate.
    Admin,
}

/// Whether an account can be used and is visible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountState {
    /// In use and visible.
    Active,
    /// Suspended by an admin or the operator: it cannot log in and is hidden.
    Suspended,
    /// Deleted by its owner: hidden for good, and its data is being removed.
    Deleted,
}

/// The whole public account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// Identifier and names.
    pub account: Account,
    /// Self-description.
    pub bio: Bio,
    /// Rights.
    pub role: Role,
    /// Active, suspended or deleted.
    pub state: AccountState,
    /// Time of the sign-up in Unix milliseconds.
    pub created_ms: i64,
    /// Number of tweets, quotes and plain retweets.
    pub tweets: u32,
    /// Number of followers.
    pub followers: u32,
    /// Number of accounts that it follows.
    pub following: u32,
    /// Whether the account hides when it is online.
    pub presence_hidden: bool,
    /// Whether the password was imported or set by an admin, so that the owner should change it.
    pub password_change_advised: bool,
}

/// The relationship of a viewer to another account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Relationship {
    /// The viewer follows the other.
    pub following: bool,
    /// The other follows the viewer.
    pub followed_by: bool,
    /// The viewer blocks the other.
    pub blocking: bool,
    /// The other blocks the viewer. Never sent to clients.
    pub blocked_by: bool,
    /// The viewer mutes the other.
    pub muting: bool,
}

impl Relationship {
    /// Whether one blocks the other, in either direction.
    #[must_use]
    pub fn blocked(self) -> bool {
        self.blocking || self.blocked_by
    }
}

/// Presence of an account, derived from its live connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Presence {
    /// No live connection, or the presence is hidden.
    Offline,
    /// Connected, but idle on all connections.
    Away,
    /// Connected and active.
    Online,
}
