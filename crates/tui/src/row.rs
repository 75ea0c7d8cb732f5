//! The kinds of rows that lists have. A row is a key: what it shows is looked up when it is drawn.

use smol_str::SmolStr;
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
    /// An account.
    Person(u64),
    /// The head of a profile.
    ProfileHead,
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
    /// The heading of a section.
    Heading(SmolStr),
    /// A line of text, with its number so that no two rows are equal.
    Note(u32, SmolStr),
    /// The next page, which is not loaded.
    More,
}

impl Item for Row {
    fn can_be_selected(&self) -> bool {
        !matches!(self, Self::ReadLine | Self::Heading(_))
    }
}

impl Row {
    /// The tweet of the row, if it is one.
    #[must_use]
    pub fn tweet(&self) -> Option<u64> {
        match self {
            Self::Tweet(id, _) => Some(*id),
            _ => None,
        }
    }
}
