//! The native protocol: messages generated from `proto/`, the frame codec, TLS identity and pinning.
//!
//! Server and client share it. It knows nothing of how a request is carried out, or of who asks.

pub mod connection;
pub mod convert;
pub mod frame;
mod operation;
pub mod tls;

/// Messages of version 1, generated from `proto/mini_tweet/v1`; their comments are the specification.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, rustdoc::all)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/mini_tweet.v1.rs"));
}

/// Version of the protocol that both hellos carry.
pub const PROTOCOL_VERSION: u32 = 1;

/// Where a server listens when nothing is said.
pub const DEFAULT_PORT: u16 = 4280;
