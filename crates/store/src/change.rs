//! Every mutation of a store, as data.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

use model::{
    AccountId, AnnouncementId, Bio, ConversationId, DisplayName, MessageId, NewTweet, NotificationId,
    ReportId, ReportReason, Role, SessionId, SshFingerprint, SshKeyId, SshKeyName, TimelineName, TweetId,
    TweetText, Username,
};

/// A mutation of the store. The caller has validated the fields and checked that the author may make the change. The
/// store refuses what would violate its invariants, with the errors named at each variant. A variant that names none can
/// only be refused with `NOT_FOUND`, for what does not exist or is deleted. Repeating a change is no error; its result is
/// not `changed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Creates an account; `ChangeResult.id` is its identifier. `ALREADY_EXISTS{username}`, also for 90 days after an
    /// account with this username was deleted. `INVALID{invite_code}` when the invite (SHA-256 of its code) is unknown,
    /// expired or used up.
    CreateAccount {
        username: Username,
        display_name: DisplayName,
        password: PasswordHash,
        role: Role,
        invite: Option<[u8; 32]>,
        /// Whether someone else chose the password.
        password_change_advised: bool,
    },
    /// Opens a session; `ChangeResult.id` is its identifier. Above [`model::limits::SESSIONS_MAX`] the least recently
    /// used one ends that was not opened with an SSH key.
    OpenSession { account: AccountId, token_hash: [u8; 32], client_name: String },
    /// Sets the time of the session's last use to now.
    TouchSession { session: SessionId },
    /// Ends a session of this account.
    EndSession { account: AccountId, session: SessionId },
    /// Ends all sessions of an account except one. Without an exception the account's SSH keys are removed too: no one
    /// is signed in any more, nor can be without the password.
    EndSessions { account: AccountId, except: Option<SessionId> },
    /// Adds an SSH key; `ChangeResult.id` is its identifier, also when the account has it already.
    /// `ALREADY_EXISTS{ssh key}` when another account has it, `INVALID{public_key}` above
    /// [`model::limits::SSH_KEYS_MAX`].
    AddSshKey { account: AccountId, fingerprint: SshFingerprint, name: SshKeyName },
    /// Removes an SSH key and ends the sessions opened with it.
    RevokeSshKey { account: AccountId, key: SshKeyId },
    /// Opens a session of the account that has this SSH key. `FORBIDDEN` above [`model::limits::SSH_SESSIONS_MAX`],
    /// `NOT_FOUND{ssh key}`, `NOT_FOUND{account}` when the account is not active.
    OpenSshSession { key: SshKeyId, token_hash: [u8; 32], client_name: String },
    /// Ends the sessions opened with an SSH key that neither this process opened nor one of these others, as
    /// [`Store::other_processes`](crate::Store::other_processes) names them: their tokens ended with the process that did.
    EndSshSessions { other_processes: Vec<u64> },
    /// Sets a new password and ends all sessions except `keep`; without that, the SSH keys are removed too.
    SetPassword {
        account: AccountId,
        password: PasswordHash,
        password_change_advised: bool,
        keep: Option<SessionId>,
    },
    /// Replaces the hash of an unchanged password by one of the current form. Sessions and the advice to change the
    /// password stay.
    RehashPassword { account: AccountId, password: PasswordHash },
    /// Edits the profile; `None` leaves a field unchanged.
    EditProfile {
        account: AccountId,
        display_name: Option<DisplayName>,
        bio: Option<Bio>,
        presence_hidden: Option<bool>,
    },
    /// Gives an account this role; taking the role admin ends its sessions.
    SetRole { account: AccountId, role: Role },
    /// Suspends an account, which ends its sessions and hides it, or ends its suspension.
    SetSuspended { account: AccountId, suspended: bool },
    /// Hides an account at once and ends its sessions. [`Change::PurgeAccount`] then removes its data.
    DeleteAccount { account: AccountId },
    /// Removes up to `limit` rows of a deleted account or, once none is left, rewrites up to about `limit` pages of the
    /// search indexes without its words. Repeat it while the result is `changed`.
    PurgeAccount { account: AccountId, limit: usize },

    /// Posts a tweet, reply or quote; `ChangeResult.id` is its identifier. Records hashtags and mentions (of active
    /// accounts that are not blocked either way with the author; for a followers-only or direct reply also of the
    /// author that it answers) and notifies. `NOT_FOUND{tweet}` when the tweet that it
    /// replies to or quotes is deleted, `FORBIDDEN` when that tweet's author is blocked either way, `RATE_LIMITED` for
    /// new accounts.
    Post { author: AccountId, tweet: NewTweet },
    /// Replaces the text of a tweet and keeps the old version. `INVALID{tweet_id}` above
    /// [`model::limits::TWEET_VERSIONS_MAX`]. Hashtags and mentions are updated; only newly mentioned
    /// accounts are notified. `INVALID{text}` when a followers-only or direct tweet would be shown to an account that could
    /// not see it before.
    EditTweet { author: AccountId, tweet: TweetId, text: TweetText },
    /// Deletes a tweet with its likes, bookmarks, retweets and notifications. A tombstone stays, so that replies and
    /// quotes can show that it existed.
    DeleteTweet { author: AccountId, tweet: TweetId },
    /// As [`Change::DeleteTweet`], for a tweet of any account.
    RemoveTweet { tweet: TweetId },
    /// Retweets without a message; `ChangeResult.id` is the retweet's identifier, also when it exists already.
    /// `FORBIDDEN` when the author is blocked either way.
    Retweet { account: AccountId, tweet: TweetId },
    /// Undoes the account's plain retweet of this tweet.
    UndoRetweet { account: AccountId, tweet: TweetId },
    /// Likes a tweet, or undoes that. `FORBIDDEN` to like across a block.
    SetLike { account: AccountId, tweet: TweetId, liked: bool },
    /// Bookmarks a tweet, or undoes that.
    SetBookmark { account: AccountId, tweet: TweetId, bookmarked: bool },

    /// Follows an account. `INVALID{username}` for the own account, `FORBIDDEN` across a block.
    Follow { follower: AccountId, followee: AccountId },
    /// Ends a follow, whichever of the two accounts requests it.
    Unfollow { follower: AccountId, followee: AccountId },
    /// Blocks an account, ends follows both ways and removes notifications between the two. `INVALID{username}` for the
    /// own account.
    Block { blocker: AccountId, blocked: AccountId },
    /// Ends a block. The follows that it ended are not restored.
    Unblock { blocker: AccountId, blocked: AccountId },
    /// Mutes an account, or ends that. `INVALID{username}` for the own account.
    SetMute { muter: AccountId, muted: AccountId, on: bool },

    /// Suggests an account to this one no longer. Above [`model::limits::SUGGESTIONS_DISMISSED_MAX`] the oldest dismissal is
    /// removed. `INVALID{username}` for the own account.
    DismissSuggestion { account: AccountId, dismissed: AccountId },

    /// Reports an account, or one of its tweets, to the admins; `ChangeResult.id` is the report, also when it exists
    /// already. `INVALID{username}` for the own account.
    Report { reporter: AccountId, account: AccountId, tweet: Option<TweetId>, reason: ReportReason },
    /// Deletes a report that has been handled.
    CloseReport { report: ReportId },

    /// Moves a read line forward, never past the newest identifier; `ChangeResult.id` is its position. Above
    /// [`model::limits::READ_LINES_MAX`] the least recently moved one is removed.
    SetReadLine { account: AccountId, timeline: TimelineName, tweet: TweetId },
    /// Marks the notifications up to this one as read.
    MarkNotificationsRead { account: AccountId, up_to: NotificationId },
    /// Marks these notifications as read and no others; those of other accounts and unknown ones are passed over.
    MarkEachNotificationRead { account: AccountId, notifications: Vec<NotificationId> },

    /// Sends a direct message; `ChangeResult.id` is its identifier, `ChangeResult.conversation` its conversation, which
    /// begins with the first message. `FORBIDDEN` across a block, `INVALID{username}` to the own account,
    /// `RATE_LIMITED` for a new account that writes to strangers.
    SendMessage { author: AccountId, to: AccountId, text: TweetText },
    /// Replaces the text of a message. `NOT_FOUND{message}` unless it is the author's and not deleted, `FORBIDDEN` across a
    /// block, `INVALID{message_id}` above [`model::limits::TWEET_VERSIONS_MAX`] edits. Earlier texts are not kept.
    EditMessage { author: AccountId, message: MessageId, text: TweetText },
    /// Deletes a message for both sides; a tombstone stays. `NOT_FOUND{message}` unless it is the author's.
    DeleteMessage { author: AccountId, message: MessageId },
    /// Moves read receipts forward, never past the newest message.
    MarkConversation {
        conversation: ConversationId,
        account: AccountId,
        delivered: Option<MessageId>,
        read: Option<MessageId>,
    },

    /// Imports an account of another database, without events and notifications. When this origin was imported before,
    /// the result has the identifier of that time and is not `changed`. `ALREADY_EXISTS{username}`.
    ImportAccount {
        origin: Origin,
        username: Username,
        display_name: DisplayName,
        password: PasswordHash,
        created_ms: i64,
    },
    /// Imports a follow of another database, without event and notification.
    ImportFollow { follower: AccountId, followee: AccountId },
    /// Imports a tweet of another database, without events and notifications. Its identifier is of the original time.
    /// Not `changed` when this origin was imported before.
    ImportTweet { origin: Origin, author: AccountId, tweet: NewTweet, created_ms: i64 },

    /// Creates an invite for `uses` sign-ups; `code_hash` is the SHA-256 of its code.
    CreateInvite { code_hash: [u8; 32], uses: u32, expires_ms: i64 },
    /// Removes the invite with this hash of its code.
    RevokeInvite { code_hash: [u8; 32] },
    /// Adds an announcement; `ChangeResult.id` is its identifier, also when there is one with this text, which keeps its
    /// end. `INVALID{text}` above [`model::limits::ANNOUNCEMENTS_MAX`].
    Announce { text: String, ends_ms: Option<i64> },
    /// Removes an announcement with its dismissals.
    RemoveAnnouncement { announcement: AnnouncementId },
    /// Removes all announcements with their dismissals.
    RemoveAnnouncements,
    /// Marks an announcement as dismissed by this account.
    DismissAnnouncement { account: AccountId, announcement: AnnouncementId },
    /// Removes what has expired, also invites and announcements.
    Expire(Expiry),
}

/// What is expired by now. All times are Unix milliseconds; at 0, nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expiry {
    /// Sessions that were last used before.
    pub sessions_idle_before_ms: i64,
    /// Sessions that began before.
    pub sessions_begun_before_ms: i64,
    /// Older idempotency keys.
    pub keys_before_ms: i64,
    /// Older events.
    pub events_before_ms: i64,
    /// Older events that are only for caches.
    pub effects_before_ms: i64,
}

/// The result of a change. A retry with the same idempotency key returns the same result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeResult {
    /// Identifier of what was created, as the change says, or of the subject of the change; 0 if it has none.
    pub id: u64,
    /// `false` if the store was already in the requested state.
    pub changed: bool,
    /// The conversation of a sent message; `None` for every other change.
    pub conversation: Option<ConversationId>,
}

impl ChangeResult {
    /// The result of a change that is not about a conversation.
    #[must_use]
    pub const fn new(id: u64, changed: bool) -> Self {
        Self { id, changed, conversation: None }
    }
}

/// Where an imported row comes from, so that a second import recognises it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The kind of database, for example `python`.
    pub source: String,
    /// The row in that database, for example `tweet/5`.
    pub key: String,
}

/// Makes a change happen once, however often it is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// The account that chose the key; different accounts may choose the same key.
    pub account: AccountId,
    /// The key, at most [`model::limits::IDEMPOTENCY_KEY_BYTES_MAX`] bytes.
    pub key: Vec<u8>,
    /// SHA-256 of the request, by which another request with the same key is recognised.
    pub request_hash: [u8; 32],
}

/// A stored password.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// A PHC string: argon2id of the password, or of the legacy hash where `legacy` is set.
    pub phc: String,
    /// `$6$rounds=N$SALT`: the settings of the sha512-crypt that the password goes through before argon2id. Imported
    /// accounts have it until their first log-in, so that no bare legacy hash is stored.
    pub legacy: Option<String>,
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
