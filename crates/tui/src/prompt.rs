//! A prompt: one line to type in, with choices below it. The palette, help, searches and menus are prompts.

use crate::commands::Context;
use terminal::editor::Editor;

/// What a prompt is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptKind {
    /// The first start: connect to a server, start one, or take the tour.
    Welcome,
    /// Sign in or sign up.
    SignIn,
    /// All commands.
    Palette,
    /// The commands of this screen.
    Help,
    /// Feeds, chats, hashtags and people to go to.
    Jump,
    /// Words that shown rows contain.
    Filter,
    /// A search query.
    Search,
    /// A hashtag.
    Tag,
    /// A username.
    User,
    /// Whether the offered ssh key is added to the account.
    BindKey,
    /// The accounts of this machine.
    Accounts(Vec<String>),
    /// Links, hashtags and mentions in this tweet.
    Links(u64),
    /// Id, times and versions of a tweet, as lines.
    Details(Vec<String>),
    /// A command and a new shortcut for it.
    Bind,
    /// The lines of the settings file.
    File(Vec<String>),
}

/// A line of text, and the choice that Enter takes.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What it is for.
    pub kind: PromptKind,
    /// The line.
    pub editor: Editor,
    /// Index of the marked choice.
    pub choice: usize,
    /// Contexts that were active when it was opened: help and the palette list their commands.
    pub contexts: Vec<Context>,
}

impl Prompt {
    /// A prompt with an empty line.
    #[must_use]
    pub fn new(kind: PromptKind, contexts: Vec<Context>) -> Self {
        Self { kind, editor: Editor::one_line(""), choice: 0, contexts }
    }

    /// The label before the line.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self.kind {
            PromptKind::Welcome => "Welcome to Mini-Tweet",
            PromptKind::SignIn => "Welcome",
            PromptKind::Palette => ":",
            PromptKind::Help => "Shortcuts ·",
            PromptKind::Jump => "Jump to",
            PromptKind::Filter => "Filter:",
            PromptKind::Search => "Search",
            PromptKind::Tag => "#",
            PromptKind::User => "@",
            PromptKind::BindKey => "Use this SSH key to sign in from now on?",
            PromptKind::Accounts(_) => "Account",
            PromptKind::Links(_) => "Open",
            PromptKind::Details(_) => "Details ·",
            PromptKind::Bind => "Change a shortcut:",
            PromptKind::File(_) => "settings.toml ·",
        }
    }

    /// Whether number keys select its choices.
    #[must_use]
    pub fn has_hints(&self) -> bool {
        matches!(
            self.kind,
            PromptKind::Links(_) | PromptKind::Accounts(_) | PromptKind::Welcome | PromptKind::SignIn
        )
    }

    /// Whether Esc does not close it.
    #[must_use]
    pub fn must_choose(&self) -> bool {
        matches!(self.kind, PromptKind::Welcome | PromptKind::SignIn)
    }
}
