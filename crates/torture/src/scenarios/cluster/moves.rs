//! Someone who goes from one server to another sees there at once what was acknowledged before.

use protocol::v1::read_timeline::Timeline;
use protocol::v1::request::Op;
use protocol::v1::response;

use super::nodes::Setup;
use super::person::{Outcome, Person, ask, read};
use super::postgres::Postgres;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::user::post;

pub(super) async fn run(context: &Context, postgres: &Postgres) -> Result<Finding, Error> {
    let moves = context.times(200, 10_000);
    let setup = Setup::new(&context.program, postgres.address(), "moves");
    let broken = missing(setup, postgres, moves).await?;
    let setup = Setup::new(&context.faults, postgres.address(), "moves_control");
    let control = missing(setup.with_faults("skip-catch-up"), postgres, 20).await?;
    Ok(Finding {
        promise: 25,
        tried: format!(
            "{moves} moves to another server right after a post, while all notifications are lost"
        ),
        figures: format!("{} posts not seen there", broken.len()),
        broken,
        control: Control::of(
            !control.is_empty(),
            format!("servers that do not look at the log: {} of 20 posts not seen", control.len()),
        ),
    })
}

/// The posts that were not seen after a move.
async fn missing(setup: Setup<'_>, postgres: &Postgres, moves: usize) -> Result<Vec<String>, Error> {
    postgres.create_database(setup.database)?;
    let cluster = setup.start().await?;
    let ada = Person::sign_up(&cluster.nodes[0], "ada").await?;
    for node in &cluster.nodes {
        node.network.lose_notifications(true);
    }
    let (mut missing, mut at) = (Vec::new(), 0);
    let mut connection = ada.connect_soon(&cluster.nodes[at].address).await?;
    for n in 0..moves {
        let posted = match ask(&mut connection, Op::Post(post(&format!("before move {n}")))).await {
            Outcome::Done(response::Result::Done(done)) => done.id,
            other => return Err(format!("a post without any fault: {other:?}").into()),
        };
        at = (at + 1) % cluster.nodes.len();
        connection = ada.connect_soon(&cluster.nodes[at].address).await?;
        match read(&mut connection, Timeline::User(ada.name.clone())).await {
            Ok(tweets) if tweets.iter().any(|tweet| tweet.id == posted) => {}
            Ok(_) => missing.push(format!("post {n} is not seen at server {at}")),
            Err(outcome) => missing.push(format!("after move {n}, server {at} answers {outcome:?}")),
        }
    }
    Ok(missing)
}
