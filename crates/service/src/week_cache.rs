//! The hashtags of the last 7 days, which are read from the store at most once a minute.

use std::sync::Mutex;

use model::{AccountId, Trend};
use tokio::time::Instant;

/// A hashtag, and the account that alone used it.
pub(crate) type UsedHashtag = (Trend, Option<AccountId>);

/// The hashtags of the last 7 days, those of the most people first, and when they were read.
#[derive(Debug, Default)]
pub(crate) struct WeekCache(pub(crate) Mutex<Option<(Instant, Vec<UsedHashtag>)>>);
