//! Wrong passwords are counted over all servers: someone who guesses at each of them in turn has no more guesses than at one.

use std::net::Ipv4Addr;

use model::Error as Refusal;

use super::nodes::{SERVERS, Setup};
use super::person::Person;
use super::postgres::Postgres;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::scenarios::slow::try_password;
use crate::server::{Launch, private_directory};
use crate::user::{PASSWORD, User};

/// Wrong passwords for one account from one address that are verified without throttling.
const GUESSES: usize = 10;
/// Guesses in all.
const TRIED: usize = GUESSES + 5;
const GUESSER: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 1);
const OWNER: Ipv4Addr = Ipv4Addr::new(127, 3, 0, 2);

/// `None` if this version counts for each server alone.
pub(super) async fn run(context: &Context, postgres: &Postgres) -> Result<Option<Finding>, Error> {
    const DATABASE: &str = "throttles";
    postgres.create_database(DATABASE)?;
    let cluster = Setup::new(&context.program, postgres.address(), DATABASE).start().await?;
    if postgres.sql(DATABASE, "SELECT to_regclass('throttle') IS NOT NULL")? != "t" {
        eprintln!("cluster: throttles are not shared by this version, and not tested");
        return Ok(None);
    }
    Person::sign_up(&cluster.nodes[0], "ada").await?;
    let verified = guess(&cluster.addresses()).await?;
    let mut broken = Vec::new();
    if verified != GUESSES {
        broken.push(format!("{verified} instead of {GUESSES} of {TRIED} guesses were verified"));
    }
    for address in cluster.addresses() {
        if let Some(error) = try_password(&address, OWNER, "ada", PASSWORD).await? {
            broken.push(format!("the owner cannot log in at {address} from another address: {error}"));
        }
    }
    let control = alone(context).await?;
    Ok(Some(Finding {
        promise: 25,
        tried: format!("{TRIED} guesses of a password at {SERVERS} servers in turn"),
        figures: format!("{verified} verified; the owner can log in at each server"),
        broken,
        control: Control::of(
            control > GUESSES,
            format!("at servers that do not share a database, {control} are verified"),
        ),
    }))
}

/// The number of guesses that were verified.
async fn guess(servers: &[String]) -> Result<usize, Error> {
    let mut verified = 0;
    for n in 0..TRIED {
        let answer =
            try_password(&servers[n % servers.len()], GUESSER, "ada", &format!("wrong horse {n}")).await?;
        verified += usize::from(matches!(answer, Some(Refusal::Unauthenticated(_))));
    }
    Ok(verified)
}

/// The negative control: the guesses at servers that have nothing in common.
async fn alone(context: &Context) -> Result<usize, Error> {
    let directory = private_directory()?;
    let mut servers = Vec::new();
    for n in 0..SERVERS {
        let launch =
            Launch::new(&context.program, &directory.path().join(n.to_string())).argument("--insecure");
        let server = launch.start().await?;
        User::sign_up(&server, "ada").await?;
        servers.push(server);
    }
    guess(&servers.iter().map(|server| server.address.clone()).collect::<Vec<_>>()).await
}
