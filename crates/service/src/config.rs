//! Policies, limits and periods of the service that the operator can change.

use std::time::Duration;

/// Who may sign up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignUpMode {
    /// Everyone.
    Open,
    /// Anyone with an invite code.
    Invite,
    /// No one; admins and the operator create accounts.
    Closed,
}

/// Work of one password hash. The default is OWASP's floor for argon2id: 19 MiB, 2 passes, no parallelism, about 22 ms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Argon2Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub passes: u32,
    /// Degree of parallelism.
    pub parallelism: u32,
}

impl Default for Argon2Cost {
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, parallelism: 1 }
    }
}

/// Policies and limits of the service.
#[derive(Debug, Clone)]
pub struct ServiceConfig {
    /// The name of the server, shown to everyone.
    pub server_name: String,
    /// What the operator says about the server and its rules; may be empty.
    pub description: String,
    /// Its rules, each a text of one line; may be empty.
    pub rules: Vec<String>,
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// Whether the account that signs up first gets the role admin.
    pub first_account_is_admin: bool,
    /// A session that was not used for this long ends.
    pub sessions_idle: Duration,
    /// No session lives longer than this.
    pub sessions_absolute: Duration,
    /// A failed log-in is answered this long after it was received, whatever the reason.
    pub login_answer_after: Duration,
    /// Hashes computed at the same time.
    pub hashing_threads: usize,
    /// Most hashes that wait for a thread; more are refused with `BUSY`.
    pub hashing_queue: usize,
    /// Work of one password hash.
    pub argon2: Argon2Cost,
    /// Accounts that one network may create in 30 minutes; 0 is no limit.
    pub sign_ups_per_address: u32,
    /// Accounts that do not follow the author and that one tweet may mention; 0 is no limit.
    pub stranger_mentions: usize,
    /// Wrong passwords for one account from one address within 10 minutes before it has to wait; 0 is no limit.
    pub login_failures_per_account: u32,
    /// Wrong passwords from one address in 5 minutes; 0 is no limit.
    pub login_failures_per_address: u32,
    /// How long idempotency keys are kept.
    pub keys_kept: Duration,
    /// How long events are kept: a client that was away for less time can be sent all that it missed.
    pub events_kept: Duration,
}

impl Default for ServiceConfig {
    fn default() -> Self {
        const HOUR: u64 = 3_600;
        Self {
            server_name: "Mini-Tweet".into(),
            description: String::new(),
            rules: Vec::new(),
            sign_up: SignUpMode::Open,
            first_account_is_admin: false,
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
