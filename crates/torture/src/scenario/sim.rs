//! Server and clients in one thread, on a network, a disk and clocks that a seed decides (P17). It is a test of the
//! server's crate, because nothing of it is in a release; here it is run as often as the promise says.

use std::process::Command;

use super::{Scale, Setup};
use crate::Error;
use crate::report::{Control, Line};

const TESTS: [&str; 2] = [
    "simulation::no_tweet_is_lost_doubled_or_out_of_order_and_clients_recover_soon_after_the_faults",
    "simulation::a_store_that_acknowledges_before_it_syncs_is_detected",
];

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let seeds = setup.times(200, 10_000);
    let [promise, control] = TESTS;
    let (kept, said) = test(promise, setup, seeds)?;
    let (caught, _) = test(control, setup, 20)?;
    let figures = said.lines().find(|line| line.contains(" seeds: ")).unwrap_or("no figures").to_owned();
    // From the seed on, and what happened with it.
    let broken = said.lines().skip_while(|line| !line.contains("SIMULATION_SEED=")).map(str::to_owned);
    let broken =
        if kept { Vec::new() } else { std::iter::once("it failed".to_owned()).chain(broken).collect() };
    Ok(vec![Line {
        promise: 17,
        tried: format!("{seeds} seeds of crashes, partitions, delays and steps of the clock"),
        figures,
        broken,
        control: Control::of(caught, "a store that acknowledges before it keeps"),
    }])
}

/// Whether a test passes, and what it writes.
fn test(name: &str, setup: &Setup, seeds: usize) -> Result<(bool, String), Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // A build for release takes longer than a few seeds without one.
    let profile = if setup.scale == Scale::Long { "release" } else { "dev" };
    let out = Command::new(cargo)
        .args(["test", "--profile", profile, "--locked", "--package", "mini-tweet-server", "--lib", name])
        .args(["--", "--exact", "--nocapture"])
        .env("SIMULATION_SEED", setup.seed.to_string())
        .env("SIMULATION_SEEDS", seeds.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()?;
    let said = [out.stdout, out.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    // A name that is no test passes as well.
    Ok((out.status.success() && said.contains("1 passed"), said))
}
