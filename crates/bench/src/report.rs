//! Measurements as a Markdown table and as JSON.

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// The limit that a measurement should reach.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
}

impl Target {
    pub(crate) fn is_met(self, value: f64) -> bool {
        match self {
            Self::AtLeast(limit) => value >= limit,
            Self::AtMost(limit) => value <= limit,
        }
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::AtLeast(limit) => write!(f, "≥ {limit}"),
            Self::AtMost(limit) => write!(f, "≤ {limit}"),
        }
    }
}

/// One measurement.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) scenario: &'static str,
    /// What was measured, as docs/performance.md names it.
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    /// p50 and p99 of the requests in milliseconds.
    pub(crate) latency_ms: Option<(f64, f64)>,
    pub(crate) target: Option<Target>,
}

impl Row {
    pub(crate) fn new(
        scenario: &'static str,
        label: impl Into<String>,
        value: f64,
        unit: &'static str,
    ) -> Self {
        Self { scenario, label: label.into(), value, unit, latency_ms: None, target: None }
    }

    pub(crate) fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    /// Adds p50 and p99 of a histogram of nanoseconds.
    pub(crate) fn latency(mut self, of: &Histogram<u64>) -> Self {
        self.latency_ms = Some((quantile_ms(of, 0.5), quantile_ms(of, 0.99)));
        self
    }

    /// Whether the target is met; `None` without a target.
    pub(crate) fn is_met(&self) -> Option<bool> {
        self.target.map(|target| target.is_met(self.value))
    }

    fn cells(&self) -> String {
        let (p50, p99) = self
            .latency_ms
            .map_or_else(Default::default, |(p50, p99)| (format!("{p50:.2}"), format!("{p99:.2}")));
        let target = self.target.map_or_else(String::new, |target| target.to_string());
        let met = self.is_met().map_or("", |met| if met { "yes" } else { "no" });
        let Self { scenario, label, unit, .. } = self;
        let result = format!("{} {unit}", round(self.value));
        let result = result.trim_end();
        format!("| {scenario} | {label} | {result} | {p50} | {p99} | {target} | {met} |")
    }

    fn json(&self) -> Value {
        json!({
            "scenario": self.scenario,
            "measurement": self.label,
            "result": self.value,
            "unit": self.unit,
            "p50_ms": self.latency_ms.map(|l| l.0),
            "p99_ms": self.latency_ms.map(|l| l.1),
            "target": self.target.map(|target| target.to_string()),
            "met": self.is_met(),
        })
    }
}

/// A quantile (0 to 1) in milliseconds, from a histogram of nanoseconds.
pub(crate) fn quantile_ms(histogram: &Histogram<u64>, quantile: f64) -> f64 {
    histogram.value_at_quantile(quantile) as f64 / 1e6
}

/// Three significant digits: results vary more than that between runs.
fn round(value: f64) -> String {
    match value.abs() {
        v if v >= 100.0 => format!("{value:.0}"),
        v if v >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// The measurements as a Markdown table.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut table = String::from(
        "| scenario | measurement | result | p50 ms | p99 ms | target | met |\n|---|---|---|---|---|---|---|\n",
    );
    for row in rows {
        table += &row.cells();
        table.push('\n');
    }
    table
}

/// The measurements as one JSON object.
pub(crate) fn document(rows: &[Row]) -> Value {
    json!({ "measurements": rows.iter().map(Row::json).collect::<Vec<_>>() })
}
