//! The units for systemd: what a server under them could reach, as systemd itself judges it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that cannot go on stops")]

use std::path::Path;
use std::process::Command;

/// From 0, nothing, to 10, everything.
fn exposure(unit: &Path) -> f64 {
    let out = Command::new("systemd-analyze")
        .args(["security", "--offline=true", "--no-pager"])
        .arg(unit)
        .output()
        .expect("systemd-analyze, of the package systemd");
    let text = String::from_utf8_lossy(&out.stdout);
    let (_, rest) = text.split_once("Overall exposure level").expect(&text);
    let (_, level) = rest.split_once(": ").unwrap();
    level.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn the_service_can_reach_little_of_the_machine() {
    let unit = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../contrib/systemd/mini-tweet.service");
    assert!(exposure(&unit) <= 2.0);
    // The measure measures: the same without its walls is near to everything.
    let directory = tempfile::tempdir().unwrap();
    let open = directory.path().join("mini-tweet.service");
    std::fs::write(&open, "[Service]\nExecStart=/bin/true\n").unwrap();
    assert!(exposure(&open) > 9.0);
}
