//! Parsing of a command line. `--json=help` needs nothing else: it only asks for the names of the fields.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{Arg, Command, CommandFactory as _, Error, FromArgMatches as _, Parser as _};

use super::Cli;

/// Takes the place of a value that is missing: a number, and so also an id or a name.
const ANY_VALUE: &str = "1";

impl Cli {
    /// Parses a command line, with the name of the program.
    ///
    /// # Errors
    /// What is wrong with it, or the help that it asks for.
    pub(crate) fn of<W: Into<OsString>>(words: impl IntoIterator<Item = W>) -> Result<Self, Error> {
        let words: Vec<OsString> = words.into_iter().map(Into::into).collect();
        match Self::try_parse_from(&words) {
            Err(error)
                if error.kind() == ErrorKind::MissingRequiredArgument
                    && words.iter().any(|word| word == "--json=help") =>
            {
                let parsed = without_required(Self::command()).try_get_matches_from(&words);
                parsed.and_then(|matches| Self::from_arg_matches(&matches)).map_err(|_| error)
            }
            outcome => outcome,
        }
    }
}

/// The command and its subcommands, none of which needs an argument.
fn without_required(command: Command) -> Command {
    let optional = |arg: Arg| match arg.is_required_set() {
        true => arg.required(false).default_value(ANY_VALUE),
        false => arg,
    };
    command.mut_args(optional).mut_subcommands(without_required)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Cli, Error> {
        Cli::of(line.split(' '))
    }

    #[test]
    fn the_names_of_the_fields_are_shown_without_any_argument() {
        for verb in ["show", "thread", "history", "like", "follow", "report", "backup", "admin create"] {
            assert!(parsed(&format!("mini-tweet {verb} --json=help")).is_ok(), "{verb}");
            let refused = parsed(&format!("mini-tweet {verb} --json")).map(drop).unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::MissingRequiredArgument, "{verb}");
        }
        let mistyped = parsed("mini-tweet show --json=help --nonsense").map(drop).unwrap_err();
        assert_eq!(mistyped.kind(), ErrorKind::UnknownArgument);
    }
}
