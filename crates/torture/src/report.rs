//! What a scenario found: a line for each promise, with what was tried, what broke, whether the same test noticed a server
//! that breaks it on purpose, and how to have it again.

use crate::Error;
use crate::scenario::{Scale, Scenario, Setup};

/// At most so many things that broke are written out.
const SHOWN: usize = 10;

/// What was found of one promise.
#[derive(Debug)]
pub(crate) struct Line {
    /// Its number in docs/reliability.md.
    pub(crate) promise: u8,
    /// What was tried, with how often: "20 power cuts under load".
    pub(crate) tried: String,
    /// Figures reached: "8,210 acknowledged, 0 lost".
    pub(crate) figures: String,
    /// Everything that was lost or broken, a line each; the promise is kept when there is nothing.
    pub(crate) broken: Vec<String>,
    pub(crate) control: Control,
}

/// Whether the test would have noticed: the same, tried on something that breaks the promise.
#[derive(Debug)]
pub(crate) enum Control {
    /// It was noticed, and how.
    Caught(String),
    /// It was not: the test proves nothing.
    Missed(String),
}

impl Control {
    /// Caught when the broken thing showed itself.
    pub(crate) fn of(caught: bool, what: impl Into<String>) -> Self {
        if caught { Self::Caught(what.into()) } else { Self::Missed(what.into()) }
    }
}

impl Line {
    fn is_good(&self) -> bool {
        self.broken.is_empty() && matches!(self.control, Control::Caught(_))
    }
}

/// What all scenarios found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    kept: usize,
    failed: usize,
}

impl Report {
    /// Prints what a scenario found.
    pub(crate) fn add(&mut self, scenario: Scenario, setup: &Setup, lines: Vec<Line>) {
        for line in lines {
            if line.is_good() {
                self.kept += 1;
            } else {
                self.failed += 1;
            }
            let verdict = if line.is_good() { "pass" } else { "FAIL" };
            println!("{verdict} P{} {}: {}; {}", line.promise, scenario.name(), line.tried, line.figures);
            match line.control {
                Control::Caught(what) => println!("     control caught: {what}"),
                Control::Missed(what) => println!("     control MISSED: {what}"),
            }
            for what in line.broken.iter().take(SHOWN) {
                println!("     broken: {what}");
            }
            if line.broken.len() > SHOWN {
                println!("     broken: {} more", line.broken.len() - SHOWN);
            }
            println!("     again: {}", again(scenario, setup));
        }
    }

    /// Prints that a scenario could not be run.
    pub(crate) fn add_failure(&mut self, scenario: Scenario, setup: &Setup, error: &Error) {
        self.failed += 1;
        println!(
            "FAIL {}: it could not be run: {error}\n     again: {}",
            scenario.name(),
            again(scenario, setup)
        );
    }

    pub(crate) fn print_summary(&self) {
        println!("{} kept, {} failed", self.kept, self.failed);
    }

    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0
    }
}

fn again(scenario: Scenario, setup: &Setup) -> String {
    let scale = match setup.scale {
        Scale::Short => "--short",
        Scale::Long => "--long",
    };
    format!("cargo xtask torture --scenario {} {scale} --seed {}", scenario.name(), setup.seed)
}
