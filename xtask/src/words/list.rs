//! The list of banned words, `xtask/words.toml`.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::tokens::{Token, separator, split};

/// A parsed list.
pub(super) struct List {
    pub(super) skipped: Vec<Skip>,
    pub(super) banned: Vec<Banned>,
}

/// Files that are not checked.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Skip {
    pub(super) path: String,
    reason: Option<String>,
}

/// Words with the same replacement.
pub(super) struct Banned {
    pub(super) phrases: Vec<Phrase>,
    pub(super) only: Option<Only>,
    pub(super) say: String,
    pub(super) exceptions: Vec<Exception>,
}

/// One or more words in order.
pub(super) struct Phrase {
    pub(super) text: String,
    /// Each word with the separator before it, which is empty for the first.
    pub(super) words: Vec<(String, String)>,
}

/// Limits a word to a part of the text.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Only {
    /// Code of Rust and `.proto` files, names of files, and inline code that is one name. Prose and strings are free.
    Identifiers,
}

/// Where a banned word is right.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exception {
    /// Pattern of paths: `*` is part of a name, `**` any part of a path.
    pub(super) path: Option<String>,
    /// Text that contains the word.
    pub(super) phrase: Option<String>,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawList {
    #[serde(default)]
    skip: Vec<Skip>,
    #[serde(default)]
    banned: Vec<RawBanned>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBanned {
    words: Vec<String>,
    only: Option<Only>,
    say: String,
    #[serde(default)]
    except: Vec<Exception>,
}

impl List {
    /// Parses the text of a list.
    ///
    /// # Errors
    /// The text is not a list, a word is listed twice or has no letters, an exception has no reason or excepts
    /// everything.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let raw: RawList = toml::from_str(text).map_err(|error| error.to_string())?;
        let is_blank = |text: &Option<String>| text.as_ref().is_none_or(|text| text.trim().is_empty());
        if let Some(skip) = raw.skip.iter().find(|skip| is_blank(&skip.reason)) {
            return Err(format!("skipped path {:?} has no reason", skip.path));
        }
        let mut known = BTreeSet::new();
        let mut banned = Vec::new();
        for entry in raw.banned {
            let phrases: Vec<Phrase> = entry.words.iter().map(|text| Phrase::new(text)).collect();
            for phrase in &phrases {
                if phrase.words.is_empty() {
                    return Err(format!("{:?} has no letters", phrase.text));
                }
                if !known.insert(phrase.words.clone()) {
                    return Err(format!("{:?} is listed twice", phrase.text));
                }
            }
            let name = entry.words.first().ok_or("an entry has no words")?;
            for exception in &entry.except {
                if is_blank(&exception.reason) {
                    return Err(format!("an exception of {name:?} has no reason"));
                }
                if exception.path.is_none() && exception.phrase.is_none() {
                    return Err(format!("an exception of {name:?} has neither path nor phrase"));
                }
            }
            banned.push(Banned { phrases, only: entry.only, say: entry.say, exceptions: entry.except });
        }
        Ok(Self { skipped: raw.skip, banned })
    }
}

impl Phrase {
    fn new(text: &str) -> Self {
        let mut end = 0;
        let words = split(text).into_iter().map(|Token { word, range }| {
            let between = text.get(end..range.start).unwrap_or_default();
            end = range.end;
            (separator(between), word)
        });
        Self { words: words.collect(), text: text.to_owned() }
    }
}

/// Whether a path matches a pattern.
pub(super) fn matches(pattern: &str, path: &str) -> bool {
    if let Some(rest) = pattern.strip_prefix("**") {
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let starts = std::iter::once(0).chain(path.match_indices('/').map(|(at, _)| at + 1));
        return rest.is_empty() || starts.filter_map(|at| path.get(at..)).any(|path| matches(rest, path));
    }
    if let Some(rest) = pattern.strip_prefix('*') {
        let name = path.find('/').unwrap_or(path.len());
        let ends = path.char_indices().map(|(at, _)| at).chain([path.len()]).filter(|at| *at <= name);
        return ends.filter_map(|at| path.get(at..)).any(|path| matches(rest, path));
    }
    match (pattern.chars().next(), path.chars().next()) {
        (None, None) => true,
        (Some(c), Some(same)) if c == same => {
            let length = c.len_utf8();
            matches(pattern.get(length..).unwrap_or_default(), path.get(length..).unwrap_or_default())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        List::parse(text).err().unwrap()
    }

    #[test]
    fn an_exception_without_a_reason_is_an_error() {
        for reason in ["", ", reason = \" \""] {
            let text = format!(
                "[[banned]]\nwords = [\"gizmo\"]\nsay = \"module\"\nexcept = [{{ phrase = \"gizmo effect\"{reason} }}]"
            );
            assert_eq!(error(&text), "an exception of \"gizmo\" has no reason");
        }
        assert_eq!(error("[[skip]]\npath = \"a\""), "skipped path \"a\" has no reason");
    }

    #[test]
    fn an_exception_of_everything_is_an_error() {
        let text = "[[banned]]\nwords = [\"gizmo\"]\nsay = \"module\"\nexcept = [{ reason = \"why\" }]";
        assert_eq!(error(text), "an exception of \"gizmo\" has neither path nor phrase");
    }

    #[test]
    fn a_word_that_is_listed_twice_is_an_error() {
        let text = "[[banned]]\nwords = [\"gizmo box\", \"gizmo_box\"]\nsay = \"module\"";
        assert_eq!(error(text), "\"gizmo_box\" is listed twice");
    }

    #[test]
    fn a_star_matches_a_part_of_a_name_and_two_stars_any_directories() {
        assert!(matches("LICENSE-*", "LICENSE-MIT"));
        assert!(matches("**/Cargo.lock", "Cargo.lock"));
        assert!(matches("**/Cargo.lock", "fuzz/Cargo.lock"));
        assert!(matches("fuzz/corpus/**", "fuzz/corpus/a/b"));
        assert!(matches("crates/*/src/*.rs", "crates/a/src/lib.rs"));
        assert!(!matches("crates/*.rs", "crates/a/lib.rs"));
        assert!(!matches("LICENSE-*", "docs/LICENSE-MIT"));
        assert!(!matches("**/Cargo.lock", "fuzz/NotCargo.lock"));
    }
}
