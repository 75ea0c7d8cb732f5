//! Builds of the `mini-tweet` program that the other commands start.

use std::path::PathBuf;

use crate::process::{cargo, target_directory};

/// Development build.
pub(crate) fn debug() -> Result<PathBuf, String> {
    cargo(&["build", "--quiet", "--locked", "--package", "mini-tweet"])?;
    Ok(target_directory().join("debug/mini-tweet"))
}

/// Release build, together with these other packages.
pub(crate) fn release(others: &[&str]) -> Result<PathBuf, String> {
    let mut args = vec!["build", "--release", "--locked", "--package", "mini-tweet"];
    args.extend(others.iter().flat_map(|name| ["--package", name]));
    cargo(&args)?;
    Ok(target_directory().join("release/mini-tweet"))
}

/// Development build with faults that a test can switch on. It shares its dependencies with the normal development
/// build. The copy has its own name, so that it cannot be mistaken for the normal one.
pub(crate) fn with_faults() -> Result<PathBuf, String> {
    cargo(&["build", "--locked", "--package", "mini-tweet", "--features", "faults"])?;
    let directory = target_directory().join("debug");
    let program = directory.join("mini-tweet-faults");
    std::fs::copy(directory.join("mini-tweet"), &program)
        .map_err(|error| format!("{}: {error}", program.display()))?;
    cargo(&["build", "--locked", "--package", "mini-tweet"])?;
    Ok(program)
}
