//! `cargo xtask ci`: everything that a change must pass, as a table of steps.

use std::time::{Duration, Instant};

use crate::process::{Outcome, cargo, run, tool};
use crate::{bench, cycles, docs, sizes, tools, torture, words};

/// When a step runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// Only with `--quick`.
    Quick,
    /// Only without `--quick`.
    Full,
}

struct Step {
    name: &'static str,
    when: When,
    /// Reads the source without building the workspace. The checks of the source all run, even if one of them fails.
    /// After a failure no other step starts.
    is_source_check: bool,
    run: fn() -> Outcome,
}

const fn source_check(name: &'static str, run: fn() -> Outcome) -> Step {
    Step { name, when: When::Always, is_source_check: true, run }
}

const fn step(name: &'static str, when: When, run: fn() -> Outcome) -> Step {
    Step { name, when, is_source_check: false, run }
}

const STEPS: [Step; 13] = [
    source_check("format", || cargo(&["fmt", "--all", "--check"])),
    source_check("words", || words::check(&[])),
    source_check("cycles", cycles::check),
    source_check("sizes", sizes::check),
    step("system programs", When::Full, tools::install),
    step("lints", When::Always, || {
        cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])
    }),
    step("unit tests", When::Quick, || cargo(&["test", "--workspace", "--locked", "--lib", "--bins"])),
    // The end-to-end tests start the program, which cargo does not build for all of them.
    step("program", When::Full, || {
        cargo(&["build", "--locked", "--package", "mini-tweet"])?;
        // The first command in the README.
        cargo(&["run", "--quiet", "--locked", "--", "--version"])
    }),
    step("tests", When::Full, || cargo(&["test", "--workspace", "--locked"])),
    step("generated pages", When::Full, docs::check),
    step("documentation", When::Full, rustdoc),
    step("torture", When::Full, torture::ci_scenarios),
    step("benchmark", When::Full, || bench::bench(&["guard", "--seconds", "3"])),
];

/// Runs every step.
pub(crate) fn full() -> Outcome {
    run_steps(&STEPS, When::Full)
}

/// Runs the steps that a developer waits for before each commit: no end-to-end tests, no release build.
pub(crate) fn quick() -> Outcome {
    run_steps(&STEPS, When::Quick)
}

fn run_steps(steps: &[Step], when: When) -> Outcome {
    let mut failures = Vec::new();
    let mut times: Vec<(&str, Duration)> = Vec::new();
    for step in steps.iter().filter(|step| step.when == When::Always || step.when == when) {
        if !failures.is_empty() && !step.is_source_check {
            break;
        }
        eprintln!("== {}", step.name);
        let start = Instant::now();
        if let Err(error) = (step.run)() {
            eprintln!("{error}");
            failures.push(step.name);
        }
        times.push((step.name, start.elapsed()));
    }
    eprintln!("== time");
    for (name, time) in times {
        eprintln!("{:>7.1} s  {name}", time.as_secs_f64());
    }
    if failures.is_empty() {
        eprintln!("all passed");
        return Ok(());
    }
    Err(format!("failed: {}", failures.join(", ")))
}

fn rustdoc() -> Outcome {
    let mut rustdoc =
        tool("cargo", &["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"]);
    run(rustdoc.env("RUSTDOCFLAGS", "-D warnings"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail() -> Outcome {
        Err("planted failure".to_owned())
    }

    #[test]
    fn all_source_checks_run_and_a_failure_stops_the_other_steps() {
        let steps = [
            source_check("first", fail),
            source_check("second", fail),
            step("third", When::Always, || panic!("must not run")),
        ];
        assert_eq!(run_steps(&steps, When::Full), Err("failed: first, second".to_owned()));
    }

    #[test]
    fn a_quick_run_leaves_out_the_full_steps() {
        let steps = [step("full", When::Full, fail), step("quick", When::Quick, || Ok(()))];
        assert_eq!(run_steps(&steps, When::Quick), Ok(()));
        assert_eq!(run_steps(&steps, When::Full), Err("failed: full".to_owned()));
    }
}
