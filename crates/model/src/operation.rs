//! The list of everything that can be asked of a server, and who may ask it at all.

/// Who may ask for an operation. What depends on the thing itself (whose tweet, who blocks whom) is decided
/// by the server's `authorise` room.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anyone who can connect.
    Anyone,
    /// Whoever has a session.
    Member,
    /// The operator's socket, and accounts with the role admin.
    Admin,
}

macro_rules! operations {
    ($($name:ident => $access:ident,)*) => {
        /// An operation: one per request of the protocol and per method of the service.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Operation {
            $(#[allow(missing_docs, reason = "the request of the same name is the documentation")] $name,)*
        }

        impl Operation {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Who may ask for it.
            #[must_use]
            pub fn access(self) -> Access {
                match self {
                    $(Self::$name => Access::$access,)*
                }
            }

            /// Its name, for logs.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

operations! {
    SignUp => Anyone,
    LogIn => Anyone,
    Authenticate => Anyone,
    GetServerInfo => Anyone,
    CheckUsername => Anyone,
    LogOut => Member,
    ListSessions => Member,
    RevokeSession => Member,
    ChangePassword => Member,
    EditProfile => Member,
    DeleteAccount => Member,
    Export => Member,
    AddSshKey => Member,
    ListSshKeys => Member,
    RevokeSshKey => Member,
    Post => Member,
    EditTweet => Member,
    DeleteTweet => Member,
    Retweet => Member,
    UndoRetweet => Member,
    Like => Member,
    Unlike => Member,
    Bookmark => Member,
    Unbookmark => Member,
    GetTweet => Member,
    GetThread => Member,
    GetTweetHistory => Member,
    ReadTimeline => Member,
    SearchHashtags => Member,
    GetTrends => Member,
    SetReadLine => Member,
    ListReadLines => Member,
    GetProfile => Member,
    ListAccounts => Member,
    SearchPeople => Member,
    Follow => Member,
    Unfollow => Member,
    RemoveFollower => Member,
    Block => Member,
    Unblock => Member,
    Mute => Member,
    Unmute => Member,
    Report => Member,
    ListNotifications => Member,
    MarkNotificationsRead => Member,
    SendMessage => Member,
    ListConversations => Member,
    ReadConversation => Member,
    MarkConversation => Member,
    Typing => Member,
    ListOnline => Member,
    SetPresence => Member,
    Subscribe => Member,
    Unsubscribe => Member,
    CreateAccount => Admin,
    CreateInvite => Admin,
    Suspend => Admin,
    Unsuspend => Admin,
    ResetPassword => Admin,
    Announce => Admin,
    GetStatistics => Admin,
    ListReports => Admin,
    CloseReport => Admin,
}
