//! The state that live delivery shares, and what the service asks of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use model::{Account, AccountId, EventId, Hashtag, Presence, Trend};
use prost::Message as _;
use store::SharedStore;
use store::env::Clock;
use store::fault::{self, InjectedBug};
use tokio::sync::Notify;

use super::config::{LiveConfig, LiveStatistics};
use super::elsewhere::{Announcement, TypingTo};
use super::event::{LiveEvent, Payload};
use super::hub::Hub;
use super::trends::Trends;

/// Live subscriptions, presence and trends. All of it is in memory and can be dropped at any time.
#[derive(Debug)]
pub struct Live {
    pub(super) store: SharedStore,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) config: LiveConfig,
    hub: Mutex<Hub>,
    trends: Mutex<Trends>,
    /// An account was marked in [`Hub::mark_presence_dirty`].
    pub(super) presence_changed: Notify,
}

impl Live {
    pub(super) fn new(
        store: SharedStore,
        clock: Arc<dyn Clock>,
        config: LiveConfig,
        head: EventId,
        trends: Trends,
    ) -> Arc<Self> {
        let bug = fault::is_on(InjectedBug::PassEverySignal);
        let config = if bug { LiveConfig { spacing: Duration::ZERO, ..config } } else { config };
        Arc::new(Self {
            store,
            clock,
            config,
            hub: Mutex::new(Hub::new(head)),
            trends: Mutex::new(trends),
            presence_changed: Notify::new(),
        })
    }

    /// Notifies `to`, if it is connected, that `from` is typing a message to it, unless an earlier signal
    /// is recent. The caller checks whether `to` wants to know.
    pub fn typing(&self, from: Account, to: AccountId) {
        if let Some(bus) = self.store.bus() {
            let typing = Some(TypingTo { from: from.id.get(), to: to.get() });
            bus.publish(Announcement { present: Vec::new(), typing }.encode_to_vec());
        }
        self.typing_here(from, to);
    }

    /// The same for connections at this server.
    pub(super) fn typing_here(&self, from: Account, to: AccountId) {
        let from_id = from.id;
        let payload = Payload::new(LiveEvent::Typing(from));
        let inbox = self.config.inbox;
        let mut hub = self.hub();
        for target in hub.typing_subscriptions(from_id, to, self.config.spacing) {
            hub.push(target, None, &payload, inbox);
        }
    }

    /// The presence of an account as others may see it: offline for accounts that hide it.
    #[must_use]
    pub fn presence(&self, account: AccountId) -> Presence {
        self.hub().presence(account)
    }

    /// For how long an account that is away has been idle; zero for every other account.
    #[must_use]
    pub fn idle(&self, account: AccountId) -> Duration {
        self.hub().idle(account)
    }

    /// All accounts that are online or away and do not hide it.
    #[must_use]
    pub fn online(&self) -> Vec<(AccountId, Presence)> {
        self.hub().online()
    }

    /// The strongest trends first, on a server with so many accounts.
    #[must_use]
    pub fn trends(&self, limit: usize, server_accounts: u64) -> Vec<Trend> {
        let now_ms = self.clock.now_ms();
        self.trends_state().top(now_ms, limit, server_accounts)
    }

    /// Hashtags that one account used in the last 24 hours, the strongest first, without those of hidden accounts.
    #[must_use]
    pub fn new_hashtags(&self, limit: usize, is_hidden: impl Fn(AccountId) -> bool) -> Vec<Trend> {
        let now_ms = self.clock.now_ms();
        self.trends_state().of_one(now_ms, limit, is_hidden)
    }

    /// How these hashtags were used in the last 24 hours.
    #[must_use]
    pub fn uses_of(&self, hashtags: &[Hashtag]) -> Vec<Trend> {
        let now_ms = self.clock.now_ms();
        let trends = self.trends_state();
        hashtags.iter().map(|hashtag| trends.of(hashtag, now_ms)).collect()
    }

    /// Most subscriptions of one connection, which gateways publish.
    #[must_use]
    pub fn subscriptions_max(&self) -> usize {
        self.config.subscriptions
    }

    /// Counts for the operator.
    #[must_use]
    pub fn statistics(&self) -> LiveStatistics {
        self.hub().statistics()
    }

    /// Never held across an await.
    pub(super) fn hub(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Never held across an await.
    pub(super) fn trends_state(&self) -> MutexGuard<'_, Trends> {
        self.trends.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
