//! Hash maps for keys that were parsed: identifiers and names. A fast hash with a seed of its own for each map is enough
//! for these.

use std::collections::{HashMap, HashSet};

#[cfg(not(any(test, feature = "test-support")))]
pub use foldhash::fast::RandomState;

// A simulation must be reproducible by its seed, whatever map it iterates over.
#[cfg(any(test, feature = "test-support"))]
pub use foldhash::fast::FixedState as RandomState;

/// A map with a fast hash.
pub type Map<K, V> = HashMap<K, V, RandomState>;
/// A set with a fast hash.
pub type Set<K> = HashSet<K, RandomState>;
