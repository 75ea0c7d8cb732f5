//! How the client looks and behaves: one file, one table of options, and what is said when the file is wrong.

use std::collections::BTreeMap;

use serde::Deserialize;

use terminal::style::Theme;

/// What a person can choose.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Name of a theme.
    pub theme: String,
    /// Preset of keys.
    pub preset: String,
    /// Seconds for which a tweet is held before it is sent.
    pub hold_s: u32,
    /// Whether the mouse is used.
    pub mouse: bool,
    /// Whether the terminal is told of mentions and messages, to show a notification.
    pub notify: bool,
    /// Whether it rings.
    pub bell: bool,
    /// Hours in which nothing rings: from, and up to. Equal: none.
    pub quiet: (u8, u8),
    /// Whether links are marked for the terminal.
    pub links: bool,
    /// Whether others see that you write in a chat.
    pub typing: bool,
    /// One's own keys by command.
    pub keys: BTreeMap<String, Vec<String>>,
    /// One's own themes.
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

/// An option that the settings screen shows.
#[derive(Debug, Clone, Copy)]
pub struct SettingOption {
    /// Its name in the file.
    pub name: &'static str,
    /// What it does.
    pub doc: &'static str,
}

/// All of them.
pub const OPTIONS: [SettingOption; 9] = [
    SettingOption { name: "theme", doc: "Colours; Enter tries the next one" },
    SettingOption { name: "preset", doc: "Keys: default, vim or emacs" },
    SettingOption { name: "hold_s", doc: "Seconds in which you can take back what you send" },
    SettingOption { name: "mouse", doc: "Use the mouse; Shift-drag always selects text" },
    SettingOption { name: "notify", doc: "Tell the terminal of mentions and messages" },
    SettingOption { name: "bell", doc: "Ring for mentions and messages" },
    SettingOption { name: "quiet", doc: "Hours without bell and notifications" },
    SettingOption { name: "links", doc: "Mark links so that the terminal can open them" },
    SettingOption { name: "typing", doc: "Let others see that you write in a chat" },
];

impl Settings {
    /// From the text of the file.
    ///
    /// # Errors
    /// What is wrong and where, for people.
    pub fn parse(text: &str) -> Result<Self, String> {
        let settings: Self = toml::from_str(text).map_err(|error| {
            let line = error
                .span()
                .map_or(1, |span| text.get(..span.start).unwrap_or_default().lines().count().max(1));
            format!("line {line}: {}", error.message().replace('\n', " "))
        })?;
        if settings.theme(&settings.theme).is_none() {
            return Err(format!(
                "there is no theme {:?}; there are {}",
                settings.theme,
                settings.themes().join(", ")
            ));
        }
        if settings.quiet.0 > 24 || settings.quiet.1 > 24 || settings.hold_s > 60 {
            return Err("quiet hours are 0 to 24, hold_s at most 60".to_owned());
        }
        Ok(settings)
    }

    /// A theme of one's own or of the program.
    #[must_use]
    pub fn theme(&self, name: &str) -> Option<Theme> {
        self.themes.get(name).cloned().or_else(|| Theme::all().get(name).cloned())
    }

    /// Names of all themes.
    #[must_use]
    pub fn themes(&self) -> Vec<String> {
        let own = self.themes.keys().cloned();
        own.chain(Theme::all().keys().map(|&name| name.to_owned())).collect()
    }

    /// The value of an option, as it is written in the file.
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

    /// The next value of an option.
    pub fn turn(&mut self, name: &str) {
        let next = |all: &[String], now: &str| {
            let place = all.iter().position(|one| one == now).map_or(0, |place| (place + 1) % all.len());
            all.get(place).cloned().unwrap_or_default()
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

    /// The whole file.
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
    fn what_is_written_is_read_again() {
        let mut settings = Settings::default();
        for option in OPTIONS {
            settings.turn(option.name);
        }
        settings.keys.insert("like".into(), vec!["x".into(), "ctrl-l".into()]);
        settings.themes.insert("mine".into(), Theme::all()["night"].clone());
        settings.theme = "mine".into();
        assert_eq!(Settings::parse(&settings.to_toml()), Ok(settings));
        assert_eq!(Settings::parse(""), Ok(Settings::default()));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        for (text, complaint) in [
            ("theme = \"night\"\nmouse = 3", "line 2"),
            ("colour = 1", "unknown field"),
            ("theme = \"nihgt\"", "no theme \"nihgt\""),
            ("[themes.x]\ntext = \"blu\"", "not a color"),
            ("quiet = [30, 2]", "0 to 24"),
        ] {
            let problem = Settings::parse(text).unwrap_err();
            assert!(problem.contains(complaint), "{problem}");
        }
    }
}
