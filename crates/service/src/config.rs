//! How the service behaves: limits and periods that an operator can change.

use std::time::Duration;

use crate::passwords::Argon2Cost;

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
    /// InjectedBug passwords for one account from one address within 10 minutes before it has to wait.
    pub login_failures_per_account: u32,
    /// InjectedBug passwords from one address in 5 minutes; 0 is no limit.
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
            hashing_threads: store::cores().saturating_sub(1).max(1),
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
