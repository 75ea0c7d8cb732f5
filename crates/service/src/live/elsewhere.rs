//! Who is online at other servers that share the store: each says so when it changes, and again every few seconds, so that
//! a lost message is made good and the accounts of a server that has ended become offline.

use std::time::Duration;

use model::{AccountId, Presence};
use prost::Message as _;
use store::Map;
use store::fault::{self, InjectedBug};
use tokio::time::Instant;

/// How often a server repeats who is online.
pub(super) const REPEAT_EVERY: Duration = Duration::from_secs(5);
/// What a server said counts for so long: with the time after which someone is called offline, and how often that is looked
/// at, less than 20 s. Someone stays online while two messages in a row are lost.
const COUNTS_FOR: Duration = Duration::from_secs(12);
/// Accounts in one message.
const ACCOUNTS_MAX: usize = 200;

/// A message from one server to the others.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Announcement {
    #[prost(message, repeated, tag = "1")]
    pub(super) present: Vec<Present>,
    #[prost(message, optional, tag = "2")]
    pub(super) typing: Option<TypingTo>,
}

/// The presence of an account at the server that says so.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Present {
    #[prost(fixed64, tag = "1")]
    account: u64,
    /// 0 offline, 1 away, 2 online.
    #[prost(uint32, tag = "2")]
    state: u32,
    /// For how long it has been idle.
    #[prost(uint64, tag = "3")]
    idle_ms: u64,
}

/// Someone is typing a message.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct TypingTo {
    #[prost(fixed64, tag = "1")]
    pub(super) from: u64,
    #[prost(fixed64, tag = "2")]
    pub(super) to: u64,
}

impl Present {
    pub(super) fn new(account: AccountId, presence: Presence, idle: Duration) -> Self {
        let state = match presence {
            Presence::Offline => 0,
            Presence::Away => 1,
            Presence::Online => 2,
        };
        let idle_ms = u64::try_from(idle.as_millis()).unwrap_or(u64::MAX);
        Self { account: account.get(), state, idle_ms }
    }

    /// `None` for what this version does not know.
    pub(super) fn decode(&self) -> Option<(AccountId, Presence, Duration)> {
        let presence = match self.state {
            0 => Presence::Offline,
            1 => Presence::Away,
            2 => Presence::Online,
            _ => return None,
        };
        Some((AccountId::new(self.account)?, presence, Duration::from_millis(self.idle_ms)))
    }
}

/// The messages that say who is online.
pub(super) fn messages(present: &[Present]) -> Vec<Vec<u8>> {
    let message = |part: &[Present]| Announcement { present: part.to_vec(), typing: None }.encode_to_vec();
    present.chunks(ACCOUNTS_MAX).map(message).collect()
}

/// What other servers said.
#[derive(Debug, Default)]
pub(super) struct Elsewhere {
    heard: Map<AccountId, Vec<Heard>>,
    /// What this server said last of each account that was not offline.
    said: Map<AccountId, Presence>,
}

#[derive(Debug)]
struct Heard {
    server: u64,
    presence: Presence,
    at: Instant,
    idle_since: Instant,
}

impl Elsewhere {
    /// A server says that an account is there, or no longer.
    pub(super) fn hear(
        &mut self,
        server: u64,
        (account, presence, idle): (AccountId, Presence, Duration),
        now: Instant,
    ) {
        let heard = self.heard.entry(account).or_default();
        heard.retain(|heard| heard.server != server);
        if presence != Presence::Offline {
            let idle_since = now.checked_sub(idle).unwrap_or(now);
            heard.push(Heard { server, presence, at: now, idle_since });
        }
        if heard.is_empty() {
            self.heard.remove(&account);
        }
    }

    /// Whether what a server said still counts.
    fn counts(heard: &Heard, now: Instant) -> bool {
        now.duration_since(heard.at) < COUNTS_FOR || fault::is_on(InjectedBug::KeepPresenceOfOthers)
    }

    /// The presence of an account at all other servers.
    pub(super) fn presence(&self, account: AccountId, now: Instant) -> Presence {
        let heard = self.heard.get(&account).into_iter().flatten();
        let counting = heard.filter(|heard| Self::counts(heard, now));
        counting.map(|heard| heard.presence).max().unwrap_or(Presence::Offline)
    }

    /// For how long an account has been idle at the other servers.
    pub(super) fn idle(&self, account: AccountId, now: Instant) -> Option<Duration> {
        let heard = self.heard.get(&account).into_iter().flatten();
        heard.map(|heard| now.duration_since(heard.idle_since)).min()
    }

    /// Whether another server has said that an account is there, and not that it left.
    pub(super) fn knows(&self, account: AccountId) -> bool {
        self.heard.contains_key(&account)
    }

    /// Forgets what no longer counts.
    pub(super) fn forget_old(&mut self, now: Instant) {
        self.heard.retain(|_, heard| {
            heard.retain(|heard| Self::counts(heard, now));
            !heard.is_empty()
        });
    }

    /// Notes what this server says of an account; `false` if the others know it.
    pub(super) fn say(&mut self, account: AccountId, presence: Presence) -> bool {
        let before = match presence {
            Presence::Offline => self.said.remove(&account),
            _ => self.said.insert(account, presence),
        };
        before.unwrap_or(Presence::Offline) != presence
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(n: u64) -> AccountId {
        AccountId::new(n).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn the_best_state_of_all_servers_counts_until_it_is_old() {
        let mut elsewhere = Elsewhere::default();
        let ada = account(1);
        tokio::time::advance(Duration::from_secs(100)).await;
        let idle = Duration::from_secs(60);
        elsewhere.hear(1, (ada, Presence::Away, idle), Instant::now());
        assert_eq!(elsewhere.presence(ada, Instant::now()), Presence::Away);
        assert_eq!(elsewhere.idle(ada, Instant::now()), Some(idle));
        elsewhere.hear(2, (ada, Presence::Online, Duration::ZERO), Instant::now());
        assert_eq!(elsewhere.presence(ada, Instant::now()), Presence::Online);
        elsewhere.hear(2, (ada, Presence::Offline, Duration::ZERO), Instant::now());
        assert_eq!(elsewhere.presence(ada, Instant::now()), Presence::Away);
        tokio::time::advance(COUNTS_FOR).await;
        assert_eq!(elsewhere.presence(ada, Instant::now()), Presence::Offline, "the server has ended");
        elsewhere.forget_old(Instant::now());
        assert!(!elsewhere.knows(ada));
    }

    #[test]
    fn what_was_said_is_not_said_again() {
        let mut elsewhere = Elsewhere::default();
        assert!(!elsewhere.say(account(1), Presence::Offline));
        assert!(elsewhere.say(account(1), Presence::Online));
        assert!(!elsewhere.say(account(1), Presence::Online));
        assert!(elsewhere.say(account(1), Presence::Offline));
    }

    #[test]
    fn a_message_with_many_accounts_fits_into_the_bus() {
        let many: Vec<_> = (1..=500)
            .map(|n| Present::new(account(u64::MAX / 2 - n), Presence::Away, Duration::from_secs(1 << 30)))
            .collect();
        let messages = messages(&many);
        assert!(messages.iter().all(|message| message.len() <= store::Bus::MESSAGE_MAX));
        let present =
            messages.iter().map(|message| Announcement::decode(message.as_slice()).unwrap().present);
        assert_eq!(present.flatten().collect::<Vec<_>>(), many);
    }
}
