//! What a line in a chat means: a message, or a command that begins with `:` as on the `:` line.

use crate::commands::{Action, Argument, Context, by_id};

/// A line in a chat that is not a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChatCommand<'a> {
    /// A command with what follows its name.
    Known(Action, &'a str),
    /// It looks like a command but cannot be run. Why, and how it is sent as a message.
    Refused(String),
}

/// The command that a line stands for; `None` if it is a message.
///
/// A command begins with `:` and a small letter, so that `:)` and `:D` are messages; so is `:tada:`, an emoji. With a
/// space before it, every line is a message.
#[must_use]
pub(crate) fn command(line: &str) -> Option<ChatCommand<'_>> {
    let rest = line.strip_prefix(':').filter(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))?;
    let (name, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    if name.contains(':') {
        return None;
    }
    let argument = argument.trim();
    let refused = |why: &str| {
        Some(ChatCommand::Refused(format!("{why}. To send it as a message, type a space before the “:”")))
    };
    let can_run = |context| !matches!(context, Context::Prompt | Context::Form);
    match by_id(name).filter(|command| can_run(command.context)) {
        None => refused(&format!("There is no command :{}", model::SafeText::line(name))),
        Some(command) if command.argument == Argument::None && !argument.is_empty() => {
            refused(&format!("The command :{name} takes nothing after its name"))
        }
        Some(command) => Some(ChatCommand::Known(command.action, argument)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn smileys_emoji_and_lines_after_a_space_are_messages() {
        for line in ["", "hello", ":)", ":D", ":-)", ":", ": theme", ":tada: yes", " :theme", "a :theme"] {
            assert_eq!(command(line), None, "{line:?}");
        }
    }

    #[test]
    fn a_line_with_the_name_of_a_command_is_that_command() {
        assert_eq!(command(":home"), Some(ChatCommand::Known(Action::GoHome, "")));
        assert_eq!(command(":tag  rust "), Some(ChatCommand::Known(Action::GoTag, "rust")));
        assert_eq!(command(":theme night"), Some(ChatCommand::Known(Action::Theme, "night")));
    }

    #[test]
    fn what_looks_like_a_command_is_refused_with_the_way_to_send_it() {
        for line in [":q", ":wq", ":thme night", ":home sweet home", ":home\nsweet", ":submit"] {
            let Some(ChatCommand::Refused(why)) = command(line) else { panic!("{line:?}") };
            assert!(why.contains("type a space before"), "{why}");
        }
    }
}
