//! Offline tools for a server's database: backup, restore, check, import.

use std::path::{Path, PathBuf};

use indicatif::{ProgressBar, ProgressStyle};
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use server::import::graph::GraphInput;
use server::import::python::{ACCOUNTS_FILE, TWEETS_FILE};
use server::import::{Phase, Progress, Summary, check_readable};
use server::offline::{Offline, OfflineError};
use store::maintenance::{self, Copied};
use store::{Moved, PostgresUrl, StoreUrl, database_file};

use crate::args::operator::{DataDirectory, ImportSource};
use crate::context::Context;
use crate::exit::Failure;
use crate::output::Row;
use crate::output::style::count;
use crate::prompt::secret_line;

impl From<OfflineError> for Failure {
    fn from(error: OfflineError) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The database of a single server. The data of several servers are in PostgreSQL; `instead` says what to do with them.
fn single_server(ask: &DataDirectory, instead: &str) -> Result<PathBuf, Failure> {
    let shared = match &ask.store {
        StoreUrl::Postgres(url) => Some(url.to_string()),
        StoreUrl::Sqlite => store::only_copy(&ask.data).map(|_| "PostgreSQL".to_owned()),
    };
    match shared {
        Some(shared) => Err(Failure::Failed(format!("the data of this server are in {shared}; {instead}"))),
        None => Ok(database_file(&ask.data)),
    }
}

pub(super) fn backup(context: &Context, file: &Path, ask: &DataDirectory) -> Result<(), Failure> {
    let instead = "back them up with pg_basebackup or pg_dump, or move them into the directory of a single server with \
                   `mini-tweet move` and back that up";
    let copied = maintenance::backup(&single_server(ask, instead)?, file).map_err(OfflineError::from)?;
    context.out.row(&copied_row(file, copied))
}

pub(super) fn restore(context: &Context, file: &Path, ask: &DataDirectory) -> Result<(), Failure> {
    let instead = "restore the backup into an empty directory (--data DIR), then move it with \
                   `mini-tweet move --from DIR --to postgres://…`; a backup of PostgreSQL is restored with its own tools";
    let database = single_server(ask, instead)?;
    let copied = maintenance::restore(file, &database).map_err(OfflineError::from)?;
    context.out.row(&copied_row(&database, copied))
}

pub(super) async fn move_network(context: &Context, from: &str, to: &str) -> Result<(), Failure> {
    let bar = Bar::new(context).bar;
    bar.set_style(ProgressStyle::default_spinner());
    bar.set_message("rows");
    let mut on_rows = |rows| bar.set_position(rows);
    let url = |url: &str| url.parse::<PostgresUrl>().map_err(|why| Failure::Usage(format!("{url} {why}")));
    let (outcome, from, to) = match (PostgresUrl::is_one(from), PostgresUrl::is_one(to)) {
        (false, true) => {
            if store::only_copy(Path::new(from)).is_some() {
                let why = "has a copy of a PostgreSQL database: name that database instead";
                return Err(Failure::Failed(format!("{from} {why}")));
            }
            let to = url(to)?;
            (store::to_postgres(Path::new(from), &to, &mut on_rows).await, from.to_owned(), to.to_string())
        }
        (true, false) => {
            let from = url(from)?;
            (store::from_postgres(&from, Path::new(to), &mut on_rows).await, from.to_string(), to.to_owned())
        }
        _ => {
            let why = "name a data directory and the address of a PostgreSQL database, postgres://user@host/database";
            return Err(Failure::Usage(why.to_owned()));
        }
    };
    bar.finish_and_clear();
    let Moved { rows, .. } = outcome.map_err(OfflineError::from)?;
    let text = format!("{from} is moved to {to}: {}, read again and compared", count(rows, "row"));
    let values = [from.into(), to.into(), rows.into()];
    context.out.row(&Row::new(&["from", "to", "rows"], values, model::SafeText::line(&text).to_string()))
}

fn copied_row(file: &Path, copied: Copied) -> Row {
    let file = file.display().to_string();
    let Copied { bytes, accounts, tweets } = copied;
    let counts = [(accounts, "account"), (tweets, "tweet"), (bytes, "byte")];
    let text = format!("{file}: {}", counts.map(|(number, noun)| count(number, noun)).join(", "));
    let values = [file.into(), accounts.into(), tweets.into(), bytes.into()];
    Row::new(&["file", "accounts", "tweets", "bytes"], values, model::SafeText::line(&text).to_string())
}

/// Of several servers, it checks the copy of the database in the data directory.
pub(super) fn check(context: &Context, ask: &DataDirectory) -> Result<(), Failure> {
    let copy = match &ask.store {
        StoreUrl::Postgres(url) => {
            let copy = store::copy_file(&ask.data);
            if !copy.exists() {
                let (data, next) =
                    (ask.data.display(), "name the data directory of one of its servers with --data");
                return Err(Failure::Failed(format!("{data} has no copy of {url}; {next}")));
            }
            Some(copy)
        }
        StoreUrl::Sqlite => store::only_copy(&ask.data),
    };
    let advice = match &copy {
        Some(_) => "stop the server, remove this file and start the server, which makes it again",
        None => "keep a copy of it and restore a backup with `mini-tweet restore FILE`",
    };
    let database = copy.unwrap_or_else(|| database_file(&ask.data));
    let findings = maintenance::check(&database).map_err(OfflineError::from)?;
    context.out.all(findings.iter().map(|finding| {
        Row::new(&["finding"], [finding.as_str().into()], model::SafeText::line(finding).to_string())
    }))?;
    match findings.len() {
        0 => {
            context.out.say("No problems found: integrity, counters and invariants are correct.");
            Ok(())
        }
        number => Err(Failure::Failed(format!(
            "{} found in {}; {advice}",
            count(number as u64, "problem"),
            database.display()
        ))),
    }
}

pub(super) async fn import(context: &Context, source: ImportSource) -> Result<(), Failure> {
    let (ImportSource::Python { data, .. } | ImportSource::Graph { data, .. }) = &source;
    let instead = "import into an empty directory (--data DIR), then move it into an empty database with \
                   `mini-tweet move --from DIR --to postgres://…`";
    single_server(data, instead)?;
    let mut bar = Bar::new(context);
    let (summary, password) = match source {
        ImportSource::Python { directory, time_zone, data } => {
            let files = [ACCOUNTS_FILE, TWEETS_FILE].map(|name| directory.join(name));
            check_readable(files.iter().map(PathBuf::as_path)).map_err(OfflineError::from)?;
            let time_zone = time_zone.unwrap_or_else(TimeZone::system);
            let offline = Offline::open(&data.data).await?;
            let outcome = offline.import_python(&directory, &time_zone, &mut |done| bar.show(done)).await;
            offline.close().await;
            (outcome?, None)
        }
        ImportSource::Graph { edges, tweets, seed, days, password_stdin, data } => {
            check_readable(tweets.as_deref().into_iter().chain([&*edges])).map_err(OfflineError::from)?;
            let given = if password_stdin { Some(secret_line()?.to_string()) } else { None };
            let offline = Offline::open(&data.data).await?;
            let password = given.clone().unwrap_or_else(|| offline.new_password());
            let input = GraphInput {
                edges: &edges,
                tweets: tweets.as_deref(),
                password: offline.hash(&password)?,
                now_ms: offline.now_ms(),
                seed,
                days,
            };
            let outcome = offline.import_graph(input, &mut |progress| bar.show(progress)).await;
            offline.close().await;
            (outcome?, given.is_none().then_some(password))
        }
    };
    bar.done();
    context.out.row(&summary_row(&summary, password))
}

fn summary_row(summary: &Summary, password: Option<String>) -> Row {
    let Summary { accounts, follows, tweets, quotes, hashtags, already_there, problems } = summary;
    let own = tweets - quotes;
    let mut lines: Vec<String> = problems.iter().map(|problem| format!("skipped: {problem}")).collect();
    let counts = [
        (*accounts, "account"),
        (*follows, "follow"),
        (own, "tweet"),
        (*quotes, "quote"),
        (*hashtags, "hashtag"),
    ];
    lines.push(format!(
        "imported {}; {already_there} already existed, {} skipped",
        counts.map(|(number, noun)| count(number as u64, noun)).join(", "),
        problems.len()
    ));
    if let Some(password) = &password
        && *accounts > 0
    {
        lines.push(format!("password of every account: {password}"));
    }
    let problems: Vec<Value> = problems
        .iter()
        .map(|problem| json!({ "file": problem.file, "row": problem.row, "reason": problem.reason }))
        .collect();
    let values = [
        (*accounts).into(),
        (*follows).into(),
        own.into(),
        (*quotes).into(),
        (*hashtags).into(),
        (*already_there).into(),
        problems.into(),
        password.into(),
    ];
    let names =
        ["accounts", "follows", "tweets", "quotes", "hashtags", "already_there", "problems", "password"];
    Row::new(&names, values, model::SafeText::lines(&lines.join("\n")).to_string())
}

/// Progress bar on stderr, hidden for programs and with --quiet.
struct Bar {
    bar: ProgressBar,
    phase: Option<Phase>,
}

impl Bar {
    fn new(context: &Context) -> Self {
        let bar = if context.out.is_for_people() && !context.global.quiet {
            // Draws on stderr, and only on a terminal.
            ProgressBar::new(0)
        } else {
            ProgressBar::hidden()
        };
        if let Ok(style) = ProgressStyle::with_template("{msg:10} {wide_bar} {pos}/{len}  {eta}") {
            // ASCII: the locale may have nothing else.
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, phase: None }
    }

    fn show(&mut self, progress: Progress) {
        if self.phase != Some(progress.phase) {
            self.phase = Some(progress.phase);
            self.bar.reset();
            self.bar.set_length(progress.total as u64);
            self.bar.set_message(match progress.phase {
                Phase::Accounts => "accounts",
                Phase::Follows => "follows",
                Phase::Tweets => "tweets",
            });
        }
        self.bar.set_position(progress.done as u64);
    }

    fn done(self) {
        self.bar.finish_and_clear();
    }
}
