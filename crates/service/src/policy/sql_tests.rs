//! The filters of the SQL statements, and of everything above them, are equal to the rules of this module: one viewer,
//! and an author for every combination of state, blocks, mute and follow, with a tweet for every visibility, with and
//! without a mention.

use std::collections::BTreeSet;

use model::{
    AccountId, AccountState, Cursor, Hashtag, NewTweet, Relationship, Span, TweetId, TweetText, Visibility,
};
use store::test_support::account;
use store::{AccountList, Change, ConversationList, NotificationFilter, Store as _};

use super::{TweetFacts, TweetList, is_conversation_listed, is_listed, is_notification_shown};
use crate::TimelineRequest;
use crate::test_support::{TestServer, TestUser};

const VISIBILITIES: [Visibility; 4] =
    [Visibility::Public, Visibility::Unlisted, Visibility::Followers, Visibility::Direct];
const STATES: [AccountState; 3] = [AccountState::Active, AccountState::Suspended, AccountState::Deleted];
/// More than there are rows in any list.
const ALL: usize = 1_000;

/// An author with a relationship of the viewer to them.
struct Author {
    id: AccountId,
    state: AccountState,
    /// As the store has it in the end: a block ends follows.
    relationship: Relationship,
    tweets: Vec<(TweetId, TweetFacts)>,
}

struct Fixture<'a> {
    server: &'a TestServer,
    viewer: TestUser<'a>,
    /// An account that follows every author and is followed by them.
    hub: TestUser<'a>,
    authors: Vec<Author>,
}

async fn apply(server: &TestServer, change: Change) -> u64 {
    server.clock.advance_ms(1);
    server.store.store.apply(change, None).await.unwrap().id
}

fn new_tweet(text: &str, visibility: Visibility, reply_to: Option<TweetId>) -> NewTweet {
    NewTweet { text: TweetText::parse(text).unwrap(), visibility, reply_to, quote_of: None }
}

impl<'a> Fixture<'a> {
    async fn new(server: &'a TestServer) -> Self {
        let (viewer, hub) = (server.person("viewer").await, server.person("hub").await);
        let mut fixture = Self { server, viewer, hub, authors: Vec::new() };
        for bits in 0..16_u8 {
            for state in STATES {
                let wanted = Relationship {
                    following: bits & 1 != 0,
                    blocking: bits & 2 != 0,
                    blocked_by: bits & 4 != 0,
                    muting: bits & 8 != 0,
                    followed_by: true,
                };
                fixture.add_author(state, wanted).await;
            }
        }
        fixture
    }

    async fn add_author(&mut self, state: AccountState, wanted: Relationship) {
        let (server, viewer, hub) = (self.server, self.viewer.id, self.hub.id);
        let id = apply(server, account(&format!("author{}", self.authors.len()))).await;
        let id = AccountId::new(id).unwrap();
        for (follower, followee) in [(id, hub), (hub, id), (id, viewer)] {
            apply(server, Change::Follow { follower, followee }).await;
        }
        if wanted.following {
            apply(server, Change::Follow { follower: viewer, followee: id }).await;
        }
        let mut tweets = Vec::new();
        for visibility in VISIBILITIES {
            for mentions_viewer in [false, true] {
                let text = if mentions_viewer { "word #tag @viewer" } else { "word #tag" };
                let tweet = new_tweet(text, visibility, None);
                let tweet = TweetId::new(apply(server, Change::Post { author: id, tweet }).await).unwrap();
                tweets.push((tweet, visibility, mentions_viewer));
            }
        }
        let text = TweetText::parse("a message").unwrap();
        apply(server, Change::SendMessage { author: id, to: viewer, text }).await;
        if wanted.muting {
            apply(server, Change::SetMute { muter: viewer, muted: id, on: true }).await;
        }
        if wanted.blocking {
            apply(server, Change::Block { blocker: viewer, blocked: id }).await;
        }
        if wanted.blocked_by {
            apply(server, Change::Block { blocker: id, blocked: viewer }).await;
        }
        let relationship = server.store.store.relationships(viewer, &[id]).await.unwrap()[0];
        let blocked = wanted.blocking || wanted.blocked_by;
        let expected = Relationship {
            following: wanted.following && !blocked,
            followed_by: wanted.followed_by && !blocked,
            ..wanted
        };
        assert_eq!(relationship, expected);
        match state {
            AccountState::Active => {}
            AccountState::Suspended => {
                apply(server, Change::SetSuspended { account: id, suspended: true }).await;
            }
            AccountState::Deleted => {
                apply(server, Change::DeleteAccount { account: id }).await;
            }
        }
        let facts = |(tweet, visibility, mentions_viewer)| {
            let facts =
                TweetFacts { is_own: false, author_state: state, relationship, visibility, mentions_viewer };
            (tweet, facts)
        };
        let tweets = tweets.into_iter().map(facts).collect();
        self.authors.push(Author { id, state, relationship, tweets });
    }

    /// Tweets for which the rule holds.
    fn tweets(&self, rule: impl Fn(TweetFacts) -> bool) -> BTreeSet<TweetId> {
        let all = self.authors.iter().flat_map(|author| &author.tweets);
        all.filter(|(_, facts)| rule(*facts)).map(|(tweet, _)| *tweet).collect()
    }

    /// Authors for whom the rule holds.
    fn accounts(&self, rule: impl Fn(AccountState, Relationship) -> bool) -> BTreeSet<AccountId> {
        let shown = self.authors.iter().filter(|author| rule(author.state, author.relationship));
        shown.map(|author| author.id).collect()
    }

    /// All pages of a timeline.
    async fn read(&self, timeline: &TimelineRequest) -> BTreeSet<TweetId> {
        let (mut tweets, mut span) = (BTreeSet::new(), Span::Latest);
        loop {
            let service = &self.server.service;
            let page = service.timeline(&self.viewer.caller, timeline.clone(), span, 50).await.unwrap();
            tweets.extend(page.tweets.iter().map(|tweet| tweet.id));
            match page.next {
                Some(Cursor::Id(id)) => span = Span::Before(id),
                _ => return tweets,
            }
        }
    }

    /// Authors in a list of accounts of the store.
    async fn list(&self, list: AccountList) -> BTreeSet<AccountId> {
        let page =
            self.server.store.store.list_accounts(self.viewer.id, &list.into(), None, ALL).await.unwrap();
        self.only_authors(page.items.into_iter().map(|account| account.id))
    }

    fn only_authors(&self, accounts: impl Iterator<Item = AccountId>) -> BTreeSet<AccountId> {
        accounts.filter(|id| self.authors.iter().any(|author| author.id == *id)).collect()
    }
}

#[tokio::test]
async fn every_list_of_tweets_shows_what_the_policy_says() {
    let server = TestServer::new().await;
    let fixture = Fixture::new(&server).await;
    for (tweet, facts) in fixture.authors.iter().flat_map(|author| &author.tweets) {
        assert_eq!(fixture.viewer.sees(*tweet).await, facts.is_visible(), "{facts:?}");
    }
    let home = fixture.tweets(|facts| TweetList::Home.includes(facts, false));
    assert!(!home.is_empty());
    assert_eq!(fixture.read(&TimelineRequest::Home).await, home);
    let ids = |page: &crate::timeline::HomePage<'_>| -> BTreeSet<_> {
        page.tweets.iter().map(|tweet| tweet.tweet.tweet.id).collect()
    };
    let cached = server.service.home(&fixture.viewer.caller, Span::Latest, 100, ids).await.unwrap();
    assert_eq!(cached, Some(home));
    let public = fixture.tweets(|facts| TweetList::Public.includes(facts, false));
    assert!(!public.is_empty());
    let tag = Hashtag::parse("tag").unwrap();
    for timeline in
        [TimelineRequest::Local, TimelineRequest::Hashtag(tag), TimelineRequest::Search("word".into())]
    {
        assert_eq!(fixture.read(&timeline).await, public, "{timeline:?}");
    }
}

#[tokio::test]
async fn every_list_of_accounts_shows_what_the_policy_says() {
    let server = TestServer::new().await;
    let fixture = Fixture::new(&server).await;
    let (store, viewer) = (&server.store.store, fixture.viewer.id);
    let listed = fixture.accounts(is_listed);
    assert!(!listed.is_empty() && listed.len() < fixture.authors.len());
    for list in
        [AccountList::People, AccountList::Followers(fixture.hub.id), AccountList::Following(fixture.hub.id)]
    {
        assert_eq!(fixture.list(list).await, listed, "{list:?}");
    }
    let both =
        fixture.accounts(|state, relationship| is_listed(state, relationship) && relationship.following);
    assert!(!both.is_empty() && both.len() < listed.len());
    assert_eq!(fixture.list(AccountList::BothFollow(fixture.hub.id)).await, both);
    // By prefix, and by the index of name parts.
    for query in ["author", "uthor"] {
        let found = store.search_people(viewer, query, ALL).await.unwrap();
        assert_eq!(fixture.only_authors(found.into_iter().map(|one| one.id)), listed, "{query}");
    }
    let muted = fixture.accounts(|state, relationship| is_listed(state, relationship) && relationship.muting);
    assert_eq!(fixture.list(AccountList::Muted).await, muted);
    // The exception: otherwise no block could be ended.
    let blocked =
        fixture.accounts(|state, relationship| state == AccountState::Active && relationship.blocking);
    assert_eq!(fixture.list(AccountList::Blocked).await, blocked);
    let conversations = store.conversations(viewer, ConversationList::Shown, None, ALL).await.unwrap().items;
    let listed = fixture.accounts(is_conversation_listed);
    assert_eq!(fixture.only_authors(conversations.into_iter().map(|one| one.with.id)), listed);
}

#[tokio::test]
async fn notifications_are_shown_as_the_policy_says() {
    let server = TestServer::new().await;
    let fixture = Fixture::new(&server).await;
    // Replies after the blocks and mutes: the store decides whether it notifies at all.
    let viewers = fixture.viewer.posts("a question").await;
    let mut expected = BTreeSet::new();
    let mut notified = BTreeSet::new();
    for author in &fixture.authors {
        let is_shown = is_notification_shown(author.state, author.relationship);
        if is_shown {
            expected.insert((author.id, None));
        }
        let mentions = author.tweets.iter().filter(|(_, facts)| facts.mentions_viewer).copied();
        let mut about = mentions.collect::<Vec<_>>();
        for (_, facts) in author.tweets.iter().filter(|_| author.state == AccountState::Active) {
            let text = if facts.mentions_viewer { "@viewer yes" } else { "yes" };
            let tweet = new_tweet(text, facts.visibility, Some(viewers));
            server.clock.advance_ms(1);
            // Refused across a block.
            if let Ok(reply) = server.store.store.apply(Change::Post { author: author.id, tweet }, None).await
            {
                let reply = TweetId::new(reply.id).unwrap();
                // Who is answered can always see the answer.
                let facts = TweetFacts { mentions_viewer: true, ..*facts };
                about.push((reply, facts));
                if is_shown && facts.is_visible() {
                    notified.insert(reply);
                }
            }
        }
        let shown = about.iter().filter(|(_, facts)| is_shown && facts.is_visible());
        expected.extend(shown.map(|(tweet, _)| (author.id, Some(*tweet))));
    }
    let rows = server
        .store
        .store
        .notifications(fixture.viewer.id, Span::Latest, &NotificationFilter::default(), ALL)
        .await
        .unwrap();
    let replies: BTreeSet<_> = rows.iter().filter_map(|one| one.tweet.filter(|id| *id > viewers)).collect();
    assert_eq!(replies, notified, "no notification is stored about a tweet that its recipient may not see");
    let (mut shown, mut span) = (BTreeSet::new(), Span::Latest);
    loop {
        let service = &server.service;
        let page = service
            .notifications(&fixture.viewer.caller, span, NotificationFilter::default(), 50)
            .await
            .unwrap()
            .page;
        shown.extend(page.items.iter().map(|one| (one.actor, one.tweet)));
        match page.next {
            Some(Cursor::Id(id)) => span = Span::Before(id),
            _ => break,
        }
    }
    assert!(expected.len() > 20);
    assert_eq!(shown, expected);
    let unread = server.store.store.unread_notifications(fixture.viewer.id).await.unwrap();
    assert_eq!(unread as usize, expected.len(), "no more are counted than shown");
}
