//! What all scenarios share: the server to measure, the network, and the length of measurements.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tempfile::TempDir;

use crate::connection::Connection;
use crate::drive::{Outcome, Pace, drive};
use crate::error::Error;
use crate::mix::Mix;
use crate::network::Network;
use crate::plot::Series;
use crate::prepare::prepare;
use crate::process::{Server, private_directory};
use crate::report::Row;

/// Number of connections under load, unless a scenario says otherwise.
pub(crate) const CONNECTIONS: usize = 64;
/// The server and its baselines are measured alternately this many times, so that other load affects all of them alike.
pub(crate) const ROUNDS: u32 = 3;

/// The settings of a run.
pub(crate) struct Context {
    /// Program of the server.
    pub(crate) program: PathBuf,
    pub(crate) network: Arc<Network>,
    /// Tweets at the start of a scenario.
    pub(crate) tweets: usize,
    /// Length of each measurement.
    pub(crate) length: Duration,
    /// The largest network of the scenario `size`: accounts and tweets.
    pub(crate) largest: (usize, usize),
}

/// The results of a scenario.
#[derive(Default)]
pub(crate) struct Findings {
    pub(crate) rows: Vec<Row>,
    /// For the plots.
    pub(crate) series: Vec<Series>,
}

impl Context {
    /// A fresh data directory with the network and this many sessions.
    pub(crate) async fn data(&self, sessions: usize) -> Result<TempDir, Error> {
        let directory = private_directory()?;
        prepare(directory.path(), &self.network, self.tweets, sessions).await?;
        Ok(directory)
    }

    /// The accounts that send requests.
    pub(crate) fn drivers(&self) -> Vec<usize> {
        self.network.readers().into_iter().take(CONNECTIONS).collect()
    }

    /// A server with fresh data, and the connections of the drivers.
    pub(crate) async fn server(&self, tls: bool) -> Result<(TempDir, Server, Vec<Connection>), Error> {
        let data = self.data(self.network.accounts).await?;
        let server = Server::start(&self.program, data.path(), tls).await?;
        let connections = server.log_in(self.drivers()).await?;
        Ok((data, server, connections))
    }

    /// Sends requests on the connections of the drivers.
    pub(crate) async fn drive(
        &self,
        connections: &mut Vec<Connection>,
        pace: Pace,
        length: Duration,
        mix: Mix,
    ) -> Result<Outcome, Error> {
        let drivers = self.drivers();
        drive(connections, pace, length, |n| mix.requests(drivers[n % drivers.len()], &self.network)).await
    }

    /// Length of one of the [`ROUNDS`].
    pub(crate) fn round(&self) -> Duration {
        self.length / ROUNDS
    }
}

/// CPU time per request, in microseconds.
pub(crate) fn microseconds(cpu: Duration, requests: u64) -> f64 {
    cpu.as_secs_f64() * 1e6 / requests.max(1) as f64
}
