//! What a person does at a terminal: keys, pasted text, the mouse. Also how keys are written in settings and help.

use std::fmt;
use std::str::FromStr;

/// Which key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Code {
    /// One that writes a character.
    Char(char),
    /// Return.
    Enter,
    /// Tab; with shift, back.
    Tab,
    /// Escape.
    Esc,
    /// Deletes to the left.
    Backspace,
    /// Deletes to the right.
    Delete,
    /// Insert.
    Insert,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Home.
    Home,
    /// End.
    End,
    /// A page up.
    PageUp,
    /// A page down.
    PageDown,
    /// F1 to F12.
    F(u8),
}

/// A key with what was held down. Shift is told only where the character does not tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// Which key.
    pub code: Code,
    /// With control.
    pub ctrl: bool,
    /// With alt, also called meta.
    pub alt: bool,
    /// With shift.
    pub shift: bool,
}

impl Key {
    /// A key alone.
    #[must_use]
    pub const fn plain(code: Code) -> Self {
        Self { code, ctrl: false, alt: false, shift: false }
    }

    /// A character alone.
    #[must_use]
    pub const fn char(c: char) -> Self {
        Self::plain(Code::Char(c))
    }

    /// With control.
    #[must_use]
    pub const fn ctrl(c: char) -> Self {
        Self { ctrl: true, ..Self::char(c) }
    }

    /// The character that it writes, if it writes one.
    #[must_use]
    pub fn writes(&self) -> Option<char> {
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

/// A text that names no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no key: write for example x, G, ctrl-d, alt-enter, f1, space or \"g h\"")]
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

/// Keys one after the other: `g h`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Keys(pub Vec<Key>);

impl fmt::Display for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_plain = |key: &Key| key.writes().is_some_and(|c| c != ' ' && c != '-');
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

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MouseAction {
    /// The left button went down.
    Press,
    /// The right button went down.
    Menu,
    /// The wheel turned away from the person.
    WheelUp,
    /// The wheel turned to the person.
    WheelDown,
}

/// A message from the terminal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A key.
    Key(Key),
    /// Text that was pasted, as one.
    Paste(String),
    /// The mouse, and where: column and row from 0.
    Mouse(MouseAction, u16, u16),
    /// The terminal got or lost the focus.
    Focus(bool),
    /// An answer to a question about what the terminal can do.
    Report(Report),
}

/// What a terminal says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// How it stands with a private mode: 0 unknown, 1 set, 2 not set, 3 always set, 4 never.
    Mode(u16, u16),
    /// Its background: is it dark?
    DarkBackground(bool),
    /// It answered the last question: what was not answered before will not be.
    Done,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_as_they_are_written() {
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
        ] {
            let keys: Keys = text.parse().unwrap();
            assert_eq!(keys.to_string(), shown);
        }
        for wrong in ["", "ctrl-", "f13", "hello", "a b c d", "ctrl-\u{7}"] {
            assert!(wrong.parse::<Keys>().is_err(), "{wrong:?}");
        }
    }
}
