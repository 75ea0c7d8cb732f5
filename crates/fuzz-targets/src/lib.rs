//! What a stranger could send, as plain functions of bytes: each takes any bytes, does with them what the product
//! does, and panics when a promise is broken.
//!
//! `fuzz/` runs them with libFuzzer; `tests/replay.rs` runs them on everything that was kept and on random input.
//! They use only what is public and know nothing of either.

mod connection;
mod import;
mod people;
mod store;
mod terminal;
mod text;
mod wire;

/// One way in for hostile bytes.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Of the directory of its corpus, too.
    pub name: &'static str,
    /// Panics when a promise is broken.
    pub run: fn(&[u8]),
    /// Whether it takes so little time that thousands of runs cost nothing.
    pub is_quick: bool,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    quick("frames", wire::frames),
    quick("messages", wire::messages),
    slow("connection", connection::connection),
    quick("safe_text", text::safe_text),
    quick("entities", text::entities),
    quick("names", people::names),
    slow("search", store::search),
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
/// When a promise is broken, or there is no such target.
pub fn run(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of this name").run)(data);
}

/// Cuts the text off the front of the bytes up to a NUL.
fn text_until_nul(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|&byte| byte == 0) {
        Some(at) => (data.get(..at).unwrap_or_default(), data.get(at + 1..).unwrap_or_default()),
        None => (data, &[]),
    }
}
