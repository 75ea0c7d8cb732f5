//! The move of a large network to PostgreSQL and back, each with its comparison, and the check of what came back.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Instant;

use store::test_support::postgres::Postgres;

use crate::context::{Context, Findings};
use crate::error::Error;
use crate::network::Network;
use crate::postgres::move_network;
use crate::prepare::prepare;
use crate::process::private_directory;
use crate::report::{Row, Target};

const NAME: &str = "move";

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let (accounts, tweets) = context.largest;
    let network = Arc::new(Network { texts: context.network.texts.clone(), ..Network::synthetic(accounts) });
    let (data, back) = (private_directory()?, private_directory()?);
    let follows = network.follows.len();
    eprintln!("  generating {accounts} accounts with {follows} follows and {tweets} tweets");
    prepare(data.path(), &network, tweets, accounts).await?;
    let postgres = Postgres::start();
    let url = postgres.empty();
    let back = back.path().join("data");
    let (data, back) = (data.path().to_string_lossy(), back.to_string_lossy());
    let mut rows = Vec::new();
    let of = format!("{accounts} accounts, {follows} follows, {tweets} tweets");
    for (label, from, to) in [("to PostgreSQL", &*data, &*url), ("back", &*url, &*back)] {
        let began = Instant::now();
        move_network(&context.program, from, to)?;
        let seconds = began.elapsed().as_secs_f64();
        let row = Row::new(NAME, format!("move {label}, {of}"), seconds, "s");
        rows.push(row.target(Target::AtMost(180.0)));
    }
    let began = Instant::now();
    let mut check = Command::new(&context.program);
    let checked = check.args(["check", "--data", &back]).stdout(Stdio::null()).status()?;
    if !checked.success() {
        return Err("the check of what was moved back failed".into());
    }
    rows.push(Row::new(NAME, format!("check, {of}"), began.elapsed().as_secs_f64(), "s"));
    Ok(Findings { rows, series: Vec::new() })
}
