//! Styles and formats for people. Colors are stripped when the output is written, if they are not wanted.

use std::fmt::Display;

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{Entity, SafeText, entities};

const BOLD: Style = Style::new().bold();
const DIM: Style = Style::new().dimmed();
const LINK: Style = AnsiColor::Cyan.on_default();

pub(crate) fn bold(text: impl Display) -> String {
    styled(BOLD, text)
}

pub(crate) fn dim(text: impl Display) -> String {
    styled(DIM, text)
}

fn styled(style: Style, text: impl Display) -> String {
    format!("{style}{text}{style:#}")
}

/// A user's text with its hashtags, mentions and links styled; each line begins with the margin.
pub(crate) fn prose(text: &str, margin: &str) -> String {
    let mut shown = String::new();
    let mut end = 0;
    for (range, entity) in entities(text) {
        shown += SafeText::lines(text.get(end..range.start).unwrap_or_default()).as_str();
        let part = SafeText::line(text.get(range.clone()).unwrap_or_default());
        let style = match entity {
            Entity::Link => LINK.underline(),
            Entity::Hashtag(_) | Entity::Mention(_) => LINK,
        };
        shown += &styled(style, part);
        end = range.end;
    }
    shown += SafeText::lines(text.get(end..).unwrap_or_default()).as_str();
    format!("{margin}{}", shown.replace('\n', &format!("\n{margin}")))
}

/// `@username`, with the display name if there is one.
pub(crate) fn account(username: &str, display_name: &str) -> String {
    let username = bold(format_args!("@{}", SafeText::line(username)));
    if display_name.is_empty() { username } else { format!("{username} {}", SafeText::line(display_name)) }
}

/// A time in the local time zone.
pub(crate) fn local_time(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "?".to_owned(),
    }
}

/// A time in RFC 3339, in UTC.
pub(crate) fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |time| format!("{time:.3}"))
}

/// "1 like", "2 likes", "2 replies", "2 people". Every count for people is written here.
pub(crate) fn count(number: impl Into<u64>, noun: &str) -> String {
    match (number.into(), noun) {
        (1, noun) => format!("1 {noun}"),
        (number, "person") => format!("{number} people"),
        (number, noun) => match noun.strip_suffix('y') {
            Some(stem) => format!("{number} {stem}ies"),
            None => format!("{number} {noun}s"),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_users_is_safe_and_each_line_has_the_margin() {
        let shown = prose("a\u{1b}[31m\n#tag \u{202e}", "  ");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(plain, "  a<U+001B>[31m\n  #tag <U+202E>");
    }

    #[test]
    fn counts_have_the_right_form() {
        let shown = |number: u32, nouns: [&str; 3]| nouns.map(|noun| count(number, noun)).join(", ");
        let nouns = ["like", "reply", "person"];
        assert_eq!(shown(0, nouns), "0 likes, 0 replies, 0 people");
        assert_eq!(shown(1, nouns), "1 like, 1 reply, 1 person");
        assert_eq!(shown(2, nouns), "2 likes, 2 replies, 2 people");
    }

    #[test]
    fn times_for_programs_are_utc() {
        assert_eq!(rfc3339(1_606_842_300_000), "2020-12-01T17:05:00.000Z");
    }
}
