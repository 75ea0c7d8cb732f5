//! The servers of a network, for admins.

use client::Client;
use model::SafeText;
use protocol::v1;

use crate::context::Context;
use crate::exit::Failure;
use crate::output::Row;
use crate::output::style::{count, local_time, rfc3339};

pub(super) const NODE: [&str; 11] = [
    "id",
    "address",
    "version",
    "started",
    "seen",
    "connections",
    "behind_entries",
    "behind_ms",
    "draining",
    "lost",
    "this",
];

pub(super) async fn list(context: &Context, client: &Client) -> Result<(), Failure> {
    context.out.all(client.ask(v1::ListNodes {}).await?.nodes.iter().map(node))
}

/// Moves the clients of a server to the others; an empty id is the server that answers.
pub(super) async fn drain(context: &Context, client: &Client, id: String) -> Result<(), Failure> {
    context.out.say(if client.ask(v1::Drain { id }).await?.changed {
        "Its clients move to the other servers. `mini-tweet admin nodes` shows how many are left."
    } else {
        "It drains already."
    });
    Ok(())
}

/// A server of the network.
fn node(node: &v1::Node) -> Row {
    let id = Some(node.id.as_str()).filter(|id| !id.is_empty());
    let mut facts = vec![
        node.address.clone(),
        format!("version {}", node.version),
        format!("up since {}", local_time(node.started_ms)),
    ];
    if let Some(id) = id {
        facts.insert(0, id.to_owned());
    }
    facts.extend([
        count(node.connections, "connection"),
        match node.behind_entries {
            0 => "up to date".to_owned(),
            entries => format!("{} behind ({} ms)", count(entries, "entry"), node.behind_ms),
        },
    ]);
    if node.is_lost {
        facts.push(format!("LOST: not heard of since {}", local_time(node.seen_ms)));
    } else if node.is_draining {
        facts.push("draining".to_owned());
    }
    if node.is_this {
        facts.push("this server".to_owned());
    }
    let values = [
        id.map(str::to_owned).into(),
        node.address.as_str().into(),
        node.version.as_str().into(),
        rfc3339(node.started_ms).into(),
        rfc3339(node.seen_ms).into(),
        node.connections.into(),
        node.behind_entries.into(),
        node.behind_ms.into(),
        node.is_draining.into(),
        node.is_lost.into(),
        node.is_this.into(),
    ];
    Row::new(&NODE, values, SafeText::line(&facts.join("  ")).to_string())
}
