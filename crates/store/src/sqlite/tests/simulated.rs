//! The simulated store against the same suite.

use std::sync::Arc;
use std::time::Duration;

use crate::conformance::{StoreFixture, conformance_suite};
use crate::sqlite::simulated::{SimOptions, SimulatedDisk};
use crate::test_support::{START_MS, TestClock};

async fn fixture() -> StoreFixture {
    let clock = TestClock::new();
    let disk = SimulatedDisk::new(START_MS);
    let options = SimOptions {
        takes: |_| Duration::ZERO,
        chance: Arc::default(),
        queue: 1_000,
        acknowledges_early: false,
    };
    let (store, events) = disk.open(clock.clone(), options);
    let store = Arc::new(store);
    let observed = store.clone();
    let observe = move |observer| observed.observe(observer);
    StoreFixture::new(store, observe, clock, events, Box::new(disk)).await
}

conformance_suite!(fixture);
