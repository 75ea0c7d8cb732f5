//! The SQLite store against the suite that every store must pass, and against what only it has: a file.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use model::{AccountId, NewTweet, TweetId, Visibility};
use rusqlite::Connection;

use super::maintenance::{backup, check, restore};
use crate::conformance::{StoreFixture, conformance_suite};
use crate::test_support::TestStore;
use crate::{Change, IdempotencyKey, Store as _, Timeline};

async fn fixture() -> StoreFixture {
    let (made, feed) = TestStore::new();
    StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(made)).await
}

conformance_suite!(fixture);

#[tokio::test]
async fn of_a_purged_account_no_word_is_left_in_the_file() {
    const CANARY: &str = "zqcanaryzq";
    let (made, feed) = TestStore::new();
    let (store, database) = (made.store.clone(), made.database());
    let fixture = StoreFixture::over(store.clone(), made.clock.clone(), feed, Box::new(made)).await;
    let (ada, bob) = (fixture.person("ada").await, fixture.person("bob").await);
    for n in 0..20 {
        fixture.post(ada, &format!("{n} {CANARY} #{CANARY}")).await;
        let text = model::TweetText::parse(&format!("{n} {CANARY}")).unwrap();
        fixture.apply(Change::SendMessage { author: ada, to: bob, text }).await;
    }
    fixture.timeline(Timeline::Search(CANARY.into())).await;
    fixture.apply(Change::DeleteAccount { account: ada }).await;
    while fixture.apply(Change::PurgeAccount { account: ada, limit: 7 }).await.changed {}
    // Closing brings everything into the one file.
    store.close().await;
    let bytes = std::fs::read(database).unwrap();
    let hits = bytes.windows(CANARY.len()).filter(|part| *part == CANARY.as_bytes()).count();
    assert_eq!(hits, 0);
}

/// Numbers that look random and are the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % n
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        if all.is_empty() { None } else { Some(all[self.below(all.len())]) }
    }
}

/// Some change that somebody could ask for; many are refused.
fn some_change(dice: &mut Dice, people: &[AccountId], tweets: &[TweetId]) -> Change {
    let one = dice.one_of(people).unwrap();
    let other = dice.one_of(people).unwrap();
    let tweet = dice.one_of(tweets).unwrap_or_else(|| TweetId::new(1).unwrap());
    let on = dice.below(3) > 0;
    let visibility = dice
        .one_of(&[
            Visibility::Public,
            Visibility::Public,
            Visibility::Unlisted,
            Visibility::Followers,
            Visibility::Direct,
        ])
        .unwrap();
    let text = model::TweetText::parse(&format!(
        "@p{} says #tag{} {}",
        dice.below(9),
        dice.below(5),
        dice.below(99)
    ));
    let text = text.unwrap();
    match dice.below(14) {
        0..=2 => {
            let mut new = NewTweet { text, visibility, reply_to: None, quote_of: None };
            match dice.below(4) {
                0 => new.reply_to = Some(tweet),
                1 => new.quote_of = Some(tweet),
                _ => {}
            }
            Change::Post { author: one, tweet: new }
        }
        3 => Change::EditTweet { author: one, tweet, text },
        4 => Change::DeleteTweet { author: one, tweet },
        5 => Change::Retweet { account: one, tweet },
        6 => Change::UndoRetweet { account: one, tweet },
        7 => Change::SetLike { account: one, tweet, liked: on },
        8 => Change::SetBookmark { account: one, tweet, bookmarked: on },
        9 => Change::Follow { follower: one, followee: other },
        10 => Change::Unfollow { follower: one, followee: other },
        11 if on => Change::Unblock { blocker: one, blocked: other },
        11 => Change::Block { blocker: one, blocked: other },
        12 => Change::SetMute { muter: one, muted: other, on },
        _ => Change::SendMessage { author: one, to: other, text },
    }
}

#[tokio::test]
async fn whatever_people_do_counters_and_invariants_hold() {
    for seed in 1..=8 {
        let (made, feed) = TestStore::new();
        let fixture = StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(())).await;
        let mut dice = Dice(seed);
        let mut people = Vec::new();
        for n in 0..9 {
            people.push(fixture.person(&format!("p{n}")).await);
        }
        let mut tweets = Vec::new();
        let mut carried_out = 0;
        for _ in 0..600 {
            made.clock.advance_ms(1);
            let change = some_change(&mut dice, &people, &tweets);
            let posts = matches!(change, Change::Post { .. } | Change::Retweet { .. });
            if let Ok(applied) = made.store.apply(change, None).await {
                carried_out += 1;
                tweets.extend(posts.then(|| TweetId::new(applied.id)).flatten());
            }
        }
        assert!(carried_out > 200, "seed {seed}: {carried_out} changes were carried out");
        fixture.apply(Change::DeleteAccount { account: people[0] }).await;
        while fixture.apply(Change::PurgeAccount { account: people[0], limit: 7 }).await.changed {}
        assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new(), "seed {seed}");
        let read = Connection::open(made.database()).unwrap();
        no_statement_walks_a_table(&read);
    }
}

/// Statements that read a whole table because that is what they are for.
const WALKS: &[&str] = &[
    "count(*)",
    "sum(tweets)",
    "FROM announcement",
    "meta",
    "DELETE FROM invite",
    "DELETE FROM idempotency WHERE account",
    // For operators: a few, and the oldest come first.
    "account a ON a.id = r.account",
];

/// Looks at the plan of every statement that was used until now.
fn no_statement_walks_a_table(db: &Connection) {
    let statements: Vec<String> = super::sql::PREPARED.lock().unwrap().iter().cloned().collect();
    let (mut explained, mut walking) = (0, Vec::new());
    for sql in statements.iter().filter(|sql| !WALKS.iter().any(|walk| sql.contains(walk))) {
        let Ok(mut plan) = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")) else { continue };
        let steps: Vec<String> = plan.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap();
        explained += 1;
        for step in &steps {
            // Rows of the statement itself, and an index for full text, are not tables though the plan says SCAN.
            let not_tables = [
                "USING",
                "VIRTUAL TABLE INDEX",
                "CONSTANT ROW",
                "VALUES",
                "(subquery",
                "SCAN s",
                "SCAN below",
            ];
            let walks = step.starts_with("SCAN ") && !not_tables.iter().any(|one| step.contains(one));
            // A timeline's page is read in its order, not sorted out of all there is.
            let sorts = sql.contains("LIMIT ?3") && step.contains("TEMP B-TREE FOR ORDER BY");
            if walks || sorts {
                walking.push(format!("{sql}\n    {}", steps.join("\n    ")));
            }
        }
    }
    assert!(walking.is_empty(), "{}", walking.join("\n"));
    assert!(explained > 50, "only {explained} statements were looked at");
}

/// Bringing search up to date is asked for after each of them, and must not keep the log from the file.
#[tokio::test]
async fn the_log_ends_however_small_the_commits_are() {
    let (made, mut feed) = TestStore::new();
    let database = made.database();
    // Events that nobody takes would make the writer wait.
    feed.close();
    let fixture = StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(made)).await;
    let ada = fixture.person("ada").await;
    let mut log = 0;
    for n in 0..6_000 {
        fixture.post(ada, &format!("{n} of many small ones #log")).await;
        log = log.max(std::fs::metadata(database.with_extension("db-wal")).unwrap().len());
    }
    assert!(log <= 72 << 20, "{} MiB", log >> 20);
}

#[tokio::test]
async fn check_finds_what_is_wrong() {
    let (made, feed) = TestStore::new();
    let fixture = StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(())).await;
    let (ada, bob) = (fixture.person("ada").await, fixture.person("bob").await);
    fixture.follow(ada, bob).await;
    fixture.post(bob, "counted #once").await;
    made.store.close().await;
    assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());
    for (harm, finding) in [
        ("UPDATE account SET tweets = tweets + 1", "counter of tweets"),
        ("UPDATE account SET followers = 7", "counter of followers"),
        ("UPDATE tweet SET likes = 1", "counter of likes"),
        ("UPDATE hashtag SET tweets = 0", "counter of a hashtag"),
        (
            "INSERT INTO block (blocker, blocked, id) SELECT follower, followee, 1 FROM follow",
            "follow across a block",
        ),
        ("UPDATE tweet SET visibility = 3", "not public"),
        ("DELETE FROM tweet_search", "search does not know"),
        ("UPDATE meta SET value = 1 WHERE name = 'id_high_water'", "high-water"),
    ] {
        let copy = made.directory.path().join("copy.db");
        backup(&made.database(), &copy).unwrap();
        Connection::open(&copy).unwrap().execute_batch(harm).unwrap();
        let findings = check(&copy).unwrap().join("\n");
        assert!(findings.contains(finding), "{harm}: {findings}");
        std::fs::remove_file(copy).unwrap();
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_the_next_start() {
    let (made, feed) = TestStore::new();
    let fixture = StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(())).await;
    let ada = fixture.person("ada").await;
    let id = fixture.post(ada, "stay").await;
    drop(fixture);
    // Far back: identifiers must go on from the mark, not from the clock.
    made.clock.advance_ms(-1_000_000);
    let (made, feed) = made.reopen().await;
    let fixture = StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(())).await;
    assert_eq!(fixture.timeline(Timeline::User(ada)).await, [id]);
    assert!(fixture.post(ada, "and go on").await > id);
}

#[tokio::test]
async fn a_backup_is_whole_and_goes_where_nothing_is() {
    let (made, feed) = TestStore::new();
    let fixture = StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(())).await;
    let ada = fixture.person("ada").await;
    fixture.post(ada, "kept").await;
    let file = made.directory.path().join("backup.db");
    let copied = backup(&made.database(), &file).unwrap();
    assert_eq!((copied.accounts, copied.tweets), (1, 1));
    assert!(backup(&made.database(), &file).is_err(), "nothing is overwritten");
    assert!(restore(&file, &made.database()).is_err(), "nothing is overwritten");
    let elsewhere = made.directory.path().join("new/mini-tweet.db");
    restore(&file, &elsewhere).unwrap();
    assert_eq!(check(&elsewhere).unwrap(), Vec::<String>::new());

    let mut bytes = std::fs::read(&file).unwrap();
    let length = bytes.len();
    bytes[length / 2..].fill(0x5a);
    let broken = made.directory.path().join("broken.db");
    std::fs::write(&broken, bytes).unwrap();
    let nowhere = made.directory.path().join("nowhere/mini-tweet.db");
    assert!(restore(&broken, &nowhere).is_err());
    assert!(!nowhere.exists(), "a damaged backup restores nothing");
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let (made, _feed) = TestStore::new();
    made.store.close().await;
    let path = made.database();
    Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = std::fs::read(&path).unwrap();
    let clock = made.clock.clone();
    let TestStore { store, directory, .. } = made;
    drop(store);
    let error = super::SqliteStore::open(&path, &super::SqliteOptions::default(), clock).unwrap_err();
    assert!(error.to_string().contains("newer version"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(directory);
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_brought_up_to_date_and_a_copy_of_it_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data").join(super::DATABASE);
    super::open::make_at_schema(&path, 1, crate::test_support::START_MS).unwrap();
    let old = Connection::open(&path).unwrap();
    let harmless =
        "INSERT INTO account (id, username, display_name, role, password_phc) VALUES (1, 'ada', '', 1, 'x');
         INSERT INTO session (id, account, token_hash, client_name, last_used_ms)
         VALUES (2, 1, zeroblob(32), 'laptop', 5);
         INSERT INTO idempotency (account, key, request_hash, result, changed, made_ms)
         VALUES (1, x'aa', zeroblob(32), 77, 1, 5);";
    old.execute_batch(harmless).unwrap();
    drop(old);

    let (made, feed) = TestStore::in_directory(directory, crate::test_support::TestClock::new());
    let fixture = StoreFixture::over(made.store.clone(), made.clock.clone(), feed, Box::new(())).await;
    let ada = AccountId::new(1).unwrap();
    assert!(made.store.session_by_token(&[0; 32]).await.unwrap().is_some(), "what was there is there");
    let tweet = fixture.post(ada, "hello").await;
    let timeline = model::TimelineName::parse("home").unwrap();
    fixture.apply(Change::SetReadLine { account: ada, timeline, tweet }).await;
    assert_eq!(made.store.read_lines(ada).await.unwrap().len(), 1);
    assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());

    let once = IdempotencyKey { account: ada, key: vec![0xaa], request_hash: [0; 32] };
    let again = Change::Announce { text: "done before".into() };
    assert_eq!(made.store.apply(again, Some(once)).await.unwrap().id, 77, "a key is still known");

    let copy = super::open::copy_before(&made.database(), super::open::SCHEMA);
    assert_eq!(check(&copy).unwrap(), Vec::<String>::new(), "the copy is a sound database");
    let copy = Connection::open(copy).unwrap();
    let version: u32 = copy.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
}

#[test]
fn an_upgrade_that_was_ended_after_its_copy_is_taken_up_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("data").join(super::DATABASE);
    super::open::make_at_schema(&path, 1, crate::test_support::START_MS).unwrap();
    let copy = super::open::copy_before(&path, super::open::SCHEMA);
    backup(&path, &copy).unwrap();
    let (made, _feed) = TestStore::in_directory(directory, crate::test_support::TestClock::new());
    assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new());
    assert_eq!(check(&copy).unwrap(), Vec::<String>::new());
}

#[tokio::test]
async fn a_queue_that_is_long_and_slow_refuses_and_a_long_or_a_slow_one_does_not() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(super::DATABASE);
    std::fs::set_permissions(directory.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let options = super::SqliteOptions {
        queue_wait: Some(Duration::from_millis(75)),
        batch_max: 1,
        ..super::SqliteOptions::default()
    };
    let clock = Arc::new(crate::env::SystemClock);
    let (store, _feed) = super::SqliteStore::open(&path, &options, clock).unwrap();
    let announce = || store.apply(Change::Announce { text: "hello".into() }, None);
    let slow = |ms: u64| store.metrics.waited_us.store(ms * 1_000, Ordering::Relaxed);

    slow(100);
    announce().await.unwrap();
    // Somebody else holds the database: what comes now waits.
    let held = Connection::open(&path).unwrap();
    held.execute_batch("BEGIN IMMEDIATE").unwrap();
    let waiting: Vec<_> = (0..3).map(|_| announce()).collect();
    let waiting = futures_util::future::join_all(waiting);
    tokio::pin!(waiting);
    slow(10);
    assert!(futures_util::FutureExt::now_or_never(&mut waiting).is_none(), "a long queue takes more");
    let taken = async {
        while store.metrics.waited_us.load(Ordering::Relaxed) == 10_000 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), taken).await.expect("the writer takes the first of them");
    slow(100);
    assert_eq!(announce().await.unwrap_err(), model::Error::Busy);
    held.execute_batch("COMMIT").unwrap();
    for applied in waiting.await {
        applied.unwrap();
    }
}

#[tokio::test]
async fn a_new_account_posts_so_many_in_an_hour_and_one_sent_again_is_not_another() {
    let directory = tempfile::tempdir().unwrap();
    let clock = crate::test_support::TestClock::new();
    let path = directory.path().join("data").join(super::DATABASE);
    let options = super::SqliteOptions { new_account_posts: 2, ..super::SqliteOptions::default() };
    let (store, _feed) = super::SqliteStore::open(&path, &options, clock.clone()).unwrap();
    let made = Change::CreateAccount {
        username: model::Username::parse("ada").unwrap(),
        display_name: model::DisplayName::default(),
        password: crate::PasswordHash { phc: "none".into(), legacy: None },
        role: model::Role::Member,
        invite: None,
        password_change_advised: false,
    };
    let author = AccountId::new(store.apply(made, None).await.unwrap().id).unwrap();
    let post = |key: u8| {
        let text = model::TweetText::parse("hello").unwrap();
        let tweet = NewTweet { text, visibility: Visibility::Public, reply_to: None, quote_of: None };
        let once = IdempotencyKey { account: author, key: vec![key], request_hash: [0; 32] };
        store.apply(Change::Post { author, tweet }, Some(once))
    };
    let minutes = |n: i64| clock.advance_ms(n * 60_000);
    post(1).await.unwrap();
    minutes(20);
    let second = post(2).await.unwrap();
    let Err(model::Error::RateLimited { retry_after }) = post(3).await else { panic!("a third was taken") };
    assert_eq!(retry_after.as_secs(), 40 * 60);
    assert_eq!(post(2).await.unwrap().id, second.id, "it was done before, and is answered so");
    minutes(41);
    post(4).await.unwrap();
    minutes(24 * 60);
    for key in 5..10 {
        post(key).await.unwrap();
    }
}
