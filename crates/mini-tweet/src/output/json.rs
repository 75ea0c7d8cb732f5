//! JSON lines that are safe on a terminal: characters that could drive it are escaped, and none is lost.

use std::io;

use model::SafeText;
use serde::Serialize as _;
use serde_json::Value;
use serde_json::ser::{Formatter, Serializer};
use terminal::charset::Charset;

/// One value on one line. In ASCII, all other characters are escaped.
pub(crate) fn line(value: &Value, charset: Charset) -> String {
    let mut bytes = Vec::new();
    let mut serializer = Serializer::with_formatter(&mut bytes, Printable(charset));
    // Writing a value into memory does not fail.
    let _ = value.serialize(&mut serializer);
    String::from_utf8(bytes).unwrap_or_default()
}

/// Escapes the characters that [`SafeText`] replaces, and those that the charset does not have.
struct Printable(Charset);

impl Formatter for Printable {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, text: &str) -> io::Result<()> {
        if text.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
            return writer.write_all(text.as_bytes());
        }
        for c in text.chars() {
            if SafeText::keeps(c) && (c.is_ascii() || self.0 == Charset::Utf8) {
                write!(writer, "{c}")?;
            } else {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_the_terminal_and_nothing_is_lost() {
        let text = "a\u{1b}[31m \u{9b}31m \u{202e}fed \u{7f} \u{e0041} 日本 👩‍🚀 \"q\"\n";
        let ascii = line(&Value::from(text), Charset::Ascii);
        assert!(ascii.is_ascii(), "{ascii:?}");
        assert_eq!(serde_json::from_str::<String>(&ascii).unwrap(), text);
        let written = line(&Value::from(text), Charset::Utf8);
        assert!(written.chars().filter(|c| *c != '\u{200d}').all(SafeText::keeps), "{written:?}");
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), text);
    }
}
