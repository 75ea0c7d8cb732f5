//! A choice of a prompt: what it says, what it does, and how it is found.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use protocol::tls::Fingerprint;
use smol_str::SmolStr;

use crate::commands::Action;
use crate::question::Question;
use crate::route::Route;

/// Choices of a prompt, at most.
const CHOICES_MAX: usize = 200;
/// Added to the score of a choice one of whose names begins with what was typed; more if its label does, or if it is its
/// key.
const PREFIX_SCORE: u32 = 1_000;

/// What happens when a choice is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Chosen {
    /// Runs a command with this argument.
    Command(Action, String),
    /// Does what was asked about.
    Confirmed(Question),
    /// Goes to a screen.
    Go(Route),
    /// Opens a link.
    Link(String),
    /// Switches to an account; an empty name adds one.
    Account(String),
    /// Opens the form for a server.
    Connect,
    /// Connects to the server at this address.
    Join(String),
    /// Trusts this key of the server at this address, and connects.
    Trust(String, Fingerprint),
    /// Copies a text.
    Copy(String),
    /// Starts the tour.
    Tour,
    /// Opens the sign-in form.
    LogIn,
    /// Opens the sign-up form.
    SignUp,
    /// Keeps the filter that was typed.
    Filter,
    /// Searches.
    Search(String),
    /// Binds a command, by its id, to these keys; an empty text restores the preset's.
    Bind(String, String),
    /// Replaces the line that was typed.
    Insert(String),
    /// Asks for the new key of a command, by its id.
    NewKey(&'static str),
    /// Gives the first command this key of the second, and the second one its own.
    Swap(&'static str, &'static str, String),
    /// Gives an option of the settings this value.
    Setting(&'static str, String),
    /// Sends the text of the composer as a thread.
    SendThread,
    /// Closes the prompt.
    Close,
    /// Information only.
    Nothing,
}

/// A row below a prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Choice {
    /// Its first words.
    pub(crate) label: String,
    /// An explanation.
    pub(crate) detail: String,
    /// The shortcut for the same.
    pub(crate) keys: String,
    /// The heading above it and those that have the same.
    pub(crate) section: &'static str,
    /// Other names under which it is found.
    pub(crate) names: Vec<SmolStr>,
    /// Why it cannot be taken now.
    pub(crate) unavailable: Option<String>,
    /// Whether a slip must not take it: it is found only by the beginnings of its words, after all others.
    pub(crate) is_deliberate: bool,
    /// What happens when it is taken.
    pub(crate) chosen: Chosen,
}

impl Choice {
    pub(crate) fn new(label: impl Into<String>, detail: impl Into<String>, chosen: Chosen) -> Self {
        let (label, detail) = (label.into(), detail.into());
        let (keys, names) = (String::new(), Vec::new());
        Self { label, detail, keys, section: "", names, unavailable: None, is_deliberate: false, chosen }
    }

    /// The command that it runs, if it runs one.
    pub(crate) fn action(&self) -> Option<Action> {
        match self.chosen {
            Chosen::Command(action, _) => Some(action),
            _ => None,
        }
    }

    /// Why it cannot be taken, or what explains it.
    pub(crate) fn explained(&self) -> &str {
        self.unavailable.as_deref().unwrap_or(&self.detail)
    }

    /// Whether a text in small letters is its label or one of its names.
    fn is_called(&self, text: &str) -> bool {
        self.label.to_lowercase() == text || self.names.iter().any(|name| *name == text)
    }

    /// Whether each word of a text in small letters begins a word of its label or of its names.
    fn has_words(&self, text: &str) -> bool {
        let own = format!("{} {}", self.label, self.names.join(" ")).to_lowercase();
        let own: Vec<&str> = own.split(|c: char| !c.is_alphanumeric()).collect();
        let mut words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        words.all(|word| own.iter().any(|own| own.starts_with(word)))
    }
}

/// The choices that match a query.
pub(crate) struct Matches {
    /// They, the best ones first.
    pub(crate) choices: Vec<Choice>,
    /// Whether they have its words as they were typed. Otherwise they only have its letters in this order.
    pub(crate) are_literal: bool,
}

/// The choices that match a query, best first.
pub(crate) fn matching(query: &str, all: Vec<Choice>) -> Vec<Choice> {
    matches(query, all).choices
}

/// The same, and how well they match. If some have its words as they were typed, those that only have its letters in
/// this order are left out.
pub(crate) fn matches(query: &str, all: Vec<Choice>) -> Matches {
    if query.is_empty() {
        return Matches { choices: all.into_iter().take(CHOICES_MAX).collect(), are_literal: true };
    }
    let pattern = Pattern::parse(query, CaseMatching::Ignore, Normalization::Smart);
    let mut matcher = Matcher::new(Config::DEFAULT);
    let lower = query.to_lowercase();
    let mut buffer = Vec::new();
    let mut scored: Vec<(u32, bool, Choice)> = all
        .into_iter()
        .filter(|choice| !choice.is_deliberate || choice.has_words(&lower))
        .filter_map(|choice| {
            let text = format!("{} {} {}", choice.label, choice.detail, choice.names.join(" "));
            let is_key = !choice.keys.is_empty() && choice.keys.replace(' ', "") == query;
            let score = pattern.score(Utf32Str::new(&text, &mut buffer), &mut matcher);
            let score = score.or(is_key.then_some(0))?;
            // A typed prefix of a name means that name.
            let begins = |name: &str| name.to_lowercase().starts_with(&lower);
            let bonus = match () {
                () if is_key => 3,
                () if begins(&choice.label) => 2,
                () if choice.names.iter().any(|name| begins(name)) => 1,
                () => 0,
            };
            let text = text.to_lowercase();
            let is_literal = is_key || lower.split_whitespace().all(|word| text.contains(word));
            Some((score + bonus * PREFIX_SCORE, is_literal, choice))
        })
        .collect();
    let are_literal = scored.iter().any(|(_, is_literal, _)| *is_literal);
    if are_literal {
        scored.retain(|(_, is_literal, _)| *is_literal);
    }
    scored.sort_by_key(|(score, _, choice)| {
        let is_last = choice.is_deliberate && !choice.is_called(&lower);
        (is_last, choice.unavailable.is_some(), std::cmp::Reverse(*score))
    });
    Matches {
        choices: scored.into_iter().map(|(.., choice)| choice).take(CHOICES_MAX).collect(),
        are_literal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(labels: &[&str], query: &str) -> Vec<String> {
        let all = labels.iter().map(|label| Choice::new(*label, "", Chosen::Nothing)).collect();
        matching(query, all).into_iter().map(|choice| choice.label).collect()
    }

    #[test]
    fn the_best_match_comes_first_and_others_not_at_all() {
        assert_eq!(choose(&["Bookmarks", "Retweet", "Reply"], "ret"), ["Retweet"]);
        assert_eq!(choose(&["a b", "ab", "x"], "ab"), ["ab"]);
        assert_eq!(choose(&["Go to the read line", "Liked"], "grl"), ["Go to the read line"]);
        assert_eq!(choose(&["a", "b"], ""), ["a", "b"]);
    }
}
