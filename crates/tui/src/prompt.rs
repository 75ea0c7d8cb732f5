//! A prompt: what is asked, and the choices below it. The palette, help, searches, menus and dialogs are prompts.

use protocol::tls::Fingerprint;

use crate::commands::Context;
use crate::question::Question;
use crate::settings::{SETTINGS_FILE, SettingOption};
use terminal::editor::Editor;

/// What a prompt is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptKind {
    /// The first start: connect to a server, start one, or take the tour.
    Welcome,
    /// Sign in or sign up.
    SignIn,
    /// Whether the key of a server is trusted that is not known.
    FirstContact {
        /// Address of the server.
        server: String,
        /// The key that it presented.
        key: Fingerprint,
    },
    /// The key of a server is not the known one.
    KeyChanged {
        /// Address of the server.
        server: String,
        /// The key that it presented.
        key: Fingerprint,
        /// Both keys, and what to do.
        text: String,
    },
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
    /// The username of someone to chat with.
    NewChat,
    /// The reason for a report about this account, or about the selected tweet of it.
    Reason(String),
    /// Whether something is done that a slip must not do.
    Confirm(Question),
    /// Whether the offered ssh key is added to the account.
    BindKey,
    /// The accounts of this machine.
    Accounts(Vec<String>),
    /// Links, hashtags and mentions in this tweet.
    Links(u64),
    /// Links, hashtags and mentions in the bio of this account.
    BioLinks(String),
    /// Id, times and versions of a tweet, as lines.
    Details(Vec<String>),
    /// A command and a new shortcut for it.
    Bind,
    /// The next key is the new shortcut of this command.
    NewKey(&'static str),
    /// A key for the first command, which the second has: whether they swap.
    Swap(&'static str, &'static str, String),
    /// The lines of the settings file.
    File(Vec<String>),
    /// A title, and a text that has to be read.
    Notice(&'static str, String),
    /// The tweets that a long text is split into, before they are sent.
    Thread(Vec<String>),
    /// What can be done with the selected row.
    RowMenu,
    /// The values of an option of the settings, each of which takes effect while it is marked; and the value before.
    Setting(&'static str, String),
}

/// How a prompt looks, and what its keys mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overlay {
    /// The whole screen, before there is a session. Digits choose; letters do nothing.
    Page,
    /// Choices in a frame. Digits choose; letters do nothing.
    Menu,
    /// A text with choices below it, in a frame. Letters do nothing.
    Dialog,
    /// A line of text with the matching choices below it, in a frame.
    Picker,
    /// A line of text in place of the hints.
    Line,
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
    /// The first row on the screen, as far as the marked choice stays there; `None` until it was scrolled.
    pub top: Option<usize>,
    /// Contexts that were active when it was opened: help and the palette list their commands.
    pub contexts: Vec<Context>,
    /// The prompt that is open again when this one is closed.
    pub below: Option<Box<Prompt>>,
}

impl Prompt {
    /// A prompt with an empty line.
    #[must_use]
    pub fn new(kind: PromptKind, contexts: Vec<Context>) -> Self {
        Self { kind, editor: Editor::one_line(""), choice: 0, top: None, contexts, below: None }
    }

    /// Its title.
    #[must_use]
    pub fn title(&self) -> String {
        let title = match &self.kind {
            PromptKind::Welcome => "Mini-Tweet",
            PromptKind::SignIn => "Welcome",
            PromptKind::FirstContact { server, .. } => return format!("First contact with {server}"),
            PromptKind::KeyChanged { server, .. } => return format!("The key of {server} has changed"),
            PromptKind::Palette => "Commands",
            PromptKind::Help => "Help · what you can do here",
            PromptKind::Jump => "Jump to",
            PromptKind::Filter => "Filter",
            PromptKind::Search => "Search",
            PromptKind::Tag => "Hashtag",
            PromptKind::User => "Profile",
            PromptKind::NewChat => "New conversation",
            PromptKind::Reason(username) => return format!("Why do you report @{username}?"),
            PromptKind::Confirm(question) => return question.title(),
            PromptKind::BindKey => "Use this SSH key to sign in from now on?",
            PromptKind::Accounts(_) => "Accounts",
            PromptKind::Links(_) | PromptKind::BioLinks(_) => "Open",
            PromptKind::Details(_) => "Details",
            PromptKind::Bind => "Change a shortcut",
            PromptKind::NewKey(_) => "Press the new key",
            PromptKind::Swap(..) => "This key is in use",
            PromptKind::File(_) => SETTINGS_FILE,
            PromptKind::Thread(_) => "Send as a thread?",
            PromptKind::RowMenu => "Actions",
            PromptKind::Notice(title, _) => title,
            PromptKind::Setting(name, _) => SettingOption::by_name(name).map_or(*name, |option| option.label),
        };
        title.to_owned()
    }

    /// What is before its line.
    #[must_use]
    pub fn sign(&self) -> &'static str {
        match self.kind {
            PromptKind::Palette => ": ",
            PromptKind::Tag => "#",
            PromptKind::User | PromptKind::NewChat => "@",
            PromptKind::Filter => "Filter: ",
            _ => "",
        }
    }

    /// What its empty line asks for.
    #[must_use]
    pub fn placeholder(&self) -> &'static str {
        match self.kind {
            PromptKind::Help | PromptKind::Jump => "type to filter",
            PromptKind::Search => "words, @name or #tag",
            PromptKind::Tag => "hashtag",
            PromptKind::User | PromptKind::NewChat => "username",
            PromptKind::Reason(_) => "the reason, for the admins",
            PromptKind::Bind => "command and key, for example: like x",
            _ => "",
        }
    }

    /// How it looks.
    #[must_use]
    pub fn overlay(&self) -> Overlay {
        match self.kind {
            PromptKind::Welcome | PromptKind::SignIn => Overlay::Page,
            PromptKind::Accounts(_)
            | PromptKind::Links(_)
            | PromptKind::BioLinks(_)
            | PromptKind::Swap(..)
            | PromptKind::Confirm(_)
            | PromptKind::RowMenu
            | PromptKind::Setting(..) => Overlay::Menu,
            PromptKind::FirstContact { .. }
            | PromptKind::KeyChanged { .. }
            | PromptKind::BindKey
            | PromptKind::NewKey(_)
            | PromptKind::Details(_)
            | PromptKind::File(_)
            | PromptKind::Notice(..)
            | PromptKind::Thread(_) => Overlay::Dialog,
            PromptKind::Filter => Overlay::Line,
            PromptKind::Palette
            | PromptKind::Help
            | PromptKind::Jump
            | PromptKind::Search
            | PromptKind::Tag
            | PromptKind::User
            | PromptKind::NewChat
            | PromptKind::Reason(_)
            | PromptKind::Bind => Overlay::Picker,
        }
    }

    /// Whether text can be typed.
    #[must_use]
    pub fn takes_text(&self) -> bool {
        matches!(self.overlay(), Overlay::Picker | Overlay::Line)
    }

    /// Whether number keys take its choices.
    #[must_use]
    pub fn takes_digits(&self) -> bool {
        matches!(self.overlay(), Overlay::Page | Overlay::Menu)
    }

    /// Whether it only informs: nothing depends on an answer.
    #[must_use]
    pub fn is_information(&self) -> bool {
        matches!(
            self.kind,
            PromptKind::Details(_)
                | PromptKind::File(_)
                | PromptKind::Notice(..)
                | PromptKind::KeyChanged { .. }
        )
    }

    /// Whether Esc does not close it.
    #[must_use]
    pub fn must_choose(&self) -> bool {
        self.overlay() == Overlay::Page
    }
}
