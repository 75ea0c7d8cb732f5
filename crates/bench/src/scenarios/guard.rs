//! The short form for CI: only ratios, with margins wide enough for a busy machine. It fails if a ratio to a baseline has
//! fallen to half of its known value.

use super::{mix, posts, reads};
use crate::context::{Context, Findings};
use crate::error::Error;
use crate::report::{Row, Target};

/// Ratios from docs/performance.md, by the prefix of their label. Half of each is accepted.
const KNOWN: [(&str, f64); 6] = [
    ("reads / echo, 64 connections × 1, plain", 0.8),
    ("reads / echo, 64 connections × 16, plain", 0.8),
    ("reads / Redis, 64 connections × 1,", 5.0),
    ("posts / SQLite only", 0.7),
    ("posts / Redis", 3.0),
    ("mix / Redis", 2.4),
];

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    let mut measured = reads::warm(context, false).await?;
    measured.extend(posts::many(context).await?);
    measured.extend(mix::run(context).await?.rows);
    for (label, known) in KNOWN {
        let row = measured.iter().find(|row| row.label.starts_with(label));
        let row = row.ok_or_else(|| format!("no measurement is labelled {label}"))?;
        findings.rows.push(row.clone().target(Target::AtLeast(known / 2.0)));
    }
    Ok(findings)
}

/// Fails with the ratios that have fallen.
pub(crate) fn judge(rows: &[Row]) -> Result<(), Error> {
    let fallen = rows.iter().filter(|row| row.is_met() == Some(false));
    let fallen: Vec<_> = fallen
        .map(|row| format!("{}: {:.2}, less than half of the known ratio", row.label, row.value))
        .collect();
    if fallen.is_empty() { Ok(()) } else { Err(fallen.join("\n").into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_ratios_are_measured_under_the_labels_of_the_documentation() {
        let documentation = include_str!("../../../../docs/performance.md");
        for (label, _) in KNOWN {
            let has_label = |line: &str| line.split('|').any(|cell| cell.trim().starts_with(label));
            assert!(documentation.lines().any(has_label), "{label}");
        }
    }
}
