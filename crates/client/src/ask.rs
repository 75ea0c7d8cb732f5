//! Which request has which answer, and what may be sent again when the connection is lost before it came.

use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

/// What is safe when nobody knows whether a request was carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resend {
    /// It changes nothing, or comes to the same: send it again.
    Always,
    /// With its idempotency key it happens once: send it again.
    WithKey,
    /// Only who asked can decide.
    Never,
}

/// A request that a server answers.
pub trait Ask: Send {
    /// What comes back.
    type Answer;
    /// Whether it may be sent again.
    const RESEND: Resend;

    /// As it travels.
    fn into_op(self) -> Op;

    /// The answer, unless the server answered with something else.
    fn answer(result: response::Result) -> Option<Self::Answer>;
}

macro_rules! asks {
    ($($resend:ident { $($ask:ident -> $answer:ident,)* })*) => {
        /// What is safe for any request.
        pub(crate) fn resend(op: &Op) -> Resend {
            match op {
                $($(Op::$ask(_) => Resend::$resend,)*)*
                Op::Subscribe(_) | Op::Unsubscribe(_) => Resend::Never,
            }
        }

        $($(
        impl Ask for v1::$ask {
            type Answer = v1::$answer;
            const RESEND: Resend = Resend::$resend;

            fn into_op(self) -> Op {
                Op::$ask(self)
            }

            fn answer(result: response::Result) -> Option<v1::$answer> {
                match result {
                    response::Result::$answer(answer) => Some(answer),
                    _ => None,
                }
            }
        }
        )*)*
    };
}

asks! {
    Always {
        GetServerInfo -> ServerInfo, CheckUsername -> Done, ListSessions -> SessionList, Export -> ExportPage,
        GetTweet -> TweetPage, GetThread -> Thread, GetTweetHistory -> TweetHistory,
        ReadTimeline -> TweetPage, SearchHashtags -> HashtagList, GetTrends -> TrendList,
        GetProfile -> Profile, ListAccounts -> AccountPage, SearchPeople -> AccountPage,
        ListNotifications -> NotificationPage, ListConversations -> ConversationPage,
        ReadConversation -> MessagePage, ListOnline -> OnlineList, GetStatistics -> Statistics,
        ListSshKeys -> SshKeyList, ListReadLines -> ReadLineList, ListReports -> ReportList,
        MarkNotificationsRead -> Done, MarkConversation -> Done, SetPresence -> Done,
        // It only moves forward.
        SetReadLine -> Done,
    }
    WithKey {
        RevokeSession -> Done, EditProfile -> Done, AddSshKey -> Done, RevokeSshKey -> Done,
        Post -> Done, EditTweet -> Done, DeleteTweet -> Done, Retweet -> Done, UndoRetweet -> Done,
        Like -> Done, Unlike -> Done, Bookmark -> Done, Unbookmark -> Done,
        Follow -> Done, Unfollow -> Done, RemoveFollower -> Done,
        Block -> Done, Unblock -> Done, Mute -> Done, Unmute -> Done, Report -> Done, SendMessage -> MessageSent,
    }
    Never {
        SignUp -> LoggedIn, LogIn -> LoggedIn, Authenticate -> LoggedIn, LogOut -> Done,
        ChangePassword -> Done, DeleteAccount -> Done, Typing -> Done,
        CreateAccount -> Done, CreateInvite -> Invite, Suspend -> Done, Unsuspend -> Done,
        ResetPassword -> Done, Announce -> Done, CloseReport -> Done,
    }
}
