//! Tests a real server from outside: a separate process with a fresh data directory on the loopback interface. Each
//! scenario tries to break some promises and, in the same run, checks that it detects a server that breaks them.
//!
//! Run it with `cargo xtask torture`, which builds what it needs. The promises and results are in docs/reliability.md.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a tool for developers: a wrong index may stop it, and figures are rounded"
)]

mod chaos;
mod connection;
mod context;
mod error;
mod finding;
mod latency;
mod listener;
mod load;
mod lossy;
mod random;
mod report;
mod scenarios;
mod server;
mod user;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, ValueEnum as _};

use context::{Context, Scale};
use error::Error;
use report::Report;
use scenarios::Scenario;

/// Tests a Mini-Tweet server from outside and reports which promises it kept.
#[derive(Debug, Parser)]
struct Cli {
    /// Run only this scenario; may be given several times.
    #[arg(long = "scenario", value_name = "NAME")]
    scenarios: Vec<Scenario>,
    /// Run the short form: a few minutes for all scenarios. This is the default.
    #[arg(long)]
    short: bool,
    /// Try everything as often as docs/reliability.md states.
    #[arg(long, conflicts_with = "short")]
    long: bool,
    /// Seed of all random decisions.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Server to test [default: `mini-tweet` in the directory of this program].
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Server built with the feature `faults` [default: `mini-tweet-faults` in the directory of this program].
    #[arg(long, value_name = "PATH")]
    faults: Option<PathBuf>,
}

fn main() -> Result<ExitCode, Error> {
    let cli = Cli::parse();
    let this_program = std::env::current_exe()?;
    let context = Context {
        program: cli.server.unwrap_or_else(|| this_program.with_file_name("mini-tweet")),
        faults: cli.faults.unwrap_or_else(|| this_program.with_file_name("mini-tweet-faults")),
        scale: if cli.long { Scale::Long } else { Scale::Short },
        seed: cli.seed,
    };
    let scenarios =
        if cli.scenarios.is_empty() { Scenario::value_variants().to_vec() } else { cli.scenarios };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(async {
        tokio::select! {
            report = run(&context, &scenarios) => Ok(report),
            // Dropping the scenario unmounts its file systems and kills its processes.
            _ = tokio::signal::ctrl_c() => Err("interrupted"),
        }
    })?;
    runtime.shutdown_background();
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn run(context: &Context, scenarios: &[Scenario]) -> Report {
    let mut report = Report::default();
    for scenario in scenarios {
        // A scenario that cannot run does not stop the others.
        match scenario.run(context).await {
            Ok(findings) => report.add(&scenario.name(), context, findings),
            Err(error) => report.add_error(&scenario.name(), context, &error),
        }
    }
    report.print_summary();
    report
}
