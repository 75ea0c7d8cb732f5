//! Plots as SVG: one for each subject, with its lines.

use std::fmt::Write as _;

/// A line of a plot.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The plot that it belongs to.
    pub(crate) subject: &'static str,
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

impl Line {
    pub(crate) fn new(subject: &'static str, name: String) -> Self {
        Self { subject, name, points: Vec::new() }
    }
}

/// What a plot shows.
struct Plot {
    subject: &'static str,
    title: &'static str,
    across: &'static str,
    up: &'static str,
    /// How far apart values stand across, and up.
    scales: [Scale; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scale {
    /// By their difference, from nothing on.
    Even,
    /// By how many times one is the other.
    Tenfold,
}

impl Scale {
    fn place(self, value: f64) -> f64 {
        match self {
            Self::Even => value,
            Self::Tenfold => value.max(1e-9).log10(),
        }
    }
}

/// A scale with its ends.
struct Axis {
    scale: Scale,
    low: f64,
    high: f64,
}

impl Axis {
    /// Exactly as long as the values are far apart.
    fn over(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let low = if scale == Scale::Tenfold { values.clone().fold(f64::MAX, f64::min) } else { 0.0 };
        Self { scale, low, high: values.fold(low, f64::max) }
    }

    /// Between round numbers.
    fn around(scale: Scale, values: impl Iterator<Item = f64> + Clone) -> Self {
        let Self { low, high, .. } = Self::over(scale, values);
        let (low, high) = match scale {
            Scale::Even => (low, nice(high.max(1e-9))),
            Scale::Tenfold => (10_f64.powf(scale.place(low).floor()), 10_f64.powf(scale.place(high).ceil())),
        };
        Self { scale, low, high }
    }

    /// Where a value stands, from 0 to 1.
    fn at(&self, value: f64) -> f64 {
        let [value, low, high] = [value, self.low, self.high].map(|v| self.scale.place(v));
        (value - low) / (high - low).max(1e-9)
    }

    /// The values that are written beside it.
    fn marks(&self) -> Vec<f64> {
        match self.scale {
            Scale::Even => (0..=4).map(|step| self.high * f64::from(step) / 4.0).collect(),
            Scale::Tenfold => std::iter::successors(Some(self.low), |mark| Some(mark * 10.0))
                .take_while(|mark| *mark <= self.high * 1.001)
                .collect(),
        }
    }
}

const PLOTS: [Plot; 3] = [
    Plot {
        subject: "latency",
        title: "Latency against load",
        across: "requests, in percent of the peak",
        up: "ms",
        scales: [Scale::Even, Scale::Tenfold],
    },
    Plot {
        subject: "cost",
        title: "Cost of a delivery against those who are online",
        across: "followers online",
        up: "µs of the server's processor time",
        scales: [Scale::Tenfold, Scale::Even],
    },
    Plot {
        subject: "size",
        title: "Latency against size",
        across: "tweets (a tenth as many accounts)",
        up: "ms",
        scales: [Scale::Tenfold, Scale::Even],
    },
];

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 16.0;
const TOP: f64 = 48.0;
const BOTTOM: f64 = 88.0;
/// Told apart by people who see colours differently too (Okabe and Ito, 2008).
const COLOURS: [&str; 5] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9"];

/// The plots that these lines make: a file's name and its content.
pub(crate) fn plots(lines: &[Line]) -> Vec<(String, String)> {
    let of = |plot: &Plot| -> Vec<&Line> {
        lines.iter().filter(|line| line.subject == plot.subject && !line.points.is_empty()).collect()
    };
    let drawn = PLOTS.iter().map(|plot| (plot, of(plot))).filter(|(_, lines)| !lines.is_empty());
    drawn.map(|(plot, lines)| (format!("bench-{}.svg", plot.subject), draw(plot, &lines))).collect()
}

fn draw(plot: &Plot, lines: &[&Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let across = Axis::over(plot.scales[0], points().map(|p| p.0));
    let up = Axis::around(plot.scales[1], points().map(|p| p.1));
    let x = |value: f64| LEFT + across.at(value) * (WIDTH - LEFT - RIGHT);
    let y = |value: f64| HEIGHT - BOTTOM - up.at(value) * (HEIGHT - TOP - BOTTOM);

    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"24\" font-size=\"17\">{}</text>\n",
        plot.title
    );
    // Writing to a String does not fail.
    for value in up.marks() {
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
        plot.across,
        plot.up
    );
    let width = (WIDTH - LEFT) / lines.len() as f64;
    for (n, (line, colour)) in lines.iter().zip(COLOURS.iter().cycle()).enumerate() {
        let path: Vec<String> = line.points.iter().map(|p| format!("{:.1},{:.1}", x(p.0), y(p.1))).collect();
        let _ = writeln!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{}\"/>",
            path.join(" ")
        );
        for point in &line.points {
            let _ = writeln!(
                svg,
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"{colour}\"/>",
                x(point.0),
                y(point.1)
            );
        }
        let (at, under) = (LEFT + width * n as f64, HEIGHT - 18.0);
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"5\" fill=\"{colour}\"/><text x=\"{:.1}\" y=\"{under}\">{}</text>",
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
