//! The PROXY protocol, version 2: a load balancer says at the beginning of a connection whose it is. Only balancers in
//! networks that the operator trusts are asked for it; from everyone else these bytes are an error of the protocol that
//! follows.
//!
//! Specification: <https://www.haproxy.org/download/3.0/doc/proxy-protocol.txt>

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::log_limit::LogLimit;

const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";
/// Bytes before the addresses.
const PREFIX_BYTES: usize = 16;
/// Bytes after them: addresses, and what else the balancer says, which is ignored.
const REST_BYTES_MAX: usize = 1_024;
/// For the whole header.
const WITHIN: Duration = Duration::from_secs(5);

static WRONG: LogLimit = LogLimit::new();

/// A socket for clients, and the networks of the balancers in front of it.
#[derive(Debug)]
pub struct PublicListener {
    pub(crate) socket: TcpListener,
    pub(crate) balancers: Arc<[IpNet]>,
}

impl PublicListener {
    /// Every connection from one of these networks has to begin with a header.
    #[must_use]
    pub fn behind(socket: TcpListener, balancers: &[IpNet]) -> Self {
        Self { socket, balancers: balancers.into() }
    }
}

/// Without balancers.
impl From<TcpListener> for PublicListener {
    fn from(socket: TcpListener) -> Self {
        Self::behind(socket, &[])
    }
}

/// Why a header is refused.
#[derive(Debug, thiserror::Error)]
pub enum ProxyHeaderError {
    /// The connection ended or failed.
    #[error("the connection failed: {0}")]
    Connection(#[from] io::Error),
    /// It did not arrive in time.
    #[error("no whole header in time")]
    TimedOut,
    /// It does not begin as one.
    #[error("this is no header of version 2")]
    NoHeader,
    /// Its length is above the limit, or does not fit the addresses.
    #[error("wrong length")]
    Length,
    /// It has an unknown command.
    #[error("unknown command")]
    Command,
}

/// The address of the client: that of the peer, or what a trusted balancer says. `None` if a balancer sends no valid header;
/// then the connection has to be closed. `protocol` is for the log.
pub(crate) async fn client_address<S: AsyncRead + Unpin>(
    stream: &mut S,
    peer: IpAddr,
    balancers: &[IpNet],
    protocol: &str,
) -> Option<IpAddr> {
    let peer = peer.to_canonical();
    if !balancers.iter().any(|network| network.contains(&peer)) {
        return Some(peer);
    }
    let read = timeout(WITHIN, read_header(stream)).await;
    match read.unwrap_or(Err(ProxyHeaderError::TimedOut)) {
        Ok(client) => Some(client.unwrap_or(peer)),
        Err(error) => {
            if let Some(left_out) = WRONG.admit() {
                tracing::warn!(balancer = %peer, %error, protocol, left_out, "PROXY header refused; connection closed");
            }
            None
        }
    }
}

/// Reads a header, and not a byte of what follows. Returns the address of the client; `None` if the balancer speaks for
/// itself, as for a health check, or if the client has no IP address.
///
/// # Errors
/// [`ProxyHeaderError`]; then the connection cannot be used.
pub async fn read_header<S: AsyncRead + Unpin>(stream: &mut S) -> Result<Option<IpAddr>, ProxyHeaderError> {
    let mut prefix = [0; PREFIX_BYTES];
    stream.read_exact(&mut prefix).await?;
    let [signature @ .., version_and_command, family, high, low] = prefix;
    if signature != SIGNATURE || version_and_command >> 4 != 2 {
        return Err(ProxyHeaderError::NoHeader);
    }
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > REST_BYTES_MAX {
        return Err(ProxyHeaderError::Length);
    }
    let mut rest = [0; REST_BYTES_MAX];
    let rest = rest.get_mut(..length).ok_or(ProxyHeaderError::Length)?;
    stream.read_exact(rest).await?;
    match version_and_command & 0xf {
        0 => Ok(None),
        1 => source(family >> 4, rest),
        _ => Err(ProxyHeaderError::Command),
    }
}

/// The address of the source, which is the first in the header.
fn source(family: u8, addresses: &[u8]) -> Result<Option<IpAddr>, ProxyHeaderError> {
    /// Two addresses and two ports.
    const IPV4_BYTES: usize = 12;
    const IPV6_BYTES: usize = 36;
    let has = |bytes: usize| if addresses.len() < bytes { Err(ProxyHeaderError::Length) } else { Ok(()) };
    match family {
        1 => {
            has(IPV4_BYTES)?;
            let octets = addresses.first_chunk::<4>().ok_or(ProxyHeaderError::Length)?;
            Ok(Some(Ipv4Addr::from(*octets).into()))
        }
        2 => {
            has(IPV6_BYTES)?;
            let octets = addresses.first_chunk::<16>().ok_or(ProxyHeaderError::Length)?;
            Ok(Some(IpAddr::from(Ipv6Addr::from(*octets)).to_canonical()))
        }
        // A unix socket, or not known.
        _ => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
        let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
        [&SIGNATURE[..], &[command, family], &length, rest].concat()
    }

    fn ipv4() -> Vec<u8> {
        header(0x21, 0x11, &[203, 0, 113, 7, 10, 0, 0, 1, 0xc0, 0, 0x10, 0xb8])
    }

    async fn read(bytes: &[u8]) -> (Result<Option<IpAddr>, ProxyHeaderError>, usize) {
        let mut left = bytes;
        let read = read_header(&mut left).await;
        (read, left.len())
    }

    #[tokio::test]
    async fn the_source_is_the_client_and_what_follows_is_left() {
        let mut ipv6 = vec![0; 36];
        ipv6[..16].copy_from_slice(&"2001:db8::7".parse::<Ipv6Addr>().unwrap().octets());
        let mut mapped = vec![0; 36];
        mapped[..16].copy_from_slice(&"::ffff:203.0.113.7".parse::<Ipv6Addr>().unwrap().octets());
        let with_more = [&ipv4()[16..], &[4, 0, 2, 0, 0]].concat();
        for (header, client) in [
            (ipv4(), Some("203.0.113.7")),
            (header(0x21, 0x11, &with_more), Some("203.0.113.7")),
            (header(0x21, 0x21, &ipv6), Some("2001:db8::7")),
            (header(0x21, 0x21, &mapped), Some("203.0.113.7")),
            // The balancer itself, clients of a unix socket and unknown ones.
            (header(0x20, 0x11, &ipv4()[16..]), None),
            (header(0x20, 0, &[]), None),
            (header(0x21, 0x31, &[0; 216]), None),
            (header(0x21, 0, &[1, 2, 3]), None),
        ] {
            let (read, left) = read(&[&header[..], b"SSH-2.0-x"].concat()).await;
            assert_eq!(read.unwrap(), client.map(|client| client.parse().unwrap()));
            assert_eq!(left, 9);
        }
    }

    #[tokio::test]
    async fn anything_else_is_refused() {
        let whole = ipv4();
        for end in 0..whole.len() {
            assert!(matches!(read(&whole[..end]).await.0, Err(ProxyHeaderError::Connection(_))), "{end}");
        }
        let mut first = whole.clone();
        first[0] = b' ';
        assert!(matches!(read(&first).await.0, Err(ProxyHeaderError::NoHeader)));
        let text = b"PROXY TCP4 203.0.113.7 10.0.0.1 1 2\r\n";
        assert!(matches!(read(text).await.0, Err(ProxyHeaderError::NoHeader)));
        for (command, family, rest, wanted) in [
            (0x11, 0x11, 12, "this is no header of version 2"),
            (0x22, 0x11, 12, "unknown command"),
            (0x21, 0x11, 11, "wrong length"),
            (0x21, 0x21, 35, "wrong length"),
            (0x21, 0x11, 1_025, "wrong length"),
        ] {
            let refused = read(&header(command, family, &vec![0; rest])).await.0.unwrap_err();
            assert_eq!(refused.to_string(), wanted);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn only_a_trusted_balancer_is_asked_and_not_for_long() {
        let balancers: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        for (peer, client) in [
            ("10.1.2.3", "203.0.113.7"),
            ("::ffff:10.1.2.3", "203.0.113.7"),
            ("2001:db8::1", "203.0.113.7"),
            ("11.1.2.3", "11.1.2.3"),
            ("::1", "::1"),
        ] {
            let bytes = ipv4();
            let mut left = &bytes[..];
            let found = client_address(&mut left, address(peer), &balancers, "native").await;
            assert_eq!(found, Some(address(client)), "{peer}");
            assert_eq!(left.is_empty(), client != peer, "nothing is read from others");
        }
        let (mut near, _far) = tokio::io::duplex(64);
        let found = client_address(&mut near, address("10.1.2.3"), &balancers, "native").await;
        assert_eq!(found, None, "it says nothing");
    }
}
