//! Imported files.

use jiff::tz::TimeZone;
use model::SafeText;
use server::import::{ImportError, Problem, Summary, graph, python};
use service::passwords::wrap_legacy;
use store::{PasswordHash, Store as _};
use tempfile::TempDir;

use crate::fuzz_server::{CHEAP, FuzzServer, directory, server};

/// A day in 2026.
const NOW_MS: i64 = 1_790_000_000_000;
/// Longer files find nothing new.
const BYTES_MAX: usize = 4_096;

/// Imports two files, separated by a NUL: those of the original program if the first byte is even, otherwise a graph and
/// texts. An invalid row never stops the import, and every reported problem can be shown on a terminal.
pub(crate) fn import(data: &[u8]) {
    let Some((&kind, files)) = data.split_first() else { return };
    let files = files.get(..files.len().min(BYTES_MAX)).unwrap_or_default();
    let (one, two) = split_at_nul(files);
    let directory = directory();
    let outcome = if kind & 1 == 0 { python(&directory, one, two) } else { graph(&directory, one, two) };
    match outcome {
        Ok(summary) => summary.problems.iter().for_each(check_displayable),
        Err(ImportError::Store(error)) => panic!("a row stopped the import: {error}"),
        Err(_) => {}
    }
}

fn check_displayable(problem: &Problem) {
    let text = SafeText::line(&problem.to_string());
    assert!(!text.as_str().is_empty());
}

fn python(directory: &TempDir, users: &[u8], tweets: &[u8]) -> Result<Summary, ImportError> {
    write(directory, python::ACCOUNTS_FILE, users);
    write(directory, python::TWEETS_FILE, tweets);
    let database = python::read(directory.path(), &TimeZone::UTC, NOW_MS)?;
    for tweet in &database.tweets {
        assert!(tweet.created_ms <= NOW_MS, "a tweet in the future");
        assert!(
            database.accounts.iter().any(|account| account.number == tweet.author),
            "a tweet without an author"
        );
    }
    assert!(database.follows.iter().all(|(follower, followee)| follower != followee));
    let wrap = |crypt: &str| wrap_legacy(crypt, CHEAP, &store::env::SystemRandom);
    let FuzzServer { runtime, store, .. } = server();
    runtime.block_on(python::run(&|change| store.apply(change, None), database, &wrap, &mut |_| {}))
}

fn graph(directory: &TempDir, edges: &[u8], texts: &[u8]) -> Result<Summary, ImportError> {
    write(directory, "edges", edges);
    write(directory, "texts", texts);
    let (edges, texts) = (directory.path().join("edges"), directory.path().join("texts"));
    let input = graph::GraphInput {
        edges: &edges,
        tweets: Some(&texts),
        password: PasswordHash { phc: "$argon2id$none".into(), legacy: None },
        now_ms: NOW_MS,
        seed: 1,
        days: 3,
    };
    let FuzzServer { runtime, store, .. } = server();
    runtime.block_on(graph::run(&|change| store.apply(change, None), input, &mut |_| {}))
}

fn write(directory: &TempDir, name: &str, bytes: &[u8]) {
    std::fs::write(directory.path().join(name), bytes).expect("a small file");
}

/// Splits the bytes at the first NUL.
fn split_at_nul(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|&byte| byte == 0) {
        Some(at) => (data.get(..at).unwrap_or_default(), data.get(at + 1..).unwrap_or_default()),
        None => (data, &[]),
    }
}
