//! What comes in to the state of the client, and what it wants done outside: the only ways between them.

use bytes::Bytes;
use client::{ClientError, Update};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

use crate::commands::Action;
use crate::page::Page;
use crate::route::{PageSelector, Route};
use crate::user_action::UserAction;
use terminal::grid::Size;
use terminal::key::Event;

/// Something happened.
#[derive(Debug)]
pub enum Message {
    /// At the terminal.
    Input(Event),
    /// The terminal has another size.
    Resized(Size),
    /// A command by its name, with what was written after it: how plain mode speaks.
    Command(Action, String),
    /// The row of this number, from 0.
    Select(usize),
    /// A time that [`crate::update::deadline`] named has come.
    Woke,
    /// A connection was made for the first time; as whom is asked next.
    Connected(Box<Connected>),
    /// No connection could be made.
    Unreachable(ClientError),
    /// The connection was lost or is there again.
    Link(client::State),
    /// A server answered.
    Answered(Purpose, Result<response::Result, ClientError>),
    /// From now on the server tells of it live.
    Following(Topic),
    /// Something happened on the network.
    Live(Topic, Update),
    /// The person came back from their editor: with a text, or what went wrong.
    Edited(Result<String, String>),
    /// Something outside went wrong, or is to be told.
    Announced(String),
    /// The accounts on this machine, and which of them is used.
    Accounts(Vec<String>),
    /// What was kept of a screen, or of the head of a profile.
    Recalled(Purpose, Box<Page>),
}

/// How a connection begins.
#[derive(Debug, Clone)]
pub struct Connected {
    /// What the server said of itself.
    pub hello: v1::ServerHello,
    /// The server's key, when it was met for the first time.
    pub first_contact: Option<String>,
    /// Whether it belongs to a session.
    pub signed_in: bool,
}

/// What is followed live.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Topic {
    /// The home timeline.
    Home,
    /// All public tweets.
    Local,
    /// A hashtag.
    Hashtag(String),
    /// What others do that concerns one.
    Notifications,
    /// Messages.
    Conversations,
    /// Who comes and goes.
    Presence,
}

impl Topic {
    /// As it is asked for.
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

/// Why something was asked: comes back with the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Purpose {
    /// To fill a part of a screen.
    Fill(Route, PageSelector),
    /// For the head of a profile.
    Profile(String),
    /// Who one is oneself.
    Me,
    /// What is unread.
    Unread,
    /// Chats, for what is unread in them.
    Chats,
    /// For the side pane.
    Trends,
    /// For the side pane.
    Online,
    /// Something that was shown as done at once.
    UserAction(UserAction),
    /// The outbox, by the key of the text.
    Send(Bytes),
    /// A tweet that a row needs.
    Tweet(u64),
    /// Versions of a tweet.
    History(u64),
    /// Words to complete a mention or hashtag with.
    Complete(char),
    /// Whether this username can be had.
    CheckUsername(String),
    /// Log-in or sign-up.
    SignIn,
    /// A form.
    Form,
    /// An ssh key for the account.
    BindKey,
    /// Log-out.
    LogOut,
    /// How far the reader has come, elsewhere.
    ReadLines,
    /// Nobody waits for it.
    Nothing,
}

impl Purpose {
    /// Whether something is changed by it: then one does not leave before it is answered.
    #[must_use]
    pub fn is_change(&self) -> bool {
        matches!(self, Self::UserAction(_) | Self::Send(_) | Self::Form | Self::BindKey | Self::Nothing)
    }
}

/// Something is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Connect to this server, without a session.
    Connect(String),
    /// Ask the server. Without a key it gets a new one.
    Ask(Purpose, Box<Op>, Option<Bytes>),
    /// Follow live.
    Subscribe(Topic),
    /// No longer.
    Unsubscribe(Topic),
    /// Keep a file of the shelf.
    Keep(LocalItem, Vec<u8>),
    /// Drop it.
    Drop(LocalItem),
    /// Show what was kept under this name, as if it answered this.
    Recall(Purpose, String),
    /// A session was made: keep it.
    SignedIn {
        /// Whose.
        username: String,
        /// Its secret.
        token: Bytes,
    },
    /// The session has ended: forget it.
    SignedOut,
    /// Write this to the terminal as it is.
    Terminal(String),
    /// Open the editor of the person with this text.
    Edit(String),
    /// Open a link.
    OpenLink(String),
    /// To the shell.
    Suspend,
    /// Leave this account for another one.
    Switch(String),
    /// List the accounts on this machine.
    ListAccounts,
    /// Start a server on this machine.
    HostHere,
    /// Show how it is, with a server of its own and invented people.
    Tour,
    /// End.
    Quit,
}

/// Something that is kept on the disk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LocalItem {
    /// A draft, by its name.
    Draft(String),
    /// Something in the outbox, by its key.
    Outgoing(String),
    /// A page of a screen by its name, to be shown while there is no connection.
    Page(String),
    /// All of them.
    Pages,
    /// The settings.
    Settings,
    /// How far the reader has come.
    ReadLines,
}
