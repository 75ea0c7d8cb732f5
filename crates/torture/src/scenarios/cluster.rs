//! Several servers on one PostgreSQL database: servers, PostgreSQL and the network between them fail in every way that one
//! machine can imitate, under load of people who move between the servers (P25).

mod chaos;
mod delivery;
mod failover;
mod load;
mod lock;
mod moves;
mod nodes;
mod outcomes;
mod person;
mod postgres;
mod presence;
mod proxy;
mod readers;
mod sessions;
mod throttles;
mod verify;

use tokio::time::Instant;

use self::postgres::Postgres;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let postgres = Postgres::start(&[]).await?;
    // These mostly wait.
    let (mut findings, presence, failover, killed) = tokio::join!(
        without_faults_of_postgres(context, &postgres),
        part("presence", presence::run(context, &postgres)),
        part("failover", failover::run(context)),
        part("PostgreSQL killed", outcomes::killed(context)),
    );
    findings.extend([presence, failover, killed]);
    drop(postgres);
    findings.push(part("chaos", chaos::run(context)).await);
    Ok(findings)
}

async fn without_faults_of_postgres(context: &Context, postgres: &Postgres) -> Vec<Finding> {
    let mut findings = vec![
        part("lock", lock::run(context, postgres)).await,
        part("delivery", delivery::run(context, postgres)).await,
        part("sessions", sessions::run(context, postgres)).await,
        part("moves", moves::run(context, postgres)).await,
        part("unknown outcomes", outcomes::unknown(context, postgres)).await,
    ];
    match throttles::run(context, postgres).await {
        Ok(found) => findings.extend(found),
        Err(error) => findings.push(failed("throttles", &error)),
    }
    findings
}

/// A part that could not run does not stop the others.
async fn part(name: &str, run: impl Future<Output = Result<Finding, Error>>) -> Finding {
    let begun = Instant::now();
    let found = run.await.unwrap_or_else(|error| failed(name, &error));
    eprintln!("cluster: {name} took {:.0?}", begun.elapsed());
    found
}

fn failed(part: &str, error: &Error) -> Finding {
    Finding {
        promise: 25,
        tried: part.to_owned(),
        figures: "could not run".to_owned(),
        broken: vec![error.to_string()],
        control: Control::Missed("not tried".to_owned()),
    }
}
