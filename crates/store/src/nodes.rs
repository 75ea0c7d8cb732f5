//! The servers that share a store.

/// What a server reports of itself to the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct NodeReport {
    /// Its version.
    pub version: String,
    /// Its host name and port, or the address that it listens on.
    pub address: String,
    /// When it was started (Unix milliseconds).
    pub started_ms: i64,
    /// Open connections, without those to its operator socket.
    pub connections: u32,
    /// It accepts no connections.
    pub is_draining: bool,
}

/// A server as the shared database knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeRecord {
    /// The random number of its process.
    pub boot: u64,
    /// It is the one that has this store open.
    pub is_this: bool,
    /// Its last report.
    pub report: NodeReport,
    /// When it made the report (Unix milliseconds).
    pub seen_ms: i64,
    /// It has not reported for too long: it has ended or cannot reach the database.
    pub is_lost: bool,
    /// Entries of the log that it had not applied then.
    pub behind_entries: u32,
    /// Since when the first of them had been there, in milliseconds.
    pub behind_ms: u64,
}
