//! The header in which a load balancer says whose connection it is.

use std::net::IpAddr;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use gateway::proxy::read_header;

/// Bytes before the length of the rest and of it.
const PREFIX_BYTES: usize = 16;

/// A header is what its length says, and what follows changes nothing and is left.
pub(crate) fn proxy_header(data: &[u8]) {
    let (read, taken) = read(data);
    let (again, taken_again) = read_with(data, b"SSH-2.0-x");
    let Ok(client) = read else { return };
    let length = data
        .get(14..PREFIX_BYTES)
        .map_or(0, |bytes| bytes.iter().fold(0, |sum, b| sum * 256 + usize::from(*b)));
    assert_eq!(taken, PREFIX_BYTES + length, "a header is as long as it says");
    assert_eq!((again, taken_again), (Ok(client), taken), "what follows a header changes it");
    assert_eq!(client.map(|client| client.to_canonical()), client, "an address has one form");
}

fn read_with(data: &[u8], more: &[u8]) -> (Result<Option<IpAddr>, String>, usize) {
    read(&[data, more].concat())
}

/// The result, and the number of bytes that were read.
fn read(data: &[u8]) -> (Result<Option<IpAddr>, String>, usize) {
    let mut left = data;
    let result = match pin!(read_header(&mut left)).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => result.map_err(|error| error.to_string()),
        Poll::Pending => panic!("a header in memory is there at once"),
    };
    (result, data.len() - left.len())
}
