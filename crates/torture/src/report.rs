//! The printed report: one entry for each promise, with the command that repeats the scenario.

use crate::context::{Context, Scale};
use crate::error::Error;
use crate::finding::{Control, Finding};

/// Broken things printed for each promise; the rest is only counted.
const SHOWN_MAX: usize = 10;

/// Counts of promises over all scenarios.
#[derive(Debug, Default)]
pub(crate) struct Report {
    passed: usize,
    failed: usize,
}

impl Report {
    /// Prints the findings of a scenario.
    pub(crate) fn add(&mut self, scenario: &str, context: &Context, findings: Vec<Finding>) {
        for finding in findings {
            let verdict = if finding.is_good() { "pass" } else { "FAIL" };
            *if finding.is_good() { &mut self.passed } else { &mut self.failed } += 1;
            println!("{verdict} P{} {scenario}: {}; {}", finding.promise, finding.tried, finding.figures);
            match finding.control {
                Control::Detected(what) => println!("     control detected: {what}"),
                Control::Missed(what) => println!("     control MISSED: {what}"),
            }
            for what in finding.broken.iter().take(SHOWN_MAX) {
                println!("     broken: {what}");
            }
            if finding.broken.len() > SHOWN_MAX {
                println!("     broken: {} more", finding.broken.len() - SHOWN_MAX);
            }
            println!("     repeat: {}", command(scenario, context));
        }
    }

    /// Prints that a scenario could not run.
    pub(crate) fn add_error(&mut self, scenario: &str, context: &Context, error: &Error) {
        self.failed += 1;
        println!("FAIL {scenario}: could not run: {error}");
        println!("     repeat: {}", command(scenario, context));
    }

    pub(crate) fn print_summary(&self) {
        println!("{} passed, {} failed", self.passed, self.failed);
    }

    /// Whether nothing failed.
    pub(crate) fn is_good(&self) -> bool {
        self.failed == 0
    }
}

/// The command that runs this scenario again.
fn command(scenario: &str, context: &Context) -> String {
    let scale = match context.scale {
        Scale::Short => "--short",
        Scale::Long => "--long",
    };
    format!("cargo xtask torture --scenario {scenario} {scale} --seed {}", context.seed)
}
