//! Users act at random; the real service on its real store and the reference model are asked the same questions.

use model::{Cursor, Error, Hashtag, MessageId, NewTweet, Span, Tweet, TweetId, TweetText};
use proptest::prelude::*;
use proptest::test_runner::{TestCaseResult, TestRunner};

use super::{Outcome, Post, Reference, State, StoredNotification, User, Wish};
use crate::live::LiveConfig;
use crate::test_support::{TestServer, TestUser, config};
use crate::timeline::Limits;
use crate::{AccountFilter, AccountListRequest, Caller, TimelineRequest};
use store::sqlite::maintenance::check;
use store::{Change, NotificationFilter, Store as _};

const USERS: usize = 6;
const NAMES: [&str; USERS] = ["ada", "bob", "eve", "kim", "lea", "zoe"];
/// More rows than any list has here: every list is one page.
const ALL: usize = 100;

/// An action of a user; numbers choose among all tweets that were ever posted.
#[derive(Debug, Clone)]
enum Action {
    Post { who: User, visibility: u8, names: Vec<User>, answers: usize, quotes: usize },
    Edit { who: User, tweet: usize, names: Vec<User> },
    Delete { who: User, tweet: usize },
    Retweet { who: User, tweet: usize, on: bool },
    Like { who: User, tweet: usize, on: bool },
    Bookmark { who: User, tweet: usize, on: bool },
    Follow { who: User, other: User },
    Unfollow { who: User, other: User },
    RemoveFollower { who: User, other: User },
    Block { who: User, other: User, on: bool },
    Mute { who: User, other: User, on: bool },
    Say { who: User, to: User },
    EditMessage { who: User, message: usize },
    DeleteMessage { who: User, message: usize },
    Suspend { who: User, on: bool },
    DeleteAccount { who: User },
}

fn action() -> impl Strategy<Value = Action> {
    let who = || 0..USERS;
    let names = || prop::collection::vec(0..USERS, 0..3);
    let one = || 0_usize..1_000;
    let on = || prop::bool::weighted(0.7);
    prop_oneof![
        12 => (who(), 0_u8..8, names(), one(), one()).prop_map(|(who, visibility, names, answers, quotes)| {
            Action::Post { who, visibility, names, answers, quotes }
        }),
        2 => (who(), one(), names()).prop_map(|(who, tweet, names)| Action::Edit { who, tweet, names }),
        2 => (who(), one()).prop_map(|(who, tweet)| Action::Delete { who, tweet }),
        5 => (who(), one(), on()).prop_map(|(who, tweet, on)| Action::Retweet { who, tweet, on }),
        5 => (who(), one(), on()).prop_map(|(who, tweet, on)| Action::Like { who, tweet, on }),
        3 => (who(), one(), on()).prop_map(|(who, tweet, on)| Action::Bookmark { who, tweet, on }),
        8 => (who(), who()).prop_map(|(who, other)| Action::Follow { who, other }),
        1 => (who(), who()).prop_map(|(who, other)| Action::Unfollow { who, other }),
        1 => (who(), who()).prop_map(|(who, other)| Action::RemoveFollower { who, other }),
        2 => (who(), who(), on()).prop_map(|(who, other, on)| Action::Block { who, other, on }),
        2 => (who(), who(), on()).prop_map(|(who, other, on)| Action::Mute { who, other, on }),
        6 => (who(), who()).prop_map(|(who, to)| Action::Say { who, to }),
        3 => (who(), one()).prop_map(|(who, message)| Action::EditMessage { who, message }),
        1 => (who(), one()).prop_map(|(who, message)| Action::DeleteMessage { who, message }),
        2 => (who(), prop::bool::weighted(0.4)).prop_map(|(who, on)| Action::Suspend { who, on }),
        1 => who().prop_map(|who| Action::DeleteAccount { who }),
    ]
}

/// The real service next to the model.
struct Both<'a> {
    server: &'a TestServer,
    users: Vec<TestUser<'a>>,
    reference: Reference,
    /// The real identifiers of the reference's tweets.
    ids: Vec<TweetId>,
    /// The real identifiers of its messages.
    messages: Vec<MessageId>,
}

impl<'a> Both<'a> {
    async fn begin(server: &'a TestServer, ignores_blocks: bool) -> Self {
        let mut users = Vec::new();
        for name in NAMES {
            users.push(server.person(name).await);
        }
        let states = vec![State::Active; USERS];
        let reference = Reference { users: states, ignores_blocks, ..Reference::default() };
        Self { server, users, reference, ids: Vec::new(), messages: Vec::new() }
    }

    /// Carries out an action on both, which must have the same outcome. Users who cannot log in do nothing.
    async fn perform(&mut self, action: &Action, step: usize) -> TestCaseResult {
        let who = match *action {
            Action::Post { who, .. } | Action::Edit { who, .. } | Action::Delete { who, .. } => Some(who),
            Action::Retweet { who, .. } | Action::Like { who, .. } | Action::Bookmark { who, .. } => {
                Some(who)
            }
            Action::Follow { who, .. }
            | Action::Unfollow { who, .. }
            | Action::RemoveFollower { who, .. } => Some(who),
            Action::Block { who, .. } | Action::Mute { who, .. } | Action::Say { who, .. } => Some(who),
            Action::EditMessage { who, .. } | Action::DeleteMessage { who, .. } => Some(who),
            Action::DeleteAccount { who } => Some(who),
            Action::Suspend { .. } => None,
        };
        if who.is_some_and(|who| !self.reference.active(who)) {
            return Ok(());
        }
        self.server.clock.advance_ms(1);
        let (real, expected) = self.do_both(action, step).await;
        let real = real.map_err(|error| error.code());
        prop_assert_eq!(&real, &expected, "{:?}", action);
        Ok(())
    }

    async fn do_both(&mut self, action: &Action, step: usize) -> (Result<(), Error>, Outcome) {
        let service = &self.server.service;
        let (reference, users) = (&mut self.reference, &self.users);
        let caller = |who: User| &users[who].caller;
        let name = |who: User| &users[who].name;
        let tweets = self.ids.len();
        let chosen = |number: usize| (tweets > 0).then(|| number % tweets);
        let done = |applied: model::Result<store::ChangeResult>| applied.map(drop);
        match action {
            Action::Post { who, visibility, names, answers, quotes } => {
                let wish = Wish {
                    text: text(step, names),
                    names: names.clone(),
                    visibility: Reference::visibility(*visibility),
                    reply_to: chosen(*answers).filter(|_| answers.is_multiple_of(3)),
                    quote_of: chosen(*quotes).filter(|_| quotes.is_multiple_of(4)),
                };
                let new = NewTweet {
                    text: TweetText::parse(&wish.text).unwrap(),
                    visibility: wish.visibility,
                    reply_to: wish.reply_to.map(|id| self.ids[id]),
                    quote_of: wish.quote_of.map(|id| self.ids[id]),
                };
                let real = service.post(caller(*who), None, new).await;
                let expected = reference.post(*who, wish);
                self.ids.extend(real.as_ref().ok().and_then(|applied| TweetId::new(applied.id)));
                (done(real), expected.map(drop))
            }
            Action::Edit { who, tweet, names } => {
                let Some(id) = chosen(*tweet) else { return (Ok(()), Ok(())) };
                let text = text(step, names);
                let parsed = TweetText::parse(&text).unwrap();
                let real = service.edit_tweet(caller(*who), None, self.ids[id], parsed).await;
                (done(real), reference.edit(*who, id, &text, names))
            }
            Action::Delete { who, tweet } => {
                let Some(id) = chosen(*tweet) else { return (Ok(()), Ok(())) };
                let real = service.delete_tweet(caller(*who), None, self.ids[id]).await;
                (done(real), reference.delete(*who, id))
            }
            Action::Retweet { who, tweet, on } => {
                let Some(id) = chosen(*tweet) else { return (Ok(()), Ok(())) };
                if !on {
                    let real = service.undo_retweet(caller(*who), None, self.ids[id]).await;
                    return (done(real), reference.undo_retweet(*who, id));
                }
                let real = service.retweet(caller(*who), None, self.ids[id]).await;
                let expected = reference.retweet(*who, id);
                if let (Ok(applied), Ok(retweet)) = (&real, expected) {
                    let id = TweetId::new(applied.id).unwrap();
                    if retweet == self.ids.len() {
                        self.ids.push(id);
                    }
                    assert_eq!(self.ids[retweet], id, "the retweet that there was");
                }
                (done(real), expected.map(drop))
            }
            Action::Like { who, tweet, on } => {
                let Some(id) = chosen(*tweet) else { return (Ok(()), Ok(())) };
                let real = match on {
                    true => service.like(caller(*who), None, self.ids[id]).await,
                    false => service.unlike(caller(*who), None, self.ids[id]).await,
                };
                (done(real), reference.like(*who, id, *on))
            }
            Action::Bookmark { who, tweet, on } => {
                let Some(id) = chosen(*tweet) else { return (Ok(()), Ok(())) };
                let real = match on {
                    true => service.bookmark(caller(*who), None, self.ids[id]).await,
                    false => service.unbookmark(caller(*who), None, self.ids[id]).await,
                };
                (done(real), reference.bookmark(*who, id, *on))
            }
            Action::Follow { who, other } => {
                (done(service.follow(caller(*who), None, name(*other)).await), reference.follow(*who, *other))
            }
            Action::Unfollow { who, other } => {
                let real = service.unfollow(caller(*who), None, name(*other)).await;
                (done(real), reference.unfollow(*who, *other, *other))
            }
            Action::RemoveFollower { who, other } => {
                let real = service.remove_follower(caller(*who), None, name(*other)).await;
                (done(real), reference.unfollow(*other, *who, *other))
            }
            Action::Block { who, other, on } => {
                let real = match on {
                    true => service.block(caller(*who), None, name(*other)).await,
                    false => service.unblock(caller(*who), None, name(*other)).await,
                };
                (done(real), reference.block(*who, *other, *on))
            }
            Action::Mute { who, other, on } => {
                let real = match on {
                    true => service.mute(caller(*who), None, name(*other)).await,
                    false => service.unmute(caller(*who), None, name(*other)).await,
                };
                (done(real), reference.mute(*who, *other, *on))
            }
            Action::Say { who, to } => {
                let text = text(step, &[]);
                let parsed = TweetText::parse(&text).unwrap();
                let real = service.send_message(caller(*who), None, name(*to), parsed).await;
                self.messages.extend(real.as_ref().ok().map(|sent| sent.message));
                (real.map(drop), reference.say(*who, *to, &text))
            }
            Action::EditMessage { who, message } => {
                let Some(number) = message.checked_rem(self.messages.len()) else { return (Ok(()), Ok(())) };
                let text = text(step, &[]);
                let parsed = TweetText::parse(&text).unwrap();
                let real = service.edit_message(caller(*who), None, self.messages[number], parsed).await;
                (done(real), reference.edit_message(*who, number, &text))
            }
            Action::DeleteMessage { who, message } => {
                let Some(number) = message.checked_rem(self.messages.len()) else { return (Ok(()), Ok(())) };
                let real = service.delete_message(caller(*who), None, self.messages[number]).await;
                (done(real), reference.delete_message(*who, number))
            }
            Action::Suspend { who, on } => {
                let real = match on {
                    true => service.suspend(&Caller::Operator, name(*who)).await,
                    false => service.unsuspend(&Caller::Operator, name(*who)).await,
                };
                (done(real), reference.suspend(*who, *on))
            }
            Action::DeleteAccount { who } => {
                let (store, account) = (&self.server.store.store, users[*who].id);
                store.apply(Change::DeleteAccount { account }, None).await.unwrap();
                while store.apply(Change::PurgeAccount { account, limit: 3 }, None).await.unwrap().changed {}
                reference.delete_account(*who);
                (Ok(()), Ok(()))
            }
        }
    }

    /// Compares everything that every active user can see.
    async fn compare(&self) -> TestCaseResult {
        for viewer in (0..USERS).filter(|&viewer| self.reference.active(viewer)) {
            self.compare_timelines(viewer).await?;
            self.compare_tweets(viewer).await?;
            self.compare_accounts(viewer).await?;
            self.compare_conversations(viewer).await?;
        }
        let findings = check(&self.server.store.database()).unwrap();
        prop_assert!(findings.is_empty(), "{findings:?}");
        Ok(())
    }

    async fn compare_timelines(&self, viewer: User) -> TestCaseResult {
        let reference = &self.reference;
        let word = |word: &str| Some(word.to_owned());
        let mut asked = vec![
            (TimelineRequest::Home, Ok(reference.home(viewer))),
            (TimelineRequest::Local, Ok(reference.public(viewer, None))),
            (
                TimelineRequest::Hashtag(Hashtag::parse("even").unwrap()),
                Ok(reference.public(viewer, word("#even").as_deref())),
            ),
            (TimelineRequest::Search("Words".into()), Ok(reference.public(viewer, Some("words")))),
            (TimelineRequest::Likes, Ok(reference.collection(viewer, &reference.likes))),
            (TimelineRequest::Bookmarks, Ok(reference.collection(viewer, &reference.bookmarks))),
        ];
        for (author, user) in self.users.iter().enumerate() {
            let known =
                |posts: Vec<_>| if reference.knows(viewer, author) { Ok(posts) } else { Err("NOT_FOUND") };
            let name = || Some(user.name.clone());
            asked.push((TimelineRequest::User(name()), known(reference.by(viewer, author))));
            asked.push((TimelineRequest::Replies(name()), known(reference.replies_by(viewer, author))));
        }
        for (request, expected) in asked {
            let what = format!("{request:?} of {}", NAMES[viewer]);
            let caller = &self.users[viewer].caller;
            let page = self.server.service.timeline(caller, request.clone(), Span::Latest, ALL).await;
            let found = page.map(|page| self.numbers(&page.tweets)).map_err(|error| error.code());
            prop_assert_eq!(&found, &expected, "{}", what);
            // And in small pages.
            if let (TimelineRequest::Local | TimelineRequest::Likes, Ok(expected)) = (&request, expected) {
                prop_assert_eq!(self.in_pages(viewer, &request).await, expected, "{} in pages", what);
            }
        }
        let home = self.server.service.home(&self.users[viewer].caller, Span::Latest, ALL, |page| {
            page.tweets.iter().map(|one| one.tweet.tweet.id).collect::<Vec<_>>()
        });
        if let Some(home) = home.await.unwrap() {
            let home: Vec<_> = home.into_iter().map(|id| self.number(id)).collect();
            prop_assert_eq!(home, reference.home(viewer), "home of {} in memory", NAMES[viewer]);
        }
        Ok(())
    }

    async fn in_pages(&self, viewer: User, request: &TimelineRequest) -> Vec<Post> {
        let (mut span, mut read) = (Span::Latest, Vec::new());
        loop {
            let caller = &self.users[viewer].caller;
            let page = self.server.service.timeline(caller, request.clone(), span, 3).await.unwrap();
            read.extend(self.numbers(&page.tweets));
            match page.next {
                Some(Cursor::Id(id)) => span = Span::Before(id),
                _ => return read,
            }
        }
    }

    async fn compare_tweets(&self, viewer: User) -> TestCaseResult {
        for (number, id) in self.ids.iter().enumerate() {
            let page = self.server.service.tweet(&self.users[viewer].caller, *id).await;
            let tweet = page.as_ref().ok().and_then(|page| page.tweets.first());
            let what = format!("tweet {number} for {}", NAMES[viewer]);
            prop_assert_eq!(tweet.is_some(), self.reference.sees(viewer, number), "{}", what);
            let Some(tweet) = tweet else { continue };
            let counts = tweet.counts;
            let real = [counts.replies, counts.retweets, counts.quotes, counts.likes];
            prop_assert_eq!(real.map(|n| n as usize), self.reference.counts(number), "counts of {}", what);
            prop_assert_eq!(&tweet.text, &self.reference.tweets[number].text);
            let parent = tweet.parent.as_ref().map(|parent| (parent.username.as_str(), &*parent.text));
            let expected = self.reference.parent(viewer, number);
            let expected = expected.as_ref().map(|(author, text)| (NAMES[*author], &**text));
            prop_assert_eq!(parent, expected, "the parent of {}", what);
            let liked = self.reference.likes.contains(&(viewer, number));
            let kept = self.reference.bookmarks.contains(&(viewer, number));
            prop_assert_eq!(
                (tweet.viewer.liked, tweet.viewer.bookmarked),
                (liked, kept),
                "marks of {}",
                what
            );
        }
        Ok(())
    }

    async fn compare_accounts(&self, viewer: User) -> TestCaseResult {
        let (service, reference) = (&self.server.service, &self.reference);
        let caller = &self.users[viewer].caller;
        for (other, user) in self.users.iter().enumerate() {
            let view = service.profile(caller, Some(&user.name)).await;
            prop_assert_eq!(view.is_ok(), reference.knows(viewer, other), "{} and {}", viewer, other);
            let Ok(view) = view else { continue };
            let profile = view.profile;
            let real = [profile.tweets, profile.followers, profile.following].map(|n| n as usize);
            prop_assert_eq!(real, reference.profile(other), "counts of {}", NAMES[other]);
            let name = || Some(user.name.clone());
            for (list, expected) in [
                (AccountListRequest::Followers(name()), reference.relationships(viewer, other, true)),
                (AccountListRequest::Following(name()), reference.relationships(viewer, other, false)),
                (AccountListRequest::BothFollow(name()), reference.both_follow(viewer, other)),
            ] {
                let said = format!("{list:?}");
                let filter = AccountFilter::default();
                let (page, total) = service.list_accounts(caller, list, filter, None, ALL).await.unwrap();
                prop_assert_eq!(total, Some(page.items.len() as u64), "the length of the whole list");
                let found: Vec<_> = page.items.iter().map(|item| self.user_number(item.account.id)).collect();
                prop_assert_eq!(found, expected, "{}", said);
            }
        }
        let view =
            service.notifications(caller, Span::Latest, NotificationFilter::default(), ALL).await.unwrap();
        let real = view.page.items.iter().map(|one| StoredNotification {
            recipient: viewer,
            kind: one.kind,
            actor: self.user_number(one.actor),
            tweet: one.tweet.map(|id| self.number(id)),
            withdrawn: false,
        });
        let expected = reference.notices(viewer);
        let unread = expected.len();
        prop_assert_eq!(real.collect::<Vec<_>>(), expected, "notifications of {}", NAMES[viewer]);
        prop_assert_eq!(view.unread as usize, unread, "unread notifications of {}", NAMES[viewer]);
        Ok(())
    }

    async fn compare_conversations(&self, viewer: User) -> TestCaseResult {
        let caller = &self.users[viewer].caller;
        let service = &self.server.service;
        let page = service.conversations(caller, None, ALL).await.unwrap();
        let expected = self.reference.conversations(viewer);
        let real = page.items.iter().map(|one| (self.user_number(one.with.id), &*one.last.text));
        let last = expected.iter().map(|(with, said)| (*with, said.last().map_or("", |last| &last.text)));
        prop_assert_eq!(real.collect::<Vec<_>>(), last.collect::<Vec<_>>());
        for (with, said) in expected {
            let view =
                service.read_conversation(caller, &self.users[with].name, Span::Latest, ALL).await.unwrap();
            let real =
                view.messages.items.iter().rev().map(|one| {
                    (self.user_number(one.author), &*one.text, one.edited_ms.is_some(), one.deleted)
                });
            let said = said.iter().map(|one| (one.author, &*one.text, one.edited, one.deleted));
            prop_assert_eq!(
                real.collect::<Vec<_>>(),
                said.collect::<Vec<_>>(),
                "messages of {}",
                NAMES[viewer]
            );
        }
        Ok(())
    }

    fn number(&self, id: TweetId) -> Post {
        self.ids.iter().position(|one| *one == id).unwrap()
    }

    fn numbers(&self, tweets: &[Tweet]) -> Vec<Post> {
        tweets.iter().map(|tweet| self.number(tweet.id)).collect()
    }

    fn user_number(&self, id: model::AccountId) -> User {
        self.users.iter().position(|user| user.id == id).unwrap()
    }
}

/// Different at each step; every second one has a hashtag.
fn text(step: usize, names: &[User]) -> String {
    let mentions: String = names.iter().map(|&name| format!(" @{}", NAMES[name])).collect();
    let tag = if step.is_multiple_of(2) { " #even" } else { "" };
    format!("some words {step}{tag}{mentions}")
}

fn run(actions: &[Action], ignores_blocks: bool) -> TestCaseResult {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let limits = Limits { window: 8, homes_bytes: 8_000, tweets_bytes: 16_000, recent: 20 };
        let server = TestServer::with_limits(config(), LiveConfig::default(), limits).await;
        let mut both = Both::begin(&server, ignores_blocks).await;
        for (step, action) in actions.iter().enumerate() {
            both.perform(action, step).await?;
            if step % 8 == 7 {
                both.compare().await?;
            }
        }
        both.compare().await
    })
}

/// As many histories as `PROPTEST_CASES` says, and few where it says nothing.
fn histories(few: u32) -> ProptestConfig {
    let asked = std::env::var("PROPTEST_CASES").ok().and_then(|number| number.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(few), failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn the_service_does_what_the_reference_does() {
    let actions = prop::collection::vec(action(), 1..80);
    let outcome = TestRunner::new(histories(24)).run(&actions, |actions| run(&actions, false));
    if let Err(failure) = outcome {
        panic!("{failure}");
    }
}

/// The negative control: a model without blocks differs from the service.
#[test]
fn a_reference_that_ignores_blocks_is_found_out() {
    let actions = prop::collection::vec(action(), 40..80);
    let config = ProptestConfig { max_shrink_iters: 0, ..histories(24) };
    assert!(TestRunner::new(config).run(&actions, |actions| run(&actions, true)).is_err());
}
