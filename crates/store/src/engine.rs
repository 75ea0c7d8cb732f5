//! What only the program that opened a store does with it: it gives the options, keeps the secrets of the server in it, and
//! closes it.

use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;

use crate::{BusUrl, NodeReport, OpenError, Store, cores};

/// Options of a store.
#[derive(Debug, Clone)]
pub struct Options {
    /// Number of this node, 0 to 63; part of every identifier.
    pub node: u8,
    /// Length of the writer's queue; beyond it changes are refused with `BUSY`.
    pub queue: usize,
    /// Queueing time above which new changes are refused with `BUSY`, when more of them wait than one transaction takes;
    /// `None`: only a full queue refuses.
    pub queue_wait: Option<Duration>,
    /// Maximum number of changes in one transaction.
    pub batch_max: usize,
    /// Tweets that an account less than a day old may post in an hour; 0 is no limit.
    pub new_account_posts: u32,
    /// Number of connections that read in parallel.
    pub readers: usize,
    /// What carries messages between servers that share the store; `None`: the database of the store.
    pub bus: Option<BusUrl>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            node: 0,
            queue: 4_096,
            queue_wait: None,
            batch_max: 256,
            new_account_posts: 0,
            readers: cores().max(2),
            bus: None,
        }
    }
}

/// A store with what only the program that opened it does.
#[async_trait]
pub trait Engine: Store {
    /// The secret of the server with this name; `new` becomes it if there is none.
    ///
    /// # Errors
    /// [`OpenError`] when the database cannot be read or written.
    async fn secret(&self, name: &str, new: Vec<u8>) -> Result<Vec<u8>, OpenError>;

    /// Sets what the other servers learn about this one, within some seconds; whether it is draining, they learn at once.
    fn report(&self, _report: NodeReport) {}

    /// Becomes true when another server has asked this one to move its clients; `None` if there can be no others.
    fn drain_requested(&self) -> Option<watch::Receiver<bool>> {
        None
    }

    /// Resolves when the storage has failed and the process should stop; never after a regular close.
    async fn failed(&self);

    /// Applies the queued changes, refuses new ones with `GOING_AWAY`, ends the subscriptions to the log, and returns when
    /// the storage is closed.
    async fn close(&self);
}
