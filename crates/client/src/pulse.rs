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
/// The same if there are other servers: a process that is stopped keeps its connections, and another one can respond now.
const DEAD_WITH_OTHERS: Duration = Duration::from_secs(5);

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
    /// Silence after which the connection is given up.
    dead: Duration,
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
    /// `heartbeat_ms` is the server's interval; 0 if it does not set one. `has_others`: there are other servers to connect
    /// to.
    pub(crate) fn new(heartbeat_ms: u32, has_others: bool) -> Self {
        let now = Instant::now();
        let heartbeat = match heartbeat_ms {
            0 => HEARTBEAT,
            ms => Duration::from_millis(ms.into()),
        };
        Self {
            heartbeat,
            dead: if has_others { DEAD_WITH_OTHERS } else { DEAD }.min(3 * heartbeat),
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
            Some(since) if self.is_late => ping.min(since + self.dead),
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
        if silent >= self.dead {
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

#[cfg(test)]
mod tests {
    use tokio::time::{advance, sleep_until};

    use super::*;

    /// What is due in the order of time, with the seconds since a request was sent that gets no response.
    async fn dues(has_others: bool) -> Vec<(Due, u64)> {
        let mut pulse = Pulse::new(0, has_others);
        let start = Instant::now();
        pulse.spoke(0);
        let mut dues = Vec::new();
        while dues.last().is_none_or(|(due, _)| *due != Due::Dead) {
            sleep_until(pulse.next()).await;
            if let Some(due) = pulse.due(0) {
                dues.push((due, start.elapsed().as_secs()));
            }
        }
        dues
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_does_not_respond_is_left_sooner_if_there_are_others() {
        assert_eq!(dues(false).await, [(Due::Ping, 2), (Due::Late, 4), (Due::Dead, 12)]);
        assert_eq!(dues(true).await, [(Due::Ping, 2), (Due::Late, 4), (Due::Dead, 5)]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_process_that_was_stopped_itself_asks_first() {
        let mut pulse = Pulse::new(0, true);
        // Nothing was expected, so nothing is late.
        advance(Duration::from_secs(60)).await;
        assert_eq!(pulse.due(0), Some(Due::Ping));
        assert_eq!(pulse.due(0), None);
    }
}
