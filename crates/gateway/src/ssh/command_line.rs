//! Splits a command line as a shell does, without anything else that a shell does.
//!
//! Not by the crates `shlex` or `shell-words`: for both a `#` begins a comment, and here it begins a hashtag.

/// Splits at white space, except inside quotes and after a backslash. All other characters stand for themselves. A line
/// with an unclosed quote is split at white space alone: the shell on the client's side has removed the quotes of
/// `ssh host post "it's me"`.
pub(super) fn split(line: &str) -> Vec<String> {
    quoted(line).unwrap_or_else(|| line.split_whitespace().map(str::to_owned).collect())
}

fn quoted(line: &str) -> Option<Vec<String>> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '\'' => break,
                        letter => word.push(letter),
                    }
                }
            }
            '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next()? {
                        '"' => break,
                        '\\' => match letters.next()? {
                            escaped @ ('"' | '\\') => word.push(escaped),
                            other => word.extend(['\\', other]),
                        },
                        letter => word.push(letter),
                    }
                }
            }
            '\\' => word.get_or_insert_default().push(letters.next()?),
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Some(words)
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn a_line_is_split_as_a_shell_does() {
        for (line, words) in [
            ("", &[][..]),
            ("  feed   #rust -n 3 ", &["feed", "#rust", "-n", "3"]),
            (r#"post "hello  world" 'a "b"' c\ d"#, &["post", "hello  world", "a \"b\"", "c d"]),
            (r#"post "" """#, &["post", "", ""]),
            (r#"a"b"'c'd "x\"y\\z\n""#, &["abcd", r#"x"y\z\n"#]),
            ("$HOME;*", &["$HOME;*"]),
        ] {
            assert_eq!(split(line), words, "{line}");
        }
    }

    #[test]
    fn an_unclosed_quote_is_an_ordinary_character() {
        assert_eq!(split("post it's me"), ["post", "it's", "me"]);
        assert_eq!(split("post \\"), ["post", "\\"]);
        assert_eq!(split("post \"a\\"), ["post", "\"a\\"]);
    }
}
