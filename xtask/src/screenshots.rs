//! Pictures of the real client: it runs in a pseudo-terminal, takes its own tour, and what its screen shows is drawn
//! as SVG.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::Outcome;
use crate::scene::Scene;
use crate::screen::Screen;

/// One picture: its name, size, theme, and the keys that lead to it from the home feed, of the tour and of an
/// imported network alike; `TAG` stands for the beginning of a hashtag there.
struct Shot {
    name: &'static str,
    size: (u16, u16),
    theme: &'static str,
    keys: &'static [&'static str],
    /// What is seen when it is ready.
    shows: &'static str,
}

const SHOTS: [Shot; 7] = [
    Shot {
        name: "home",
        size: (120, 34),
        theme: "night",
        // The trends of now, not of before anybody had spoken.
        keys: &["\x0c", "j", "j", "f", "j"],
        shows: "♥ you",
    },
    Shot {
        name: "compose",
        size: (100, 28),
        theme: "ember",
        keys: &["j", "j", "r", "Count me in #TAG"],
        shows: "▸ #",
    },
    Shot {
        name: "chat",
        size: (100, 28),
        theme: "night",
        keys: &["3", "\r", "On my way. Keep the seat.", "\r"],
        shows: "✓",
    },
    Shot {
        name: "people",
        size: (100, 28),
        theme: "paper",
        keys: &["g", "p", "g", "g", "\r", "\r", "\r"],
        shows: "[Following]",
    },
    Shot { name: "palette", size: (100, 28), theme: "clear", keys: &[":", "ret"], shows: ":retweet" },
    Shot { name: "notifications", size: (100, 28), theme: "paper", keys: &["2"], shows: "you ·" },
    Shot { name: "small", size: (44, 14), theme: "terminal", keys: &[], shows: "@" },
];

/// A cell, in the picture's units.
const CELL: (f32, f32) = (8.4, 18.0);

/// Takes all pictures with this program and puts them into this directory: on a network of these ties and tweets, or
/// else on the tour.
pub(crate) fn take(program: &Path, data: Option<(&str, &str)>, directory: &Path) -> Outcome {
    std::fs::create_dir_all(directory).map_err(|error| error.to_string())?;
    for shot in &SHOTS {
        // Each in a network of its own, so that none shows what another one did.
        let svg = match data {
            None => picture(program, shot, None)?,
            Some((edges, tweets)) => picture(program, shot, Some(&Scene::start(program, edges, tweets)?))?,
        };
        let path = directory.join(format!("{}.svg", shot.name));
        std::fs::write(&path, svg).map_err(|error| error.to_string())?;
        println!("{}", path.display());
    }
    Ok(())
}

fn picture(program: &Path, shot: &Shot, scene: Option<&Scene<'_>>) -> Result<String, String> {
    let own = tempfile::tempdir().map_err(|error| error.to_string())?;
    let home = scene.map_or_else(|| own.path().to_owned(), Scene::home);
    let settings = format!("theme = {:?}\n", shot.theme);
    std::fs::write(home.join("settings.toml"), settings).map_err(|error| error.to_string())?;
    let mut command = CommandBuilder::new(program);
    command.env("MINI_TWEET_HOME", &home);
    command.env_remove("MINI_TWEET_SERVER");
    command.env_remove("NO_COLOR");
    command.env("TERM", "xterm-256color");
    command.env("COLORTERM", "truecolor");
    let mut screen = Screen::start(command, shot.size)?;
    if scene.is_none() {
        screen.wait_for("Welcome to Mini-Tweet")?;
        screen.press("\x1b[B\x1b[B\r")?;
        screen.wait_for("takes everything back")?;
    } else {
        screen.wait_for("▌")?;
        std::thread::sleep(Duration::from_millis(1_500));
    }
    for keys in shot.keys {
        screen.press(&keys.replace("TAG", if scene.is_none() { "ha" } else { "f" }))?;
        std::thread::sleep(Duration::from_millis(150));
    }
    screen.wait_for(shot.shows)?;
    // What passes has passed.
    std::thread::sleep(Duration::from_millis(9_000));
    screen.look(draw)
}

/// The 16 colours of a quiet dark terminal.
const PALETTE: [&str; 16] = [
    "#1c1f26", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#6b7280",
    "#e88388", "#a9d18b", "#ecd08f", "#82c0f3", "#d394e8", "#7cc9d2", "#ffffff",
];
const TEXT: &str = "#d7dae0";
const GROUND: &str = "#16181d";

fn colour(colour: vt100::Color, own: &str) -> String {
    match colour {
        vt100::Color::Default => own.to_owned(),
        vt100::Color::Idx(number) => {
            PALETTE.get(usize::from(number)).map_or(own.to_owned(), |&c| c.to_owned())
        }
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

fn draw(screen: &vt100::Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns): (u16, u16) = (rows.into(), columns.into());
    let (width, height) = (f32::from(columns) * CELL.0 + 24.0, f32::from(rows) * CELL.1 + 24.0);
    let ground = screen.cell(0, 0).map_or(vt100::Color::Default, |_| {
        screen.cell(rows / 2, columns / 2).map_or(vt100::Color::Default, vt100::Cell::bgcolor)
    });
    let ground = colour(ground, GROUND);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" font-size=\"14\" \
         font-family=\"'DejaVu Sans Mono', Menlo, Consolas, 'Noto Sans Mono CJK JP', monospace\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>\n"
    );
    for row in 0..rows {
        let mut run = Run::default();
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
                continue;
            };
            let (mut front, mut back) = (colour(cell.fgcolor(), TEXT), colour(cell.bgcolor(), &ground));
            if cell.inverse() {
                std::mem::swap(&mut front, &mut back);
            }
            let text = if cell.contents().is_empty() { " " } else { cell.contents() };
            let style = (front, back, cell.bold(), cell.underline());
            // Where a font may be wider or narrower than a cell, each character is put into its place.
            let is_plain = text.is_ascii();
            if run.style != style || !is_plain || !run.is_plain {
                run.draw(&mut svg, &ground);
                run = Run { row, column, text: String::new(), cells: 0, style, is_plain };
            }
            run.text.push_str(text);
            run.cells += if cell.is_wide() { 2 } else { 1 };
        }
        run.draw(&mut svg, &ground);
    }
    svg.push_str("</svg>\n");
    svg
}

/// Cells of one look beside each other.
#[derive(Default)]
struct Run {
    row: u16,
    column: u16,
    text: String,
    cells: u16,
    /// Colour, ground, bold, underlined.
    style: (String, String, bool, bool),
    is_plain: bool,
}

impl Run {
    fn draw(&self, svg: &mut String, ground: &str) {
        let (x, y) = (f32::from(self.column) * CELL.0 + 12.0, f32::from(self.row) * CELL.1 + 12.0);
        let width = f32::from(self.cells) * CELL.0;
        let (front, back, bold, underline) = &self.style;
        if back != ground && self.cells > 0 {
            // A little over the edge, so that no seam shows.
            let _ = writeln!(
                svg,
                "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{back}\"/>",
                width + 0.3,
                CELL.1 + 0.3
            );
        }
        let trimmed = self.text.trim_end();
        if trimmed.trim_start().is_empty() {
            return;
        }
        let length = f32::from(self.cells) * CELL.0 * trimmed.chars().count() as f32
            / self.text.chars().count() as f32;
        let fitted = if self.is_plain { format!(" textLength=\"{length:.1}\"") } else { String::new() };
        let weight = if *bold { " font-weight=\"bold\"" } else { "" };
        let line = if *underline { " text-decoration=\"underline\"" } else { "" };
        let text = trimmed.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(
            svg,
            "<text xml:space=\"preserve\" x=\"{x:.1}\" y=\"{:.1}\" fill=\"{front}\"{fitted}{weight}{line}>{text}</text>",
            y + 13.5
        );
    }
}
