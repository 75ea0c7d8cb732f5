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
mod notifications;
mod notify;
mod other_accounts;
mod outbox;
mod own_messages;
mod pages;
mod parents;
mod people;
mod preferences;
mod preview;
mod prompts;
mod quit;
mod read_only;
mod refresh;
mod responses;
mod row_commands;
mod sections;
mod server_info;
mod session;
mod tabs;
mod timers;
mod tweet_refresh;
mod unread;
mod user_actions;

pub(crate) use drafts::has_begun;
pub use effects::Effects;
pub use quit::{Unsent, finish};
pub use timers::deadline;

use crate::commands::Action;
use crate::message::{Effect, Message, Purpose};
use crate::route::{LogList, PageSelector, Route};
use crate::state::{Link, Setup, State};
use crate::view::layout::{fits, hides_only_heads, is_at_top};

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
    let logged = state.log.next_number();
    if is_by_user(&message) {
        state.live.tweets.note_use();
    }
    let mut effects = match message {
        Message::Input(event) => input::input(state, event),
        Message::Resized(size) => {
            let was_at_top = state.screen().is_some_and(|screen| is_at_top(state, screen));
            state.terminal.size = size;
            let shows_top = |screen| fits(state, screen) || (was_at_top && hides_only_heads(state, screen));
            if state.screen().is_some_and(shows_top) {
                state.screen_mut().list.show_top();
            }
            Effects::new()
        }
        Message::Command(action, argument) => commands::perform(state, action, &argument),
        Message::Turn(action, on, argument) => commands::turn(state, action, on, &argument),
        Message::Select(number) => {
            let row = state.screen().and_then(|screen| screen.list.rows().get(number).cloned());
            state.screen_mut().list.select(|other| Some(other) == row.as_ref());
            lists::fill_ahead(state)
        }
        Message::More => lists::fill_more(state),
        Message::Choose(index) => {
            if let Some(prompt) = &mut state.prompt {
                prompt.choice = index;
            }
            commands::perform(state, Action::Accept, "")
        }
        Message::Answer(text) => forms::answer(state, &text),
        Message::Write(text) => compose::write_here(state, &text),
        Message::Draft(text) => compose::rewrite(state, &text),
        Message::Woke => Effects::new(),
        Message::Connected(connected) => session::connected(state, *connected),
        Message::Unreachable(error) => session::unreachable(state, &error),
        Message::Link(link) => {
            let effects = session::link(state, link);
            // Its headings say what the texts wait for.
            state.refresh(&Route::Drafts);
            effects
        }
        Message::Answered(purpose, result) => responses::answered(state, purpose, result),
        Message::Following(topic) => lists::following(state, topic),
        Message::Live(topic, update) => live::live(state, &topic, update),
        Message::Edited(result) => compose::edited(state, result),
        Message::Failed(text) => session::failed(state, text),
        Message::Recalled(purpose, page) => {
            responses::show_cached(state, &purpose, *page);
            Effects::new()
        }
        Message::RoundTrip(time) => {
            (state.connection.round_trip, state.connection.tested_at) = (time, Some(now));
            state.refresh(&Route::Doctor);
            Effects::new()
        }
        Message::Accounts(names) => other_accounts::listed(state, names),
        Message::UnreadElsewhere(name, unread) => other_accounts::answered(state, &name, unread),
    };
    effects.extend(timers::on_time(state));
    if state.log.next_number() != logged {
        LogList::ALL.iter().for_each(|(list, _)| state.refresh(&Route::Log(*list)));
    }
    unread::note_seen(state);
    notifications::watch(state);
    effects.extend(parents::ask_for_visible(state));
    effects.extend(preview::ask_about_selected(state));
    effects.extend(tweet_refresh::ask_for_shown(state));
    let is_connected = state.connection.link == Link::Live;
    effects.extend(user_actions::save_waiting(state, is_connected));
    read_only::keep_reads(state, &mut effects);
    effects
}

/// Whether someone uses the client.
fn is_by_user(message: &Message) -> bool {
    matches!(
        message,
        Message::Input(_)
            | Message::Command(..)
            | Message::Turn(..)
            | Message::Select(_)
            | Message::More
            | Message::Choose(_)
            | Message::Answer(_)
            | Message::Write(_)
            | Message::Draft(_)
    )
}
