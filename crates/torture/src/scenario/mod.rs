//! The scenarios: a file each, with one function that takes the setup and gives a line for every promise it tried. A new
//! scenario is a module, a variant and an arm here.

mod abuse;
mod auth;
mod backup;
mod clock;
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

use std::path::PathBuf;
use std::pin::Pin;

use clap::ValueEnum;

use crate::Error;
use crate::random::Random;
use crate::report::Line;

/// What every scenario is given.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    /// The server as it is released.
    pub(crate) program: PathBuf,
    /// The same server with faults that can be switched on: for fault points and negative controls.
    pub(crate) faults: PathBuf,
    pub(crate) scale: Scale,
    /// Decides all that is left to chance.
    pub(crate) seed: u64,
}

/// How much is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    Short,
    Long,
}

impl Setup {
    /// How often something is tried.
    pub(crate) fn times(&self, short: usize, long: usize) -> usize {
        match self.scale {
            Scale::Short => short,
            Scale::Long => long,
        }
    }

    /// Chance for one purpose, apart from that of others.
    pub(crate) fn random(&self, purpose: &str) -> Random {
        Random::new(
            purpose
                .bytes()
                .fold(self.seed, |seed, byte| seed.wrapping_mul(0x0100_0000_01b3).wrapping_add(byte.into())),
        )
    }
}

/// What can be tortured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Scenario {
    /// `kill -9` at any moment.
    Crash,
    /// Power cuts, on a disk that loses what was not synced.
    Power,
    /// A disk that fails, and one that is full.
    Disk,
    /// A clock that steps back and forth.
    Clock,
    /// A bad network, and bytes that are no frames.
    Frames,
    /// More work than the server can do.
    Overload,
    /// Readers that do not read, silent sockets, floods, guesses.
    Slow,
    /// A server that starts again while everybody works.
    Restart,
    /// Databases of older and of later versions.
    Migrate,
    /// A backup while everybody writes.
    Backup,
    /// Those who mean harm.
    Abuse,
    /// A long time under load.
    Soak,
    /// Races for one name, and the name of a deleted account.
    Names,
    /// A deleted account, down to the bytes.
    Erase,
    /// Everything at once in one thread, by seed.
    Sim,
    /// Log-ins, sessions that end, and secrets.
    Auth,
    /// Hostile texts on the terminal of somebody else.
    Terminal,
    /// Somebody between a client and its server.
    Tls,
}

/// The lines of a scenario, once it is through.
type Outcome<'a> = Pin<Box<dyn Future<Output = Result<Vec<Line>, Error>> + 'a>>;

impl Scenario {
    pub(crate) fn run(self, setup: &Setup) -> Outcome<'_> {
        match self {
            Self::Crash => Box::pin(crash::run(setup)),
            Self::Power => Box::pin(power::run(setup)),
            Self::Disk => Box::pin(disk::run(setup)),
            Self::Clock => Box::pin(clock::run(setup)),
            Self::Frames => Box::pin(frames::run(setup)),
            Self::Overload => Box::pin(overload::run(setup)),
            Self::Slow => Box::pin(slow::run(setup)),
            Self::Restart => Box::pin(restart::run(setup)),
            Self::Migrate => Box::pin(migrate::run(setup)),
            Self::Backup => Box::pin(backup::run(setup)),
            Self::Abuse => Box::pin(abuse::run(setup)),
            Self::Soak => Box::pin(soak::run(setup)),
            Self::Names => Box::pin(names::run(setup)),
            Self::Erase => Box::pin(erase::run(setup)),
            Self::Sim => Box::pin(sim::run(setup)),
            Self::Auth => Box::pin(auth::run(setup)),
            Self::Terminal => Box::pin(terminal::run(setup)),
            Self::Tls => Box::pin(tls::run(setup)),
        }
    }

    /// As it is named on the command line.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
