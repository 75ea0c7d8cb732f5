//! The terminal client, for any byte stream and any server.
//!
//! [`update`](update::update) handles a message: it changes the [`State`](state::State) and returns side effects.
//! [`draw`](view::draw) makes a screen from the state. Only [`run`] and [`plain`] know clock, network and terminal.
//!
//! The order of modules, each knowing only those before it: data (`route`, `message`, `commands`, `state` and others),
//! `rows` and `choices`, `view` (draws; `view::layout` measures), `update`, `screen` (frames), `run`,
//! `plain`.

mod alerts;
mod availability;
mod budget;
mod choices;
pub mod commands;
pub mod composer;
mod doctor;
pub mod entities;
pub mod form;
pub mod keymap;
pub mod local_store;
pub mod message;
pub mod page;
pub mod plain;
pub mod prompt;
pub mod route;
pub mod row;
pub mod rows;
pub mod run;
mod screen;
pub mod settings;
pub mod state;
pub mod update;
pub mod user_action;
pub mod view;
mod wording;
