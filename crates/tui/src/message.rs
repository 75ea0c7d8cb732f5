//! Messages go into the state, effects come out of it. There is no other way between the state and the outside.

use std::time::Duration;

use bytes::Bytes;
use client::{ClientError, Update};
use protocol::tls::Fingerprint;
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use crate::commands::Action;
use crate::page::Page;
use crate::route::{PageSelector, Route};
use crate::user_action::UserAction;
use terminal::grid::Size;
use terminal::key::Event;

/// An input of the state.
#[derive(Debug)]
pub enum Message {
    /// A key, a click, pasted text, or an answer of the terminal.
    Input(Event),
    /// The terminal was resized.
    Resized(Size),
    /// A command with its argument; plain mode sends these.
    Command(Action, String),
    /// Likes, follows and so on (`true`), or ends that, which the command with the same argument does by turns.
    Turn(Action, bool, String),
    /// Selects the row with this index.
    Select(usize),
    /// Requests the next page of the screen.
    More,
    /// Takes the choice of the prompt with this index.
    Choose(usize),
    /// The answer to the question of a form: the text of the field that has the focus.
    Answer(String),
    /// Sends this text from the open composer; a draft that is in it stays.
    Write(String),
    /// Replaces the text in the open composer.
    Draft(String),
    /// The time that `update::deadline` returned has come.
    Woke,
    /// The first connection was made; the account is requested next.
    Connected(Box<Connected>),
    /// No connection could be made.
    Unreachable(ClientError),
    /// The connection was lost, or made again.
    Link(client::State),
    /// The response to a request.
    Answered(Purpose, Result<response::Result, ClientError>),
    /// A subscription has begun.
    Following(Topic),
    /// A live event.
    Live(Topic, Update),
    /// The user's editor was closed: its text, or the problem.
    Edited(Result<String, String>),
    /// Something outside failed; the text is for the user.
    Failed(String),
    /// The names of the accounts on this machine.
    Accounts(Vec<String>),
    /// How long a message took to the server and back; `None` if the connection was lost meanwhile.
    RoundTrip(Option<Duration>),
    /// How much is unread in another account of this machine; `None` if that is not known.
    UnreadElsewhere(String, Option<u32>),
    /// A cached page, and the request that it answers.
    Recalled(Purpose, Box<Page>),
}

/// The beginning of a connection.
#[derive(Debug, Clone)]
pub struct Connected {
    /// The server's hello.
    pub hello: v1::ServerHello,
    /// The key of the server; `None` without TLS.
    pub key: Option<client::ServerKey>,
    /// Whether it is authenticated by a session.
    pub signed_in: bool,
}

/// A subscription to live events.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The home timeline.
    Home,
    /// All public tweets.
    Local,
    /// A hashtag.
    Hashtag(String),
    /// Notifications of the account.
    Notifications,
    /// Messages.
    Conversations,
    /// Presence of other accounts.
    Presence,
}

impl Topic {
    /// The subscription that keeps a list up to date; `None` if none does.
    #[must_use]
    pub fn that_keeps(route: &Route) -> Option<Self> {
        match route {
            Route::Home => Some(Self::Home),
            Route::Local => Some(Self::Local),
            Route::Hashtag(name) => Some(Self::Hashtag(name.clone())),
            Route::Notifications(_) => Some(Self::Notifications),
            Route::Conversations | Route::Conversation(_) => Some(Self::Conversations),
            _ => None,
        }
    }

    /// The topic as the protocol has it.
    #[must_use]
    pub fn subscribe(&self) -> v1::subscribe::Topic {
        use v1::subscribe::Topic as Wire;
        match self {
            Self::Home => Wire::Home(v1::HomeTopic {}),
            Self::Local => Wire::Local(v1::LocalTopic {}),
            Self::Hashtag(name) => Wire::Hashtag(name.clone()),
            Self::Notifications => Wire::Notifications(v1::NotificationsTopic {}),
            Self::Conversations => Wire::Conversations(v1::ConversationsTopic {}),
            Self::Presence => Wire::Presence(v1::PresenceTopic {}),
        }
    }
}

/// What a request is for; it comes back with the response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// A page of a screen.
    Fill(Route, PageSelector),
    /// The head of a profile, by username.
    Profile(String),
    /// The user's own profile.
    Me,
    /// The number of unread notifications.
    Unread,
    /// The chats, for their unread messages.
    Chats,
    /// Trends for the side pane.
    Trends,
    /// People who are online, for the side pane.
    Online,
    /// An action that is shown as done already.
    UserAction(UserAction),
    /// A text of the outbox, by its idempotency key.
    Send(Bytes),
    /// A single tweet.
    Tweet(u64),
    /// The tweets on the screen, again.
    Shown(Vec<u64>),
    /// A tweet that a reply on the screen answers.
    Parent(u64),
    /// A tweet that is quoted and was not sent with the quote.
    Quoted(u64),
    /// What a pane shows about the selected row.
    Preview,
    /// Whom both the user and this person follow, for a pane.
    BothFollow(String),
    /// Versions of a tweet.
    History(u64),
    /// Completions of a word with this sign, `@` or `#`.
    Complete(char),
    /// People for the filter of a list of people that is not fully loaded: its words, and the cursor of the page.
    Find(Route, String, Option<String>),
    /// People who were active today.
    Active,
    /// People to follow, for the beginning of the home feed.
    Suggestions,
    /// Whether a username is available.
    CheckUsername(String),
    /// A log-in or a sign-up.
    SignIn,
    /// The form that is open, other than sign-in and sign-up.
    Form,
    /// Adding an ssh key to the account.
    BindKey,
    /// A log-out.
    LogOut,
    /// Read lines of other devices.
    ReadLines,
    /// Hiding (`true`) or showing the user's presence.
    HidePresence(bool),
    /// Marking notifications as read, up to this one.
    MarkNotificationsRead(u64),
    /// The same for those that were on the screen when it was left; an error goes to the log.
    SeeNotifications(Vec<u64>),
    /// The server's description and announcements.
    ServerInfo,
    /// Something that the user did not ask for; an error goes to the log.
    Background,
}

impl Purpose {
    /// Whether the request changes something: quitting waits for its response.
    #[must_use]
    pub fn is_change(&self) -> bool {
        matches!(
            self,
            Self::UserAction(_)
                | Self::Send(_)
                | Self::Form
                | Self::BindKey
                | Self::LogOut
                | Self::HidePresence(_)
                | Self::MarkNotificationsRead(_)
                | Self::SeeNotifications(_)
                | Self::Background
        )
    }
}

/// A side effect that the state asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Connect to a server, without a session.
    Connect(String),
    /// Connect to a server with a key that is not known but trusted now, with the session if there is one.
    Trust(String, Fingerprint),
    /// Send a request, with its idempotency key or a new one.
    Ask(Purpose, Box<Op>, Option<Bytes>),
    /// Begin a subscription.
    Subscribe(Topic),
    /// End a subscription.
    Unsubscribe(Topic),
    /// Write a file of the local store.
    Save(LocalItem, Vec<u8>),
    /// Delete a file of the local store.
    Drop(LocalItem),
    /// Read the cached page with this name as a response for this purpose.
    Recall(Purpose, String),
    /// A session was made: store its token.
    SignedIn {
        /// The account.
        username: String,
        /// The token of the session.
        token: Bytes,
    },
    /// The session has ended: delete its token.
    SignedOut,
    /// Write these bytes to the terminal; an empty text draws the whole screen again.
    Terminal(String),
    /// Open the user's editor with this text.
    Edit(String),
    /// Open a link in the browser.
    OpenLink(String),
    /// Suspend the program.
    Suspend,
    /// Start again with another account of this machine; an empty name adds one.
    Switch(String),
    /// Measure how long a message takes to the server and back.
    MeasureRoundTrip,
    /// List the accounts on this machine.
    ListAccounts,
    /// Ask how much is unread in another account of this machine.
    CheckUnread(String),
    /// End the attempt to connect.
    StopConnecting,
    /// Start a server on this machine.
    HostHere,
    /// Stop the server on this machine.
    StopHere,
    /// Start a server with sample data and sign in there.
    Tour,
    /// Quit.
    Quit,
}

/// A file of the local store.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LocalItem {
    /// A draft, by its name.
    Draft(String),
    /// A text of the outbox, by its name.
    Outgoing(String),
    /// The actions that wait for a connection.
    Actions,
    /// A cached page, by its name.
    Page(String),
    /// All cached pages.
    Pages,
    /// The settings file.
    Settings,
    /// Read lines of all timelines.
    ReadLines,
    /// The name of the server.
    ServerName,
}
