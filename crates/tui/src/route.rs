//! Routes: the addresses of screens, for history, tabs, the jump list and the command line.

use model::Hashtag;
use protocol::v1;
use protocol::v1::read_timeline::Timeline;
use protocol::v1::request::Op;

/// Items of a page.
pub const PAGE_ITEMS: u32 = 40;
/// Hashtags of each list of trends.
pub const TRENDS: u32 = 20;

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

    /// Whether it lists tweets, not people.
    #[must_use]
    pub fn has_tweets(self) -> bool {
        matches!(self, Self::Tweets | Self::Replies)
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

impl SearchKind {
    /// All kinds in their order, with their titles.
    pub const ALL: [(Self, &str); 3] =
        [(Self::Tweets, "Tweets"), (Self::People, "People"), (Self::Hashtags, "Hashtags")];
}

/// A list of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PeopleSection {
    /// All accounts.
    Everyone,
    /// Accounts that the user follows.
    Following,
    /// Accounts that follow the user.
    Followers,
    /// Accounts that the server suggests to follow.
    Suggested,
    /// Muted accounts.
    Muted,
    /// Blocked accounts.
    Blocked,
}

impl PeopleSection {
    /// All lists in their order, with their titles.
    pub const ALL: [(Self, &str); 6] = [
        (Self::Everyone, "Everyone"),
        (Self::Following, "Following"),
        (Self::Followers, "Followers"),
        (Self::Suggested, "Suggested"),
        (Self::Muted, "Muted"),
        (Self::Blocked, "Blocked"),
    ];

    fn of_protocol(self) -> Option<v1::AccountList> {
        match self {
            Self::Everyone => Some(v1::AccountList::People),
            Self::Following => Some(v1::AccountList::Following),
            Self::Followers => Some(v1::AccountList::Followers),
            Self::Suggested => None,
            Self::Muted => Some(v1::AccountList::Muted),
            Self::Blocked => Some(v1::AccountList::Blocked),
        }
    }
}

/// A list of notifications, by their kinds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NotificationList {
    /// All kinds.
    All,
    /// Mentions.
    Mentions,
    /// Replies.
    Replies,
    /// Likes.
    Likes,
    /// Retweets, with and without words of their own.
    Retweets,
    /// New followers.
    Follows,
}

impl NotificationList {
    /// All lists in their order, with their titles.
    pub const ALL: [(Self, &str); 6] = [
        (Self::All, "All"),
        (Self::Mentions, "Mentions"),
        (Self::Replies, "Replies"),
        (Self::Likes, "Likes"),
        (Self::Retweets, "Retweets"),
        (Self::Follows, "Follows"),
    ];

    /// The kinds that it shows; none: all.
    #[must_use]
    pub fn kinds(self) -> &'static [v1::NotificationKind] {
        use v1::NotificationKind::{Follow, Like, Mention, Quote, Reply, Retweet};
        match self {
            Self::All => &[],
            Self::Mentions => &[Mention],
            Self::Replies => &[Reply],
            Self::Likes => &[Like],
            Self::Retweets => &[Retweet, Quote],
            Self::Follows => &[Follow],
        }
    }

    /// Whether it shows notifications of this kind.
    #[must_use]
    pub fn shows(self, kind: v1::NotificationKind) -> bool {
        self.kinds().is_empty() || self.kinds().contains(&kind)
    }
}

/// A list of those who are online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OnlineList {
    /// All of them.
    Everyone,
    /// Those whom the user follows.
    Followed,
}

impl OnlineList {
    /// All lists in their order, with their titles.
    pub const ALL: [(Self, &str); 2] = [(Self::Everyone, "Everyone"), (Self::Followed, "Followed only")];
}

/// A part of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LogList {
    /// All lines.
    All,
    /// What failed, and what may explain it.
    Warnings,
}

impl LogList {
    /// All parts in their order, with their titles.
    pub const ALL: [(Self, &str); 2] = [(Self::All, "All"), (Self::Warnings, "Warnings only")];
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
    /// A list of people.
    People(PeopleSection),
    /// Accounts that are online.
    Online(OnlineList),
    /// Trending hashtags.
    Trends,
    /// Notifications.
    Notifications(NotificationList),
    /// All chats.
    Conversations,
    /// A chat by username.
    Conversation(String),
    /// Drafts and the outbox.
    Drafts,
    /// Sessions of the account.
    Sessions,
    /// ssh keys of the account.
    Keys,
    /// Settings.
    Settings,
    /// All commands.
    Help,
    /// Messages of this run of the client.
    Log(LogList),
    /// What the terminal supports.
    Doctor,
    /// The server and its operator's words.
    About,
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
    /// All notifications.
    pub const NOTIFICATIONS: Self = Self::Notifications(NotificationList::All);
    /// All lines of the log.
    pub const LOG: Self = Self::Log(LogList::All);
    /// Everyone who is online.
    pub const ONLINE: Self = Self::Online(OnlineList::Everyone);
    /// All people.
    pub const PEOPLE: Self = Self::People(PeopleSection::Everyone);
    /// The tabs, in their order.
    pub const TABS: [Self; 6] =
        [Self::Home, Self::NOTIFICATIONS, Self::Conversations, Self::Trends, Self::PEOPLE, Self::ONLINE];

    /// The screens with those who are online.
    #[must_use]
    pub fn all_online() -> [Self; 2] {
        OnlineList::ALL.map(|(list, _)| Self::Online(list))
    }

    /// The sections of its screen in their order, with their titles; empty if it has none.
    #[must_use]
    pub fn sections(&self) -> Vec<(Self, &'static str)> {
        match self {
            Self::Profile(username, _) => {
                ProfileTab::ALL.map(|(tab, title)| (Self::Profile(username.clone(), tab), title)).to_vec()
            }
            Self::People(_) => PeopleSection::ALL.map(|(list, title)| (Self::People(list), title)).to_vec(),
            Self::Notifications(_) => {
                NotificationList::ALL.map(|(list, title)| (Self::Notifications(list), title)).to_vec()
            }
            Self::Online(_) => OnlineList::ALL.map(|(list, title)| (Self::Online(list), title)).to_vec(),
            Self::Log(_) => LogList::ALL.map(|(list, title)| (Self::Log(list), title)).to_vec(),
            Self::Search(_, query) => {
                SearchKind::ALL.map(|(kind, title)| (Self::Search(kind, query.clone()), title)).to_vec()
            }
            _ => Vec::new(),
        }
    }

    /// The title of its section; empty if its screen has none.
    #[must_use]
    pub fn section(&self) -> &'static str {
        self.sections().into_iter().find(|(section, _)| section == self).map_or("", |(_, title)| title)
    }

    /// The list of accounts that it shows, and whose it is; `None` if it shows something else.
    #[must_use]
    pub fn accounts(&self) -> Option<(v1::AccountList, &str)> {
        match self {
            Self::People(list) => Some((list.of_protocol()?, "")),
            Self::Profile(username, ProfileTab::Followers) => Some((v1::AccountList::Followers, username)),
            Self::Profile(username, ProfileTab::Following) => Some((v1::AccountList::Following, username)),
            _ => None,
        }
    }

    /// The heading of the screen.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Home => "Home".into(),
            Self::Mine => "Your tweets".into(),
            Self::Local => "Local".into(),
            Self::Hashtag(name) => format!("#{name}"),
            Self::Bookmarks => "Bookmarks".into(),
            Self::Likes => "Liked".into(),
            Self::Search(_, query) => format!("Search: {query}"),
            Self::Thread(_) => "Thread".into(),
            Self::Profile(username, _) => format!("@{username}"),
            Self::People(_) => "People".into(),
            Self::Online(_) => "Online".into(),
            Self::Trends => "Tags".into(),
            Self::Notifications(_) => "Notifications".into(),
            Self::Conversations => "Chats".into(),
            Self::Conversation(username) => format!("Chat with @{username}"),
            Self::Drafts => "Drafts and outbox".into(),
            Self::Sessions => "Sessions".into(),
            Self::Keys => "SSH keys".into(),
            Self::Settings => "Settings".into(),
            Self::Help => "Help".into(),
            Self::Log(_) => "Log".into(),
            Self::Doctor => "Doctor".into(),
            Self::About => "About this server".into(),
        }
    }

    /// The title of its tab, short enough that all tabs fit into 80 columns.
    #[must_use]
    pub fn tab_title(&self) -> String {
        match self {
            Self::Notifications(_) => "Notifs".into(),
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
            Self::People(PeopleSection::Everyone) => "people".into(),
            Self::People(PeopleSection::Following) => "following".into(),
            Self::People(PeopleSection::Followers) => "followers".into(),
            Self::People(PeopleSection::Suggested) => "people --suggested".into(),
            Self::Online(_) => "online".into(),
            Self::Trends => "tags".into(),
            Self::Notifications(_) => "notifs".into(),
            Self::Conversations => "chat list".into(),
            Self::Conversation(username) => format!("chat @{username}"),
            Self::Sessions => "sessions".into(),
            Self::Keys => "keys".into(),
            Self::About => "info".into(),
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
            Self::Hashtag(name) => Some(format!("#{}", Hashtag::key_prefix(name))),
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
        if let Some((list, username)) = self.accounts() {
            let (list, username) = (list.into(), username.to_owned());
            return Some(Op::ListAccounts(v1::ListAccounts {
                list,
                username,
                page,
                ..v1::ListAccounts::default()
            }));
        }
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
            Self::Profile(username, ProfileTab::Replies) => timeline(Timeline::Replies(username.clone())),
            Self::Profile(username, _) => timeline(Timeline::User(username.clone())),
            Self::Online(_) => Some(Op::ListOnline(v1::ListOnline {})),
            Self::People(PeopleSection::Suggested) => {
                Some(Op::SuggestPeople(v1::SuggestPeople { limit: PAGE_ITEMS }))
            }
            Self::Trends => Some(Op::GetTrends(v1::GetTrends { limit: TRENDS, sections: true })),
            Self::Notifications(list) => {
                let kinds = list.kinds().iter().map(|kind| (*kind).into()).collect();
                Some(Op::ListNotifications(v1::ListNotifications { page, unread_only: false, kinds }))
            }
            Self::Conversations => Some(Op::ListConversations(v1::ListConversations { page })),
            Self::Conversation(username) => {
                Some(Op::ReadConversation(v1::ReadConversation { username: username.clone(), page }))
            }
            Self::Sessions => Some(Op::ListSessions(v1::ListSessions {})),
            Self::Keys => Some(Op::ListSshKeys(v1::ListSshKeys {})),
            Self::About => Some(Op::GetServerInfo(v1::GetServerInfo {})),
            Self::People(_) | Self::Drafts | Self::Settings | Self::Help | Self::Log(_) | Self::Doctor => {
                None
            }
        }
    }
}
