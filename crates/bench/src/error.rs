//! The error type of the whole program.

/// An error with a text for the developer; the tool does not distinguish kinds of errors.
pub(crate) type Error = Box<dyn std::error::Error + Send + Sync>;
