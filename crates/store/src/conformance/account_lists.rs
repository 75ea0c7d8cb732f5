//! Lists of accounts in every order, filtered by name, and counted.

use model::{AccountId, AccountSort, Cursor, DisplayName, Error, NewTweet, Visibility};

use super::fixture::StoreFixture;
use crate::test_support::tweet;
use crate::{AccountList, AccountQuery, Change};

/// All pages of a list as usernames, read with this limit; the list is as long as it is counted.
async fn names(fixture: &StoreFixture, viewer: AccountId, query: &AccountQuery, limit: usize) -> String {
    let (mut names, mut position) = (Vec::new(), None);
    loop {
        let page = fixture.store.list_accounts(viewer, query, position, limit).await.unwrap();
        names.extend(page.items.into_iter().map(|account| account.username.to_string()));
        position = page.next;
        if position.is_none() {
            let counted = fixture.store.count_accounts(viewer, query).await.unwrap();
            assert_eq!(counted, names.len() as u64, "{query:?}");
            return names.join(" ");
        }
    }
}

async fn rename(fixture: &StoreFixture, account: AccountId, name: &str) {
    let display_name = Some(DisplayName::parse(name).unwrap());
    let change = Change::EditProfile { account, display_name, bio: None, presence_hidden: None };
    fixture.apply(change).await;
}

fn sorted(list: AccountList, sort: AccountSort) -> AccountQuery {
    AccountQuery { sort, ..list.into() }
}

fn named(list: AccountList, query: &str) -> AccountQuery {
    AccountQuery { query: query.into(), ..list.into() }
}

pub(crate) async fn lists_of_accounts_have_several_orders(fixture: StoreFixture) {
    let viewer = fixture.account("viewer").await;
    let mut others = Vec::new();
    for name in ["p10", "p2", "p1"] {
        others.push(fixture.account(name).await);
    }
    let [p10, p2, p1] = others[..] else { panic!("three accounts") };
    rename(&fixture, p10, "anna 9").await;
    rename(&fixture, p2, "Anna 10").await;
    for other in [p2, p10, p1] {
        fixture.follow(viewer, other).await;
    }
    fixture.follow(p2, p1).await;
    fixture.post(p2, "hello").await;
    let newest = fixture.post(p1, "hello").await;
    let secret = NewTweet { visibility: Visibility::Followers, ..tweet("for followers") };
    fixture.write(p10, secret).await;

    let following = AccountList::Following(viewer);
    for (sort, people, followed) in [
        (AccountSort::Username, "p1 p2 p10 viewer", "p1 p2 p10"),
        (AccountSort::Name, "p10 p2 p1 viewer", "p10 p2 p1"),
        (AccountSort::Newest, "p1 p2 p10 viewer", "p1 p10 p2"),
        (AccountSort::Followers, "p1 p2 p10 viewer", "p1 p2 p10"),
        (AccountSort::Active, "p1 p2 p10 viewer", "p1 p2 p10"),
    ] {
        for limit in 1..5 {
            let all = sorted(AccountList::People, sort);
            assert_eq!(names(&fixture, viewer, &all, limit).await, people, "{sort:?}");
            assert_eq!(names(&fixture, viewer, &sorted(following, sort), limit).await, followed, "{sort:?}");
        }
    }
    let counts = fixture.store.account_counts(&[p1, p10, viewer]).await.unwrap();
    let [of_p1, of_p10, of_viewer] = counts[..] else { panic!("three accounts") };
    assert_eq!((of_p1.tweets, of_p1.followers, of_p1.last_post_ms), (1, 2, newest.time_ms()));
    assert_eq!(
        (of_p10.tweets, of_p10.followers, of_p10.last_post_ms),
        (1, 1, 0),
        "no one else sees its tweet"
    );
    assert_eq!((of_viewer.tweets, of_viewer.followers), (0, 0));

    // A deleted tweet is no activity, and a new name has its new place.
    fixture.apply(Change::DeleteTweet { author: p1, tweet: newest }).await;
    let active = sorted(AccountList::People, AccountSort::Active);
    assert_eq!(names(&fixture, viewer, &active, 2).await, "p2 p1 p10 viewer");
    rename(&fixture, p10, "Zoë").await;
    let by_name = sorted(following, AccountSort::Name);
    assert_eq!(names(&fixture, viewer, &by_name, 1).await, "p2 p1 p10");

    let cursors = [
        Cursor::Id(1),
        Cursor::Username(crate::test_support::username("a")),
        Cursor::Name("a".into(), 1),
        Cursor::Followers(1, 1),
        Cursor::Active(1, 1),
    ];
    for sort in [AccountSort::Name, AccountSort::Followers, AccountSort::Active] {
        let query = sorted(following, sort);
        let mut accepted = 0;
        for cursor in cursors.clone() {
            match fixture.store.list_accounts(viewer, &query, Some(cursor), 9).await {
                Ok(_) => accepted += 1,
                Err(Error::Invalid { field, .. }) => assert_eq!(field, "cursor"),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(accepted, 1, "{sort:?} has one kind of cursor");
    }
}

pub(crate) async fn accounts_are_read_by_their_identifiers(fixture: StoreFixture) {
    let (ada, bob) = (fixture.account("ada").await, fixture.account("bob").await);
    let (suspended, deleted) = (fixture.account("cleo").await, fixture.account("dora").await);
    let unknown = AccountId::new(1).unwrap();
    fixture.follow(ada, bob).await;
    fixture.follow(suspended, bob).await;
    fixture.apply(Change::SetSuspended { account: suspended, suspended: true }).await;
    fixture.apply(Change::DeleteAccount { account: deleted }).await;

    let asked = [bob, unknown, deleted, suspended, ada];
    let mut found: Vec<_> =
        fixture.store.accounts(&asked).await.unwrap().into_iter().map(|account| account.id).collect();
    found.sort_unstable();
    assert_eq!(found, [ada, bob, suspended]);
    let followers = fixture.store.account_counts(&asked).await.unwrap();
    assert_eq!(followers.iter().map(|of| of.followers).collect::<Vec<_>>(), [1, 0, 0, 0, 0]);
    assert_eq!(fixture.store.accounts(&[]).await.unwrap(), []);
    assert_eq!(fixture.store.account_counts(&[]).await.unwrap(), []);
}

pub(crate) async fn lists_of_accounts_are_filtered_by_any_part_of_a_name(fixture: StoreFixture) {
    let viewer = fixture.account("viewer").await;
    let mut others = Vec::new();
    for name in ["grace_hopper", "p903", "p904", "sakura"] {
        let other = fixture.account(name).await;
        fixture.follow(other, viewer).await;
        fixture.apply(Change::SetMute { muter: viewer, muted: other, on: true }).await;
        others.push(other);
    }
    rename(&fixture, others[1], "Mei Zeller").await;
    rename(&fixture, others[2], "Ayla Zellweger").await;
    rename(&fixture, others[3], "林さくら").await;
    for (query, expected) in [
        ("zell", "p904 p903"),
        ("MEI zell", "p903"),
        ("@P90", "p904 p903"),
        ("p", "p904 p903"),
        ("opper", "grace_hopper"),
        ("林", "sakura"),
        ("nothing", ""),
        ("!", ""),
        (" ", "sakura p904 p903 grace_hopper"),
    ] {
        for list in [AccountList::Followers(viewer), AccountList::Muted] {
            assert_eq!(
                names(&fixture, viewer, &named(list, query), 1).await,
                expected,
                "{query} in {list:?}"
            );
        }
    }
    let people = named(AccountList::People, "zell");
    assert_eq!(names(&fixture, viewer, &people, 1).await, "p903 p904");
    fixture.block(others[1], viewer).await;
    fixture.block(viewer, others[0]).await;
    assert_eq!(names(&fixture, viewer, &people, 1).await, "p904");
    assert_eq!(names(&fixture, viewer, &AccountList::People.into(), 2).await, "p904 sakura viewer");
    assert_eq!(names(&fixture, viewer, &named(AccountList::Blocked, "gra"), 2).await, "grace_hopper");
    assert_eq!(names(&fixture, viewer, &named(AccountList::Blocked, "zell"), 2).await, "");
}

pub(crate) async fn whom_two_accounts_follow_is_a_list(fixture: StoreFixture) {
    let (viewer, ada) = (fixture.account("viewer").await, fixture.account("ada").await);
    let mut others = Vec::new();
    for name in ["p10", "p2", "mine", "hers", "blocker"] {
        others.push(fixture.account(name).await);
    }
    let [p10, p2, mine, hers, blocker] = others[..] else { panic!("five accounts") };
    for followed in [p10, p2, mine, blocker, ada] {
        fixture.follow(viewer, followed).await;
    }
    for followed in [p2, hers, blocker, viewer, p10] {
        fixture.follow(ada, followed).await;
    }
    let both = AccountList::BothFollow(ada);
    for limit in 1..4 {
        assert_eq!(names(&fixture, viewer, &both.into(), limit).await, "p10 blocker p2");
        let by_name = sorted(both, AccountSort::Username);
        assert_eq!(names(&fixture, viewer, &by_name, limit).await, "blocker p2 p10");
    }
    assert_eq!(names(&fixture, viewer, &named(both, "p1"), 2).await, "p10");
    assert_eq!(names(&fixture, ada, &AccountList::BothFollow(viewer).into(), 2).await, "blocker p2 p10");
    assert_eq!(names(&fixture, viewer, &AccountList::BothFollow(p2).into(), 2).await, "");

    fixture.block(blocker, viewer).await;
    assert_eq!(names(&fixture, viewer, &both.into(), 2).await, "p10 p2");
    fixture.apply(Change::Unfollow { follower: viewer, followee: p10 }).await;
    assert_eq!(names(&fixture, viewer, &both.into(), 2).await, "p2");
}
