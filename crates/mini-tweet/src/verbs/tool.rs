//! Information about the program itself: completions, manual pages, shortcuts, version.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;
use clap_mangen::Man;

use tui::commands::{self, COMMANDS};
use tui::keymap::{Keymap, PRESETS};
use tui::settings::Settings;

use crate::args::{Cli, KeymapAction};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::Row;

pub(super) fn completion(shell: Shell) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "mini-tweet", &mut script);
    Ok(std::io::stdout().write_all(&script)?)
}

pub(super) fn manual(directory: Option<&Path>) -> Result<(), Failure> {
    match directory {
        None => Ok(Man::new(Cli::command()).render(&mut std::io::stdout())?),
        Some(directory) => {
            let written = std::fs::create_dir_all(directory)
                .and_then(|()| clap_mangen::generate_to(Cli::command(), directory));
            written.map_err(|error| {
                let why = model::os_error_in_words(&error);
                Failure::Failed(format!("cannot write to {}: {why}", directory.display()))
            })
        }
    }
}

/// Shortcuts with the changes of the user's settings.
pub(super) fn keymap(context: &Context, action: Option<&KeymapAction>) -> Result<(), Failure> {
    if matches!(action, Some(KeymapAction::List { markdown: true })) {
        return context.out.page(&keymap_page());
    }
    let file = crate::files::settings(&context.home);
    let text =
        if context.is_local() { std::fs::read_to_string(&file).unwrap_or_default() } else { String::new() };
    let settings = Settings::parse(&text)
        .map_err(|problem| Failure::Failed(format!("{}: {problem}", file.display())))?;
    let (keymap, problems) = Keymap::new(&settings.preset, &settings.keys);
    if matches!(action, Some(KeymapAction::Check)) {
        return match problems.as_slice() {
            [] => {
                context.out.say("No conflicts.");
                Ok(())
            }
            problems => Err(Failure::Failed(problems.join("\n"))),
        };
    }
    for command in COMMANDS {
        let keys = keymap.all_keys_of(command.action);
        let text = format!("{:<20} {:<22} {}", keys.join(", "), command.id, command.title);
        let context_name = format!("{:?}", command.context).to_lowercase();
        let values = [command.id.into(), keys.into(), context_name.into(), command.title.into()];
        context.out.row(&Row::new(&["command", "keys", "context", "title"], values, text))?;
    }
    Ok(())
}

/// `docs/keys.md`.
fn keymap_page() -> String {
    let mut page = String::from(
        "# Shortcuts and commands of the full-screen client\n\nThis page is generated from the client's table of \
         commands. Press `?` for the shortcuts of the current screen,\nor `:` to run any command by name. To change \
         a shortcut, edit `settings.toml`, for example `like = [\"x\"]` under\n`[keys]`.\n",
    );
    let maps = PRESETS.map(|preset| Keymap::new(preset, &BTreeMap::new()).0);
    let parts = [
        (commands::Context::Everywhere, "Everywhere, also while you write"),
        (commands::Context::Anywhere, "Anywhere"),
        (commands::Context::List, "In a list"),
        (commands::Context::Tweet, "On a tweet"),
        (commands::Context::Item, "On a tweet or a message"),
        (commands::Context::Person, "On a person"),
        (commands::Context::Composer, "In the composer"),
        (commands::Context::Prompt, "In text fields and menus"),
        (commands::Context::Form, "In a form"),
    ];
    for (context, title) in parts {
        page.push_str(&format!(
            "\n## {title}\n\n| command | does | default | vim | emacs |\n|---|---|---|---|---|\n"
        ));
        for command in COMMANDS.iter().filter(|command| command.context == context) {
            let keys = maps.each_ref().map(|map| {
                let keys = map.all_keys_of(command.action);
                keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect::<Vec<_>>().join(" ")
            });
            page.push_str(&format!("| `{}` | {} | {} |\n", command.id, command.title, keys.join(" | ")));
        }
    }
    page
}

pub(super) fn version(context: &Context) -> Result<(), Failure> {
    let version = env!("CARGO_PKG_VERSION");
    context.out.word(&["version"], [version.into()], version)
}
