//! The deterministic simulation: server and clients in one thread on a simulated network, disk and clock (P17). It is a
//! test of the server crate, because it is not part of a release; this scenario runs it with many seeds.

use std::process::Command;

use crate::context::{Context, Scale};
use crate::error::Error;
use crate::finding::{Control, Finding};

const TESTS: [&str; 2] = [
    "simulation::no_tweet_is_lost_doubled_or_out_of_order_and_clients_recover_soon_after_the_faults",
    "simulation::a_store_that_acknowledges_before_it_syncs_is_detected",
];

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let seeds = context.times(200, 10_000);
    let [promise, control] = TESTS;
    let (passed, output) = test(promise, context, seeds)?;
    let (detected, _) = test(control, context, 20)?;
    let figures =
        output.lines().find(|line| line.contains(" seeds: ")).unwrap_or("no figures printed").to_owned();
    // The failed seed and everything after it.
    let broken = output.lines().skip_while(|line| !line.contains("SIMULATION_SEED=")).map(str::to_owned);
    let broken = if passed {
        Vec::new()
    } else {
        std::iter::once("the test failed".to_owned()).chain(broken).collect()
    };
    Ok(vec![Finding {
        promise: 17,
        tried: format!("{seeds} seeds with crashes, partitions, delays and clock steps"),
        figures,
        broken,
        control: Control::of(detected, "a store that acknowledges before it syncs"),
    }])
}

/// Runs a test of the server crate; whether it passed, and its output.
fn test(name: &str, context: &Context, seeds: usize) -> Result<(bool, String), Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // For few seeds, a release build would take longer than it saves.
    let profile = if context.scale == Scale::Long { "release" } else { "dev" };
    let out = Command::new(cargo)
        .args(["test", "--profile", profile, "--locked", "--package", "mini-tweet-server", "--lib", name])
        .args(["--", "--exact", "--nocapture"])
        .env("SIMULATION_SEED", context.seed.to_string())
        .env("SIMULATION_SEEDS", seeds.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()?;
    let output = [out.stdout, out.stderr].concat();
    let output = String::from_utf8_lossy(&output).into_owned();
    // Cargo also succeeds if no test has this name.
    Ok((out.status.success() && output.contains("1 passed"), output))
}
