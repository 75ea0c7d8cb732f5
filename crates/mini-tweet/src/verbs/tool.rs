//! The program about itself: completions, manual pages, version.

use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use crate::args::Cli;
use crate::context::Context;
use crate::exit::Failure;

pub(super) fn completion(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mini-tweet", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}

pub(super) fn manual(directory: Option<&Path>) -> Result<(), Failure> {
    match directory {
        None => Ok(Man::new(Cli::command()).render(&mut std::io::stdout())?),
        Some(directory) => {
            std::fs::create_dir_all(directory)?;
            Ok(clap_mangen::generate_to(Cli::command(), directory)?)
        }
    }
}

pub(super) fn version(context: &Context) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    context.out.word(&["version"], [version.into()], version)
}
