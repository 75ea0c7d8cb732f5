//! When the tweets on the screen are read again: no event says that someone else liked a tweet, or undid that.

use std::collections::BTreeMap;

/// Tweets that are read again by one request.
pub const TWEETS_MAX: usize = 40;
/// Tweets that are noted as changed; above this number none is.
const CHANGED_MAX: usize = 1_000;
/// How old the counts on the screen become while someone uses the client, in milliseconds.
const PAUSE_MS: i64 = 15_000;
/// The same while no one does, and nothing changes.
const PAUSE_MAX_MS: i64 = 120_000;
/// The time after an event that changed counts, in milliseconds: others may follow it.
const SOON_MS: i64 = 500;
/// The least time between two requests, in milliseconds.
const BETWEEN_MS: i64 = 2_000;

/// What decides when the tweets on the screen are read again.
#[derive(Debug)]
pub struct TweetRefresh {
    /// Tweets whose counts have changed, and since when, in Unix milliseconds.
    changed: BTreeMap<u64, i64>,
    /// How old the counts on the screen may become, in milliseconds.
    pause: i64,
    /// No request is made before this time, in Unix milliseconds.
    not_before: i64,
    /// A request has no response yet.
    is_requested: bool,
    /// The server does not know the request.
    is_unsupported: bool,
    /// When the next request is made, in Unix milliseconds; `None`: not until something changes.
    pub due_at: Option<i64>,
}

impl Default for TweetRefresh {
    fn default() -> Self {
        Self {
            changed: BTreeMap::new(),
            pause: PAUSE_MS,
            not_before: 0,
            is_requested: false,
            is_unsupported: false,
            due_at: None,
        }
    }
}

impl TweetRefresh {
    /// The counts of a tweet have changed; 0 is no tweet.
    pub fn note_changed(&mut self, now: i64, tweet: u64) {
        if tweet != 0 && self.changed.len() < CHANGED_MAX {
            self.changed.entry(tweet).or_insert(now);
        }
    }

    /// Someone uses the client.
    pub fn note_use(&mut self) {
        self.pause = PAUSE_MS;
    }

    /// There is a new connection, maybe to a newer server.
    pub fn note_connection(&mut self) {
        self.is_unsupported = false;
    }

    /// When tweets are to be read again whose counts came at these times.
    #[must_use]
    pub fn due(&self, shown: impl Iterator<Item = (u64, i64)>) -> Option<i64> {
        if self.is_requested || self.is_unsupported {
            return None;
        }
        let due = shown.map(|(tweet, counted_at)| match self.changed.get(&tweet) {
            Some(since) => since + SOON_MS,
            None => counted_at + self.pause,
        });
        due.min().map(|due| due.max(self.not_before))
    }

    /// They are requested.
    pub fn begin(&mut self, now: i64, tweets: &[u64]) {
        self.changed.retain(|tweet, _| !tweets.contains(tweet));
        self.is_requested = true;
        self.not_before = now + BETWEEN_MS;
    }

    /// The server has sent them. While nothing changes and no one uses the client, they are read less and less often.
    pub fn succeed(&mut self, has_changed: bool) {
        self.is_requested = false;
        self.pause = if has_changed { PAUSE_MS } else { (self.pause * 2).min(PAUSE_MAX_MS) };
    }

    /// The server has not.
    pub fn fail(&mut self, now: i64, is_unsupported: bool) {
        self.is_requested = false;
        self.is_unsupported |= is_unsupported;
        self.not_before = now + PAUSE_MS;
    }
}
