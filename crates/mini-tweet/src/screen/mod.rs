//! The full-screen client on this machine: its terminal, its files and its host.

mod host;
mod lines;
mod local_terminal;
mod tour;

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use client::Profile;
use terminal::paint::Depth;
use tui::local_store::LocalStore;
use tui::plain::plain;
use tui::run::{Outcome, run};
use tui::state::{Capabilities, OwnServer, Setup};

use self::host::LocalHost;
use self::lines::Lines;
use self::local_terminal::LocalTerminal;
pub(crate) use self::local_terminal::is_possible;
use crate::args::ScreenOptions;
use crate::context::{Context, own_server_options};
use crate::exit::Failure;
use crate::files;
use crate::local_server::LocalServer;

/// Runs the client until the user quits, also over changes of the account.
pub(crate) async fn show(context: Context, options: &ScreenOptions) -> Result<ExitCode, Failure> {
    let mut profile = context.chosen_profile()?;
    let mut server = String::new();
    let mut previous = None;
    let mut lines = None;
    loop {
        let (mut setup, local_store) = setup(&context, profile.as_ref())?;
        if setup.server.is_empty() {
            // Another account is usually on the same server; the sign-in menu leads to others too.
            setup.server = std::mem::take(&mut server);
        }
        server.clone_from(&setup.server);
        if setup.username.is_none() {
            name_own_server(&context, &mut setup).await;
        }
        setup.previous = std::mem::take(&mut previous).filter(|name| setup.others.contains(name));
        let outcome = if options.plain || setup.capabilities.term == "dumb" {
            // One reader for all accounts: a second one would lose lines to the first.
            let lines = match &mut lines {
                Some(lines) => lines,
                none => none.insert(Lines::take()?),
            };
            let host = Arc::new(LocalHost::new(&context, None, lines.typing.clone(), profile.clone()));
            let outcome = plain(host, setup, local_store, &mut lines.input, lines.output.clone()).await;
            local_terminal::drain(&lines.output).await;
            outcome
        } else {
            let (tty, terminal) = LocalTerminal::take()?;
            let tty = Arc::new(tty);
            let host = Arc::new(LocalHost::new(&context, Some(tty.clone()), None, profile.clone()));
            let outcome = run(host, setup, local_store, terminal).await;
            tty.give_back().await;
            outcome
        };
        match outcome {
            Outcome::Quit => return Ok(ExitCode::SUCCESS),
            Outcome::Switch(name) => {
                let all = client::Profiles::load(&context.home)?;
                // Not the one of the start: this client may have signed in since.
                previous = context.chosen_profile().ok().flatten().map(|profile| profile.name());
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
        // Plain mode can run without a person.
        capabilities: Capabilities {
            is_unattended: !is_possible() || context.global.no_input,
            ..capabilities()
        },
        own_server: Some(own_server(context)),
        settings_path: short(&files::settings(&context.home)),
        server_names: server_names(context),
        server: match profile {
            Some(profile) => profile.server.clone(),
            None => match &context.global.server {
                Some(_) => context.endpoint()?.to_string(),
                None => String::new(),
            },
        },
        username: signed_in.map(|profile| profile.username.clone()),
        others: signed_in_as(context)
            .filter(|name| signed_in.is_none_or(|one| one.name() != *name))
            .collect(),
        known_servers: known_servers(context),
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

/// The server that the user can have on this computer.
fn own_server(context: &Context) -> OwnServer {
    let server = LocalServer::new(&context.home);
    let data = short(&server.data);
    let is_running = server.process().is_some();
    OwnServer { name: String::new(), is_running, address: server.reached_at(), data }
}

/// Asks the user's own server for its name, if it is running: the first menu offers to join it.
async fn name_own_server(context: &Context, setup: &mut Setup) {
    let Some(own) = setup.own_server.as_mut().filter(|own| own.is_running) else { return };
    let server = LocalServer::new(&context.home);
    if let Ok(options) = own_server_options(&context.global, &context.home, &server) {
        own.name = server.name(options).await.unwrap_or_default();
    }
}

/// A path for the user, with `~` for their home directory.
fn short(path: &Path) -> String {
    let path = path.display().to_string();
    let home = std::env::var("HOME").ok().filter(|home| !home.is_empty());
    home.and_then(|home| Some(format!("~{}", path.strip_prefix(&home)?))).unwrap_or(path)
}

/// The names of the servers on which an account was used on this machine, by their addresses.
fn server_names(context: &Context) -> BTreeMap<String, String> {
    let all = client::Profiles::load(&context.home).unwrap_or_default();
    let name = |profile: &Profile| files::store_of_account(&context.home, &profile.name()).server_name();
    all.all().filter_map(|profile| Some((profile.server.clone(), name(profile)?))).collect()
}

/// The accounts of this machine that are signed in.
fn signed_in_as(context: &Context) -> impl Iterator<Item = String> {
    let all = client::Profiles::load(&context.home).unwrap_or_default();
    let names: Vec<String> = all.all().filter(|profile| profile.token.is_some()).map(Profile::name).collect();
    names.into_iter()
}

/// The servers on which an account was used on this machine, also those of accounts that are signed out.
fn known_servers(context: &Context) -> Vec<String> {
    let all = client::Profiles::load(&context.home).unwrap_or_default();
    all.all().map(|profile| profile.server.clone()).collect()
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
    let charset = crate::locale::charset();
    let program = [variable("TERM_PROGRAM"), variable("TERM_PROGRAM_VERSION")].join(" ").trim().to_owned();
    Capabilities { depth, term, program, is_local: true, zone, charset, ..Capabilities::default() }
}
