//! The short form: ratios only, with margins wide enough for a busy machine. It fails when something has become
//! twice as slow beside its yardstick as it is known to be.

use super::{Bench, Findings, mix, posts, reads};
use crate::Error;
use crate::report::{Aim, Row};

/// Ratios as docs/performance.md has them, by how their names begin; half of each is still let through.
const KNOWN: [(&str, f64); 6] = [
    ("feeds to echo, 64 connections × 1, plain", 0.8),
    ("feeds to echo, 64 connections × 16, plain", 0.8),
    ("feeds to Redis, 64 connections × 1,", 5.0),
    ("posts to SQLite alone", 0.7),
    ("posts to Redis", 3.0),
    ("mix to Redis", 2.4),
];

pub(crate) async fn run(bench: &Bench) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let mut measured = reads::warm(bench, false).await?;
    measured.extend(posts::many(bench).await?);
    measured.extend(mix::run(bench).await?.rows);
    for (what, known) in KNOWN {
        let row = measured.iter().find(|row| row.what.starts_with(what));
        let row = row.ok_or_else(|| format!("nothing measures {what}"))?;
        findings.rows.push(row.clone().aim(Aim::AtLeast(known / 2.0)));
    }
    Ok(findings)
}

/// Says which ratios fell.
pub(crate) fn judge(rows: &[Row]) -> Result<(), Error> {
    let fell = rows.iter().filter(|row| row.is_met() == Some(false));
    let fell: Vec<_> =
        fell.map(|row| format!("{}: {:.2}, known to be at least twice that", row.what, row.value)).collect();
    if fell.is_empty() { Ok(()) } else { Err(fell.join("\n").into()) }
}
