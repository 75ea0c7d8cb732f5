//! The native protocol: frames of protobuf over TLS, or in clear over the operator socket and within the process.
//!
//! One task per connection. `connection` moves frames and knows no service; `requests` runs each request through the
//! pipeline; `dispatch` names the handler of each request, and the handlers turn messages into one call of the service
//! each and know no bytes.

mod accounts;
mod admin;
mod call;
mod config;
mod connection;
mod context;
mod conversations;
mod dispatch;
mod events;
mod gateway;
mod home;
mod listen;
mod live;
mod nodes;
mod people;
mod requests;
mod scheduler;
#[cfg(test)]
mod tests;
mod tweets;

pub use self::config::{NativeConfig, NativeTimeouts, REQUESTS_IN_FLIGHT_MAX};
pub use self::gateway::NativeGateway;
pub use self::listen::{serve_in_process, serve_tcp, serve_unix};
