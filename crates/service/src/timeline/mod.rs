//! Home timelines in memory: which tweets are in the home timelines that are read now, and those tweets with their
//! authors, each read and encoded once. Every commit updates them before it is acknowledged, so that a reader who has
//! seen the acknowledgement sees the change.
//!
//! A cache, never the truth: what is missing here is read from the store, and everything here can be dropped at any
//! time. `timelines` is the entry, `state` what is cached, `home` one home timeline, `page` a page of it.

mod cache;
mod home;
mod page;
mod page_cache;
mod state;
#[cfg(test)]
mod tests;
mod timelines;
mod update;
mod window;

pub use cache::{CachedAccount, CachedTweet, HomePage, HomeParent, HomeTweet};
pub use timelines::{Limits, Timelines};
