//! `cargo xtask screenshots`: pictures of the real client, which runs in a pseudo-terminal.

use std::path::Path;
use std::time::Duration;

use portable_pty::CommandBuilder;

use crate::gallery;
use crate::process::{Outcome, root};
use crate::scene::Scene;
use crate::screen::Screen;
use crate::svg;
use crate::tour::ELSEWHERE;

/// One picture.
struct Shot {
    name: &'static str,
    /// Columns and rows.
    size: (u16, u16),
    theme: &'static str,
    /// Keys that lead to the screen from the home timeline. They work in the tour and in an imported network. `TAG` is
    /// replaced by the start of a hashtag.
    keys: &'static [&'static str],
    /// Text that is on the screen when it is ready.
    shows: &'static str,
}

const SHOTS: [Shot; 7] = [
    Shot {
        name: "home",
        size: (120, 34),
        theme: "night",
        // Reload: the first trends are those of an empty network.
        keys: &["\x0c", "j", "j", "f", "j"],
        shows: "(you)",
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
        keys: &["g", "p", ">", ">", ">"],
        shows: "[Following]",
    },
    Shot {
        name: "palette",
        size: (100, 28),
        theme: "clear",
        keys: &[":", "ret"],
        shows: "Retweet, or undo it",
    },
    Shot { name: "notifications", size: (100, 28), theme: "paper", keys: &["2"], shows: "[All]" },
    Shot { name: "small", size: (44, 14), theme: "terminal", keys: &[], shows: "@" },
];

/// Writes all pictures to docs/pictures, and the page with all screens. The pictures show a network that is imported from these files (follows and tweets), or
/// else the built-in tour of the client.
pub(crate) fn take(program: &Path, data: Option<(&str, &str)>) -> Outcome {
    let directory = root().join("docs/pictures");
    std::fs::create_dir_all(&directory).map_err(|error| error.to_string())?;
    for shot in &SHOTS {
        // A new network for each picture, so that none shows the changes of another.
        let svg = match data {
            None => picture(program, shot, None)?,
            Some((edges, tweets)) => picture(program, shot, Some(&Scene::start(program, edges, tweets)?))?,
        };
        let path = directory.join(format!("{}.svg", shot.name));
        std::fs::write(&path, svg).map_err(|error| error.to_string())?;
        println!("{}", path.display());
    }
    gallery::write(program)
}

fn picture(program: &Path, shot: &Shot, scene: Option<&Scene<'_>>) -> Result<String, String> {
    let own = tempfile::tempdir().map_err(|error| error.to_string())?;
    let home = scene.map_or_else(|| own.path().to_owned(), Scene::home);
    let files = home.join(".local/share/mini-tweet");
    std::fs::create_dir_all(&files)
        .and_then(|()| std::fs::write(files.join("settings.toml"), format!("theme = {:?}\n", shot.theme)))
        .map_err(|error| error.to_string())?;
    let mut command = CommandBuilder::new(program);
    command.env("HOME", &home);
    for variable in ELSEWHERE.into_iter().chain(["MINI_TWEET_SERVER", "NO_COLOR"]) {
        command.env_remove(variable);
    }
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command.env("COLORTERM", "truecolor");
    let mut screen = Screen::start(command, shot.size)?;
    if scene.is_none() {
        screen.wait_for("Take the tour")?;
        screen.press("\x1b[B\x1b[B\r")?;
        // The last step of the tour.
        screen.wait_for("f likes, b retweets")?;
    } else {
        screen.wait_for("▌")?;
        std::thread::sleep(Duration::from_millis(1_500));
    }
    for keys in shot.keys {
        screen.press(&keys.replace("TAG", if scene.is_none() { "ha" } else { "f" }))?;
        std::thread::sleep(Duration::from_millis(150));
    }
    screen.wait_for(shot.shows)?;
    // Until temporary messages disappear.
    std::thread::sleep(Duration::from_millis(9_000));
    screen.inspect(svg::draw)
}
