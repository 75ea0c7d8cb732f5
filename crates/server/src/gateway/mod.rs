//! The doors of the server: bytes become requests, requests become calls of the service, events become pushes.
//!
//! A gateway decodes, bounds and counts. It decides nothing: who may do what is the service's business.

pub mod limits;
pub mod native;
