//! Latency against load: requests come at fixed times, at rising shares of the peak.

use super::{Bench, Findings};
use crate::Error;
use crate::drive::Pace;
use crate::mix::Mix;
use crate::plot::Line;
use crate::report::{Aim, Row, quantile_ms};

const NAME: &str = "open loop";
const PERCENT: [u32; 6] = [10, 30, 50, 70, 80, 90];

pub(crate) async fn run(bench: &Bench) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    for (name, mix, depth, aim_ms) in [("feeds", Mix::FEEDS, 1, 5.0), ("posts", Mix::POSTS, 8, 25.0)] {
        let (_data, _server, mut links) = bench.server(false).await?;
        let peak = bench.drive(&mut links, Pace::Closed(depth), bench.length, mix).await?.per_second();
        let mut p50 = Line::new("latency", format!("{name}, p50"));
        let mut p99 = Line::new("latency", format!("{name}, p99"));
        for percent in PERCENT {
            let rate = peak * f64::from(percent) / 100.0;
            let outcome = bench.drive(&mut links, Pace::Open(rate), bench.length, mix).await?;
            let latencies = if mix.posts == 0 { &outcome.reads } else { &outcome.writes };
            p50.points.push((f64::from(percent), quantile_ms(latencies, 0.5)));
            p99.points.push((f64::from(percent), quantile_ms(latencies, 0.99)));
            if percent == 70 {
                let what = format!("{name} at {percent}% of the peak ({rate:.0}/s), p99");
                let row = Row::new(NAME, what, quantile_ms(latencies, 0.99), "ms").latency(latencies);
                findings.rows.push(row.aim(Aim::AtMost(aim_ms)));
            }
        }
        findings.lines.extend([p50, p99]);
    }
    Ok(findings)
}
