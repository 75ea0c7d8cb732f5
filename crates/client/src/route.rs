//! The order in which a client tries the addresses of a network: random, so that people spread over its servers, and the
//! server that was left comes last.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::lookup_host;
use tokio::time::timeout;

use crate::endpoint::{Address, Endpoint};
use crate::options::Options;
use crate::random;

/// Addresses that are tried for one name, at most.
const PER_NAME_MAX: usize = 16;
/// Time for each step of connecting if there are other addresses to try.
const STEP_MAX: Duration = Duration::from_secs(5);
const STEP_MIN: Duration = Duration::from_secs(1);

/// One attempt to connect.
#[derive(Debug)]
pub(crate) enum Target<'a> {
    /// A unix socket, or a server in this process.
    Only,
    /// This socket address of the address.
    Tcp(&'a Address, SocketAddr),
    /// The name was not found, for this reason.
    Unknown(io::Error),
    /// The name was not looked up in time.
    LookUpTimedOut,
}

/// The attempts of one round: each address once.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    pub(crate) targets: VecDeque<Target<'a>>,
    /// There is more than one server.
    pub(crate) has_others: bool,
}

impl<'a> Round<'a> {
    /// Looks the names up. `left` is where the last connection went: it is tried last.
    pub(crate) async fn new(options: &'a Options, left: Option<SocketAddr>) -> Self {
        let Endpoint::Tcp(addresses) = &options.endpoint else {
            return Self { targets: VecDeque::from([Target::Only]), has_others: false };
        };
        let mut order: Vec<_> = addresses.iter().collect();
        random::shuffle(&mut order);
        let (mut targets, mut servers) = (VecDeque::new(), 0);
        for address in order {
            match timeout(options.connect_timeout, lookup_host((address.host.as_str(), address.port))).await {
                Ok(Ok(found)) => {
                    let found: Vec<_> = found.take(PER_NAME_MAX).collect();
                    servers += servers_at(&found);
                    targets.extend(spread(found).into_iter().map(|at| Target::Tcp(address, at)));
                }
                Ok(Err(error)) => {
                    servers += 1;
                    targets.push_back(Target::Unknown(error));
                }
                Err(_) => {
                    servers += 1;
                    targets.push_back(Target::LookUpTimedOut);
                }
            }
        }
        let is_left = |target: &Target<'_>| matches!(target, Target::Tcp(_, at) if Some(*at) == left);
        if let Some(index) = targets.iter().position(is_left)
            && let Some(target) = targets.remove(index)
        {
            targets.push_back(target);
        }
        Self { targets, has_others: servers > 1 }
    }

    /// How long each step of an attempt may take: with other servers, one that does not respond must not use up the time
    /// of the caller.
    pub(crate) fn step(&self, options: &Options) -> Duration {
        let count = u32::try_from(self.targets.len()).unwrap_or(u32::MAX).max(1);
        let share = (options.connect_timeout / count).clamp(STEP_MIN, STEP_MAX);
        if self.has_others { share.min(options.connect_timeout) } else { options.connect_timeout }
    }
}

/// How many servers there are at these addresses of one name. A server can have an address of IPv4 and one of IPv6.
fn servers_at(found: &[SocketAddr]) -> usize {
    let ipv6 = found.iter().filter(|at| at.is_ipv6()).count();
    ipv6.max(found.len() - ipv6)
}

/// The addresses of a name in a random order, with those of IPv4 and IPv6 in turns. The family that the operating system
/// prefers is first: where the other one does not work, it would be waited for.
fn spread(mut found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let prefers_ipv6 = found.first().is_some_and(SocketAddr::is_ipv6);
    random::shuffle(&mut found);
    let (first, second): (Vec<_>, Vec<_>) = found.into_iter().partition(|at| at.is_ipv6() == prefers_ipv6);
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    let mut order = Vec::new();
    loop {
        let turn: Vec<_> = [first.next(), second.next()].into_iter().flatten().collect();
        if turn.is_empty() {
            return order;
        }
        order.extend(turn);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::path::PathBuf;

    use super::*;

    fn options(servers: &str) -> Options {
        Options::new(Endpoint::parse(servers).unwrap(), PathBuf::new())
    }

    fn order(round: &Round<'_>) -> Vec<String> {
        let shown = |target: &Target<'_>| match target {
            Target::Tcp(_, at) => at.to_string(),
            other => format!("{other:?}"),
        };
        round.targets.iter().map(shown).collect()
    }

    #[tokio::test]
    async fn every_order_occurs_and_the_server_that_was_left_is_last() {
        let options = options("127.0.0.1:1,127.0.0.1:2,127.0.0.1:3");
        let left = "127.0.0.1:2".parse().unwrap();
        let (mut fresh, mut again) = (HashSet::new(), HashSet::new());
        for _ in 0..200 {
            fresh.insert(order(&Round::new(&options, None).await));
            let round = Round::new(&options, Some(left)).await;
            assert_eq!(order(&round)[2], left.to_string());
            assert!(round.has_others);
            again.insert(order(&round));
        }
        assert_eq!((fresh.len(), again.len()), (6, 2));
    }

    #[tokio::test]
    async fn the_time_of_the_caller_is_shared_by_the_addresses() {
        let one = options("127.0.0.1:1");
        assert_eq!(Round::new(&one, None).await.step(&one), one.connect_timeout);
        let mut three = options("127.0.0.1:1,127.0.0.1:2,127.0.0.1:3");
        for (timeout_s, step_ms) in [(60, 5_000), (9, 3_000), (2, 1_000)] {
            three.connect_timeout = Duration::from_secs(timeout_s);
            let step = Round::new(&three, None).await.step(&three);
            assert_eq!(step, Duration::from_millis(step_ms), "{timeout_s}");
        }
    }

    #[test]
    fn a_server_with_two_families_is_one_server() {
        let at = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let one = at(&["[::1]:1", "127.0.0.1:1"]);
        assert_eq!(servers_at(&one), 1);
        assert_eq!(spread(one.clone()), one, "in the order of the operating system");
        let several = at(&["[::1]:1", "[::2]:1", "127.0.0.1:1", "127.0.0.2:1", "127.0.0.3:1"]);
        assert_eq!(servers_at(&several), 3);
        let families: Vec<_> = spread(several).iter().map(SocketAddr::is_ipv6).collect();
        assert_eq!(families, [true, false, true, false, false]);
    }
}
