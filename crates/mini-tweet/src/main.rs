//! `mini-tweet`: the server, the client and the operator's tools in one program.
//!
//! This crate reads the command line, asks the client library or the server library, and shows the answer. What
//! Mini-Tweet is, is in those.

mod args;
mod context;
mod exit;
mod logging;
mod output;
mod prompt;
mod screen;
#[cfg(feature = "ssh")]
mod ssh;
mod systemd;
mod verbs;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use server::run::Sockets;

use args::{Cli, Verb};
use context::Context;
use exit::Failure;

/// As a shell shows a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    #[cfg(feature = "faults")]
    if std::env::var("MINI_TWEET_CLIENT_FAULTS").is_ok_and(|faults| faults == "unsafe-text") {
        model::make_nothing_safe();
    }
    let cli = Cli::parse();
    if cli.verb.is_none() && !cli.screen.plain && !screen::is_possible() {
        // Help at once where nothing was asked and there is no terminal.
        let _ = Cli::command().print_help();
        return ExitCode::from(2);
    }
    let as_json = cli.global.json.is_some();
    match run(cli) {
        Ok(code) => code,
        Err(failure) => {
            failure.print(as_json);
            ExitCode::from(failure.exit_code())
        }
    }
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    // While there is one thread.
    let sockets =
        if matches!(cli.verb, Some(Verb::Serve(_))) { systemd::sockets()? } else { Sockets::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = if let Some(Verb::Serve(ask)) = &cli.verb {
        // A server ends in its own way when it is told to.
        runtime.block_on(verbs::serve::serve(ask, &cli.global, sockets)).map(|()| ExitCode::SUCCESS)
    } else if cli.verb.is_none() {
        // Logs would be written over the screen; what matters is in the client's own log.
        runtime.block_on(screen::show(Context::new(cli.global)?, &cli.screen))
    } else {
        logging::of_client(cli.global.verbose);
        let terminal = Terminal::remember();
        runtime.block_on(async {
            tokio::select! {
                outcome = verb(cli) => outcome,
                _ = tokio::signal::ctrl_c() => {
                    terminal.restore();
                    Ok(ExitCode::from(INTERRUPTED))
                }
            }
        })
    };
    // A thread may still wait for a line that nobody types.
    runtime.shutdown_background();
    outcome
}

async fn verb(cli: Cli) -> Result<ExitCode, Failure> {
    let exit_status = cli.global.exit_status;
    let context = Context::new(cli.global)?;
    if let Some(verb) = cli.verb {
        verbs::run(&context, verb).await?;
    }
    if exit_status && context.out.rows() == 0 { Err(Failure::Empty) } else { Ok(ExitCode::SUCCESS) }
}

/// How the terminal was before: a prompt for a password that is interrupted must not leave it without echo.
struct Terminal(Option<Termios>);

impl Terminal {
    fn remember() -> Self {
        let stdin = std::io::stdin();
        Self(stdin.is_terminal().then(|| tcgetattr(&stdin).ok()).flatten())
    }

    fn restore(&self) {
        if let Some(before) = &self.0 {
            // There is nothing better to do when it fails.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
            logging::talk("");
        }
    }
}
