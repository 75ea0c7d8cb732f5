//! Who may do and see what, what each list leaves out, and how a page is assembled: decided here and nowhere else.
//!
//! Everything is a pure function of facts that the caller has read: no store, no clock, no locks. Where SQL filters
//! for speed, `sql_tests.rs` proves it equal to these rules.

mod access;
mod caller;
mod page;
mod relationships;
#[cfg(test)]
mod sql_tests;
mod visibility;

pub use access::{authorise, check_may_overrule, check_not_own, member};
pub use caller::Caller;
pub use page::{
    CANDIDATES_MAX, Lookup, PageBuilder, PageEntry, PageOf, RETWEETS_ONCE_WITHIN, Rows, Walk, page_of_one,
};
pub use relationships::Relationships;
pub use visibility::{
    Original, TweetFacts, TweetList, check_account_visible, check_shareable, default_visibility,
    is_conversation_listed, is_listed, is_notification_shown, is_visible,
};
