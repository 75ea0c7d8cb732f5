//! Trends.

/// A hashtag with how it was used in the last 24 hours.
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

impl Trend {
    /// A hashtag that was not used in the last 24 hours.
    #[must_use]
    pub fn unused(name: &str) -> Self {
        Self { name: name.to_owned(), people: 0, tweets: 0, history: [0; 24] }
    }
}
