//! Line editing for plain mode on a terminal that sends every key at once: echo, erasing, the end of input, and keeping
//! the line that is being typed apart from what is printed meanwhile.

use terminal::decode::Decoder;
use terminal::key::{Code, Event, Key};
use terminal::measure::columns;

/// Maximum length of a line in bytes; further characters are ignored.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// The line being typed.
pub(crate) struct Typing {
    decoder: Decoder,
    line: String,
    /// Whether the terminal shows what is typed at all.
    has_echo: bool,
    /// Whether a password is being typed.
    is_hidden: bool,
    /// The cursor is behind a part of the line, not at the left edge.
    is_shown: bool,
}

/// The result of some input bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Typed {
    /// Completed lines.
    pub(crate) lines: Vec<String>,
    /// Bytes to send back to the terminal.
    pub(crate) echo: String,
    /// End of input: Ctrl-C, or Ctrl-D on an empty line.
    pub(crate) is_end: bool,
}

impl Typing {
    /// On a terminal that echoes what is typed, or does not.
    pub(crate) fn new(has_echo: bool) -> Self {
        Self { decoder: Decoder::default(), line: String::new(), has_echo, is_hidden: false, is_shown: false }
    }

    /// Whether a person types there.
    #[cfg(feature = "ssh")]
    pub(crate) fn has_echo(&self) -> bool {
        self.has_echo
    }

    /// Hides what is typed from now on, or no longer. Hidden input echoes only the ends of lines.
    pub(crate) fn hide(&mut self, is_hidden: bool) {
        self.is_hidden = is_hidden;
    }

    /// Whether a line is being typed.
    pub(crate) fn is_in_line(&self) -> bool {
        !self.line.is_empty()
    }

    /// Takes the line.
    pub(crate) fn take_line(&mut self) -> String {
        std::mem::take(&mut self.line)
    }

    /// Whole lines to print, so that the line being typed is below them.
    pub(crate) fn around(&mut self, printed: &str) -> String {
        let end = if self.is_shown { "\n" } else { "" };
        self.is_shown = self.has_echo && !self.is_hidden && !self.line.is_empty();
        let line = if self.is_shown { self.line.as_str() } else { "" };
        format!("{end}{printed}{line}")
    }

    /// Processes input bytes.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Typed {
        let mut typed = Typed::default();
        for event in self.decoder.decode(bytes) {
            match event {
                Event::Key(key) => self.key(key, &mut typed),
                Event::Paste { text, .. } => {
                    for c in text.chars() {
                        let key = match c {
                            '\n' => Key::plain(Code::Enter),
                            '\t' => Key::char(' '),
                            c => Key::char(c),
                        };
                        self.key(key, &mut typed);
                    }
                }
                _ => {}
            }
            if typed.is_end {
                break;
            }
        }
        if !self.has_echo {
            typed.echo.clear();
        }
        typed
    }

    fn key(&mut self, key: Key, typed: &mut Typed) {
        // Ctrl-J is the line feed of pasted text.
        if key.code == Code::Enter || key == Key::ctrl('j') {
            typed.lines.push(std::mem::take(&mut self.line));
            typed.echo.push_str("\r\n");
            self.is_shown = false;
        } else if key == Key::ctrl('c') || (key == Key::ctrl('d') && self.line.is_empty()) {
            typed.echo.push_str("\r\n");
            typed.is_end = true;
            self.is_shown = false;
        } else if key == Key::ctrl('u') {
            self.erase(0, typed);
        } else if key == Key::ctrl('w') {
            let words = self.line.trim_end();
            let start = words.rfind(char::is_whitespace).map_or(0, |space| space + 1);
            self.erase(start, typed);
        } else if key.code == Code::Backspace || key == Key::ctrl('h') {
            let last = self.line.char_indices().next_back().map_or(0, |(index, _)| index);
            self.erase(last, typed);
        } else if let Some(c) = key.typed().filter(|_| self.line.len() < LINE_BYTES_MAX) {
            self.line.push(c);
            if !self.is_hidden && !c.is_control() {
                typed.echo.push(c);
                self.is_shown = self.has_echo;
            }
        }
    }

    /// Erases the end of the line from this byte on.
    fn erase(&mut self, from: usize, typed: &mut Typed) {
        let erased = self.line.split_off(self.line.floor_char_boundary(from));
        if !self.is_hidden {
            typed.echo.push_str(&"\x08 \x08".repeat(columns(&erased)));
        }
        self.is_shown &= !self.line.is_empty();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bytes: &str, is_hidden: bool) -> Typed {
        let mut typing = Typing::new(true);
        typing.hide(is_hidden);
        typing.take(bytes.as_bytes())
    }

    #[test]
    fn typed_characters_are_echoed_and_can_be_erased() {
        let typed = take("hex\x7flp\r", false);
        assert_eq!((typed.lines, typed.echo.as_str()), (vec!["help".to_owned()], "hex\x08 \x08lp\r\n"));
        let typed = take("nonsense\x15日\x7fho\x1b[Dme\r", false);
        assert_eq!(typed.lines, ["home"]);
        assert!(!typed.echo.contains('\x1b'), "{:?}", typed.echo);
        assert_eq!(take("post two wrods \x17words\r\x17\x7f\r", false).lines, ["post two words", ""]);
    }

    #[test]
    fn a_password_is_not_echoed() {
        let typed = take("secret\x7f\r", true);
        assert_eq!((typed.lines, typed.echo.as_str()), (vec!["secre".to_owned()], "\r\n"));
    }

    #[test]
    fn the_input_ends_as_on_any_terminal() {
        assert!(take("half a line\x03", false).is_end);
        assert!(take("\x04", false).is_end);
        assert!(!take("x\x04", false).is_end);
    }

    #[test]
    fn what_is_printed_meanwhile_is_above_the_line_that_is_being_typed() {
        let mut typing = Typing::new(true);
        assert_eq!(typing.around("news\n"), "news\n");
        typing.take(b"half");
        assert_eq!(typing.around("news\n"), "\nnews\nhalf");
        assert_eq!(typing.around("more\n"), "\nmore\nhalf");
        assert_eq!(typing.take(b"\r").lines, ["half"]);
        assert_eq!(typing.around("news\n"), "news\n");
        // A password is not shown in this way either.
        typing.hide(true);
        typing.take(b"secret");
        assert_eq!(typing.around("news\n"), "news\n");
        // A terminal without echo shows nothing that could be broken.
        let mut typing = Typing::new(false);
        assert_eq!(typing.take(b"half").echo, "");
        assert_eq!(typing.around("news\n"), "news\n");
    }

    #[test]
    fn a_discarded_line_ends_where_it_is_and_does_not_come_back() {
        let mut typing = Typing::new(true);
        typing.take(b"half");
        assert!(typing.is_in_line());
        assert_eq!((typing.take_line().as_str(), typing.is_in_line()), ("half", false));
        assert_eq!(typing.around("Password?\n"), "\nPassword?\n");
        assert_eq!(typing.take(b"other\r").lines, ["other"]);
    }
}
