//! Makes a network for trials and benchmarks from a social graph and a file of texts.
//!
//! The same files and seed give the same network. Accounts are called by their number in the graph, who has
//! more relationships writes more, and times lie in the last days.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use model::{AccountId, DisplayName, Error, NewTweet, TweetText, Username, Visibility};
use unicode_normalization::UnicodeNormalization;

use super::{HashtagCount, ImportError, OnProgress, Phase, Problem, Summary, apply_rows, read_file};
use store::{Change, ChangeResult, Origin, PasswordHash, Store};

const DAY_MS: u64 = 86_400_000;

/// What to make a network from.
pub struct GraphInput<'a> {
    /// One tie a line: two numbers, who follow each other. Empty lines and those that begin with `#` are
    /// skipped.
    pub edges: &'a Path,
    /// One tweet a line; HTML entities are undone.
    pub tweets: Option<&'a Path>,
    /// Of every account.
    pub password: PasswordHash,
    /// Unix milliseconds: no tweet is later.
    pub now_ms: i64,
    /// Decides who writes what and when.
    pub seed: u64,
    /// Over how many days up to now the tweets are spread.
    pub days: u32,
}

/// Brings the network into the store: accounts, follows, then tweets, oldest first. What an earlier import of
/// the same numbers and lines brought is only counted.
///
/// # Errors
/// When a file cannot be read, or when the store takes no more; the next import goes on from there.
pub async fn run(
    store: &dyn Store,
    input: GraphInput<'_>,
    on_progress: OnProgress<'_>,
) -> Result<Summary, ImportError> {
    let mut summary = Summary::default();
    let graph = read_graph(input.edges, &mut summary.problems)?;
    let lines = match input.tweets {
        Some(path) => read_tweets(path, &mut summary.problems)?,
        None => Vec::new(),
    };
    let accounts = import_accounts(store, &input, &graph, &mut summary, on_progress).await?;
    import_follows(store, &input, &accounts, &graph, &mut summary, on_progress).await?;
    let tweets = deal_out(lines, &graph, &input, &mut summary.problems);
    import_tweets(store, &input, &accounts, tweets, &mut summary, on_progress).await?;
    Ok(summary)
}

/// People and relationships, each tie once with the smaller number first.
struct Graph {
    relationships: BTreeSet<(u64, u64)>,
    /// How many relationships each person has.
    degrees: BTreeMap<u64, u64>,
}

fn read_graph(path: &Path, problems: &mut Vec<Problem>) -> Result<Graph, ImportError> {
    let bytes = read_file(path)?;
    let mut relationships = BTreeSet::new();
    for (line, bytes) in lines(&bytes) {
        match tie(bytes) {
            Ok(Some((a, b))) => {
                relationships.insert((a.min(b), a.max(b)));
            }
            Ok(None) => {}
            Err(reason) => problems.push(problem(path, line, reason)),
        }
    }
    let mut degrees = BTreeMap::new();
    for &(a, b) in &relationships {
        *degrees.entry(a).or_default() += 1;
        *degrees.entry(b).or_default() += 1;
    }
    Ok(Graph { relationships, degrees })
}

fn tie(line: &[u8]) -> Result<Option<(u64, u64)>, &'static str> {
    const EXPECTED: &str = "is not two numbers, as in \"17 4\"";
    let line = std::str::from_utf8(line).map_err(|_| EXPECTED)?.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut numbers = line.split_whitespace().map(str::parse::<u64>);
    let (Some(Ok(a)), Some(Ok(b)), None) = (numbers.next(), numbers.next(), numbers.next()) else {
        return Err(EXPECTED);
    };
    if a == b { Err("is a tie of someone to themselves") } else { Ok(Some((a, b))) }
}

fn read_tweets(path: &Path, problems: &mut Vec<Problem>) -> Result<Vec<(u64, TweetText)>, ImportError> {
    let bytes = read_file(path)?;
    let mut tweets = Vec::new();
    for (line, bytes) in lines(&bytes) {
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned()).and_then(|text| {
            TweetText::parse(&unescape(text).nfc().collect::<String>()).map_err(|e| e.to_string())
        });
        match text {
            Ok(text) => tweets.push((line, text)),
            Err(reason) => problems.push(problem(path, line, reason)),
        }
    }
    Ok(tweets)
}

/// Lines with their numbers from 1, without line ends.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    (1..).zip(bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
}

fn problem(path: &Path, line: u64, reason: impl Into<String>) -> Problem {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Problem::new(file, format!("line {line}"), reason)
}

/// Undoes the five entities that texts from the web commonly have, each once: `&amp;lt;` is `&lt;`.
fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, char); 5] =
        [("&amp;", '&'), ("&lt;", '<'), ("&gt;", '>'), ("&quot;", '"'), ("&#39;", '\'')];
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.find('&').and_then(|at| rest.split_at_checked(at)) {
        plain.push_str(before);
        let (c, after) = ENTITIES
            .iter()
            .find_map(|&(entity, c)| Some((c, from.strip_prefix(entity)?)))
            .unwrap_or(('&', from.strip_prefix('&').unwrap_or_default()));
        plain.push(c);
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// A tweet with its author and time.
struct DealtTweet {
    line: u64,
    author: u64,
    text: TweetText,
    created_ms: i64,
}

/// Gives each text an author, by their number of relationships, and a time; oldest first.
fn deal_out(
    lines: Vec<(u64, TweetText)>,
    graph: &Graph,
    input: &GraphInput<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<DealtTweet> {
    let mut total = 0;
    let people: Vec<(u64, u64)> = graph
        .degrees
        .iter()
        .map(|(&person, &degree)| {
            total += degree;
            (total, person)
        })
        .collect();
    if people.is_empty() {
        if let (Some(path), Some(&(line, _))) = (input.tweets, lines.first()) {
            problems.push(problem(path, line, "there is nobody to write this and what follows"));
        }
        return Vec::new();
    }
    let span_ms = (u64::from(input.days) * DAY_MS).max(1);
    let mut tweets: Vec<_> = lines
        .into_iter()
        .filter_map(|(line, text)| {
            // By line, so that one that is refused does not change the others.
            let mut draws = Draws(input.seed ^ line.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let place = draws.below(total);
            let &(_, author) = people.get(people.partition_point(|&(up_to, _)| up_to <= place))?;
            let created_ms = input.now_ms.saturating_sub_unsigned(draws.below(span_ms)).max(1);
            Some(DealtTweet { line, author, text, created_ms })
        })
        .collect();
    tweets.sort_by_key(|tweet| (tweet.created_ms, tweet.line));
    tweets
}

/// Repeatable numbers (SplitMix64): good enough to deal out tweets, and not for secrets.
struct Draws(u64);

impl Draws {
    /// A number below `bound`, which is not 0.
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % bound
    }
}

/// Numbers in the graph of the accounts that are in the store, with their identifiers there.
type Accounts = HashMap<u64, AccountId>;

async fn import_accounts(
    store: &dyn Store,
    input: &GraphInput<'_>,
    graph: &Graph,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<Accounts, ImportError> {
    let mut accounts = Accounts::new();
    // They signed up before the first tweet, a millisecond apart in the order of their numbers.
    let first_tweet_ms = input.now_ms.saturating_sub_unsigned(u64::from(input.days) * DAY_MS);
    let numbers: Vec<(i64, u64)> = (1..).zip(graph.degrees.keys().rev().copied()).collect();
    let rows: Vec<_> = numbers.into_iter().rev().collect();
    let change = |&(before_ms, number): &(i64, u64)| {
        Ok(Change::ImportAccount {
            origin: origin("person", number),
            username: Username::parse(&format!("p{number}"))?,
            display_name: DisplayName::parse(&super::synthetic::name(number))?,
            password: input.password.clone(),
            created_ms: (first_tweet_ms - before_ms).max(1),
        })
    };
    let each = |(_, number): (i64, u64), result: Result<ChangeResult, String>| match result {
        Ok(applied) => {
            summary.count(applied.changed, |s| s.accounts += 1);
            accounts.extend(AccountId::new(applied.id).map(|id| (number, id)));
        }
        Err(reason) => summary.problems.push(person_problem(input, number, reason)),
    };
    apply_rows(store, Phase::Accounts, rows, change, each, on_progress).await?;
    Ok(accounts)
}

async fn import_follows(
    store: &dyn Store,
    input: &GraphInput<'_>,
    accounts: &Accounts,
    graph: &Graph,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let rows: Vec<_> = graph.relationships.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
    let change = |&(follower, followee): &(u64, u64)| {
        let (follower, followee) = (account(accounts, follower)?, account(accounts, followee)?);
        Ok(Change::ImportFollow { follower, followee })
    };
    let each = |(follower, followee): (u64, u64), result: Result<ChangeResult, String>| match result {
        Ok(applied) => summary.count(applied.changed, |s| s.follows += 1),
        Err(reason) => {
            let reason = format!("cannot follow person {followee}: {reason}");
            summary.problems.push(person_problem(input, follower, reason));
        }
    };
    apply_rows(store, Phase::Follows, rows, change, each, on_progress).await
}

async fn import_tweets(
    store: &dyn Store,
    input: &GraphInput<'_>,
    accounts: &Accounts,
    rows: Vec<DealtTweet>,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let mut hashtags = HashtagCount::default();
    let change = |row: &DealtTweet| {
        let author = account(accounts, row.author)?;
        let text = row.text.clone();
        let tweet = NewTweet { text, visibility: Visibility::Public, reply_to: None, quote_of: None };
        Ok(Change::ImportTweet {
            origin: origin("tweet", row.line),
            author,
            tweet,
            created_ms: row.created_ms,
        })
    };
    let each = |row: DealtTweet, result: Result<ChangeResult, String>| match result {
        Ok(applied) => summary.count(applied.changed, |s| {
            s.tweets += 1;
            hashtags.add(&row.text);
        }),
        Err(reason) => {
            summary.problems.extend(input.tweets.map(|path| problem(path, row.line, reason)));
        }
    };
    apply_rows(store, Phase::Tweets, rows, change, each, on_progress).await?;
    summary.hashtags = hashtags.0.len();
    Ok(())
}

fn account(accounts: &Accounts, number: u64) -> model::Result<AccountId> {
    accounts.get(&number).copied().ok_or_else(|| Error::not_found(format!("person as {number}")))
}

fn person_problem(input: &GraphInput<'_>, number: u64, reason: impl Into<String>) -> Problem {
    let file = input.edges.file_name().unwrap_or(input.edges.as_os_str()).to_string_lossy();
    Problem::new(file, format!("person {number}"), reason)
}

fn origin(kind: &str, number: u64) -> Origin {
    Origin { source: "graph".to_owned(), key: format!("{kind}/{number}") }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use tempfile::TempDir;

    use super::*;
    use crate::import::fake_store::{FakeStore, FakeTweet};

    const NOW_MS: i64 = 1_700_000_000_000;

    struct Files {
        _dir: TempDir,
        edges: PathBuf,
        tweets: PathBuf,
    }

    fn files(edges: &str, tweets: impl AsRef<[u8]>) -> Files {
        let dir = tempfile::tempdir().unwrap();
        let (edges_path, tweets_path) = (dir.path().join("a.edges"), dir.path().join("tweets.txt"));
        fs::write(&edges_path, edges).unwrap();
        fs::write(&tweets_path, tweets).unwrap();
        Files { _dir: dir, edges: edges_path, tweets: tweets_path }
    }

    impl Files {
        fn input(&self, seed: u64) -> GraphInput<'_> {
            let password = PasswordHash { phc: "hash".into(), legacy: None };
            GraphInput {
                edges: &self.edges,
                tweets: Some(&self.tweets),
                password,
                now_ms: NOW_MS,
                seed,
                days: 7,
            }
        }

        async fn import_into(&self, store: &FakeStore) -> Summary {
            run(store, self.input(1), &mut |_| {}).await.unwrap()
        }
    }

    fn dealt(tweets: &[FakeTweet]) -> Vec<(u64, String, i64)> {
        tweets.iter().map(|t| (t.author, t.tweet.text.as_str().to_owned(), t.created_ms)).collect()
    }

    #[tokio::test]
    async fn every_tie_is_a_follow_both_ways() {
        let store = FakeStore::default();
        let files = files("# people\n3 1\n1 3\n\n2 1\r\n", "hello #World\nagain #world\n");
        let summary = files.import_into(&store).await;
        let expected = Summary { accounts: 3, follows: 4, tweets: 2, hashtags: 1, ..Summary::default() };
        assert_eq!(summary, expected);
        let accounts = store.all_accounts();
        let names: Vec<_> = accounts.iter().map(|a| (a.username.as_str(), a.display_name.as_str())).collect();
        assert_eq!(names, [("p1", "Tomas Lindqvist"), ("p2", "Yuki Tanaka"), ("p3", "Amara Moreau")]);
        let follows = [("p1", "p2"), ("p1", "p3"), ("p2", "p1"), ("p3", "p1")];
        assert_eq!(store.follows(), follows.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[tokio::test]
    async fn a_second_import_brings_nothing_twice() {
        let store = FakeStore::default();
        let files = files("1 2\n", "a\nb\n");
        files.import_into(&store).await;
        let again = files.import_into(&store).await;
        assert_eq!(again, Summary { already_there: 6, ..Summary::default() });
        assert_eq!(store.all_tweets().len(), 2);
    }

    #[tokio::test]
    async fn the_same_seed_deals_the_same_network_and_another_seed_another() {
        let lines = (0..50).map(|n| format!("tweet {n}\n")).collect::<String>();
        let files = files("1 2\n2 3\n3 4\n", lines);
        let mut networks = Vec::new();
        for seed in [7, 7, 8] {
            let store = FakeStore::default();
            run(&store, files.input(seed), &mut |_| {}).await.unwrap();
            networks.push(dealt(&store.all_tweets()));
        }
        assert_eq!(networks[0], networks[1]);
        assert_ne!(networks[0], networks[2]);
    }

    #[tokio::test]
    async fn who_has_more_ties_writes_more_and_all_within_the_last_days() {
        let lines = (0..1_000).map(|n| format!("tweet {n}\n")).collect::<String>();
        // The first has nine relationships, each other one.
        let edges = (2..=10).map(|n| format!("1 {n}\n")).collect::<String>();
        let store = FakeStore::default();
        files(&edges, lines).import_into(&store).await;
        let tweets = store.all_tweets();
        let of_first = tweets.iter().filter(|t| store.name_of(t.author) == "p1").count();
        assert!((400..600).contains(&of_first), "half of 1,000, but {of_first}");
        assert!(tweets.is_sorted_by_key(|t| t.created_ms), "oldest first");
        let (first, last) = (tweets[0].created_ms, tweets[999].created_ms);
        assert!(first > NOW_MS - 7 * 86_400_000 && last <= NOW_MS);
        assert!(last - first > 6 * 86_400_000);
        assert!(store.all_accounts().iter().all(|a| a.created_ms < first));
    }

    #[tokio::test]
    async fn broken_lines_are_named_and_the_rest_goes_on() {
        let mut tweets = format!("fine\r\n{}\r\na\u{1b}b\r\n\r\n", "x".repeat(501)).into_bytes();
        tweets.extend(b"\xFF\nwell\n");
        let store = FakeStore::default();
        let summary = files("1 2\n1\n1 2 3\na b\n-1 2\n4 4\n2 3\n", tweets).import_into(&store).await;
        let problems: Vec<_> = summary.problems.iter().map(ToString::to_string).collect();
        let expected = [
            "a.edges, line 2: is not two numbers, as in \"17 4\"",
            "a.edges, line 3: is not two numbers, as in \"17 4\"",
            "a.edges, line 4: is not two numbers, as in \"17 4\"",
            "a.edges, line 5: is not two numbers, as in \"17 4\"",
            "a.edges, line 6: is a tie of someone to themselves",
            "tweets.txt, line 2: text is 1 character too long (at most 500)",
            "tweets.txt, line 3: text has the control character U+001B",
            "tweets.txt, line 5: is not UTF-8",
        ];
        assert_eq!(problems, expected);
        assert_eq!((summary.accounts, summary.tweets), (3, 2));
    }

    #[tokio::test]
    async fn texts_without_people_are_a_problem() {
        let summary = files("# nobody\n", "a\nb\n").import_into(&FakeStore::default()).await;
        let problems: Vec<_> = summary.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["tweets.txt, line 1: there is nobody to write this and what follows"]);
    }

    #[test]
    fn entities_are_undone_once() {
        let cases = [
            ("a &amp; b", "a & b"),
            ("&lt;3 &gt;_&lt; &quot;x&quot; it&#39;s", "<3 >_< \"x\" it's"),
            ("&amp;lt;", "&lt;"),
            ("& && &nbsp; &", "& && &nbsp; &"),
            ("日本&amp;", "日本&"),
        ];
        for (text, expected) in cases {
            assert_eq!(unescape(text), expected);
        }
    }
}
