//! Input events of a terminal, and the notation of keys in settings and help (`ctrl-d`, `g h`).

use std::fmt;
use std::str::FromStr;

/// A key without its modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// A key that types this character.
    Char(char),
    /// Enter, also called Return.
    Enter,
    /// Tab. Shift-Tab is this with [`Key::shift`].
    Tab,
    /// Escape.
    Esc,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// The left arrow.
    Left,
    /// The right arrow.
    Right,
    /// The up arrow.
    Up,
    /// The down arrow.
    Down,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// F1 to F12.
    F(u8),
}

/// A key with its modifiers. Characters include shift themselves (`G`), so [`Key::shift`] is set for other keys only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The key.
    pub code: Code,
    /// Whether control is held.
    pub ctrl: bool,
    /// Whether alt (meta) is held.
    pub alt: bool,
    /// Whether shift is held.
    pub shift: bool,
}

impl Key {
    /// A key without modifiers.
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// A character without modifiers.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// A character with control.
    #[must_use]
    pub const fn ctrl(c: char) -> Self {
        Self { ctrl: true, ..Self::char(c) }
    }

    /// The character that it types; `None` for other keys and with control or alt.
    #[must_use]
    pub fn typed(&self) -> Option<char> {
        match self.code {
            Code::Char(c) if !self.ctrl && !self.alt => Some(c),
            _ => None,
        }
    }
}

const NAMES: [(&str, Code); 16] = [
    ("Enter", Code::Enter),
    ("Tab", Code::Tab),
    ("Esc", Code::Esc),
    ("Backspace", Code::Backspace),
    ("Delete", Code::Delete),
    ("Insert", Code::Insert),
    ("Left", Code::Left),
    ("Right", Code::Right),
    ("Up", Code::Up),
    ("Down", Code::Down),
    ("Home", Code::Home),
    ("End", Code::End),
    ("PageUp", Code::PageUp),
    ("PageDown", Code::PageDown),
    ("Space", Code::Char(' ')),
    ("Minus", Code::Char('-')),
];

/// `Ctrl-d`, `Alt-Enter`, `g`, `F1`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (held, name) in [(self.ctrl, "Ctrl-"), (self.alt, "Alt-"), (self.shift, "Shift-")] {
            if held {
                f.write_str(name)?;
            }
        }
        let is_alone = !self.ctrl && !self.alt && !self.shift;
        if is_alone && self.code == Code::Char('-') {
            return f.write_str("-");
        }
        if let Some((name, _)) = NAMES.iter().find(|(_, code)| *code == self.code) {
            return f.write_str(name);
        }
        match self.code {
            Code::Char(c) => write!(f, "{c}"),
            Code::F(n) => write!(f, "F{n}"),
            _ => Ok(()),
        }
    }
}

/// A text that is not a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a key: use for example x, G, ctrl-d, alt-enter, f1, space or \"g h\"")]
pub struct KeyError(String);

impl FromStr for Key {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let wrong = || KeyError(text.to_owned());
        let mut key = Self::char('\0');
        let mut rest = text;
        loop {
            let lower = rest.to_ascii_lowercase();
            let held = [("ctrl-", 0), ("alt-", 1), ("shift-", 2)]
                .iter()
                .find(|(name, _)| lower.starts_with(name) && rest.len() > name.len());
            match held {
                Some((name, which)) => {
                    match which {
                        0 => key.ctrl = true,
                        1 => key.alt = true,
                        _ => key.shift = true,
                    }
                    rest = rest.get(name.len()..).unwrap_or_default();
                }
                None => break,
            }
        }
        let mut chars = rest.chars();
        key.code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => Code::Char(c),
            _ => {
                let lower = rest.to_ascii_lowercase();
                let named =
                    NAMES.iter().find(|(name, _)| name.eq_ignore_ascii_case(&lower)).map(|(_, code)| *code);
                let function = lower.strip_prefix('f').and_then(|n| n.parse().ok()).map(Code::F);
                named.or(function.filter(|code| matches!(code, Code::F(1..=12)))).ok_or_else(wrong)?
            }
        };
        Ok(key)
    }
}

/// A sequence of up to three keys: `g h`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Keys(pub Vec<Key>);

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |key: &Key| key.typed().is_some_and(|c| c != ' ' && c != '-');
        let all_plain = self.0.iter().all(is_plain);
        for (place, key) in self.0.iter().enumerate() {
            if place > 0 && !all_plain {
                f.write_str(" ")?;
            }
            key.fmt(f)?;
        }
        Ok(())
    }
}

impl FromStr for Keys {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let keys: Vec<Key> = text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        if keys.is_empty() || keys.len() > 3 { Err(KeyError(text.to_owned())) } else { Ok(Self(keys)) }
    }
}

/// A mouse action.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAction {
    /// The left button was pressed.
    Press,
    /// The right button was pressed.
    Menu,
    /// The wheel was turned up.
    WheelUp,
    /// The wheel was turned down.
    WheelDown,
}

/// Input from a terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted (bracketed paste). Its lines end in line feeds.
    Paste {
        /// The text; of control characters only line feeds and tabs.
        text: String,
        /// It was longer than [`PASTE_BYTES_MAX`](crate::decode::PASTE_BYTES_MAX), and the rest was dropped.
        is_cut: bool,
    },
    /// A mouse action at this column and row, counted from 0.
    Mouse(MouseAction, u16, u16),
    /// The terminal gained (`true`) or lost the focus.
    Focus(bool),
    /// A response to a query about the terminal's capabilities.
    Report(Report),
}

/// A response of the terminal to a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// DECRPM: the number of a private mode and its state: 0 unknown, 1 set, 2 reset, 3 permanently set, 4 permanently
    /// reset.
    Mode(u16, u16),
    /// OSC 11, or a change of mode (2031): whether the background is dark.
    DarkBackground(bool),
    /// The column of the cursor, counted from 0.
    Cursor(u16),
    /// DA1, which is queried last: queries without a response so far are not supported.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_parse_and_print() {
        for (text, shown) in [
            ("g h", "gh"),
            ("ctrl-d", "Ctrl-d"),
            ("Alt-Enter", "Alt-Enter"),
            ("ctrl-x ctrl-e", "Ctrl-x Ctrl-e"),
            ("f1", "F1"),
            ("G", "G"),
            ("Space", "Space"),
            ("shift-tab", "Shift-Tab"),
            ("'", "'"),
            ("ctrl-_", "Ctrl-_"),
            ("-", "-"),
            ("minus", "-"),
            ("ctrl-minus", "Ctrl-Minus"),
        ] {
            let keys: Keys = text.parse().unwrap();
            assert_eq!(keys.to_string(), shown);
        }
        for wrong in ["", "ctrl-", "f13", "hello", "a b c d", "ctrl-\u{7}"] {
            assert!(wrong.parse::<Keys>().is_err(), "{wrong:?}");
        }
    }
}
