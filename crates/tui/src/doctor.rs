//! The doctor: what the terminal supports, the connection, and the program itself, each with a verdict.

use std::time::Duration;

use protocol::v1;

use crate::settings::value_words;
use crate::signs::Signs;
use crate::state::{Link, State};
use crate::wording::{duration, link_words};
use terminal::charset::Charset;
use terminal::paint::Depth;

/// What a finding means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// As it should be.
    Fine,
    /// Something is missing.
    Careful,
    /// It is not known.
    Unknown,
}

/// What was found about a subject.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The section to which it belongs.
    pub(crate) section: &'static str,
    pub(crate) verdict: Verdict,
    /// What it is about; no other finding has the same.
    pub(crate) subject: &'static str,
    pub(crate) found: String,
    /// What to do; empty if there is nothing to do.
    pub(crate) advice: String,
}

/// A round trip from which on the connection is slow: one notices every step.
const SLOW: Duration = Duration::from_millis(500);
const TERMINAL: &str = "This terminal";
const CONNECTION: &str = "Connection";
const PROGRAM: &str = "This program";

/// All findings, by section.
#[must_use]
pub(crate) fn findings(state: &State) -> Vec<Finding> {
    let mut all = of_terminal(state);
    all.extend(of_connection(state));
    all.extend(of_program(state));
    all
}

/// The number of findings that need attention.
#[must_use]
pub(crate) fn warnings(state: &State) -> usize {
    findings(state).iter().filter(|finding| finding.verdict == Verdict::Careful).count()
}

/// All findings as a text.
#[must_use]
pub(crate) fn report(state: &State) -> String {
    findings(state)
        .iter()
        .map(|one| {
            let verdict = match one.verdict {
                Verdict::Fine => "ok",
                Verdict::Careful => "!!",
                Verdict::Unknown => "??",
            };
            let advice = if one.advice.is_empty() { String::new() } else { format!(" ({})", one.advice) };
            format!("{verdict} {}: {}{advice}\n", one.subject, one.found)
        })
        .collect()
}

fn of_terminal(state: &State) -> Vec<Finding> {
    let can = &state.terminal.capabilities;
    let find =
        |verdict, subject, found: &str, advice: &str| finding_of(TERMINAL, verdict, subject, found, advice);
    // Terminals answer in order: the last question was answered, an earlier one may not have been.
    let answer = |supported: Option<bool>, subject, yes: &str, no: &str, advice: &str| match supported {
        Some(true) => find(Verdict::Fine, subject, yes, ""),
        None if !can.has_answered => find(Verdict::Unknown, subject, "the terminal has not answered yet", ""),
        _ => find(Verdict::Careful, subject, no, advice),
    };
    let size = state.terminal.size;
    let program = if can.program.is_empty() { String::new() } else { format!(" in {}", can.program) };
    let (verdict, colors, advice) = match can.depth {
        Depth::None => (Verdict::Careful, "none", "NO_COLOR is set, or TERM names a terminal without colors"),
        Depth::Sixteen => (Verdict::Fine, "the 16 colors of your terminal", ""),
        Depth::Cube => (Verdict::Fine, "256", ""),
        Depth::Exact => (Verdict::Fine, "24 bit", ""),
    };
    let characters = match can.charset {
        Charset::Utf8 => find(Verdict::Fine, "Characters", "all (UTF-8)", ""),
        Charset::Ascii => find(
            Verdict::Careful,
            "Characters",
            "ASCII only: the locale is not UTF-8",
            "set LC_ALL to a locale such as C.UTF-8",
        ),
    };
    let signs = match can.has_wide_signs {
        Some(true) => find(
            Verdict::Careful,
            "Signs",
            "● ◆ ▲ are two columns wide: ASCII is used",
            "change the width of ambiguous characters in the terminal",
        ),
        Some(false) => find(Verdict::Fine, "Signs", "● ◆ ▲ are one column wide", ""),
        None => find(Verdict::Unknown, "Signs", "the terminal does not say how wide ● ◆ ▲ are", ""),
    };
    let background = match can.is_dark {
        Some(true) => find(Verdict::Fine, "Background", "dark", ""),
        Some(false) => find(Verdict::Fine, "Background", "light", ""),
        None => find(Verdict::Unknown, "Background", "the terminal does not say", ""),
    };
    let clipboard = if can.is_local { "sent as OSC 52" } else { "sent as OSC 52 to your own terminal" };
    vec![
        find(
            Verdict::Fine,
            "Terminal",
            &format!("{}{program}, {}×{}", can.term, size.width, size.height),
            "",
        ),
        find(verdict, "Colors", colors, advice),
        characters,
        answer(
            can.synchronized,
            "Whole frames",
            "supported (mode 2026)",
            "not supported: frames may flicker",
            "harmless; a newer terminal may support it",
        ),
        answer(
            can.clusters,
            "Width of emoji",
            "as Unicode says (mode 2027)",
            "old rules: some emoji may shift a line",
            "Settings, Symbols: ASCII avoids it for the signs of the client",
        ),
        signs,
        background,
        find(
            Verdict::Unknown,
            "Clipboard",
            clipboard,
            "yt copies this report: paste it to see whether that works",
        ),
    ]
}

fn of_connection(state: &State) -> Vec<Finding> {
    let hello = &state.connection.hello;
    let find = |verdict, subject, found: String| finding_of(CONNECTION, verdict, subject, &found, "");
    let name = model::SafeText::line(&hello.server_name).as_str().to_owned();
    let version = model::SafeText::line(&hello.server_version).as_str().to_owned();
    let server = [
        name,
        state.connection.server.clone(),
        if version.is_empty() { version } else { format!("version {version}") },
    ];
    let server = server.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ");
    let is_known = *hello != v1::ServerHello::default();
    let mut found = vec![
        find(if is_known { Verdict::Fine } else { Verdict::Unknown }, "Server", server),
        round_trip(state),
    ];
    if is_known {
        found.push(find(Verdict::Fine, "Key", key_words(state)));
    }
    let ahead = state.connection.clock_ahead_ms / 1_000;
    if ahead.abs() >= 60 {
        let way = if ahead > 0 { "behind" } else { "ahead of" };
        found.push(find(Verdict::Careful, "Clock", format!("{} s {way} that of the server", ahead.abs())));
    }
    found
}

/// How fast the connection is, or why there is none.
fn round_trip(state: &State) -> Finding {
    let connection = &state.connection;
    match &connection.link {
        Link::Live | Link::Late => {}
        Link::Reconnecting(why) | Link::Stopped(why) => {
            let why = model::SafeText::line(why);
            return finding_of(CONNECTION, Verdict::Careful, "Round trip", &link_words(state), why.as_str());
        }
        Link::Connecting => {
            return finding_of(CONNECTION, Verdict::Unknown, "Round trip", &link_words(state), "");
        }
    }
    let since = connection.made_at.map_or_else(String::new, |made_at| {
        format!("connected for {}", duration(state.now.saturating_sub(made_at)))
    });
    match connection.round_trip {
        None => {
            finding_of(CONNECTION, Verdict::Unknown, "Round trip", &format!("not measured yet, {since}"), "")
        }
        Some(time) if time >= SLOW => finding_of(
            CONNECTION,
            Verdict::Careful,
            "Round trip",
            &format!("{}, {since}", milliseconds(time)),
            "slow: the network is far or busy, or the server is",
        ),
        Some(time) => {
            let found = format!("{}, {since}", milliseconds(time));
            finding_of(CONNECTION, Verdict::Fine, "Round trip", &found, "")
        }
    }
}

/// A time as it is easy to read: `0.4 ms`, `31 ms`, `1.2 s`.
fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1_000.0;
    match ms {
        ..10.0 => format!("{ms:.1} ms"),
        ..1_000.0 => format!("{ms:.0} ms"),
        _ => format!("{:.1} s", ms / 1_000.0),
    }
}

/// The pinned key, and since when it is.
fn key_words(state: &State) -> String {
    match state.connection.key {
        None if state.terminal.capabilities.is_local => {
            "none: the server is on this computer, the connection is not encrypted".to_owned()
        }
        None => "none: your ssh connection is the way to the server".to_owned(),
        Some(key) => match key.since {
            Some(day) => format!("{}, pinned on {}", key.fingerprint, day.strftime("%-d %b %Y")),
            None => format!("{}, pinned", key.fingerprint),
        },
    }
}

fn finding_of(
    section: &'static str,
    verdict: Verdict,
    subject: &'static str,
    found: &str,
    advice: &str,
) -> Finding {
    Finding { section, verdict, subject, found: found.to_owned(), advice: advice.to_owned() }
}

fn of_program(state: &State) -> Vec<Finding> {
    let settings = &state.preferences.settings;
    let find =
        |verdict, subject, found: String, advice: &str| finding_of(PROGRAM, verdict, subject, &found, advice);
    let path = state.preferences.file();
    let file = if state.preferences.is_broken {
        find(
            Verdict::Careful,
            "Settings",
            format!("{path} has an error and is not used"),
            "the log says where",
        )
    } else {
        find(Verdict::Fine, "Settings", path.to_owned(), "")
    };
    let option = settings.theme_option(state.terminal.capabilities.is_dark);
    let signs = match state.signs() {
        Signs::Unicode => "Unicode",
        Signs::Ascii => "ASCII",
    };
    let looks = format!("theme {}, signs in {signs}", value_words(option, &settings.value(option)));
    let keys = format!(
        "{}, {} of your own",
        value_words("preset", &settings.value("preset")),
        if settings.keys.is_empty() { "none".to_owned() } else { settings.keys.len().to_string() }
    );
    vec![
        file,
        find(Verdict::Fine, "Appearance", looks, ""),
        find(Verdict::Fine, "Shortcuts", keys, ""),
        find(Verdict::Fine, "Mouse", value_words("mouse", &settings.value("mouse")).to_lowercase(), ""),
    ]
}
