//! The scenarios. Each starts the servers that it needs and returns its measurements.

mod cluster;
mod guard;
mod live;
mod mix;
mod moving;
mod open;
mod posts;
mod reads;
mod size;

use clap::ValueEnum;

use crate::context::{Context, Findings};
use crate::error::Error;
use crate::report::Row;

/// A scenario, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// Home timeline reads; baselines: echo and Redis.
    Reads,
    /// Posts, follows, and posts during a log-in flood; baselines: SQLite only and Redis.
    Posts,
    /// The Retwis mix; baseline: Redis.
    Mix,
    /// Latency at fixed request rates.
    Open,
    /// Deliveries to connected followers, posts with offline followers, idle connections; baseline: bare write.
    Live,
    /// Networks of increasing size.
    Size,
    /// Servers that share a PostgreSQL database; baselines: PostgreSQL only, and the same with SQLite.
    Cluster,
    /// The move of a large network to PostgreSQL and back.
    Move,
    /// A short check that fails if a ratio to a baseline has halved; runs only if it is named.
    Guard,
}

impl Scenario {
    /// The scenarios that run if none is named.
    pub(crate) const DEFAULT: [Self; 8] =
        [Self::Reads, Self::Posts, Self::Mix, Self::Open, Self::Live, Self::Size, Self::Cluster, Self::Move];

    pub(crate) async fn run(self, context: &Context) -> Result<Findings, Error> {
        match self {
            Self::Reads => reads::run(context).await,
            Self::Posts => posts::run(context).await,
            Self::Mix => mix::run(context).await,
            Self::Open => open::run(context).await,
            Self::Live => live::run(context).await,
            Self::Size => size::run(context).await,
            Self::Cluster => cluster::run(context).await,
            Self::Move => moving::run(context).await,
            Self::Guard => guard::run(context).await,
        }
    }

    /// Fails if a measurement of this scenario is a regression. Only `guard` decides that.
    pub(crate) fn judge(self, rows: &[Row]) -> Result<(), Error> {
        match self {
            Self::Guard => guard::judge(rows),
            _ => Ok(()),
        }
    }
}
