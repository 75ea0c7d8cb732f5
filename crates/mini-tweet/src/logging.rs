//! Log lines on stderr, with control characters escaped: logs are read on terminals.

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};

use server::config::{LogFormat, LogLevel};
use terminal::charset::Charset;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::format::{DefaultFields, Format};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry};

use crate::locale;

/// All crates of this workspace: their names begin with this.
const OUR_CRATES: &str = "mini_tweet";

/// Starts logging for a server.
pub(crate) fn init_server(format: LogFormat, level: LogLevel) {
    let filter = filter(OUR_CRATES, level.name().parse().unwrap_or(LevelFilter::INFO));
    match format {
        LogFormat::Text => Registry::default().with(lines().with_target(false).with_filter(filter)).init(),
        LogFormat::Json => Registry::default().with(lines().json().with_filter(filter)).init(),
    }
}

/// Starts logging for a client, if --verbose was given.
pub(crate) fn init_client(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    Registry::default().with(lines().with_filter(filter("mini_tweet_client", level))).init();
}

/// Logs these crates from a level on. Libraries log warnings only: their details do not help an operator. The store reports
/// itself what happens to a connection to NATS.
fn filter(crates: &str, level: LevelFilter) -> Targets {
    Targets::new()
        .with_default(LevelFilter::WARN)
        .with_target("async_nats", LevelFilter::OFF)
        .with_target(crates, level)
}

fn lines() -> tracing_subscriber::fmt::Layer<Registry, DefaultFields, Format, fn() -> Printable<io::Stderr>> {
    tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .with_writer(Printable::stderr as fn() -> _)
        // Reporting them on stderr would end the program if stderr is closed.
        .log_internal_errors(false)
}

/// Prints a line to stderr; errors are ignored, because stderr may be closed.
pub(crate) fn talk(line: impl Display) {
    let _ = writeln!(io::stderr(), "{}", locale::charset().text(&line.to_string()));
}

/// A writer that escapes characters that are not printable, and shows others in its charset.
struct Printable<W>(W, Charset);

impl Printable<io::Stderr> {
    /// A file keeps UTF-8; a terminal gets what it can show.
    fn stderr() -> Self {
        let stderr = io::stderr();
        let charset = if stderr.is_terminal() { locale::charset() } else { Charset::Utf8 };
        Self(stderr, charset)
    }
}

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(self.1.text(model::SafeText::lines(&text).as_str()).as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bytes_are_shown_and_lines_stay_lines() {
        for (charset, end) in [(Charset::Utf8, "\u{fffd}\n"), (Charset::Ascii, "?\n")] {
            let mut written = Printable(Vec::new(), charset);
            written.write_all(b"a\x1b[31mb\nc\xff\n").unwrap();
            assert_eq!(String::from_utf8(written.0).unwrap(), format!("a<U+001B>[31mb\nc{end}"));
        }
    }
}
