//! `cargo xtask deny`: licences, sources and bans of dependencies.

use std::process::Command;

use crate::process::{Outcome, root, run, target_directory, tool};

/// Runs cargo-deny, and installs it under the target directory if it is missing. Advisories are not checked, because
/// they need a database from the network; `cargo deny check` checks them too.
pub(crate) fn deny() -> Outcome {
    let tools = target_directory().join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        let mut install =
            tool("cargo", &["install", "cargo-deny", "--version", "0.20.2", "--locked", "--root"]);
        run(install.arg(&tools))?;
    }
    run(Command::new(program).args(["--offline", "check", "bans", "licenses", "sources"]).current_dir(root()))
}
