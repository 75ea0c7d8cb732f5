//! Imports a synthetic network for tests and benchmarks, made from a social graph and a file of texts.
//!
//! The same files and seed give the same network. Usernames come from the numbers in the graph, accounts with more
//! followers post more, and all tweets are from the last days.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use model::{AccountId, DisplayName, Error, NewTweet, TweetText, Username, Visibility};
use unicode_normalization::UnicodeNormalization;

use super::{Apply, HashtagCount, ImportError, OnProgress, Phase, Problem, Summary, apply_rows, read_file};
use store::{Change, ChangeResult, Origin, PasswordHash};

const DAY_MS: u64 = 86_400_000;

/// What a network is made from.
pub struct GraphInput<'a> {
    /// File with one edge per line: the numbers of two accounts that follow each other. Empty lines and lines that begin
    /// with `#` are skipped.
    pub edges: &'a Path,
    /// File with one tweet per line. HTML entities are decoded.
    pub tweets: Option<&'a Path>,
    /// Password of every account.
    pub password: PasswordHash,
    /// Unix milliseconds. No tweet is later.
    pub now_ms: i64,
    /// Seed for the authors and times of the tweets.
    pub seed: u64,
    /// Days before `now_ms` over which the tweets are spread.
    pub days: u32,
}

/// Imports the network: accounts, follows, then tweets, oldest first. Rows of an earlier import of the same numbers and
/// lines are only counted.
///
/// # Errors
/// If a file cannot be read, or if the store fails; a second import continues from there.
pub async fn run(
    apply: Apply<'_>,
    input: GraphInput<'_>,
    on_progress: OnProgress<'_>,
) -> Result<Summary, ImportError> {
    let mut summary = Summary::default();
    let graph = read_graph(input.edges, &mut summary.problems)?;
    let lines = match input.tweets {
        Some(path) => read_tweets(path, &mut summary.problems)?,
        None => Vec::new(),
    };
    let accounts = import_accounts(apply, &input, &graph, &mut summary, on_progress).await?;
    import_follows(apply, &input, &accounts, &graph, &mut summary, on_progress).await?;
    let tweets = assign(lines, &graph, &input, &mut summary.problems);
    import_tweets(apply, &input, &accounts, tweets, &mut summary, on_progress).await?;
    Ok(summary)
}

/// A social graph.
struct Graph {
    /// Each edge once, with the smaller number first.
    edges: BTreeSet<(u64, u64)>,
    /// Number of edges of each account.
    degrees: BTreeMap<u64, u64>,
}

fn read_graph(path: &Path, problems: &mut Vec<Problem>) -> Result<Graph, ImportError> {
    let bytes = read_file(path)?;
    let mut edges = BTreeSet::new();
    for (line, bytes) in lines(&bytes) {
        match parse_edge(bytes) {
            Ok(Some((a, b))) => {
                edges.insert((a.min(b), a.max(b)));
            }
            Ok(None) => {}
            Err(reason) => problems.push(problem(path, line, reason)),
        }
    }
    let mut degrees = BTreeMap::new();
    for &(a, b) in &edges {
        *degrees.entry(a).or_default() += 1;
        *degrees.entry(b).or_default() += 1;
    }
    Ok(Graph { edges, degrees })
}

fn parse_edge(line: &[u8]) -> Result<Option<(u64, u64)>, &'static str> {
    const EXPECTED: &str = "expected two numbers, as in \"17 4\"";
    let line = std::str::from_utf8(line).map_err(|_| EXPECTED)?.trim();
    if line.is_empty() || line.starts_with('#') {
        return Ok(None);
    }
    let mut numbers = line.split_whitespace().map(str::parse::<u64>);
    let (Some(Ok(a)), Some(Ok(b)), None) = (numbers.next(), numbers.next(), numbers.next()) else {
        return Err(EXPECTED);
    };
    if a == b { Err("an account cannot follow itself") } else { Ok(Some((a, b))) }
}

fn read_tweets(path: &Path, problems: &mut Vec<Problem>) -> Result<Vec<(u64, TweetText)>, ImportError> {
    let bytes = read_file(path)?;
    let mut tweets = Vec::new();
    for (line, bytes) in lines(&bytes) {
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        let text =
            std::str::from_utf8(bytes).map_err(|_| "the text is not UTF-8".to_owned()).and_then(|text| {
                TweetText::parse(&unescape(text).nfc().collect::<String>()).map_err(|e| e.to_string())
            });
        match text {
            Ok(text) => tweets.push((line, text)),
            Err(reason) => problems.push(problem(path, line, reason)),
        }
    }
    Ok(tweets)
}

/// Lines without line ends, with their numbers from 1.
fn lines(bytes: &[u8]) -> impl Iterator<Item = (u64, &[u8])> {
    (1..).zip(bytes.split(|&b| b == b'\n').map(|line| line.strip_suffix(b"\r").unwrap_or(line)))
}

fn problem(path: &Path, line: u64, reason: impl Into<String>) -> Problem {
    let file = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
    Problem::new(file, format!("line {line}"), reason)
}

/// Decodes the five entities that texts from the web commonly have, each once: `&amp;lt;` becomes `&lt;`.
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

/// A line of the file with its author and time.
struct AssignedTweet {
    line: u64,
    author: u64,
    text: TweetText,
    created_ms: i64,
}

/// Draws an author for each text, with a probability proportional to the number of followers, and a time. Oldest first.
fn assign(
    lines: Vec<(u64, TweetText)>,
    graph: &Graph,
    input: &GraphInput<'_>,
    problems: &mut Vec<Problem>,
) -> Vec<AssignedTweet> {
    let mut total = 0;
    // Authors with the sum of the degrees up to theirs.
    let authors: Vec<(u64, u64)> = graph
        .degrees
        .iter()
        .map(|(&number, &degree)| {
            total += degree;
            (total, number)
        })
        .collect();
    if authors.is_empty() {
        if let (Some(path), Some(&(line, _))) = (input.tweets, lines.first()) {
            problems.push(problem(path, line, "the graph has no accounts; no tweet is imported"));
        }
        return Vec::new();
    }
    let span_ms = (u64::from(input.days) * DAY_MS).max(1);
    let mut tweets: Vec<_> = lines
        .into_iter()
        .filter_map(|(line, text)| {
            // Seeded by line, so that an invalid line does not change the others.
            let mut rng = fastrand::Rng::with_seed(input.seed ^ line.wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let drawn = rng.u64(..total);
            let &(_, author) = authors.get(authors.partition_point(|&(up_to, _)| up_to <= drawn))?;
            let created_ms = input.now_ms.saturating_sub_unsigned(rng.u64(..span_ms)).max(1);
            Some(AssignedTweet { line, author, text, created_ms })
        })
        .collect();
    tweets.sort_by_key(|tweet| (tweet.created_ms, tweet.line));
    tweets
}

/// Account identifiers in the store by number in the graph.
type Accounts = HashMap<u64, AccountId>;

async fn import_accounts(
    apply: Apply<'_>,
    input: &GraphInput<'_>,
    graph: &Graph,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<Accounts, ImportError> {
    let mut accounts = Accounts::new();
    // Accounts are created before the first tweet, a millisecond apart in the order of their numbers.
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
        Ok(result) => {
            summary.count(result.changed, |s| s.accounts += 1);
            accounts.extend(AccountId::new(result.id).map(|id| (number, id)));
        }
        Err(reason) => summary.problems.push(account_problem(input, number, reason)),
    };
    apply_rows(apply, Phase::Accounts, rows, change, each, on_progress).await?;
    Ok(accounts)
}

async fn import_follows(
    apply: Apply<'_>,
    input: &GraphInput<'_>,
    accounts: &Accounts,
    graph: &Graph,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let rows: Vec<_> = graph.edges.iter().flat_map(|&(a, b)| [(a, b), (b, a)]).collect();
    let change = |&(follower, followee): &(u64, u64)| {
        let (follower, followee) = (account(accounts, follower)?, account(accounts, followee)?);
        Ok(Change::ImportFollow { follower, followee })
    };
    let each = |(follower, followee): (u64, u64), result: Result<ChangeResult, String>| match result {
        Ok(result) => summary.count(result.changed, |s| s.follows += 1),
        Err(reason) => {
            let reason = format!("cannot follow account {followee}: {reason}");
            summary.problems.push(account_problem(input, follower, reason));
        }
    };
    apply_rows(apply, Phase::Follows, rows, change, each, on_progress).await
}

async fn import_tweets(
    apply: Apply<'_>,
    input: &GraphInput<'_>,
    accounts: &Accounts,
    rows: Vec<AssignedTweet>,
    summary: &mut Summary,
    on_progress: OnProgress<'_>,
) -> Result<(), ImportError> {
    let mut hashtags = HashtagCount::default();
    let change = |row: &AssignedTweet| {
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
    let each = |row: AssignedTweet, result: Result<ChangeResult, String>| match result {
        Ok(result) => summary.count(result.changed, |s| {
            s.tweets += 1;
            hashtags.add(&row.text);
        }),
        Err(reason) => {
            summary.problems.extend(input.tweets.map(|path| problem(path, row.line, reason)));
        }
    };
    apply_rows(apply, Phase::Tweets, rows, change, each, on_progress).await?;
    summary.hashtags = hashtags.0.len();
    Ok(())
}

fn account(accounts: &Accounts, number: u64) -> model::Result<AccountId> {
    accounts.get(&number).copied().ok_or_else(|| Error::not_found(format!("account {number}")))
}

fn account_problem(input: &GraphInput<'_>, number: u64, reason: impl Into<String>) -> Problem {
    let file = input.edges.file_name().unwrap_or(input.edges.as_os_str()).to_string_lossy();
    Problem::new(file, format!("account {number}"), reason)
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
            run(&|change| store.apply(change), self.input(1), &mut |_| {}).await.unwrap()
        }
    }

    fn assigned(tweets: &[FakeTweet]) -> Vec<(u64, String, i64)> {
        tweets.iter().map(|t| (t.author, t.tweet.text.as_str().to_owned(), t.created_ms)).collect()
    }

    #[tokio::test]
    async fn every_edge_is_a_follow_in_both_directions() {
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
    async fn a_second_import_changes_nothing() {
        let store = FakeStore::default();
        let files = files("1 2\n", "a\nb\n");
        files.import_into(&store).await;
        let again = files.import_into(&store).await;
        assert_eq!(again, Summary { already_there: 6, ..Summary::default() });
        assert_eq!(store.all_tweets().len(), 2);
    }

    #[tokio::test]
    async fn the_same_seed_gives_the_same_network_and_another_seed_another() {
        let lines = (0..50).map(|n| format!("tweet {n}\n")).collect::<String>();
        let files = files("1 2\n2 3\n3 4\n", lines);
        let mut networks = Vec::new();
        for seed in [7, 7, 8] {
            let store = FakeStore::default();
            run(&|change| store.apply(change), files.input(seed), &mut |_| {}).await.unwrap();
            networks.push(assigned(&store.all_tweets()));
        }
        assert_eq!(networks[0], networks[1]);
        assert_ne!(networks[0], networks[2]);
    }

    #[tokio::test]
    async fn accounts_with_more_edges_post_more_and_all_within_the_last_days() {
        let lines = (0..1_000).map(|n| format!("tweet {n}\n")).collect::<String>();
        // The first account has nine edges, each other account one.
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
    async fn invalid_lines_are_reported_and_skipped() {
        let mut tweets = format!("fine\r\n{}\r\na\u{1b}b\r\n\r\n", "x".repeat(501)).into_bytes();
        tweets.extend(b"\xFF\nwell\n");
        let store = FakeStore::default();
        let summary = files("1 2\n1\n1 2 3\na b\n-1 2\n4 4\n2 3\n", tweets).import_into(&store).await;
        let problems: Vec<_> = summary.problems.iter().map(ToString::to_string).collect();
        let expected = [
            "a.edges, line 2: expected two numbers, as in \"17 4\"",
            "a.edges, line 3: expected two numbers, as in \"17 4\"",
            "a.edges, line 4: expected two numbers, as in \"17 4\"",
            "a.edges, line 5: expected two numbers, as in \"17 4\"",
            "a.edges, line 6: an account cannot follow itself",
            "tweets.txt, line 2: text is 1 character too long (at most 500)",
            "tweets.txt, line 3: text has the control character U+001B",
            "tweets.txt, line 5: the text is not UTF-8",
        ];
        assert_eq!(problems, expected);
        assert_eq!((summary.accounts, summary.tweets), (3, 2));
    }

    #[tokio::test]
    async fn texts_without_accounts_are_a_problem() {
        let summary = files("# a comment\n", "a\nb\n").import_into(&FakeStore::default()).await;
        let problems: Vec<_> = summary.problems.iter().map(ToString::to_string).collect();
        assert_eq!(problems, ["tweets.txt, line 1: the graph has no accounts; no tweet is imported"]);
    }

    #[test]
    fn entities_are_decoded_once() {
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
