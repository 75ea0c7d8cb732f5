//! Log-ins and sessions: ended sessions and operator requests (P10), what a failed log-in reveals (P12), and secrets in
//! files, logs and processes (P11, P14, P29).

mod ended_sessions;
mod failed_log_ins;
mod operator_requests;
mod python_database;
mod secrets;

use crate::context::Context;
use crate::error::Error;
use crate::finding::Finding;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let mut findings = vec![ended_sessions::run(context).await?, operator_requests::run(context).await?];
    findings.extend(failed_log_ins::run(context).await?);
    findings.push(secrets::run(context).await?);
    Ok(findings)
}
