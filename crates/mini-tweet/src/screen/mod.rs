//! The full-screen client on this machine: its terminal, its files and its host.

mod host;
mod local_terminal;
mod tour;

use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Arc;

use client::Profile;
use terminal::paint::Depth;
use tui::local_store::LocalStore;
use tui::plain::plain;
use tui::run::{Outcome, run};
use tui::state::{Capabilities, Setup};

use self::host::LocalHost;
use self::local_terminal::LocalTerminal;
use crate::args::ScreenOptions;
use crate::context::Context;
use crate::exit::Failure;
use crate::files;

/// Whether stdin and stdout are a terminal.
pub(crate) fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stdout().is_terminal()
}

/// Runs the client until the user quits, also over changes of the account.
pub(crate) async fn show(context: Context, options: &ScreenOptions) -> Result<ExitCode, Failure> {
    let mut profile = context.chosen_profile()?;
    let mut server = String::new();
    let mut lines = None;
    loop {
        let (mut setup, local_store) = setup(&context, profile.as_ref())?;
        if setup.server.is_empty() {
            // Another account is usually on the same server; the sign-in menu leads to others too.
            setup.server = std::mem::take(&mut server);
        }
        server.clone_from(&setup.server);
        let outcome = if options.plain || setup.capabilities.term == "dumb" {
            let host = Arc::new(LocalHost::new(&context, None, profile.clone()));
            // One reader for all accounts: a second one would lose lines to the first.
            let (input, output) = lines.get_or_insert_with(local_terminal::lines);
            let outcome = plain(host, setup, local_store, input, output.clone()).await;
            local_terminal::drain(output).await;
            outcome
        } else {
            let (tty, terminal) = LocalTerminal::take()?;
            let tty = Arc::new(tty);
            let host = Arc::new(LocalHost::new(&context, Some(tty.clone()), profile.clone()));
            let outcome = run(host, setup, local_store, terminal).await;
            tty.give_back().await;
            outcome
        };
        match outcome {
            Outcome::Quit => return Ok(ExitCode::SUCCESS),
            Outcome::Switch(name) => {
                let all = client::Profiles::load(&context.home)?;
                profile = all.find(&name).cloned();
                client::Profiles::update(&context.home, |all| all.select(&name))?;
            }
        }
    }
}

/// The client's initial state, and the local store of the selected account.
fn setup(context: &Context, profile: Option<&Profile>) -> Result<(Setup, Option<LocalStore>), Failure> {
    let signed_in = profile.filter(|profile| profile.token.is_some());
    let mut setup = Setup {
        now: host::now_ms(),
        size: local_terminal::size(),
        capabilities: capabilities(),
        server: match profile {
            Some(profile) => profile.server.clone(),
            None => match &context.global.server {
                Some(_) => context.endpoint()?.to_string(),
                None => String::new(),
            },
        },
        username: signed_in.map(|profile| profile.username.clone()),
        is_read_only: context.global.read_only,
        ..Setup::default()
    };
    let local_store = match signed_in {
        Some(profile) => files::store_of_account(&context.home, &profile.name()),
        None => files::store_of_guest(&context.home),
    };
    for problem in local_store.load(&mut setup) {
        crate::logging::talk(format_args!("mini-tweet: {problem}"));
    }
    Ok((setup, signed_in.map(|_| local_store)))
}

/// What the environment says about the terminal. The rest is queried from the terminal itself.
fn capabilities() -> Capabilities {
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
    let term = variable("TERM");
    let depth = if !variable("NO_COLOR").is_empty() {
        Depth::None
    } else if matches!(variable("COLORTERM").as_str(), "truecolor" | "24bit") {
        Depth::Exact
    } else if term.contains("256color") {
        Depth::Cube
    } else {
        Depth::Sixteen
    };
    let zone = Some(jiff::tz::TimeZone::system());
    Capabilities { depth, term, is_local: true, zone, ..Capabilities::default() }
}
