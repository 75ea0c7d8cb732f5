//! The scenarios, one file each: a function that takes the [`Context`] and returns a [`Finding`] for every promise that
//! it tested. A new scenario needs a module, a variant and an arm here.

mod abuse;
mod attacks;
mod auth;
mod backup;
mod clock;
mod cluster;
mod crash;
mod disk;
mod erase;
mod frames;
mod migrate;
mod names;
mod overload;
mod power;
mod restart;
mod sim;
mod slow;
mod soak;
mod terminal;
mod tls;

use std::pin::Pin;

use clap::ValueEnum;

use crate::context::Context;
use crate::error::Error;
use crate::finding::Finding;

/// A scenario, by its name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// `kill -9` at random moments and at crash points.
    Crash,
    /// Power cuts, with a disk that loses unsynced data.
    Power,
    /// Failing disks and full disks.
    Disk,
    /// Clock steps, forward and back.
    Clock,
    /// Bad networks and malformed frames.
    Frames,
    /// More requests than the server can process.
    Overload,
    /// Clients that do not read, silent sockets, connection floods and password guessing.
    Slow,
    /// Restarts under load.
    Restart,
    /// Databases of older and later versions.
    Migrate,
    /// Backups under load.
    Backup,
    /// Spam, blocks, suspensions and reports.
    Abuse,
    /// Attacks of one account on the response times of others.
    Attacks,
    /// Memory, file descriptors and WAL size over a long run.
    Soak,
    /// Races for one username, and usernames of deleted accounts.
    Names,
    /// Erasure of deleted accounts from the files.
    Erase,
    /// The deterministic simulation of server and clients.
    Sim,
    /// Log-ins, ended sessions, and secrets in files.
    Auth,
    /// Hostile texts in another user's terminal.
    Terminal,
    /// Interception of connections.
    Tls,
    /// Several servers on one PostgreSQL database, all of which fail.
    Cluster,
}

/// The findings of a scenario, when it is done.
type FindingsFuture<'a> = Pin<Box<dyn Future<Output = Result<Vec<Finding>, Error>> + 'a>>;

impl Scenario {
    pub(crate) fn run(self, context: &Context) -> FindingsFuture<'_> {
        match self {
            Self::Crash => Box::pin(crash::run(context)),
            Self::Power => Box::pin(power::run(context)),
            Self::Disk => Box::pin(disk::run(context)),
            Self::Clock => Box::pin(clock::run(context)),
            Self::Frames => Box::pin(frames::run(context)),
            Self::Overload => Box::pin(overload::run(context)),
            Self::Slow => Box::pin(slow::run(context)),
            Self::Restart => Box::pin(restart::run(context)),
            Self::Migrate => Box::pin(migrate::run(context)),
            Self::Backup => Box::pin(backup::run(context)),
            Self::Abuse => Box::pin(abuse::run(context)),
            Self::Attacks => Box::pin(attacks::run(context)),
            Self::Soak => Box::pin(soak::run(context)),
            Self::Names => Box::pin(names::run(context)),
            Self::Erase => Box::pin(erase::run(context)),
            Self::Sim => Box::pin(sim::run(context)),
            Self::Auth => Box::pin(auth::run(context)),
            Self::Terminal => Box::pin(terminal::run(context)),
            Self::Tls => Box::pin(tls::run(context)),
            Self::Cluster => Box::pin(cluster::run(context)),
        }
    }

    /// Name on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
