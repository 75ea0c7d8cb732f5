//! What each message changes in the state, and which side effects it has. Pure: no clock, no terminal, no network.
//!
//! `input` and `commands` are at the top, the modules of the subjects below them, `effects` and `lists` at the bottom.

mod actions;
mod chat;
mod clipboard;
mod commands;
mod completion;
mod compose;
mod drafts;
mod effects;
mod forms;
mod input;
mod learn;
mod lists;
mod live;
mod merge;
mod movement;
mod navigation;
mod notify;
mod preferences;
mod prompts;
mod quit;
mod read_only;
mod refresh;
mod responses;
mod session;
mod tabs;
mod timers;
mod unread;
mod user_actions;

pub use effects::Effects;
pub use quit::finish;
pub use timers::deadline;

use crate::message::{Effect, Message, Purpose};
use crate::prompt::PromptKind;
use crate::route::{PageSelector, Route};
use crate::state::{Setup, State};

/// The state at the start, with what was saved, and the first side effects. There is no connection yet.
#[must_use]
pub fn start(mut setup: Setup) -> (State, Effects) {
    let home = setup.home.take();
    let mut state = State::new(setup);
    if let Some(page) = home {
        responses::show_cached(&mut state, &Purpose::Fill(Route::Home, PageSelector::Newest), page);
    }
    let route = state.route().clone();
    let mut effects = navigation::arrive(&mut state, &route);
    if state.session.username.is_none() {
        prompts::open_first(&mut state);
    }
    effects.retain(|effect| !matches!(effect, Effect::Ask(..)));
    (state, effects)
}

/// Handles a message.
pub fn update(state: &mut State, now: i64, message: Message) -> Effects {
    state.now = now;
    let mut effects = match message {
        Message::Input(event) => input::input(state, event),
        Message::Resized(size) => {
            state.terminal.size = size;
            Effects::new()
        }
        Message::Command(action, argument) => commands::perform(state, action, &argument),
        Message::Select(number) => {
            let row = state.screen().and_then(|screen| screen.list.rows().get(number).cloned());
            state.screen_mut().list.select(|other| Some(other) == row.as_ref());
            lists::fill_ahead(state)
        }
        Message::Woke => Effects::new(),
        Message::Connected(connected) => session::connected(state, *connected),
        Message::Unreachable(error) => session::unreachable(state, &error),
        Message::Link(link) => session::link(state, link),
        Message::Answered(purpose, result) => responses::answered(state, purpose, result),
        Message::Following(topic) => lists::following(state, topic),
        Message::Live(topic, update) => live::live(state, &topic, update),
        Message::Edited(result) => compose::edited(state, result),
        Message::Failed(text) => {
            state.complain(text);
            Effects::new()
        }
        Message::Recalled(purpose, page) => {
            responses::show_cached(state, &purpose, *page);
            Effects::new()
        }
        Message::Accounts(names) => prompts::open(state, PromptKind::Accounts(names)),
    };
    effects.extend(timers::on_time(state));
    unread::note_seen(state);
    read_only::keep_reads(state, &mut effects);
    effects
}
