//! Trends.

/// A hashtag that many people have used in the last 24 hours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trend {
    /// The hashtag as first written, without `#`.
    pub name: String,
    /// Number of different people who used it in the last 24 hours.
    pub people: u32,
    /// Number of tweets with it in the last 24 hours.
    pub tweets: u32,
    /// Number of people per hour, oldest first; the last entry is the current hour.
    pub history: [u32; 24],
}
