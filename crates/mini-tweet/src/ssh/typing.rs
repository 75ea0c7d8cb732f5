//! What is typed for plain mode by ssh, as lines. The terminal at the other end is raw: what it would do by itself,
//! showing what is typed, taking it back, ending the input, is done here.

use terminal::decode::Decoder;
use terminal::key::{Code, Event, Key};
use terminal::measure::columns;

/// Longest line.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// A line that is being typed.
#[derive(Default)]
pub(super) struct Typing {
    decoder: Decoder,
    line: String,
}

/// What some bytes come to.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// Lines that are whole.
    pub(super) lines: Vec<String>,
    /// What the terminal is to show of it.
    pub(super) echo: String,
    /// Nothing more comes: Ctrl-C, or Ctrl-D on an empty line.
    pub(super) is_end: bool,
}

impl Typing {
    /// Takes bytes in; of what is hidden nothing but the ends of lines is shown.
    pub(super) fn take(&mut self, bytes: &[u8], is_hidden: bool) -> Typed {
        let mut typed = Typed::default();
        for event in self.decoder.decode(bytes) {
            match event {
                Event::Key(key) => self.key(key, is_hidden, &mut typed),
                Event::Paste(text) => {
                    for c in text.chars() {
                        let key = if c == '\n' { Key::plain(Code::Enter) } else { Key::char(c) };
                        self.key(key, is_hidden, &mut typed);
                    }
                }
                _ => {}
            }
            if typed.is_end {
                break;
            }
        }
        typed
    }

    fn key(&mut self, key: Key, is_hidden: bool, typed: &mut Typed) {
        // Ctrl-J is the line feed of those who paste lines.
        if key.code == Code::Enter || key == Key::ctrl('j') {
            typed.lines.push(std::mem::take(&mut self.line));
            typed.echo.push_str("\r\n");
        } else if key == Key::ctrl('c') || (key == Key::ctrl('d') && self.line.is_empty()) {
            typed.echo.push_str("\r\n");
            typed.is_end = true;
        } else if key == Key::ctrl('u') {
            let whole = std::mem::take(&mut self.line);
            rub_out(&whole, is_hidden, typed);
        } else if key.code == Code::Backspace || key == Key::ctrl('h') {
            if let Some(last) = self.line.pop() {
                rub_out(last.encode_utf8(&mut [0; 4]), is_hidden, typed);
            }
        } else if let Some(c) = key.typed().filter(|_| self.line.len() < LINE_BYTES_MAX) {
            self.line.push(c);
            if !is_hidden && !c.is_control() {
                typed.echo.push(c);
            }
        }
    }
}

fn rub_out(text: &str, is_hidden: bool, typed: &mut Typed) {
    if !is_hidden {
        typed.echo.push_str(&"\x08 \x08".repeat(columns(text)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn take(bytes: &str, is_hidden: bool) -> Typed {
        Typing::default().take(bytes.as_bytes(), is_hidden)
    }

    #[test]
    fn what_is_typed_is_shown_and_can_be_taken_back() {
        let typed = take("hex\x7flp\r", false);
        assert_eq!((typed.lines, typed.echo.as_str()), (vec!["help".to_owned()], "hex\x08 \x08lp\r\n"));
        let typed = take("nonsense\x15日\x7fho\x1b[Dme\r", false);
        assert_eq!(typed.lines, ["home"]);
        assert!(!typed.echo.contains('\x1b'), "{:?}", typed.echo);
    }

    #[test]
    fn a_password_is_not_shown() {
        let typed = take("secret\x7f\r", true);
        assert_eq!((typed.lines, typed.echo.as_str()), (vec!["secre".to_owned()], "\r\n"));
    }

    #[test]
    fn the_input_ends_as_on_any_terminal() {
        assert!(take("half a line\x03", false).is_end);
        assert!(take("\x04", false).is_end);
        assert!(!take("x\x04", false).is_end);
    }
}
