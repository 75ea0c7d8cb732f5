//! A question before something that a slip must not do.

use model::SafeText;

use crate::commands::Action;
use crate::user_action::UserAction;

/// What is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Question {
    /// A command that ends or starts something, and that nothing undoes: it is asked wherever the command comes from.
    Command(Action),
    /// An action that can be undone for some seconds: it is asked where a command was searched for, not after its key.
    Action(UserAction),
}

impl Question {
    /// The question itself.
    pub(crate) fn title(&self) -> String {
        match self {
            Self::Command(Action::StartServer) => "Start a server on this computer?".to_owned(),
            Self::Command(Action::StopServer) => "Stop your server on this computer?".to_owned(),
            Self::Command(action) => format!("{}?", action.command().title),
            Self::Action(UserAction::Delete(_)) => "Delete this tweet?".to_owned(),
            Self::Action(UserAction::DeleteMessage(_)) => "Delete this message?".to_owned(),
            Self::Action(UserAction::Block(username, _)) => format!("Block @{}?", SafeText::line(username)),
            Self::Action(UserAction::RemoveFollower(username)) => {
                format!("Remove @{} from your followers?", SafeText::line(username))
            }
            Self::Action(UserAction::Report(username, 0, _)) => {
                format!("Report @{}?", SafeText::line(username))
            }
            Self::Action(UserAction::Report(username, ..)) => {
                format!("Report this tweet by @{}?", SafeText::line(username))
            }
            Self::Action(UserAction::RevokeSession(_)) => "Sign this device out?".to_owned(),
            Self::Action(UserAction::RevokeKey(_)) => "Remove this SSH key?".to_owned(),
            Self::Action(action) => format!("{}?", action.words()),
        }
    }

    /// The answer that does it.
    pub(crate) fn yes(&self) -> &'static str {
        match self {
            Self::Command(Action::LogOut) => "Yes, sign out",
            Self::Command(Action::LogOutEverywhere) => "Yes, sign out everywhere",
            Self::Command(Action::StartServer) => "Yes, start it",
            Self::Command(Action::StopServer) => "Yes, stop it",
            Self::Action(UserAction::Delete(_) | UserAction::DeleteMessage(_)) => "Yes, delete it",
            Self::Action(UserAction::Block(..)) => "Yes, block",
            Self::Action(UserAction::Report(..)) => "Yes, report to the admins",
            Self::Action(UserAction::RemoveFollower(_)) => "Yes, remove",
            Self::Action(UserAction::RevokeSession(_)) => "Yes, sign it out",
            Self::Action(UserAction::RevokeKey(_)) => "Yes, remove it",
            Self::Command(_) | Self::Action(_) => "Yes",
        }
    }
}
