//! Keys, the mouse and pasted text: what they mean where they come in.

use super::{Effects, QUIT_MS, actions, compose, navigation, prompts};
use crate::commands::Action;
use crate::keymap::Meaning;
use crate::message::Effect;
use crate::prompt::choices;
use crate::state::State;
use crate::view::{self, Target};
use terminal::key::{Code, Event, Key, MouseAction, Report};

/// Rows that a notch of the wheel moves.
const WHEEL_LINES: i32 = 3;

pub(super) fn input(state: &mut State, event: Event) -> Effects {
    match event {
        Event::Key(key) => self::key(state, key),
        Event::Paste(text) => paste(state, &text),
        Event::Mouse(action, x, y) => mouse(state, action, x, y),
        Event::Focus(has) => {
            state.is_focused = has;
            super::live::tell_presence(state)
        }
        Event::Report(report) => {
            learn(state, &report);
            Effects::new()
        }
    }
}

fn learn(state: &mut State, report: &Report) {
    let can = &mut state.capabilities;
    match report {
        Report::Mode(2026, how) => can.synchronized = Some(*how != 0 && *how != 4),
        Report::Mode(2027, how) => can.clusters = Some(*how != 0 && *how != 4),
        Report::Mode(..) => {}
        Report::DarkBackground(dark) => can.is_dark = Some(*dark),
        Report::Done => can.has_answered = true,
    }
}

fn key(state: &mut State, key: Key) -> Effects {
    if key == Key::ctrl('c') && !matches!(state.keymap.meaning(&[key], &state.contexts()), Meaning::Prefix) {
        return ask_to_quit(state, "Ctrl-C");
    }
    let contexts = state.contexts();
    state.keys.push(key);
    match state.keymap.meaning(&state.keys, &contexts) {
        Meaning::Command(action) => {
            state.keys.clear();
            if let Some(effects) = special(state, action, key) {
                return effects;
            }
            actions::perform(state, action, "")
        }
        Meaning::Prefix => {
            if state.keys.len() == 1 {
                state.keys_since = state.now;
            }
            Effects::new()
        }
        Meaning::Nothing => {
            let keys = std::mem::take(&mut state.keys);
            if keys.len() > 1 {
                if key.code != Code::Esc {
                    state.say(format!("{} means nothing here; ? shows what does", terminal::key::Keys(keys)));
                }
                return Effects::new();
            }
            text_key(state, key)
        }
    }
}

/// Keys that mean something else while a completion or a chat is open.
fn special(state: &mut State, action: Action, key: Key) -> Option<Effects> {
    let composer = state.composer.as_mut()?;
    if state.prompt.is_some() || state.form.is_some() {
        return None;
    }
    if composer.completion.is_some() && action == Action::KeepDraft {
        composer.completion = None;
        return Some(Effects::new());
    }
    // In a chat Enter sends, so that the other Enter makes a line.
    let is_chat = matches!(composer.writing, crate::composer::Writing::Message(_));
    if is_chat && action == Action::Send && key == (Key { alt: true, ..Key::plain(Code::Enter) }) {
        composer.editor.insert("\n");
        return Some(compose::changed(state));
    }
    None
}

/// A key that is no command: it writes.
fn text_key(state: &mut State, key: Key) -> Effects {
    if let Some(form) = &mut state.form {
        if let Some(field) = form.field_mut() {
            field.editor.key(key, usize::MAX);
        }
        prompts::form_changed(state);
        return Effects::new();
    }
    if let Some(number) = hint(state, key) {
        if let Some(prompt) = &mut state.prompt {
            prompt.choice = number;
        }
        return prompts::accept(state);
    }
    if let Some(prompt) = &mut state.prompt {
        if prompt.editor.key(key, usize::MAX) {
            prompt.choice = 0;
        }
        return prompts::prompt_changed(state);
    }
    if state.composer.is_some() {
        return compose::key(state, key);
    }
    if key.typed().is_some() {
        state.say(format!("{key} means nothing here; ? shows what does"));
    }
    Effects::new()
}

/// The choice whose number was pressed, where choices are numbered and nothing is written yet.
fn hint(state: &State, key: Key) -> Option<usize> {
    let prompt = state.prompt.as_ref().filter(|prompt| prompt.has_hints() && prompt.editor.is_blank())?;
    let number = usize::try_from(key.typed()?.to_digit(10)?).ok()?.checked_sub(1)?;
    (number < choices(state, prompt).len()).then_some(number)
}

fn paste(state: &mut State, text: &str) -> Effects {
    if let Some(form) = &mut state.form {
        if let Some(field) = form.field_mut() {
            field.editor.insert(text.trim_end_matches('\n'));
        }
        prompts::form_changed(state);
        return Effects::new();
    }
    if let Some(prompt) = &mut state.prompt {
        prompt.editor.insert(text);
        return prompts::prompt_changed(state);
    }
    if let Some(composer) = &mut state.composer {
        composer.editor.insert(text);
        return compose::changed(state);
    }
    // Text is never a command; it is not lost either.
    let mut effects = actions::perform(state, Action::Compose, "");
    if let Some(composer) = &mut state.composer {
        composer.editor.insert(text);
        effects.extend(compose::changed(state));
    }
    effects
}

fn mouse(state: &mut State, action: MouseAction, x: u16, y: u16) -> Effects {
    if state.form.is_some() {
        return Effects::new();
    }
    let (height, width) = view::list_size(state);
    match (action, view::target(state, x, y)) {
        (MouseAction::WheelUp | MouseAction::WheelDown, _) => {
            let lines = if action == MouseAction::WheelUp { -WHEEL_LINES } else { WHEEL_LINES };
            if let Some(prompt) = &mut state.prompt {
                prompt.choice = prompt.choice.saturating_add_signed(if lines > 0 { 1 } else { -1 });
                return Effects::new();
            }
            with_list(state, |state, list| {
                list.scroll(lines, height, &|row| view::height(state, row, width));
            });
            navigation::fill_ahead(state)
        }
        (_, Target::Choice(place)) => {
            if let Some(prompt) = &mut state.prompt {
                prompt.choice = place;
            }
            actions::perform(state, Action::Accept, "")
        }
        (_, _) if state.prompt.is_some() => actions::perform(state, Action::Cancel, ""),
        (_, Target::Tab(place)) => navigation::go(state, place),
        (_, Target::Route(place)) => navigation::go(state, place),
        (_, Target::Line(line)) => {
            let before = state.selected().cloned();
            let mut hit = false;
            with_list(state, |state, list| {
                hit = list.select_line(line, height, &|row| view::height(state, row, width));
            });
            if action == MouseAction::Menu && hit {
                return actions::perform(state, Action::Help, "");
            }
            if hit && before == state.selected().cloned() {
                return actions::perform(state, Action::Open, "");
            }
            Effects::new()
        }
        _ => Effects::new(),
    }
}

/// Lends out the list, so that the rest of the state can be asked how high its rows are.
pub(super) fn with_list(
    state: &mut State,
    change: impl FnOnce(&State, &mut terminal::list::List<crate::rows::Row>),
) {
    let mut list = std::mem::take(&mut state.panel_mut().list);
    change(state, &mut list);
    state.panel_mut().list = list;
    // A row that was gone goes when the reader leaves it.
    let place = state.place().clone();
    if !state.panels.get(&place).is_some_and(|panel| panel.list.on_tombstone()) {
        state.refresh(&place);
    }
}

/// The second time in a row it is meant.
pub(super) fn ask_to_quit(state: &mut State, with: &str) -> Effects {
    if state.now - state.quit_asked <= QUIT_MS {
        return quit(state);
    }
    state.quit_asked = state.now;
    state.keys.clear();
    state.say(format!("{with} again quits; what you wrote is kept"));
    Effects::new()
}

pub(super) fn quit(state: &mut State) -> Effects {
    let mut effects = super::finish(state);
    effects.push(Effect::Quit);
    effects
}
