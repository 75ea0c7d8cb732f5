//! The locale of this process: which characters its terminal can show, and how lines of its input are read.

use std::io::{self, BufRead};

use terminal::charset::Charset;

/// The charset of the environment.
pub(crate) fn charset() -> Charset {
    Charset::of_locale(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

/// The next line without its end; `None` at the end of the input. Bytes that are not UTF-8 end nothing: they come from a
/// keyboard with another charset.
pub(crate) fn next_line(input: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if input.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end_matches(['\n', '\r']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_another_charset_end_nothing() {
        let mut input = &b"caf\xe9\r\nnext\n\xff"[..];
        let mut lines = Vec::new();
        while let Some(line) = next_line(&mut input).unwrap() {
            lines.push(line);
        }
        assert_eq!(lines, ["caf\u{fffd}", "next", "\u{fffd}"]);
    }
}
