//! Styles and formats for people. Colors are stripped when the output is written, if they are not wanted.

use std::fmt::Display;
use std::io::{self, IsTerminal as _};
use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering};

use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use model::{Entity, SafeText, entities};
use store::env::{Clock as _, SystemClock};
use terminal::measure;

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

/// The margin of texts of people. What the program says begins further to the left, so that no text can imitate it.
pub(crate) const TEXT_MARGIN: &str = "    ";
/// The margin of the text of a quoted tweet.
pub(crate) const QUOTE_MARGIN: &str = "  │   ";
/// How each line of a quoted tweet begins. No other line does.
const QUOTE_BAR: &str = "  │ ";

/// A text of a person below what the program says about it, with its hashtags, mentions and links styled.
pub(crate) fn prose(text: &str) -> String {
    prose_after(text, TEXT_MARGIN)
}

/// A person's text; each line begins with the margin.
pub(crate) fn prose_after(text: &str, margin: &str) -> String {
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

/// A line, with styles, in as many lines as it needs at this width. Further lines have its indentation, but begin no
/// further to the left than texts of people, which a line of the program may contain; those of a quote have its bar.
pub(crate) fn wrap(line: &str, columns: usize) -> String {
    let plain = anstream::adapter::strip_str(line).to_string();
    let indent = (plain.len() - plain.trim_start_matches(' ').len()).min(columns / 2);
    let margin = if plain.starts_with(QUOTE_BAR) {
        QUOTE_MARGIN.to_owned()
    } else {
        " ".repeat(indent.max(TEXT_MARGIN.len()).min(columns / 2))
    };
    let mut gaps =
        gaps(&plain, indent, columns, columns.saturating_sub(margin.chars().count())).into_iter().peekable();
    let (mut shown, mut at, mut in_style) = (String::new(), 0, false);
    for (offset, character) in line.char_indices() {
        let is_inside = in_style;
        in_style |= character == '\u{1b}';
        // A style ends on its line, and begins on the next one.
        let ends_style = line.get(offset..).is_some_and(|rest| rest.starts_with("\u{1b}[0m"));
        if gaps.peek().is_some_and(|gap| at >= gap.end) && !is_inside && !ends_style {
            gaps.next();
            shown.push('\n');
            shown += &margin;
        }
        if in_style {
            in_style = character != 'm';
            shown.push(character);
            continue;
        }
        if gaps.peek().is_none_or(|gap| at < gap.start) {
            shown.push(character);
        }
        at += character.len_utf8();
    }
    shown
}

/// The parts of a plain line between the lines in which it is shown: the first one after its indentation, the others in
/// `columns_after`.
fn gaps(plain: &str, indent: usize, columns: usize, columns_after: usize) -> Vec<Range<usize>> {
    let text = plain.get(indent..).unwrap_or_default();
    let first = measure::wrap(text, columns - indent).into_iter().next().unwrap_or_default();
    let after = text.get(first.end..).filter(|after| !after.is_empty()).unwrap_or_default();
    let after = if after.is_empty() { Vec::new() } else { measure::wrap(after, columns_after) };
    let start = first.end;
    let parts =
        std::iter::once(first).chain(after.into_iter().map(|part| start + part.start..start + part.end));
    let (mut gaps, mut end) = (Vec::new(), None);
    for part in parts {
        gaps.extend(end.map(|end| indent + end..indent + part.start));
        let shown = text.get(part.clone()).unwrap_or_default().trim_end_matches(' ');
        end = Some(part.start + shown.len());
    }
    gaps
}

/// `@username`.
pub(crate) fn account(username: &str) -> String {
    bold(format_args!("@{}", SafeText::line(username)))
}

/// What a person has called something, at the end of a line: nothing that the program says comes after it, so that a name
/// cannot imitate that. Nothing if there is no name.
pub(crate) fn named(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("  \"{}\"", SafeText::line(name)) }
}

/// What is known of the caller over ssh.
pub(crate) struct RemoteReader {
    /// Their time zone; `None` if the ssh client has not sent it.
    pub(crate) zone: Option<TimeZone>,
    /// Whether they read on a terminal.
    pub(crate) has_terminal: bool,
}

tokio::task_local! {
    /// The caller over ssh; not set for a verb on this machine.
    pub(crate) static REMOTE_READER: RemoteReader;
}

/// How a row shows a time in Unix milliseconds: [`list_time`], or [`local_time`] where the row stays while time passes.
pub(crate) type TimeFormat = fn(i64) -> String;

/// How far the server's clock is ahead of this machine's, in milliseconds, as the last server said that this process
/// connected to.
static SERVER_AHEAD_MS: AtomicI64 = AtomicI64::new(0);

/// Ages are from now on by the clock that says this time now, in Unix milliseconds. The clock of this machine may be wrong.
pub(crate) fn set_server_now_ms(now_ms: u64) {
    let ahead = i64::try_from(now_ms).map_or(0, |now_ms| now_ms.saturating_sub(SystemClock.now_ms()));
    SERVER_AHEAD_MS.store(ahead, Ordering::Relaxed);
}

/// The server's clock in Unix milliseconds. Over ssh it is the clock of this machine.
fn server_now_ms() -> i64 {
    match REMOTE_READER.try_with(|_| ()) {
        Ok(()) => SystemClock.now_ms(),
        Err(_) => SystemClock.now_ms().saturating_add(SERVER_AHEAD_MS.load(Ordering::Relaxed)),
    }
}

/// The time of an item of a list: on a terminal how long ago it was, as `9m`; elsewhere, where it may be kept, the time.
pub(crate) fn list_time(ms: i64) -> String {
    let has_terminal = REMOTE_READER.try_with(|reader| reader.has_terminal);
    if has_terminal.unwrap_or_else(|_| io::stdout().is_terminal()) {
        tui::short_age(server_now_ms(), ms).unwrap_or_else(|| local_date(ms))
    } else {
        local_time(ms)
    }
}

/// The date of a time: `2026-11-23`.
fn local_date(ms: i64) -> String {
    local_time(ms).chars().take("2026-11-23".len()).collect()
}

/// A time in the local time zone; over ssh in that of the caller, or in UTC, which it then says.
pub(crate) fn local_time(ms: i64) -> String {
    let Ok(time) = Timestamp::from_millisecond(ms) else { return "?".to_owned() };
    match REMOTE_READER.try_with(|reader| reader.zone.clone()) {
        Err(_) => time.to_zoned(TimeZone::system()).strftime("%Y-%m-%d %H:%M").to_string(),
        Ok(Some(zone)) => time.to_zoned(zone).strftime("%Y-%m-%d %H:%M").to_string(),
        Ok(None) => time.strftime("%Y-%m-%d %H:%M UTC").to_string(),
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
        let shown = prose("a\u{1b}[31m\n#tag \u{202e}");
        let plain = anstream::adapter::strip_str(&shown).to_string();
        assert_eq!(plain, "    a<U+001B>[31m\n    #tag <U+202E>");
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
    fn a_long_line_is_wrapped_at_words_with_its_indentation_and_styles() {
        assert_eq!(wrap("    short", 20), "    short");
        assert_eq!(wrap("    one two three", 11), "    one two\n    three");
        assert_eq!(wrap("    日本語日本語", 10), "    日本語\n    日本語");
        let tag = styled(LINK, "#日本語");
        assert_eq!(wrap(&format!("    {tag}日本語"), 11), format!("    {tag}\n    日本語"));
        let line = format!("    one {} three", styled(LINK, "#two"));
        let shown = wrap(&line, 11);
        assert_eq!(anstream::adapter::strip_str(&shown).to_string(), "    one\n    #two\n    three");
        assert!(shown.contains(&styled(LINK, "#two")), "the style is around the same word: {shown:?}");
    }

    #[test]
    fn the_rest_of_a_long_line_of_the_program_is_where_texts_of_people_are() {
        assert_eq!(wrap("@ada  now · 7  \"│ @bob\"", 16), "@ada  now · 7\n    \"│ @bob\"");
        assert_eq!(wrap("  ↳ one two three four", 12), "  ↳ one two\n    three\n    four");
        assert_eq!(wrap("  │   one two three four", 14), "  │   one two\n  │   three\n  │   four");
    }

    #[test]
    fn a_time_over_ssh_is_in_the_zone_of_the_caller_or_says_that_it_is_utc() {
        let shown = |zone| {
            let reader = RemoteReader { zone, has_terminal: false };
            REMOTE_READER.sync_scope(reader, || list_time(1_606_842_300_000))
        };
        assert_eq!(shown(TimeZone::get("America/New_York").ok()), "2020-12-01 12:05");
        assert_eq!(shown(None), "2020-12-01 17:05 UTC");
    }

    #[test]
    fn on_a_terminal_a_list_says_how_long_ago_something_was() {
        let minutes = |minutes: i64| SystemClock.now_ms() - minutes * 60_000;
        let shown = |ms| {
            let reader = RemoteReader { zone: None, has_terminal: true };
            REMOTE_READER.sync_scope(reader, || list_time(ms))
        };
        assert_eq!([minutes(0), minutes(9), minutes(130)].map(shown), ["now", "9m", "2h"]);
        assert_eq!(shown(1_606_842_300_000), "2020-12-01");
    }

    #[test]
    fn ages_are_measured_by_the_clock_of_the_server() {
        let hours = |hours: i64| SystemClock.now_ms() + hours * 3_600_000;
        for ahead in [-2, 2] {
            set_server_now_ms(hours(ahead).cast_unsigned());
            assert_eq!(tui::short_age(server_now_ms(), hours(ahead)).as_deref(), Some("now"));
            assert_eq!(tui::short_age(server_now_ms(), hours(ahead - 3)).as_deref(), Some("3h"));
        }
    }

    #[test]
    fn times_for_programs_are_utc() {
        assert_eq!(rfc3339(1_606_842_300_000), "2020-12-01T17:05:00.000Z");
    }
}
