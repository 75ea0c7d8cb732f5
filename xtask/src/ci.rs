//! `cargo xtask ci`: everything that a change must pass.

use crate::process::{Outcome, cargo, run, tool};
use crate::{bench, docs, tools, torture};

/// Runs every step and stops at the first that fails.
pub(crate) fn ci() -> Outcome {
    tools::install()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    // The end-to-end tests start the program, which cargo does not build for all of them.
    cargo(&["build", "--locked", "--package", "mini-tweet"])?;
    // The first command in the README.
    cargo(&["run", "--quiet", "--locked", "--", "--version"])?;
    cargo(&["test", "--workspace", "--locked"])?;
    docs::check()?;
    let mut rustdoc =
        tool("cargo", &["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"]);
    run(rustdoc.env("RUSTDOCFLAGS", "-D warnings"))?;
    torture::ci_scenarios()?;
    bench::bench(&["guard", "--seconds", "3"])?;
    eprintln!("all passed");
    Ok(())
}
