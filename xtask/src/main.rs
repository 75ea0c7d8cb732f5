//! Chores of the project: `cargo xtask ci` passes or fails as a change does, `cargo xtask docs` writes the pages
//! that are made from the source.

mod figures;
mod scene;
mod screen;
mod screenshots;
mod tour;

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const USAGE: &str = "\
usage: cargo xtask CHORE

  ci            everything that a change must pass: format, lints, tests, docs
  docs          write docs/configuration.md, docs/cli.md and docs/keys.md from the program
  docs --check  fail if they are not what the program says
  deny          licences, sources and bans of dependencies (installs cargo-deny under target/ when it is missing)
  tour          print a session of two people with a real server, as it stands in README.md
  screenshots [--edges FILE --tweets FILE]
                pictures of the client, in docs/pictures/: on an imported network, or else on its own tour
  figures [ssh] what the client costs, of a release build: first frame, keys, memory, 300 ssh sessions
  bench [ARGS]  measure a release build; arguments go to the benchmark
  torture [--lane NAME]... [--short | --long] [--seed N]
                try to break the promises of docs/reliability.md on a release build";

type Outcome = Result<(), String>;

/// Lanes whose outcome is the same on a slow and on a busy machine. The others measure: slow, overload, backup, soak;
/// and the tests of the server have the simulation.
const CI_LANES: [&str; 13] = [
    "power", "crash", "frames", "disk", "clock", "names", "erase", "restart", "migrate", "abuse", "terminal",
    "tls", "auth",
];

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["ci"] => ci(),
        ["docs"] => docs(false),
        ["docs", "--check"] => docs(true),
        ["deny"] => deny(),
        ["screenshots"] => {
            program().and_then(|program| screenshots::take(&program, None, Path::new("docs/pictures")))
        }
        ["screenshots", "--edges", edges, "--tweets", tweets] => program().and_then(|program| {
            screenshots::take(&program, Some((edges, tweets)), Path::new("docs/pictures"))
        }),
        ["figures", "ssh"] => release().and_then(|program| figures::measure_ssh(&program, 300)),
        ["figures"] => release().and_then(|program| figures::measure(&program, 300)),
        ["tour"] => program().and_then(|program| tour::print(&program)),
        ["bench", rest @ ..] => bench(rest),
        ["torture", rest @ ..] => torture(rest),
        _ => Err(USAGE.to_owned()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("{problem}");
            ExitCode::FAILURE
        }
    }
}

fn ci() -> Outcome {
    tools()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"])?;
    // The tests run the program as a process: it must be there before any of them.
    cargo(&["build", "--locked", "--package", "mini-tweet"])?;
    // As the README begins.
    cargo(&["run", "--quiet", "--locked", "--", "--version"])?;
    cargo(&["test", "--workspace", "--locked"])?;
    docs(true)?;
    let mut rustdoc =
        tool("cargo", &["doc", "--workspace", "--no-deps", "--locked", "--document-private-items"]);
    run(rustdoc.env("RUSTDOCFLAGS", "-D warnings"))?;
    torture(&CI_LANES.iter().flat_map(|lane| ["--lane", lane]).collect::<Vec<_>>())?;
    bench(&["guard", "--seconds", "3"])?;
    eprintln!("all passed");
    Ok(())
}

/// The program as it is now.
fn program() -> Result<PathBuf, String> {
    cargo(&["build", "--quiet", "--locked", "--package", "mini-tweet"])?;
    Ok(target_directory().join("debug/mini-tweet"))
}

/// A release build of the program.
fn release() -> Result<PathBuf, String> {
    cargo(&["build", "--release", "--locked", "--package", "mini-tweet"])?;
    Ok(target_directory().join("release/mini-tweet"))
}

/// What the tests start beside the project's own programs; installed where we may.
fn tools() -> Outcome {
    let is_there = |tool: &&(&str, &str)| Command::new(tool.0).arg("--version").output().is_ok();
    let all = [
        ("cc", "gcc"),
        ("python3", "python3"),
        ("ssh", "openssh-client"),
        ("ssh-keygen", "openssh-client"),
        ("systemd-analyze", "systemd"),
        ("unshare", "util-linux"),
        ("fusermount3", "fuse3"),
        ("fiu-run", "fiu-utils"),
        ("faketime", "faketime"),
        ("strace", "strace"),
        ("openssl", "openssl"),
        ("redis-server", "redis-server"),
    ];
    let missing: Vec<&str> = all.iter().filter(|tool| !is_there(tool)).map(|(_, package)| *package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    // A new machine may have no list of what there is.
    run(Command::new("apt-get").args(["update", "--quiet"]))
        .and_then(|()| run(Command::new("apt-get").args(["install", "--yes"]).args(&missing)))
        .map_err(|error| format!("please install {}: {error}", missing.join(", ")))
}

/// Pages that repeat what the program says of itself.
fn docs(only_check: bool) -> Outcome {
    let program = program()?;
    let pages = [
        ("docs/configuration.md", said(&program, &["serve", "--show-options"])?),
        ("docs/cli.md", command_line(&program)?),
        ("docs/keys.md", said(&program, &["keymap", "list", "--markdown"])?),
    ];
    for (name, text) in pages {
        let path = root().join(name);
        if !only_check {
            std::fs::write(&path, text).map_err(|error| format!("{name}: {error}"))?;
        } else if std::fs::read_to_string(&path).unwrap_or_default() != text {
            return Err(format!("{name} is not what the program says; run: cargo xtask docs"));
        }
    }
    Ok(())
}

/// The help of the program and of each verb, as a page.
fn command_line(program: &Path) -> Result<String, String> {
    let mut page = String::from(
        "# Command line\n\nWhat `mini-tweet help` and `mini-tweet help VERB` say. This page is generated from the \
         program.\n",
    );
    let overview = said(program, &["help"])?;
    page += &format!("\n```text\n{}\n```\n", overview.trim_end());
    let verbs = overview
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|verb| *verb != "help");
    for verb in verbs {
        let help = said(program, &["help", verb])?;
        // What every verb takes stands once, above.
        let own = help.split("\nEverywhere:").next().unwrap_or_default();
        page += &format!("\n## `{verb}`\n\n```text\n{}\n```\n", own.trim_end());
    }
    Ok(page)
}

/// Known faults are not looked up: that needs a database from elsewhere. `cargo deny check` does all of it.
fn deny() -> Outcome {
    let tools = target_directory().join("tools");
    let program = tools.join("bin/cargo-deny");
    if !program.exists() {
        let mut install =
            tool("cargo", &["install", "cargo-deny", "--version", "0.20.2", "--locked", "--root"]);
        run(install.arg(&tools))?;
    }
    run(Command::new(program).args(["--offline", "check", "bans", "licenses", "sources"]).current_dir(root()))
}

fn bench(args: &[&str]) -> Outcome {
    cargo(&["build", "--release", "--locked", "--package", "mini-tweet", "--package", "mini-tweet-bench"])?;
    run(Command::new(target_directory().join("release/mini-tweet-bench")).args(args))
}

fn torture(args: &[&str]) -> Outcome {
    tools()?;
    cargo(&["build", "--release", "--locked", "--package", "mini-tweet", "--package", "mini-tweet-torture"])?;
    let release = target_directory().join("release");
    let faults = with_faults()?;
    let mut torture = Command::new(release.join("mini-tweet-torture"));
    run(torture.args(args).arg("--server").arg(release.join("mini-tweet")).arg("--faults").arg(faults))
}

/// A development build of the program with faults that can be switched on. It shares all that it stands on with the
/// build without them, and has a name of its own so that nobody takes it for that.
fn with_faults() -> Result<PathBuf, String> {
    cargo(&["build", "--locked", "--package", "mini-tweet", "--features", "faults"])?;
    let debug = target_directory().join("debug");
    let program = debug.join("mini-tweet-faults");
    std::fs::copy(debug.join("mini-tweet"), &program)
        .map_err(|error| format!("{}: {error}", program.display()))?;
    cargo(&["build", "--locked", "--package", "mini-tweet"])?;
    Ok(program)
}

/// What a program writes on stdout, as it would on a narrow page.
fn said(program: &Path, args: &[&str]) -> Result<String, String> {
    let out = Command::new(program)
        .args(args)
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .env_remove("MINI_TWEET_SERVER")
        .output()
        .map_err(|error| format!("{}: {error}", program.display()))?;
    if !out.status.success() {
        return Err(format!(
            "{} {args:?} failed: {}",
            program.display(),
            String::from_utf8_lossy(&out.stderr)
        ));
    }
    String::from_utf8(out.stdout).map_err(|error| error.to_string())
}

fn cargo(args: &[&str]) -> Outcome {
    run(&mut tool("cargo", args))
}

fn tool(name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(name);
    // What cargo says of this very package would make it build others anew that look at it (ring).
    for (variable, _) in std::env::vars_os() {
        let known = variable.to_string_lossy();
        if known.starts_with("CARGO_PKG_") || known.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&variable);
        }
    }
    command.args(args).current_dir(root());
    command
}

fn run(command: &mut Command) -> Outcome {
    eprintln!("{command:?}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{command:?} ended with {status}")),
        Err(error) => Err(format!("{command:?}: {error}")),
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn target_directory() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
