//! `mini-tweet`: the server, the client and the operator's tools in one program.
//!
//! This crate parses the command line, calls the client library or the server library, and shows the result. The
//! logic of Mini-Tweet is in those libraries.

mod args;
mod context;
mod exit;
mod files;
mod local_server;
mod locale;
mod logging;
mod output;
mod prompt;
mod screen;
mod serve;
#[cfg(feature = "ssh")]
mod ssh;
mod systemd;
mod typing;
mod verbs;

use std::io::{IsTerminal as _, Write as _};
use std::process::ExitCode;

use clap::CommandFactory as _;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};
use server::run::Sockets;

use args::{Cli, Verb};
use context::Context;
use exit::Failure;

/// Exit code after Ctrl-C, as shells report it.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    #[cfg(feature = "faults")]
    if std::env::var("MINI_TWEET_CLIENT_FAULTS").is_ok_and(|faults| faults == "unsafe-text") {
        model::make_nothing_safe();
    }
    let cli = match Cli::of(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => {
            print(&error.render(), error.use_stderr());
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    if cli.verb.is_none() && !cli.screen.plain && !screen::is_possible() {
        // No command and no terminal: print the help.
        print(&Cli::command().render_help(), false);
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

/// Prints help, or an error of the command line.
fn print(text: &clap::builder::StyledStr, is_error: bool) {
    let text = text.ansi().to_string();
    let text = locale::charset().text(&text);
    // Best effort: the reader may have closed it.
    let _ = if is_error {
        anstream::stderr().write_all(text.as_bytes())
    } else {
        anstream::stdout().write_all(text.as_bytes())
    };
}

fn run(cli: Cli) -> Result<ExitCode, Failure> {
    // With these options `serve` does not start a server.
    let only_asks = cli.global.read_only || cli.global.json.as_deref() == Some("help");
    // Before there are other threads: it changes environment variables.
    let sockets =
        if matches!(cli.verb, Some(Verb::Serve(_))) { systemd::sockets()? } else { Sockets::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let outcome = if let (Some(Verb::Serve(ask)), false) = (&cli.verb, only_asks) {
        // A server handles the signals itself.
        runtime.block_on(serve::serve(ask, &cli.global, sockets)).map(|()| ExitCode::SUCCESS)
    } else if cli.verb.is_none() {
        // No logs on stderr: they would be written over the screen. The client has a log of its own.
        runtime.block_on(screen::show(Context::new(cli.global)?, &cli.screen))
    } else {
        logging::init_client(cli.global.verbose);
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
    // A thread may still be blocked reading stdin.
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

/// The terminal's settings at the start: an interrupted password prompt must not leave the echo off.
struct Terminal(Option<Termios>);

impl Terminal {
    fn remember() -> Self {
        let stdin = std::io::stdin();
        Self(stdin.is_terminal().then(|| tcgetattr(&stdin).ok()).flatten())
    }

    fn restore(&self) {
        if let Some(before) = &self.0 {
            // Best effort: the process is ending.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, before);
            logging::talk("");
        }
    }
}
