//! Measures a real server: a separate process with a fresh data directory, driven over real sockets with the native
//! protocol. Baselines are measured alternately with it, so that results can be compared as ratios.
//!
//! Run it with `cargo xtask bench`. docs/performance.md explains the results.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a tool for developers: a wrong index may stop it, and figures are rounded"
)]

mod bare_write;
mod connection;
mod context;
mod drive;
mod echo;
mod error;
mod mix;
mod network;
mod plot;
mod postgres;
mod prepare;
mod process;
mod quota;
mod redis;
mod report;
mod scenarios;
mod sqlite_only;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

use context::{Context, Findings};
use error::Error;
use network::Network;
use scenarios::Scenario;

/// Measures a Mini-Tweet server and its baselines.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    baseline: Option<Baseline>,
    #[command(flatten)]
    options: Options,
}

/// Servers that this program starts as processes of their own.
#[derive(Debug, Subcommand)]
enum Baseline {
    /// Answer each request with this number of bytes: the baseline for reads.
    #[command(hide = true)]
    Echo {
        #[arg(long)]
        bytes: usize,
        #[arg(long)]
        tls: bool,
    },
    /// Write this number of bytes to all subscribers at each post: the baseline for deliveries.
    #[command(hide = true)]
    BareWrite {
        #[arg(long)]
        bytes: usize,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// Scenarios to measure [default: all except `guard`].
    scenarios: Vec<Scenario>,
    /// Server to measure [default: `mini-tweet` in the directory of this program].
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Mutual follows, one pair of account numbers per line [default: a synthetic network].
    #[arg(long, value_name = "FILE")]
    edges: Option<PathBuf>,
    /// Texts of tweets, one per line [default: synthetic texts].
    #[arg(long, value_name = "FILE")]
    tweets: Option<PathBuf>,
    /// Seconds for each measurement.
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// Accounts in the largest network of `size`.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    /// Tweets in the largest network of `size`.
    #[arg(long, default_value_t = 1_000_000)]
    most_tweets: usize,
    /// Write the measurements to this file as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Write plots to this directory.
    #[arg(long, value_name = "DIRECTORY")]
    plots: Option<PathBuf>,
}

fn main() -> Result<(), Error> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.baseline {
        Some(Baseline::Echo { bytes, tls }) => runtime.block_on(echo::serve(bytes, tls)),
        Some(Baseline::BareWrite { bytes }) => runtime.block_on(bare_write::serve(bytes)),
        None => runtime.block_on(measure(cli.options)),
    }
}

async fn measure(options: Options) -> Result<(), Error> {
    let sibling = std::env::current_exe().ok().map(|path| path.with_file_name("mini-tweet"));
    let context = Context {
        program: options.server.or(sibling).unwrap_or_else(|| "mini-tweet".into()),
        network: Arc::new(Network::load(options.edges.as_deref(), options.tweets.as_deref())?),
        tweets: 4_200,
        length: Duration::from_secs_f64(options.seconds),
        largest: (options.accounts, options.most_tweets),
    };
    let scenarios = if options.scenarios.is_empty() { Scenario::DEFAULT.to_vec() } else { options.scenarios };
    let mut findings = Findings::default();
    for scenario in scenarios {
        eprintln!("{scenario:?}");
        let found = scenario.run(&context).await?;
        eprint!("{}", report::table(&found.rows));
        findings.rows.extend(found.rows);
        findings.series.extend(found.series);
        scenario.judge(&findings.rows)?;
    }
    println!("{}", report::table(&findings.rows));
    write(options.json.as_deref(), options.plots.as_deref(), &findings)
}

fn write(json: Option<&Path>, plots: Option<&Path>, findings: &Findings) -> Result<(), Error> {
    if let Some(path) = json {
        std::fs::write(path, serde_json::to_string_pretty(&report::document(&findings.rows))? + "\n")?;
    }
    if let Some(directory) = plots {
        std::fs::create_dir_all(directory)?;
        for (name, svg) in plot::plots(&findings.series) {
            std::fs::write(directory.join(name), svg)?;
        }
    }
    Ok(())
}
