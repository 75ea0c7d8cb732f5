//! Backups under load: a backup contains everything that was acknowledged before it started, is readable by its owner
//! only, can be restored, and does not delay other requests (P21).

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::{Instant, sleep};

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::latency::{LatencyProbe, quantile};
use crate::load::{Load, Record};
use crate::random::duration_in;
use crate::server::{Launch, private_directory, wait_until};
use crate::user::sign_up_users;

/// How much longer than the longest post before the backups a post may take during a backup.
const STALL_MAX: Duration = Duration::from_millis(100);

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let backups = context.times(4, 50);
    let mut random = context.random("backup");
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let users = sign_up_users(&server, 9).await?;
    let Some((prober, users)) = users.split_last() else { return Err("expected users".into()) };
    let record = Record::default();
    let load = Load::start(users, &record, &mut random);
    let start = Instant::now();
    wait_until("there is data to lose", || record.with(|record| record.count() > 2_000)).await?;
    let rate = record.with(|record| record.count()) as f64 / start.elapsed().as_secs_f64();
    let before = quantile(&LatencyProbe::during(prober, Duration::from_secs(2)).await?, 1.0);
    let (mut broken, mut stall, mut took) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    let mut checked = 0;
    for n in 0..backups {
        let file = directory.path().join(format!("{n}.db"));
        let acknowledged = record.with(|record| record.tweets.clone());
        let probe = LatencyProbe::start(prober);
        let began = Instant::now();
        let out = tokio::task::spawn_blocking({
            let (launch, file) = (launch.clone(), file.clone());
            move || launch.operator(&["backup", &file.to_string_lossy()]).map_err(|error| error.to_string())
        });
        let out = out.await??;
        took = took.max(began.elapsed());
        stall = stall.max(quantile(&probe.stop().await?, 1.0));
        if !out.status.success() {
            broken.push(String::from_utf8_lossy(&out.stderr).into_owned());
            continue;
        }
        let mode = fs::metadata(&file)?.permissions().mode() & 0o777;
        if mode != 0o600 {
            broken.push(format!("the backup has mode {mode:o}"));
        }
        broken.extend(missing(&file, &acknowledged)?);
        checked += acknowledged.len();
        sleep(duration_in(&mut random, Duration::ZERO..=Duration::from_millis(300))).await;
    }
    if stall > before + STALL_MAX {
        broken.push(format!("a post took {stall:?} during a backup, at most {before:?} before"));
    }
    let control = copy_of_live_file(&launch, &record, &directory.path().join("copy.db"))?;
    load.stop().await?;
    server.stop().await?;
    let restored = restored(context, directory.path(), backups, &mut broken)?;
    Ok(vec![Finding {
        promise: 21,
        tried: format!("{backups} backups at {rate:.0} writes a second"),
        figures: format!(
            "{checked} acknowledged, all present; each within {took:.1?}; longest post {before:.0?} before, {stall:.0?} during; \
             restored and checked within {restored:.1?}"
        ),
        broken,
        control,
    }])
}

/// Restores the last backup and checks it; how long that takes.
fn restored(
    context: &Context,
    directory: &Path,
    backups: usize,
    broken: &mut Vec<String>,
) -> Result<Duration, Error> {
    let began = Instant::now();
    let target = Launch::new(&context.program, &directory.join("restored"));
    let file = directory.join(format!("{}.db", backups - 1));
    let out = target.operator(&["restore", &file.to_string_lossy()])?;
    if !out.status.success() {
        broken.push(format!("restore: {}", String::from_utf8_lossy(&out.stderr)));
    }
    broken.extend(target.check()?);
    Ok(began.elapsed())
}

/// The negative control: a plain copy of the database file of a running server lacks what is in the WAL.
fn copy_of_live_file(launch: &Launch, record: &Record, to: &Path) -> Result<Control, Error> {
    let acknowledged = record.with(|record| record.tweets.clone());
    fs::copy(launch.database(), to)?;
    let lost = match missing(to, &acknowledged) {
        Ok(lost) => format!("{} lost", lost.len()),
        Err(error) => error.to_string(),
    };
    Ok(Control::of(lost != "0 lost", format!("a plain copy of the file: {lost}")))
}

fn missing(file: &Path, acknowledged: &HashMap<u64, String>) -> Result<Vec<String>, Error> {
    let db = Connection::open(file)?;
    let mut query = db.prepare("SELECT id, text FROM tweet")?;
    let rows = query.query_map([], |row| Ok((row.get::<_, i64>(0)?.cast_unsigned(), row.get(1)?)))?;
    let stored: HashMap<u64, String> = rows.collect::<Result<_, _>>()?;
    let lost = acknowledged.iter().filter(|(id, text)| stored.get(id) != Some(text));
    Ok(lost.map(|(id, text)| format!("tweet {id} is not in the backup: {text}")).collect())
}
