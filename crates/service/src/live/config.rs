//! Limits and statistics of live delivery.

use std::time::Duration;

/// Limits and times of live delivery.
#[derive(Debug, Clone)]
pub struct LiveConfig {
    /// Most deliveries that wait for one connection; a slower reader loses its subscriptions.
    pub inbox: usize,
    /// Most subscriptions of one connection.
    pub subscriptions: usize,
    /// Most events that are read to replay what a client missed; above it the client gets a gap.
    pub replay_max: usize,
    /// An account without a request for this long is away.
    pub away_after: Duration,
    /// An account without a subscribed connection for this long is offline; shorter breaks are not announced.
    pub offline_grace: Duration,
    /// Least time between two events of one kind that replace each other: typing signals from one account to another,
    /// the presence of an account, the unread count of an account.
    pub spacing: Duration,
}

impl Default for LiveConfig {
    fn default() -> Self {
        Self {
            inbox: 1_024,
            subscriptions: 32,
            replay_max: 1_000,
            away_after: Duration::from_secs(600),
            offline_grace: Duration::from_secs(5),
            spacing: Duration::from_secs(1),
        }
    }
}

/// Counts for the operator.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LiveStatistics {
    /// Connections that are logged in.
    pub connections: u32,
    /// Subscriptions of all connections.
    pub subscriptions: u32,
    /// Accounts that are online or away and do not hide it.
    pub online: u32,
}
