//! Which addresses count as one when attempts and connections are limited.

use std::net::{IpAddr, Ipv6Addr};

/// The network of an address: an IPv6 network of 64 bits usually belongs to one customer and counts as one address; an
/// IPv4 address counts as itself, also when it is mapped into IPv6.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_address() {
        let network = |a: &str| network_of(a.parse().unwrap());
        assert_eq!(network("2001:db8::1"), network("2001:db8::ffff"));
        assert_ne!(network("2001:db8::1"), network("2001:db8:0:1::1"));
        assert_eq!(network("::ffff:127.0.0.1"), network("127.0.0.1"));
    }
}
