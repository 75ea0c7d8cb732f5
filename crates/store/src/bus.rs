//! Messages between the processes that share a store, about what is not stored: who is online, who is typing. A message may be
//! lost.

use std::sync::Arc;

use tokio::sync::{broadcast, mpsc};

/// Messages that wait to be sent, or for a subscriber; further ones are dropped.
const MESSAGES_MAX: usize = 1_024;

/// A message of another process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BusMessage {
    /// The random number of the process that sent it.
    pub from: u64,
    /// The message.
    pub bytes: Arc<[u8]>,
}

/// Carries messages between processes.
#[derive(Debug)]
pub struct Bus {
    outgoing: mpsc::Sender<Vec<u8>>,
    incoming: broadcast::Sender<BusMessage>,
}

impl Bus {
    /// Longest message, in bytes.
    pub const MESSAGE_MAX: usize = 5_000;

    /// A bus with what carries it: the messages to send, and where received ones go.
    pub(crate) fn new() -> (Self, mpsc::Receiver<Vec<u8>>, broadcast::Sender<BusMessage>) {
        let (outgoing, to_send) = mpsc::channel(MESSAGES_MAX);
        let (incoming, _) = broadcast::channel(MESSAGES_MAX);
        (Self { outgoing, incoming: incoming.clone() }, to_send, incoming)
    }

    /// Sends a message to all other processes, if it is not too long and not too many wait.
    pub fn publish(&self, message: Vec<u8>) {
        if message.len() <= Self::MESSAGE_MAX {
            let _ = self.outgoing.try_send(message);
        }
    }

    /// The messages of the others from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<BusMessage> {
        self.incoming.subscribe()
    }
}
