//! Decodes the bytes of a terminal into events. It accepts any bytes: unknown sequences are dropped, pastes and
//! sequences are bounded, and the next key is decoded again. A paste is one event, whatever its size.

use vte::{Params, Parser, Perform};

use crate::key::{Code, Event, Key, MouseAction, Report};
use crate::paste::Paste;

pub use crate::paste::PASTE_BYTES_MAX;

/// Maximum size of an escape sequence, in bytes. The parser would buffer an unterminated string without limit, and an
/// ssh client can send anything.
const SEQUENCE_BYTES_MAX: usize = 1_024;
const ESC: u8 = 0x1b;
/// A report of the terminal's mode, which is sent when mode 2031 is set: dark, or light.
const COLOR_MODE: u16 = 997;
const LIGHT_MODE: u16 = 2;
/// The kind of a key event in the kitty keyboard protocol: the key was released.
const RELEASED: u16 = 3;

/// A decoder for one terminal. The bytes can be split anywhere.
#[derive(Default)]
pub struct Decoder {
    parser: Parser,
    state: Interpreter,
    /// The last byte was an escape: a key, or the beginning of a sequence.
    has_pending_escape: bool,
    /// The sequence exceeded [`SEQUENCE_BYTES_MAX`]: its remaining bytes are dropped.
    is_dropping: bool,
    /// The sequence is an OSC, which a bell can end too.
    is_osc: bool,
}

impl std::fmt::Debug for Decoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Decoder").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Decoder {
    /// The events that these bytes complete.
    pub fn decode(&mut self, bytes: &[u8]) -> Vec<Event> {
        for &byte in bytes {
            self.feed(byte);
        }
        std::mem::take(&mut self.state.events)
    }

    /// Whether the last byte was an escape. If no byte follows within a few milliseconds, call
    /// [`Decoder::flush_escape`].
    #[must_use]
    pub fn has_pending_escape(&self) -> bool {
        self.has_pending_escape
    }

    /// Decodes a pending escape as the Esc key.
    pub fn flush_escape(&mut self) -> Vec<Event> {
        if self.has_pending_escape {
            self.forget_sequence();
            self.state.key(Key::plain(Code::Esc));
        }
        std::mem::take(&mut self.state.events)
    }

    /// Whether a paste has begun and not ended. If nothing more arrives for a long time, its end was lost: call
    /// [`Decoder::flush_paste`].
    #[must_use]
    pub fn has_open_paste(&self) -> bool {
        self.state.paste.is_some()
    }

    /// Ends a paste whose end was lost.
    pub fn flush_paste(&mut self) -> Vec<Event> {
        self.state.end_paste();
        std::mem::take(&mut self.state.events)
    }

    fn feed(&mut self, byte: u8) {
        if let Some(paste) = &mut self.state.paste {
            if paste.push(byte) {
                self.state.end_paste();
            }
            return;
        }
        if self.state.skips > 0 {
            self.state.skips -= 1;
            return;
        }
        let was_escaped = std::mem::replace(&mut self.has_pending_escape, byte == ESC);
        if !was_escaped {
            self.feed_sequence(byte);
            return;
        }
        self.is_osc = byte == b']';
        // For these the parser would wait for more bytes of a sequence.
        let alt = |code| Key { alt: true, ..Key::plain(code) };
        match byte {
            ESC => self.state.key(Key::plain(Code::Esc)),
            b'\r' | b'\n' => self.emit(alt(Code::Enter)),
            0x7f | 0x08 => self.emit(alt(Code::Backspace)),
            b'\t' => self.emit(alt(Code::Tab)),
            b' '..=b'/' => self.emit(alt(Code::Char(char::from(byte)))),
            0..=0x1f => self.emit(Key { alt: true, ..control(byte) }),
            0x80.. => {
                self.forget_sequence();
                self.state.prefix = Prefix::Alt;
                self.parser.advance(&mut self.state, &[byte]);
            }
            _ => self.parser.advance(&mut self.state, &[byte]),
        }
    }

    /// A byte that may belong to the current sequence.
    fn feed_sequence(&mut self, byte: u8) {
        let ends = matches!(byte, ESC | 0x18 | 0x1a) || (byte == 0x07 && self.is_osc);
        if self.is_dropping && !ends {
            return;
        }
        if std::mem::take(&mut self.is_dropping) && byte != ESC {
            return;
        }
        self.state.sequence_bytes += 1;
        self.parser.advance(&mut self.state, &[byte]);
        if self.state.sequence_bytes > SEQUENCE_BYTES_MAX {
            self.state.sequence_bytes = 0;
            self.parser = Parser::new();
            self.is_dropping = true;
        }
    }

    fn emit(&mut self, key: Key) {
        self.forget_sequence();
        self.state.key(key);
    }

    fn forget_sequence(&mut self) {
        self.parser = Parser::new();
        self.has_pending_escape = false;
    }
}

#[derive(Debug, Default)]
struct Interpreter {
    events: Vec<Event>,
    paste: Option<Paste>,
    /// Bytes that belong to the last sequence although they look like characters.
    skips: usize,
    prefix: Prefix,
    /// Bytes of the current sequence.
    sequence_bytes: usize,
}

/// What the last escape sequence says about the next character.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Prefix {
    #[default]
    None,
    /// `ESC O`: the next character names a function or keypad key.
    SingleShift,
    /// Alt is held.
    Alt,
}

impl Interpreter {
    fn key(&mut self, key: Key) {
        self.events.push(Event::Key(key));
    }

    fn end_paste(&mut self) {
        if let Some((text, is_cut)) = self.paste.take().map(Paste::into_text) {
            self.events.push(Event::Paste { text, is_cut });
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

impl Perform for Interpreter {
    fn print(&mut self, c: char) {
        self.sequence_bytes = 0;
        let prefix = std::mem::take(&mut self.prefix);
        if prefix == Prefix::SingleShift {
            // Some terminals write the modifiers of the key first.
            if c.is_ascii_digit() || c == ';' {
                self.prefix = Prefix::SingleShift;
                return;
            }
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
        self.sequence_bytes = 0;
        self.prefix = Prefix::None;
        if byte < 0x20 {
            self.key(control(byte));
        }
    }

    fn csi_dispatch(&mut self, params: &Params, intermediates: &[u8], ignored: bool, action: char) {
        self.sequence_bytes = 0;
        self.prefix = Prefix::None;
        if ignored {
            return;
        }
        let number = |place: usize, sub: usize| {
            params.iter().nth(place).and_then(|subs| subs.get(sub)).copied().unwrap_or(0)
        };
        let (first, second, third) = (number(0, 0), number(1, 0), number(2, 0));
        let is_key = matches!(action, 'A'..='H' | 'P'..='S' | 'Z' | 'u' | '~');
        // F3 with a modifier has the same form, but names the first row: the position is asked for on another.
        if intermediates.is_empty() && action == 'R' && first > 1 {
            self.events.push(Event::Report(Report::Cursor(second.saturating_sub(1))));
            return;
        }
        // The kitty keyboard protocol: a key was released, or is held with a modifier of the window manager.
        if intermediates.is_empty() && is_key && (number(1, 1) == RELEASED || has_foreign_modifier(second)) {
            return;
        }
        match (intermediates, action) {
            ([], '~') if first == 200 => self.paste = Some(Paste::default()),
            ([], '~') => {
                if let Some(code) = numbered(first) {
                    self.key(with_modifiers(code, second));
                }
            }
            ([], 'u') => {
                if let Some(key) = kitty_key(first, number(0, 2), second) {
                    self.key(key);
                }
            }
            // A mouse event in the oldest encoding, and a function key of the Linux console.
            ([], 'M') => self.skips = 3,
            ([], '[') => self.skips = 1,
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
            ([b'?'], 'n') if first == COLOR_MODE => {
                self.events.push(Event::Report(Report::DarkBackground(second != LIGHT_MODE)));
            }
            ([b'?'], 'c') => self.events.push(Event::Report(Report::Done)),
            _ => {}
        }
    }

    fn esc_dispatch(&mut self, intermediates: &[u8], ignored: bool, byte: u8) {
        self.sequence_bytes = 0;
        self.prefix = Prefix::None;
        if ignored || !intermediates.is_empty() {
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
        self.sequence_bytes = 0;
        self.prefix = Prefix::None;
        if let [b"11", color] = params
            && let Some(dark) = std::str::from_utf8(color).ok().and_then(is_dark)
        {
            self.events.push(Event::Report(Report::DarkBackground(dark)));
        }
    }
}

/// The key of a control character.
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

/// The key of the kitty keyboard protocol with this code point, on the key of `base` in a Latin layout.
fn kitty_key(code_point: u16, base: u16, modifiers: u16) -> Option<Key> {
    let code = match code_point {
        13 | 57_414 => Code::Enter,
        9 => Code::Tab,
        27 => Code::Esc,
        8 | 127 => Code::Backspace,
        // The numeric keypad.
        n @ 57_399..=57_408 => Code::Char(char::from(b'0' + u8::try_from(n - 57_399).ok()?)),
        57_417 => Code::Left,
        57_418 => Code::Right,
        57_419 => Code::Up,
        57_420 => Code::Down,
        57_421 => Code::PageUp,
        57_422 => Code::PageDown,
        57_423 => Code::Home,
        57_424 => Code::End,
        57_425 => Code::Insert,
        57_426 => Code::Delete,
        // Further keys, such as those of media players, and modifiers that are pressed alone.
        0xE000..=0xF8FF => return None,
        n => Code::Char(char::from_u32(u32::from(n)).filter(|c| !c.is_control())?),
    };
    let key = with_modifiers(code, modifiers);
    // With control or alt, a key of another layout means the Latin one in its place.
    let latin = char::from_u32(u32::from(base)).filter(|c| c.is_ascii_graphic());
    Some(match (key.code, latin) {
        (Code::Char(c), Some(latin)) if !c.is_ascii() && (key.ctrl || key.alt) => {
            with_modifiers(Code::Char(latin), modifiers)
        }
        _ => key,
    })
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

/// Whether super, hyper or meta is held.
fn has_foreign_modifier(number: u16) -> bool {
    number.saturating_sub(1) & 0b11_1000 != 0
}

/// Modifiers as xterm encodes them: 1 plus a bit each for shift, alt and control.
fn with_modifiers(code: Code, number: u16) -> Key {
    let bits = number.saturating_sub(1);
    let (mut code, mut shift) = (code, bits & 1 != 0);
    if let Code::Char(c) = code {
        // A character includes its shift.
        if shift && c.is_ascii_lowercase() {
            code = Code::Char(c.to_ascii_uppercase());
        }
        shift = false;
    }
    Key { code, shift, alt: bits & 2 != 0, ctrl: bits & 4 != 0 }
}

/// Whether the color `rgb:RRRR/GGGG/BBBB` is dark.
fn is_dark(color: &str) -> Option<bool> {
    let mut parts = color.strip_prefix("rgb:")?.split('/');
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
        events.extend(decoder.flush_escape());
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
    fn every_kind_of_key_is_decoded() {
        for (bytes, expected) in [
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
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }

    fn paste(text: &str) -> Event {
        Event::Paste { text: text.into(), is_cut: false }
    }

    #[test]
    fn a_paste_is_one_event_of_bounded_size() {
        for size in [PASTE_BYTES_MAX - 1, PASTE_BYTES_MAX, PASTE_BYTES_MAX + 1, 5 * PASTE_BYTES_MAX] {
            let bytes = [b"\x1b[200~", vec![b'y'; size].as_slice(), b"\x1b[201~x"].concat();
            let text = "y".repeat(size.min(PASTE_BYTES_MAX));
            let is_cut = size > PASTE_BYTES_MAX;
            assert_eq!(events(&bytes), [Event::Paste { text, is_cut }, Event::Key(Key::char('x'))], "{size}");
        }
        // A character that is cut is dropped as a whole.
        let bytes = [b"\x1b[200~y", "é".repeat(PASTE_BYTES_MAX).as_bytes(), b"\x1b[201~"].concat();
        let text = format!("y{}", "é".repeat(PASTE_BYTES_MAX / 2 - 1));
        assert_eq!(events(&bytes), [Event::Paste { text, is_cut: true }]);
    }

    #[test]
    fn the_lines_of_a_paste_are_kept_with_any_line_end() {
        for bytes in [&b"\x1b[200~a\nb\nc\x1b[201~"[..], b"\x1b[200~a\r\nb\rc\x1b[201~"] {
            assert_eq!(events(bytes), [paste("a\nb\nc")], "{bytes:?}");
        }
        assert_eq!(events(b"\x1b[200~\ta\n\x1b[201~"), [paste("\ta\n")]);
    }

    #[test]
    fn nothing_in_a_paste_acts() {
        let hostile = "\x1b[A\x03\x1b]52;c;\x1b[200~\u{9b}m\x1b[20\x1b\x1b";
        let bytes = format!("\x1b[200~{hostile}\x1b[201~q");
        assert_eq!(events(bytes.as_bytes()), [paste("[A]52;c;[200~m[20"), Event::Key(Key::char('q'))]);
    }

    #[test]
    fn a_paste_without_an_end_can_be_ended() {
        let mut decoder = Decoder::default();
        assert_eq!(decoder.decode(b"\x1b[200~lost"), []);
        assert!(decoder.has_open_paste());
        assert_eq!(decoder.flush_paste(), [paste("lost")]);
        assert_eq!(decoder.decode(b"q"), [Event::Key(Key::char('q'))]);
    }

    #[test]
    fn a_released_key_does_nothing() {
        for bytes in ["\x1b[13;5:3u", "\x1b[115;5:3u", "\x1b[1;1:3A", "\x1b[3;1:3~", "\x1b[1;1:3P"] {
            assert_eq!(keys(bytes.as_bytes()), "", "{bytes:?}");
        }
        assert_eq!(keys(b"\x1b[13;5:1u\x1b[1;1:2A"), "Ctrl-Enter Up");
    }

    #[test]
    fn control_input_that_is_not_known_is_not_text() {
        for bytes in [
            // Left shift, volume up, Super-a, a key with an unknown number.
            &b"\x1b[57441;2u"[..],
            b"\x1b[57439u",
            b"\x1b[97;9u",
            b"\x1b[99~",
            // A mouse event in the oldest encoding, F1 of the Linux console.
            b"\x1b[M !!",
            b"\x1b[[A",
            b"\x1b[38;5;1m",
            b"\x1b[?1;2S",
        ] {
            assert_eq!(keys(&[bytes, b"q"].concat()), "q", "{bytes:?}");
        }
        assert_eq!(keys(b"\x1bO1;5A\x1b[57400u\x1b[57414u\x1b[57419u"), "Up 1 Enter Up");
    }

    #[test]
    fn with_control_the_latin_key_of_another_layout_is_meant() {
        assert_eq!(keys(b"\x1b[1099::115;5u\x1b[1099;1u"), "Ctrl-s \u{44b}");
    }

    #[test]
    fn mouse_events_and_reports_are_decoded() {
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
    fn the_position_of_the_cursor_is_no_function_key() {
        assert_eq!(
            events(b"\x1b[2;3R\x1b[2;2R"),
            [Event::Report(Report::Cursor(2)), Event::Report(Report::Cursor(1))]
        );
        assert_eq!(keys(b"\x1b[1;2R\x1b[1;3R\x1b[R\x1bOR"), "Shift-F3 Alt-F3 F3 F3");
    }

    #[test]
    fn the_terminal_reports_light_and_dark_mode() {
        let report = |dark| Event::Report(Report::DarkBackground(dark));
        assert_eq!(events(b"\x1b[?997;1n\x1b[?997;2n\x1b[?1;2n"), [report(true), report(false)]);
    }

    #[test]
    fn responses_that_are_not_known_are_dropped() {
        assert_eq!(events(b"\x1b_Gi=31;OK\x1b\\\x1bP1$r0m\x1b\\q"), [Event::Key(Key::char('q'))]);
    }

    #[test]
    fn an_endless_sequence_is_dropped_and_gives_no_keys() {
        // If all of it were buffered, the million digits would be a valid color.
        let zeros = vec![b'0'; 1_000_000];
        for (begin, end) in
            [("\x1b]11;rgb:", "/0/0\x07"), ("\x1b]52;c;", "\x1b\\"), ("\x1bP", "\x1b\\"), ("\x1b[", "\x18")]
        {
            let bytes = [begin.as_bytes(), &zeros, end.as_bytes(), b"q"].concat();
            assert_eq!(events(&bytes), [Event::Key(Key::char('q'))], "{begin:?}");
        }
        // A bell does not end these sequences: the bytes after it give no keys either.
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
        fn after_any_bytes_a_key_is_decoded(
            bytes in prop::collection::vec(prop_oneof![Just(ESC), Just(b'['), any::<u8>()], 0..200),
            cut in 0_usize..200,
        ) {
            let mut decoder = Decoder::default();
            let (one, two) = bytes.split_at(cut.min(bytes.len()));
            decoder.decode(one);
            decoder.decode(two);
            decoder.flush_escape();
            // String terminators and the end of a paste leave every state.
            decoder.decode(b"\x1b\\\x1b\\\x1b[201~\x1b\\");
            decoder.decode(b"a");
            let events = decoder.decode(b"q");
            prop_assert_eq!(events.last(), Some(&Event::Key(Key::char('q'))));
        }

        #[test]
        fn splitting_the_bytes_does_not_change_the_events(text in "\\PC{0,20}(\x1b\\[[0-9;]{0,5}[A-D~])?\\PC{0,5}") {
            let whole = Decoder::default().decode(text.as_bytes());
            let mut decoder = Decoder::default();
            let pieces: Vec<_> = text.bytes().flat_map(|byte| decoder.decode(&[byte])).collect();
            prop_assert_eq!(whole, pieces);
        }
    }
}
