//! Development tasks of the project: `cargo xtask COMMAND`.

mod bench;
mod builds;
mod ci;
mod cluster;
mod cycles;
mod deny;
mod docs;
mod figures;
mod gallery;
mod process;
mod sample;
mod scene;
mod screen;
mod screenshots;
mod sizes;
mod source;
mod steady;
mod svg;
mod tools;
mod torture;
mod tour;
mod words;

use std::process::ExitCode;

use process::Outcome;

/// A command of `cargo xtask`.
struct Command {
    name: &'static str,
    /// Arguments, as the usage shows them.
    arguments: &'static str,
    /// One line for the usage.
    help: &'static str,
    /// Gets the arguments after the name. `None` if they are wrong.
    run: fn(&[&str]) -> Option<Outcome>,
}

const COMMANDS: [Command; 13] = [
    Command {
        name: "ci",
        arguments: "[--quick]",
        help: "run everything that a change must pass; --quick leaves out end-to-end tests and release builds",
        run: |args| match args {
            [] => Some(ci::full()),
            ["--quick"] => Some(ci::quick()),
            _ => None,
        },
    },
    Command {
        name: "words",
        arguments: "[--count] [PATH]...",
        help: "find words that xtask/words.toml bans; --count prints the number of hits per word and directory",
        run: |args| match args {
            ["--count", paths @ ..] => Some(words::count(paths)),
            paths if paths.iter().any(|path| path.starts_with('-')) => None,
            paths => Some(words::check(paths)),
        },
    },
    Command {
        name: "cycles",
        arguments: "",
        help: "find source files of a crate that depend on each other in a circle",
        run: |args| args.is_empty().then(cycles::check),
    },
    Command {
        name: "sizes",
        arguments: "",
        help: "find source files and functions that are too long",
        run: |args| args.is_empty().then(sizes::check),
    },
    Command {
        name: "docs",
        arguments: "[--check]",
        help: "write docs/configuration.md, docs/cli.md and docs/keys.md from the program; --check only compares",
        run: |args| match args {
            [] => Some(docs::write()),
            ["--check"] => Some(docs::check()),
            _ => None,
        },
    },
    Command {
        name: "deny",
        arguments: "",
        help: "check licences, sources and bans of dependencies; installs cargo-deny under target/ if needed",
        run: |args| args.is_empty().then(deny::deny),
    },
    Command {
        name: "cluster",
        arguments: "[COMMAND [ARGUMENT]...]",
        help: "run two servers on PostgreSQL and NATS behind HAProxy until Ctrl-C, or as long as the command runs",
        run: |args| Some(builds::debug().and_then(|program| cluster::run(&program, args))),
    },
    Command {
        name: "tour",
        arguments: "",
        help: "print the session of two accounts with a real server that README.md shows",
        run: |args| args.is_empty().then(|| tour::print(&builds::debug()?)),
    },
    Command {
        name: "screenshots",
        arguments: "[--edges FILE --tweets FILE]",
        help: "draw docs/pictures/ and docs/screens.md from the client, the pictures of an imported network or of its tour",
        run: |args| match args {
            [] => Some(builds::debug().and_then(|program| screenshots::take(&program, None))),
            ["--edges", edges, "--tweets", tweets] => {
                Some(builds::debug().and_then(|program| screenshots::take(&program, Some((edges, tweets)))))
            }
            _ => None,
        },
    },
    Command {
        name: "figures",
        arguments: "[ssh]",
        help: "measure a release build of the client: first frame, keys, memory, 300 ssh sessions",
        run: |args| match args {
            [] => Some(builds::release(&[]).and_then(|program| figures::measure(&program, 300))),
            ["ssh"] => Some(builds::release(&[]).and_then(|program| figures::measure_ssh(&program, 300))),
            _ => None,
        },
    },
    Command {
        name: "bench",
        arguments: "[ARGUMENT]...",
        help: "measure a release build of the server; the benchmark gets the arguments",
        run: |args| Some(bench::bench(args)),
    },
    Command {
        name: "torture",
        arguments: "[--scenario NAME]... [--short | --long] [--seed N]",
        help: "try to break the promises of docs/reliability.md on a release build",
        run: |args| Some(torture::torture(args)),
    },
    Command { name: "help", arguments: "", help: "print this text", run: |_| Some(print_usage()) },
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = args.split_first().and_then(|(name, rest)| {
        let command = COMMANDS.iter().find(|command| command.name == *name)?;
        (command.run)(rest)
    });
    match outcome.unwrap_or_else(|| Err(usage())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn usage() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n");
    for Command { name, arguments, help, .. } in &COMMANDS {
        let synopsis = format!("{name} {arguments}");
        text += &format!("\n  {}\n      {help}", synopsis.trim_end());
    }
    text
}

// Returns a result so that the table can hold it.
#[expect(clippy::unnecessary_wraps, reason = "has the type of every command")]
fn print_usage() -> Outcome {
    println!("{}", usage());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usage_names_every_command_once() {
        let usage = usage();
        for command in &COMMANDS {
            let lines = usage.lines().filter(|line| {
                line.strip_prefix("  ").and_then(|line| line.split(' ').next()) == Some(command.name)
            });
            assert_eq!(lines.count(), 1, "{}", command.name);
        }
    }
}
