//! What is measured. Each scenario starts what it needs afresh and gives its figures.

pub(crate) mod guard;
pub(crate) mod live;
pub(crate) mod mix;
pub(crate) mod open;
pub(crate) mod posts;
pub(crate) mod reads;
pub(crate) mod size;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::Error;
use crate::drive::{Outcome, Pace, drive};
use crate::link::Link;
use crate::mix::Mix;
use crate::network::Network;
use crate::plot::Line;
use crate::prepare::prepare;
use crate::process::{Server, private_directory};
use crate::report::Row;

/// Connections under load, where nothing else is said.
pub(crate) const CONNECTIONS: usize = 64;
/// What is compared is measured in turn, so many times: what else the machine does meets all of it alike.
const ROUNDS: u32 = 3;

/// What all scenarios share.
pub(crate) struct Bench {
    /// The server's program.
    pub(crate) program: PathBuf,
    pub(crate) network: Arc<Network>,
    /// Tweets at the start of a scenario.
    pub(crate) tweets: usize,
    /// How long each figure is measured.
    pub(crate) length: Duration,
    /// The largest network of the scenario `size`: accounts and tweets.
    pub(crate) largest: (usize, usize),
}

/// What a scenario found.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) rows: Vec<Row>,
    pub(crate) lines: Vec<Line>,
}

impl Bench {
    /// A fresh data directory with the network in it.
    pub(crate) async fn data(&self, sessions: usize) -> Result<TempDir, Error> {
        let directory = private_directory()?;
        prepare(directory.path(), &self.network, self.tweets, sessions).await?;
        Ok(directory)
    }

    /// The people whose connections are under load.
    pub(crate) fn drivers(&self) -> Vec<usize> {
        self.network.readers().into_iter().take(CONNECTIONS).collect()
    }

    /// A server on fresh data, with connections of the drivers.
    pub(crate) async fn server(&self, tls: bool) -> Result<(TempDir, Server, Vec<Link>), Error> {
        let data = self.data(self.network.people).await?;
        let server = Server::start(&self.program, data.path(), tls).await?;
        let links = server.log_in(self.drivers()).await?;
        Ok((data, server, links))
    }

    /// Drives the drivers' connections.
    pub(crate) async fn drive(
        &self,
        links: &mut Vec<Link>,
        pace: Pace,
        length: Duration,
        mix: Mix,
    ) -> Result<Outcome, Error> {
        let drivers = self.drivers();
        drive(links, pace, length, |n| mix.requests(drivers[n % drivers.len()], &self.network)).await
    }

    /// One of [`ROUNDS`].
    pub(crate) fn round(&self) -> Duration {
        self.length / ROUNDS
    }
}

/// What it costs the server for each request.
pub(crate) fn microseconds(cpu: Duration, requests: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / requests.max(1) as f64
}
