//! Tortures the real server: a separate process with a fresh data directory on the loopback, in scenarios that each try to
//! break some promises, and say with the same run whether they would notice if one were broken.
//!
//! `cargo xtask torture` builds what is needed and runs it; docs/reliability.md has the promises and the figures.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a tool for developers: a wrong index may stop it, and figures are rounded"
)]

mod chaos;
mod latency;
mod listener;
mod load;
mod lossy;
mod person;
mod random;
mod report;
mod scenario;
mod server;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum as _};

use report::Report;
use scenario::{Scale, Scenario, Setup};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Tortures a Mini-Tweet server and says which promises it kept.
#[derive(Debug, Parser)]
struct Cli {
    /// Run only this scenario; may be given several times.
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<Scenario>,
    /// As in every change: a few minutes for all scenarios. This is the default.
    #[arg(long)]
    short: bool,
    /// As often as the promises say.
    #[arg(long, conflicts_with = "short")]
    long: bool,
    /// What chance decides, the same again.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The server's program; the one beside this program when it is not given.
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// The same with faults that can be switched on; `mini-tweet-faults` beside this program when it is not given.
    #[arg(long, value_name = "PATH")]
    faults: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Error> {
    let cli = Cli::parse();
    let beside = std::env::current_exe()?;
    let setup = Setup {
        program: cli.server.unwrap_or_else(|| beside.with_file_name("mini-tweet")),
        faults: cli.faults.unwrap_or_else(|| beside.with_file_name("mini-tweet-faults")),
        scale: if cli.long { Scale::Long } else { Scale::Short },
        seed: cli.seed,
    };
    let scenarios =
        if cli.scenarios.is_empty() { Scenario::value_variants().to_vec() } else { cli.scenarios };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = run(&setup, &scenarios) => Ok(report),
            // What was mounted or started goes with the scenario.
            _ = tokio::signal::ctrl_c() => Err("interrupted"),
        }
    })?;
    runtime.shutdown_background();
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(setup: &Setup, scenarios: &[Scenario]) -> Report {
    let mut report = Report::default();
    for scenario in scenarios {
        // One scenario that cannot run does not keep the others from it.
        match scenario.run(setup).await {
            Ok(lines) => report.add(*scenario, setup, lines),
            Err(error) => report.add_failure(*scenario, setup, &error),
        }
    }
    report.print_summary();
    report
}
