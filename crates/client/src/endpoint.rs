//! Addresses of servers: host and port, or a unix socket.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use protocol::DEFAULT_PORT;

/// Address of a server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// TCP, with TLS unless [`Options::insecure`](crate::Options::insecure) is set.
    Tcp {
        /// Host name or IP address, without brackets.
        host: String,
        /// Port number.
        port: u16,
    },
    /// The operator socket of a server: no TLS, and the caller is the operator.
    Unix(PathBuf),
    /// A server in this process: [`Options::within`](crate::Options::within).
    Within,
}

/// The text is not an address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a server address; use host, host:port or unix:/path/of/socket")]
pub struct EndpointError(String);

impl Endpoint {
    /// Parses `host`, `host:port`, `[ipv6]:port` or `unix:/path`. The default port is 4280.
    ///
    /// # Errors
    /// [`EndpointError`] if it is none of these.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let wrong = || EndpointError(text.to_owned());
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() { Err(wrong()) } else { Ok(Self::Unix(path.into())) };
        }
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (host, port) = rest.split_once(']').ok_or_else(wrong)?;
            (host, if port.is_empty() { None } else { Some(port.strip_prefix(':').ok_or_else(wrong)?) })
        } else if text.matches(':').count() > 1 {
            (text, None)
        } else {
            text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)))
        };
        let acceptable = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
        if host.is_empty() || !host.chars().all(acceptable) {
            return Err(wrong());
        }
        let port = port.map_or(Ok(DEFAULT_PORT), str::parse).map_err(|_| wrong())?;
        Ok(Self::Tcp { host: host.to_ascii_lowercase(), port })
    }
}

impl FromStr for Endpoint {
    type Err = EndpointError;

    fn from_str(text: &str) -> Result<Self, EndpointError> {
        Self::parse(text)
    }
}

/// The form that [`Endpoint::parse`] reads, always with the port; [`Endpoint::Within`] has no such form.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp { host, port } => write!(f, "{host}:{port}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Within => f.write_str("the server"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_to_write_an_address() {
        for (text, shown) in [
            ("example.org", "example.org:4280"),
            ("Example.org:99", "example.org:99"),
            ("127.0.0.1", "127.0.0.1:4280"),
            ("::1", "[::1]:4280"),
            ("[::1]", "[::1]:4280"),
            ("[::1]:7", "[::1]:7"),
            ("unix:/run/x.sock", "unix:/run/x.sock"),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!(endpoint.to_string(), shown);
            assert_eq!(Endpoint::parse(shown).unwrap(), endpoint);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in
            ["", ":4280", "host:", "host:0x1", "host:70000", "a b", "[::1", "[::1]7", "unix:", "a\n:1"]
        {
            assert_eq!(Endpoint::parse(text), Err(EndpointError(text.to_owned())));
        }
    }
}
