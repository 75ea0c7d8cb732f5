//! A small terminal library: a grid of cells, painting it, decoding input, text width, a text editor, and a list that
//! keeps the selected row in place.
//!
//! It knows nothing of files, networks, clocks or the application. Of the model it uses [`model::SafeText`] only, so
//! that no control character can get into a cell.

pub mod charset;
pub mod decode;
pub mod editor;
pub mod grid;
pub mod key;
pub mod layout;
pub mod list;
pub mod measure;
pub mod paint;
mod paste;
pub mod style;
