//! The servers of a simulated cluster, and the bus between them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::Ipv4Addr;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use gateway::GatewayLimits;
use gateway::native::{NativeConfig, NativeTimeouts};
use model::{AccountId, Presence};
use service::live::LiveConfig;
use service::test_support::config;
use service::{Service, ServiceParts, timeline};
use store::BusMessage;
use store::sqlite::simulated::SimulatedDisk;
use store::sqlite::simulated::cluster::{ClusterOptions, SimulatedCluster, SimulatedNode, SimulatedServer};
use tokio::io::copy_bidirectional;
use tokio::time::{interval, sleep};
use turmoil::net::{TcpListener, UdpSocket};

use super::people::History;
use super::{Bug, SERVERS};
use crate::assembly::{Server, ServerParts};
use crate::simulation::{PORT, RngState, SimulatedClock, SimulatedRandom, draw, random_ms};

const BUS_PORT: u16 = 4222;
/// How often the log is looked at without a message.
const POLL: Duration = Duration::from_millis(500);

pub(super) fn name(server: usize) -> String {
    format!("s{server}")
}

/// A server, also while it does not run.
pub(super) struct OneServer {
    number: usize,
    pub(super) disk: Arc<SimulatedServer>,
    pub(super) clock: Arc<SimulatedClock>,
    /// While it runs.
    pub(super) service: Mutex<Option<Arc<Service>>>,
}

/// All servers and what they share.
pub(super) struct Servers {
    cluster: Arc<SimulatedCluster>,
    /// That of the shared database.
    pub(super) clock: Arc<SimulatedClock>,
    servers: Vec<Arc<OneServer>>,
}

fn clock() -> Arc<SimulatedClock> {
    Arc::new(SimulatedClock { stepped_ms: AtomicI64::new(0) })
}

impl Servers {
    pub(super) fn new(disk: &SimulatedDisk, count: usize) -> Self {
        let shared_clock = clock();
        let cluster = SimulatedCluster::new(disk, shared_clock.clone());
        let server = |number| {
            let disk = SimulatedServer::new(&cluster);
            Arc::new(OneServer { number, disk, clock: clock(), service: Mutex::default() })
        };
        let servers = (0..count).map(server).collect();
        Self { cluster, clock: shared_clock, servers }
    }

    pub(super) fn of(&self, number: usize) -> Arc<OneServer> {
        self.servers[number].clone()
    }

    fn running(&self) -> impl Iterator<Item = Arc<Service>> {
        self.servers.iter().filter_map(|server| server.service.lock().unwrap().clone())
    }

    /// Everyone whom any server shows as online.
    pub(super) fn online(&self) -> impl Iterator<Item = AccountId> {
        self.running().flat_map(|service| online(&service))
    }

    /// Whether every server shows exactly these accounts as online.
    pub(super) fn all_know(&self, expected: &BTreeSet<AccountId>) -> bool {
        let mut running = self.running();
        running.all(|service| online(&service).into_iter().collect::<BTreeSet<_>>() == *expected)
    }

    /// What is wrong with the copy of this server at the end.
    pub(super) fn findings(&self, number: usize) -> Vec<String> {
        let disk = &self.servers[number].disk;
        if disk.is_up_to_date() {
            disk.findings()
        } else {
            vec!["its copy does not have the whole log".into()]
        }
    }

    /// Checks that every acknowledged change is in the shared database, once.
    pub(super) fn check_database(&self, history: &Mutex<History>) {
        let db = self.cluster.rows();
        let mut statement =
            db.prepare("SELECT text, count(*) FROM tweet WHERE deleted = 0 GROUP BY text").unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        let stored: BTreeMap<String, u32> = rows.map(Result::unwrap).collect();
        let mut history = history.lock().unwrap();
        let lost = history.acknowledged.difference(&history.deleting);
        let lost = lost.filter(|text| !stored.contains_key(*text));
        let lost = lost.map(|text| format!("{text} was acknowledged and is lost"));
        let back = history.deleted.keys().filter(|text| stored.contains_key(*text));
        let back = back.map(|text| format!("the deletion of {text} was acknowledged and is lost"));
        let doubled = stored.iter().filter(|(_, count)| **count > 1);
        let doubled = doubled.map(|(text, _)| format!("{text} is stored twice"));
        let violations: Vec<_> = lost.chain(back).chain(doubled).collect();
        history.violations.extend(violations);
    }
}

fn online(service: &Service) -> Vec<AccountId> {
    let online = service.live().online().into_iter();
    online.filter(|(_, presence)| *presence != Presence::Offline).map(|(account, _)| account).collect()
}

pub(super) async fn serve(server: Arc<OneServer>, rng: RngState, bug: Option<Bug>) -> turmoil::Result {
    let options = ClusterOptions {
        takes: |rng| random_ms(rng, 20),
        draw,
        chance: rng.clone(),
        queue: 8,
        bug: match bug {
            Some(Bug::Store(bug)) => Some(bug),
            _ => None,
        },
    };
    let node = server.disk.open(server.clock.clone(), options);
    let assembled = loop {
        // A server that cannot reach the shared database ends, and is started again.
        if node.catch_up().await.is_ok()
            && let Ok(assembled) = assemble(&server, &node, &rng).await
        {
            break assembled;
        }
        sleep(Duration::from_millis(200)).await;
    };
    *server.service.lock().unwrap() = Some(assembled.service.clone());
    let (connector, serve_in_process) = assembled.in_process();
    tokio::spawn(serve_in_process);
    let is_bus_dead = bug == Some(Bug::NoPolling);
    tokio::spawn(carry(node, server.number, rng, is_bus_dead));
    let listener = TcpListener::bind((Ipv4Addr::UNSPECIFIED, PORT)).await?;
    loop {
        let (mut stream, peer) = listener.accept().await?;
        let mut connection = connector.for_peer(peer.ip()).connect();
        tokio::spawn(async move { copy_bidirectional(&mut stream, &mut connection).await });
    }
}

async fn assemble(server: &OneServer, node: &SimulatedNode, rng: &RngState) -> model::Result<Server> {
    let parts = ServerParts {
        service: ServiceParts {
            store: node.store.clone(),
            clock: server.clock.clone(),
            random: Arc::new(SimulatedRandom(rng.clone())),
            config: config(),
            // Small, so that its limits are reached.
            live: LiveConfig { inbox: 4, replay_max: 12, ..LiveConfig::default() },
            timelines: timeline::Limits::default(),
        },
        gateways: GatewayLimits::unlimited(),
        native: NativeConfig {
            timeouts: NativeTimeouts { heartbeat: Duration::from_secs(1), ..NativeTimeouts::default() },
            ..NativeConfig::default()
        },
    };
    Server::assemble(parts).await
}

/// Makes a server follow the log, and carries its messages. A message without content says that something was appended.
async fn carry(mut node: SimulatedNode, number: usize, rng: RngState, is_bus_dead: bool) {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, BUS_PORT)).await.unwrap();
    let socket = Arc::new(socket);
    let mut poll = interval(POLL);
    let mut buffer = vec![0; 8 * 1024];
    loop {
        let message = tokio::select! {
            biased;
            Some(()) = node.appended.recv() => Vec::new(),
            Some(message) = node.to_send.recv() => message,
            Ok((length, _)) = socket.recv_from(&mut buffer) => {
                let (from, bytes) = buffer[..length].split_at(8);
                if bytes.is_empty() {
                    node.follow();
                } else {
                    let from = u64::from_be_bytes(from.try_into().unwrap());
                    let _ = node.received.send(BusMessage { from, bytes: bytes.into() });
                }
                continue;
            }
            _ = poll.tick(), if !is_bus_dead => {
                node.follow();
                continue;
            }
        };
        if !is_bus_dead {
            let datagram: Arc<[u8]> = [node.boot.to_be_bytes().as_slice(), &message].concat().into();
            for other in (0..SERVERS).filter(|other| *other != number) {
                send(&socket, other, &datagram, &rng);
            }
        }
    }
}

/// Sends a message never, once or twice, at once or later.
fn send(socket: &Arc<UdpSocket>, to: usize, datagram: &Arc<[u8]>, rng: &RngState) {
    let copies = match draw(rng, 10) {
        0..2 => 0,
        2..4 => 2,
        _ => 1,
    };
    for _ in 0..copies {
        let late = if draw(rng, 4) == 0 { random_ms(rng, 800) } else { Duration::ZERO };
        let (socket, datagram) = (socket.clone(), datagram.clone());
        tokio::spawn(async move {
            sleep(late).await;
            let _ = socket.send_to(&datagram, (name(to), BUS_PORT)).await;
        });
    }
}
