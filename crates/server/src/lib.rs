//! The server of Mini-Tweet.
//!
//! Calls go down and events come up: gateway → service → {store, live}; the store tells of every commit with
//! one type of event, in commit order. No gateway knows another, no room calls up.

pub mod live;
pub mod seam;
pub mod service;
pub mod store;
