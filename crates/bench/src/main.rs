//! Measures the real server: a separate process with a fresh data directory, driven over real sockets with the
//! project's protocol, beside yardsticks that are measured in turn with it, so that results are ratios.
//!
//! `cargo xtask bench` runs everything; docs/performance.md says what the figures mean.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a tool for developers: a wrong index may stop it, and figures are rounded"
)]

mod drive;
mod echo;
mod link;
mod mix;
mod network;
mod plot;
mod prepare;
mod process;
mod push;
mod raw;
mod redis;
mod report;
mod scenario;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};

use network::Network;
use scenario::{Bench, Findings, guard, live, mix as mixed, open, posts, reads, size};

pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;

/// Measures a Mini-Tweet server beside its yardsticks.
#[derive(Debug, Parser)]
struct Cli {
    #[command(subcommand)]
    part: Option<Part>,
    #[command(flatten)]
    options: Options,
}

#[derive(Debug, Subcommand)]
enum Part {
    /// Answer each request with so many bytes: the yardstick for reads.
    #[command(hide = true)]
    Echo {
        #[arg(long)]
        bytes: usize,
        #[arg(long)]
        tls: bool,
    },
    /// Write so many bytes to everybody who has subscribed when somebody posts: the yardstick for what is pushed.
    #[command(hide = true)]
    Push {
        #[arg(long)]
        bytes: usize,
    },
}

#[derive(Debug, Args)]
struct Options {
    /// What to measure; everything but `guard` when nothing is named.
    scenarios: Vec<Scenario>,
    /// The server's program; the one beside this program when it is not given.
    #[arg(long, value_name = "PATH")]
    server: Option<PathBuf>,
    /// Mutual ties of people, one pair of numbers a line; else a network is made.
    #[arg(long, value_name = "FILE")]
    edges: Option<PathBuf>,
    /// Texts of tweets, one a line; else they are made.
    #[arg(long, value_name = "FILE")]
    tweets: Option<PathBuf>,
    /// How long each figure is measured.
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// Accounts of the largest network of `size`.
    #[arg(long, default_value_t = 100_000)]
    accounts: usize,
    /// Tweets of the largest network of `size`.
    #[arg(long, default_value_t = 1_000_000)]
    most_tweets: usize,
    /// Where to write the figures as JSON.
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to draw plots.
    #[arg(long, value_name = "DIRECTORY")]
    plots: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Scenario {
    /// Home timelines beside echo and Redis.
    Reads,
    /// Posts beside SQLite alone and Redis; follows; posts beside a flood of log-ins.
    Posts,
    /// The Retwis mix beside Redis.
    Mix,
    /// Latency against load.
    Open,
    /// Fan-out to those who are there, offline followers, idle connections.
    Live,
    /// Networks of growing size.
    Size,
    /// A short check against becoming twice as slow; not part of everything.
    Guard,
}

const EVERYTHING: [Scenario; 6] =
    [Scenario::Reads, Scenario::Posts, Scenario::Mix, Scenario::Open, Scenario::Live, Scenario::Size];

fn main() -> Result<(), Error> {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match cli.part {
        Some(Part::Echo { bytes, tls }) => runtime.block_on(echo::serve(bytes, tls)),
        Some(Part::Push { bytes }) => runtime.block_on(push::serve(bytes)),
        None => runtime.block_on(measure(cli.options)),
    }
}

async fn measure(options: Options) -> Result<(), Error> {
    let beside = std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join("mini-tweet")));
    let bench = Bench {
        program: options.server.or(beside).unwrap_or_else(|| "mini-tweet".into()),
        network: Arc::new(Network::load(options.edges.as_deref(), options.tweets.as_deref())?),
        tweets: 4_200,
        length: Duration::from_secs_f64(options.seconds),
        largest: (options.accounts, options.most_tweets),
    };
    let named = if options.scenarios.is_empty() { EVERYTHING.to_vec() } else { options.scenarios };
    let mut findings = Findings::default();
    for scenario in named {
        eprintln!("{scenario:?}");
        let found = match scenario {
            Scenario::Reads => reads::run(&bench).await?,
            Scenario::Posts => posts::run(&bench).await?,
            Scenario::Mix => mixed::run(&bench).await?,
            Scenario::Open => open::run(&bench).await?,
            Scenario::Live => live::run(&bench).await?,
            Scenario::Size => size::run(&bench).await?,
            Scenario::Guard => guard::run(&bench).await?,
        };
        eprint!("{}", report::table(&found.rows));
        findings.rows.extend(found.rows);
        findings.lines.extend(found.lines);
        if scenario == Scenario::Guard {
            guard::judge(&findings.rows)?;
        }
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
        for (name, svg) in plot::plots(&findings.lines) {
            std::fs::write(directory.join(name), svg)?;
        }
    }
    Ok(())
}
