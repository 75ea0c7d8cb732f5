//! What a client reports without being asked: the state of its connection, and live updates.

use protocol::v1::event;

use crate::error::ClientError;

/// State of a client's connection to its server.
#[derive(Debug, Clone)]
pub enum State {
    /// There is a connection.
    Connected,
    /// There is a connection, but a response has been expected for some seconds. What is asked now may take a while.
    Late,
    /// The connection was lost and is being made again.
    Reconnecting {
        /// The last error, as a message for people.
        why: String,
    },
    /// The session was ended from elsewhere, for this reason. The next log-in makes a connection again.
    SignedOut(ClientError),
    /// The client has given up for this reason; make a new one to try again.
    Stopped(ClientError),
}

/// A live event of a subscription.
#[derive(Debug, Clone, PartialEq)]
pub struct Update {
    /// Cursor of the event: a later subscription, also of another process, can start after it. Presence and typing
    /// events are not stored and have no cursor of their own.
    pub sequence: u64,
    /// The event. [`event::Event::Gap`] means that some events will not be delivered: read the timeline instead.
    pub event: event::Event,
}
