//! What every scenario needs to know: the programs to test, how much to try, and the seed.

use std::path::PathBuf;

use fastrand::Rng;

/// The settings of a run.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// The release build of the server.
    pub(crate) program: PathBuf,
    /// The server with the feature `faults`, for crash points and for negative controls with injected bugs.
    pub(crate) faults: PathBuf,
    pub(crate) scale: Scale,
    /// Seed of all random decisions.
    pub(crate) seed: u64,
}

/// How often things are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// A few minutes for all scenarios.
    Short,
    /// As often as docs/reliability.md states.
    Long,
}

impl Context {
    /// The number for the scale of this run.
    pub(crate) fn times(&self, short: usize, long: usize) -> usize {
        match self.scale {
            Scale::Short => short,
            Scale::Long => long,
        }
    }

    /// A random generator for this purpose. Generators for different purposes are independent, so that a change to one
    /// scenario does not change the decisions of another.
    pub(crate) fn random(&self, purpose: &str) -> Rng {
        // FNV-1 without its initial value.
        const PRIME: u64 = 0x0100_0000_01b3;
        let mix = |seed: u64, byte: u8| seed.wrapping_mul(PRIME).wrapping_add(byte.into());
        Rng::with_seed(purpose.bytes().fold(self.seed, mix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_purpose_give_the_same_numbers() {
        let numbers = |seed, purpose| {
            let (program, faults) = (PathBuf::new(), PathBuf::new());
            let mut random = Context { program, faults, scale: Scale::Short, seed }.random(purpose);
            [random.u64(..), random.u64(..)]
        };
        assert_eq!(numbers(1, "crash"), numbers(1, "crash"));
        assert_ne!(numbers(1, "crash"), numbers(2, "crash"));
        assert_ne!(numbers(1, "crash"), numbers(1, "power"));
    }
}
