//! Line editing for plain mode over ssh. The remote terminal is in raw mode, so echo, erasing and end of input are
//! done here.

use terminal::decode::Decoder;
use terminal::key::{Code, Event, Key};
use terminal::measure::columns;

/// Maximum length of a line in bytes; further characters are ignored.
const LINE_BYTES_MAX: usize = 16 * 1024;

/// The line being typed.
#[derive(Default)]
pub(super) struct Typing {
    decoder: Decoder,
    line: String,
}

/// The result of some input bytes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Typed {
    /// Completed lines.
    pub(super) lines: Vec<String>,
    /// Bytes to send back to the terminal.
    pub(super) echo: String,
    /// End of input: Ctrl-C, or Ctrl-D on an empty line.
    pub(super) is_end: bool,
}

impl Typing {
    /// Processes input bytes. Hidden input echoes only the ends of lines.
    pub(super) fn take(&mut self, bytes: &[u8], is_hidden: bool) -> Typed {
        let mut typed = Typed::default();
        for event in self.decoder.decode(bytes) {
            match event {
                Event::Key(key) => self.key(key, is_hidden, &mut typed),
                Event::Paste { text, .. } => {
                    for c in text.chars() {
                        let key = match c {
                            '\n' => Key::plain(Code::Enter),
                            '\t' => Key::char(' '),
                            c => Key::char(c),
                        };
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
        // Ctrl-J is the line feed of pasted text.
        if key.code == Code::Enter || key == Key::ctrl('j') {
            typed.lines.push(std::mem::take(&mut self.line));
            typed.echo.push_str("\r\n");
        } else if key == Key::ctrl('c') || (key == Key::ctrl('d') && self.line.is_empty()) {
            typed.echo.push_str("\r\n");
            typed.is_end = true;
        } else if key == Key::ctrl('u') {
            let whole = std::mem::take(&mut self.line);
            erase(&whole, is_hidden, typed);
        } else if key.code == Code::Backspace || key == Key::ctrl('h') {
            if let Some(last) = self.line.pop() {
                erase(last.encode_utf8(&mut [0; 4]), is_hidden, typed);
            }
        } else if let Some(c) = key.typed().filter(|_| self.line.len() < LINE_BYTES_MAX) {
            self.line.push(c);
            if !is_hidden && !c.is_control() {
                typed.echo.push(c);
            }
        }
    }
}

fn erase(text: &str, is_hidden: bool, typed: &mut Typed) {
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
    fn typed_characters_are_echoed_and_can_be_erased() {
        let typed = take("hex\x7flp\r", false);
        assert_eq!((typed.lines, typed.echo.as_str()), (vec!["help".to_owned()], "hex\x08 \x08lp\r\n"));
        let typed = take("nonsense\x15日\x7fho\x1b[Dme\r", false);
        assert_eq!(typed.lines, ["home"]);
        assert!(!typed.echo.contains('\x1b'), "{:?}", typed.echo);
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
}
