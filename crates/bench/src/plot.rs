//! Plots as SVG, one for each subject. Our own code, because a plotting library would be larger than these plots need.

use std::fmt::Write as _;

/// A line in a plot.
#[derive(Debug, Clone)]
pub(crate) struct Series {
    /// Subject of the plot that shows it.
    pub(crate) subject: &'static str,
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Series {
    pub(crate) fn new(subject: &'static str, name: String) -> Self {
        Self { subject, name, points: Vec::new() }
    }
}

/// A plot with its titles.
struct Plot {
    subject: &'static str,
    title: &'static str,
    x_title: &'static str,
    y_title: &'static str,
    /// Scales of the x axis and the y axis.
    scales: [Scale; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// From 0.
    Linear,
    /// From the smallest value.
    Logarithmic,
}

impl Scale {
    fn apply(self, value: f64) -> f64 {
        match self {
            Self::Linear => value,
            Self::Logarithmic => value.max(1e-9).log10(),
        }
    }
}

/// A scale with its range.
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Axis {
    /// An axis that ends at the largest value.
    fn exact(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = if scale == Scale::Logarithmic { values.clone().fold(f64::MAX, f64::min) } else { 0.0 };
        Self { scale, low, high: values.fold(low, f64::max) }
    }

    /// An axis that ends at a round number.
    fn rounded(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let Self { low, high, .. } = Self::exact(scale, values);
        let (low, high) = match scale {
            Scale::Linear => (low, nice(high.max(1e-9))),
            Scale::Logarithmic => {
                (10_f64.powf(scale.apply(low).floor()), 10_f64.powf(scale.apply(high).ceil()))
            }
        };
        Self { scale, low, high }
    }

    /// Position of a value, from 0 to 1.
    fn position(&self, value: f64) -> f64 {
        let [value, low, high] = [value, self.low, self.high].map(|v| self.scale.apply(v));
        (value - low) / (high - low).max(1e-9)
    }

    /// Values with a label.
    fn ticks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Linear => (0..=4).map(|step| self.high * f64::from(step) / 4.0).collect(),
            Scale::Logarithmic => std::iter::successors(Some(self.low), |tick| Some(tick * 10.0))
                .take_while(|tick| *tick <= self.high * 1.001)
                .collect(),
        }
    }
}

const PLOTS: [Plot; 4] = [
    Plot {
        subject: "latency",
        title: "Latency by load",
        x_title: "request rate, in percent of the peak",
        y_title: "ms",
        scales: [Scale::Linear, Scale::Logarithmic],
    },
    Plot {
        subject: "cost",
        title: "CPU time per delivery by number of connected followers",
        x_title: "connected followers",
        y_title: "µs of server CPU time",
        scales: [Scale::Logarithmic, Scale::Linear],
    },
    Plot {
        subject: "size",
        title: "Latency by size of the network",
        x_title: "tweets (a tenth as many accounts)",
        y_title: "ms",
        scales: [Scale::Logarithmic, Scale::Linear],
    },
    Plot {
        subject: "servers",
        title: "Reads by number of servers on one PostgreSQL database",
        x_title: "servers, with a fifth of a core each",
        y_title: "home timeline reads per second",
        scales: [Scale::Linear, Scale::Linear],
    },
];

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 88.0;
/// Distinguishable with color blindness (Okabe and Ito, 2008).
const COLORS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"];

/// The plots of these series: file names and contents.
pub(crate) fn plots(lines: &[Series]) -> Vec<(String, String)> {
    let of = |plot: &Plot| -> Vec<&Series> {
        lines.iter().filter(|line| line.subject == plot.subject && !line.points.is_empty()).collect()
    };
    let drawn = PLOTS.iter().map(|plot| (plot, of(plot))).filter(|(_, lines)| !lines.is_empty());
    drawn.map(|(plot, lines)| (format!("bench-{}.svg", plot.subject), draw(plot, &lines))).collect()
}

fn draw(plot: &Plot, lines: &[&Series]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let x_axis = Axis::exact(plot.scales[0], points().map(|p| p.0));
    let y_axis = Axis::rounded(plot.scales[1], points().map(|p| p.1));
    let x = |value: f64| LEFT + x_axis.position(value) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - y_axis.position(value) * (HEIGHT - TOP - BOTTOM);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"17\">{}</text>\n",
        plot.title
    );
    // Writing to a String cannot fail.
    for value in y_axis.ticks() {
        let (right, at) = (WIDTH - RIGHT, y(value));
        let _ = writeln!(
            svg,
            "<line x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{right}\" y2=\"{at:.1}\" stroke=\"#dddddd\"/>\
             <text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            LEFT - 8.0,
            at + 4.0,
            short(value)
        );
    }
    let mut measured: Vec<f64> = points().map(|p| p.0).collect();
    measured.sort_by(f64::total_cmp);
    measured.dedup();
    for value in measured {
        let text_y = HEIGHT - BOTTOM + 18.0;
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{text_y}\" text-anchor=\"middle\">{}</text>",
            x(value),
            short(value)
        );
    }
    let middle = (LEFT + WIDTH - RIGHT) / 2.0;
    let _ = writeln!(
        svg,
        "<text x=\"{middle}\" y=\"{}\" text-anchor=\"middle\" fill=\"#555555\">{}</text>\
         <text x=\"{LEFT}\" y=\"41\" fill=\"#555555\">{}</text>",
        HEIGHT - BOTTOM + 38.0,
        plot.x_title,
        plot.y_title
    );
    let width = (WIDTH - LEFT) / lines.len() as f64;
    for (n, (line, color)) in lines.iter().zip(COLORS.iter().cycle()).enumerate() {
        let path: Vec<String> = line.points.iter().map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1))).collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{color}\" stroke-width=\"2\" points=\"{}\"/>",
            path.join(" ")
        );
        for point in &line.points {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{color}\"/>",
                x(point.0),
                y(point.1)
            );
        }
        let (at, under) = (LEFT + width * n as f64, HEIGHT - 18.0);
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{color}\"/><text x=\"{:.1}\" y=\"{under}\">{}</text>",
            at,
            under - 4.0,
            at + 10.0,
            line.name
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The next of 1, 2, 4 or 8 times a power of ten.
fn nice(value: f64) -> f64 {
    let power = 10_f64.powf(value.log10().floor());
    [1.0, 2.0, 4.0, 8.0, 10.0].into_iter().map(|step| step * power).find(|n| *n >= value).unwrap_or(value)
}

fn short(value: f64) -> String {
    match value {
        v if v >= 1e6 => format!("{} M", v / 1e6),
        v if v >= 1e3 => format!("{} k", v / 1e3),
        v => format!("{}", (v * 1e3).round() / 1e3),
    }
}
