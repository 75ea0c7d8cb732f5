//! How things look on a terminal. Colours are taken away where they are not wanted, on the way out.

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

/// What somebody wrote, with its hashtags, mentions and links, each line behind this margin.
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

/// A time as the reader's clock shows it.
pub(crate) fn local_time(ms: i64) -> String {
    match Timestamp::from_millisecond(ms) {
        Ok(time) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Err(_) => "?".to_owned(),
    }
}

/// RFC 3339, UTC.
pub(crate) fn rfc3339(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| String::new(), |time| time.to_string())
}

/// "1 like", "2 likes".
pub(crate) fn count(number: u32, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_safe_and_behind_its_margin() {
        let shown = prose("a\u{1b}[31m\n#tag \u{202e}", "  ");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(plain, "  a<U+001B>[31m\n  #tag <U+202E>");
    }

    #[test]
    fn times_for_programs_are_utc() {
        assert_eq!(rfc3339(1_606_842_300_000), "2020-12-01T17:05:00Z");
    }
}
