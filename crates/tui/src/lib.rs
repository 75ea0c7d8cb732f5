//! The terminal client, for any byte stream and any server.
//!
//! [`update`](update::update) handles a message: it changes the [`State`](state::State) and returns side effects.
//! [`draw`](view::draw) makes a screen from the state. Only [`run`] and [`plain`] know clock, network and terminal.
//!
//! The order of modules, each knowing only those before it: data (`route`, `message`, `commands`, `state` and others),
//! `rows` and `choices`, `view` (draws; `view::layout` measures), `update`, `screen` (frames), `run`,
//! `plain`.

mod about;
mod alerts;
mod as_text;
mod availability;
mod budget;
mod chat_line;
mod chats;
mod choice;
mod choices;
pub mod commands;
pub mod composer;
mod confirmation;
mod connecting;
mod connection;
mod doctor;
mod elsewhere;
mod empty;
pub mod entities;
pub mod form;
mod freshness;
mod host;
pub mod keymap;
pub mod local_store;
pub mod log;
pub mod message;
mod news;
pub mod page;
mod palette;
pub mod pending;
pub mod people;
pub mod plain;
pub mod prompt;
pub mod question;
pub mod quiet;
pub mod route;
pub mod row;
pub mod rows;
pub mod run;
mod screen;
mod screen_state;
mod server_names;
pub mod settings;
mod setup;
mod signs;
pub mod split;
pub mod state;
pub mod thread;
mod tweet_index;
pub mod tweet_refresh;
pub mod undo;
pub mod update;
pub mod user_action;
pub mod view;
mod wording;

pub use self::wording::short_age;
