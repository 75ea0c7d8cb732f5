//! Slow clients and many of them: clients that do not read, silent connections, one byte per second, thousands of
//! connections, no file descriptors left, and password guessing. They must cost little and be disconnected in time, and
//! other clients must not notice (P7, P8, P9, P13).

mod idle;
mod many_sockets;
mod passwords;
mod readers;
mod silent;

pub(super) use self::passwords::try_password;
use crate::context::Context;
use crate::error::Error;
use crate::finding::Finding;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let mut findings = vec![readers::run(context).await?, silent::run(context).await?];
    findings.push(idle::run(context).await?);
    findings.extend(many_sockets::run(context).await?);
    findings.extend(passwords::run(context).await?);
    Ok(findings)
}
