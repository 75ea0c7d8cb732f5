//! What help says: the commands in groups, one command, or what can be typed at a question.

use super::questions::is_tweet;
use super::words::safe;
use crate::commands::{Action, Argument, COMMANDS, Command, Context, Interface, by_id};
use crate::composer::Composer;
use crate::form::Field;
use crate::palette::by_verb;
use crate::prompt::Prompt;
use crate::state::State;
use crate::update::has_begun;

/// The commands of plain mode alone.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Own {
    Help,
    More,
    Repeat,
    Cancel,
    /// Adds to a draft that was opened again.
    Add,
    /// Replaces such a draft.
    Rewrite,
}

impl Own {
    /// What it does.
    fn title(self) -> &'static str {
        match self {
            Self::Help => "What the commands do",
            Self::More => "The next items",
            Self::Repeat => "Read this screen again; while a draft is open, all of its text",
            Self::Cancel => "Close a question",
            Self::Add => "Add the words after it to the open draft",
            Self::Rewrite => "Replace the text of the open draft by the words after it",
        }
    }
}

/// Their names.
pub(super) const OWN: [(&str, Own); 9] = [
    ("help", Own::Help),
    ("?", Own::Help),
    ("commands", Own::Help),
    ("more", Own::More),
    ("repeat", Own::Repeat),
    ("again", Own::Repeat),
    ("cancel", Own::Cancel),
    ("add", Own::Add),
    ("rewrite", Own::Rewrite),
];

/// The words that do something, and those that end it.
pub(super) const SWITCHES: [(&str, &str, Action); 6] = [
    ("like", "unlike", Action::Like),
    ("bookmark", "unbookmark", Action::Bookmark),
    ("retweet", "unretweet", Action::Retweet),
    ("follow", "unfollow", Action::Follow),
    ("mute", "unmute", Action::Mute),
    ("block", "unblock", Action::Block),
];

/// What people need first, in groups.
const GROUPS: [(&str, &[&str]); 6] = [
    ("Read", &["home", "local", "notifs", "chats", "mine", "bookmarks", "liked", "more", "repeat", "back"]),
    ("Write", &["post", "reply", "quote", "edit", "delete", "undo", "drafts"]),
    (
        "Tweets",
        &[
            "open",
            "thread",
            "details",
            "links",
            "like",
            "unlike",
            "bookmark",
            "unbookmark",
            "retweet",
            "unretweet",
        ],
    ),
    (
        "People",
        &[
            "people", "online", "user", "follow", "unfollow", "mute", "unmute", "block", "unblock", "chat",
            "report",
        ],
    ),
    ("Find", &["search", "tags", "tag", "filter"]),
    ("You", &["me", "edit-profile", "settings", "accounts", "status", "about", "log-out", "quit"]),
];

/// The first help, that for one command, or the list of all.
pub(super) fn help(state: &State, word: &str) -> String {
    match word.trim_start_matches([':', '/']).to_lowercase().as_str() {
        "" => groups(),
        "all" => all(state),
        word => of_command(state, word),
    }
}

fn groups() -> String {
    let mut out = String::from(
        "A number selects an item. A number after a command is what it is about: “like 5”, “reply 5 thank you”.\n",
    );
    out.extend(GROUPS.iter().map(|(name, words)| format!("{name}: {}.\n", words.join(", "))));
    out.push_str(
        "“help” and a command: what it does and takes, for example “help follow”. “help all”: all commands. “quit”: \
         quit.\n",
    );
    out
}

/// All commands that can run now.
fn all(state: &State) -> String {
    let contexts = state.prompt.as_ref().map_or_else(|| state.contexts(), |prompt| prompt.contexts.clone());
    let is_here = |command: &&Command| {
        contexts.contains(&command.context)
            && command.interface == Interface::Any
            && command.action != Action::Close
    };
    let mut here: Vec<&Command> = COMMANDS.iter().filter(is_here).collect();
    here.sort_by_key(|command| command.rank());
    let mut out: String =
        here.into_iter().map(|command| format!("{}: {}.\n", command.id, command.title)).collect();
    out.extend(
        OWN.iter()
            .filter(|(_, own)| *own != Own::Help)
            .map(|(name, own)| format!("{name}: {}.\n", own.title())),
    );
    out.push_str("“help” and a command: what it takes.\n");
    out
}

/// What a command does and takes.
fn of_command(state: &State, word: &str) -> String {
    if let Some((name, own)) = OWN.iter().find(|(name, _)| *name == word) {
        return format!("{name}: {}.\n", own.title());
    }
    let switch = SWITCHES.iter().find(|(on, off, _)| *on == word || *off == word);
    let found =
        switch.map(|(_, _, action)| action.command()).or_else(|| by_id(word)).or_else(|| by_verb(word));
    let found = found.filter(|one| !matches!(one.context, Context::Prompt | Context::Form));
    let Some(command) = found else {
        return format!("There is no command “{}”. Type “help all” to list all.\n", safe(word));
    };
    if command.interface == Interface::Screen {
        return format!("“{}” is for the full screen only.\n", command.id);
    }
    let takes = takes(state, command);
    match switch {
        Some((on, off, _)) if *off == word => format!("{off}: ends what “{on}” does. {takes}\n"),
        Some((on, off, _)) => format!("{on}: {}. {takes} “{off}” ends it.\n", command.title),
        None => format!("{}: {}. {takes}\n", command.id, command.title),
    }
}

/// What can follow the name of a command.
fn takes(state: &State, command: &Command) -> String {
    let is_about_item = is_about_an_item(command);
    match (command.argument, command.context) {
        (Argument::Text(what), Context::Composer) => {
            format!("While you write, with a colon. Takes {what}.")
        }
        (_, Context::Composer) => "While you write, with a colon.".to_owned(),
        (Argument::None, _) if is_about_item => {
            "Takes the number of an item; without one, it is about the selected item.".to_owned()
        }
        (Argument::None, _) => "Takes nothing.".to_owned(),
        (Argument::Text(what), _) if is_about_item => format!(
            "Takes the number of an item, then {what}, for example “{} 5 thank you”; without a number, it is about \
             the selected item.",
            command.id
        ),
        (Argument::Text(what), _) => {
            let sections = state.route().sections().into_iter().map(|(_, title)| title.to_lowercase());
            let sections = sections.collect::<Vec<_>>().join(", ");
            let here = match command.action {
                Action::Section if !sections.is_empty() => format!(" Here: {sections}."),
                _ => String::new(),
            };
            format!("Takes {what}.{here}")
        }
        (Argument::Person, _) => {
            "Takes a username or the number of an item; without one, it is about the selected item."
                .to_owned()
        }
        (Argument::Tweet, _) => {
            "Takes the number of an item or the id of a tweet; without one, it is about the selected item."
                .to_owned()
        }
        (Argument::PersonAndText, _) => format!(
            "Takes a username or the number of an item, then a text, for example “{} @name spam”; without them, it \
             is about the selected item.",
            command.id
        ),
        (Argument::PersonThenText, _) => format!(
            "Takes a username or the number of an item, then a text, for example “{} name hello”.",
            command.id
        ),
    }
}

/// Whether a command takes the number of an item.
pub(super) fn is_about_an_item(command: &Command) -> bool {
    matches!(command.context, Context::Tweet | Context::Item | Context::Person)
        || matches!(command.action, Action::Open | Action::MarkRead | Action::Add | Action::Remove)
}

/// What can be typed in a field.
pub(super) fn for_form(field: &Field) -> String {
    let clear = if field.is_optional() { " “:clear” leaves it empty." } else { "" };
    format!(
        "Type the answer to the question.{clear} “:back” goes to the question before, “:cancel” leaves the form, \
         “:quit” quits.\n"
    )
}

/// What can be typed at a prompt.
pub(super) fn for_prompt(prompt: &Prompt) -> String {
    let cancel = if prompt.must_choose() { "" } else { ", an empty line to cancel" };
    format!("Type the number of a choice or the beginning of its text{cancel}, or “quit” to quit.\n")
}

/// What can be typed while a text is written.
pub(super) fn for_composer(state: &State, composer: &Composer) -> String {
    let mut out = String::from(if has_begun(state) {
        "“:send”: send your draft. “:add” and words: add them. “:rewrite” and words: replace the text. "
    } else {
        "Type your text in one line; it is sent. “:send” and words: send them even if they look like a command. "
    });
    if is_tweet(composer) {
        out.push_str(
            "“:visibility” and public, unlisted, followers or mentioned: change who sees it. “:split”: send a long \
             text as a thread. ",
        );
    }
    out.push_str(
        "“:discard-draft”: discard it. An empty line: close and keep it. Every other command works with a colon: \
         “:home”, “:undo”, “:quit”.\n",
    );
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_of_the_first_help_is_a_command() {
        let state = State::new(crate::state::Setup::default());
        for word in GROUPS.iter().flat_map(|(_, words)| *words) {
            let said = help(&state, word);
            assert!(said.starts_with(&format!("{word}: ")), "{word}: {said}");
        }
    }
}
