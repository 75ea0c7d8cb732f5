//! Finds the banned words in files.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::ops::Range;

use super::list::{Banned, Exception, List, Only, Phrase, matches};
use super::syntax::{code_ranges, is_quoted_name};
use super::tokens::{Token, separator, split};

/// Characters of a line that a hit shows before and after the word.
const CONTEXT: usize = 20;

/// A banned word in a file. In order of path and line.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Hit {
    pub(super) path: String,
    /// Line and column. `None` for the name of the file.
    place: Option<(usize, usize)>,
    /// The banned word or phrase, as the list has it.
    pub(super) word: String,
    excerpt: String,
    say: String,
}

impl fmt::Display for Hit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, place, word, excerpt, say } = self;
        match place {
            Some((line, _)) => write!(f, "{path}:{line}: \"{word}\" in \"{excerpt}\"; say: {say}"),
            None => write!(f, "{path}: \"{word}\" in the file name; say: {say}"),
        }
    }
}

/// A search through many files.
pub(super) struct Scan<'a> {
    list: &'a List,
    /// Phrases by their first word.
    phrases: HashMap<&'a str, Vec<(usize, &'a Phrase)>>,
    hits: Vec<Hit>,
    /// Paths whose names were checked: files and directories.
    names: BTreeSet<String>,
    /// Indices of skipped paths that matched a file.
    used_skips: BTreeSet<usize>,
    /// Indices of entries and of their exceptions that matched a hit.
    used_exceptions: BTreeSet<(usize, usize)>,
}

impl<'a> Scan<'a> {
    pub(super) fn new(list: &'a List) -> Self {
        let mut phrases: HashMap<&str, Vec<(usize, &Phrase)>> = HashMap::new();
        for (index, banned) in list.banned.iter().enumerate() {
            for phrase in &banned.phrases {
                if let Some((_, first)) = phrase.words.first() {
                    phrases.entry(first).or_default().push((index, phrase));
                }
            }
        }
        // The longest first, so that a word in a banned phrase is not a second hit.
        phrases
            .values_mut()
            .for_each(|found| found.sort_by_key(|(_, phrase)| std::cmp::Reverse(phrase.words.len())));
        Self {
            list,
            phrases,
            hits: Vec::new(),
            names: BTreeSet::new(),
            used_skips: BTreeSet::new(),
            used_exceptions: BTreeSet::new(),
        }
    }

    /// Searches a file and the names in its path.
    pub(super) fn add(&mut self, path: &str, text: &str) {
        let skips = self.list.skipped.iter().enumerate().filter(|(_, skip)| matches(&skip.path, path));
        let skips: Vec<usize> = skips.map(|(index, _)| index).collect();
        if !skips.is_empty() {
            self.used_skips.extend(skips);
            return;
        }
        let directories = path.match_indices('/').filter_map(|(at, _)| path.get(..=at));
        for name in directories.chain([path]) {
            if self.names.insert(name.to_owned()) {
                self.add_name(name);
            }
        }
        self.add_text(path, text);
    }

    /// Searches the last part of a path.
    fn add_name(&mut self, path: &str) {
        let last = path.trim_end_matches('/').rfind('/').map_or(0, |at| at + 1);
        for (index, phrase, range) in self.find(path) {
            if range.end > last && !self.is_excepted(index, path, path, &range) {
                self.add_hit(index, phrase, path, None, String::new());
            }
        }
    }

    fn add_text(&mut self, path: &str, text: &str) {
        let has_code = [".rs", ".proto"].iter().any(|extension| path.ends_with(extension));
        let code = if has_code { code_ranges(text) } else { Vec::new() };
        let is_code = |range: &Range<usize>| {
            let after = code.partition_point(|part| part.end <= range.start);
            code.get(after).is_some_and(|part| part.start <= range.start)
        };
        for (index, phrase, range) in self.find(text) {
            let only = self.list.banned.get(index).and_then(|banned| banned.only);
            let is_free =
                only == Some(Only::Identifiers) && !is_code(&range) && !is_quoted_name(text, &range);
            if !is_free && !self.is_excepted(index, path, text, &range) {
                let (place, excerpt) = show(text, &range);
                self.add_hit(index, phrase, path, Some(place), excerpt);
            }
        }
    }

    fn add_hit(
        &mut self,
        index: usize,
        phrase: &Phrase,
        path: &str,
        place: Option<(usize, usize)>,
        excerpt: String,
    ) {
        let say = self.list.banned.get(index).map_or(String::new(), |banned| banned.say.clone());
        self.hits.push(Hit { path: path.to_owned(), place, word: phrase.text.clone(), excerpt, say });
    }

    /// Banned phrases in a text: the index of the entry, the phrase and where it is.
    fn find(&self, text: &str) -> Vec<(usize, &'a Phrase, Range<usize>)> {
        let tokens = split(text);
        let mut found: Vec<(usize, &'a Phrase, Range<usize>)> = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            let candidates = self.phrases.get(token.word.as_str()).into_iter().flatten();
            let rest = tokens.get(at..).unwrap_or_default();
            let hit = candidates
                .filter_map(|(index, phrase)| Some((*index, *phrase, range_of(phrase, text, rest)?)))
                .next();
            // Not inside a longer phrase that was found already.
            let end = found.last().map_or(0, |(_, _, range)| range.end);
            found.extend(hit.filter(|(_, _, range)| range.end > end));
        }
        found
    }

    fn is_excepted(&mut self, index: usize, path: &str, text: &str, range: &Range<usize>) -> bool {
        let Some(banned) = self.list.banned.get(index) else { return false };
        let is_match = |exception: &Exception| {
            exception.path.as_ref().is_none_or(|pattern| matches(pattern, path))
                && exception.phrase.as_ref().is_none_or(|phrase| is_inside(phrase, text, range))
        };
        let used = banned.exceptions.iter().position(is_match);
        self.used_exceptions.extend(used.map(|exception| (index, exception)));
        used.is_some()
    }

    /// All hits in order, and errors: skipped paths and exceptions that matched nothing.
    pub(super) fn finish(mut self) -> (Vec<Hit>, Vec<String>) {
        self.hits.sort();
        let mut errors = Vec::new();
        for (index, skip) in self.list.skipped.iter().enumerate() {
            if !self.used_skips.contains(&index) {
                errors.push(format!("skipped path {:?} matches no file; delete it", skip.path));
            }
        }
        for (index, banned) in self.list.banned.iter().enumerate() {
            for (at, exception) in banned.exceptions.iter().enumerate() {
                if !self.used_exceptions.contains(&(index, at)) {
                    errors.push(format!("{} matches nothing; delete it", describe(banned, exception)));
                }
            }
        }
        (self.hits, errors)
    }
}

fn describe(banned: &Banned, exception: &Exception) -> String {
    let word = banned.phrases.first().map_or("", |phrase| &phrase.text);
    let path = exception.path.as_ref().map_or(String::new(), |path| format!(" with path {path:?}"));
    let phrase = exception.phrase.as_ref().map_or(String::new(), |phrase| format!(" with phrase {phrase:?}"));
    format!("exception of {word:?}{path}{phrase}")
}

/// Where the phrase is, if the tokens begin with it.
fn range_of(phrase: &Phrase, text: &str, tokens: &[Token]) -> Option<Range<usize>> {
    let first = tokens.first()?;
    let mut end = first.range.start;
    let mut tokens = tokens.iter();
    for (at, (before, word)) in phrase.words.iter().enumerate() {
        let token = tokens.next().filter(|token| token.word == *word)?;
        if at > 0 && separator(text.get(end..token.range.start)?) != *before {
            return None;
        }
        end = token.range.end;
    }
    Some(first.range.start..end)
}

/// Whether the range is in, or overlaps, an occurrence of the phrase.
fn is_inside(phrase: &str, text: &str, range: &Range<usize>) -> bool {
    let start = text.floor_char_boundary(range.start.saturating_sub(phrase.len()));
    let end = text.ceil_char_boundary(range.end.saturating_add(phrase.len()).min(text.len()));
    let window = text.get(start..end).unwrap_or_default();
    window.match_indices(phrase).any(|(at, _)| {
        let found = start + at..start + at + phrase.len();
        found.start < range.end && range.start < found.end
    })
}

/// Line and column of a hit, and the text around it.
fn show(text: &str, range: &Range<usize>) -> ((usize, usize), String) {
    let before = text.get(..range.start).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line = before.matches('\n').count() + 1;
    let start = before.get(line_start..).unwrap_or_default().trim_start();
    let rest = text.get(range.start..).unwrap_or_default();
    let rest = rest.lines().next().unwrap_or_default().trim_end();
    let word = rest.get(..range.len()).unwrap_or(rest);
    let after = rest.get(word.len()..).unwrap_or_default();
    let skipped = start.chars().count().saturating_sub(CONTEXT);
    let (left, right) =
        (if skipped > 0 { "…" } else { "" }, if after.chars().count() > CONTEXT { "…" } else { "" });
    let start: String = start.chars().skip(skipped).collect();
    let after: String = after.chars().take(CONTEXT).collect();
    ((line, range.start - line_start), format!("{left}{start}{word}{after}{right}"))
}
