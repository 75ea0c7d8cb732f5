//! The simulated store against the same suite.

use std::sync::Arc;
use std::time::Duration;

use crate::conformance::{StoreFixture, conformance_suite};
use crate::sqlite::simulated::{SimOptions, SimulatedDisk};
use crate::test_support::{START_MS, TestClock};

async fn fixture() -> StoreFixture {
    over(SimulatedDisk::new(START_MS), TestClock::new()).await
}

async fn over(disk: Arc<SimulatedDisk>, clock: Arc<TestClock>) -> StoreFixture {
    let options = SimOptions {
        takes: |_| Duration::ZERO,
        chance: Arc::default(),
        queue: 1_000,
        acknowledges_early: false,
    };
    let store = Arc::new(disk.open(clock.clone(), options));
    let reopen = {
        let clock = clock.clone();
        Box::new(move || Box::pin(over(disk, clock)) as _)
    };
    StoreFixture::new(store, clock, reopen)
}

conformance_suite!(fixture);
