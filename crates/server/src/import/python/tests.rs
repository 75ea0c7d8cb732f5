use std::fs;

use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;
use crate::import::Problem;
use crate::import::fake_store::{FakeStore, FakeTweet};

const NOW_MS: i64 = 1_700_000_000_000;
const DIGEST: &str = "eu0KzaA/juzTEXjCS8wzzLG/eLT.aBHaHbQGjWlvg3ZEql09IjFQrhFP7szXLK9t73UOysBYBgEp5SPDWKbY3/";

/// A database of the original program in a temporary directory.
struct Files {
    dir: TempDir,
    users: Vec<String>,
    rows: String,
}

impl Files {
    fn new() -> Self {
        let rows = "tweet_id,content,user_id,date_time_created,last_update_time\n".to_owned();
        Self { dir: tempfile::tempdir().unwrap(), users: vec![r#""0": {"id_start": 10009}"#.into()], rows }
    }

    fn user(self, number: u64, name: &str, following: &[u64], followers: &[u64]) -> Self {
        let texts = |ids: &[u64]| ids.iter().map(|id| format!("\"{id}\"")).collect::<Vec<_>>().join(",");
        let (following, followers) = (texts(following), texts(followers));
        self.raw_user(&format!(
            r#""{number}": {{"user_name": "{name}", "password": "$6$salt${DIGEST}",
                "following": [{following}], "followers": [{followers}]}}"#
        ))
    }

    fn raw_user(mut self, json: &str) -> Self {
        self.users.push(json.to_owned());
        self
    }

    fn tweet(self, number: u64, author: u64, content: &str, date: &str) -> Self {
        self.raw_row(&format!("{number},\"{content}\",{author},\"{date}\",\"{date}\"\n"))
    }

    fn raw_row(mut self, row: &str) -> Self {
        self.rows.push_str(row);
        self
    }

    fn read(&self) -> Database {
        fs::write(self.dir.path().join(ACCOUNTS_FILE), format!("{{{}}}", self.users.join(",\n"))).unwrap();
        fs::write(self.dir.path().join(TWEETS_FILE), &self.rows).unwrap();
        read(self.dir.path(), &TimeZone::UTC, NOW_MS).unwrap()
    }

    async fn import_into(&self, store: &FakeStore) -> Summary {
        run(&|change| store.apply(change), self.read(), &wrap, &mut |_| {}).await.unwrap()
    }
}

fn wrap(legacy: &str) -> model::Result<PasswordHash> {
    if legacy.contains("rounds=999999999") {
        return Err(Error::invalid("password", "has too many rounds"));
    }
    Ok(PasswordHash { phc: "wrapped".into(), legacy: Some("$6$salt".into()) })
}

/// Ada and Bob, who follow each other, with their tweets.
fn ada_and_bob() -> Files {
    Files::new()
        .user(10001, "ada", &[10001, 10002], &[10002])
        .user(10002, "Bob", &[10002, 10001], &[10001])
        .tweet(1, 10001, "first #One", "01/12/2020, 17:05")
        .tweet(2, 10002, "second #one #two", "02/12/2020, 11:47")
        .tweet(
            3,
            10001,
            "Retweet:\nso true #three\nsecond #one #two\nBy: Bob\nPosted On:02/12/2020, 11:47",
            "03/12/2020, 08:00",
        )
}

fn reasons(problems: &[Problem]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

fn texts(tweets: &[FakeTweet]) -> Vec<&str> {
    tweets.iter().map(|t| t.tweet.text.as_str()).collect()
}

#[tokio::test]
async fn accounts_follows_and_tweets_are_imported_with_their_times() {
    let store = FakeStore::default();
    let summary = ada_and_bob().import_into(&store).await;
    let expected =
        Summary { accounts: 2, follows: 2, tweets: 3, quotes: 1, hashtags: 3, ..Summary::default() };
    assert_eq!(summary, expected);

    let accounts = store.all_accounts();
    assert_eq!(accounts.iter().map(|a| a.username.as_str()).collect::<Vec<_>>(), ["ada", "bob"]);
    assert_eq!(accounts[1].display_name, "Bob");
    assert_eq!(accounts[0].password.legacy.as_deref(), Some("$6$salt"));
    assert_eq!(store.follows(), [("ada".into(), "bob".into()), ("bob".into(), "ada".into())]);
    let tweets = store.all_tweets();
    assert_eq!(texts(&tweets), ["first #One", "second #one #two", "so true #three"]);
    assert_eq!(tweets[0].created_ms, 1_606_842_300_000);
    assert_eq!(store.name_of(tweets[1].author), "bob");
    assert_eq!(accounts[0].created_ms, tweets[0].created_ms);
}

#[tokio::test]
async fn a_retweet_with_a_message_becomes_a_quote_of_its_original() {
    let store = FakeStore::default();
    ada_and_bob().import_into(&store).await;
    let tweets = store.all_tweets();
    assert_eq!(tweets[2].tweet.quote_of.map(TweetId::get), Some(tweets[1].id));
    assert_eq!(tweets[1].tweet.quote_of, None);
}

#[tokio::test]
async fn a_second_import_changes_nothing() {
    let store = FakeStore::default();
    let files = ada_and_bob();
    files.import_into(&store).await;
    let again = files.import_into(&store).await;
    assert_eq!(again, Summary { already_there: 7, ..Summary::default() });
    assert_eq!((store.all_accounts().len(), store.all_tweets().len()), (2, 3));
}

#[tokio::test]
async fn an_import_stopped_by_a_full_disk_continues_later() {
    let store = FakeStore::default();
    let files = ada_and_bob();
    store.full_after(5);
    let error = run(&|change| store.apply(change), files.read(), &wrap, &mut |_| {}).await.unwrap_err();
    assert!(matches!(error, ImportError::Store(Error::StorageFull)), "{error}");
    store.free_space();
    let summary = files.import_into(&store).await;
    assert_eq!((summary.already_there, summary.tweets, summary.quotes), (5, 2, 1));
    assert!(summary.problems.is_empty());
}

#[tokio::test]
async fn progress_counts_every_row_of_each_phase() {
    let mut seen = Vec::new();
    let store = FakeStore::default();
    let mut on_progress = |progress: Progress| seen.push((progress.phase, progress.done, progress.total));
    run(&|change| store.apply(change), ada_and_bob().read(), &wrap, &mut on_progress).await.unwrap();
    let steps = |phase, total| (1..=total).map(move |done| (phase, done, total));
    let expected: Vec<_> =
        steps(Phase::Accounts, 2).chain(steps(Phase::Follows, 2)).chain(steps(Phase::Tweets, 3)).collect();
    assert_eq!(seen, expected);
}

#[test]
fn originals_are_found_by_author_content_and_time() {
    let files = ada_and_bob()
        // The same text by another author, and at another time.
        .tweet(4, 10001, "same", "04/12/2020, 10:00")
        .tweet(5, 10002, "same", "04/12/2020, 10:00")
        .tweet(6, 10002, "same", "04/12/2020, 10:01")
        .tweet(
            7,
            10001,
            "Retweet:\nthis one\nsame\nBy: Bob\nPosted On:04/12/2020, 10:01",
            "05/12/2020, 09:00",
        );
    let database = files.read();
    assert_eq!(reasons(&database.problems), Vec::<String>::new());
    assert_eq!(database.tweets.last().unwrap().quote_of, Some(6));
}

#[test]
fn content_and_message_of_a_retweet_can_have_several_lines() {
    let files = ada_and_bob().tweet(4, 10002, "one\n\nBy: me\nthree", "04/12/2020, 10:00").tweet(
        5,
        10001,
        "Retweet:\nlook\nat this\none\n\nBy: me\nthree\nBy: Bob\nPosted On:04/12/2020, 10:00",
        "05/12/2020, 09:00",
    );
    let database = files.read();
    let quote = database.tweets.last().unwrap();
    assert_eq!((quote.text.as_str(), quote.quote_of), ("look\nat this", Some(4)));
}

#[tokio::test]
async fn a_quote_can_quote_a_quote_of_a_later_row() {
    let inner = "Retweet:\ninner\nsecond #one #two\nBy: Bob\nPosted On:02/12/2020, 11:47";
    let files = ada_and_bob()
        .tweet(
            8,
            10001,
            &format!("Retweet:\nouter\n{inner}\nBy: ada\nPosted On:06/12/2020, 10:00"),
            // The clock was set back.
            "06/12/2020, 09:00",
        )
        .tweet(9, 10001, inner, "06/12/2020, 10:00");
    let store = FakeStore::default();
    let summary = files.import_into(&store).await;
    assert_eq!((reasons(&summary.problems), summary.quotes), (vec![], 3));
    let tweets = store.all_tweets();
    let find = |text: &str| tweets.iter().find(|t| t.tweet.text.as_str() == text).unwrap();
    assert_eq!(find("outer").tweet.quote_of.map(TweetId::get), Some(find("inner").id));
}

#[test]
fn a_retweet_without_its_original_is_skipped() {
    let files = ada_and_bob().tweet(
        4,
        10001,
        "Retweet:\nme too\nnever said\nBy: Bob\nPosted On:02/12/2020, 11:47",
        "05/12/2020, 09:00",
    );
    let database = files.read();
    assert_eq!(database.tweets.len(), 3);
    assert_eq!(
        reasons(&database.problems),
        ["tweet_table.csv, line 9: the retweeted tweet of \"Bob\" does not exist or was skipped"]
    );
}

#[test]
fn invalid_tweets_are_reported_and_skipped() {
    let files = ada_and_bob()
        .tweet(4, 999, "who am I", "05/12/2020, 09:00")
        .tweet(5, 10001, "when", "2020-12-05")
        .tweet(6, 10001, "later", "05/12/2090, 09:00")
        .tweet(7, 10001, "before", "05/12/1930, 09:00")
        .tweet(8, 10001, "red \u{1b}[31m", "05/12/2020, 09:00")
        .tweet(9, 10001, "", "05/12/2020, 09:00")
        .tweet(10, 10001, &"x".repeat(501), "05/12/2020, 09:00")
        .tweet(1, 10001, "again", "05/12/2020, 09:00")
        .raw_row("eleven,text,10001,\"05/12/2020, 09:00\",x\n")
        .raw_row("12,too few\n")
        .tweet(13, 10001, "all is well", "05/12/2020, 09:00");
    let database = files.read();
    let expected = [
        "tweet_table.csv, line 9: the author, user 999, does not exist or was skipped",
        "tweet_table.csv, line 10: date_time_created is not a date like 31/12/2020, 23:59: \"2020-12-05\"",
        "tweet_table.csv, line 11: date_time_created is in the future: 05/12/2090, 09:00",
        "tweet_table.csv, line 12: date_time_created is before 1970: 05/12/1930, 09:00",
        "tweet_table.csv, line 16: tweet_id 1 is used by another row",
        "tweet_table.csv, line 17: tweet_id is not a number",
        "tweet_table.csv, line 18: the row has 2 fields instead of 5",
        "tweet_table.csv, line 14: text is empty",
        "tweet_table.csv, line 13: text has the control character U+001B",
        "tweet_table.csv, line 15: text is 1 character too long (at most 500)",
    ];
    assert_eq!(reasons(&database.problems), expected);
    assert_eq!(database.tweets.last().unwrap().text.as_str(), "all is well");
    assert_eq!(database.tweets.len(), 4);
}

#[test]
fn a_row_that_is_not_utf_8_is_skipped() {
    let files = ada_and_bob();
    files.read();
    let mut bytes = files.rows.clone().into_bytes();
    bytes.extend(b"4,\xFF\xFE,10001,\"05/12/2020, 09:00\",x\n5,fine,10001,\"05/12/2020, 09:00\",x\n");
    fs::write(files.dir.path().join(TWEETS_FILE), bytes).unwrap();
    let database = read(files.dir.path(), &TimeZone::UTC, NOW_MS).unwrap();
    assert_eq!(reasons(&database.problems), ["tweet_table.csv, line 9: content is not UTF-8"]);
    assert_eq!(database.tweets.last().unwrap().text.as_str(), "fine");
}

#[test]
fn invalid_accounts_are_reported_and_skipped_with_their_tweets() {
    let files = ada_and_bob()
        .user(10003, "BOB", &[], &[])
        .user(10004, "a b", &[], &[])
        .raw_user(r#""10005": {"user_name": "eve", "password": "plain", "following": [], "followers": []}"#)
        .raw_user(r#""10006": {"password": 1}"#)
        .raw_user(r#""10007": null"#)
        .raw_user(r#""x": {}"#)
        .tweet(4, 10005, "hello", "05/12/2020, 09:00");
    let database = files.read();
    let expected = [
        "user_database.json, key \"x\": the key is not a user number",
        "user_database.json, user 10003: the username bob is used by an earlier user (case is ignored)",
        "user_database.json, user 10004: username can have only the letters a to z, digits and _: \"a b\"",
        "user_database.json, user 10005: password is not a sha512-crypt hash ($6$salt$hash)",
        "user_database.json, user 10006: user_name is missing or not text",
        "user_database.json, user 10007: user_name is missing or not text",
        "tweet_table.csv, line 9: the author, user 10005, does not exist or was skipped",
    ];
    assert_eq!(reasons(&database.problems), expected);
    assert_eq!(database.accounts.iter().map(|a| a.number).collect::<Vec<_>>(), [10001, 10002]);
}

#[test]
fn follows_come_from_both_lists_without_self_follows_and_unknown_users() {
    let hash = format!("$6$salt${DIGEST}");
    let files = Files::new()
        .user(1, "ada", &[1], &[2, 77])
        .user(2, "bob", &[2, 3], &[])
        .user(3, "eve", &[88], &[2])
        .raw_user(&format!(
            r#""4": {{"user_name": "dan", "password": "{hash}", "following": [1, true], "followers": "x"}}"#
        ));
    let database = files.read();
    assert_eq!(database.follows, [(2, 1), (2, 3), (4, 1)]);
    let expected = [
        "user_database.json, user 4: following has true, which is not a number",
        "user_database.json, user 4: followers is not a list",
        "user_database.json, user 3: following has user 88, which does not exist or was skipped",
        "user_database.json, user 1: followers has user 77, which does not exist or was skipped",
    ];
    assert_eq!(reasons(&database.problems), expected);
}

#[tokio::test]
async fn an_account_with_a_taken_username_or_a_rejected_hash_is_skipped() {
    let store = FakeStore::default();
    ada_and_bob().import_into(&store).await;
    let files = Files::new()
        .user(20001, "ada", &[], &[20002])
        .raw_user(&format!(
            r#""20002": {{"user_name": "slow", "password": "$6$rounds=999999999$s${DIGEST}",
                "following": [], "followers": []}}"#
        ))
        .tweet(50, 20001, "lost", "05/12/2020, 09:00");
    let summary = files.import_into(&store).await;
    let expected = [
        "user_database.json, user 20001: this username is already taken; choose another",
        "user_database.json, user 20002: password has too many rounds",
        "user_database.json, user 20002: cannot follow user 20001: there is no such account",
        "tweet_table.csv, line 2: there is no such author",
    ];
    assert_eq!(reasons(&summary.problems), expected);
    assert_eq!((summary.accounts, summary.tweets, store.all_tweets().len()), (0, 0, 3));
}

#[test]
fn tweets_of_one_minute_keep_their_order() {
    let files = Files::new()
        .user(1, "ada", &[], &[])
        .tweet(2, 1, "second", "05/12/2020, 09:00")
        .tweet(1, 1, "first", "05/12/2020, 09:00")
        .tweet(3, 1, "third", "05/12/2020, 09:00");
    let database = files.read();
    let order: Vec<_> = database.tweets.iter().map(|t| (t.text.as_str(), t.created_ms % 60_000)).collect();
    assert_eq!(order, [("first", 0), ("second", 1), ("third", 2)]);
}

#[test]
fn times_are_in_the_time_zone() {
    let files = Files::new().user(1, "ada", &[], &[]).tweet(1, 1, "noon", "05/07/2020, 12:00");
    let utc = files.read().tweets[0].created_ms;
    let zone = TimeZone::fixed(jiff::tz::offset(5));
    let east = read(files.dir.path(), &zone, NOW_MS).unwrap().tweets[0].created_ms;
    assert_eq!(utc - east, 5 * 3_600_000);
}

#[test]
fn texts_lose_carriage_returns_and_become_nfc_but_keep_entities() {
    let files = Files::new().user(1, "ada", &[], &[]).tweet(1, 1, "e\u{301}te\r\n&amp;", "05/07/2020, 12:00");
    assert_eq!(files.read().tweets[0].text.as_str(), "\u{e9}te\n&amp;");
}

#[test]
fn accounts_are_older_than_later_accounts_and_than_their_tweets() {
    let files = Files::new()
        .user(1, "ada", &[], &[])
        .user(2, "bob", &[], &[])
        .user(3, "eve", &[], &[])
        .tweet(1, 2, "hello", "05/07/2020, 12:00");
    let database = files.read();
    let tweeted = database.tweets[0].created_ms;
    let created: Vec<_> = database.accounts.iter().map(|a| a.created_ms).collect();
    assert_eq!(created, [tweeted - 1, tweeted, NOW_MS]);
}

#[test]
fn a_missing_file_or_one_in_another_format_stops_the_import() {
    let files = ada_and_bob();
    files.read();
    let fails = |file: &str, content: Option<&[u8]>, expected: &str| {
        files.read();
        let path = files.dir.path().join(file);
        match content {
            Some(content) => fs::write(&path, content).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let error = read(files.dir.path(), &TimeZone::UTC, NOW_MS).err().unwrap().to_string();
        assert!(error.contains(file) && error.contains(expected), "{error}");
    };
    fails(ACCOUNTS_FILE, None, "cannot read");
    fails(TWEETS_FILE, None, "cannot read");
    fails(ACCOUNTS_FILE, Some(b"\x7fELF"), "is not JSON");
    fails(ACCOUNTS_FILE, Some(b"[]"), "is not a JSON object of users");
    fails(ACCOUNTS_FILE, Some(b"{\"1\": {"), "is not JSON");
    fails(TWEETS_FILE, Some(b"\x7fELF"), "has no column tweet_id");
    fails(TWEETS_FILE, Some(b""), "has no column tweet_id");
}

mod any_bytes {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn no_file_makes_the_reader_panic(
            users in proptest::collection::vec(any::<u8>(), 0..200),
            rows in "[0-9,\"\n\rRetwByPosdOn:/ ]{0,200}",
        ) {
            let dir = tempfile::tempdir().unwrap();
            fs::write(dir.path().join(TWEETS_FILE), format!("tweet_id,content,user_id,date_time_created\n{rows}"))
                .unwrap();
            fs::write(dir.path().join(ACCOUNTS_FILE), users).unwrap();
            let _ = read(dir.path(), &TimeZone::UTC, NOW_MS);
            fs::write(dir.path().join(ACCOUNTS_FILE), "{}").unwrap();
            let database = read(dir.path(), &TimeZone::UTC, NOW_MS);
            prop_assert!(database.is_ok_and(|d| d.accounts.is_empty() && d.tweets.is_empty()));
        }
    }
}
