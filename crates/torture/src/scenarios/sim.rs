//! The deterministic simulations: a server and its clients (P17), and several servers with theirs (P25), in one thread on a
//! simulated network, disk and clock. They are tests of the server crate, because they are not part of a release; this
//! scenario runs them with many seeds.

use std::process::Command;

use crate::context::{Context, Scale};
use crate::error::Error;
use crate::finding::{Control, Finding};

/// Seeds within which a bug has to be detected.
const CONTROL_SEEDS: usize = 40;

/// A simulation, as tests of the module `simulation`.
struct Simulation {
    promise: u8,
    tried: &'static str,
    test: &'static str,
    /// Tests that succeed if the simulation detects a bug, each with the bug.
    controls: &'static [(&'static str, &'static str)],
    /// Seeds of the short form.
    seeds: usize,
}

const SIMULATIONS: [Simulation; 2] = [
    Simulation {
        promise: 17,
        tried: "crashes, partitions, delays and clock steps",
        test: "no_tweet_is_lost_doubled_or_out_of_order_and_clients_recover_soon_after_the_faults",
        controls: &[(
            "a_store_that_acknowledges_before_it_syncs_is_detected",
            "a store that acknowledges before it syncs",
        )],
        seeds: 200,
    },
    Simulation {
        promise: 25,
        tried: "three servers that crash, lose their copies and are cut off from their database, from each other and from \
                clients, which move between them",
        test: "cluster::clients_see_all_that_they_have_seen_at_every_server_and_all_copies_are_equal",
        controls: &[
            (
                "cluster::a_server_that_signs_people_in_before_it_has_what_others_acknowledged_is_detected",
                "no wait for what others acknowledged",
            ),
            ("cluster::servers_that_ignore_idempotency_keys_are_detected", "no idempotency keys"),
            (
                "cluster::servers_that_acknowledge_before_they_append_are_detected",
                "acknowledgement before the log has it",
            ),
            (
                "cluster::a_server_that_answers_however_long_it_is_cut_off_is_detected",
                "answers however long it is cut off",
            ),
            ("cluster::servers_that_rely_on_the_bus_are_detected", "no look at the log without a message"),
        ],
        seeds: 100,
    },
];

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    SIMULATIONS.iter().map(|simulation| simulation.run(context)).collect()
}

impl Simulation {
    fn run(&self, context: &Context) -> Result<Finding, Error> {
        let seeds = context.times(self.seeds, 10_000);
        let (passed, output) = test(self.test, context, seeds)?;
        let mut missed = Vec::new();
        for (control, bug) in self.controls {
            if !test(control, context, CONTROL_SEEDS)?.0 {
                missed.push(*bug);
            }
        }
        let control = if missed.is_empty() {
            let bugs: Vec<_> = self.controls.iter().map(|(_, bug)| *bug).collect();
            Control::Detected(bugs.join("; "))
        } else {
            Control::Missed(missed.join("; "))
        };
        let figures =
            output.lines().find(|line| line.contains(" seeds: ")).unwrap_or("no figures printed").to_owned();
        // The failed seed and everything after it.
        let broken = output.lines().skip_while(|line| !line.contains("SIMULATION_SEED=")).map(str::to_owned);
        let broken = if passed {
            Vec::new()
        } else {
            std::iter::once("the test failed".to_owned()).chain(broken).collect()
        };
        let tried = format!("{seeds} seeds: {}", self.tried);
        Ok(Finding { promise: self.promise, tried, figures, broken, control })
    }
}

/// Runs a test of the server crate; whether it passed, and its output.
fn test(name: &str, context: &Context, seeds: usize) -> Result<(bool, String), Error> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    // For few seeds, a release build would take longer than it saves.
    let profile = if context.scale == Scale::Long { "release" } else { "dev" };
    let out = Command::new(cargo)
        .args(["test", "--profile", profile, "--locked", "--package", "mini-tweet-server", "--lib"])
        .args([&format!("simulation::{name}"), "--", "--exact", "--nocapture"])
        .env("SIMULATION_SEED", context.seed.to_string())
        .env("SIMULATION_SEEDS", seeds.to_string())
        .env("RUST_BACKTRACE", "0")
        .output()?;
    let output = [out.stdout, out.stderr].concat();
    let output = String::from_utf8_lossy(&output).into_owned();
    // Cargo also succeeds if no test has this name.
    Ok((out.status.success() && output.contains("1 passed"), output))
}
