//! Latency by load: requests at fixed rates, at increasing percentages of the peak.

use crate::context::{Context, Findings};
use crate::drive::Pace;
use crate::error::Error;
use crate::mix::Mix;
use crate::plot::Series;
use crate::report::{Row, Target, quantile_ms};

const NAME: &str = "open loop";
const PERCENT: [u32; 6] = [10, 30, 50, 70, 80, 90];

pub(crate) async fn run(context: &Context) -> Result<Findings, Error> {
    let mut findings = Findings::default();
    for (name, mix, depth, target_ms) in
        [("home timeline reads", Mix::READS, 1, 5.0), ("posts", Mix::POSTS, 8, 25.0)]
    {
        let (_data, _server, mut connections) = context.server(false).await?;
        let peak =
            context.drive(&mut connections, Pace::Closed(depth), context.length, mix).await?.per_second();
        let mut p50 = Series::new("latency", format!("{name}, p50"));
        let mut p99 = Series::new("latency", format!("{name}, p99"));
        for percent in PERCENT {
            let rate = peak * f64::from(percent) / 100.0;
            let outcome = context.drive(&mut connections, Pace::Open(rate), context.length, mix).await?;
            let latencies = if mix.posts == 0 { &outcome.reads } else { &outcome.writes };
            p50.points.push((f64::from(percent), quantile_ms(latencies, 0.5)));
            p99.points.push((f64::from(percent), quantile_ms(latencies, 0.99)));
            if percent == 70 {
                let label = format!("{name} at {percent}% of peak ({rate:.0}/s), p99");
                let row = Row::new(NAME, label, quantile_ms(latencies, 0.99), "ms").latency(latencies);
                findings.rows.push(row.target(Target::AtMost(target_ms)));
            }
        }
        findings.series.extend([p50, p99]);
    }
    Ok(findings)
}
