//! Which part of a text is code: identifiers, as opposed to comments and strings.

use std::ops::Range;

/// Code of a Rust file or of a `.proto` file, without comments and literals.
pub(super) fn code_ranges(text: &str) -> Vec<Range<usize>> {
    let mut ranges = Vec::new();
    let mut start = 0;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let is_inside_name = text.get(..at).is_some_and(|code| code.ends_with(is_name_character));
        match literal_length(rest, is_inside_name) {
            Some(length) => {
                ranges.push(start..at);
                at += length;
                start = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    ranges.push(start..text.len());
    ranges
}

/// Whether a range of a text is in an inline code span that holds nothing but a name or a path: `` `a::Name` ``.
pub(super) fn is_quoted_name(text: &str, range: &Range<usize>) -> bool {
    let is_part =
        |c: char| is_name_character(c) || matches!(c, ':' | '.' | '(' | ')' | '!' | '&' | '<' | '>');
    let before = text.get(..range.start).unwrap_or_default();
    let after = text.get(range.end..).unwrap_or_default();
    before.trim_end_matches(is_part).ends_with('`') && after.trim_start_matches(is_part).starts_with('`')
}

fn is_name_character(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Length of the comment or literal at the start of `rest`.
fn literal_length(rest: &str, is_inside_name: bool) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment_length(rest));
    }
    if rest.starts_with('"') {
        return Some(1 + string_length(rest.get(1..)?, '"'));
    }
    if rest.starts_with('\'') {
        return character_length(rest);
    }
    if is_inside_name { None } else { raw_string_length(rest) }
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while let Some(part) = rest.get(at..).filter(|part| !part.is_empty()) {
        let step = if part.starts_with("/*") {
            depth += 1;
            2
        } else if part.starts_with("*/") {
            depth -= 1;
            2
        } else {
            part.chars().next().map_or(1, char::len_utf8)
        };
        at += step;
        if depth == 0 {
            break;
        }
    }
    at
}

/// Up to the closing quote, with it.
fn string_length(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, c) in text.char_indices() {
        if c == quote && !is_escaped {
            return at + 1;
        }
        is_escaped = c == '\\' && !is_escaped;
    }
    text.len()
}

/// A character literal. `None` for a lifetime.
fn character_length(rest: &str) -> Option<usize> {
    let text = rest.get(1..)?;
    let mut chars = text.chars();
    let (first, second) = (chars.next()?, chars.next()?);
    let is_literal = first == '\\' || second == '\'';
    is_literal.then(|| 1 + string_length(text, '\''))
}

/// `r"…"`, `br#"…"#` and the like.
fn raw_string_length(rest: &str) -> Option<usize> {
    let text =
        rest.strip_prefix('r').or_else(|| rest.strip_prefix("br")).or_else(|| rest.strip_prefix("cr"))?;
    let body = text.trim_start_matches('#');
    let hashes = text.len() - body.len();
    let body = body.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(rest.len() - body.len() + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> String {
        code_ranges(text).into_iter().filter_map(|range| text.get(range)).collect()
    }

    #[test]
    fn comments_and_literals_are_no_code() {
        assert_eq!(code("a // b\nc /* d /* e */ f */ g"), "a \nc  g");
        assert_eq!(code(r#"a "b \" c" d 'e' '\'' 'f: g"#), "a  d   'f: g");
        assert_eq!(code("a r#\"b \" c\"# br\"d\" bar\"e\" f"), "a   bar f");
        assert_eq!(code("\"open"), "");
    }

    #[test]
    fn a_code_span_that_is_a_name_is_quoted() {
        let text = "`name` `a::name()` `run name` name `x` name `y`";
        let quoted: Vec<bool> = text
            .match_indices("name")
            .map(|(at, part)| is_quoted_name(text, &(at..at + part.len())))
            .collect();
        assert_eq!(quoted, [true, true, false, false, false]);
    }
}
