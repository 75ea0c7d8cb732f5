//! The table of all requests: who may make them, what they may overlap with, and how a client may retry them.
//!
//! Everything that depends on the kind of a request alone is a column here. Other crates expand the table with
//! [`for_each_operation!`](crate::for_each_operation), so that none of them keeps a list of its own.

/// Who may make a request at all. What depends on its object (whose tweet, who blocks whom) is decided by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone who can connect.
    Anyone,
    /// Callers with a session.
    Member,
    /// The operator socket, and accounts with the role admin.
    Admin,
}

/// How a request may overlap with the other requests of its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Concurrency {
    /// A read: waits for a change of the session only.
    Parallel,
    /// A change that enters the store's queue as soon as it is started: the next change can start right after it.
    PipelinedWrite,
    /// A change that reads before it writes: the next change waits for its response.
    SerialWrite,
    /// A change of the session: waits for everything before it, and everything after it waits.
    Exclusive,
}

/// Whether a client may send a request again when it cannot know whether the first one took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// Repeating it has no further effect.
    Safe,
    /// With the same idempotency key it takes effect once.
    WithKey,
    /// Only the user can decide: look first, then try again.
    Never,
}

/// Expands `callback!` with a row for each request: `Name: Access, Concurrency, Retry, Response;`.
///
/// `Name` is the request's message in `proto/` and its variant of `Operation`, `Response` the
/// message that answers it.
///
/// ```
/// macro_rules! count {
///     ($($name:ident: $access:ident, $concurrency:ident, $retry:ident, $response:ident;)*) => {
///         [$(stringify!($name)),*].len()
///     };
/// }
/// assert_eq!(mini_tweet_model::for_each_operation!(count), mini_tweet_model::Operation::ALL.len());
/// ```
#[macro_export]
macro_rules! for_each_operation {
    ($callback:ident) => {
        $callback! {
            // Open to everyone who can connect.
            SignUp:                Anyone,  Exclusive,      Never,   LoggedIn;
            LogIn:                 Anyone,  Exclusive,      Never,   LoggedIn;
            Authenticate:          Anyone,  Exclusive,      Never,   LoggedIn;
            GetServerInfo:         Anyone,  Parallel,       Safe,    ServerInfo;
            CheckUsername:         Anyone,  Parallel,       Safe,    Done;

            // The caller's own account and sessions.
            LogOut:                Member,  Exclusive,      Never,   Done;
            ListSessions:          Member,  Parallel,       Safe,    SessionList;
            RevokeSession:         Member,  Exclusive,      WithKey, Done;
            ChangePassword:        Member,  SerialWrite,    Never,   Done;
            EditProfile:           Member,  SerialWrite,    WithKey, Done;
            DeleteAccount:         Member,  Exclusive,      Never,   Done;
            Export:                Member,  Parallel,       Safe,    ExportPage;
            AddSshKey:             Member,  SerialWrite,    WithKey, Done;
            ListSshKeys:           Member,  Parallel,       Safe,    SshKeyList;
            RevokeSshKey:          Member,  Exclusive,      WithKey, Done;

            // Tweets and timelines.
            Post:                  Member,  PipelinedWrite, WithKey, Done;
            EditTweet:             Member,  SerialWrite,    WithKey, Done;
            DeleteTweet:           Member,  SerialWrite,    WithKey, Done;
            Retweet:               Member,  SerialWrite,    WithKey, Done;
            UndoRetweet:           Member,  SerialWrite,    WithKey, Done;
            Like:                  Member,  SerialWrite,    WithKey, Done;
            Unlike:                Member,  SerialWrite,    WithKey, Done;
            Bookmark:              Member,  SerialWrite,    WithKey, Done;
            Unbookmark:            Member,  SerialWrite,    WithKey, Done;
            GetTweet:              Member,  Parallel,       Safe,    TweetPage;
            GetTweets:             Member,  Parallel,       Safe,    TweetPage;
            GetThread:             Member,  Parallel,       Safe,    Thread;
            GetTweetHistory:       Member,  Parallel,       Safe,    TweetHistory;
            ReadTimeline:          Member,  Parallel,       Safe,    TweetPage;
            SearchHashtags:        Member,  Parallel,       Safe,    HashtagList;
            GetTrends:             Member,  Parallel,       Safe,    TrendList;
            SetReadLine:           Member,  SerialWrite,    Safe,    Done;
            ListReadLines:         Member,  Parallel,       Safe,    ReadLineList;

            // Other accounts.
            GetProfile:            Member,  Parallel,       Safe,    Profile;
            ListAccounts:          Member,  Parallel,       Safe,    AccountPage;
            SearchPeople:          Member,  Parallel,       Safe,    AccountPage;
            Follow:                Member,  SerialWrite,    WithKey, Done;
            Unfollow:              Member,  SerialWrite,    WithKey, Done;
            RemoveFollower:        Member,  SerialWrite,    WithKey, Done;
            Block:                 Member,  SerialWrite,    WithKey, Done;
            Unblock:               Member,  SerialWrite,    WithKey, Done;
            Mute:                  Member,  SerialWrite,    WithKey, Done;
            Unmute:                Member,  SerialWrite,    WithKey, Done;
            SuggestPeople:         Member,  Parallel,       Safe,    AccountPage;
            DismissSuggestion:     Member,  SerialWrite,    WithKey, Done;
            Report:                Member,  SerialWrite,    WithKey, Done;

            // Notifications.
            ListNotifications:     Member,  Parallel,       Safe,    NotificationPage;
            MarkNotificationsRead: Member,  SerialWrite,    Safe,    Done;
            DismissAnnouncement:   Member,  SerialWrite,    Safe,    Done;

            // Direct messages.
            SendMessage:           Member,  SerialWrite,    WithKey, MessageSent;
            EditMessage:           Member,  SerialWrite,    WithKey, Done;
            DeleteMessage:         Member,  SerialWrite,    WithKey, Done;
            ListConversations:     Member,  Parallel,       Safe,    ConversationPage;
            ReadConversation:      Member,  Parallel,       Safe,    MessagePage;
            MarkConversation:      Member,  SerialWrite,    Safe,    Done;
            Typing:                Member,  Parallel,       Never,   Done;

            // Presence and live events.
            ListOnline:            Member,  Parallel,       Safe,    OnlineList;
            SetPresence:           Member,  SerialWrite,    Safe,    Done;
            Subscribe:             Member,  SerialWrite,    Never,   Subscribed;
            Unsubscribe:           Member,  SerialWrite,    Never,   Done;

            // Operator and admins.
            CreateAccount:         Admin,   SerialWrite,    Never,   Done;
            CreateInvite:          Admin,   SerialWrite,    Never,   Invite;
            Suspend:               Admin,   SerialWrite,    Never,   Done;
            Unsuspend:             Admin,   SerialWrite,    Never,   Done;
            ResetPassword:         Admin,   SerialWrite,    Never,   Done;
            Announce:              Admin,   SerialWrite,    Never,   Done;
            RemoveAnnouncement:    Admin,   SerialWrite,    Never,   Done;
            GetStatistics:         Admin,   Parallel,       Safe,    Statistics;
            ListNodes:             Admin,   Parallel,       Safe,    NodeList;
            Drain:                 Admin,   SerialWrite,    Safe,    Done;
            ListReports:           Admin,   Parallel,       Safe,    ReportList;
            CloseReport:           Admin,   SerialWrite,    Never,   Done;
            ListInvites:           Admin,   Parallel,       Safe,    InviteList;
            RevokeInvite:          Admin,   SerialWrite,    Never,   Done;
            RemoveTweet:           Admin,   SerialWrite,    Never,   Done;
            ListProfiles:          Admin,   Parallel,       Safe,    ProfilePage;
            SetRole:               Admin,   SerialWrite,    Never,   Done;
            RemoveAccount:         Admin,   SerialWrite,    Never,   Done;
        }
    };
}

macro_rules! define_operation {
    ($($name:ident: $access:ident, $concurrency:ident, $retry:ident, $response:ident;)*) => {
        /// A kind of request: one for each request of the protocol and each method of the service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[allow(missing_docs, reason = "the request of the same name is the documentation")] $name,)*
        }

        impl Operation {
            /// Every operation, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Who may make this request at all.
            #[must_use]
            pub const fn access(self) -> Access {
                match self {
                    $(Self::$name => Access::$access,)*
                }
            }

            /// How it may overlap with other requests of its connection.
            #[must_use]
            pub const fn concurrency(self) -> Concurrency {
                match self {
                    $(Self::$name => Concurrency::$concurrency,)*
                }
            }

            /// Whether a client may send it again.
            #[must_use]
            pub const fn retry(self) -> Retry {
                match self {
                    $(Self::$name => Retry::$retry,)*
                }
            }

            /// Whether it changes something that lasts or that others can see. A client that only reads does not send
            /// it. Signing in and subscribing are part of reading.
            #[must_use]
            pub const fn is_change(self) -> bool {
                match self {
                    Self::LogIn | Self::Authenticate | Self::Subscribe | Self::Unsubscribe => false,
                    // Others see it, though nothing is stored.
                    Self::Typing => true,
                    _ => !matches!(self.concurrency(), Concurrency::Parallel),
                }
            }

            /// Name of the request, for logs.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }

            /// Name of the message that answers it.
            #[must_use]
            pub const fn response(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($response),)*
                }
            }
        }
    };
}

for_each_operation!(define_operation);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_repeated_only_with_a_key_is_a_change() {
        for operation in Operation::ALL.iter().filter(|operation| operation.retry() == Retry::WithKey) {
            assert!(operation.is_change(), "{operation:?}");
        }
        assert!(Operation::Typing.is_change() && Operation::SignUp.is_change());
        assert!(!Operation::ReadTimeline.is_change() && !Operation::LogIn.is_change());
    }

    #[test]
    fn a_request_that_takes_a_key_is_a_change_by_an_account() {
        for operation in Operation::ALL.iter().filter(|operation| operation.retry() == Retry::WithKey) {
            assert_ne!(operation.concurrency(), Concurrency::Parallel, "{operation:?}");
            assert_eq!(operation.access(), Access::Member, "{operation:?}: keys belong to an account");
        }
    }

    #[test]
    fn a_request_that_changes_the_session_is_never_repeated_without_a_key() {
        for operation in
            Operation::ALL.iter().filter(|operation| operation.concurrency() == Concurrency::Exclusive)
        {
            assert_ne!(operation.retry(), Retry::Safe, "{operation:?}");
        }
    }
}
