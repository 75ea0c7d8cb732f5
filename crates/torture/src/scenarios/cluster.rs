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
use crate::finding::Finding;

/// Faults of the long form.
const ROUNDS: usize = 100;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let mut postgres = Postgres::start(&[]).await?;
    let mut findings = vec![
        chaos::run(context).await?,
        delivery::run(context, &postgres).await?,
        lock::run(context, &postgres).await?,
        sessions::run(context, &postgres).await?,
        moves::run(context, &postgres).await?,
        outcomes::unknown(context, &postgres).await?,
        outcomes::killed(context, &mut postgres).await?,
        failover::run(context).await?,
        presence::run(context, &postgres).await?,
    ];
    findings.extend(throttles::run(context, &postgres).await?);
    Ok(findings)
}
