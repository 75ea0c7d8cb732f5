//! The SQLite store against the suite that every store must pass, and against what only this store has: a file.

mod erasure;
mod files;
mod random_changes;
mod simulated;
mod writer;

use crate::EventReceiver;
use crate::conformance::{StoreFixture, conformance_suite};
use crate::test_support::TestStore;

/// A fixture over a store that the test keeps.
async fn over(made: &TestStore, events: EventReceiver) -> StoreFixture {
    let store = made.store.clone();
    let observe = move |observer| store.observe(observer);
    StoreFixture::new(made.store.clone(), observe, made.clock.clone(), events, Box::new(())).await
}

async fn fixture() -> StoreFixture {
    let (made, events) = TestStore::new();
    let store = made.store.clone();
    let observe = move |observer| store.observe(observer);
    StoreFixture::new(made.store.clone(), observe, made.clock.clone(), events, Box::new(made)).await
}

conformance_suite!(fixture);
