//! The page with every screen of the client, `docs/screens.md`: text from the real program at four sizes.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use crate::process::{Outcome, root};
use crate::sample::{Sample, VIEWER};
use crate::screen::Screen;
use crate::steady;
use crate::tour::ELSEWHERE;

/// Columns and rows. The page shows the first one at once, the others on a click.
const SIZES: [(u16, u16); 4] = [(80, 24), (40, 12), (60, 20), (120, 40)];
/// The screen is ready when the program has written nothing for this time.
const QUIET: Duration = Duration::from_millis(250);
/// Messages disappear within this time.
const MESSAGES: Duration = Duration::from_secs(9);

/// What a terminal sends when another window gets the focus, and when it comes back.
const FOCUS_OUT: &str = "\x1b[O";
const FOCUS_IN: &str = "\x1b[I";

/// A screen, and the keys that lead to it from the one before.
struct Stop {
    title: &'static str,
    keys: &'static [&'static str],
}

const fn stop(title: &'static str, keys: &'static [&'static str]) -> Stop {
    Stop { title, keys }
}

/// A command of the palette.
macro_rules! command {
    ($name:literal) => {
        &["\x1b", "\x1b", ":", $name, "\r"]
    };
}

/// Screens of someone who has no account here.
const GUEST: [Stop; 4] = [
    stop("First contact", &[]),
    stop("Ways to begin on a server", &["\r"]),
    stop("Sign in", &["1"]),
    stop("Create an account", &["\x1b", "2"]),
];

/// Screens of an account, from Home on.
const MEMBER: [Stop; 26] = [
    stop("Home", &["\x0c"]),
    stop("Thread", &["j", "j", "t"]),
    stop("Profile", &["g", "h", "k", "a"]),
    stop("Followers", &[">", ">"]),
    stop("Tags", &["4"]),
    stop("Hashtag", &["\r"]),
    stop("People", &["5"]),
    stop("Online", &["6"]),
    // Without the focus, nothing is marked as read while it is drawn.
    stop("Notifications", &[FOCUS_OUT, "2"]),
    stop("Chats", &[FOCUS_IN, "3"]),
    stop("Conversation", &["\r"]),
    stop("Local", &["\x1b", "\x1b", "g", "l"]),
    stop("Bookmarks, empty", &["g", "b"]),
    stop("Search without a result", &["g", "/", "printr", "\r"]),
    stop("Composer", &["g", "h", "c", "Hello @"]),
    stop("Drafts and outbox", &["\x1b", "\x1b", "g", "d"]),
    stop("Settings", &["g", "s"]),
    stop("Settings, a menu of values", &["\r"]),
    stop("Quiet hours", &["\x1b", "/", "quiet", "\r", "\r"]),
    stop("Help", &["\x1b", "g", "h", "?"]),
    stop("Palette", &["\x1b", ":", "re"]),
    stop("Jump", &["\x1b", "\x0b"]),
    stop("Keys that can follow", &["\x1b", "g"]),
    stop("About", command!("about")),
    stop("Doctor", command!("doctor")),
    stop("Log", command!("log")),
];

/// Writes the page. Two runs on different days and machines write the same.
pub(crate) fn write(program: &Path) -> Outcome {
    let mut page = String::from(
        "# Screens\n\nEvery screen of the client at 80×24; the other sizes are one click away. `cargo xtask \
         screenshots` writes this page from the real program and a small network. Times, keys and ports are always the \
         same here.\n",
    );
    let home = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut first = Screen::start(command(program, home.path()), SIZES[0])?;
    first.wait_for("Take the tour")?;
    add(&mut page, &mut first, "First start")?;
    drop(first);
    let sample = Sample::start(program)?;
    let member = command(program, &sample.tour.home(VIEWER));
    let mut screen = Screen::start(member, SIZES[0])?;
    screen.wait_for("live")?;
    std::thread::sleep(MESSAGES);
    walk(&mut page, &mut screen, &MEMBER)?;
    drop(screen);
    let mut guest = command(program, home.path());
    guest.env("MINI_TWEET_SERVER", &sample.tour.address);
    let mut screen = Screen::start(guest, SIZES[0])?;
    screen.wait_for("First contact")?;
    walk(&mut page, &mut screen, &GUEST)?;
    let path = root().join("docs/screens.md");
    let page = steady::key(&page, &sample.tour.fingerprint);
    std::fs::write(&path, page).map_err(|error| error.to_string())?;
    println!("{}", path.display());
    Ok(())
}

/// The client of a user with this home directory.
fn command(program: &Path, home: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(program);
    command.env("HOME", home);
    for variable in ELSEWHERE.into_iter().chain(["MINI_TWEET_SERVER", "TZ"]) {
        command.env_remove(variable);
    }
    command.env("NO_COLOR", "1");
    command.env("TERM", "xterm-256color");
    command.env("LC_ALL", "C.UTF-8");
    command
}

fn walk(page: &mut String, screen: &mut Screen, stops: &[Stop]) -> Outcome {
    for stop in stops {
        for keys in stop.keys {
            screen.press(keys)?;
            quiet(screen);
        }
        add(page, screen, stop.title)?;
    }
    Ok(())
}

/// Adds a screen at every size.
fn add(page: &mut String, screen: &mut Screen, title: &str) -> Outcome {
    let failed = |error: std::fmt::Error| error.to_string();
    write!(page, "\n## {title}\n\n").map_err(failed)?;
    for (index, size) in SIZES.into_iter().enumerate() {
        screen.resize(size)?;
        quiet(screen);
        let text = screen.text();
        let now = steady::minute_of_day()?;
        let text: Vec<String> = text.lines().map(|line| steady::line(line.trim_end(), now)).collect();
        let text = text.join("\n");
        match index {
            0 => write!(page, "```text\n{text}\n```\n"),
            _ => write!(
                page,
                "\n<details><summary>{title} at {}×{}</summary>\n\n```text\n{text}\n```\n\n</details>\n",
                size.0, size.1
            ),
        }
        .map_err(failed)?;
    }
    screen.resize(SIZES[0])
}

/// Waits until the program writes nothing more.
fn quiet(screen: &Screen) {
    let end = Instant::now() + Duration::from_secs(3);
    std::thread::sleep(QUIET);
    while screen.bytes().1.elapsed() < QUIET && Instant::now() < end {
        std::thread::sleep(QUIET / 5);
    }
}
