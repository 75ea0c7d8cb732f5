//! Trends.

/// A hashtag that many people use now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trend {
    /// As first written.
    pub name: String,
    /// Different people in the last 24 hours.
    pub people: u32,
    /// Tweets in the last 24 hours.
    pub tweets: u32,
    /// People per hour, oldest first, the running hour last.
    pub history: [u32; 24],
}
