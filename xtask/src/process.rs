//! Starting other programs: cargo, git and our own builds.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Result of a step. The error is a message for the developer.
pub(crate) type Outcome = Result<(), String>;

/// Runs cargo in the root of the repository.
pub(crate) fn cargo(args: &[&str]) -> Outcome {
    run(&mut tool("cargo", args))
}

/// A command that starts in the root of the repository.
pub(crate) fn tool(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    // cargo describes xtask in these variables. Build scripts that read them (ring) would otherwise run again.
    for (variable, _) in std::env::vars_os() {
        let known = variable.to_string_lossy();
        if known.starts_with("CARGO_PKG_") || known.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&variable);
        }
    }
    command.args(args).current_dir(root());
    command
}

/// Prints a command, runs it and waits for it. A failed exit status is an error.
pub(crate) fn run(command: &mut Command) -> Outcome {
    eprintln!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

/// What a command writes to stdout, which must be UTF-8.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let out = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if !out.status.success() {
        return Err(format!(
            "{command:?} ended with {}: {}",
            out.status,
            String::from_utf8_lossy(&out.stderr)
        ));
    }
    String::from_utf8(out.stdout).map_err(|error| format!("{command:?}: {error}"))
}

/// Root of the repository that cargo runs xtask in, or else of the one that it was built in.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let package = Path::new(&package);
    package.parent().unwrap_or(package).to_owned()
}

/// Directory of build results, as cargo chooses it.
pub(crate) fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
