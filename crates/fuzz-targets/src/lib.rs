//! Fuzz targets: functions that take any bytes, treat them as the product treats untrusted input, and panic when an
//! invariant does not hold.
//!
//! `fuzz/` runs them with libFuzzer. `tests/replay.rs` runs them on the saved corpus and on random input.

mod connection;
mod fuzz_server;
mod import;
mod people;
mod proxy;
mod search;
mod terminal;
mod text;
mod wire;

/// One fuzz target.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and the name of the directory of its corpus.
    pub name: &'static str,
    /// Panics when an invariant does not hold.
    pub run: fn(&[u8]),
    /// Whether thousands of runs take less than a second.
    pub is_quick: bool,
}

/// All fuzz targets.
pub const TARGETS: &[Target] = &[
    quick("frames", wire::frames),
    quick("messages", wire::messages),
    quick("proxy_header", proxy::proxy_header),
    slow("connection", connection::connection),
    quick("safe_text", text::safe_text),
    quick("entities", text::entities),
    quick("names", people::names),
    slow("search", search::search),
    slow("legacy_hash", people::legacy_hash),
    slow("import", import::import),
    quick("terminal_input", terminal::terminal_input),
];

const fn quick(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, is_quick: true }
}

const fn slow(name: &'static str, run: fn(&[u8])) -> Target {
    Target { name, run, is_quick: false }
}

/// Runs the target of this name.
///
/// # Panics
/// When an invariant does not hold, or if there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(data);
}
