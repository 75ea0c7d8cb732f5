//! What was measured, as a table for people and as JSON for programs.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Aim {
    AtLeast(f64),
    AtMost(f64),
}

impl Aim {
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(aim) => value >= aim,
            Self::AtMost(aim) => value <= aim,
        }
    }
}

impl std::fmt::Display for Aim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(aim) => write!(f, "≥ {aim}"),
            Self::AtMost(aim) => write!(f, "≤ {aim}"),
        }
    }
}

/// One figure.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    pub(crate) what: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// p50 and p99 in milliseconds, where it is of requests.
    pub(crate) latency_ms: Option<(f64, f64)>,
    pub(crate) aim: Option<Aim>,
}

impl Row {
    pub(crate) fn new(
        scenario: &'static str,
        what: impl Into<String>,
        value: f64,
        unit: &'static str,
    ) -> Self {
        Self { scenario, what: what.into(), value, unit, latency_ms: None, aim: None }
    }

    pub(crate) fn aim(mut self, aim: Aim) -> Self {
        self.aim = Some(aim);
        self
    }

    pub(crate) fn latency(mut self, of: &Histogram<u64>) -> Self {
        self.latency_ms = Some((quantile_ms(of, 0.5), quantile_ms(of, 0.99)));
        self
    }

    pub(crate) fn is_met(&self) -> Option<bool> {
        self.aim.map(|aim| aim.is_met(self.value))
    }

    fn cells(&self) -> String {
        let (p50, p99) = self
            .latency_ms
            .map_or_else(Default::default, |(p50, p99)| (format!("{p50:.2}"), format!("{p99:.2}")));
        let aim = self.aim.map_or_else(String::new, |aim| aim.to_string());
        let met = self.is_met().map_or("", |met| if met { "yes" } else { "no" });
        let Self { scenario, what, unit, .. } = self;
        format!("| {scenario} | {what} | {} {unit} | {p50} | {p99} | {aim} | {met} |", round(self.value))
    }

    fn json(&self) -> Value {
        json!({
            "scenario": self.scenario,
            "what": self.what,
            "value": self.value,
            "unit": self.unit,
            "p50_ms": self.latency_ms.map(|l| l.0),
            "p99_ms": self.latency_ms.map(|l| l.1),
            "aim": self.aim.map(|aim| aim.to_string()),
            "met": self.is_met(),
        })
    }
}

/// From a histogram of nanoseconds.
pub(crate) fn quantile_ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e6
}

/// Three significant digits are what such a figure is good for.
fn round(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A Markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| scenario | what | figure | p50 ms | p99 ms | aim | met |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        table += &row.cells();
        table.push('\n');
    }
    table
}

/// One object.
pub(crate) fn document(rows: &[Row]) -> Value {
    json!({ "figures": rows.iter().map(Row::json).collect::<Vec<_>>() })
}
