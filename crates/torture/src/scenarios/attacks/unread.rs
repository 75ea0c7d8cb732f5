//! Connections that ask for as many large pages as they can and read none of them.

use std::path::Path;

use super::bystander::{Turns, times};
use crate::connection::{Connection, read_local};
use crate::context::Context;
use crate::error::Error;
use crate::finding::Finding;
use crate::server::{Launch, private_directory};
use crate::user::sign_up_users;

const CONNECTIONS: usize = 2;
/// Pages that each of them asks for: as many requests as may be in flight.
const PAGES: usize = 64;

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let found = attack(&context.program, "", times(context)).await?;
    let control = attack(&context.faults, "hold-reads-while-unread", 1).await?;
    Ok(found.finding(
        "dozens of large pages that are asked for and not read",
        "a server that stops in the middle of reads",
        &control,
    ))
}

async fn attack(program: &Path, faults: &str, times: usize) -> Result<Turns, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    let server = launch.argument("--insecure").start().await?;
    let users = sign_up_users(&server, 2).await?;
    let [attacker, bystander] = &users[..] else { return Err("expected two users".into()) };
    for _ in 0..100 {
        attacker.post(&"👍🏽".repeat(500)).await?;
    }
    Turns::measure(&server, bystander, times, async || {
        let mut unread = Vec::new();
        for _ in 0..CONNECTIONS {
            let mut connection = Connection::of(&server.address, attacker).await?;
            for _ in 0..PAGES {
                connection.queue(read_local(100));
            }
            connection.writer.flush().await?;
            unread.push(connection);
        }
        Ok(unread)
    })
    .await
}
