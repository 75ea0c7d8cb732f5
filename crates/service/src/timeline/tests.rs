//! A home in memory is what the store would give, whatever happens in between.

use model::{NewTweet, Span, Tweet, TweetId, TweetPage, TweetText, Visibility};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;

use super::update::CacheUpdate;
use super::{HomePage, HomeTweet, Limits, Timelines};
use crate::live::LiveConfig;
use crate::test_support::{TestServer, TestUser, config};
use crate::{Caller, EditProfile, TimelineRequest};
use store::Touched;

/// Something that somebody does; numbers choose among those that are there.
#[derive(Debug, Clone)]
enum Act {
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
        whom: usize,
    },
    Unfollow {
        who: usize,
        whom: usize,
    },
    RemoveFollower {
        who: usize,
        whom: usize,
    },
    Block {
        who: usize,
        whom: usize,
        on: bool,
    },
    Mute {
        who: usize,
        whom: usize,
        on: bool,
    },
    Rename {
        who: usize,
    },
    Suspend {
        who: usize,
        on: bool,
    },
    /// Reads as so many do who are not compared: others leave the memory.
    Read {
        who: usize,
        limit: usize,
    },
}

const PEOPLE: usize = 5;

fn act() -> impl Strategy<Value = Act> {
    let who = || 0..PEOPLE;
    let one = || 0_usize..1_000;
    prop_oneof![
        6 => (who(), 0_u8..8, one(), one(), one()).prop_map(|(who, visibility, mentions, answers, quotes)| Act::Post {
            who, visibility, mentions, answers, quotes
        }),
        2 => (who(), one()).prop_map(|(who, tweet)| Act::Retweet { who, tweet }),
        1 => (who(), one()).prop_map(|(who, tweet)| Act::UndoRetweet { who, tweet }),
        2 => (who(), one(), any::<bool>()).prop_map(|(who, tweet, on)| Act::Like { who, tweet, on }),
        1 => (who(), one(), any::<bool>()).prop_map(|(who, tweet, on)| Act::Bookmark { who, tweet, on }),
        1 => (one(), one()).prop_map(|(tweet, mentions)| Act::Edit { tweet, mentions }),
        1 => one().prop_map(|tweet| Act::Delete { tweet }),
        4 => (who(), who()).prop_map(|(who, whom)| Act::Follow { who, whom }),
        1 => (who(), who()).prop_map(|(who, whom)| Act::Unfollow { who, whom }),
        1 => (who(), who()).prop_map(|(who, whom)| Act::RemoveFollower { who, whom }),
        1 => (who(), who(), any::<bool>()).prop_map(|(who, whom, on)| Act::Block { who, whom, on }),
        1 => (who(), who(), any::<bool>()).prop_map(|(who, whom, on)| Act::Mute { who, whom, on }),
        1 => who().prop_map(|who| Act::Rename { who }),
        1 => (who(), any::<bool>()).prop_map(|(who, on)| Act::Suspend { who, on }),
        3 => (who(), 1_usize..12).prop_map(|(who, limit)| Act::Read { who, limit }),
    ]
}

/// Carries it out; what is refused changes nothing, and that is compared too.
async fn perform(act: &Act, people: &[TestUser<'_>], tweets: &mut Vec<(TweetId, usize)>, step: usize) {
    let Some(service) = people.first().map(|person| &person.server.service) else { return };
    let chosen = |n: usize| tweets.get(n % tweets.len().max(1)).copied();
    let caller = |n: usize| people[n % PEOPLE].caller;
    let name = |n: usize| &people[n % PEOPLE].name;
    match *act {
        Act::Post { who, visibility, mentions, answers, quotes } => {
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
            if let Ok(id) = people[who].writes(new).await {
                tweets.push((id, who));
            }
        }
        Act::Retweet { who, tweet } => {
            if let Some((id, _)) = chosen(tweet)
                && let Ok(retweet) = people[who].retweets(id).await
            {
                tweets.push((retweet, who));
            }
        }
        Act::UndoRetweet { who, tweet } => {
            let Some((id, _)) = chosen(tweet) else { return };
            let _ = service.undo_retweet(&caller(who), None, id).await;
        }
        Act::Like { who, tweet, on } => {
            let Some((id, _)) = chosen(tweet) else { return };
            let _ = match on {
                true => service.like(&caller(who), None, id).await,
                false => service.unlike(&caller(who), None, id).await,
            };
        }
        Act::Bookmark { who, tweet, on } => {
            let Some((id, _)) = chosen(tweet) else { return };
            let _ = match on {
                true => service.bookmark(&caller(who), None, id).await,
                false => service.unbookmark(&caller(who), None, id).await,
            };
        }
        Act::Edit { tweet, mentions } => {
            let Some((id, author)) = chosen(tweet) else { return };
            let text = TweetText::parse(&format!("step {step}, again @{}", name(mentions))).unwrap();
            let _ = service.edit_tweet(&caller(author), None, id, text).await;
        }
        Act::Delete { tweet } => {
            let Some((id, author)) = chosen(tweet) else { return };
            let _ = service.delete_tweet(&caller(author), None, id).await;
        }
        Act::Follow { who, whom } => drop(service.follow(&caller(who), None, name(whom)).await),
        Act::Unfollow { who, whom } => drop(service.unfollow(&caller(who), None, name(whom)).await),
        Act::RemoveFollower { who, whom } => {
            drop(service.remove_follower(&caller(who), None, name(whom)).await);
        }
        Act::Block { who, whom, on: true } => drop(service.block(&caller(who), None, name(whom)).await),
        Act::Block { who, whom, on: false } => drop(service.unblock(&caller(who), None, name(whom)).await),
        Act::Mute { who, whom, on: true } => drop(service.mute(&caller(who), None, name(whom)).await),
        Act::Mute { who, whom, on: false } => drop(service.unmute(&caller(who), None, name(whom)).await),
        Act::Rename { who } => {
            let display_name = Some(model::DisplayName::parse(&format!("Name {step}")).unwrap());
            let edit = EditProfile { display_name, bio: None, presence_hidden: None };
            let _ = service.edit_profile(&caller(who), None, edit).await;
        }
        Act::Suspend { who, on: true } => drop(service.suspend(&Caller::Operator, name(who)).await),
        Act::Suspend { who, on: false } => drop(service.unsuspend(&Caller::Operator, name(who)).await),
        Act::Read { who, limit } => drop(service.home(&caller(who), Span::Latest, limit, |_| ()).await),
    }
}

fn whole(page: &HomePage<'_>) -> TweetPage {
    let tweet = |one: &HomeTweet<'_>| Tweet { viewer: one.marks, ..one.tweet.tweet.clone() };
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

/// Every page of everybody's home, from memory and from the store.
async fn compare(people: &[TestUser<'_>], limit: usize, from_memory: &mut usize) -> TestCaseResult {
    for person in people {
        let mut span = Span::Latest;
        loop {
            let service = &person.server.service;
            let memory = service.home(&person.caller, span, limit, whole).await.unwrap();
            let store = service.timeline(&person.caller, TimelineRequest::Home, span, limit).await.unwrap();
            if let Some(memory) = memory {
                *from_memory += 1;
                prop_assert_eq!(sorted(memory), sorted(store.clone()), "{:?} of {}", span, person.name);
            }
            // As it is kept, and as it is when it is looked at once more.
            for _ in 0..if span == Span::Latest { 2 } else { 0 } {
                let encode = |page: &HomePage<'_>| written(whole(page));
                if let Some(kept) = service.newest_now(&person.caller, limit, encode).unwrap() {
                    let expected = written(store.clone());
                    prop_assert!(kept == expected, "{:?} of {}", String::from_utf8_lossy(&kept), person.name);
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

/// How often memory answered.
fn run(acts: &[Act], limits: Limits, limit: usize) -> Result<usize, TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let server = TestServer::with_limits(config(), LiveConfig::default(), limits).await;
        let mut people = Vec::new();
        for name in ["ada", "bob", "eve", "kim", "zoe"] {
            people.push(server.person(name).await);
        }
        let (mut tweets, mut from_memory) = (Vec::new(), 0);
        for (step, act) in acts.iter().enumerate() {
            perform(act, &people, &mut tweets, step).await;
            // Read-your-writes, and what everybody else sees, at once.
            if step.is_multiple_of(3) || step + 1 == acts.len() {
                compare(&people, limit, &mut from_memory).await?;
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
        acts in prop::collection::vec(act(), 1..70),
        window in 2_usize..12,
        limit in 1_usize..6,
        homes_bytes in prop_oneof![Just(1_usize), Just(4_000), Just(1 << 20)],
        recent in prop_oneof![Just(0_usize), Just(3), Just(1_000)],
        tweets_bytes in prop_oneof![Just(4_000_u64), Just(1 << 20)],
    ) {
        run(&acts, Limits { window, homes_bytes, tweets_bytes, recent }, limit)?;
    }
}

#[test]
fn memory_answers_where_it_can() {
    let acts: Vec<_> = (0..20)
        .flat_map(|n| {
            [
                Act::Follow { who: n % PEOPLE, whom: (n + 1) % PEOPLE },
                Act::Post { who: n % PEOPLE, visibility: 7, mentions: 0, answers: 1, quotes: 1 },
            ]
        })
        .collect();
    let from_memory = run(&acts, Limits::default(), 3).unwrap();
    assert!(from_memory > 100, "only {from_memory} pages came from memory");
}

#[test]
fn what_a_block_a_mute_or_a_suspension_hides_is_hidden_at_once() {
    // Ada follows Bob, who shares what Eve wrote.
    let begin = [
        Act::Follow { who: 0, whom: 1 },
        Act::Post { who: 2, visibility: 7, mentions: 0, answers: 1, quotes: 1 },
        Act::Retweet { who: 1, tweet: 0 },
        Act::Read { who: 0, limit: 3 },
    ];
    for hides in [
        Act::Block { who: 0, whom: 2, on: true },
        Act::Block { who: 2, whom: 0, on: true },
        Act::Mute { who: 0, whom: 2, on: true },
        Act::Suspend { who: 2, on: true },
        Act::Suspend { who: 1, on: true },
        Act::Delete { tweet: 0 },
    ] {
        let acts: Vec<_> = begin.iter().cloned().chain([hides]).collect();
        run(&acts, Limits::default(), 3).unwrap();
    }
}

#[tokio::test]
async fn homes_take_no_more_memory_than_they_may() {
    let server = TestServer::with_limits(config(), LiveConfig::default(), Limits::default()).await;
    let limits = Limits { homes_bytes: 100_000, ..Limits::default() };
    let timelines = Timelines::start(server.store.store.clone(), limits).await.unwrap();
    let mut people = Vec::new();
    for n in 0..40 {
        people.push(server.person(&format!("person_{n}")).await);
    }
    for person in &people {
        person.posts("hello").await;
        timelines.home(person.id, Span::Latest, 20, |_| ()).await.unwrap().unwrap();
    }
    let state = timelines.state();
    let counted: usize = state.homes.values().map(super::home::Home::bytes).sum();
    assert_eq!(state.homes_bytes, counted);
    assert!(counted <= limits.homes_bytes && (5..40).contains(&state.homes.len()), "{counted}");
    assert!(state.homes.contains_key(&people[39].id), "the last one that was read is there");
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
        state.apply(CacheUpdate::Touched(Touched::ViewerFlags { account: ada.id, tweet }));
    }
    let bytes = state.homes[&ada.id].bytes();
    assert!(bytes < 200_000, "{bytes} bytes");
    assert_eq!(state.homes_bytes, bytes, "growth is counted when it happens");
}

#[test]
fn a_direct_tweet_that_is_edited_while_its_author_is_not_followed_is_judged_afresh() {
    let acts = [
        Act::Follow { who: 0, whom: 1 },
        Act::Post { who: 1, visibility: 2, mentions: 2, answers: 1, quotes: 1 },
        Act::Read { who: 0, limit: 3 },
        Act::Unfollow { who: 0, whom: 1 },
        // It mentions Ada from now on.
        Act::Edit { tweet: 0, mentions: 0 },
        Act::Follow { who: 0, whom: 1 },
    ];
    assert!(run(&acts, Limits::default(), 3).unwrap() > 0);
}
