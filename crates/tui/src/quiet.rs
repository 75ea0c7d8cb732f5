//! Quiet hours: from when to when there is neither a bell nor a notification, and on which days.

use std::fmt;
use std::str::FromStr;

use jiff::Zoned;
use jiff::civil::Weekday;
use serde::Deserialize;

/// What a text has to be for [`Quiet::from_str`].
const PROBLEM: &str = "quiet hours are two times of day, and days if not every day, for example 22:00 to 07:00, \
                       weekdays; or off";
/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// The days on which quiet hours begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Days {
    /// All of them.
    #[default]
    EveryDay,
    /// Monday to Friday.
    Weekdays,
    /// Saturday and Sunday.
    Weekends,
}

impl Days {
    /// The words for all of them, in order.
    pub const NAMES: &[&str] = &["every day", "weekdays", "weekends"];

    const ALL: [Self; 3] = [Self::EveryDay, Self::Weekdays, Self::Weekends];

    /// The words for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        let place = Self::ALL.iter().position(|days| *days == self).unwrap_or(0);
        Self::NAMES.get(place).copied().unwrap_or_default()
    }

    /// The days with these words.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let place = Self::NAMES.iter().position(|words| *words == name.trim().to_lowercase())?;
        Self::ALL.get(place).copied()
    }

    fn have(self, day: Weekday) -> bool {
        let is_weekend = matches!(day, Weekday::Saturday | Weekday::Sunday);
        match self {
            Self::EveryDay => true,
            Self::Weekdays => !is_weekend,
            Self::Weekends => is_weekend,
        }
    }
}

/// A time of day: the minutes since midnight, at most those of a whole day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct TimeOfDay(u16);

impl FromStr for TimeOfDay {
    type Err = &'static str;

    /// An hour, or hour and minutes: `7`, `07:00`, `22:30`, `24`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let is_number =
            |text: &str| matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
        let (hours, minutes) = text.trim().split_once(':').unwrap_or((text.trim(), "00"));
        let parsed = hours.parse::<u16>().ok().zip(minutes.parse::<u16>().ok());
        let parsed = parsed.filter(|_| is_number(hours) && is_number(minutes) && minutes.len() == 2);
        let minutes =
            parsed.filter(|(_, minutes)| *minutes < 60).map(|(hours, minutes)| hours * 60 + minutes);
        minutes.filter(|minutes| *minutes <= DAY).map(Self).ok_or("a time of day is for example 22:00")
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// From when to when it is quiet, and on which days; two equal times are no quiet hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(try_from = "InFile")]
pub struct Quiet {
    /// The beginning.
    pub from: TimeOfDay,
    /// The end, on the next day if it is not after the beginning.
    pub to: TimeOfDay,
    /// The days on which it begins.
    pub days: Days,
}

impl Quiet {
    /// Those that are proposed where there are none.
    #[must_use]
    pub fn a_night() -> Self {
        Self { from: TimeOfDay(22 * 60), to: TimeOfDay(7 * 60), days: Days::EveryDay }
    }

    /// Whether there are no quiet hours.
    #[must_use]
    pub fn is_off(&self) -> bool {
        self.from == self.to
    }

    /// Whether it is quiet at this time.
    #[must_use]
    pub fn has(&self, time: &Zoned) -> bool {
        let minute = u16::try_from(i32::from(time.hour()) * 60 + i32::from(time.minute())).unwrap_or(0);
        let (from, to) = (self.from.0, self.to.0);
        let (today, yesterday) = (self.days.have(time.weekday()), self.days.have(time.weekday().previous()));
        if from <= to {
            return today && (from..to).contains(&minute);
        }
        (today && minute >= from) || (yesterday && minute < to)
    }
}

impl FromStr for Quiet {
    type Err = &'static str;

    /// Two times, and days if not every day, as [`Quiet`] is displayed, or in fewer words: `22 7 weekdays`; or `off`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<&str> =
            text.split([' ', ',', '-', '–']).filter(|word| !matches!(*word, "" | "to")).collect();
        match words.as_slice() {
            ["off"] => Ok(Self::default()),
            [from, to, days @ ..] => {
                let days = match days {
                    [] => Days::default(),
                    words => Days::by_name(&words.join(" ")).ok_or(PROBLEM)?,
                };
                let time = |text: &str| text.parse().map_err(|_| PROBLEM);
                Ok(Self { from: time(from)?, to: time(to)?, days })
            }
            _ => Err(PROBLEM),
        }
    }
}

impl fmt::Display for Quiet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.days {
            _ if self.is_off() => f.write_str("off"),
            Days::EveryDay => write!(f, "{} to {}", self.from, self.to),
            days => write!(f, "{} to {}, {}", self.from, self.to, days.name()),
        }
    }
}

/// As it is in the settings file, also of former versions: two hours.
#[derive(Deserialize)]
#[serde(untagged)]
enum InFile {
    Hours(u8, u8),
    Words(String),
}

impl TryFrom<InFile> for Quiet {
    type Error = &'static str;

    fn try_from(value: InFile) -> Result<Self, Self::Error> {
        match value {
            InFile::Hours(from, to) => format!("{from} {to}").parse(),
            InFile::Words(words) => words.parse(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(text: &str) -> Quiet {
        text.parse().unwrap_or_else(|problem| panic!("{text}: {problem}"))
    }

    #[test]
    fn quiet_hours_are_read_as_they_are_written_and_in_fewer_words() {
        for (text, words) in [
            ("22 7", "22:00 to 07:00"),
            ("22:30 to 07:15", "22:30 to 07:15"),
            ("22:00-7:00", "22:00 to 07:00"),
            ("22 7 weekdays", "22:00 to 07:00, weekdays"),
            ("0 24, weekends", "00:00 to 24:00, weekends"),
            ("22 7 every day", "22:00 to 07:00"),
            ("7 7", "off"),
            ("off", "off"),
        ] {
            assert_eq!(quiet(text).to_string(), words);
            assert_eq!(quiet(words).to_string(), words);
        }
        for text in
            ["", "22", "25 7", "22 7:60", "24:01 7", "22 7 mondays", "22 7 8", "ten six", "22:0 7", "022 7"]
        {
            assert_eq!(text.parse::<Quiet>(), Err(PROBLEM), "{text}");
        }
    }

    #[test]
    fn the_file_of_a_former_version_has_two_hours() {
        #[derive(Deserialize)]
        struct File {
            quiet: Quiet,
        }
        let parse = |text: &str| toml::from_str::<File>(text).map(|file| file.quiet.to_string()).ok();
        assert_eq!(parse("quiet = [22, 7]").as_deref(), Some("22:00 to 07:00"));
        assert_eq!(parse("quiet = [0, 0]").as_deref(), Some("off"));
        assert_eq!(parse("quiet = \"22:30 to 7, weekdays\"").as_deref(), Some("22:30 to 07:00, weekdays"));
        assert_eq!(parse("quiet = [30, 2]"), None);
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let is_quiet = |text: &str, at: &str| {
            quiet(text).has(&format!("{at}[UTC]").parse().unwrap_or_else(|error| panic!("{at}: {error}")))
        };
        // 27 November 2026 is a Friday.
        for (text, at, expected) in [
            ("22 7", "2026-11-27T22:00", true),
            ("22 7", "2026-11-27T21:59", false),
            ("22 7", "2026-11-27T06:59", true),
            ("22 7", "2026-11-27T07:00", false),
            ("22:30 7", "2026-11-27T22:29", false),
            ("9 17", "2026-11-27T12:00", true),
            ("0 24", "2026-11-27T23:59", true),
            ("off", "2026-11-27T00:00", false),
            ("22 7 weekdays", "2026-11-28T06:00", true),
            ("22 7 weekdays", "2026-11-28T23:00", false),
            ("22 7 weekdays", "2026-11-29T06:00", false),
            ("22 7 weekdays", "2026-11-30T06:00", false),
            ("22 7 weekends", "2026-11-27T23:00", false),
            ("22 7 weekends", "2026-11-28T23:00", true),
            ("22 7 weekends", "2026-11-30T06:00", true),
        ] {
            assert_eq!(is_quiet(text, at), expected, "{text} at {at}");
        }
    }
}
