//! What is derived from texts is derived again in a database of before the rules of text were changed.

use std::path::{Path, PathBuf};

use model::{AccountId, AccountSort, Hashtag, TweetId, Username};
use rusqlite::Connection;
use tempfile::TempDir;

use super::over;
use crate::sqlite::maintenance::check;
use crate::sqlite::migrate::migrate;
use crate::sqlite::schema::MIGRATIONS;
use crate::sqlite::{DATABASE, open, refill};
use crate::test_support::{START_MS, TestClock, TestStore};
use crate::{AccountList, AccountQuery, Timeline};

/// Tweets with their visibility, and the hashtags that the old rules found.
const TWEETS: [(i64, i64, &str, &[&str]); 8] = [
    (11, 1, "#ΟΔΟΣ und #rust", &["οδοσ", "rust"]),
    (12, 1, "#Οδος", &["οδος"]),
    (13, 1, "@bobさん、#ぼっち・ざ・ろっく を東京で", &["ぼっち"]),
    (14, 4, "@bobさん only for you", &[]),
    (15, 1, "plain words", &[]),
    (16, 1, "á\u{fe0f}b #x1\u{fe0f}\u{20e3}", &["x1\u{fe0f}\u{20e3}"]),
    (17, 1, "@bob b\u{300} und @bob\u{300}", &[]),
    (18, 1, "@bob\u{300} is another name", &[]),
];

/// A database of schema 5, as that version filled it.
fn old_database(directory: &TempDir) -> PathBuf {
    let path = directory.path().join("data").join(DATABASE);
    open::make_at_schema(&path, 5, START_MS).unwrap();
    let db = Connection::open(&path).unwrap();
    db.execute_batch(
        "INSERT INTO account (id, username, display_name, role, password_phc, tweets) VALUES
             (1, 'ada', 'Ada Lovelace', 1, 'x', 8), (2, 'bob', '林さくら', 1, 'x', 0);
         INSERT INTO account (id, username, display_name, role, state, password_phc)
             VALUES (3, 'gone/3', '', 1, 3, '');
         INSERT INTO account_search (rowid, name) VALUES (1, 'ada ada lovelace'), (2, 'bob 林さくら');
         INSERT INTO read_line (account, timeline, tweet, moved) VALUES
             (2, '#οδος', 11, 1), (2, '#οδοσ', 12, 2), (2, '#straße', 12, 3), (2, 'home', 12, 4);
         UPDATE meta SET value = 18 WHERE name = 'indexed_through';",
    )
    .unwrap();
    for (id, visibility, text, tags) in TWEETS {
        let sql = "INSERT INTO tweet (id, author, text, visibility) VALUES (?1, 1, ?2, ?3)";
        db.execute(sql, (id, text, visibility)).unwrap();
        if visibility == 1 {
            db.execute("INSERT INTO tweet_search (rowid, text) VALUES (?1, ?2)", (id, text)).unwrap();
        }
        for tag in tags {
            let sql = "INSERT INTO hashtag (key, name, tweets) VALUES (?1, ?1, 1)";
            db.execute(sql, [tag]).unwrap();
            let sql = "INSERT INTO tweet_hashtag (hashtag, tweet) SELECT id, ?2 FROM hashtag WHERE key = ?1";
            db.execute(sql, (tag, id)).unwrap();
        }
    }
    db.execute("INSERT INTO mention (tweet, account) VALUES (17, 2), (18, 2)", []).unwrap();
    let sql = "INSERT INTO notification (id, recipient, kind, actor, tweet) VALUES (20, 2, 2, 1, 18)";
    db.execute(sql, []).unwrap();
    assert_eq!(check(&path).unwrap(), Vec::<String>::new());
    path
}

fn migrated(path: &Path) -> Connection {
    let mut db = Connection::open(path).unwrap();
    migrate(&mut db, path, MIGRATIONS, START_MS).unwrap();
    db
}

fn mentioned(path: &Path, tweet: i64) -> bool {
    let sql = "SELECT count(*) FROM mention WHERE tweet = ?1";
    Connection::open(path).unwrap().query_row(sql, [tweet], |row| row.get(0)).unwrap()
}

/// Opens the store and checks what a reader sees.
async fn expect_new_rules(directory: TempDir) {
    let made = TestStore::in_directory(directory, TestClock::new());
    let path = made.database();
    assert_eq!(check(&path).unwrap(), Vec::<String>::new());
    let fixture = over(&made);
    let id = |id: u64| TweetId::new(id).unwrap();
    let tagged = async |tag: &str| fixture.timeline(Timeline::Hashtag(Hashtag::parse(tag).unwrap())).await;
    assert_eq!(tagged("οδος").await, [id(12), id(11)]);
    assert_eq!(tagged("rust").await, [id(11)]);
    assert_eq!(tagged("ぼっち・ざ・ろっく").await, [id(13)]);
    assert_eq!(tagged("ぼっち").await, []);
    assert_eq!(tagged("x").await, [id(16)]);
    for (query, tweet) in [("東京", 13), ("οδος", 12), ("plain", 15), ("ab", 16)] {
        let found = fixture.timeline(Timeline::Search(query.into())).await;
        assert_eq!(found.first(), Some(&id(tweet)), "{query}");
    }
    let ada = AccountId::new(1).unwrap();
    let found = fixture.store.search_people(ada, "林", 10).await.unwrap();
    assert_eq!(found.first().map(|account| account.username.as_str()), Some("bob"));
    assert!(fixture.store.has_lookalike(&Username::parse("b0b").unwrap()).await.unwrap());
    let by_name = AccountQuery { sort: AccountSort::Name, ..AccountList::People.into() };
    let people = fixture.store.list_accounts(ada, &by_name, None, 10).await.unwrap();
    assert_eq!(
        people.items.iter().map(|account| account.username.as_str()).collect::<Vec<_>>(),
        ["ada", "bob"]
    );
    let lines = fixture.store.read_lines(AccountId::new(2).unwrap()).await.unwrap();
    let mut lines: Vec<_> =
        lines.iter().map(|line| (line.timeline.as_str().to_owned(), line.tweet.get())).collect();
    lines.sort();
    assert_eq!(lines, [("#strasse".into(), 12), ("#οδοσ".into(), 12), ("home".into(), 12)]);
    assert!(mentioned(&path, 13), "a public tweet mentions whom its text mentions");
    assert!(!mentioned(&path, 14), "a direct tweet is shown to no one new");
    assert!(mentioned(&path, 17), "one of two mentions is left");
    assert!(!mentioned(&path, 18), "a part of another name mentions no one");
    let bob = AccountId::new(2).unwrap();
    assert_eq!(fixture.store.unread_notifications(bob).await.unwrap(), 0);
}

#[tokio::test]
async fn a_database_of_schema_5_follows_the_new_rules() {
    let directory = tempfile::tempdir().unwrap();
    old_database(&directory);
    expect_new_rules(directory).await;
}

#[tokio::test]
async fn an_interrupted_derivation_continues_at_the_next_start() {
    for steps in 0..40 {
        let directory = tempfile::tempdir().unwrap();
        let path = old_database(&directory);
        let db = migrated(&path);
        let done = (0..steps).all(|_| refill::step(&db, 1).unwrap().is_some());
        drop(db);
        expect_new_rules(directory).await;
        if !done {
            assert!(steps > 10, "each tweet and account is a step");
            return;
        }
    }
    panic!("the derivation does not end");
}
