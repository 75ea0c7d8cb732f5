//! Hash maps for parsed keys, that is identifiers and names: a fast hash with a random seed per map is enough for these.

use std::collections::{HashMap, HashSet};

#[cfg(not(any(test, feature = "test-support")))]
pub use foldhash::fast::RandomState;

// A simulation must be reproducible by its seed, whichever map it iterates over.
#[cfg(any(test, feature = "test-support"))]
pub use foldhash::fast::FixedState as RandomState;

/// A map with a fast hash.
pub type Map<K, V> = HashMap<K, V, RandomState>;
/// A set with a fast hash.
pub type Set<K> = HashSet<K, RandomState>;
