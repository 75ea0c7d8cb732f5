//! What the handles of a client ask its task for.

use std::time::Duration;

use protocol::v1::subscribe;
use tokio::sync::{mpsc, oneshot};

use crate::error::ClientError;
use crate::pending::Pending;
use crate::state::Update;

/// Commands of the handles. Large ones are boxed: a channel allocates space for 32 at once.
pub(crate) enum Command {
    Ask(Box<Pending>),
    Subscribe {
        topic: Box<subscribe::Topic>,
        cursor: u64,
        updates: UpdateSender,
        reply: oneshot::Sender<Subscribed>,
    },
    Unsubscribe(u64),
    /// Measures a round trip.
    Ping(oneshot::Sender<Duration>),
    /// The reader of this subscription has space again.
    Resume(u64),
}

/// Boxed: a channel allocates space for 32 at once, and there can be many idle subscriptions.
pub(crate) type UpdateSender = mpsc::Sender<Box<Result<Update, ClientError>>>;
/// The local id of the new subscription.
pub(crate) type Subscribed = Result<u64, ClientError>;
