//! Operator requests from callers without that right: a member and an unauthenticated client.

use std::path::Path;

use protocol::v1::request::Op;
use protocol::v1::{self, response};

use crate::connection::Connection;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, private_directory};
use crate::user::{PASSWORD, User};

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let (tried, broken) = send_all(&context.program, "").await?;
    let (_, detected) = send_all(&context.faults, "skip-operator-check").await?;
    Ok(Finding {
        promise: 10,
        tried: format!("{tried} operator requests by a member and by an unauthenticated client"),
        figures: format!("{} executed", broken.len()),
        broken,
        control: Control::of(
            !detected.is_empty(),
            format!("a server without the operator check: {} executed", detected.len()),
        ),
    })
}

/// Sends every request from both; how many were sent, and those that were not refused.
async fn send_all(program: &Path, faults: &str) -> Result<(usize, Vec<String>), Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data")).argument("--insecure");
    let server = launch.with("MINI_TWEET_FAULTS", faults).start().await?;
    let member = User::sign_up(&server, "member").await?;
    let requests = requests();
    let mut broken = Vec::new();
    for request in &requests {
        let mut unauthenticated = Connection::connect(&server.address).await?;
        // A new connection for each request, because some of them end the session.
        let Ok(mut as_member) = Connection::of(&server.address, &member).await else { break };
        for (caller, connection) in
            [("an unauthenticated client", &mut unauthenticated), ("a member", &mut as_member)]
        {
            // A connection that closes without a response has ended its own session: the request was executed.
            if !matches!(connection.ask(request.clone()).await, Ok(response::Result::Error(_))) {
                broken.push(format!("{caller} is allowed {request:?}"));
            }
        }
    }
    Ok((requests.len() * 2, broken))
}

fn requests() -> [Op; 8] {
    let (username, text) = (|| "member".to_owned(), || "text".to_owned());
    [
        Op::CreateAccount(v1::CreateAccount {
            username: text(),
            password: PASSWORD.to_owned(),
            ..Default::default()
        }),
        Op::CreateInvite(v1::CreateInvite { uses: 1, ..Default::default() }),
        Op::Unsuspend(v1::Unsuspend { username: username() }),
        Op::Announce(v1::Announce { text: text(), ..Default::default() }),
        Op::RemoveAnnouncement(v1::RemoveAnnouncement { announcement_id: 1 }),
        Op::GetStatistics(v1::GetStatistics {}),
        Op::ResetPassword(v1::ResetPassword {
            username: username(),
            new_password: "another horse 9".to_owned(),
        }),
        Op::Suspend(v1::Suspend { username: username() }),
    ]
}
