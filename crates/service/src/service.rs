//! The service: its state, its assembly and what its methods share. Each operation of a client is one method, in the file
//! of its subject.

use std::sync::Arc;
use std::time::Duration;

use model::{Account, AccountId, Error, Profile, Relationship, Result, Username};
use store::SharedStore;
use store::env::{Clock, Random};

use crate::config::ServiceConfig;
use crate::deletions::Deletions;
use crate::live::{Live, LiveConfig};
use crate::passwords::Hasher;
use crate::policy;
use crate::statistics::StatisticsCache;
use crate::throttle::Throttle;
use crate::timeline::{self, Timelines};
use crate::views::AccountView;
use crate::week_cache::WeekCache;

/// Reports that one account may file in an hour.
const REPORTS_PER_HOUR: u32 = 20;

/// How often an account may retweet the same tweet, having undone it each time, before it has to wait. Every retweet reaches
/// all followers of the account.
const RETWEETS_OF_ONE_TWEET: u32 = 5;

/// Usernames that a network may check in ten minutes, by signing up or before it, for each account that it may create.
const USERNAME_CHECKS_PER_SIGN_UP: u32 = 20;

/// What a service is assembled from.
#[derive(Debug)]
pub struct ServiceParts {
    /// Where everything is stored.
    pub store: SharedStore,
    /// Source of the time.
    pub clock: Arc<dyn Clock>,
    /// Source of salts, tokens and codes.
    pub random: Arc<dyn Random>,
    /// Policies and limits of the service.
    pub config: ServiceConfig,
    /// Limits of live delivery.
    pub live: LiveConfig,
    /// Limits of the home timelines kept in memory.
    pub timelines: timeline::Limits,
}

/// Everything that clients can ask for.
#[derive(Debug)]
pub struct Service {
    pub(crate) store: SharedStore,
    pub(crate) timelines: Arc<Timelines>,
    pub(crate) live: Arc<Live>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) config: ServiceConfig,
    pub(crate) hasher: Hasher,
    pub(crate) sign_ups: Throttle,
    pub(crate) username_checks: Throttle,
    pub(crate) account_failures: Throttle,
    pub(crate) address_failures: Throttle,
    pub(crate) reports: Throttle,
    pub(crate) retweets: Throttle,
    /// Notified when an account was deleted, which is then purged.
    pub(crate) deletions: Arc<Deletions>,
    pub(crate) started_ms: i64,
    pub(crate) statistics: StatisticsCache,
    pub(crate) week: WeekCache,
}

impl Service {
    /// As [`Store::require_fresh`](store::Store::require_fresh): for responses that come from memory.
    ///
    /// # Errors
    /// `UNAVAILABLE`.
    pub fn require_fresh(&self) -> Result<()> {
        self.store.require_fresh()
    }

    /// Starts the home timelines and live delivery, and assembles the service over them.
    ///
    /// # Errors
    /// Those of the store, which is read for the newest event and for trends.
    pub async fn start(parts: ServiceParts) -> Result<Arc<Self>> {
        const MINUTE: Duration = Duration::from_secs(60);
        let ServiceParts { store, clock, random, config, live, timelines } = parts;
        let timelines = Timelines::start(Arc::clone(&store), timelines).await?;
        let deletions = Arc::<Deletions>::default();
        store.log().observe(Arc::<Deletions>::downgrade(&deletions));
        let live = Live::start(Arc::clone(&store), Arc::clone(&clock), live).await?;
        Ok(Arc::new(Self {
            hasher: Hasher::new(&config, Arc::clone(&random)),
            sign_ups: Throttle::fixed(
                "too many accounts were created from your address; with an invite code you need not wait",
                config.sign_ups_per_address,
                30 * MINUTE,
            )
            .over_all_servers("sign_up", &store),
            username_checks: Throttle::fixed(
                "too many usernames were tried from your address",
                config.sign_ups_per_address.saturating_mul(USERNAME_CHECKS_PER_SIGN_UP),
                10 * MINUTE,
            )
            .over_all_servers("username_check", &store),
            account_failures: Throttle::growing(
                "too many wrong passwords for this account",
                config.login_failures_per_account,
                10 * MINUTE,
            )
            .over_all_servers("account_failure", &store),
            address_failures: Throttle::fixed(
                "too many wrong passwords from your address",
                config.login_failures_per_address,
                5 * MINUTE,
            )
            .over_all_servers("address_failure", &store),
            reports: Throttle::fixed("too many reports in an hour", REPORTS_PER_HOUR, 60 * MINUTE)
                .over_all_servers("report", &store),
            retweets: Throttle::growing("you retweeted this too often", RETWEETS_OF_ONE_TWEET, 10 * MINUTE),
            deletions,
            started_ms: clock.now_ms(),
            statistics: StatisticsCache::default(),
            week: WeekCache::default(),
            store,
            timelines,
            live,
            clock,
            random,
            config,
        }))
    }

    /// Live delivery, which gateways connect their clients to.
    #[must_use]
    pub fn live(&self) -> &Arc<Live> {
        &self.live
    }

    /// Policies and limits, which gateways publish.
    #[must_use]
    pub fn config(&self) -> &ServiceConfig {
        &self.config
    }

    /// The account with this username and the viewer's relationship to it; `NOT_FOUND{account}` if it is hidden.
    pub(crate) async fn find(
        &self,
        viewer: AccountId,
        username: &Username,
    ) -> Result<(Profile, Relationship)> {
        let profile = self.store.account_by_username(username).await?;
        let Some(profile) = profile else { return Err(Error::not_found("account")) };
        let relationship = self.relationship(viewer, profile.account.id).await?;
        policy::check_account_visible(&profile, relationship)?;
        Ok((profile, relationship))
    }

    pub(crate) async fn relationship(&self, viewer: AccountId, other: AccountId) -> Result<Relationship> {
        Ok(self.store.relationships(viewer, &[other]).await?.pop().unwrap_or_default())
    }

    /// These accounts as `viewer` sees them.
    pub(crate) async fn account_views(
        &self,
        viewer: AccountId,
        accounts: Vec<Account>,
    ) -> Result<Vec<AccountView>> {
        let ids: Vec<_> = accounts.iter().map(|account| account.id).collect();
        let relationships = self.store.relationships(viewer, &ids).await?;
        let counts = self.store.account_counts(&ids).await?;
        let views = accounts.into_iter().zip(relationships).zip(counts);
        let views = views.map(|((account, relationship), counts)| AccountView {
            presence: self.live.presence(account.id),
            idle: self.live.idle(account.id),
            account,
            relationship,
            counts,
        });
        Ok(views.collect())
    }
}
