//! The kinds of rows that lists have. A row is a key: what it shows is looked up when it is drawn.

use smol_str::SmolStr;
use terminal::list::Item;

/// A row of a list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Row {
    /// A tweet, and how deep it is in a thread.
    Tweet(u64, u8),
    /// Something is missing below this item.
    Gap(u64),
    /// Above it is new.
    ReadLine,
    /// Somebody.
    Person(u64),
    /// The head of a profile.
    ProfileHead,
    /// Notifications of one kind about one tweet, by the oldest of them.
    Notification(u64),
    /// A hashtag.
    Hashtag(SmolStr),
    /// A chat, by the other one.
    Conversation(u64),
    /// A message.
    Message(u64),
    /// A text that is not finished, by its name.
    Draft(SmolStr),
    /// A text that is not sent, by its key.
    Outgoing(SmolStr),
    /// A setting, by its name.
    Setting(&'static str),
    /// A session.
    Session(u64),
    /// An ssh key.
    Key(u64),
    /// A command.
    Command(&'static str),
    /// The beginning of a part.
    Heading(SmolStr),
    /// A line of text; the number keeps equal ones apart.
    Note(u32, SmolStr),
    /// More can be read.
    More,
}

impl Item for Row {
    fn can_be_selected(&self) -> bool {
        !matches!(self, Self::ReadLine | Self::Heading(_))
    }
}

impl Row {
    /// The tweet that it stands for.
    #[must_use]
    pub fn tweet(&self) -> Option<u64> {
        match self {
            Self::Tweet(id, _) => Some(*id),
            _ => None,
        }
    }
}
