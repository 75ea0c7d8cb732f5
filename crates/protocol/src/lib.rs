//! The native protocol: messages generated from `proto/`, the frame codec, TLS identity and pinning.
//!
//! Shared by server and client. It knows neither how a request is carried out nor who makes it.

pub mod connection;
pub mod convert;
pub mod frame;
mod operation;
pub mod tls;
mod wide_enums;

/// Messages of version 1, generated from `proto/mini_tweet/v1`; their comments are the specification.
#[allow(missing_docs, unreachable_pub, clippy::all, clippy::pedantic, rustdoc::all)]
pub mod v1 {
    include!(concat!(env!("OUT_DIR"), "/mini_tweet.v1.rs"));
}

/// Version of the protocol, in both hellos.
pub const PROTOCOL_VERSION: u32 = 1;

/// TCP port of a server that is configured without one.
pub const DEFAULT_PORT: u16 = 4280;
