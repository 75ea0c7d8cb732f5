//! Texts on the command line, in one argument or several.

use clap::{Args, ValueEnum};

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Visibility {
    /// Visible to everyone.
    Public,
    /// Visible to everyone, but not in the local timeline, under hashtags or in search.
    Unlisted,
    /// Visible to your followers and the people you mention.
    Followers,
    /// Visible only to the people you mention.
    Direct,
}

#[derive(Debug, Args)]
pub(crate) struct Text {
    /// Text of the tweet, in one argument or several; - or nothing reads stdin.
    #[arg(value_name = "TEXT")]
    words: Vec<String>,
    /// Who can see it; without it a reply is visible as what it answers, everything else to everyone.
    #[arg(long, value_enum)]
    pub(crate) visibility: Option<Visibility>,
    /// Write the text in $EDITOR.
    #[arg(long, short)]
    pub(crate) editor: bool,
    /// Idempotency key: a retry with the same key posts only once.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

impl Text {
    /// The text of the command line, if there is one.
    pub(crate) fn text(&self) -> Option<String> {
        joined(&self.words)
    }
}

/// The words with a space between them: over ssh, the shell on the other side has taken their quotes away.
pub(super) fn joined(words: &[String]) -> Option<String> {
    (!words.is_empty()).then(|| words.join(" "))
}
