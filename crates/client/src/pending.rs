//! A request without a response, and who waits for it.

use bytes::Bytes;
use model::Retry;
use protocol::v1::request::Op;
use protocol::v1::response;
use tokio::sync::oneshot;

use crate::error::ClientError;

/// A request without a response yet.
pub(crate) struct Pending {
    pub(crate) op: Op,
    pub(crate) key: Bytes,
    pub(crate) retry: Retry,
    pub(crate) reply: Reply,
    /// How often the server refused it because it was busy.
    pub(crate) refused_as_busy: u32,
}

/// Who gets the response.
pub(crate) enum Reply {
    Caller(oneshot::Sender<Result<response::Result, ClientError>>),
    Subscription(u64),
    NoOne,
}

impl Pending {
    /// A request of the driver itself.
    pub(crate) fn of_driver(op: Op, reply: Reply) -> Self {
        Self { op, key: Bytes::new(), retry: Retry::Never, reply, refused_as_busy: 0 }
    }

    /// Whether it takes effect once, however often it is sent.
    pub(crate) fn may_be_sent_again(&self) -> bool {
        match self.retry {
            Retry::Safe => true,
            Retry::WithKey => !self.key.is_empty(),
            Retry::Never => false,
        }
    }

    /// Whether no one waits for the response any more.
    pub(crate) fn is_given_up(&self) -> bool {
        matches!(&self.reply, Reply::Caller(reply) if reply.is_closed())
    }

    /// Answers it with an error.
    pub(crate) fn fail(self, error: ClientError) {
        if let Reply::Caller(reply) = self.reply {
            // The caller may have stopped waiting.
            let _ = reply.send(Err(error));
        }
    }
}
