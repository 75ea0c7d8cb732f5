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

use self::postgres::Postgres;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};

/// Faults of the long form.
const ROUNDS: usize = 100;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let mut postgres = Postgres::start(&[]).await?;
    let throttles = throttles::run(context, &postgres).await.transpose();
    let mut findings: Vec<_> = throttles
        .map(|found| found.unwrap_or_else(|error| failed("throttles", &error)))
        .into_iter()
        .collect();
    let mut add = |part: &str, found: Result<Finding, Error>| {
        findings.push(found.unwrap_or_else(|error| failed(part, &error)));
    };
    add("lock", lock::run(context, &postgres).await);
    add("delivery", delivery::run(context, &postgres).await);
    add("sessions", sessions::run(context, &postgres).await);
    add("moves", moves::run(context, &postgres).await);
    add("unknown outcomes", outcomes::unknown(context, &postgres).await);
    add("PostgreSQL killed", outcomes::killed(context, &mut postgres).await);
    add("failover", failover::run(context).await);
    add("presence", presence::run(context, &postgres).await);
    add("chaos", chaos::run(context).await);
    Ok(findings)
}

/// A part that could not run does not stop the others.
fn failed(part: &str, error: &Error) -> Finding {
    Finding {
        promise: 25,
        tried: part.to_owned(),
        figures: "could not run".to_owned(),
        broken: vec![error.to_string()],
        control: Control::Missed("not tried".to_owned()),
    }
}
