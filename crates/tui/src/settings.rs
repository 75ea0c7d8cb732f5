//! The settings file: its options, its parser and its problems.

use std::collections::BTreeMap;

use serde::Deserialize;

use terminal::style::Theme;

/// The contents of the settings file.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Name of a theme.
    pub theme: String,
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
    /// Hours without notifications and bell: start and end, 0 to 24, local time. Equal: no quiet hours.
    pub quiet: (u8, u8),
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
            theme: "terminal".into(),
            preset: "default".into(),
            hold_s: 5,
            mouse: true,
            notify: true,
            bell: false,
            quiet: (0, 0),
            links: true,
            typing: true,
            keys: BTreeMap::new(),
            themes: BTreeMap::new(),
        }
    }
}

/// A row of the settings screen.
#[derive(Debug, Clone, Copy)]
pub struct SettingOption {
    /// Its name in the file.
    pub name: &'static str,
    /// What it does, for the user.
    pub doc: &'static str,
}

/// The rows of the settings screen, in order.
pub const OPTIONS: [SettingOption; 9] = [
    SettingOption { name: "theme", doc: "Colors; Enter tries the next theme" },
    SettingOption { name: "preset", doc: "Shortcuts: default, vim or emacs" },
    SettingOption { name: "hold_s", doc: "Seconds in which you can undo sending" },
    SettingOption { name: "mouse", doc: "Use the mouse; Shift-drag selects text" },
    SettingOption { name: "notify", doc: "Desktop notifications for mentions and messages" },
    SettingOption { name: "bell", doc: "Bell for mentions and messages" },
    SettingOption { name: "quiet", doc: "Quiet hours: no bell, no notifications" },
    SettingOption { name: "links", doc: "Clickable links" },
    SettingOption { name: "typing", doc: "Show others that you're typing in a chat" },
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
        if settings.theme(&settings.theme).is_none() {
            return Err(format!(
                "no theme {:?}; choose one of {}",
                settings.theme,
                settings.themes().join(", ")
            ));
        }
        if settings.quiet.0 > 24 || settings.quiet.1 > 24 || settings.hold_s > 60 {
            return Err("quiet hours must be 0 to 24 and hold_s at most 60".to_owned());
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

    /// The value of an option as TOML.
    #[must_use]
    pub fn value(&self, name: &str) -> String {
        match name {
            "theme" => format!("{:?}", self.theme),
            "preset" => format!("{:?}", self.preset),
            "hold_s" => self.hold_s.to_string(),
            "mouse" => self.mouse.to_string(),
            "notify" => self.notify.to_string(),
            "bell" => self.bell.to_string(),
            "quiet" => format!("[{}, {}]", self.quiet.0, self.quiet.1),
            "links" => self.links.to_string(),
            "typing" => self.typing.to_string(),
            _ => String::new(),
        }
    }

    /// Changes an option to its next value.
    pub fn advance(&mut self, name: &str) {
        let next = |all: &[String], now: &str| {
            let index = all.iter().position(|one| one == now).map_or(0, |index| (index + 1) % all.len());
            all.get(index).cloned().unwrap_or_default()
        };
        match name {
            "theme" => self.theme = next(&self.themes(), &self.theme),
            "preset" => self.preset = next(&crate::keymap::PRESETS.map(str::to_owned), &self.preset),
            "hold_s" => {
                self.hold_s = match self.hold_s {
                    0 => 5,
                    1..=5 => 10,
                    6..=10 => 20,
                    _ => 0,
                };
            }
            "mouse" => self.mouse = !self.mouse,
            "notify" => self.notify = !self.notify,
            "bell" => self.bell = !self.bell,
            "quiet" => self.quiet = if self.quiet.0 == self.quiet.1 { (22, 7) } else { (0, 0) },
            "links" => self.links = !self.links,
            "typing" => self.typing = !self.typing,
            _ => {}
        }
    }

    /// The file with all options.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let mut text = String::from("# Settings of the Mini-Tweet client.\n");
        for option in OPTIONS {
            text.push_str(&format!("\n# {}.\n{} = {}\n", option.doc, option.name, self.value(option.name)));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_file_parses_to_the_same_settings() {
        let mut settings = Settings::default();
        for option in OPTIONS {
            settings.advance(option.name);
        }
        settings.keys.insert("like".into(), vec!["x".into(), "ctrl-l".into()]);
        settings.themes.insert("mine".into(), Theme::all()["night"].clone());
        settings.theme = "mine".into();
        assert_eq!(Settings::parse(&settings.to_toml()), Ok(settings));
        assert_eq!(Settings::parse(""), Ok(Settings::default()));
    }

    #[test]
    fn problems_name_the_line_or_the_option() {
        for (text, complaint) in [
            ("theme = \"night\"\nmouse = 3", "line 2"),
            ("colour = 1", "unknown field"),
            ("theme = \"nihgt\"", "no theme \"nihgt\""),
            ("[themes.x]\ntext = \"blu\"", "no colour"),
            ("quiet = [30, 2]", "0 to 24"),
        ] {
            let problem = Settings::parse(text).unwrap_err();
            assert!(problem.contains(complaint), "{problem}");
        }
    }
}
