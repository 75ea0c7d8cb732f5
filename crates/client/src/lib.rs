//! The client library of Mini-Tweet: connections with pinned keys, sessions, requests, and live events across lost
//! connections, without gaps and without duplicates. It has no user interface and never prints or prompts.
//!
//! [`Client`] is a cheap handle; one task per client owns the connection. See [`Client`] for an example. [`Profiles`]
//! keeps the sessions of a user's accounts in a file. Requests and responses are the messages of the protocol
//! (`mini-tweet-protocol`, module `v1`); [`Ask`] connects each request with its response.

mod ask;
mod backoff;
mod client;
mod clock;
mod command;
mod driver;
mod endpoint;
mod error;
pub mod files;
mod home;
mod known_hosts;
mod link;
mod options;
mod pending;
mod profiles;
mod pulse;
mod random;
mod route;
mod state;
mod token;

pub use ask::Ask;
pub use client::{Client, Subscription, new_key};
pub use endpoint::{Address, Endpoint, EndpointError};
pub use error::ClientError;
pub use home::Home;
pub use known_hosts::ServerKey;
pub use options::{Dial, FirstContact, Options};
pub use profiles::{Profile, Profiles};
#[cfg(feature = "seeded")]
pub use random::seed as seed_randomness;
pub use state::{State, Update};
pub use token::Token;
