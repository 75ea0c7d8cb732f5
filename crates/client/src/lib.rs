//! Everything that a client of Mini-Tweet needs but a face: connect and pin, log in, ask, and follow live events
//! over lost connections with nothing missing and nothing twice.
//!
//! A [`Client`] is a handle; behind it one task owns the connection. It draws nothing, prints nothing and asks
//! nobody anything.

mod ask;
mod client;
mod driver;
mod endpoint;
mod error;
mod home;
mod known_hosts;
mod link;
mod profiles;
mod random;
mod token;

pub use ask::Ask;
pub use client::{Client, Dial, Options, State, Subscription, Update, new_key};
pub use endpoint::{Endpoint, EndpointError};
pub use error::ClientError;
pub use home::Home;
pub use profiles::{Profile, Profiles};
#[cfg(feature = "seeded")]
pub use random::seed as seed_randomness;
pub use token::Token;
