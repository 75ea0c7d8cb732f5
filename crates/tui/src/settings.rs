//! The settings file: its options, its parser and its problems.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::commands::Interface;
use crate::quiet::Quiet;
use terminal::style::Theme;

/// The name of the settings file.
pub const SETTINGS_FILE: &str = "settings.toml";

/// An option whose values have names.
macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$of:meta])* $value:ident $text:literal)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name { $($(#[$of])* $value,)* }

        impl $name {
            /// The names of all values in the settings file.
            pub const NAMES: &[&str] = &[$($text),*];

            fn name(self) -> &'static str {
                match self { $(Self::$value => $text,)* }
            }
        }
    };
}

named! {
    /// Which signs the screens use.
    Symbols {
        /// Those that the terminal can show, as far as that is known.
        #[default]
        Automatic "automatic"
        /// Those of Unicode.
        Unicode "unicode"
        /// Words and signs of ASCII.
        Ascii "ascii"
    }
}

named! {
    /// How lists show times.
    Dates {
        /// How long ago it was: `9m`.
        #[default]
        Relative "relative"
        /// The time of day, from yesterday on the date.
        Absolute "absolute"
    }
}

/// The contents of the settings file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Name of a theme.
    pub theme: String,
    /// Whether the theme follows the light and dark mode of the terminal: one of the next two is used.
    pub follow_mode: bool,
    /// Name of the theme in dark mode.
    pub dark_theme: String,
    /// Name of the theme in light mode.
    pub light_theme: String,
    /// Which signs the screens use.
    pub symbols: Symbols,
    /// How lists show times.
    pub dates: Dates,
    /// Name of a preset of shortcuts.
    pub preset: String,
    /// Seconds before a tweet is sent, in which it can be undone; at most 60.
    pub hold_s: u32,
    /// Whether the client receives mouse events.
    pub mouse: bool,
    /// Whether mentions and messages show a desktop notification.
    pub notify: bool,
    /// Whether mentions and messages ring the terminal's bell.
    pub bell: bool,
    /// When there are no notifications and no bell, in local time.
    pub quiet: Quiet,
    /// Whether links are clickable (OSC 8).
    pub links: bool,
    /// Whether the other side of a chat sees that the user is typing.
    pub typing: bool,
    /// The user's shortcuts by the id of the command.
    pub keys: BTreeMap<String, Vec<String>>,
    /// The user's themes by name.
    pub themes: BTreeMap<String, Theme>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            theme: TERMINAL_THEME.into(),
            follow_mode: false,
            dark_theme: "night".into(),
            light_theme: "paper".into(),
            symbols: Symbols::default(),
            dates: Dates::default(),
            preset: "default".into(),
            hold_s: 5,
            mouse: true,
            notify: true,
            bell: false,
            quiet: Quiet::default(),
            links: true,
            typing: true,
            keys: BTreeMap::new(),
            themes: BTreeMap::new(),
        }
    }
}

/// The theme with the colors of the terminal itself.
const TERMINAL_THEME: &str = "terminal";
/// Whether others see that the user is online: the server stores it, for all devices.
pub const PRESENCE: &str = "presence";

/// A row of the settings screen.
#[derive(Debug, Clone, Copy)]
pub struct SettingOption {
    /// Its name in the file.
    pub name: &'static str,
    /// Its name for the user.
    pub label: &'static str,
    /// The group to which it belongs.
    pub group: &'static str,
    /// What it does, for the user: a sentence without its full stop.
    pub doc: &'static str,
    /// Which interfaces it concerns.
    pub interface: Interface,
}

impl SettingOption {
    /// The option with this name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<&'static Self> {
        OPTIONS.iter().find(|option| option.name == name)
    }

    /// Whether the server stores it, for all devices; the others are in the file.
    #[must_use]
    pub fn is_on_server(&self) -> bool {
        self.name == PRESENCE
    }
}

const fn option(
    group: &'static str,
    name: &'static str,
    label: &'static str,
    interface: Interface,
    doc: &'static str,
) -> SettingOption {
    SettingOption { name, label, group, doc, interface }
}

const APPEARANCE: &str = "Appearance";
const WRITING: &str = "Writing";
/// The group with the command that tests notifications.
pub const NOTIFICATIONS: &str = "Notifications";
/// The group with the commands about shortcuts and the file.
pub const CONTROL: &str = "Keys and mouse";

/// The rows of the settings screen, in order.
pub const OPTIONS: [SettingOption; 15] = [
    option(APPEARANCE, "theme", "Theme", Interface::Screen, "Colors of the whole program"),
    option(
        APPEARANCE,
        "dark_theme",
        "Theme in dark mode",
        Interface::Screen,
        "Colors while the terminal is in dark mode",
    ),
    option(
        APPEARANCE,
        "light_theme",
        "Theme in light mode",
        Interface::Screen,
        "Colors while the terminal is in light mode",
    ),
    option(
        APPEARANCE,
        "follow_mode",
        "Follow light and dark mode",
        Interface::Screen,
        "Changes between two themes as the terminal does",
    ),
    option(
        APPEARANCE,
        "symbols",
        "Symbols",
        Interface::Screen,
        "Unicode, ASCII, or automatic: what the terminal can show",
    ),
    option(
        APPEARANCE,
        "dates",
        "Dates",
        Interface::Screen,
        "How long ago something was, or its time and date",
    ),
    option(WRITING, "hold_s", "Undo send", Interface::Any, "How long sending a tweet can be undone"),
    option(WRITING, "typing", "Show that you are typing", Interface::Any, "To the other side of a chat"),
    option(WRITING, PRESENCE, "Show that you are online", Interface::Any, "To everyone on this server"),
    option(NOTIFICATIONS, "notify", "Desktop notifications", Interface::Screen, "For mentions and messages"),
    option(NOTIFICATIONS, "bell", "Bell", Interface::Screen, "Rings for mentions and messages"),
    option(NOTIFICATIONS, "quiet", "Quiet hours", Interface::Screen, "No bell and no notifications"),
    option(CONTROL, "preset", "Shortcuts", Interface::Screen, "The keys of all commands; yours stay"),
    option(CONTROL, "mouse", "Mouse", Interface::Screen, "Clicks and the wheel; Shift-drag selects text"),
    option(CONTROL, "links", "Clickable links", Interface::Screen, "The terminal opens links that you click"),
];

impl Settings {
    /// Parses the file.
    ///
    /// # Errors
    /// A message with the line: not TOML, an unknown option, an unknown theme, or a value out of range.
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            format!("line {line}: {}", error.message().replace('\n', " "))
        })?;
        for name in [&settings.theme, &settings.dark_theme, &settings.light_theme] {
            if settings.theme(name).is_none() {
                return Err(format!("no theme {name:?}; choose one of {}", settings.themes().join(", ")));
            }
        }
        if settings.hold_s > 60 {
            return Err("hold_s must be at most 60".to_owned());
        }
        Ok(settings)
    }

    /// The user's theme of this name, or a built-in one.
    #[must_use]
    pub fn theme(&self, name: &str) -> Option<Theme> {
        self.themes.get(name).cloned().or_else(|| Theme::all().get(name).cloned())
    }

    /// Names of the user's themes, then of the built-in ones.
    #[must_use]
    pub fn themes(&self) -> Vec<String> {
        let own = self.themes.keys().cloned();
        own.chain(Theme::all().keys().map(|&name| name.to_owned())).collect()
    }

    /// The option that has the theme in use. As long as the mode of the terminal is not known, it counts as dark.
    #[must_use]
    pub fn theme_option(&self, is_dark: Option<bool>) -> &'static str {
        match (self.follow_mode, is_dark) {
            (false, _) => "theme",
            (true, Some(false)) => "light_theme",
            (true, _) => "dark_theme",
        }
    }

    /// The theme in use.
    #[must_use]
    pub fn theme_in_use(&self, is_dark: Option<bool>) -> Theme {
        let name = match self.theme_option(is_dark) {
            "light_theme" => &self.light_theme,
            "dark_theme" => &self.dark_theme,
            _ => &self.theme,
        };
        match is_dark {
            Some(true) => {}
            _ if name != TERMINAL_THEME || self.themes.contains_key(name) => {}
            Some(false) => return Theme::terminal_on_light(),
            None => return Theme::terminal_on_any(),
        }
        self.theme(name).unwrap_or_default()
    }

    /// The value of an option as TOML.
    #[must_use]
    pub fn value(&self, name: &str) -> String {
        match name {
            "theme" => format!("{:?}", self.theme),
            "follow_mode" => self.follow_mode.to_string(),
            "dark_theme" => format!("{:?}", self.dark_theme),
            "light_theme" => format!("{:?}", self.light_theme),
            "symbols" => format!("{:?}", self.symbols.name()),
            "dates" => format!("{:?}", self.dates.name()),
            "preset" => format!("{:?}", self.preset),
            "hold_s" => self.hold_s.to_string(),
            "mouse" => self.mouse.to_string(),
            "notify" => self.notify.to_string(),
            "bell" => self.bell.to_string(),
            "quiet" => format!("{:?}", self.quiet.to_string()),
            "links" => self.links.to_string(),
            "typing" => self.typing.to_string(),
            _ => String::new(),
        }
    }

    /// The values to choose from for an option, as TOML; none for those that are typed.
    #[must_use]
    pub fn values(&self, name: &str) -> Vec<String> {
        let quoted = |names: &[&str]| names.iter().map(|name| format!("{name:?}")).collect();
        match name {
            "theme" | "dark_theme" | "light_theme" => {
                self.themes().iter().map(|name| format!("{name:?}")).collect()
            }
            "symbols" => quoted(Symbols::NAMES),
            "dates" => quoted(Dates::NAMES),
            "preset" => quoted(&crate::keymap::PRESETS),
            "hold_s" => {
                let mut all = HOLDS_S.to_vec();
                if let Err(place) = all.binary_search(&self.hold_s) {
                    all.insert(place, self.hold_s);
                }
                all.iter().map(u32::to_string).collect()
            }
            "quiet" => Vec::new(),
            _ => vec!["true".to_owned(), "false".to_owned()],
        }
    }

    /// The settings with another value of an option, given as TOML.
    ///
    /// # Errors
    /// As for [`Settings::parse`].
    pub fn with(&self, name: &str, value: &str) -> Result<Self, String> {
        Self::parse(&self.file(|option| if option == name { value.to_owned() } else { self.value(option) }))
    }

    /// The file with all options.
    #[must_use]
    pub fn to_toml(&self) -> String {
        self.file(|name| self.value(name))
    }

    /// The file with these values of the options.
    fn file(&self, value: impl Fn(&str) -> String) -> String {
        let mut text = String::from("# Settings of the Mini-Tweet client.\n");
        for SettingOption { name, label, doc, .. } in OPTIONS.iter().filter(|option| !option.is_on_server()) {
            text.push_str(&format!("\n# {label}. {doc}.\n{name} = {}\n", value(name)));
        }
        if !self.keys.is_empty() {
            text.push_str("\n[keys]\n");
            for (id, keys) in &self.keys {
                text.push_str(&format!("{id} = {keys:?}\n"));
            }
        }
        for (name, theme) in &self.themes {
            text.push_str(&format!("\n[themes.{name:?}]\n{}", theme.to_toml()));
        }
        text
    }
}

/// A text with a capital letter at its beginning.
#[must_use]
pub(crate) fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// The times in which sending can be undone, in seconds.
const HOLDS_S: [u32; 4] = [0, 5, 10, 20];

/// A value of an option in words: `Night`, `On`, `5 seconds`, `22:00 to 07:00`.
#[must_use]
pub fn value_words(name: &str, value: &str) -> String {
    match (name, value) {
        ("hold_s", "0") | (_, "false") => "Off".to_owned(),
        ("hold_s", "1") => "1 second".to_owned(),
        ("hold_s", seconds) => format!("{seconds} seconds"),
        (_, "true") => "On".to_owned(),
        ("symbols", "\"ascii\"") => "ASCII".to_owned(),
        (_, name) => capitalized(name.trim_matches('"')),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_parses_to_the_same_settings() {
        let mut settings = Settings::default();
        for option in OPTIONS {
            if let Some(other) =
                settings.values(option.name).iter().find(|value| **value != settings.value(option.name))
            {
                settings = settings.with(option.name, other).unwrap_or(settings);
            }
        }
        settings.quiet = "22 7:30 weekdays".parse().unwrap_or_default();
        settings.keys.insert("like".into(), vec!["x".into(), "ctrl-l".into()]);
        settings.themes.insert("mine".into(), Theme::all()["night"].clone());
        settings.theme = "mine".into();
        assert_eq!(Settings::parse(&settings.to_toml()), Ok(settings));
        assert_eq!(Settings::parse(""), Ok(Settings::default()));
    }

    #[test]
    fn values_are_said_in_words() {
        let settings = Settings { quiet: "22 7".parse().unwrap_or_default(), ..Settings::default() };
        for (name, words) in [
            ("theme", "Terminal"),
            ("follow_mode", "Off"),
            ("symbols", "Automatic"),
            ("hold_s", "5 seconds"),
            ("quiet", "22:00 to 07:00"),
            ("mouse", "On"),
        ] {
            assert_eq!(value_words(name, &settings.value(name)), words);
        }
        assert_eq!(value_words("quiet", &Settings::default().value("quiet")), "Off");
        assert_eq!(value_words("symbols", "\"ascii\""), "ASCII");
    }

    #[test]
    fn the_theme_follows_the_mode_of_the_terminal_if_it_should() {
        let mut settings = Settings::default();
        let all = Theme::all();
        assert_eq!(settings.theme_in_use(None), Theme::terminal_on_any());
        assert_eq!(settings.theme_in_use(Some(true)), all["terminal"]);
        assert_eq!(settings.theme_in_use(Some(false)), Theme::terminal_on_light());
        settings.theme = "ember".into();
        assert_eq!(settings.theme_in_use(Some(false)), all["ember"]);
        settings.follow_mode = true;
        for (is_dark, theme) in [(None, "night"), (Some(true), "night"), (Some(false), "paper")] {
            assert_eq!(settings.theme_in_use(is_dark), all[theme]);
        }
    }

    #[test]
    fn problems_name_the_line_or_the_option() {
        for (text, complaint) in [
            ("theme = \"night\"\nmouse = 3", "line 2"),
            ("colour = 1", "unknown field"),
            ("theme = \"nihgt\"", "no theme \"nihgt\""),
            ("[themes.x]\ntext = \"blu\"", "not a color"),
            ("quiet = [30, 2]", "two times of day"),
        ] {
            let problem = Settings::parse(text).unwrap_err();
            assert!(problem.contains(complaint), "{problem}");
        }
    }
}
