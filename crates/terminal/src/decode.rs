//! From the bytes of a terminal, near or over ssh, to events. Survives any bytes: a sequence that nobody knows is
//! dropped, what is pasted is bounded, and the next key is understood again.

use vte::{Params, Parser, Perform};

use crate::key::{Code, Event, Key, MouseAction, Report};

/// Most that is taken of one paste.
pub const PASTE_BYTES_MAX: usize = 64 * 1024;
/// Most that is kept of one sequence of the terminal: the parser keeps a string for as long as it does not end, and
/// who comes by ssh need not be a terminal.
const SEQUENCE_BYTES_MAX: usize = 1_024;
const ESC: u8 = 0x1b;

/// Turns bytes into events, however they are cut into pieces.
#[derive(Default)]
pub struct Decoder {
    parser: Parser,
    read: Reading,
    /// The last byte was an escape: a key of its own, or the beginning of a sequence?
    escaped: bool,
    /// The sequence is longer than what is kept: the rest of it is dropped.
    drops: bool,
    /// The sequence is one that a bell ends too (OSC).
    bell_ends: bool,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("read", &self.read).finish_non_exhaustive()
    }
}

impl Decoder {
    /// What these bytes mean, together with those before.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<Event> {
        for &byte in bytes {
            self.take(byte);
        }
        std::mem::take(&mut self.read.events)
    }

    /// Whether an escape waits for what follows. If nothing does for a moment, call [`Decoder::settle`].
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.escaped
    }

    /// Nothing followed: the escape was a key of its own.
    pub fn settle(&mut self) -> Vec<Event> {
        if self.escaped {
            self.forget_sequence();
            self.read.key(Key::plain(Code::Esc));
        }
        std::mem::take(&mut self.read.events)
    }

    fn take(&mut self, byte: u8) {
        let was_escaped = std::mem::replace(&mut self.escaped, byte == ESC && self.read.paste.is_none());
        if !was_escaped {
            self.in_sequence(byte);
            return;
        }
        self.bell_ends = byte == b']';
        // The parser would go on waiting inside the sequence for these.
        let alt = |code| Key { alt: true, ..Key::plain(code) };
        match byte {
            ESC => self.read.key(Key::plain(Code::Esc)),
            b'\r' | b'\n' => self.alone(alt(Code::Enter)),
            0x7f | 0x08 => self.alone(alt(Code::Backspace)),
            b'\t' => self.alone(alt(Code::Tab)),
            b' '..=b'/' => self.alone(alt(Code::Char(char::from(byte)))),
            0..=0x1f => self.alone(Key { alt: true, ..control(byte) }),
            0x80.. => {
                self.forget_sequence();
                self.read.prefix = Prefix::Alt;
                self.parser.advance(&mut self.read, &[byte]);
            }
            _ => self.parser.advance(&mut self.read, &[byte]),
        }
    }

    /// A byte that may belong to a sequence which has begun.
    fn in_sequence(&mut self, byte: u8) {
        let ends = matches!(byte, ESC | 0x18 | 0x1a) || (byte == 0x07 && self.bell_ends);
        if self.drops && !ends {
            return;
        }
        if std::mem::take(&mut self.drops) && byte != ESC {
            return;
        }
        self.read.unread += 1;
        self.parser.advance(&mut self.read, &[byte]);
        if self.read.unread > SEQUENCE_BYTES_MAX {
            self.read.unread = 0;
            self.parser = Parser::new();
            self.drops = true;
        }
    }

    fn alone(&mut self, key: Key) {
        self.forget_sequence();
        self.read.key(key);
    }

    fn forget_sequence(&mut self) {
        self.parser = Parser::new();
        self.escaped = false;
    }
}

#[derive(Debug, Default)]
struct Reading {
    events: Vec<Event>,
    paste: Option<String>,
    prefix: Prefix,
    /// Bytes of which nothing is known yet.
    unread: usize,
}

/// What an escape said about the character that follows it, and about nothing after that.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    #[default]
    None,
    /// `ESC O`: the first bytes of a function key or of a key of the keypad.
    SingleShift,
    /// The character is typed with alt.
    Alt,
}

impl Reading {
    fn key(&mut self, key: Key) {
        match &mut self.paste {
            None => self.events.push(Event::Key(key)),
            Some(paste) if paste.len() < PASTE_BYTES_MAX => match key.code {
                Code::Char(c) if !key.ctrl => paste.push(c),
                Code::Enter => paste.push('\n'),
                Code::Tab => paste.push(' '),
                _ => {}
            },
            // It never ends, or is more than anybody can want: take what there is, and keys are keys again.
            Some(_) => self.end_paste(),
        }
    }

    fn end_paste(&mut self) {
        if let Some(text) = self.paste.take() {
            self.events.push(Event::Paste(text));
        }
    }

    fn mouse(&mut self, button: u16, column: u16, row: u16) {
        let action = match button {
            0 => MouseAction::Press,
            2 => MouseAction::Menu,
            64 => MouseAction::WheelUp,
            65 => MouseAction::WheelDown,
            _ => return,
        };
        self.events.push(Event::Mouse(action, column.saturating_sub(1), row.saturating_sub(1)));
    }
}

impl Perform for Reading {
    fn print(&mut self, c: char) {
        self.unread = 0;
        let prefix = std::mem::take(&mut self.prefix);
        if prefix == Prefix::SingleShift {
            let code = match c {
                'P'..='S' => Some(Code::F(u8::try_from(u32::from(c) - u32::from('P') + 1).unwrap_or(1))),
                c => direction(c),
            };
            if let Some(code) = code {
                self.key(Key::plain(code));
            }
            return;
        }
        let alt = prefix == Prefix::Alt;
        if c == '\u{7f}' {
            self.key(Key { alt, ..Key::plain(Code::Backspace) });
        } else if !c.is_control() {
            self.key(Key { alt, ..Key::char(c) });
        }
    }

    fn execute(&mut self, byte: u8) {
        self.unread = 0;
        self.prefix = Prefix::None;
        if byte < 0x20 {
            self.key(control(byte));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignored: bool, action: char) {
        self.unread = 0;
        self.prefix = Prefix::None;
        if ignored {
            return;
        }
        let mut numbers = params.iter().map(|sub| sub.first().copied().unwrap_or(0));
        let first = numbers.next().unwrap_or(0);
        let second = numbers.next().unwrap_or(0);
        let third = numbers.next().unwrap_or(0);
        match (intermediates, action) {
            ([], '~') if first == 200 => self.paste = Some(String::new()),
            ([], '~') if first == 201 => self.end_paste(),
            _ if self.paste.is_some() => {}
            ([], '~') => {
                if let Some(code) = numbered(first) {
                    self.key(with_modifiers(code, second));
                }
            }
            ([], 'u') => {
                // The kitty protocol: a code point and modifiers; 3 would be a release.
                let code = match first {
                    13 => Code::Enter,
                    9 => Code::Tab,
                    27 => Code::Esc,
                    127 => Code::Backspace,
                    n => match char::from_u32(u32::from(n)).filter(|c| !c.is_control()) {
                        Some(c) => Code::Char(c),
                        None => return,
                    },
                };
                self.key(with_modifiers(code, second));
            }
            ([], 'Z') => self.key(Key { shift: true, ..Key::plain(Code::Tab) }),
            ([], 'I') => self.events.push(Event::Focus(true)),
            ([], 'O') => self.events.push(Event::Focus(false)),
            ([], c) => {
                let code = direction(c).or(match c {
                    'P' => Some(Code::F(1)),
                    'Q' => Some(Code::F(2)),
                    'R' => Some(Code::F(3)),
                    'S' => Some(Code::F(4)),
                    _ => None,
                });
                if let Some(code) = code {
                    self.key(with_modifiers(code, second));
                }
            }
            ([b'<'], 'M') => self.mouse(first, second, third),
            ([b'?', b'$'], 'y') => self.events.push(Event::Report(Report::Mode(first, second))),
            ([b'?'], 'c') => self.events.push(Event::Report(Report::Done)),
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignored: bool, byte: u8) {
        self.unread = 0;
        self.prefix = Prefix::None;
        if ignored || !intermediates.is_empty() || self.paste.is_some() {
            return;
        }
        match byte {
            b'O' => self.prefix = Prefix::SingleShift,
            b'\\' => {}
            0x21..=0x7e => self.key(Key { alt: true, ..Key::char(char::from(byte)) }),
            _ => {}
        }
    }

    fn osc_dispatch(&mut self, params: &[&[u8]], _bell: bool) {
        self.unread = 0;
        self.prefix = Prefix::None;
        if let [b"11", colour] = params
            && let Some(dark) = std::str::from_utf8(colour).ok().and_then(is_dark)
        {
            self.events.push(Event::Report(Report::DarkBackground(dark)));
        }
    }
}

/// Keys that are control characters.
fn control(byte: u8) -> Key {
    match byte {
        b'\r' => Key::plain(Code::Enter),
        b'\t' => Key::plain(Code::Tab),
        0x08 => Key::plain(Code::Backspace),
        0 => Key::ctrl(' '),
        0x1b => Key::plain(Code::Esc),
        1..=0x1a => Key::ctrl(char::from(byte + 0x60)),
        _ => Key::ctrl(char::from(byte.saturating_add(0x40))),
    }
}

fn direction(c: char) -> Option<Code> {
    Some(match c {
        'A' => Code::Up,
        'B' => Code::Down,
        'C' => Code::Right,
        'D' => Code::Left,
        'H' => Code::Home,
        'F' => Code::End,
        'M' => Code::Enter,
        _ => return None,
    })
}

fn numbered(number: u16) -> Option<Code> {
    Some(match number {
        1 | 7 => Code::Home,
        2 => Code::Insert,
        3 => Code::Delete,
        4 | 8 => Code::End,
        5 => Code::PageUp,
        6 => Code::PageDown,
        11..=15 => Code::F(u8::try_from(number - 10).ok()?),
        17..=21 => Code::F(u8::try_from(number - 11).ok()?),
        23 | 24 => Code::F(u8::try_from(number - 12).ok()?),
        _ => return None,
    })
}

/// As xterm tells them: 1 and a bit each for shift, alt, control.
fn with_modifiers(code: Code, number: u16) -> Key {
    let bits = number.saturating_sub(1);
    let (mut code, mut shift) = (code, bits & 1 != 0);
    if let Code::Char(c) = code {
        // A character tells its shift itself.
        if shift && c.is_ascii_lowercase() {
            code = Code::Char(c.to_ascii_uppercase());
        }
        shift = false;
    }
    Key { code, shift, alt: bits & 2 != 0, ctrl: bits & 4 != 0 }
}

/// Of `rgb:RRRR/GGGG/BBBB`.
fn is_dark(colour: &str) -> Option<bool> {
    let mut parts = colour.strip_prefix("rgb:")?.split('/');
    let mut part = || -> Option<f32> {
        let digits = parts.next()?;
        let most = 16_f32.powi(i32::try_from(digits.len()).ok()?) - 1.0;
        Some(f32::from(u16::from_str_radix(digits, 16).ok()?) / most)
    };
    let (red, green, blue) = (part()?, part()?, part()?);
    Some(0.299 * red + 0.587 * green + 0.114 * blue < 0.5)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn events(bytes: &[u8]) -> Vec<Event> {
        let mut decoder = Decoder::default();
        let mut events = decoder.decode(bytes);
        events.extend(decoder.settle());
        events
    }

    fn keys(bytes: &[u8]) -> String {
        let one = |event| match event {
            Event::Key(key) => key.to_string(),
            other => format!("{other:?}"),
        };
        events(bytes).into_iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn keys_of_every_kind() {
        for (bytes, meant) in [
            ("aé日".as_bytes(), "a é 日"),
            (b"\r\t\x7f\x08", "Enter Tab Backspace Backspace"),
            (b"\x04\x1f", "Ctrl-d Ctrl-_"),
            (b"\x1b", "Esc"),
            (b"\x1b\x1b[A", "Esc Up"),
            (b"\x1ba\x1b\r\x1b\x7f\x1b.", "Alt-a Alt-Enter Alt-Backspace Alt-."),
            (b"\x1b[A\x1b[1;5C\x1bOB\x1bOP\x1b[15~", "Up Ctrl-Right Down F1 F5"),
            (b"\x1b[3~\x1b[5~\x1b[Z", "Delete PageUp Shift-Tab"),
            (b"\x1b[13;5u\x1b[97;3u", "Ctrl-Enter Alt-a"),
            ("\x1bé".as_bytes(), "Alt-é"),
        ] {
            assert_eq!(keys(bytes), meant, "{bytes:?}");
        }
    }

    #[test]
    fn what_is_pasted_is_one_event_and_bounded() {
        assert_eq!(
            events(b"\x1b[200~a\rb\x1b[31mc\x1b[201~x"),
            [Event::Paste("a\nbc".into()), Event::Key(Key::char('x'))]
        );
        let mut flood = b"\x1b[200~".to_vec();
        flood.extend(vec![b'y'; 2 * PASTE_BYTES_MAX]);
        let first = events(&flood).into_iter().next();
        assert_eq!(first, Some(Event::Paste("y".repeat(PASTE_BYTES_MAX))));
    }

    #[test]
    fn the_mouse_and_what_a_terminal_says_of_itself() {
        assert_eq!(
            events(b"\x1b[<0;3;4M\x1b[<0;3;4m\x1b[<65;1;1M"),
            [Event::Mouse(MouseAction::Press, 2, 3), Event::Mouse(MouseAction::WheelDown, 0, 0)]
        );
        assert_eq!(
            events(b"\x1b[?2026;2$y\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62;22c\x1b[I"),
            [
                Event::Report(Report::Mode(2026, 2)),
                Event::Report(Report::DarkBackground(true)),
                Event::Report(Report::Done),
                Event::Focus(true)
            ]
        );
    }

    #[test]
    fn pictures_of_kitty_and_other_long_answers_are_no_keys() {
        assert_eq!(events(b"\x1b_Gi=31;OK\x1b\\\x1bP1$r0m\x1b\\q"), [Event::Key(Key::char('q'))]);
    }

    #[test]
    fn of_a_sequence_without_end_little_is_kept_and_nothing_becomes_keys() {
        // A colour of a million digits would be a colour if all of it were kept.
        let zeros = vec![b'0'; 1_000_000];
        for (begin, end) in
            [("\x1b]11;rgb:", "/0/0\x07"), ("\x1b]52;c;", "\x1b\\"), ("\x1bP", "\x1b\\"), ("\x1b[", "\x18")]
        {
            let bytes = [begin.as_bytes(), &zeros, end.as_bytes(), b"q"].concat();
            assert_eq!(events(&bytes), [Event::Key(Key::char('q'))], "{begin:?}");
        }
        // A bell ends none of these: what stands behind it is no key either.
        for begin in ["\x1b_G", "\x1bP", "\x1bX", "\x1b^", "\x1b["] {
            let bytes = [begin.as_bytes(), &zeros, b"\x07rm -rf /\r\x1b\\q"].concat();
            assert_eq!(events(&bytes), [Event::Key(Key::char('q'))], "{begin:?}");
        }
    }

    #[test]
    fn an_unfinished_function_key_does_not_change_a_later_key() {
        assert_eq!(events(b"\x1bO\x1b\x80\x1b\\q"), [Event::Key(Key::char('q'))]);
        assert_eq!(events(b"\x1bO\x1b[Aq"), [Event::Key(Key::plain(Code::Up)), Event::Key(Key::char('q'))]);
    }

    proptest! {
        #[test]
        fn after_any_bytes_a_key_is_understood_again(
            bytes in prop::collection::vec(prop_oneof![Just(ESC), Just(b'['), any::<u8>()], 0..200),
            cut in 0_usize..200,
        ) {
            let mut decoder = Decoder::default();
            let (one, two) = bytes.split_at(cut.min(bytes.len()));
            decoder.decode(one);
            decoder.decode(two);
            decoder.settle();
            // String terminators and the end of a paste bring any state to its end.
            decoder.decode(b"\x1b\\\x1b\\\x1b[201~\x1b\\");
            decoder.decode(b"a");
            let events = decoder.decode(b"q");
            prop_assert_eq!(events.last(), Some(&Event::Key(Key::char('q'))));
        }

        #[test]
        fn cutting_the_bytes_changes_nothing(text in "\\PC{0,20}(\x1b\\[[0-9;]{0,5}[A-D~])?\\PC{0,5}") {
            let whole = Decoder::default().decode(text.as_bytes());
            let mut decoder = Decoder::default();
            let pieces: Vec<_> = text.bytes().flat_map(|byte| decoder.decode(&[byte])).collect();
            prop_assert_eq!(whole, pieces);
        }
    }
}
