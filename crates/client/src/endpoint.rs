//! Addresses of servers: host and port, or a unix socket.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use protocol::DEFAULT_PORT;

/// Most addresses of one endpoint, and the length of its text if it has several: it is part of file names.
const ADDRESSES_MAX: usize = 16;
const TEXT_BYTES_MAX: usize = 200;

/// Where a server is, or the servers of one network.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// TCP, with TLS unless [`Options::insecure`](crate::Options::insecure) is set. Each address is that of a server of the
    /// same network: all of them have the same key and the same sessions. There is at least one.
    Tcp(Vec<Address>),
    /// The operator socket of a server: no TLS, and the caller is the operator.
    Unix(PathBuf),
    /// A server in this process: [`Options::within`](crate::Options::within).
    Within,
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    /// Host name or IP address, without brackets. A name can stand for several servers.
    pub host: String,
    /// Port number.
    pub port: u16,
}

/// The text is not an address of a server.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// It has none of the forms.
    #[error(
        "{0:?} is not a server address; use host, host:port or unix:/path/of/socket, or several hosts separated by commas"
    )]
    Invalid(String),
    /// More addresses than a client tries.
    #[error(
        "a network can have at most {ADDRESSES_MAX} addresses of {TEXT_BYTES_MAX} characters in all; use a host name that stands for all of them"
    )]
    TooMany,
}

impl Endpoint {
    /// Parses `host`, `host:port`, `[ipv6]:port`, several of these separated by commas, or `unix:/path`. The default port
    /// is 4280.
    ///
    /// # Errors
    /// [`EndpointError`] if it is none of these.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        if let Some(path) = text.strip_prefix("unix:") {
            return if path.is_empty() {
                Err(EndpointError::Invalid(text.to_owned()))
            } else {
                Ok(Self::Unix(path.into()))
            };
        }
        let mut addresses = Vec::new();
        for part in text.split(',') {
            let address = Address::parse(part.trim())?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        let (count, endpoint) = (addresses.len(), Self::Tcp(addresses));
        if count > ADDRESSES_MAX || (count > 1 && endpoint.to_string().len() > TEXT_BYTES_MAX) {
            return Err(EndpointError::TooMany);
        }
        Ok(endpoint)
    }

    /// Its addresses; none unless it is reached by TCP.
    #[must_use]
    pub fn addresses(&self) -> &[Address] {
        match self {
            Self::Tcp(addresses) => addresses,
            Self::Unix(_) | Self::Within => &[],
        }
    }

    /// Whether both name the same network: they are equal or have an address in common.
    #[must_use]
    pub fn is_same_network(&self, other: &Self) -> bool {
        self == other || self.addresses().iter().any(|address| other.addresses().contains(address))
    }
}

impl Address {
    fn parse(text: &str) -> Result<Self, EndpointError> {
        let wrong = || EndpointError::Invalid(text.to_owned());
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
        Ok(Self { host: host.to_ascii_lowercase(), port })
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
            Self::Tcp(addresses) => {
                for (index, address) in addresses.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{address}")?;
                }
                Ok(())
            }
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Within => f.write_str("the server"),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') { write!(f, "[{host}]:{port}") } else { write!(f, "{host}:{port}") }
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
            ("a.org, B.org:7,[::1]:9,a.org:4280", "a.org:4280,b.org:7,[::1]:9"),
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
            assert_eq!(Endpoint::parse(text), Err(EndpointError::Invalid(text.to_owned())));
        }
        for (text, wrong) in [("a,", ""), ("a,,b", ""), ("a,unix:/x", "unix:/x"), ("a,b c", "b c")] {
            assert_eq!(Endpoint::parse(text), Err(EndpointError::Invalid(wrong.to_owned())));
        }
        let many: Vec<_> = (0..17).map(|n| format!("h{n}")).collect();
        assert!(Endpoint::parse(&many[..16].join(",")).is_ok());
        assert_eq!(Endpoint::parse(&many.join(",")), Err(EndpointError::TooMany));
        let long = "x".repeat(190);
        assert!(Endpoint::parse(&long).is_ok());
        assert_eq!(Endpoint::parse(&format!("{long},b")), Err(EndpointError::TooMany));
    }

    #[test]
    fn a_network_is_known_by_any_of_its_addresses() {
        let all = Endpoint::parse("a,b,c").unwrap();
        for (text, is_same) in [("b", true), ("c,d", true), ("d", false), ("b:1", false), ("unix:/a", false)]
        {
            assert_eq!(all.is_same_network(&Endpoint::parse(text).unwrap()), is_same, "{text}");
        }
    }
}
