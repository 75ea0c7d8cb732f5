//! The terminal client: what it shows and what keys do, for any byte stream and any server.
//!
//! Messages come in, [`update`](update::update) changes the [`State`](state::State) and says what is wanted outside,
//! [`draw`](view::draw) makes a screen from the state alone. Nothing in here but [`run`] knows a clock, a network or
//! a terminal.

pub mod commands;
pub mod composer;
pub mod entities;
pub mod form;
pub mod keymap;
pub mod local_store;
pub mod message;
pub mod page;
pub mod plain;
pub mod prompt;
pub mod route;
pub mod rows;
pub mod run;
pub mod settings;
pub mod state;
pub mod update;
pub mod user_action;
pub mod view;
