//! Names: whoever is first has one, however many ask at once and however they write it; a deleted account's name stays
//! taken (P24).

use client::{Client, ClientError};
use protocol::v1;

use super::Setup;
use crate::Error;
use crate::person::{PASSWORD, Person};
use crate::report::{Control, Line};
use crate::server::{Launch, Server, private_directory};

/// Who ask for one name at the same time.
const ASKERS: usize = 100;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(&setup.program, &directory.path().join("data"))
        .with("MINI_TWEET_PASSWORDS_QUEUE", "1000");
    let server = launch.start().await?;
    let rounds = setup.times(3, 50);
    let mut broken = Vec::new();
    for round in 0..rounds {
        // In different letters: it is one name.
        let one =
            |n: usize| if n.is_multiple_of(2) { format!("Race_{round}") } else { format!("rACE_{round}") };
        let (made, others) = ask_at_once(&server, one).await?;
        if made != 1 {
            broken.push(format!("round {round}: {made} people have the same name"));
        }
        broken.extend(others.into_iter().filter(|code| code != "ALREADY_EXISTS"));
    }
    let gone = Person::sign_up(&server, "gone_soon").await?;
    gone.client.ask(v1::DeleteAccount { password: PASSWORD.to_owned() }).await?;
    for name in ["gone_soon", "GONE_SOON"] {
        match sign_up(&server, name).await? {
            Err(error) if error.code() == "ALREADY_EXISTS" => {}
            Err(error) => broken.push(format!("a deleted name: {error}")),
            Ok(()) => broken.push("a deleted name was given out again at once".to_owned()),
        }
    }
    // The control: as many people at once with a name each are all taken in, so more than one would be seen.
    let (made, _) = ask_at_once(&server, |n| format!("each_{n}")).await?;
    broken.extend(launch.check()?);
    Ok(vec![Line {
        promise: 24,
        tried: format!("{rounds} races of {ASKERS} for one name, and a deleted one asked for again"),
        figures: format!("1 winner each, {} broken", broken.len()),
        broken,
        control: Control::of(
            made == ASKERS,
            format!("{made} of {ASKERS} who ask for different names have them"),
        ),
    }])
}

async fn sign_up(server: &Server, name: &str) -> Result<Result<(), ClientError>, Error> {
    let client = Client::connect(server.options()?).await?;
    let wish =
        v1::SignUp { username: name.to_owned(), password: PASSWORD.to_owned(), ..v1::SignUp::default() };
    Ok(client.sign_up(wish).await.map(drop))
}

/// How many were taken in, and what the others were told.
async fn ask_at_once(server: &Server, name: impl Fn(usize) -> String) -> Result<(usize, Vec<String>), Error> {
    let mut asked = tokio::task::JoinSet::new();
    for n in 0..ASKERS {
        let (options, username) = (server.options()?, name(n));
        asked.spawn(async move {
            let client = Client::connect(options).await?;
            let password = PASSWORD.to_owned();
            client.sign_up(v1::SignUp { username, password, ..v1::SignUp::default() }).await
        });
    }
    let (mut made, mut others) = (0, Vec::new());
    while let Some(outcome) = asked.join_next().await {
        match outcome? {
            Ok(_) => made += 1,
            Err(error) => others.push(error.code().to_owned()),
        }
    }
    Ok((made, others))
}
