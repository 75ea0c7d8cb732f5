//! The bus over NATS: carries messages between the nodes of a cluster, and the hint that the log has grown. Nothing depends on
//! a message: each node also looks at the log by itself.

use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectOptions, Event, ServerAddr, Subscriber};
use futures_util::StreamExt as _;
use percent_encoding::percent_decode_str;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::time::{sleep, timeout};

use crate::{Bus, BusMessage};

/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);
/// Wait between two attempts to connect.
const RETRY: Duration = Duration::from_secs(1);
/// After three of these without a response, a connection is given up.
const PING: Duration = Duration::from_secs(2);
/// Bytes of the number of the sender, at the begin of each message.
const SENDER_LENGTH: usize = 8;

/// The address of a NATS server: `nats://user:password@host:port`, `nats://token@host`, or `tls://…` to encrypt the connection, with
/// `sslrootcert=FILE` for the certificates that may sign the one of the server instead of those of the system. NATS itself tells
/// the further servers of its cluster.
#[derive(Clone, PartialEq, Eq)]
pub struct BusUrl {
    server: String,
    user: Option<String>,
    password: Option<String>,
    is_encrypted: bool,
    root_certificates: Option<PathBuf>,
    /// Without user, password and token.
    shown: String,
}

impl FromStr for BusUrl {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        let (base, parameters) = url.split_once('?').unwrap_or((url, ""));
        let is_encrypted = base.starts_with("tls://");
        if !is_encrypted && !base.starts_with("nats://") {
            return Err("is not the address of a NATS server, nats://host or tls://host".to_owned());
        }
        let address = base
            .parse::<ServerAddr>()
            .map_err(|error| format!("is not the address of a NATS server: {error}"))?;
        if address.host().is_empty() {
            return Err("needs a host: nats://host".to_owned());
        }
        let (mut root_certificates, mut may_be_plain) = (None, false);
        for parameter in parameters.split('&').filter(|parameter| !parameter.is_empty()) {
            match parameter.split_once('=') {
                Some(("sslrootcert", file)) if is_encrypted => root_certificates = Some(PathBuf::from(file)),
                Some(("sslmode", "disable")) if !is_encrypted => may_be_plain = true,
                _ => return Err(format!("has the parameter {parameter}, which is not known here")),
            }
        }
        let host = address.host();
        let is_local =
            host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_encrypted && !is_local && !may_be_plain {
            return Err(
                "needs tls:// instead of nats://, or sslmode=disable in a network that no one else can read"
                    .to_owned(),
            );
        }
        let decoded = |part: &str| percent_decode_str(part).decode_utf8_lossy().into_owned();
        let scheme = address.scheme();
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        let server = format!("{scheme}://{host}:{}", address.port());
        Ok(Self {
            shown: server.clone(),
            server,
            user: address.username().map(decoded),
            password: address.password().map(decoded),
            is_encrypted,
            root_certificates,
        })
    }
}

impl fmt::Display for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for BusUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl BusUrl {
    async fn connect(&self) -> Result<Client, String> {
        let mut options = match (&self.user, &self.password) {
            (Some(user), Some(password)) => {
                ConnectOptions::with_user_and_password(user.clone(), password.clone())
            }
            (Some(token), None) => ConnectOptions::with_token(token.clone()),
            _ => ConnectOptions::new(),
        };
        if let Some(file) = &self.root_certificates {
            options = options.add_root_certificates(file.clone());
        }
        let (shown, is_reported) = (self.shown.clone(), AtomicBool::new(false));
        let options = options
            .name("mini-tweet")
            .no_echo()
            .require_tls(self.is_encrypted)
            .connection_timeout(CONNECT_TIMEOUT)
            .ping_interval(PING)
            .reconnect_delay_callback(|_| RETRY)
            .event_callback(move |event| {
                match event {
                    Event::Connected => tracing::info!(bus = shown, "connected to NATS"),
                    Event::Disconnected => tracing::warn!(
                        bus = shown,
                        "lost the connection to NATS: until it is back, changes of other servers arrive up to half a second late"
                    ),
                    // Such as a permission that is missing, for each message again.
                    Event::ServerError(error) if !is_reported.swap(true, Ordering::Relaxed) => {
                        tracing::warn!(bus = shown, %error, "NATS refuses messages");
                    }
                    other => tracing::debug!(event = %other, "NATS"),
                }
                std::future::ready(())
            });
        let connected = timeout(CONNECT_TIMEOUT, options.connect(&self.server));
        let connected = connected.await.map_err(|_| "timed out".to_owned())?;
        connected.map_err(|error| error.to_string())
    }
}

/// What the store has to do with the bus.
#[derive(Debug)]
pub(crate) struct Ends {
    /// The random number of this process.
    pub(crate) boot: u64,
    /// Messages to send.
    pub(crate) to_send: mpsc::Receiver<Vec<u8>>,
    /// Notified when this node has appended to the log.
    pub(crate) appended: Arc<Notify>,
    /// Where messages of others go.
    pub(crate) received: broadcast::Sender<BusMessage>,
}

/// Carries messages under this subject until the store is closed. Calls `look` when another node has appended to the log.
pub(crate) async fn carry(url: BusUrl, subject: String, mut ends: Ends, look: impl Fn()) {
    let mut is_reported = false;
    loop {
        let connected = tokio::select! {
            connected = connect(&url, &subject) => connected,
            () = ends.discard() => return,
        };
        match connected {
            Ok((client, subscriber)) => {
                is_reported = false;
                if ends.exchange(&client, &subject, subscriber, &look).await.is_none() {
                    return;
                }
            }
            Err(error) if !is_reported => {
                is_reported = true;
                tracing::warn!(
                    bus = %url,
                    error,
                    "cannot connect to NATS, trying again every second: until then changes of other servers arrive up to half a second late, and who is online there is not known"
                );
            }
            Err(_) => {}
        }
        tokio::select! {
            () = sleep(RETRY) => {}
            () = ends.discard() => return,
        }
    }
}

async fn connect(url: &BusUrl, subject: &str) -> Result<(Client, Subscriber), String> {
    let client = url.connect().await?;
    let subscriber = client.subscribe(subject.to_owned()).await.map_err(|error| error.to_string())?;
    Ok((client, subscriber))
}

impl Ends {
    /// Drops what is to be sent while it cannot be; returns when the store is closed.
    async fn discard(&mut self) {
        while self.to_send.recv().await.is_some() {}
    }

    /// Sends and receives until the client has given up, or the store is closed (`None`).
    async fn exchange(
        &mut self,
        client: &Client,
        subject: &str,
        mut subscriber: Subscriber,
        look: &impl Fn(),
    ) -> Option<()> {
        loop {
            let message = tokio::select! {
                received = subscriber.next() => {
                    self.take_in(&received?.payload, look);
                    continue;
                }
                message = self.to_send.recv() => message?,
                () = self.appended.notified() => Vec::new(),
            };
            // Nothing waits for a connection: it would be out of date when it arrives.
            if client.connection_state() != State::Connected {
                continue;
            }
            let payload = [&self.boot.to_be_bytes()[..], &message].concat();
            if let Err(error) = client.publish(subject.to_owned(), payload.into()).await {
                tracing::debug!(%error, "a message was not sent over NATS");
            }
        }
    }

    /// A message: who sent it, and what, or nothing: the log has grown.
    fn take_in(&self, payload: &[u8], look: &impl Fn()) {
        let Some((from, message)) = payload.split_first_chunk::<SENDER_LENGTH>() else { return };
        let from = u64::from_be_bytes(*from);
        if from == self.boot || message.len() > Bus::MESSAGE_MAX {
            return;
        }
        if message.is_empty() {
            look();
        } else {
            // There may be no subscriber.
            let _ = self.received.send(BusMessage { from, bytes: message.into() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_shown_without_secrets_and_encrypted_unless_local() {
        let parse = |url: &str| url.parse::<BusUrl>().map(|url| format!("{url} {url:?}"));
        let shown = parse("nats://mt:secr%40et@127.0.0.1").unwrap();
        assert_eq!(shown, "nats://127.0.0.1:4222 nats://127.0.0.1:4222");
        let url: BusUrl = "tls://mt:secr%40et@nats.example.org:5222?sslrootcert=/etc/ca.pem".parse().unwrap();
        assert_eq!(url.password.as_deref(), Some("secr@et"));
        assert_eq!(url.to_string(), "tls://nats.example.org:5222");
        assert_eq!(parse("nats://token@[::1]:1").unwrap(), "nats://[::1]:1 nats://[::1]:1");
        assert!(parse("nats://nats.example.org").unwrap_err().contains("tls://"));
        assert!(parse("nats://nats.example.org?sslmode=disable").is_ok());
        assert!(parse("tls://nats.example.org?sslmode=disable").unwrap_err().contains("not known"));
        for wrong in ["redis://host", "nats.example.org", "nats://", "ws://host", "nats://host:99999", ""] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }
}
