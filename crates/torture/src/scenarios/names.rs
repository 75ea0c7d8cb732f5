//! Usernames: of many simultaneous sign-ups for one username, in any case, exactly one succeeds; the username of a deleted
//! account stays reserved (P24).

use client::{Client, ClientError};
use protocol::v1;

use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, Server, private_directory};
use crate::user::{PASSWORD, User};

/// Simultaneous sign-ups.
const SIGN_UPS: usize = 100;

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&context.program, &directory.path().join("data"))
        .with("MINI_TWEET_PASSWORDS_QUEUE", "1000");
    let server = launch.start().await?;
    let rounds = context.times(3, 50);
    let mut broken = Vec::new();
    for round in 0..rounds {
        // Usernames differ in case only.
        let username =
            |n: usize| if n.is_multiple_of(2) { format!("Race_{round}") } else { format!("rACE_{round}") };
        let (created, errors) = sign_up_at_once(&server, username).await?;
        if created != 1 {
            broken.push(format!("round {round}: {created} accounts have the same username"));
        }
        broken.extend(errors.into_iter().filter(|code| code != "ALREADY_EXISTS"));
    }
    let deleted = User::sign_up(&server, "gone_soon").await?;
    deleted.client.ask(v1::DeleteAccount { password: PASSWORD.to_owned() }).await?;
    for name in ["gone_soon", "GONE_SOON"] {
        match sign_up(&server, name).await? {
            Err(error) if error.code() == "ALREADY_EXISTS" => {}
            Err(error) => broken.push(format!("a deleted username: {error}")),
            Ok(()) => broken.push("a deleted username was available at once".to_owned()),
        }
    }
    // The control: the same number of sign-ups with different usernames all succeed.
    let (created, _) = sign_up_at_once(&server, |n| format!("each_{n}")).await?;
    broken.extend(launch.check()?);
    Ok(vec![Finding {
        promise: 24,
        tried: format!("{rounds} races of {SIGN_UPS} sign-ups for one username, and a deleted username"),
        figures: format!("1 winner each, {} broken", broken.len()),
        broken,
        control: Control::of(
            created == SIGN_UPS,
            format!("{created} of {SIGN_UPS} sign-ups with different usernames succeed"),
        ),
    }])
}

async fn sign_up(server: &Server, name: &str) -> Result<Result<(), ClientError>, Error> {
    let client = Client::connect(server.options()?).await?;
    let request =
        v1::SignUp { username: name.to_owned(), password: PASSWORD.to_owned(), ..v1::SignUp::default() };
    Ok(client.sign_up(request).await.map(drop))
}

/// Signs up with many usernames at once; the number of new accounts, and the error codes of the others.
async fn sign_up_at_once(
    server: &Server,
    name: impl Fn(usize) -> String,
) -> Result<(usize, Vec<String>), Error> {
    let mut sign_ups = tokio::task::JoinSet::new();
    for n in 0..SIGN_UPS {
        let (options, username) = (server.options()?, name(n));
        sign_ups.spawn(async move {
            let client = Client::connect(options).await?;
            let password = PASSWORD.to_owned();
            client.sign_up(v1::SignUp { username, password, ..v1::SignUp::default() }).await
        });
    }
    let (mut created, mut errors) = (0, Vec::new());
    while let Some(outcome) = sign_ups.join_next().await {
        match outcome? {
            Ok(_) => created += 1,
            Err(error) => errors.push(error.code().to_owned()),
        }
    }
    Ok((created, errors))
}
