//! Where one can be: every screen has an address, so that history, tabs, the jump list and the command line speak
//! of the same things.

use protocol::v1;
use protocol::v1::read_timeline::Timeline;
use protocol::v1::request::Op;

/// Items that are asked for at a time.
pub const PAGE_ITEMS: u32 = 40;

/// What of a person is shown below their profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProfileTab {
    /// What they wrote and retweeted.
    #[default]
    Tweets,
    /// What they answered.
    Replies,
    /// Who follows them.
    Followers,
    /// Whom they follow.
    Following,
}

impl ProfileTab {
    /// All of them, in their order, with what they are called.
    pub const ALL: [(Self, &str); 4] = [
        (Self::Tweets, "Tweets"),
        (Self::Replies, "Replies"),
        (Self::Followers, "Followers"),
        (Self::Following, "Following"),
    ];

    /// What it is called.
    #[must_use]
    pub fn title(self) -> &'static str {
        Self::ALL.iter().find(|(tab, _)| *tab == self).map_or("", |(_, title)| title)
    }

    /// Whether tweets are shown in it, or people.
    #[must_use]
    pub fn has_tweets(self) -> bool {
        matches!(self, Self::Tweets | Self::Replies)
    }

    /// The next one, around the end.
    #[must_use]
    pub fn next(self) -> Self {
        let after = Self::ALL.iter().map(|(tab, _)| *tab).skip_while(|tab| *tab != self).nth(1);
        after.unwrap_or_default()
    }
}

/// What is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SearchKind {
    /// Tweets with all words.
    Tweets,
    /// People by name.
    People,
    /// Hashtags by their beginning.
    Hashtags,
}

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// One's own tweets and those of the people one follows.
    Home,
    /// One's own.
    Mine,
    /// All public ones of this server.
    Local,
    /// Those with a hashtag.
    Hashtag(String),
    /// Saved ones.
    Bookmarks,
    /// Liked ones.
    Likes,
    /// What was found.
    Search(SearchKind, String),
    /// A conversation around a tweet.
    Thread(u64),
    /// Somebody.
    Profile(String, ProfileTab),
    /// Everybody.
    People,
    /// Who is there now.
    Online,
    /// Hashtags of the day.
    Trends,
    /// What others did that concerns one.
    Notifications,
    /// All chats.
    Conversations,
    /// A chat.
    Conversation(String),
    /// What is not finished and what is not sent.
    Drafts,
    /// People one does not want to hear of.
    Muted,
    /// People one wants nothing to do with.
    Blocked,
    /// Where one is signed in.
    Sessions,
    /// ssh keys that let one in.
    Keys,
    /// How the client looks and behaves.
    Settings,
    /// All commands.
    Help,
    /// What went on.
    Log,
    /// What the terminal can do.
    Doctor,
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageSelector {
    /// Its beginning.
    Newest,
    /// What follows this cursor.
    Older(String),
    /// What is missing below this item.
    GapBelow(u64),
    /// What is missing directly above this item.
    GapAbove(u64),
}

impl Route {
    /// The tabs, in their order: number keys go there.
    pub const TABS: [Self; 6] =
        [Self::Home, Self::Notifications, Self::Conversations, Self::Trends, Self::People, Self::Online];

    /// What stands above it.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Home => "Home".into(),
            Self::Mine => "Mine".into(),
            Self::Local => "Local".into(),
            Self::Hashtag(name) => format!("#{name}"),
            Self::Bookmarks => "Bookmarks".into(),
            Self::Likes => "Liked".into(),
            Self::Search(SearchKind::Tweets, query) => format!("Search: {query}"),
            Self::Search(SearchKind::People, query) => format!("People: {query}"),
            Self::Search(SearchKind::Hashtags, query) => format!("Hashtags: {query}"),
            Self::Thread(_) => "Thread".into(),
            Self::Profile(username, _) => format!("@{username}"),
            Self::People => "People".into(),
            Self::Online => "Online".into(),
            Self::Trends => "Tags".into(),
            Self::Notifications => "Notifs".into(),
            Self::Conversations => "Chat".into(),
            Self::Conversation(username) => format!("Chat with @{username}"),
            Self::Drafts => "Drafts and outbox".into(),
            Self::Muted => "Muted".into(),
            Self::Blocked => "Blocked".into(),
            Self::Sessions => "Sessions".into(),
            Self::Keys => "ssh keys".into(),
            Self::Settings => "Settings".into(),
            Self::Help => "Help".into(),
            Self::Log => "Log".into(),
            Self::Doctor => "Doctor".into(),
        }
    }

    /// The same on the command line.
    #[must_use]
    pub fn command_line(&self) -> Option<String> {
        Some(match self {
            Self::Home => "feed".into(),
            Self::Mine => "feed mine".into(),
            Self::Local => "feed local".into(),
            Self::Hashtag(name) => format!("feed '#{name}'"),
            Self::Bookmarks => "feed bookmarks".into(),
            Self::Likes => "feed likes".into(),
            Self::Search(SearchKind::Tweets, query) => format!("search {query:?}"),
            Self::Search(SearchKind::People, query) => format!("search --people {query:?}"),
            Self::Search(SearchKind::Hashtags, query) => format!("search --tags {query:?}"),
            Self::Thread(id) => format!("thread {id}"),
            Self::Profile(username, ProfileTab::Tweets) => format!("profile @{username}"),
            Self::Profile(username, ProfileTab::Replies) => format!("feed @{username} --replies"),
            Self::Profile(username, ProfileTab::Followers) => format!("followers @{username}"),
            Self::Profile(username, ProfileTab::Following) => format!("following @{username}"),
            Self::People => "people".into(),
            Self::Online => "online".into(),
            Self::Trends => "tags".into(),
            Self::Notifications => "notifs".into(),
            Self::Conversations => "chat list".into(),
            Self::Conversation(username) => format!("chat @{username}"),
            Self::Sessions => "sessions".into(),
            Self::Keys => "keys".into(),
            _ => return None,
        })
    }

    /// Whether it is a list of tweets, newest first by their identifiers, that live events and gaps belong to.
    #[must_use]
    pub fn is_timeline(&self) -> bool {
        matches!(self, Self::Home | Self::Mine | Self::Local | Self::Hashtag(_))
            || matches!(self, Self::Profile(_, tab) if tab.has_tweets())
            || matches!(self, Self::Search(SearchKind::Tweets, _))
    }

    /// Its name for a kept read line, where the server keeps one.
    #[must_use]
    pub fn read_line_name(&self) -> Option<String> {
        match self {
            Self::Home => Some("home".into()),
            Self::Local => Some("local".into()),
            Self::Hashtag(name) => Some(format!("#{}", name.to_lowercase())),
            _ => None,
        }
    }

    /// What to ask a server to fill it; `None` where nothing is asked.
    #[must_use]
    pub fn request(&self, part: &PageSelector) -> Option<Op> {
        use v1::page_request::Position;
        let position = match part {
            PageSelector::Newest => None,
            PageSelector::Older(cursor) => Some(Position::Before(cursor.clone())),
            PageSelector::GapBelow(id) => Some(Position::Before(id.to_string())),
            PageSelector::GapAbove(id) => Some(Position::After(id.to_string())),
        };
        let page = Some(v1::PageRequest { limit: PAGE_ITEMS, position });
        let timeline = |timeline| {
            Some(Op::ReadTimeline(v1::ReadTimeline { timeline: Some(timeline), page: page.clone() }))
        };
        let accounts = |list: v1::AccountList, username: &str| {
            let (list, username) = (list.into(), username.to_owned());
            Some(Op::ListAccounts(v1::ListAccounts { list, username, page: page.clone() }))
        };
        match self {
            Self::Home => timeline(Timeline::Home(v1::Home {})),
            Self::Mine => timeline(Timeline::User(String::new())),
            Self::Local => timeline(Timeline::Local(v1::Local {})),
            Self::Hashtag(name) => timeline(Timeline::Hashtag(name.clone())),
            Self::Bookmarks => timeline(Timeline::Bookmarks(v1::Bookmarks {})),
            Self::Likes => timeline(Timeline::Likes(v1::Likes {})),
            Self::Search(SearchKind::Tweets, query) => timeline(Timeline::Search(query.clone())),
            Self::Search(SearchKind::People, query) => {
                Some(Op::SearchPeople(v1::SearchPeople { query: query.clone(), limit: PAGE_ITEMS }))
            }
            Self::Search(SearchKind::Hashtags, query) => {
                Some(Op::SearchHashtags(v1::SearchHashtags { query: query.clone(), limit: PAGE_ITEMS }))
            }
            Self::Thread(tweet_id) => Some(Op::GetThread(v1::GetThread { tweet_id: *tweet_id, page })),
            Self::Profile(username, tab) => match tab {
                ProfileTab::Tweets => timeline(Timeline::User(username.clone())),
                ProfileTab::Replies => timeline(Timeline::Replies(username.clone())),
                ProfileTab::Followers => accounts(v1::AccountList::Followers, username),
                ProfileTab::Following => accounts(v1::AccountList::Following, username),
            },
            Self::People => accounts(v1::AccountList::People, ""),
            Self::Muted => accounts(v1::AccountList::Muted, ""),
            Self::Blocked => accounts(v1::AccountList::Blocked, ""),
            Self::Online => Some(Op::ListOnline(v1::ListOnline {})),
            Self::Trends => Some(Op::GetTrends(v1::GetTrends { limit: 20 })),
            Self::Notifications => {
                Some(Op::ListNotifications(v1::ListNotifications { page, unread_only: false }))
            }
            Self::Conversations => Some(Op::ListConversations(v1::ListConversations { page })),
            Self::Conversation(username) => {
                Some(Op::ReadConversation(v1::ReadConversation { username: username.clone(), page }))
            }
            Self::Sessions => Some(Op::ListSessions(v1::ListSessions {})),
            Self::Keys => Some(Op::ListSshKeys(v1::ListSshKeys {})),
            Self::Drafts | Self::Settings | Self::Help | Self::Log | Self::Doctor => None,
        }
    }
}
