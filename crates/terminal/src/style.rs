//! How things look: roles and grounds that views speak of, and the themes that give them colours.

use std::collections::BTreeMap;

use serde::Deserialize;

/// What a text is, for its colour. Never the only sign of anything: glyphs and words say it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorRole {
    /// What people wrote.
    #[default]
    Text,
    /// What is beside the matter.
    Dim,
    /// Names of people.
    Name,
    /// Hashtags, mentions, links.
    Link,
    /// What is new, and where one is.
    Accent,
    /// What went well, and who is there.
    Good,
    /// What needs care.
    Warning,
    /// What went wrong.
    Error,
    /// Lines between things.
    Line,
}

/// What lies under a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Surface {
    /// The screen.
    #[default]
    Plain,
    /// The row that is selected.
    Selected,
    /// Bars at top and bottom.
    Bar,
    /// What lies over the screen: menus, the composer.
    Sheet,
}

/// ColorRole, ground and emphasis of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// For its colour.
    pub role: ColorRole,
    /// For what is under it.
    pub ground: Surface,
    /// Heavier.
    pub bold: bool,
    /// With a line below.
    pub underline: bool,
    /// Surface and colour exchanged.
    pub reverse: bool,
}

impl Style {
    /// Of a role, on the plain ground.
    #[must_use]
    pub const fn of(role: ColorRole) -> Self {
        Self { role, ground: Surface::Plain, bold: false, underline: false, reverse: false }
    }

    /// Heavier.
    #[must_use]
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// With a line below.
    #[must_use]
    pub const fn underline(self) -> Self {
        Self { underline: true, ..self }
    }

    /// On another ground.
    #[must_use]
    pub const fn on(self, ground: Surface) -> Self {
        Self { ground, ..self }
    }

    /// Surface and colour exchanged.
    #[must_use]
    pub const fn reverse(self) -> Self {
        Self { reverse: true, ..self }
    }
}

/// A colour of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// The terminal's own.
    #[default]
    Own,
    /// One of the 16 that the person has chosen for the terminal.
    Palette(u8),
    /// An exact one.
    Exact(u8, u8, u8),
}

/// A name or `#rrggbb` that is no colour.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no colour: write #rrggbb, a name such as blue or bright-blue, or default")]
pub struct ColourError(String);

const PALETTE: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

impl std::str::FromStr for Colour {
    type Err = ColourError;

    fn from_str(text: &str) -> Result<Self, ColourError> {
        let wrong = || ColourError(text.to_owned());
        if text == "default" {
            return Ok(Self::Own);
        }
        if let Some(digits) = text.strip_prefix('#').filter(|digits| digits.len() == 6) {
            let all = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
            let [_, red, green, blue] = all.to_be_bytes();
            return Ok(Self::Exact(red, green, blue));
        }
        let (name, bright) = text.strip_prefix("bright-").map_or((text, 0), |name| (name, 8));
        let place = PALETTE.iter().position(|known| *known == name).ok_or_else(wrong)?;
        Ok(Self::Palette(u8::try_from(place).unwrap_or(0) + bright))
    }
}

/// As it is read.
impl std::fmt::Display for Colour {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Own => f.write_str("default"),
            Self::Palette(number) => {
                let bright = if *number < 8 { "" } else { "bright-" };
                write!(f, "{bright}{}", PALETTE.get(usize::from(number & 7)).copied().unwrap_or("white"))
            }
            Self::Exact(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Colours for every role and ground.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Theme {
    /// Of [`ColorRole::Text`].
    pub text: Colour,
    /// Of [`ColorRole::Dim`].
    pub dim: Colour,
    /// Of [`ColorRole::Name`].
    pub name: Colour,
    /// Of [`ColorRole::Link`].
    pub link: Colour,
    /// Of [`ColorRole::Accent`].
    pub accent: Colour,
    /// Of [`ColorRole::Good`].
    pub good: Colour,
    /// Of [`ColorRole::Warning`].
    pub warning: Colour,
    /// Of [`ColorRole::Error`].
    pub error: Colour,
    /// Of [`ColorRole::Line`].
    pub line: Colour,
    /// Of [`Surface::Plain`].
    pub ground: Colour,
    /// Of [`Surface::Selected`].
    pub selected: Colour,
    /// Of [`Surface::Bar`].
    pub bar: Colour,
    /// Of [`Surface::Sheet`].
    pub sheet: Colour,
}

impl Default for Theme {
    fn default() -> Self {
        Self::terminal()
    }
}

const fn exact(rgb: u32) -> Colour {
    let [_, red, green, blue] = rgb.to_be_bytes();
    Colour::Exact(red, green, blue)
}

impl Theme {
    /// The 16 colours that the person has chosen for the terminal, light or dark.
    #[must_use]
    pub const fn terminal() -> Self {
        Self {
            text: Colour::Own,
            dim: Colour::Palette(8),
            name: Colour::Palette(6),
            link: Colour::Palette(4),
            accent: Colour::Palette(5),
            good: Colour::Palette(2),
            warning: Colour::Palette(3),
            error: Colour::Palette(1),
            line: Colour::Palette(8),
            ground: Colour::Own,
            selected: Colour::Own,
            bar: Colour::Own,
            sheet: Colour::Own,
        }
    }

    /// Dark, blue and quiet.
    const fn night() -> Self {
        Self {
            text: exact(0x00d8_dee9),
            dim: exact(0x007b_8496),
            name: exact(0x0088_c0d0),
            link: exact(0x0081_a1c1),
            accent: exact(0x00eb_cb8b),
            good: exact(0x00a3_be8c),
            warning: exact(0x00eb_cb8b),
            error: exact(0x00e0_7a84),
            line: exact(0x0043_4c5e),
            ground: exact(0x001f_2430),
            selected: exact(0x002b_3242),
            bar: exact(0x0027_2d3b),
            sheet: exact(0x0029_2f3e),
        }
    }

    /// Light, like paper.
    const fn paper() -> Self {
        Self {
            text: exact(0x002e_2a25),
            dim: exact(0x0078_6f63),
            name: exact(0x0000_5f73),
            link: exact(0x0020_56a8),
            accent: exact(0x00a6_3a00),
            good: exact(0x0036_6b1e),
            warning: exact(0x0085_5a00),
            error: exact(0x00a8_1d1d),
            line: exact(0x00d0_c6b6),
            ground: exact(0x00fb_f7ef),
            selected: exact(0x00ef_e6d6),
            bar: exact(0x00ef_e9dd),
            sheet: exact(0x00f5_efe3),
        }
    }

    /// Dark and warm.
    const fn ember() -> Self {
        Self {
            text: exact(0x00e6_ddd0),
            dim: exact(0x0096_8b7d),
            name: exact(0x00f0_b871),
            link: exact(0x00d8_9a6a),
            accent: exact(0x00f2_7f4b),
            good: exact(0x00a9_b665),
            warning: exact(0x00e3_b04b),
            error: exact(0x00ea_6962),
            line: exact(0x004a_403a),
            ground: exact(0x0021_1d1b),
            selected: exact(0x0031_2b27),
            bar: exact(0x002a_2522),
            sheet: exact(0x002c_2724),
        }
    }

    /// Colours that people tell apart whatever their eyes, after Okabe and Ito, on black.
    const fn clear() -> Self {
        Self {
            text: exact(0x00f0_f0f0),
            dim: exact(0x00a0_a0a0),
            name: exact(0x0056_b4e9),
            link: exact(0x0056_b4e9),
            accent: exact(0x00f0_e442),
            good: exact(0x0056_b4e9),
            warning: exact(0x00e6_9f00),
            error: exact(0x00d5_5e00),
            line: exact(0x0060_6060),
            ground: exact(0x0000_0000),
            selected: exact(0x0026_2626),
            bar: exact(0x001a_1a1a),
            sheet: exact(0x001c_1c1c),
        }
    }

    /// The themes that come with the program, by name.
    #[must_use]
    pub fn all() -> BTreeMap<&'static str, Self> {
        BTreeMap::from([
            ("terminal", Self::terminal()),
            ("night", Self::night()),
            ("paper", Self::paper()),
            ("ember", Self::ember()),
            ("clear", Self::clear()),
        ])
    }

    /// As it is written in settings.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let all = [
            ("text", self.text),
            ("dim", self.dim),
            ("name", self.name),
            ("link", self.link),
            ("accent", self.accent),
            ("good", self.good),
            ("warning", self.warning),
            ("error", self.error),
            ("line", self.line),
            ("ground", self.ground),
            ("selected", self.selected),
            ("bar", self.bar),
            ("sheet", self.sheet),
        ];
        all.iter().map(|(name, colour)| format!("{name} = \"{colour}\"\n")).collect()
    }

    /// The colour of a role.
    #[must_use]
    pub fn role(&self, role: ColorRole) -> Colour {
        match role {
            ColorRole::Text => self.text,
            ColorRole::Dim => self.dim,
            ColorRole::Name => self.name,
            ColorRole::Link => self.link,
            ColorRole::Accent => self.accent,
            ColorRole::Good => self.good,
            ColorRole::Warning => self.warning,
            ColorRole::Error => self.error,
            ColorRole::Line => self.line,
        }
    }

    /// The colour of a ground.
    #[must_use]
    pub fn ground(&self, ground: Surface) -> Colour {
        match ground {
            Surface::Plain => self.ground,
            Surface::Selected => self.selected,
            Surface::Bar => self.bar,
            Surface::Sheet => self.sheet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(colour: Colour) -> f64 {
        let Colour::Exact(red, green, blue) = colour else { panic!("exact colours only") };
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
    }

    fn contrast(one: Colour, other: Colour) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// WCAG 2: 4.5 for text, 3 for what is beside the matter.
    #[test]
    fn every_text_can_be_read_on_every_ground() {
        for (name, theme) in Theme::all() {
            if name == "terminal" {
                continue;
            }
            for ground in [Surface::Plain, Surface::Selected, Surface::Bar, Surface::Sheet] {
                for role in [
                    ColorRole::Text,
                    ColorRole::Name,
                    ColorRole::Link,
                    ColorRole::Accent,
                    ColorRole::Good,
                    ColorRole::Warning,
                ] {
                    let contrast = contrast(theme.role(role), theme.ground(ground));
                    assert!(contrast >= 4.0, "{name}: {role:?} on {ground:?} is {contrast:.1}");
                }
                for role in [ColorRole::Dim, ColorRole::Error] {
                    let contrast = contrast(theme.role(role), theme.ground(ground));
                    assert!(contrast >= 3.0, "{name}: {role:?} on {ground:?} is {contrast:.1}");
                }
            }
        }
    }

    #[test]
    fn colours_have_names_or_numbers() {
        assert_eq!("#010203".parse(), Ok(Colour::Exact(1, 2, 3)));
        assert_eq!("bright-red".parse(), Ok(Colour::Palette(9)));
        assert_eq!("default".parse(), Ok(Colour::Own));
        for wrong in ["", "#12", "#gggggg", "reddish", "bright-"] {
            assert!(wrong.parse::<Colour>().is_err(), "{wrong}");
        }
    }
}
