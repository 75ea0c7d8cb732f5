//! The faults of a simulated cluster.

use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::time::Duration;

use store::sqlite::simulated::cluster::Loss;

use super::servers::{self, Servers};
use super::{SERVERS, USERS, people};
use crate::simulation::{draw, random_ms};

/// Something that does not work for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The server has crashed.
    Down(usize),
    /// It does not reach the shared database.
    NoDatabase(usize),
    /// No message between these two servers arrives.
    Apart(usize, usize),
    /// What this person and this server send to each other is lost.
    Cut(usize, usize),
    /// It waits.
    Held(usize, usize),
}

/// The current faults, and how many there were.
#[derive(Debug, Default)]
pub(super) struct Faults {
    /// With the time when each ends.
    active: Vec<(Duration, Fault)>,
    pub(super) crashes: usize,
    without_newest: usize,
    without_copy: usize,
    cut_off: usize,
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { crashes, without_newest, without_copy, cut_off, .. } = self;
        write!(
            f,
            "{crashes} crashes ({without_newest} with an older copy, {without_copy} without one), \
             {cut_off} times cut off from the database"
        )
    }
}

fn below(rng: &Mutex<u64>, bound: usize) -> usize {
    usize::try_from(draw(rng, bound as u64)).unwrap()
}

impl Faults {
    pub(super) fn add(&mut self, other: &Self) {
        self.crashes += other.crashes;
        self.without_newest += other.without_newest;
        self.without_copy += other.without_copy;
        self.cut_off += other.cut_off;
    }

    /// Ends the faults whose time is over and may start another.
    pub(super) fn step(&mut self, sim: &mut turmoil::Sim<'_>, servers: &Servers, rng: &Mutex<u64>) {
        let now = sim.elapsed();
        let (over, active) =
            std::mem::take(&mut self.active).into_iter().partition(|(until, _)| *until <= now);
        self.active = active;
        self.end(over, sim, servers, rng);
        let (server, user) = (below(rng, SERVERS), below(rng, USERS));
        let (fault, longest_ms) = match draw(rng, 100) {
            0..8 => (Fault::Down(server), 1_500),
            8..16 => (Fault::NoDatabase(server), 8_000),
            16..22 => (Fault::Apart(server, (server + 1) % SERVERS), 4_000),
            22..34 => (Fault::Cut(user, server), 4_000),
            34..44 => (Fault::Held(user, server), 2_000),
            44..52 => {
                let step = i64::try_from(draw(rng, 7_200_000)).unwrap() - 3_600_000;
                let clocks = [&servers.clock, &servers.of(server).clock];
                clocks[below(rng, 2)].stepped_ms.fetch_add(step, Ordering::Relaxed);
                return;
            }
            _ => return,
        };
        if !self.active.iter().any(|(_, active)| active.excludes(fault)) {
            self.begin(fault, sim, servers);
            self.active.push((now + random_ms(rng, longest_ms), fault));
        }
    }

    /// Ends all faults.
    pub(super) fn stop(&mut self, sim: &mut turmoil::Sim<'_>, servers: &Servers, rng: &Mutex<u64>) {
        let all = std::mem::take(&mut self.active);
        self.end(all, sim, servers, rng);
    }

    fn begin(&mut self, fault: Fault, sim: &mut turmoil::Sim<'_>, servers: &Servers) {
        match fault {
            Fault::Down(server) => {
                sim.crash(servers::name(server));
                *servers.of(server).service.lock().unwrap() = None;
                self.crashes += 1;
            }
            Fault::NoDatabase(server) => {
                servers.of(server).disk.set_cut_off(true);
                self.cut_off += 1;
            }
            Fault::Apart(one, other) => sim.partition(servers::name(one), servers::name(other)),
            Fault::Cut(user, server) => sim.partition(people::name(user), servers::name(server)),
            Fault::Held(user, server) => sim.hold(people::name(user), servers::name(server)),
        }
    }

    fn end(
        &mut self,
        faults: Vec<(Duration, Fault)>,
        sim: &mut turmoil::Sim<'_>,
        servers: &Servers,
        rng: &Mutex<u64>,
    ) {
        for (_, fault) in faults {
            match fault {
                Fault::Down(server) => {
                    let loss = match draw(rng, 10) {
                        0..5 => Loss::Nothing,
                        5..8 => Loss::Newest,
                        _ => Loss::All,
                    };
                    self.without_newest += usize::from(loss == Loss::Newest);
                    self.without_copy += usize::from(loss == Loss::All);
                    servers.of(server).disk.lose(loss);
                    sim.bounce(servers::name(server));
                }
                Fault::NoDatabase(server) => servers.of(server).disk.set_cut_off(false),
                Fault::Apart(one, other) => sim.repair(servers::name(one), servers::name(other)),
                Fault::Cut(user, server) => sim.repair(people::name(user), servers::name(server)),
                Fault::Held(user, server) => sim.release(people::name(user), servers::name(server)),
            }
        }
    }
}

impl Fault {
    /// Whether the other one cannot begin while this one lasts.
    fn excludes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Cut(user, server) | Self::Held(user, server), Self::Cut(u, s) | Self::Held(u, s)) => {
                (user, server) == (u, s)
            }
            _ => self == other,
        }
    }
}
