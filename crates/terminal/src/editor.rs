//! A text editor: caret, the usual editing keys, undo. It does not draw; of the screen it knows the line width only.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::key::{Code, Key};
use crate::measure::{columns, wrap};

/// Maximum size of a text of several lines, in bytes: some threads of long tweets. Editing stays fast, and the undo
/// history small.
const TEXT_BYTES_MAX: usize = 16 * 1024;
/// Maximum size of a text of one line, in bytes: more than any field of the server takes.
const LINE_BYTES_MAX: usize = 4 * 1024;
/// Spaces for a tab, in a text of several lines.
const TAB: &str = "    ";
/// Steps that can be undone.
const UNDO_STEPS_MAX: usize = 200;

/// A text with a caret, an undo history and a cut buffer.
#[derive(Debug, Clone, Default)]
pub struct Editor {
    text: String,
    /// Byte offset at which the next character is inserted.
    caret: usize,
    undo: Vec<(String, usize)>,
    /// The last key typed a character, so that the next one belongs to the same undo step.
    is_typing: bool,
    /// The text that was cut last.
    cut: String,
    one_line: bool,
}

impl Editor {
    /// An editor for several lines, with the caret at the end.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), caret: text.len(), ..Self::default() }
    }

    /// An editor for one line: newlines become spaces, and Enter is not handled.
    #[must_use]
    pub fn one_line(text: &str) -> Self {
        Self { one_line: true, ..Self::new(text) }
    }

    /// The whole text.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Byte offset of the caret.
    #[must_use]
    pub fn caret(&self) -> usize {
        self.caret
    }

    /// Whether the text is empty or whitespace.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Moves the caret to a byte of the text. Does nothing if it is not at a character boundary.
    pub fn move_to(&mut self, at: usize) {
        if self.text.is_char_boundary(at) {
            (self.caret, self.is_typing) = (at, false);
        }
    }

    /// Replaces the text and moves the caret to its end. Can be undone.
    pub fn set(&mut self, text: &str) {
        self.remember();
        self.text = text.to_owned();
        self.caret = text.len();
    }

    /// Inserts at the caret. Control characters other than newline are dropped; a tab becomes spaces. Returns whether
    /// all of it had space; the rest is dropped.
    pub fn insert(&mut self, text: &str) -> bool {
        self.remember();
        self.write(text)
    }

    /// Bytes that can still be inserted.
    #[must_use]
    pub fn space(&self) -> usize {
        let most = if self.one_line { LINE_BYTES_MAX } else { TEXT_BYTES_MAX };
        most.saturating_sub(self.text.len())
    }

    /// Replaces the bytes from `start` to the caret, for completions. Does nothing if `start` is after the caret or not
    /// at a character boundary.
    pub fn complete(&mut self, start: usize, text: &str) {
        if start <= self.caret && self.text.is_char_boundary(start) {
            self.remember();
            self.text.replace_range(start..self.caret, "");
            self.caret = start;
            let _ = self.write(text);
        }
    }

    fn write(&mut self, text: &str) -> bool {
        let is_kept = |c: &char| !c.is_control() || (*c == '\n' && !self.one_line);
        let tab = if self.one_line { " " } else { TAB };
        let unified = text.replace("\r\n", "\n").replace('\r', "\n").replace('\t', tab);
        let mut kept: String = unified
            .chars()
            .map(|c| if self.one_line && c == '\n' { ' ' } else { c })
            .filter(is_kept)
            .collect();
        let fits = kept.len() <= self.space();
        if !fits {
            let clusters = kept.grapheme_indices(true).map(|(at, cluster)| at + cluster.len());
            let end = clusters.take_while(|end| *end <= self.space()).last().unwrap_or(0);
            kept.truncate(end);
        }
        self.text.insert_str(self.caret, &kept);
        self.caret += kept.len();
        fits
    }

    /// The text wrapped at this width, as byte ranges, and the column and line of the caret.
    #[must_use]
    pub fn layout(&self, width: usize) -> (Vec<std::ops::Range<usize>>, (usize, usize)) {
        let mut lines = wrap(&self.text, width);
        // After a full line the caret is on a line of its own.
        let row = lines.iter().rposition(|line| line.start <= self.caret).unwrap_or(0);
        let start = lines.get(row).map_or(0, |line| line.start);
        let column = columns(self.text.get(start..self.caret).unwrap_or_default());
        if column >= width.max(2) {
            lines.push(self.caret..self.caret);
            return (lines, (0, row + 1));
        }
        (lines, (column, row))
    }

    /// Handles a key and returns whether it was an editing key. `width` is the width at which the text is wrapped.
    pub fn key(&mut self, key: Key, width: usize) -> bool {
        if let Some(c) = key.typed() {
            if self.space() < c.len_utf8() {
                return true;
            }
            let is_same_step = self.is_typing && !c.is_whitespace();
            if !is_same_step {
                self.remember();
            }
            let _ = self.write(c.encode_utf8(&mut [0; 4]));
            self.is_typing = true;
            return true;
        }
        self.is_typing = false;
        let word = key.ctrl || key.alt;
        match (key.code, key.ctrl, key.alt) {
            (Code::Enter, ..) | (Code::Char('j'), true, false) if !self.one_line => {
                let _ = self.insert("\n");
            }
            (Code::Left, ..) => self.caret = if word { self.word_left() } else { self.left() },
            (Code::Right, ..) => self.caret = if word { self.word_right() } else { self.right() },
            (Code::Char('b'), true, false) => self.caret = self.left(),
            (Code::Char('f'), true, false) => self.caret = self.right(),
            (Code::Char('b'), false, true) => self.caret = self.word_left(),
            (Code::Char('f'), false, true) => self.caret = self.word_right(),
            (Code::Home, ..) | (Code::Char('a'), true, false) => self.caret = self.line_start(),
            (Code::End, ..) | (Code::Char('e'), true, false) => self.caret = self.line_end(),
            (Code::Up, ..) | (Code::Char('p'), true, false) => return self.vertical(-1, width),
            (Code::Down, ..) | (Code::Char('n'), true, false) => return self.vertical(1, width),
            (Code::Backspace, false, false) | (Code::Char('h'), true, false) => self.delete(self.left()),
            (Code::Backspace, ..) | (Code::Char('w'), true, false) => self.cut_to(self.word_left()),
            (Code::Delete, false, _) | (Code::Char('d'), true, false) => self.delete(self.right()),
            (Code::Delete, true, _) | (Code::Char('d'), false, true) => self.cut_to(self.word_right()),
            (Code::Char('u'), true, false) => self.cut_to(self.line_start()),
            (Code::Char('k'), true, false) => self.cut_to(self.line_end()),
            (Code::Char('y'), true, false) => {
                let cut = self.cut.clone();
                let _ = self.insert(&cut);
            }
            (Code::Char('_' | '/'), true, false) => self.undo(),
            _ => return false,
        }
        true
    }

    fn undo(&mut self) {
        if let Some((text, caret)) = self.undo.pop() {
            (self.text, self.caret) = (text, caret);
        }
    }

    fn remember(&mut self) {
        self.is_typing = false;
        if self.undo.len() == UNDO_STEPS_MAX {
            self.undo.remove(0);
        }
        self.undo.push((self.text.clone(), self.caret));
    }

    fn delete(&mut self, other_end: usize) {
        let range = self.caret.min(other_end)..self.caret.max(other_end);
        if !range.is_empty() {
            self.remember();
            self.caret = range.start;
            self.text.replace_range(range, "");
        }
    }

    fn cut_to(&mut self, other_end: usize) {
        let range = self.caret.min(other_end)..self.caret.max(other_end);
        if let Some(cut) = self.text.get(range).filter(|cut| !cut.is_empty()) {
            self.cut = cut.to_owned();
            self.delete(other_end);
        }
    }

    fn before(&self) -> &str {
        self.text.get(..self.caret).unwrap_or_default()
    }

    fn after(&self) -> &str {
        self.text.get(self.caret..).unwrap_or_default()
    }

    fn left(&self) -> usize {
        self.before().grapheme_indices(true).next_back().map_or(0, |(at, _)| at)
    }

    fn right(&self) -> usize {
        self.caret + self.after().graphemes(true).next().map_or(0, str::len)
    }

    fn word_left(&self) -> usize {
        let words = self.before().unicode_word_indices().next_back();
        words.map_or(0, |(at, _)| at)
    }

    fn word_right(&self) -> usize {
        let word = self.after().unicode_word_indices().next();
        word.map_or(self.text.len(), |(at, word)| self.caret + at + word.len())
    }

    fn line_start(&self) -> usize {
        self.before().rfind('\n').map_or(0, |at| at + 1)
    }

    fn line_end(&self) -> usize {
        self.after().find('\n').map_or(self.text.len(), |at| self.caret + at)
    }

    /// Moves the caret a wrapped line up or down; `false` if there is none.
    fn vertical(&mut self, by: isize, width: usize) -> bool {
        let (lines, (column, row)) = self.layout(width);
        let Some(line) = row.checked_add_signed(by).and_then(|row| lines.get(row)) else { return false };
        let mut at = line.start;
        let mut used = 0;
        let text = self.text.get(line.clone()).unwrap_or_default();
        for cluster in text.graphemes(true) {
            if used >= column {
                break;
            }
            used += crate::measure::cluster_columns(cluster);
            at += cluster.len();
        }
        // The end of a wrapped line is also the beginning of the next: stay before its last character.
        if at == line.end
            && at < self.text.len()
            && !self.text.get(at..).unwrap_or_default().starts_with('\n')
        {
            let last = text.graphemes(true).next_back().map_or(0, str::len);
            at -= last;
        }
        self.caret = at;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn typed(keys: &str) -> Editor {
        let mut editor = Editor::new("");
        for key in keys.split(' ') {
            let key = if key == "space" { Key::char(' ') } else { key.parse().unwrap() };
            editor.key(key, 20);
        }
        editor
    }

    #[test]
    fn editing_keys_work_as_in_a_shell() {
        for (keys, text) in [
            ("h e l l o left left X", "helXlo"),
            ("a b space c d ctrl-w", "ab "),
            ("a b space c d ctrl-a ctrl-k x ctrl-y", "xab cd"),
            ("a b enter c d ctrl-u", "ab\n"),
            ("a b ctrl-a delete", "b"),
            ("a b space c alt-b alt-b X", "Xab c"),
            ("a b c ctrl-_", ""),
            ("a space b ctrl-_ ctrl-_", ""),
            ("a b enter c up X", "aXb\nc"),
        ] {
            assert_eq!(typed(keys).text(), text, "{keys}");
        }
    }

    #[test]
    fn backspace_deletes_a_whole_grapheme_cluster() {
        let mut editor = Editor::new("a👩‍🚀");
        editor.key(Key::plain(Code::Backspace), 20);
        assert_eq!(editor.text(), "a");
    }

    #[test]
    fn a_paste_keeps_lines_but_no_control_characters() {
        let mut editor = Editor::new("");
        editor.insert("a\r\nb\tc\x1b[31m");
        assert_eq!(editor.text(), "a\nb    c[31m");
        let mut line = Editor::one_line("");
        line.insert("a\nb");
        assert_eq!(line.text(), "a b");
    }

    #[test]
    fn a_text_is_bounded_and_never_cut_inside_a_character() {
        let mut editor = Editor::new("");
        assert!(editor.insert("x"));
        assert!(!editor.insert(&"👩‍🚀".repeat(10_000)));
        assert!(editor.text().len() <= TEXT_BYTES_MAX && editor.text().ends_with("👩‍🚀"));
        let full = "y".repeat(editor.space());
        assert!(editor.insert(&full));
        assert!(editor.key(Key::char('z'), 20) && !editor.text().contains('z'));
        assert!(!editor.insert("\n"));
        editor.key(Key::plain(Code::Backspace), 20);
        assert!(editor.insert("z"));
        assert!(!Editor::one_line("").insert(&"x".repeat(LINE_BYTES_MAX + 1)));
    }

    #[test]
    fn the_caret_wraps_with_the_text() {
        assert_eq!(Editor::new("hello world").layout(8).1, (5, 1));
        assert_eq!(Editor::new("hello\n").layout(8).1, (0, 1));
        assert_eq!(Editor::new("abcdefgh").layout(8).1, (0, 1));
    }

    proptest! {
        #[test]
        fn any_keys_keep_the_caret_inside_the_text(keys in prop::collection::vec(0_usize..26, 0..120)) {
            let all = [
                "a", "é", "日", "space", "enter", "left", "right", "up", "down", "home", "end", "backspace",
                "delete", "ctrl-left", "ctrl-right", "ctrl-w", "ctrl-u", "ctrl-k", "ctrl-y", "ctrl-_", "alt-d",
                "alt-f", "alt-b", "ctrl-j", "ctrl-a", "ctrl-e",
            ];
            let mut editor = Editor::new("");
            for key in keys {
                editor.key(all[key].parse().unwrap(), 7);
                prop_assert!(editor.text().is_char_boundary(editor.caret()));
                let (lines, (column, row)) = editor.layout(7);
                prop_assert!(column < 7 && row < lines.len());
            }
        }
    }
}
