//! Random durations. Everything random comes from a seeded generator, so that a run can be repeated.

use std::ops::RangeInclusive;
use std::time::Duration;

use fastrand::Rng;

/// A duration in this range, with a resolution of one microsecond.
pub(crate) fn duration_in(random: &mut Rng, range: RangeInclusive<Duration>) -> Duration {
    let micros = |duration: &Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(random.u64(micros(range.start())..=micros(range.end())))
}
