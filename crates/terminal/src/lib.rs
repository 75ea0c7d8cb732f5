//! Terminals: cells and how they are painted, bytes decoded into keys, widths of text, an editor for text, and a list that
//! keeps the line that is read in its place.
//!
//! Nothing in here knows a file, a network, a clock or Mini-Tweet itself; only [`model::SafeText`] gets into a cell.

pub mod decode;
pub mod editor;
pub mod grid;
pub mod key;
pub mod list;
pub mod measure;
pub mod paint;
pub mod style;
