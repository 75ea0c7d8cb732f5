//! Runs every fuzz target on its saved corpus and on random changes of it.

#![allow(clippy::unwrap_used, reason = "tests stop at the first problem")]

use std::path::{Path, PathBuf};

use mini_tweet_fuzz_targets::{TARGETS, Target};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

/// The corpus of a target, in order of the file names.
fn corpus(target: &Target) -> Vec<Vec<u8>> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target.name);
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "{} has no corpus", target.name);
    files.iter().map(|file| std::fs::read(file).unwrap()).collect()
}

#[test]
fn every_target_passes_on_its_corpus() {
    for target in TARGETS {
        for data in corpus(target) {
            (target.run)(&data);
        }
    }
}

#[test]
fn every_target_passes_on_changes_of_its_corpus() {
    for target in TARGETS {
        let seeds = corpus(target);
        let cases = if target.is_quick { 2_000 } else { 150 };
        let changed = (
            prop::sample::select(seeds),
            prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
            prop::collection::vec(any::<u8>(), 0..40),
        );
        let changed = changed.prop_map(|(mut data, changes, more)| {
            for (at, byte) in changes {
                if !data.is_empty() {
                    let at = at.index(data.len());
                    data[at] = byte;
                }
            }
            data.extend(more);
            data
        });
        let mut runner = TestRunner::new(Config { failure_persistence: None, cases, ..Config::default() });
        let outcome = runner.run(&changed, |data| {
            (target.run)(&data);
            Ok(())
        });
        if let Err(failure) = outcome {
            panic!("{}: {failure}", target.name);
        }
    }
}

/// The negative control: the runner finds an invariant that does not hold.
#[test]
fn a_violated_invariant_is_found() {
    let broken = |data: &[u8]| assert!(!data.contains(&0x1b), "an escape got through");
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&prop::collection::vec(any::<u8>(), 0..40), |data| {
        broken(&data);
        Ok(())
    });
    assert!(outcome.is_err());
}
