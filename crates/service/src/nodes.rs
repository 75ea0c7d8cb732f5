//! The servers of the network, as admins see them.

use model::{Error, Operation, Result};
use store::NodeRecord;

use crate::policy::{self, Caller};
use crate::service::Service;

/// Where a server that was asked to drain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DrainTarget {
    /// It is this server.
    This,
    /// It is another one, which was asked now.
    Other,
    /// It is another one, which drains already.
    Draining,
}

/// The name of the server with this random number.
#[must_use]
pub fn node_name(boot: u64) -> String {
    format!("{boot:016x}")
}

impl Service {
    /// When this server was started (Unix milliseconds).
    #[must_use]
    pub fn started_ms(&self) -> i64 {
        self.started_ms
    }

    /// The servers that share the database, in the order in which they were started; none if this one has it for itself.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn nodes(&self, caller: &Caller) -> Result<Vec<NodeRecord>> {
        policy::authorise(caller, Operation::ListNodes)?;
        self.store.nodes().await
    }

    /// Finds the server whose name begins with `name`, and asks it to drain if it is another one. An empty name is this server:
    /// for the operator, who knows which one that is.
    ///
    /// # Errors
    /// `NOT_FOUND{server}`; `INVALID{id}` for an empty or ambiguous name, or if no other server could take the clients.
    pub async fn drain(&self, caller: &Caller, name: &str) -> Result<DrainTarget> {
        policy::authorise(caller, Operation::Drain)?;
        let nodes = self.store.nodes().await?;
        let target = find(&nodes, name, *caller == Caller::Operator)?;
        if let Some(target) = target.filter(|target| target.report.is_draining && !target.is_this) {
            tracing::debug!(server = node_name(target.boot), "drains already");
            return Ok(DrainTarget::Draining);
        }
        let takes = |node: &&NodeRecord| {
            let is_target = target.is_some_and(|target| target.boot == node.boot);
            !is_target && !node.is_lost && !node.report.is_draining
        };
        if !nodes.iter().any(|node| takes(&node)) {
            return Err(Error::invalid("id", "no other server could take its clients"));
        }
        match target {
            Some(target) if !target.is_this => {
                if !self.store.request_drain(target.boot).await? {
                    return Err(Error::not_found("server"));
                }
                Ok(DrainTarget::Other)
            }
            _ => Ok(DrainTarget::This),
        }
    }
}

/// The server with this name; `None` if it is this one and not listed.
fn find<'a>(nodes: &'a [NodeRecord], name: &str, is_operator: bool) -> Result<Option<&'a NodeRecord>> {
    if name.is_empty() {
        return match is_operator {
            true => Ok(nodes.iter().find(|node| node.is_this)),
            false => Err(Error::invalid("id", "is empty: `mini-tweet admin nodes` lists the servers")),
        };
    }
    let name = name.to_ascii_lowercase();
    let mut found = nodes.iter().filter(|node| !node.is_lost && node_name(node.boot).starts_with(&name));
    match (found.next(), found.next()) {
        (Some(node), None) => Ok(Some(node)),
        (Some(_), Some(_)) => Err(Error::invalid("id", "is the beginning of several")),
        (None, _) => Err(Error::not_found("server")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::NodeReport;

    fn node(boot: u64, is_this: bool, is_lost: bool) -> NodeRecord {
        let report = NodeReport::default();
        NodeRecord { boot, is_this, report, seen_ms: 1, is_lost, behind_entries: 0, behind_ms: 0 }
    }

    #[test]
    fn a_server_is_named_by_the_beginning_of_its_name() {
        let high = |byte: u64| byte << 56;
        let nodes =
            [node(high(0xa1), true, false), node(high(0xa2), false, false), node(high(0xb1), false, true)];
        let boot =
            |name: &str, is_operator| find(&nodes, name, is_operator).map(|node| node.map(|node| node.boot));
        assert_eq!(boot("a1", false), Ok(Some(high(0xa1))));
        assert_eq!(boot("A2", false), Ok(Some(high(0xa2))));
        assert_eq!(boot(&node_name(high(0xa2)), false), Ok(Some(high(0xa2))));
        assert_eq!(boot("", true), Ok(Some(high(0xa1))), "the operator's own");
        for (name, is_invalid) in [("", true), ("a", true), ("b1", false), ("c", false), ("%", false)] {
            let refused = boot(name, false).unwrap_err();
            assert_eq!(matches!(refused, Error::Invalid { .. }), is_invalid, "{name}: {refused}");
        }
    }
}
