//! The SQLite store against the suite that every store must pass, and against what only this store has: a file.

mod copies;
mod erasure;
mod files;
mod random_changes;
mod refill;
mod simulated;
mod writer;

use crate::conformance::{StoreFixture, conformance_suite, engine_suite};
use crate::test_support::TestStore;

/// A fixture over a store that the test keeps.
pub(super) fn over(made: &TestStore) -> StoreFixture {
    let reopen = Box::new(|| panic!("the test keeps the store"));
    StoreFixture::new(made.store.clone(), made.clock.clone(), reopen)
}

async fn fixture() -> StoreFixture {
    keeping(TestStore::new())
}

/// A fixture that keeps its store.
fn keeping(made: TestStore) -> StoreFixture {
    let (store, clock) = (made.store.clone(), made.clock.clone());
    let reopen = async || keeping(made.reopen().await);
    StoreFixture::new(store, clock, Box::new(|| Box::pin(reopen())))
}

conformance_suite!(fixture);
engine_suite!(fixture);
