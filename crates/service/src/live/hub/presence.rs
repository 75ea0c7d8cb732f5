//! Who is online: at this server, and at others that share the store.

use std::time::Duration;

use model::{AccountId, Presence};
use tokio::time::Instant;

use super::{Hub, LiveAccount};
use crate::live::config::LiveConfig;
use crate::live::elsewhere::Present;

impl Hub {
    /// What the subscribed connections of an account say.
    fn presence_of_connections(&self, live: &LiveAccount, now: Instant, away_after: Duration) -> Presence {
        let subscribed = live
            .connections
            .iter()
            .filter_map(|number| self.connections.get(number))
            .filter(|connection| !connection.subscriptions.is_empty());
        let states = subscribed.map(|connection| {
            if connection.inbox.is_away(now, away_after) { Presence::Away } else { Presence::Online }
        });
        states.max().unwrap_or(Presence::Offline)
    }

    /// Activity of this account may have changed its presence.
    pub(in crate::live) fn mark_presence_dirty(&mut self, account: AccountId) {
        self.presence_dirty.insert(account);
    }

    /// Accounts that were marked since the last call.
    pub(in crate::live) fn take_presence_dirty(&mut self) -> Vec<AccountId> {
        self.presence_dirty.drain().collect()
    }

    /// All accounts: an account becomes away or offline without any activity.
    pub(in crate::live) fn accounts(&self) -> Vec<AccountId> {
        self.accounts.keys().copied().collect()
    }

    /// Those of these accounts whose presence is not what others were notified of last, with their presence now.
    pub(in crate::live) fn presence_changes(
        &mut self,
        accounts: Vec<AccountId>,
        config: &LiveConfig,
    ) -> Vec<(AccountId, Presence)> {
        let now = Instant::now();
        let mut changes = Vec::new();
        for account in accounts {
            let Some(live) = self.accounts.get(&account) else { continue };
            let here = self.presence_of_connections(live, now, config.away_after);
            let of_connections = here.max(self.elsewhere.presence(account, now));
            let Some(live) = self.accounts.get_mut(&account) else { continue };
            let change = live.presence.update(of_connections, now, config);
            changes.extend(change.map(|presence| (account, presence)));
            let is_gone = live.connections.is_empty() && live.presence.is_announced_offline();
            if is_gone && !self.elsewhere.knows(account) {
                self.forget(account);
            }
        }
        changes
    }

    /// Another server says that an account is there, or no longer.
    pub(in crate::live) fn hear(&mut self, server: u64, heard: (AccountId, Presence, Duration)) {
        self.elsewhere.hear(server, heard, Instant::now());
        self.accounts.entry(heard.0).or_insert_with(LiveAccount::new);
        self.presence_dirty.insert(heard.0);
    }

    /// What other servers have to know of these accounts: what may be seen of their connections here; with `all`, also what
    /// they know.
    pub(in crate::live) fn present_here(
        &mut self,
        accounts: &[AccountId],
        all: bool,
        config: &LiveConfig,
    ) -> Vec<Present> {
        let now = Instant::now();
        let mut present = Vec::new();
        for &account in accounts {
            let here = self.accounts.get(&account).filter(|live| !live.presence.is_hidden());
            let here = here
                .map_or(Presence::Offline, |live| self.presence_of_connections(live, now, config.away_after));
            let is_new = self.elsewhere.say(account, here);
            if is_new || (all && here != Presence::Offline) {
                present.push(Present::new(account, here, self.idle(account)));
            }
        }
        present
    }

    /// What others may see of the presence of an account.
    pub(in crate::live) fn presence(&self, account: AccountId) -> Presence {
        self.accounts.get(&account).map_or(Presence::Offline, |live| live.presence.visible())
    }

    /// For how long an account that is away has been idle; zero for every other account.
    pub(in crate::live) fn idle(&self, account: AccountId) -> Duration {
        let away = self.accounts.get(&account).filter(|live| live.presence.visible() == Presence::Away);
        let now = Instant::now();
        let elsewhere = away.and_then(|_| self.elsewhere.idle(account, now));
        let connections = away.into_iter().flat_map(|live| &live.connections);
        let idle = connections.filter_map(|number| Some(self.connections.get(number)?.inbox.idle(now)));
        idle.chain(elsewhere).min().unwrap_or_default()
    }

    pub(in crate::live) fn online(&self) -> Vec<(AccountId, Presence)> {
        let all = self.accounts.iter().map(|(account, live)| (*account, live.presence.visible()));
        all.filter(|(_, presence)| *presence != Presence::Offline).collect()
    }
}
