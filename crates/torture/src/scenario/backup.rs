//! A backup while everybody writes: it holds all that was acknowledged before it began, is closed to others, can be
//! restored, and nobody had to wait for it (P21).

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use tokio::time::{Instant, sleep};

use super::Setup;
use crate::Error;
use crate::latency::{Watch, quantile};
use crate::load::{Load, Record};
use crate::person::people;
use crate::report::{Control, Line};
use crate::server::{Launch, private_directory, until};

/// A write may take so much longer than the longest before the backup.
const STALL_MAX: Duration = Duration::from_millis(100);

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let backups = setup.times(4, 50);
    let mut random = setup.random("backup");
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"));
    let server = launch.start().await?;
    let people = people(&server, 9).await?;
    let Some((watcher, people)) = people.split_last() else { return Err("nobody".into()) };
    let record = Record::default();
    let load = Load::start(people, &record, &mut random);
    let start = Instant::now();
    until("there is something to lose", || record.with(|record| record.count() > 2_000)).await?;
    let rate = record.with(|record| record.count()) as f64 / start.elapsed().as_secs_f64();
    let before = quantile(&Watch::during(watcher, Duration::from_secs(2)).await?, 1.0);
    let (mut broken, mut stall, mut took) = (Vec::new(), Duration::ZERO, Duration::ZERO);
    let mut held = 0;
    for n in 0..backups {
        let file = directory.path().join(format!("{n}.db"));
        let acknowledged = record.with(|record| record.tweets.clone());
        let watch = Watch::start(watcher);
        let began = Instant::now();
        let out = tokio::task::spawn_blocking({
            let (launch, file) = (launch.clone(), file.clone());
            move || launch.operator(&["backup", &file.to_string_lossy()]).map_err(|error| error.to_string())
        });
        let out = out.await??;
        took = took.max(began.elapsed());
        stall = stall.max(quantile(&watch.stop().await?, 1.0));
        if !out.status.success() {
            broken.push(String::from_utf8_lossy(&out.stderr).into_owned());
            continue;
        }
        let mode = fs::metadata(&file)?.permissions().mode() & 0o777;
        if mode != 0o600 {
            broken.push(format!("the backup has mode {mode:o}"));
        }
        broken.extend(missing(&file, &acknowledged)?);
        held += acknowledged.len();
        sleep(random.between(Duration::ZERO, Duration::from_millis(300))).await;
    }
    if stall > before + STALL_MAX {
        broken.push(format!("a post took {stall:?} during a backup, at most {before:?} before"));
    }
    let control = copied_alive(&launch, &record, &directory.path().join("copy.db"))?;
    load.stop().await?;
    server.stop().await?;
    let restored = restored(setup, directory.path(), backups, &mut broken)?;
    Ok(vec![Line {
        promise: 21,
        tried: format!("{backups} backups at {rate:.0} writes a second"),
        figures: format!(
            "{held} acknowledged, all held; each within {took:.1?}; longest post {before:.0?} before, {stall:.0?} during; \
             restored and checked within {restored:.1?}"
        ),
        broken,
        control,
    }])
}

/// The last one becomes a database again.
fn restored(
    setup: &Setup,
    directory: &Path,
    backups: usize,
    broken: &mut Vec<String>,
) -> Result<Duration, Error> {
    let began = Instant::now();
    let again = Launch::new(&setup.program, &directory.join("again"));
    let file = directory.join(format!("{}.db", backups - 1));
    let out = again.operator(&["restore", &file.to_string_lossy()])?;
    if !out.status.success() {
        broken.push(format!("restore: {}", String::from_utf8_lossy(&out.stderr)));
    }
    broken.extend(again.check()?);
    Ok(began.elapsed())
}

/// The file alone, copied while the server writes: that lacks what is in the log beside it.
fn copied_alive(launch: &Launch, record: &Record, to: &Path) -> Result<Control, Error> {
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
    let there: HashMap<u64, String> = rows.collect::<Result<_, _>>()?;
    let lost = acknowledged.iter().filter(|(id, text)| there.get(id) != Some(text));
    Ok(lost.map(|(id, text)| format!("tweet {id} is not in the backup: {text}")).collect())
}
