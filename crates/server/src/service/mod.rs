//! One method per thing a person can do: who may (see [`authorise`]), what it changes, what they see.
//!
//! It knows nothing of bytes, connections or SQL.

mod accounts;
pub mod authorise;
mod conversations;
mod export;
mod follows;
mod maintenance;
mod notifications;
mod operator;
pub mod passwords;
mod presence;
mod read_lines;
mod reports;
mod search;
mod sessions;
mod ssh_keys;
#[cfg(test)]
mod tests;
mod throttle;
pub(crate) mod timelines;
mod trends;
mod tweets;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use model::{Account, AccountId, Error, Presence, Profile, Relationship, Result, Role, SessionId, Username};
use tokio::sync::Notify;

pub use accounts::{EditProfile, ProfileView, SignUp};
pub use conversations::{MessagesView, Sent};
pub use export::ExportPage;
pub use follows::AccountListRequest;
pub use notifications::NotificationsView;
pub use operator::{NewAccount, ServerInfo, Statistics};
pub use passwords::Argon2Cost;
pub use reports::Reported;
#[cfg(feature = "ssh")]
pub(crate) use ssh_keys::public_key::fingerprint as fingerprint_of_ssh_key;
pub use timelines::{Thread, TimelineRequest};

use crate::live::Live;
use crate::seam::{Clock, Random};
use crate::store::SharedStore;
use crate::timeline::Timelines;
use passwords::Hasher;
use throttle::Throttle;

/// Of one account.
const REPORTS_PER_HOUR: u32 = 20;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Caller {
    /// Nobody yet, from this address.
    Anonymous(IpAddr),
    /// An account with a session.
    Member {
        /// Who.
        account: AccountId,
        /// By which session.
        session: SessionId,
        /// What they may do.
        role: Role,
    },
    /// Whoever can open the operator's socket.
    Operator,
}

/// The answer to a sign-up or log-in.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    /// The session's secret, shown this once; `None` when the session was taken up with it.
    pub token: Option<[u8; 32]>,
    /// The session.
    pub session: SessionId,
    /// The account.
    pub profile: Profile,
}

impl LoggedIn {
    /// Who the connection belongs to from now on.
    #[must_use]
    pub fn caller(&self) -> Caller {
        Caller::Member { account: self.profile.account.id, session: self.session, role: self.profile.role }
    }
}

/// Someone in a list of people.
#[derive(Debug, Clone)]
pub struct PersonView {
    /// Who.
    pub account: Account,
    /// The viewer's ties to them.
    pub relationship: Relationship,
    /// Whether they are there.
    pub presence: Presence,
    /// How long somebody who is away has done nothing.
    pub idle: Duration,
}

/// Usernames that an address may ask about in ten minutes for each account that it may create, by wanting to sign up
/// or before it.
const USERNAME_CHECKS_PER_SIGN_UP: u32 = 20;

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpMode {
    /// Everyone.
    Open,
    /// Whoever has an invite code.
    Invite,
    /// Nobody; operators create accounts.
    Closed,
}

/// How the service behaves.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// Shown to everyone.
    pub server_name: String,
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// A session that was not used for this long ends.
    pub sessions_idle: Duration,
    /// No session lives longer than this.
    pub sessions_absolute: Duration,
    /// Failed log-ins are answered this long after they came, whatever the reason.
    pub login_answer_after: Duration,
    /// Hashes computed at the same time.
    pub hashing_threads: usize,
    /// Log-ins that may wait for a hash; beyond it they are refused with `BUSY`.
    pub hashing_queue: usize,
    /// Work of one password hash.
    pub argon2: Argon2Cost,
    /// Accounts that one address may create in 30 minutes; 0 is no limit.
    pub sign_ups_per_address: u32,
    /// People who do not follow the author that a tweet may mention; 0 is no limit.
    pub stranger_mentions: usize,
    /// Wrong passwords for one account from one address within 10 minutes before it has to wait.
    pub login_failures_per_account: u32,
    /// Wrong passwords from one address in 5 minutes; 0 is no limit.
    pub login_failures_per_address: u32,
    /// How long idempotency keys are kept.
    pub keys_kept: Duration,
    /// How long events are kept, and so how long a client may be away and miss nothing.
    pub events_kept: Duration,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        const HOUR: u64 = 3_600;
        Self {
            server_name: "Mini-Tweet".into(),
            sign_up: SignUpMode::Open,
            sessions_idle: Duration::from_secs(30 * 24 * HOUR),
            sessions_absolute: Duration::from_secs(180 * 24 * HOUR),
            login_answer_after: Duration::from_millis(250),
            hashing_threads: crate::cores().saturating_sub(1).max(1),
            hashing_queue: 64,
            argon2: Argon2Cost::default(),
            sign_ups_per_address: 5,
            stranger_mentions: 10,
            login_failures_per_account: 10,
            login_failures_per_address: 25,
            keys_kept: Duration::from_secs(48 * HOUR),
            events_kept: Duration::from_secs(72 * HOUR),
        }
    }
}

/// What a service is made of.
#[derive(Debug)]
pub struct ServiceParts {
    /// The truth.
    pub store: SharedStore,
    /// Home timelines in memory.
    pub timelines: Arc<Timelines>,
    /// What happens now.
    pub live: Arc<Live>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub random: Arc<dyn Random>,
    /// Behaviour.
    pub config: ServiceConfig,
}

/// Everything that people can do.
#[derive(Debug)]
pub struct Service {
    store: SharedStore,
    timelines: Arc<Timelines>,
    live: Arc<Live>,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    config: ServiceConfig,
    hasher: Hasher,
    sign_ups: Throttle,
    username_checks: Throttle,
    account_failures: Throttle,
    address_failures: Throttle,
    reports: Throttle,
    /// There is a deleted account to purge.
    purge: Notify,
    started_ms: i64,
    info: operator::CachedInfo,
}

impl Service {
    /// A service over these parts.
    #[must_use]
    pub fn new(parts: ServiceParts) -> Arc<Self> {
        const MINUTE: Duration = Duration::from_secs(60);
        let ServiceParts { store, timelines, live, clock, random, config } = parts;
        Arc::new(Self {
            hasher: Hasher::new(&config, Arc::clone(&random)),
            sign_ups: Throttle::fixed(config.sign_ups_per_address, 30 * MINUTE),
            username_checks: Throttle::fixed(
                config.sign_ups_per_address.saturating_mul(USERNAME_CHECKS_PER_SIGN_UP),
                10 * MINUTE,
            ),
            account_failures: Throttle::growing(config.login_failures_per_account, 10 * MINUTE),
            address_failures: Throttle::fixed(config.login_failures_per_address, 5 * MINUTE),
            reports: Throttle::fixed(REPORTS_PER_HOUR, 60 * MINUTE),
            purge: Notify::new(),
            started_ms: clock.now_ms(),
            info: operator::CachedInfo::default(),
            store,
            timelines,
            live,
            clock,
            random,
            config,
        })
    }

    /// The account with this name as `viewer` may know of it.
    async fn find(&self, viewer: AccountId, username: &Username) -> Result<(Profile, Relationship)> {
        let profile = self.store.account_by_username(username).await?;
        let Some(profile) = profile else { return Err(Error::not_found("account")) };
        let relationship = self.relationship(viewer, profile.account.id).await?;
        authorise::may_know_of(&profile, relationship)?;
        Ok((profile, relationship))
    }

    async fn relationship(&self, viewer: AccountId, other: AccountId) -> Result<Relationship> {
        Ok(self.store.relationships(viewer, &[other]).await?.pop().unwrap_or_default())
    }

    /// These people as `viewer` sees them.
    async fn people(&self, viewer: AccountId, accounts: Vec<Account>) -> Result<Vec<PersonView>> {
        let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
        let relationships = self.store.relationships(viewer, &ids).await?;
        let people = accounts.into_iter().zip(relationships).map(|(account, relationship)| PersonView {
            presence: self.live.presence(account.id),
            idle: self.live.idle(account.id),
            account,
            relationship,
        });
        Ok(people.collect())
    }
}
