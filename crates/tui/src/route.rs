//! Routes: the addresses of screens, for history, tabs, the jump list and the command line.

use protocol::v1;
use protocol::v1::read_timeline::Timeline;
use protocol::v1::request::Op;

/// Items of a page.
pub const PAGE_ITEMS: u32 = 40;

/// A tab of a profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ProfileTab {
    /// Tweets and retweets.
    #[default]
    Tweets,
    /// Replies.
    Replies,
    /// Followers.
    Followers,
    /// Followed accounts.
    Following,
}

impl ProfileTab {
    /// All tabs in their order, with their titles.
    pub const ALL: [(Self, &str); 4] = [
        (Self::Tweets, "Tweets"),
        (Self::Replies, "Replies"),
        (Self::Followers, "Followers"),
        (Self::Following, "Following"),
    ];

    /// Its title.
    #[must_use]
    pub fn title(self) -> &'static str {
        Self::ALL.iter().find(|(tab, _)| *tab == self).map_or("", |(_, title)| title)
    }

    /// Whether it lists tweets, not people.
    #[must_use]
    pub fn has_tweets(self) -> bool {
        matches!(self, Self::Tweets | Self::Replies)
    }

    /// The next tab; after the last, the first.
    #[must_use]
    pub fn next(self) -> Self {
        let after = Self::ALL.iter().map(|(tab, _)| *tab).skip_while(|tab| *tab != self).nth(1);
        after.unwrap_or_default()
    }
}

/// The kind of search results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SearchKind {
    /// Tweets that contain all words.
    Tweets,
    /// People by name.
    People,
    /// Hashtags by prefix.
    Hashtags,
}

/// The address of a screen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Route {
    /// The home timeline.
    Home,
    /// The user's own tweets.
    Mine,
    /// All public tweets of the server.
    Local,
    /// Tweets with a hashtag.
    Hashtag(String),
    /// Bookmarks.
    Bookmarks,
    /// Tweets that the user likes.
    Likes,
    /// Results of a search.
    Search(SearchKind, String),
    /// A tweet with its ancestors and replies.
    Thread(u64),
    /// A profile by username.
    Profile(String, ProfileTab),
    /// All accounts.
    People,
    /// Accounts that are online.
    Online,
    /// Trending hashtags.
    Trends,
    /// Notifications.
    Notifications,
    /// All chats.
    Conversations,
    /// A chat by username.
    Conversation(String),
    /// Drafts and the outbox.
    Drafts,
    /// Muted accounts.
    Muted,
    /// Blocked accounts.
    Blocked,
    /// Sessions of the account.
    Sessions,
    /// ssh keys of the account.
    Keys,
    /// Settings.
    Settings,
    /// All commands.
    Help,
    /// Messages of this run of the client.
    Log,
    /// What the terminal supports.
    Doctor,
}

/// Which page of a list is requested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PageSelector {
    /// The first page.
    Newest,
    /// The page after this cursor.
    Older(String),
    /// The items below this one, where there is a gap.
    GapBelow(u64),
    /// The items directly above this one, where there is a gap.
    GapAbove(u64),
}

impl Route {
    /// The tabs, in their order.
    pub const TABS: [Self; 6] =
        [Self::Home, Self::Notifications, Self::Conversations, Self::Trends, Self::People, Self::Online];

    /// The heading of the screen.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Home => "Home".into(),
            Self::Mine => "Your tweets".into(),
            Self::Local => "Local".into(),
            Self::Hashtag(name) => format!("#{name}"),
            Self::Bookmarks => "Bookmarks".into(),
            Self::Likes => "Likes".into(),
            Self::Search(SearchKind::Tweets, query) => format!("Search: {query}"),
            Self::Search(SearchKind::People, query) => format!("People: {query}"),
            Self::Search(SearchKind::Hashtags, query) => format!("Hashtags: {query}"),
            Self::Thread(_) => "Thread".into(),
            Self::Profile(username, _) => format!("@{username}"),
            Self::People => "People".into(),
            Self::Online => "Online".into(),
            Self::Trends => "Trends".into(),
            Self::Notifications => "Notifications".into(),
            Self::Conversations => "Chats".into(),
            Self::Conversation(username) => format!("Chat with @{username}"),
            Self::Drafts => "Drafts and outbox".into(),
            Self::Muted => "Muted".into(),
            Self::Blocked => "Blocked".into(),
            Self::Sessions => "Sessions".into(),
            Self::Keys => "SSH keys".into(),
            Self::Settings => "Settings".into(),
            Self::Help => "Help".into(),
            Self::Log => "Log".into(),
            Self::Doctor => "Doctor".into(),
        }
    }

    /// The title of its tab, short enough that all tabs fit into 80 columns.
    #[must_use]
    pub fn tab_title(&self) -> String {
        match self {
            Self::Trends => "Tags".into(),
            Self::Notifications => "Notifs".into(),
            Self::Conversations => "Chat".into(),
            other => other.title(),
        }
    }

    /// The arguments of `mini-tweet` that show the same; `None` for screens that only the client has.
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

    /// Whether it is a list of tweets sorted by identifier, newest first: with live events and gaps.
    #[must_use]
    pub fn is_timeline(&self) -> bool {
        matches!(self, Self::Home | Self::Mine | Self::Local | Self::Hashtag(_))
            || matches!(self, Self::Profile(_, tab) if tab.has_tweets())
            || matches!(self, Self::Search(SearchKind::Tweets, _))
    }

    /// The name of its read line; `None` if the server stores none.
    #[must_use]
    pub fn read_line_name(&self) -> Option<String> {
        match self {
            Self::Home => Some("home".into()),
            Self::Local => Some("local".into()),
            Self::Hashtag(name) => Some(format!("#{}", name.to_lowercase())),
            _ => None,
        }
    }

    /// The request for a page; `None` for screens without content from the server.
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
