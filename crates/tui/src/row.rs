//! The kinds of rows that lists have. A row is a key: what it shows is looked up when it is drawn.

use smol_str::SmolStr;

use crate::commands::Action;
use crate::route::Route;
use terminal::list::Item;

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Row {
    /// A tweet, and how deep it is in a thread.
    Tweet(u64, u8),
    /// A gap below this item.
    Gap(u64),
    /// The read line: tweets above it are new.
    ReadLine,
    /// The messages below it were written on the day of this time, in Unix milliseconds.
    Day(i64),
    /// An account.
    Person(u64),
    /// The head of a profile.
    ProfileHead,
    /// The sections of the screen.
    Sections,
    /// Other replies to this tweet, which is above the one that a thread is about.
    OtherReplies(u64),
    /// Earlier tweets of a thread than those that the server sends with it; the nearest of them.
    EarlierTweets(u64),
    /// Whether others see that the user is online.
    OwnPresence,
    /// Notifications of one kind about one tweet, by the oldest of them.
    Notification(u64),
    /// A hashtag.
    Hashtag(SmolStr),
    /// A chat, by the other account.
    Conversation(u64),
    /// A message.
    Message(u64),
    /// A draft by its name.
    Draft(SmolStr),
    /// A text of the outbox by its name.
    Outgoing(SmolStr),
    /// A setting, by its name.
    Setting(&'static str),
    /// A session.
    Session(u64),
    /// An ssh key.
    Key(u64),
    /// A command by its id.
    Command(&'static str),
    /// The heading of a section, and whether there is a blank line above it.
    Heading(SmolStr, bool),
    /// A sentence of the client.
    Sentence(SmolStr),
    /// A line of text by the operator, with its number so that no two rows are equal.
    Words(u32, SmolStr),
    /// An announcement of the operator.
    Announcement(u64),
    /// A rule of the operator, with its number.
    Rule(u32, SmolStr),
    /// What can be done next, in words.
    Offer(SmolStr, Offered),
    /// A finding of the doctor, by its subject.
    Finding(&'static str),
    /// A line of the log, by its number.
    Logged(u64),
    /// The next page, which is not loaded.
    More,
    /// A page that could not be loaded.
    Failed,
}

impl Item for Row {
    fn can_be_selected(&self) -> bool {
        !matches!(
            self,
            Self::ReadLine
                | Self::Day(_)
                | Self::Sections
                | Self::Heading(..)
                | Self::Sentence(_)
                | Self::Words(..)
        )
    }
}

/// What a row offers.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Offered {
    /// Runs a command.
    Run(Action),
    /// Goes to a screen.
    Go(Route),
}

impl Row {
    /// The heading of a section. The list in which it is decides whether there is a blank line above it.
    pub(crate) fn heading(text: impl Into<SmolStr>) -> Self {
        Self::Heading(text.into(), false)
    }

    /// Whether it ends in a blank line, where there is space for one.
    pub(crate) fn ends_blank(&self) -> bool {
        match self {
            Self::Tweet(..)
            | Self::Gap(_)
            | Self::ReadLine
            | Self::ProfileHead
            | Self::Sections
            | Self::Notification(_)
            | Self::Conversation(_)
            | Self::Session(_)
            | Self::Key(_)
            | Self::Sentence(_)
            | Self::Announcement(_)
            | Self::More => true,
            Self::Day(_)
            | Self::Person(_)
            | Self::OtherReplies(_)
            | Self::EarlierTweets(_)
            | Self::OwnPresence
            | Self::Hashtag(_)
            | Self::Message(_)
            | Self::Draft(_)
            | Self::Outgoing(_)
            | Self::Setting(_)
            | Self::Command(_)
            | Self::Heading(..)
            | Self::Words(..)
            | Self::Rule(..)
            | Self::Offer(..)
            | Self::Finding(_)
            | Self::Logged(_)
            | Self::Failed => false,
        }
    }

    /// Whether it is above the list of the screen and no item of it.
    #[must_use]
    pub fn is_head(&self) -> bool {
        matches!(self, Self::ProfileHead | Self::Sections)
    }

    /// Whether it is in the place of items that are not there: it goes when they come.
    #[must_use]
    pub fn is_placeholder(&self) -> bool {
        matches!(self, Self::Sentence(_) | Self::Offer(..) | Self::Failed)
    }

    /// The tweet of the row, if it is one.
    #[must_use]
    pub fn tweet(&self) -> Option<u64> {
        match self {
            Self::Tweet(id, _) => Some(*id),
            _ => None,
        }
    }
}
