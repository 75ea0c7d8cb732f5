//! Whether the server still responds: when to send a ping, when to say that a response is late, when to give up.
//!
//! A network that is gone closes no connection; only the silence tells. Silence means something only when a response is
//! expected: an idle connection is asked for one from time to time.

use std::time::Duration;

use tokio::time::Instant;

/// Silence of an idle connection before a ping: three small packets a minute, and no work in between.
const IDLE: Duration = Duration::from_secs(8);
/// A response that takes longer is asked about with a ping: a slow request must not look like a dead network.
const SLOW: Duration = Duration::from_secs(2);
/// Silence after which the client says that the server does not respond.
const LATE: Duration = Duration::from_secs(4);
/// Silence after which the connection is given up. A fresh one is cheap, and nothing is lost by it.
const DEAD: Duration = Duration::from_secs(12);

/// Heartbeat interval if the server does not set one.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Due {
    /// Send a ping.
    Ping,
    /// A response is late: say so.
    Late,
    /// The connection is dead.
    Dead,
}

/// The times of one connection.
#[derive(Debug)]
pub(crate) struct Pulse {
    /// The longest time without sending anything that the server accepts.
    heartbeat: Duration,
    spoke: Instant,
    heard: Instant,
    /// Bytes received so far: a frame that is arriving slowly is no silence.
    received: u64,
    /// Since when a response has been expected.
    expecting: Option<Instant>,
    /// There is a ping without a response.
    has_ping: bool,
    /// It was reported that a response is late.
    is_late: bool,
}

impl Pulse {
    /// `heartbeat_ms` is the server's interval; 0 if it does not set one.
    pub(crate) fn new(heartbeat_ms: u32) -> Self {
        let now = Instant::now();
        Self {
            heartbeat: match heartbeat_ms {
                0 => HEARTBEAT,
                ms => Duration::from_millis(ms.into()),
            },
            spoke: now,
            heard: now,
            received: 0,
            expecting: None,
            has_ping: false,
            is_late: false,
        }
    }

    /// A frame that the server answers was sent. `received` is the number of bytes that have arrived on the connection,
    /// here and below.
    pub(crate) fn spoke(&mut self, received: u64) {
        self.spoke = Instant::now();
        if self.expecting.is_none() {
            (self.expecting, self.received) = (Some(self.spoke), received);
        }
    }

    /// A frame has arrived; `expects_more` if requests still wait for a response. `true` if the server was late before.
    pub(crate) fn heard(&mut self, received: u64, expects_more: bool) -> bool {
        (self.heard, self.received) = (Instant::now(), received);
        self.expecting = expects_more.then_some(self.heard);
        self.has_ping = false;
        std::mem::take(&mut self.is_late)
    }

    /// When to call [`Pulse::due`].
    pub(crate) fn next(&self) -> Instant {
        let ping = self.ping_at();
        match self.expecting {
            None => ping,
            Some(since) if self.is_late => ping.min(since + DEAD.min(3 * self.heartbeat)),
            Some(since) => ping.min(since + LATE),
        }
    }

    /// What is due now.
    pub(crate) fn due(&mut self, received: u64) -> Option<Due> {
        let now = Instant::now();
        if self.expecting.is_some() && std::mem::replace(&mut self.received, received) != received {
            self.expecting = Some(now);
            return None;
        }
        let silent = self.expecting.map_or(Duration::ZERO, |since| now - since);
        if silent >= DEAD.min(3 * self.heartbeat) {
            Some(Due::Dead)
        } else if silent >= LATE && !self.is_late {
            self.is_late = true;
            Some(Due::Late)
        } else if now >= self.ping_at() {
            self.has_ping = true;
            self.spoke(received);
            Some(Due::Ping)
        } else {
            None
        }
    }

    fn ping_at(&self) -> Instant {
        let heartbeat = self.spoke + self.heartbeat;
        match self.expecting {
            _ if self.has_ping => heartbeat,
            Some(since) => heartbeat.min(since + SLOW),
            None => heartbeat.min(self.heard.max(self.spoke) + IDLE),
        }
    }
}
