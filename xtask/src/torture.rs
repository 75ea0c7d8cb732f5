//! `cargo xtask torture`: builds the torture program and the servers that it tests, and runs it.

use std::process::Command;

use crate::process::{Outcome, run, target_directory};
use crate::{builds, tools};

/// Scenarios that have the same result on a slow or busy machine. Not here: slow, overload, backup and soak, which
/// measure; and the simulation, which the tests of the server run.
const CI_SCENARIOS: [&str; 14] = [
    "power", "crash", "frames", "disk", "clock", "names", "erase", "restart", "migrate", "abuse", "terminal",
    "tls", "auth", "cluster",
];

/// Runs the torture program with these arguments.
pub(crate) fn torture(args: &[&str]) -> Outcome {
    tools::install()?;
    let server = builds::release(&["mini-tweet-torture"])?;
    let faults = builds::with_faults()?;
    let mut torture = Command::new(target_directory().join("release/mini-tweet-torture"));
    run(torture.args(args).arg("--server").arg(server).arg("--faults").arg(faults))
}

/// Runs the scenarios of CI in their short form.
pub(crate) fn ci_scenarios() -> Outcome {
    torture(&CI_SCENARIOS.iter().flat_map(|name| ["--scenario", name]).collect::<Vec<_>>())
}
