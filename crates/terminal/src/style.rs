//! Styles of text by meaning (a role and a surface), and the themes that map them to colors.

use std::collections::BTreeMap;

use serde::Deserialize;

/// The meaning of a text, which the theme maps to a foreground color. Color is never the only sign of a meaning: a
/// view also uses a glyph or a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ColorRole {
    /// Normal text.
    #[default]
    Text,
    /// Secondary text.
    Dim,
    /// Proper names.
    Name,
    /// Text that leads somewhere.
    Link,
    /// Highlights: new items and the current position.
    Accent,
    /// Success, or something active.
    Good,
    /// A warning.
    Warning,
    /// An error.
    Error,
    /// Separators and borders.
    Line,
}

/// The layer under a text, which the theme maps to a background color.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Surface {
    /// The screen itself.
    #[default]
    Plain,
    /// The selected row.
    Selected,
    /// Bars at the top and bottom. Without a color of their own they are quiet because their words are dim.
    Bar,
    /// An overlay, such as a menu.
    Sheet,
    /// The row of a message to the user. It has the color of bars, and is reversed where the theme has none for them.
    Message,
}

/// Role, surface and emphasis of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Style {
    /// Selects the foreground color.
    pub role: ColorRole,
    /// Selects the background color.
    pub surface: Surface,
    /// Bold.
    pub bold: bool,
    /// Underlined.
    pub underline: bool,
}

impl Style {
    /// A role on [`Surface::Plain`], without emphasis.
    #[must_use]
    pub const fn of(role: ColorRole) -> Self {
        Self { role, surface: Surface::Plain, bold: false, underline: false }
    }

    /// The same in bold.
    #[must_use]
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    /// The same underlined.
    #[must_use]
    pub const fn underline(self) -> Self {
        Self { underline: true, ..self }
    }

    /// The same on another surface.
    #[must_use]
    pub const fn on(self, surface: Surface) -> Self {
        Self { surface, ..self }
    }
}

/// A color of a terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// The terminal's default foreground or background.
    #[default]
    Default,
    /// One of the 16 palette colors: 0 to 7 normal, 8 to 15 bright.
    Palette(u8),
    /// Red, green and blue.
    Rgb(u8, u8, u8),
}

/// A text that is not a color.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a color: use #rrggbb, a name such as blue or bright-blue, or default")]
pub struct ColorError(String);

const PALETTE: [&str; 8] = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"];

impl std::str::FromStr for Color {
    type Err = ColorError;

    fn from_str(text: &str) -> Result<Self, ColorError> {
        let wrong = || ColorError(text.to_owned());
        if text == "default" {
            return Ok(Self::Default);
        }
        if let Some(digits) = text.strip_prefix('#').filter(|digits| digits.len() == 6) {
            let all = u32::from_str_radix(digits, 16).map_err(|_| wrong())?;
            let [_, red, green, blue] = all.to_be_bytes();
            return Ok(Self::Rgb(red, green, blue));
        }
        let (name, bright) = text.strip_prefix("bright-").map_or((text, 0), |name| (name, 8));
        let index = PALETTE.iter().position(|known| *known == name).ok_or_else(wrong)?;
        Ok(Self::Palette(u8::try_from(index).unwrap_or(0) + bright))
    }
}

/// The form that [`std::str::FromStr`] parses.
impl std::fmt::Display for Color {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Palette(number) => {
                let bright = if *number < 8 { "" } else { "bright-" };
                write!(f, "{bright}{}", PALETTE.get(usize::from(number & 7)).copied().unwrap_or("white"))
            }
            Self::Rgb(red, green, blue) => write!(f, "#{red:02x}{green:02x}{blue:02x}"),
        }
    }
}

impl<'de> Deserialize<'de> for Color {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A color for every role and surface.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Theme {
    /// Of [`ColorRole::Text`].
    pub text: Color,
    /// Of [`ColorRole::Dim`].
    pub dim: Color,
    /// Of [`ColorRole::Name`].
    pub name: Color,
    /// Of [`ColorRole::Link`].
    pub link: Color,
    /// Of [`ColorRole::Accent`].
    pub accent: Color,
    /// Of [`ColorRole::Good`].
    pub good: Color,
    /// Of [`ColorRole::Warning`].
    pub warning: Color,
    /// Of [`ColorRole::Error`].
    pub error: Color,
    /// Of [`ColorRole::Line`].
    pub line: Color,
    /// Of [`Surface::Plain`].
    #[serde(alias = "ground")]
    pub background: Color,
    /// Of [`Surface::Selected`].
    pub selected: Color,
    /// Of [`Surface::Bar`].
    pub bar: Color,
    /// Of [`Surface::Sheet`].
    pub sheet: Color,
}

impl Default for Theme {
    fn default() -> Self {
        Self::terminal()
    }
}

const fn rgb(value: u32) -> Color {
    let [_, red, green, blue] = value.to_be_bytes();
    Color::Rgb(red, green, blue)
}

impl Theme {
    /// The palette of the user's terminal, on a dark background.
    #[must_use]
    pub const fn terminal() -> Self {
        Self {
            text: Color::Default,
            dim: Color::Palette(8),
            name: Color::Palette(6),
            link: Color::Palette(4),
            accent: Color::Palette(5),
            good: Color::Palette(2),
            warning: Color::Palette(3),
            error: Color::Palette(1),
            line: Color::Palette(8),
            background: Color::Default,
            selected: Color::Default,
            bar: Color::Default,
            sheet: Color::Default,
        }
    }

    /// The palette of the user's terminal on a light background, where most palettes have an unreadable yellow and cyan.
    #[must_use]
    pub const fn terminal_on_light() -> Self {
        Self { name: Color::Palette(4), warning: Color::Palette(1), ..Self::terminal() }
    }

    /// The palette of the user's terminal on a background that is not known: names and good news have the color of the
    /// text, which is readable on any.
    #[must_use]
    pub const fn terminal_on_any() -> Self {
        Self { name: Color::Default, good: Color::Default, ..Self::terminal_on_light() }
    }

    /// Dark, blue.
    const fn night() -> Self {
        Self {
            text: rgb(0x00d8_dee9),
            dim: rgb(0x009a_a4b8),
            name: rgb(0x0088_c0d0),
            link: rgb(0x008f_b4d9),
            accent: rgb(0x00eb_cb8b),
            good: rgb(0x00a3_be8c),
            warning: rgb(0x00e5_9a5f),
            error: rgb(0x00f2_858f),
            line: rgb(0x004c_566a),
            background: rgb(0x001f_2430),
            selected: rgb(0x002b_3242),
            bar: rgb(0x0027_2d3b),
            sheet: rgb(0x0029_2f3e),
        }
    }

    /// Light.
    const fn paper() -> Self {
        Self {
            text: rgb(0x002e_2a25),
            dim: rgb(0x0066_5e53),
            name: rgb(0x0000_5f73),
            link: rgb(0x0020_56a8),
            accent: rgb(0x00a6_3a00),
            good: rgb(0x0036_6b1e),
            warning: rgb(0x0085_5a00),
            error: rgb(0x00a8_1d1d),
            line: rgb(0x00bf_b39f),
            background: rgb(0x00fb_f7ef),
            selected: rgb(0x00ef_e6d6),
            bar: rgb(0x00ef_e9dd),
            sheet: rgb(0x00f5_efe3),
        }
    }

    /// Dark, warm.
    const fn ember() -> Self {
        Self {
            text: rgb(0x00e6_ddd0),
            dim: rgb(0x00aa_9e8f),
            name: rgb(0x00f0_b871),
            link: rgb(0x00d8_9a6a),
            accent: rgb(0x00f2_7f4b),
            good: rgb(0x00a9_b665),
            warning: rgb(0x00e3_b04b),
            error: rgb(0x00f2_8079),
            line: rgb(0x005a_4e46),
            background: rgb(0x0021_1d1b),
            selected: rgb(0x0031_2b27),
            bar: rgb(0x002a_2522),
            sheet: rgb(0x002c_2724),
        }
    }

    /// On black; colors that people with any kind of color blindness can tell apart (after Okabe and Ito, 2008).
    const fn clear() -> Self {
        Self {
            text: rgb(0x00f0_f0f0),
            dim: rgb(0x00b4_b4b4),
            name: rgb(0x0056_b4e9),
            link: rgb(0x0056_b4e9),
            accent: rgb(0x00f0_e442),
            good: rgb(0x002f_c08f),
            warning: rgb(0x00e6_9f00),
            error: rgb(0x00ff_8a4c),
            line: rgb(0x0060_6060),
            background: rgb(0x0000_0000),
            selected: rgb(0x0026_2626),
            bar: rgb(0x001a_1a1a),
            sheet: rgb(0x001c_1c1c),
        }
    }

    /// The built-in themes by name.
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

    /// The lines of a TOML table that deserialises to this theme.
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
            ("background", self.background),
            ("selected", self.selected),
            ("bar", self.bar),
            ("sheet", self.sheet),
        ];
        all.iter().map(|(name, color)| format!("{name} = \"{color}\"\n")).collect()
    }

    /// The foreground color of a role.
    #[must_use]
    pub fn role(&self, role: ColorRole) -> Color {
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

    /// The background color of a surface.
    #[must_use]
    pub fn surface(&self, surface: Surface) -> Color {
        match surface {
            Surface::Plain => self.background,
            Surface::Selected => self.selected,
            Surface::Bar | Surface::Message => self.bar,
            Surface::Sheet => self.sheet,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn luminance(color: Color) -> f64 {
        let Color::Rgb(red, green, blue) = color else { panic!("only RGB colors have a luminance") };
        let part = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.03928 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * part(red) + 0.7152 * part(green) + 0.0722 * part(blue)
    }

    fn contrast(one: Color, other: Color) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    const SURFACES: [Surface; 4] = [Surface::Plain, Surface::Selected, Surface::Bar, Surface::Sheet];

    fn themes() -> impl Iterator<Item = (&'static str, Theme)> {
        // The colors of the theme "terminal" are those of the user.
        Theme::all().into_iter().filter(|(name, _)| *name != "terminal")
    }

    /// WCAG 2.1 asks for 4.5 for text. Lines only have to be visible.
    #[test]
    fn every_role_is_readable_on_every_surface() {
        for (name, theme) in themes() {
            for surface in SURFACES {
                for (role, least) in [
                    (ColorRole::Text, 4.5),
                    (ColorRole::Dim, 4.5),
                    (ColorRole::Name, 4.5),
                    (ColorRole::Link, 4.5),
                    (ColorRole::Accent, 4.5),
                    (ColorRole::Good, 4.5),
                    (ColorRole::Warning, 4.5),
                    (ColorRole::Error, 4.5),
                    (ColorRole::Line, 1.5),
                ] {
                    let contrast = contrast(theme.role(role), theme.surface(surface));
                    assert!(contrast >= least, "{name}: {role:?} on {surface:?} is {contrast:.2}");
                }
            }
        }
    }

    /// Complete color blindness of each kind, as matrices on linear RGB: Machado, Oliveira and Fernandes, "A
    /// Physiologically-based Model for Simulation of Color Vision Deficiency", 2009, severity 1.
    const DEFICIENCIES: [(&str, [[f64; 3]; 3]); 3] = [
        (
            "protanopia",
            [
                [0.152_286, 1.052_583, -0.204_868],
                [0.114_503, 0.786_281, 0.099_216],
                [-0.003_882, -0.048_116, 1.051_998],
            ],
        ),
        (
            "deuteranopia",
            [
                [0.367_322, 0.860_646, -0.227_968],
                [0.280_085, 0.672_501, 0.047_413],
                [-0.011_820, 0.042_940, 0.968_881],
            ],
        ),
        (
            "tritanopia",
            [
                [1.255_528, -0.076_749, -0.178_779],
                [-0.078_411, 0.930_809, 0.147_602],
                [0.004_733, 0.691_367, 0.303_900],
            ],
        ),
    ];

    fn linear(color: Color) -> [f64; 3] {
        let Color::Rgb(red, green, blue) = color else { panic!("only RGB colors can be simulated") };
        [red, green, blue].map(|value| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn seen(by: &[[f64; 3]; 3], color: Color) -> [f64; 3] {
        let [red, green, blue] = linear(color);
        by.map(|[r, g, b]| (r * red + g * green + b * blue).clamp(0.0, 1.0))
    }

    /// CIE 1976 L*a*b* of linear sRGB, with the white point D65.
    fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
        let f = |t: f64| if t > 216.0 / 24_389.0 { t.cbrt() } else { (24_389.0 / 27.0 * t + 16.0) / 116.0 };
        let x = f((0.412_456 * red + 0.357_576 * green + 0.180_437 * blue) / 0.950_47);
        let y = f(0.212_673 * red + 0.715_152 * green + 0.072_175 * blue);
        let z = f((0.019_334 * red + 0.119_192 * green + 0.950_304 * blue) / 1.088_83);
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    fn distance(one: [f64; 3], other: [f64; 3]) -> f64 {
        one.iter().zip(other).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }

    /// The smallest distance between two roles that tell states apart, under any deficiency.
    fn closest(theme: &Theme) -> (f64, String) {
        let roles =
            [ColorRole::Name, ColorRole::Accent, ColorRole::Good, ColorRole::Warning, ColorRole::Error];
        let mut closest = (f64::MAX, String::new());
        for (name, matrix) in &DEFICIENCIES {
            for (n, one) in roles.iter().enumerate() {
                for other in roles.iter().skip(n + 1) {
                    let of = |role: &ColorRole| lab(seen(matrix, theme.role(*role)));
                    let apart = distance(of(one), of(other));
                    if apart < closest.0 {
                        closest = (apart, format!("{one:?} and {other:?} with {name}"));
                    }
                }
            }
        }
        closest
    }

    #[test]
    fn the_colors_of_clear_differ_with_every_color_blindness() {
        let (apart, which) = closest(&Theme::clear());
        assert!(apart >= 10.0, "{which}: {apart:.1}");
        // The negative control: a red and a green that look alike.
        let (apart, _) =
            closest(&Theme { error: rgb(0x00a3_be00), good: rgb(0x00be_a300), ..Theme::clear() });
        assert!(apart < 10.0, "red and green that look alike are {apart:.1} apart");
    }

    #[test]
    fn a_color_is_a_name_or_a_number() {
        assert_eq!("#010203".parse(), Ok(Color::Rgb(1, 2, 3)));
        assert_eq!("bright-red".parse(), Ok(Color::Palette(9)));
        assert_eq!("default".parse(), Ok(Color::Default));
        for color in ["default", "red", "bright-white", "#0a0b0c"] {
            assert_eq!(color.parse::<Color>().map(|parsed| parsed.to_string()), Ok(color.to_owned()));
        }
        for wrong in ["", "#12", "#gggggg", "reddish", "bright-"] {
            assert!(wrong.parse::<Color>().is_err(), "{wrong}");
        }
    }
}
