//! Reads the files of the original program into typed rows.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use model::{DisplayName, TweetText, Username};
use serde_json::{Map, Value};
use unicode_normalization::UnicodeNormalization;

use super::retweet::{Retweet, parse_date};
use super::rows::{
    ACCOUNTS_FILE, AccountRow, Database, TWEETS_FILE, TweetRow, account_problem, tweet_problem,
};
use crate::import::{ImportError, Problem, read_file};

/// Reads `user_database.json` and `tweet_table.csv` in this directory; the other files of the program repeat their
/// content. Times in the files are in `time_zone`, and none may be later than `now_ms`.
///
/// # Errors
/// If a file cannot be read, or is not JSON or CSV with the expected columns. An invalid row is one of
/// [`Database::problems`] instead.
pub fn read(dir: &Path, time_zone: &TimeZone, now_ms: i64) -> Result<Database, ImportError> {
    let users = read_users(&dir.join(ACCOUNTS_FILE))?;
    let records = read_records(&dir.join(TWEETS_FILE))?;

    let mut problems = Vec::new();
    let People { mut accounts, follows, numbers } = people(&users, &mut problems);
    let entries = entries(&records, &accounts, time_zone, now_ms, &mut problems);
    let mut tweets = tweets(entries, &numbers, &mut problems);
    tweets.sort_by_key(|tweet| (tweet.created_ms, tweet.number));
    keep_order_within_a_minute(&mut tweets);
    date_accounts(&mut accounts, &tweets, now_ms);
    Ok(Database { accounts: accounts.into_values().collect(), follows, tweets, problems })
}

fn wrong_format(path: &Path, reason: impl Into<String>) -> ImportError {
    ImportError::WrongFormat { path: path.to_owned(), reason: reason.into() }
}

fn read_users(path: &Path) -> Result<Map<String, Value>, ImportError> {
    match serde_json::from_slice(&read_file(path)?) {
        Ok(Value::Object(users)) => Ok(users),
        Ok(_) => Err(wrong_format(path, "is not a JSON object of users")),
        Err(error) => Err(wrong_format(path, format!("is not JSON: {error}"))),
    }
}

/// A row of the table of tweets, as bytes that may be invalid UTF-8.
struct Record {
    line: u64,
    /// Number, content, author and time, or the reason if the number of fields is wrong.
    fields: Result<[Vec<u8>; 4], String>,
}

fn read_records(path: &Path) -> Result<Vec<Record>, ImportError> {
    const COLUMNS: [&str; 4] = ["tweet_id", "content", "user_id", "date_time_created"];
    let bytes = read_file(path)?;
    let not_csv = |error: csv::Error| wrong_format(path, format!("is not CSV: {error}"));
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes.as_slice());
    let header = reader.byte_headers().map_err(not_csv)?.clone();
    let mut places = [0; 4];
    for (place, column) in places.iter_mut().zip(COLUMNS) {
        *place = header
            .iter()
            .position(|name| name.trim_ascii() == column.as_bytes())
            .ok_or_else(|| wrong_format(path, format!("has no column {column}")))?;
    }
    let mut records = Vec::new();
    for record in reader.byte_records() {
        let record = record.map_err(not_csv)?;
        let fields = if record.len() == header.len() {
            Ok(places.map(|place| record.get(place).unwrap_or_default().to_vec()))
        } else {
            Err(format!("the row has {} fields instead of {}", record.len(), header.len()))
        };
        records.push(Record { line: record.position().map_or(0, csv::Position::line), fields });
    }
    Ok(records)
}

/// Accounts and follows.
struct People {
    accounts: BTreeMap<u64, AccountRow>,
    follows: Vec<(u64, u64)>,
    /// Numbers by name in its original case, with which a retweet names its author.
    numbers: HashMap<String, u64>,
}

fn people(users: &Map<String, Value>, problems: &mut Vec<Problem>) -> People {
    let mut by_number = BTreeMap::new();
    for (key, user) in users {
        match key.parse::<u64>() {
            // The counter of numbers, not a user.
            Ok(0) => {}
            Ok(number) => {
                by_number.insert(number, user);
            }
            Err(_) => {
                problems.push(Problem::new(
                    ACCOUNTS_FILE,
                    format!("key {key:?}"),
                    "the key is not a user number",
                ));
            }
        }
    }
    let mut accounts = BTreeMap::new();
    let mut numbers = HashMap::new();
    let mut usernames = HashSet::new();
    for (&number, user) in &by_number {
        match account(number, user) {
            Ok((_, account)) if !usernames.insert(account.username.clone()) => {
                let reason =
                    format!("the username {} is used by an earlier user (case is ignored)", account.username);
                problems.push(account_problem(number, reason));
            }
            Ok((name, account)) => {
                numbers.insert(name, number);
                accounts.insert(number, account);
            }
            Err(reason) => problems.push(account_problem(number, reason)),
        }
    }
    let mut follows = BTreeSet::new();
    for &number in accounts.keys() {
        let user = by_number.get(&number).copied().unwrap_or(&Value::Null);
        for other in listed(number, user, "following", problems) {
            follows.insert((number, other, number));
        }
        for other in listed(number, user, "followers", problems) {
            follows.insert((other, number, number));
        }
    }
    let follows = known_follows(&follows, &accounts, problems);
    People { accounts, follows, numbers }
}

/// The account, and its name in its original case.
fn account(number: u64, user: &Value) -> Result<(String, AccountRow), String> {
    let text = |field: &str| {
        user.get(field).and_then(Value::as_str).ok_or_else(|| format!("{field} is missing or not text"))
    };
    let name = text("user_name")?;
    let username = Username::parse(name).map_err(|error| format!("{error}: {name:?}"))?;
    let display_name = DisplayName::parse(name).map_err(|error| error.to_string())?;
    let hash = text("password")?;
    if !is_sha512_crypt(hash) {
        return Err("password is not a sha512-crypt hash ($6$salt$hash)".to_owned());
    }
    let row = AccountRow { number, username, display_name, legacy_hash: hash.to_owned(), created_ms: 0 };
    Ok((name.to_owned(), row))
}

fn is_sha512_crypt(hash: &str) -> bool {
    let alphabet = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/');
    let Some(rest) = hash.strip_prefix("$6$") else { return false };
    let rest = match rest.strip_prefix("rounds=").and_then(|r| r.split_once('$')) {
        Some((rounds, rest)) if rounds.parse::<u32>().is_ok() => rest,
        Some(_) => return false,
        None => rest,
    };
    rest.split_once('$').is_some_and(|(salt, digest)| {
        (1..=16).contains(&salt.len()) && alphabet(salt) && digest.len() == 86 && alphabet(digest)
    })
}

/// Numbers in one of the lists of a user, which are strings in the file.
fn listed(number: u64, user: &Value, list: &str, problems: &mut Vec<Problem>) -> Vec<u64> {
    let Some(items) = user.get(list).and_then(Value::as_array) else {
        problems.push(account_problem(number, format!("{list} is not a list")));
        return Vec::new();
    };
    let mut numbers = Vec::new();
    for item in items {
        match item.as_u64().or_else(|| item.as_str()?.trim().parse().ok()) {
            Some(other) if other == number => {}
            Some(other) => numbers.push(other),
            None => {
                problems.push(account_problem(number, format!("{list} has {item}, which is not a number")));
            }
        }
    }
    numbers
}

/// Follows between imported accounts. Each input is follower, followee and the user whose list has it.
fn known_follows(
    follows: &BTreeSet<(u64, u64, u64)>,
    accounts: &BTreeMap<u64, AccountRow>,
    problems: &mut Vec<Problem>,
) -> Vec<(u64, u64)> {
    let mut known = Vec::new();
    for &(follower, followee, listed_by) in follows {
        let other = if listed_by == follower { followee } else { follower };
        if accounts.contains_key(&other) {
            known.push((follower, followee));
        } else {
            let list = if listed_by == follower { "following" } else { "followers" };
            let reason = format!("{list} has user {other}, which does not exist or was skipped");
            problems.push(account_problem(listed_by, reason));
        }
    }
    // Most follows are in the lists of both users.
    known.dedup();
    known
}

/// A row with valid fields. Its content may still be invalid as a tweet.
struct Entry {
    line: u64,
    number: u64,
    author: u64,
    content: String,
    posted: DateTime,
    created_ms: i64,
}

fn entries(
    records: &[Record],
    accounts: &BTreeMap<u64, AccountRow>,
    time_zone: &TimeZone,
    now_ms: i64,
    problems: &mut Vec<Problem>,
) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut numbers = HashSet::new();
    for record in records {
        match entry(record, accounts, time_zone, now_ms) {
            Ok(entry) if numbers.insert(entry.number) => entries.push(entry),
            Ok(entry) => {
                let reason = format!("tweet_id {} is used by another row", entry.number);
                problems.push(tweet_problem(record.line, reason));
            }
            Err(reason) => problems.push(tweet_problem(record.line, reason)),
        }
    }
    entries
}

fn entry(
    record: &Record,
    accounts: &BTreeMap<u64, AccountRow>,
    time_zone: &TimeZone,
    now_ms: i64,
) -> Result<Entry, String> {
    let [number, content, author, date] = record.fields.as_ref().map_err(Clone::clone)?;
    let number = parse_number(number).ok_or("tweet_id is not a number")?;
    let author = parse_number(author).ok_or("user_id is not a number")?;
    if !accounts.contains_key(&author) {
        return Err(format!("the author, user {author}, does not exist or was skipped"));
    }
    let content = std::str::from_utf8(content).map_err(|_| "content is not UTF-8")?;
    let content = content.replace('\r', "").nfc().collect();
    let date = std::str::from_utf8(date).unwrap_or_default();
    let posted = parse_date(date)
        .ok_or_else(|| format!("date_time_created is not a date like 31/12/2020, 23:59: {date:?}"))?;
    let created_ms = posted
        .to_zoned(time_zone.clone())
        .map_err(|_| format!("date_time_created is out of range: {date}"))?
        .timestamp()
        .as_millisecond();
    if created_ms <= 0 {
        return Err(format!("date_time_created is before 1970: {date}"));
    }
    if created_ms > now_ms {
        return Err(format!("date_time_created is in the future: {date}"));
    }
    Ok(Entry { line: record.line, number, author, content, posted, created_ms })
}

fn parse_number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.trim().parse().ok()
}

/// Turns each retweet into its message and the tweet that it quotes.
fn tweets(
    mut entries: Vec<Entry>,
    numbers: &HashMap<String, u64>,
    problems: &mut Vec<Problem>,
) -> Vec<TweetRow> {
    // A retweet contains its original and is longer: in this order every original comes first. Of equal originals the
    // first is used.
    entries.sort_by_key(|entry| (entry.content.len(), entry.number));
    let mut known = HashMap::<(u64, DateTime, String), u64>::new();
    let mut tweets = Vec::new();
    for entry in entries {
        let parsed = match Retweet::parse(&entry.content) {
            None => Ok((entry.content.as_str(), None)),
            Some(retweet) => find_original(&retweet, numbers, &known)
                .map(|(message, original)| (message, Some(original)))
                .ok_or_else(|| {
                    format!("the retweeted tweet of {:?} does not exist or was skipped", retweet.author)
                }),
        };
        let row = parsed.and_then(|(text, quote_of)| {
            let text = TweetText::parse(text).map_err(|error| error.to_string())?;
            let Entry { number, line, author, created_ms, .. } = entry;
            Ok(TweetRow { number, line, author, text, quote_of, created_ms })
        });
        match row {
            Ok(row) => {
                let key = (entry.author, entry.posted, entry.content.trim().to_owned());
                known.entry(key).or_insert(entry.number);
                tweets.push(row);
            }
            Err(reason) => problems.push(tweet_problem(entry.line, reason)),
        }
    }
    tweets
}

/// Message, and number of the original tweet with this author, time and content.
fn find_original<'a>(
    retweet: &Retweet<'a>,
    numbers: &HashMap<String, u64>,
    known: &HashMap<(u64, DateTime, String), u64>,
) -> Option<(&'a str, u64)> {
    let author = *numbers.get(retweet.author)?;
    retweet.divisions().find_map(|(message, content)| {
        let original = known.get(&(author, retweet.posted, content.trim().to_owned()))?;
        Some((message, *original))
    })
}

/// Moves tweets of the same minute, which are sorted, a millisecond apart.
fn keep_order_within_a_minute(tweets: &mut [TweetRow]) {
    const OFFSET_MS_MAX: i64 = 59_999;
    let (mut minute, mut offset) = (0, 0);
    for tweet in tweets {
        offset = if tweet.created_ms == minute { (offset + 1).min(OFFSET_MS_MAX) } else { 0 };
        minute = tweet.created_ms;
        tweet.created_ms += offset;
    }
}

/// Dates each account before its first tweet and before the accounts with a higher number.
fn date_accounts(accounts: &mut BTreeMap<u64, AccountRow>, tweets: &[TweetRow], now_ms: i64) {
    let mut first_tweet = HashMap::<u64, i64>::new();
    for tweet in tweets {
        first_tweet.entry(tweet.author).or_insert(tweet.created_ms);
    }
    let mut latest = now_ms;
    for account in accounts.values_mut().rev() {
        let first = first_tweet.get(&account.number).copied().unwrap_or(latest);
        latest = latest.min(first).max(1);
        account.created_ms = latest;
        latest -= 1;
    }
}
