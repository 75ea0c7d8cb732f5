//! `cargo xtask docs`: the pages that are generated from the program.

use std::path::Path;
use std::process::Command;

use crate::builds;
use crate::process::{Outcome, output, root};

/// Writes the generated pages.
pub(crate) fn write() -> Outcome {
    for (name, text) in pages()? {
        std::fs::write(root().join(name), text).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(())
}

/// Compares the generated pages with the program.
///
/// # Errors
/// Names the first page that differs.
pub(crate) fn check() -> Outcome {
    for (name, text) in pages()? {
        if std::fs::read_to_string(root().join(name)).unwrap_or_default() != text {
            return Err(format!("{name} does not match the program; run: cargo xtask docs"));
        }
    }
    Ok(())
}

/// Path and text of each page.
fn pages() -> Result<[(&'static str, String); 3], String> {
    let program = builds::debug()?;
    Ok([
        ("docs/configuration.md", printed(&program, &["serve", "--show-options"])?),
        ("docs/cli.md", command_line(&program)?),
        ("docs/keys.md", printed(&program, &["keymap", "list", "--markdown"])?),
    ])
}

/// The help of the program and of each verb, as one page.
fn command_line(program: &Path) -> Result<String, String> {
    let mut page = String::from(
        "# Command line\n\nWhat `mini-tweet help` and `mini-tweet help VERB` say. This page is generated from the \
         program.\n",
    );
    let overview = printed(program, &["help"])?;
    page += &format!("\n```text\n{}\n```\n", overview.trim_end());
    for verb in verbs(&overview) {
        let help = printed(program, &["help", verb])?;
        page += &format!("\n## `{verb}`\n\n```text\n{}\n```\n", own_part(&help, &overview).trim_end());
    }
    Ok(page)
}

/// Names of the verbs in the overview, except `help`.
fn verbs(overview: &str) -> impl Iterator<Item = &str> {
    overview
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help")
}

/// The help of a verb up to the options that all verbs share. The overview has them under the same heading, after its
/// section "Options:".
fn own_part<'a>(help: &'a str, overview: &str) -> &'a str {
    let is_heading = |line: &&str| line.ends_with(':') && !line.starts_with(' ');
    let mut headings = overview.lines().skip_while(|line| *line != "Options:").skip(1).filter(is_heading);
    let Some(shared) = headings.next() else { return help };
    help.split_once(&format!("\n{shared}\n")).map_or(help, |(own, _)| own)
}

/// What the program prints when its output is a narrow page.
fn printed(program: &Path, args: &[&str]) -> Result<String, String> {
    let mut command = Command::new(program);
    command
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .env_remove("MINI_TWEET_SERVER");
    output(&mut command)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OVERVIEW: &str = "\
Commands:
  post  Post a tweet
        and print its id
  help  Print this message

Options:
  -h  Print help

Global options:
  --json  Print JSON
";

    #[test]
    fn verbs_are_the_names_of_the_commands_without_help() {
        assert_eq!(verbs(OVERVIEW).collect::<Vec<_>>(), ["post"]);
    }

    #[test]
    fn the_options_of_all_verbs_are_not_repeated() {
        let help = "Post a tweet\n\nOptions:\n  -h  Print help\n\nGlobal options:\n  --json  Print JSON\n";
        assert_eq!(own_part(help, OVERVIEW), "Post a tweet\n\nOptions:\n  -h  Print help\n");
    }
}
