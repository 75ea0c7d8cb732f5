//! Log lines on stderr, with control characters escaped: logs are read on terminals.

use std::fmt::Display;
use std::io::{self, Write};

use server::config::{LogFormat, LogLevel};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::SubscriberBuilder;
use tracing_subscriber::fmt::format::{DefaultFields, Format};

/// Starts logging for a server.
pub(crate) fn init_server(format: LogFormat, level: LogLevel) {
    let level = level.name();
    // Libraries log warnings only: their details do not help an operator.
    let filter = EnvFilter::new(format!("warn,server={level},mini_tweet_server={level},mini_tweet={level}"));
    let lines = lines(filter);
    match format {
        LogFormat::Text => lines.with_target(false).init(),
        LogFormat::Json => lines.json().init(),
    }
}

/// Starts logging for a client, if --verbose was given.
pub(crate) fn init_client(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => "debug",
        _ => "trace",
    };
    let filter = EnvFilter::new(format!("warn,client={level},mini_tweet_client={level}"));
    lines(filter).init();
}

fn lines(
    filter: EnvFilter,
) -> SubscriberBuilder<DefaultFields, Format, EnvFilter, fn() -> Printable<io::Stderr>> {
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(Printable::stderr as fn() -> _)
        // Reporting them on stderr would end the program if stderr is closed.
        .log_internal_errors(false)
}

/// Prints a line to stderr; errors are ignored, because stderr may be closed.
pub(crate) fn talk(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// A writer that escapes characters that are not printable.
struct Printable<W>(W);

impl Printable<io::Stderr> {
    fn stderr() -> Self {
        Self(io::stderr())
    }
}

impl<W: Write> Write for Printable<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        self.0.write_all(model::SafeText::lines(&text).as_str().as_bytes())?;
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
        let mut written = Printable(Vec::new());
        written.write_all(b"a\x1b[31mb\nc\xff\n").unwrap();
        assert_eq!(String::from_utf8(written.0).unwrap(), "a<U+001B>[31mb\nc\u{fffd}\n");
    }
}
