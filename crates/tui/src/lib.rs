//! The terminal client: what it shows and what keys do, for any byte stream and any server.
//!
//! Messages come in, [`update`](update::update) changes the [`State`](state::State) and says what is wanted outside,
//! [`draw`](view::draw) makes a screen from the state alone. Nothing in here but [`run`] knows a clock, a network or
//! a terminal.

pub mod act;
pub mod commands;
pub mod decode;
pub mod editor;
pub mod form;
pub mod grid;
pub mod key;
pub mod keymap;
pub mod known;
pub mod list;
pub mod look;
pub mod measure;
pub mod message;
pub mod page;
pub mod paint;
pub mod place;
pub mod plain;
pub mod prompt;
pub mod rows;
pub mod run;
pub mod settings;
pub mod shelf;
pub mod state;
pub mod update;
pub mod view;
pub mod writing;
