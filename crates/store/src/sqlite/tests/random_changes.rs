//! Random changes: whatever is applied, the check finds nothing, and no statement scans a table.

use fastrand::Rng;
use model::{AccountId, Error, NewTweet, TweetId, Visibility};
use rusqlite::Connection;

use super::over;
use crate::sqlite::maintenance::check;
use crate::sqlite::sql;
use crate::test_support::{TestStore, text};
use crate::{Change, Store as _};

/// A random change; many of them are refused.
pub(super) fn random_change(random: &mut Rng, accounts: &[AccountId], tweets: &[TweetId]) -> Change {
    let one = *random.choice(accounts).unwrap();
    let other = *random.choice(accounts).unwrap();
    let tweet = random.choice(tweets).copied().unwrap_or_else(|| TweetId::new(1).unwrap());
    let on = random.u8(..3) > 0;
    let visibility = match random.u8(..5) {
        0 | 1 => Visibility::Public,
        2 => Visibility::Unlisted,
        3 => Visibility::Followers,
        _ => Visibility::Direct,
    };
    let text = text(&format!("@p{} says #tag{} {}", random.u8(..9), random.u8(..5), random.u8(..99)));
    match random.u8(..14) {
        0..=2 => {
            let mut new = NewTweet { text, visibility, reply_to: None, quote_of: None };
            match random.u8(..4) {
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
async fn counters_and_invariants_hold_after_random_changes() {
    for seed in 1..=8 {
        let made = TestStore::new();
        let fixture = over(&made);
        let mut random = Rng::with_seed(seed);
        let mut accounts = Vec::new();
        for n in 0..9 {
            accounts.push(fixture.account(&format!("p{n}")).await);
        }
        let mut tweets = Vec::new();
        let mut applied_count = 0;
        for _ in 0..600 {
            made.clock.advance_ms(1);
            let change = random_change(&mut random, &accounts, &tweets);
            let posts = matches!(change, Change::Post { .. } | Change::Retweet { .. });
            match made.store.apply(change.clone(), None).await {
                Ok(applied) => {
                    applied_count += 1;
                    tweets.extend(posts.then(|| TweetId::new(applied.id)).flatten());
                }
                Err(Error::NotFound(_) | Error::Forbidden(_)) => {}
                Err(Error::Invalid { field, .. }) if field == "username" || field == "text" => {}
                Err(error) => panic!("seed {seed}: {change:?}: {error:?}"),
            }
        }
        assert!(applied_count > 200, "seed {seed}: {applied_count} changes were carried out");
        fixture.apply(Change::DeleteAccount { account: accounts[0] }).await;
        while fixture.apply(Change::PurgeAccount { account: accounts[0], limit: 7 }).await.changed {}
        assert_eq!(check(&made.database()).unwrap(), Vec::<String>::new(), "seed {seed}");
        let read = Connection::open(made.database()).unwrap();
        assert_no_statement_scans_a_table(&read);
    }
}

/// Parts of statements that read a whole table on purpose.
const SCANS: &[&str] = &[
    "count(*)",
    "sum(tweets)",
    // A few rows.
    "FROM announcement ",
    "SELECT id FROM announcement",
    "meta",
    "DELETE FROM invite",
    "DELETE FROM idempotency WHERE account",
    // At most one row.
    "FROM search_erasure",
    // Once, after a migration.
    "FROM read_line WHERE timeline >= '#'",
    // For admins: a few, the oldest first.
    "account a ON a.id = r.account",
    // The list of one account in an order other than its own is sorted as a whole.
    "ORDER BY a.followers",
    "ORDER BY a.last_post",
    "ORDER BY a.name_key",
    "ORDER BY a.username_key",
    // The newest accounts: read in the order of the table, up to the limit.
    "FROM account a WHERE a.state = 1 AND \n    NOT EXISTS (SELECT 1 FROM block WHERE blocker = ?1 AND blocked = a.id)\n    AND NOT EXISTS (SELECT 1 FROM block WHERE blocker = a.id AND blocked = ?1) ORDER BY a.id DESC",
    // The accounts that posted last: read from an index, up to a limit.
    "WHERE state = 1 AND last_post > 0",
    // A query that nothing can match.
    "AND (0) ORDER BY",
];

/// Checks the plan of every statement that was used so far.
fn assert_no_statement_scans_a_table(db: &Connection) {
    rusqlite::vtab::array::load_module(db).unwrap();
    let statements: Vec<String> = sql::PREPARED.lock().unwrap().iter().cloned().collect();
    let (mut explained, mut scanning) = (0, Vec::new());
    for sql in statements.iter().filter(|sql| !SCANS.iter().any(|scan| sql.contains(scan))) {
        let Ok(mut plan) = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")) else { continue };
        let steps: Vec<String> = plan.raw_query().mapped(|row| row.get(3)).collect::<Result<_, _>>().unwrap();
        explained += 1;
        for step in &steps {
            // A plan says SCAN for rows of the statement itself and for a full-text index, too.
            let not_tables = [
                "USING",
                "VIRTUAL TABLE INDEX",
                "CONSTANT ROW",
                "VALUES",
                "(subquery",
                "SCAN s",
                "SCAN below",
            ];
            let scans = step.starts_with("SCAN ") && !not_tables.iter().any(|one| step.contains(one));
            // A page of a timeline is read in its order, not sorted from the whole timeline; so is what is asked for by
            // its identifiers.
            let is_in_order = sql.contains("LIMIT ?3") || sql.contains("ORDER BY ids.rowid");
            let sorts = is_in_order && step.contains("TEMP B-TREE FOR ORDER BY");
            if scans || sorts {
                scanning.push(format!("{sql}\n    {}", steps.join("\n    ")));
            }
        }
    }
    assert!(scanning.is_empty(), "{}", scanning.join("\n"));
    assert!(explained > 50, "only {explained} statements were explained");
}
