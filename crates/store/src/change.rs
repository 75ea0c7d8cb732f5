//! Everything that can be changed in a store, as data.

#![allow(missing_docs, reason = "fields of variants are named for what they are")]

use model::{
    AccountId, Bio, ConversationId, DisplayName, MessageId, NewTweet, NotificationId, ReportId, ReportReason,
    Role, SessionId, SshFingerprint, SshKeyId, SshKeyName, TimelineName, TweetId, TweetText, Username,
};

/// A change. Its fields have been validated and its author may make it; the store still refuses what would
/// break its invariants, with the errors named here. Where nothing is named, only [`model::Error::NotFound`]
/// for what does not exist (or is deleted) is possible, and doing it twice is no error but not `changed`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new account; `ChangeResult.id` is its identifier. `ALREADY_EXISTS{username}`; `INVALID{invite_code}` when
    /// the invite (SHA-256 of its code) is unknown, expired or used up. A deleted account's name stays taken
    /// for 90 days.
    CreateAccount {
        username: Username,
        display_name: DisplayName,
        password: PasswordHash,
        role: Role,
        invite: Option<[u8; 32]>,
        /// Set where the password was chosen by someone else.
        password_change_advised: bool,
    },
    /// A new session; `ChangeResult.id` is its identifier. Past [`model::limits::SESSIONS_MAX`] the one that was not
    /// used for longest ends.
    OpenSession { account: AccountId, token_hash: [u8; 32], client_name: String },
    /// The session was used now.
    TouchSession { session: SessionId },
    /// Ends a session of this account.
    EndSession { account: AccountId, session: SessionId },
    /// Ends all sessions of an account but this one.
    EndSessions { account: AccountId, except: Option<SessionId> },
    /// An ssh key; `ChangeResult.id` is its identifier, also when the account had it already. `ALREADY_EXISTS{ssh key}`
    /// when it is another account's, `INVALID{public_key}` past [`model::limits::SSH_KEYS_MAX`].
    AddSshKey { account: AccountId, fingerprint: SshFingerprint, name: SshKeyName },
    /// Ends the sessions that began with it, too.
    RevokeSshKey { account: AccountId, key: SshKeyId },
    /// A new session of the account that has this key, which was used now. Past
    /// [`model::limits::SSH_SESSIONS_MAX`] the one by ssh that was not used for longest ends. `NOT_FOUND{ssh key}`,
    /// `NOT_FOUND{account}` when the account is not in use.
    OpenSshSession { key: SshKeyId, token_hash: [u8; 32], client_name: String },
    /// Ends all sessions that began with an ssh key: after a start nobody has their tokens.
    EndSshSessions,
    /// A new password; ends all sessions but `keep`.
    SetPassword {
        account: AccountId,
        password: PasswordHash,
        password_change_advised: bool,
        keep: Option<SessionId>,
    },
    /// Stores the same password in today's form, after a log-in with an older one. Sessions stay, and so does
    /// the advice to change it.
    RehashPassword { account: AccountId, password: PasswordHash },
    /// What is `None` stays.
    EditProfile {
        account: AccountId,
        display_name: Option<DisplayName>,
        bio: Option<Bio>,
        presence_hidden: Option<bool>,
    },
    /// Suspended accounts cannot log in and are not shown; ends their sessions.
    SetSuspended { account: AccountId, suspended: bool },
    /// Hides the account at once and ends its sessions; its data goes with [`Change::PurgeAccount`].
    DeleteAccount { account: AccountId },
    /// Removes up to `limit` rows of what a deleted account left; `changed` while there is more.
    PurgeAccount { account: AccountId, limit: usize },

    /// A new tweet; `ChangeResult.id` is its identifier. Indexes hashtags and mentions (of people who exist and are
    /// not blocked either way with the author), notifies. `NOT_FOUND{tweet}` when what it answers or quotes is
    /// gone; `FORBIDDEN` when its author is blocked either way.
    Post { author: AccountId, tweet: NewTweet },
    /// Replaces the text and keeps the old one. Hashtags and mentions follow; only newly mentioned people are
    /// notified.
    EditTweet { author: AccountId, tweet: TweetId, text: TweetText },
    /// With everything that hangs on it; a tombstone stays so that quotes and replies can say so.
    DeleteTweet { author: AccountId, tweet: TweetId },
    /// A plain retweet; `ChangeResult.id` is the retweet's identifier, also when there was one already.
    Retweet { account: AccountId, tweet: TweetId },
    /// Takes one's plain retweet of this tweet back.
    UndoRetweet { account: AccountId, tweet: TweetId },
    /// Likes or no longer likes.
    SetLike { account: AccountId, tweet: TweetId, liked: bool },
    /// Bookmarks or no longer bookmarks.
    SetBookmark { account: AccountId, tweet: TweetId, bookmarked: bool },

    /// `INVALID{username}` for oneself, `FORBIDDEN` across a block.
    Follow { follower: AccountId, followee: AccountId },
    /// Ends a follow: unfollow when the follower asks, remove follower when the followee does.
    Unfollow { follower: AccountId, followee: AccountId },
    /// Ends follows both ways and removes notifications between the two. `INVALID{username}` for oneself.
    Block { blocker: AccountId, blocked: AccountId },
    /// The follows do not come back.
    Unblock { blocker: AccountId, blocked: AccountId },
    /// `INVALID{username}` for oneself.
    SetMute { muter: AccountId, muted: AccountId, on: bool },

    /// For the operators: an account, or a tweet of it. `ChangeResult.id` is the report. `INVALID{username}` for oneself.
    Report { reporter: AccountId, account: AccountId, tweet: Option<TweetId>, reason: ReportReason },
    /// An operator has looked at it; it is gone.
    CloseReport { report: ReportId },

    /// Moves a read line forward, never past the newest identifier; `ChangeResult.id` is the tweet. Past
    /// [`model::limits::READ_LINES_MAX`] the one that was moved longest ago goes.
    SetReadLine { account: AccountId, timeline: TimelineName, tweet: TweetId },
    /// Moves the read mark forward.
    MarkNotificationsRead { account: AccountId, up_to: NotificationId },

    /// A message; `ChangeResult.id` is its identifier. Opens the conversation if there is none. `FORBIDDEN` across a
    /// block, `INVALID{username}` to oneself.
    SendMessage { author: AccountId, to: AccountId, text: TweetText },
    /// Moves marks forward, never past the newest message.
    MarkConversation {
        conversation: ConversationId,
        account: AccountId,
        delivered: Option<MessageId>,
        read: Option<MessageId>,
    },

    /// An account of another database, without events and notifications. Not `changed`, with the identifier it
    /// has, when this origin was imported before. `ALREADY_EXISTS{username}`.
    ImportAccount {
        origin: Origin,
        username: Username,
        display_name: DisplayName,
        password: PasswordHash,
        created_ms: i64,
    },
    /// A follow of another database, without event and notification.
    ImportFollow { follower: AccountId, followee: AccountId },
    /// A tweet of another database with its own time (its identifier is made from it), without events and
    /// notifications. Not `changed` when this origin was imported before.
    ImportTweet { origin: Origin, author: AccountId, tweet: NewTweet, created_ms: i64 },

    /// `code_hash` is the SHA-256 of the code.
    CreateInvite { code_hash: [u8; 32], uses: u32, expires_ms: i64 },
    /// Replaces the operator's message.
    Announce { text: String },
    /// Removes what has expired: sessions idle since before `sessions_idle_before_ms` or begun before
    /// `sessions_begun_before_ms`, idempotency keys, invites and events older than theirs.
    Expire {
        sessions_idle_before_ms: i64,
        sessions_begun_before_ms: i64,
        keys_before_ms: i64,
        events_before_ms: i64,
    },
}

/// The result of a change, the same again for a repeated key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChangeResult {
    /// What was made or changed: an identifier of the kind that the change says, or of its subject.
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

/// Where an imported row comes from, so that a second import finds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Name of the kind of database, for example `python`.
    pub source: String,
    /// The row within it, for example `tweet/5`.
    pub key: String,
}

/// Makes a change happen once however often it is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// Whose key; keys of different accounts are different.
    pub account: AccountId,
    /// Chosen by the client, at most [`model::limits::IDEMPOTENCY_KEY_BYTES_MAX`] bytes.
    pub key: Vec<u8>,
    /// SHA-256 of the request.
    pub request_hash: [u8; 32],
}

/// A password at rest.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash {
    /// A PHC string: argon2id of the password, or of the legacy hash where `legacy` is set.
    pub phc: String,
    /// `$6$rounds=N$SALT`: the password goes through sha512-crypt with these settings first. Set for accounts of
    /// the original program until their first log-in, so that no bare legacy hash is at rest.
    pub legacy: Option<String>,
}

impl std::fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}
