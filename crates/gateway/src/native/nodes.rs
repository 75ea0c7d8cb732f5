//! Requests of admins about the servers of the network.

use model::Result;
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;
use service::{DrainTarget, node_name};
use store::{NodeRecord, NodeReport};

use super::admin;
use super::call::Call;

/// A request about the server that answers, or about all of them.
pub(super) async fn of_servers(call: Call<'_>, op: Op) -> Result<response::Result> {
    match op {
        Op::ListNodes(v1::ListNodes {}) => list_nodes(call).await,
        Op::Drain(ask) => drain(call, &ask).await,
        _ => admin::get_statistics(call).await,
    }
}

async fn list_nodes(call: Call<'_>) -> Result<response::Result> {
    let nodes = call.service.nodes(&call.caller).await?;
    let (report, now_ms) = (call.context.gateway.shared.report(call.service), call.service.clock().now_ms());
    let is_listed = nodes.iter().any(|node| node.is_this);
    let mut nodes: Vec<_> = nodes
        .into_iter()
        .map(|node| {
            // Of itself this server knows more than the database.
            let report = if node.is_this { report.clone() } else { node.report.clone() };
            let seen_ms = if node.is_this { now_ms } else { node.seen_ms };
            listed(&NodeRecord { report, seen_ms, ..node })
        })
        .collect();
    if !is_listed {
        let NodeReport { version, address, started_ms, connections, is_draining } = report;
        nodes.push(v1::Node {
            is_this: true,
            version,
            address,
            started_ms,
            seen_ms: now_ms,
            is_draining,
            connections,
            ..v1::Node::default()
        });
    }
    Ok(response::Result::NodeList(v1::NodeList { nodes }))
}

fn listed(node: &NodeRecord) -> v1::Node {
    v1::Node {
        id: node_name(node.boot),
        is_this: node.is_this,
        version: node.report.version.clone(),
        address: node.report.address.clone(),
        started_ms: node.report.started_ms,
        seen_ms: node.seen_ms,
        is_draining: node.report.is_draining,
        is_lost: node.is_lost && !node.is_this,
        connections: node.report.connections,
        behind_entries: node.behind_entries,
        behind_ms: node.behind_ms,
    }
}

async fn drain(call: Call<'_>, ask: &v1::Drain) -> Result<response::Result> {
    let changed = match call.service.drain(&call.caller, &ask.id).await? {
        DrainTarget::This => call.context.gateway.shared.drain().is_some(),
        DrainTarget::Other => true,
        DrainTarget::Draining => false,
    };
    Ok(response::Result::Done(v1::Done { id: 0, changed }))
}
