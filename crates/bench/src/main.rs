//! Measures the real server: a separate process with a fresh data directory, driven over real sockets with the
//! project's protocol. Prints a table; `--json` prints one object per figure.
//!
//! `cargo run --release -p mini-tweet-bench -- [--server PATH] [--edges FILE] [--tweets FILE] [--seconds N]`

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::indexing_slicing,
    reason = "a tool for developers: a wrong index may stop it, and figures are rounded"
)]

mod data;
mod load;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use data::Data;
use load::{Figure, Load};
use server::Server;

/// What was asked for on the command line.
struct Options {
    server: PathBuf,
    edges: Option<PathBuf>,
    tweets: Option<PathBuf>,
    seconds: u64,
    json: bool,
}

impl Options {
    fn parse() -> Result<Self, String> {
        let beside = std::env::current_exe().ok().and_then(|p| Some(p.parent()?.join("mini-tweet")));
        let mut options = Self {
            server: beside.unwrap_or_else(|| "mini-tweet".into()),
            edges: None,
            tweets: None,
            seconds: 10,
            json: false,
        };
        let mut args = std::env::args().skip(1);
        while let Some(arg) = args.next() {
            let mut value = || args.next().ok_or(format!("{arg} wants a value"));
            match arg.as_str() {
                "--server" => options.server = value()?.into(),
                "--edges" => options.edges = Some(value()?.into()),
                "--tweets" => options.tweets = Some(value()?.into()),
                "--seconds" => options.seconds = value()?.parse().map_err(|e| format!("--seconds: {e}"))?,
                "--json" => options.json = true,
                _ => return Err(format!("unknown option {arg}")),
            }
        }
        Ok(options)
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Error> {
    let options = Options::parse()?;
    let length = Duration::from_secs(options.seconds);
    let server = Server::start(&options.server).await?;
    let data = Data::load(options.edges.as_deref(), options.tweets.as_deref())?;
    eprintln!("loading {} people and {} follows", data.people, data.follows.len());
    let mut load = Load::prepare(&server, &data).await?;

    let mut figures = Vec::new();
    for connections in [1, 64] {
        eprintln!("feeds of 20, {connections} connections, {} s", options.seconds);
        figures.push(load.feeds(connections, length).await?);
        eprintln!("posts, {connections} connections, {} s", options.seconds);
        figures.push(load.posts(connections, length).await?);
    }
    drop(load);
    server.stop().await?;
    let server = Server::start(&options.server).await?;
    figures.push(load::idle_memory(&server, 1_000).await?);

    if options.json {
        for figure in &figures {
            println!("{}", figure.json());
        }
    } else {
        println!("| what | per second | p50 ms | p99 ms |\n|---|---|---|---|");
        for figure in &figures {
            println!("{}", figure.row());
        }
    }
    server.stop().await?;
    Ok(())
}

/// A figure without a rate, such as an amount of memory.
fn amount(name: String, value: f64, unit: &'static str) -> Figure {
    Figure::Amount { name, value, unit }
}
