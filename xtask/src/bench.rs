//! `cargo xtask bench`: builds the benchmark and the server that it measures, and runs it.

use std::process::Command;

use crate::builds;
use crate::process::{Outcome, run, target_directory};

/// Runs the benchmark with these arguments.
pub(crate) fn bench(args: &[&str]) -> Outcome {
    builds::release(&["mini-tweet-bench"])?;
    run(Command::new(target_directory().join("release/mini-tweet-bench")).args(args))
}
