//! A cached home timeline equals what the store gives, whatever happens in between.

use model::{NewTweet, Span, Tweet, TweetId, TweetPage, TweetText, Visibility};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::{HomePage, HomeTweet, Limits, Timelines};
use crate::live::LiveConfig;
use crate::test_support::{TestServer, TestUser, config};
use crate::{Caller, EditProfile, TimelineRequest};
use store::EventKind;

/// An action of a user; numbers choose among the tweets that there are.
#[derive(Debug, Clone)]
enum Action {
    Post {
        who: usize,
        visibility: u8,
        mentions: usize,
        answers: usize,
        quotes: usize,
    },
    Retweet {
        who: usize,
        tweet: usize,
    },
    UndoRetweet {
        who: usize,
        tweet: usize,
    },
    Like {
        who: usize,
        tweet: usize,
        on: bool,
    },
    Bookmark {
        who: usize,
        tweet: usize,
        on: bool,
    },
    Edit {
        tweet: usize,
        mentions: usize,
    },
    Delete {
        tweet: usize,
    },
    Follow {
        who: usize,
        other: usize,
    },
    Unfollow {
        who: usize,
        other: usize,
    },
    RemoveFollower {
        who: usize,
        other: usize,
    },
    Block {
        who: usize,
        other: usize,
        on: bool,
    },
    Mute {
        who: usize,
        other: usize,
        on: bool,
    },
    Rename {
        who: usize,
    },
    Suspend {
        who: usize,
        on: bool,
    },
    /// Reads pages of other lengths, which evicts others from memory.
    Read {
        who: usize,
        limit: usize,
    },
}

const USERS: usize = 5;

fn action() -> impl Strategy<Value = Action> {
    let who = || 0..USERS;
    let one = || 0_usize..1_000;
    prop_oneof![
        6 => (who(), 0_u8..8, one(), one(), one()).prop_map(|(who, visibility, mentions, answers, quotes)| Action::Post {
            who, visibility, mentions, answers, quotes
        }),
        2 => (who(), one()).prop_map(|(who, tweet)| Action::Retweet { who, tweet }),
        1 => (who(), one()).prop_map(|(who, tweet)| Action::UndoRetweet { who, tweet }),
        2 => (who(), one(), any::<bool>()).prop_map(|(who, tweet, on)| Action::Like { who, tweet, on }),
        1 => (who(), one(), any::<bool>()).prop_map(|(who, tweet, on)| Action::Bookmark { who, tweet, on }),
        1 => (one(), one()).prop_map(|(tweet, mentions)| Action::Edit { tweet, mentions }),
        1 => one().prop_map(|tweet| Action::Delete { tweet }),
        4 => (who(), who()).prop_map(|(who, other)| Action::Follow { who, other }),
        1 => (who(), who()).prop_map(|(who, other)| Action::Unfollow { who, other }),
        1 => (who(), who()).prop_map(|(who, other)| Action::RemoveFollower { who, other }),
        1 => (who(), who(), any::<bool>()).prop_map(|(who, other, on)| Action::Block { who, other, on }),
        1 => (who(), who(), any::<bool>()).prop_map(|(who, other, on)| Action::Mute { who, other, on }),
        1 => who().prop_map(|who| Action::Rename { who }),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Action::Suspend { who, on }),
        3 => (who(), 1_usize..12).prop_map(|(who, limit)| Action::Read { who, limit }),
    ]
}

/// Carries out an action; refused actions must change nothing, which is compared too.
async fn perform(action: &Action, users: &[TestUser<'_>], tweets: &mut Vec<(TweetId, usize)>, step: usize) {
    let Some(service) = users.first().map(|user| &user.server.service) else { return };
    let chosen = |n: usize| tweets.get(n % tweets.len().max(1)).copied();
    let caller = |n: usize| users[n % USERS].caller;
    let name = |n: usize| &users[n % USERS].name;
    match *action {
        Action::Post { who, visibility, mentions, answers, quotes } => {
            let visibility = match visibility {
                0 => Visibility::Unlisted,
                1 => Visibility::Followers,
                2 => Visibility::Direct,
                _ => Visibility::Public,
            };
            let new = NewTweet {
                text: TweetText::parse(&format!("step {step} @{}", name(mentions))).unwrap(),
                visibility,
                reply_to: chosen(answers).filter(|_| answers.is_multiple_of(3)).map(|(id, _)| id),
                quote_of: chosen(quotes).filter(|_| quotes.is_multiple_of(4)).map(|(id, _)| id),
            };
            if let Ok(id) = users[who].writes(new).await {
                tweets.push((id, who));
            }
        }
        Action::Retweet { who, tweet } => {
            if let Some((id, _)) = chosen(tweet)
                && let Ok(retweet) = users[who].retweets(id).await
            {
                tweets.push((retweet, who));
            }
        }
        Action::UndoRetweet { who, tweet } => {
            let Some((id, _)) = chosen(tweet) else { return };
            let _ = service.undo_retweet(&caller(who), None, id).await;
        }
        Action::Like { who, tweet, on } => {
            let Some((id, _)) = chosen(tweet) else { return };
            let _ = match on {
                true => service.like(&caller(who), None, id).await,
                false => service.unlike(&caller(who), None, id).await,
            };
        }
        Action::Bookmark { who, tweet, on } => {
            let Some((id, _)) = chosen(tweet) else { return };
            let _ = match on {
                true => service.bookmark(&caller(who), None, id).await,
                false => service.unbookmark(&caller(who), None, id).await,
            };
        }
        Action::Edit { tweet, mentions } => {
            let Some((id, author)) = chosen(tweet) else { return };
            let text = TweetText::parse(&format!("step {step}, again @{}", name(mentions))).unwrap();
            let _ = service.edit_tweet(&caller(author), None, id, text).await;
        }
        Action::Delete { tweet } => {
            let Some((id, author)) = chosen(tweet) else { return };
            let _ = service.delete_tweet(&caller(author), None, id).await;
        }
        Action::Follow { who, other } => drop(service.follow(&caller(who), None, name(other)).await),
        Action::Unfollow { who, other } => drop(service.unfollow(&caller(who), None, name(other)).await),
        Action::RemoveFollower { who, other } => {
            drop(service.remove_follower(&caller(who), None, name(other)).await);
        }
        Action::Block { who, other, on: true } => drop(service.block(&caller(who), None, name(other)).await),
        Action::Block { who, other, on: false } => {
            drop(service.unblock(&caller(who), None, name(other)).await);
        }
        Action::Mute { who, other, on: true } => drop(service.mute(&caller(who), None, name(other)).await),
        Action::Mute { who, other, on: false } => drop(service.unmute(&caller(who), None, name(other)).await),
        Action::Rename { who } => {
            let display_name = Some(model::DisplayName::parse(&format!("Name {step}")).unwrap());
            let edit = EditProfile { display_name, bio: None, presence_hidden: None };
            let _ = service.edit_profile(&caller(who), None, edit).await;
        }
        Action::Suspend { who, on: true } => drop(service.suspend(&Caller::Operator, name(who)).await),
        Action::Suspend { who, on: false } => drop(service.unsuspend(&Caller::Operator, name(who)).await),
        Action::Read { who, limit } => drop(service.home(&caller(who), Span::Latest, limit, |_| ()).await),
    }
}

fn whole(page: &HomePage<'_>) -> TweetPage {
    let tweet = |one: &HomeTweet<'_>| Tweet {
        viewer: one.marks,
        parent: one.parent.map(|parent| parent.preview()),
        ..one.tweet.tweet.clone()
    };
    TweetPage {
        tweets: page.tweets.iter().map(tweet).collect(),
        referenced: page.referenced.iter().map(tweet).collect(),
        accounts: page.accounts.iter().map(|account| account.account.clone()).collect(),
        next: page.next.clone(),
    }
}

fn written(page: TweetPage) -> Vec<u8> {
    format!("{:?}", sorted(page)).into_bytes()
}

fn sorted(mut page: TweetPage) -> TweetPage {
    page.accounts.sort_by_key(|account| account.id);
    page
}

/// Compares every page of every home timeline, from memory and from the store.
async fn compare(users: &[TestUser<'_>], limit: usize, from_memory: &mut usize) -> TestCaseResult {
    for user in users {
        let mut span = Span::Latest;
        loop {
            let service = &user.server.service;
            let memory = service.home(&user.caller, span, limit, whole).await.unwrap();
            let store = service.timeline(&user.caller, TimelineRequest::Home, span, limit).await.unwrap();
            if let Some(memory) = memory {
                *from_memory += 1;
                prop_assert_eq!(sorted(memory), sorted(store.clone()), "{:?} of {}", span, user.name);
            }
            // As it is encoded first, and as it comes from the cache.
            for _ in 0..if span == Span::Latest { 2 } else { 0 } {
                let encode = |page: &HomePage<'_>| written(whole(page));
                if let Some(encoded) = service.newest_now(&user.caller, limit, encode).unwrap() {
                    let expected = written(store.clone());
                    prop_assert!(
                        encoded == expected,
                        "{:?} of {}",
                        String::from_utf8_lossy(&encoded),
                        user.name
                    );
                }
            }
            match store.next {
                Some(model::Cursor::Id(id)) => span = Span::Before(id),
                _ => break,
            }
        }
    }
    Ok(())
}

/// Runs the actions and compares; returns how many pages came from memory.
fn run(actions: &[Action], limits: Limits, limit: usize) -> Result<usize, TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = TestServer::with_limits(config(), LiveConfig::default(), limits).await;
        let mut users = Vec::new();
        for name in ["ada", "bob", "eve", "kim", "zoe"] {
            users.push(server.person(name).await);
        }
        let (mut tweets, mut from_memory) = (Vec::new(), 0);
        for (step, action) in actions.iter().enumerate() {
            perform(action, &users, &mut tweets, step).await;
            // Read-your-writes, and what every other user sees, at once.
            if step.is_multiple_of(3) || step + 1 == actions.len() {
                compare(&users, limit, &mut from_memory).await?;
            }
        }
        Ok(from_memory)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// With windows so small, so little memory and so short a log that every path is taken.
    #[test]
    fn a_home_in_memory_is_what_the_store_gives(
        actions in prop::collection::vec(action(), 1..70),
        window in 2_usize..12,
        limit in 1_usize..6,
        homes_bytes in prop_oneof![Just(1_usize), Just(4_000), Just(1 << 20)],
        recent in prop_oneof![Just(0_usize), Just(3), Just(1_000)],
        tweets_bytes in prop_oneof![Just(4_000_u64), Just(1 << 20)],
    ) {
        run(&actions, Limits { window, homes_bytes, tweets_bytes, recent }, limit)?;
    }
}

#[test]
fn memory_answers_where_it_can() {
    let actions: Vec<_> = (0..20)
        .flat_map(|n| {
            [
                Action::Follow { who: n % USERS, other: (n + 1) % USERS },
                Action::Post { who: n % USERS, visibility: 7, mentions: 0, answers: 1, quotes: 1 },
            ]
        })
        .collect();
    let from_memory = run(&actions, Limits::default(), 3).unwrap();
    assert!(from_memory > 100, "only {from_memory} pages came from memory");
}

#[test]
fn what_a_block_a_mute_or_a_suspension_hides_is_hidden_at_once() {
    // Ada follows Bob, who shares what Eve wrote.
    let begin = [
        Action::Follow { who: 0, other: 1 },
        Action::Post { who: 2, visibility: 7, mentions: 0, answers: 1, quotes: 1 },
        Action::Retweet { who: 1, tweet: 0 },
        Action::Read { who: 0, limit: 3 },
    ];
    for hides in [
        Action::Block { who: 0, other: 2, on: true },
        Action::Block { who: 2, other: 0, on: true },
        Action::Mute { who: 0, other: 2, on: true },
        Action::Suspend { who: 2, on: true },
        Action::Suspend { who: 1, on: true },
        Action::Delete { tweet: 0 },
    ] {
        let actions: Vec<_> = begin.iter().cloned().chain([hides]).collect();
        run(&actions, Limits::default(), 3).unwrap();
    }
}

#[tokio::test]
async fn the_memory_of_all_homes_is_bounded() {
    let server = TestServer::with_limits(config(), LiveConfig::default(), Limits::default()).await;
    let limits = Limits { homes_bytes: 100_000, ..Limits::default() };
    let timelines = Timelines::start(server.store.store.clone(), limits).await.unwrap();
    let mut users = Vec::new();
    for n in 0..40 {
        users.push(server.person(&format!("person_{n}")).await);
    }
    for user in &users {
        user.posts("hello").await;
        timelines.home(user.id, Span::Latest, 20, |_| ()).await.unwrap().unwrap();
    }
    let state = timelines.state();
    let counted: usize = state.homes.values().map(super::home::Home::bytes).sum();
    assert_eq!(state.homes_bytes, counted);
    assert!(counted <= limits.homes_bytes && (5..40).contains(&state.homes.len()), "{counted}");
    assert!(state.homes.contains_key(&users[39].id), "the last one that was read is there");
}

#[tokio::test]
async fn edits_do_not_let_a_home_grow() {
    let server = TestServer::new().await;
    let (ada, bob, eve) =
        (server.person("ada").await, server.person("bob").await, server.person("eve").await);
    ada.follows(&bob).await;
    let timelines = &server.service.timelines;
    for n in 0..4 {
        bob.posts(&format!("bob {n}")).await;
    }
    timelines.home(ada.id, Span::Latest, 20, |_| ()).await.unwrap().unwrap();
    let of_ada = || timelines.state().homes[&ada.id].bytes();
    let before = of_ada();
    for author in [&bob, &eve] {
        for n in 0..300 {
            let id = author.posts(&format!("first {n}")).await;
            let text = TweetText::parse(&format!("second {n}")).unwrap();
            server.service.edit_tweet(&author.caller, None, id, text).await.unwrap();
        }
    }
    assert_eq!(of_ada(), before);
}

#[tokio::test]
async fn an_edit_by_a_stranger_leaves_the_cached_page() {
    let server = TestServer::new().await;
    let (ada, eve) = (server.person("ada").await, server.person("eve").await);
    ada.posts("mine").await;
    let timelines = &server.service.timelines;
    timelines.home(ada.id, Span::Latest, 20, |_| ()).await.unwrap().unwrap();
    let encode = |page: &HomePage<'_>| written(whole(page));
    timelines.newest_now(ada.id, 20, encode).unwrap();
    let id = eve.posts("first").await;
    server.service.edit_tweet(&eve.caller, None, id, TweetText::parse("second").unwrap()).await.unwrap();
    let encoded = timelines.newest_now(ada.id, 20, |_| panic!("the page is still cached"));
    assert!(String::from_utf8_lossy(&encoded.unwrap()).contains("mine"));
}

#[tokio::test]
async fn likes_do_not_let_a_home_grow_without_bound() {
    let server = TestServer::new().await;
    let (ada, bob) = (server.person("ada").await, server.person("bob").await);
    let timelines = &server.service.timelines;
    timelines.home(ada.id, Span::Latest, 20, |_| ()).await.unwrap().unwrap();
    let mut state = timelines.state();
    for n in 0..20_000 {
        let tweet = TweetId::new(bob.id.get() + n).unwrap();
        state.apply(EventKind::Liked { account: ada.id, tweet });
    }
    let bytes = state.homes[&ada.id].bytes();
    assert!(bytes < 200_000, "{bytes} bytes");
    assert_eq!(state.homes_bytes, bytes, "growth is counted when it happens");
}

#[test]
fn a_direct_tweet_that_is_edited_while_its_author_is_not_followed_is_judged_afresh() {
    let actions = [
        Action::Follow { who: 0, other: 1 },
        Action::Post { who: 1, visibility: 2, mentions: 2, answers: 1, quotes: 1 },
        Action::Read { who: 0, limit: 3 },
        Action::Unfollow { who: 0, other: 1 },
        // It mentions Ada from now on.
        Action::Edit { tweet: 0, mentions: 0 },
        Action::Follow { who: 0, other: 1 },
    ];
    assert!(run(&actions, Limits::default(), 3).unwrap() > 0);
}
