//! Changes settings and shortcuts, and writes the settings file.

use super::effects::Effects;
use crate::commands::by_id;
use crate::keymap::{Keymap, rebound, swapped};
use crate::message::{Effect, LocalItem};
use crate::quiet::Quiet;
use crate::route::Route;
use crate::settings::{SettingOption, value_words};
use crate::state::State;
use crate::undo::{OwnKeys, Undoable};

/// Changes an option to the next value, or to the one before.
pub(super) fn step(state: &mut State, name: &'static str, by: isize) -> Effects {
    let settings = &state.preferences.settings;
    let (all, now) = (settings.values(name), settings.value(name));
    let count = all.len().max(1);
    let index = all.iter().position(|value| *value == now).unwrap_or(0);
    match all.get(index.wrapping_add_signed(by).wrapping_add(count) % count) {
        Some(value) => set(state, name, value),
        None => {
            state.say("Enter changes this setting");
            Effects::new()
        }
    }
}

/// Gives an option another value, which takes effect and is saved. It can be undone.
pub(super) fn set(state: &mut State, name: &'static str, value: &str) -> Effects {
    let before = state.preferences.settings.value(name);
    let effects = change(state, name, value, "");
    if state.preferences.settings.value(name) != before {
        state.undo.undone.clear();
        state.remember(Undoable::Setting(name, before));
    }
    effects
}

/// Gives an option the value before a change. Returns the value that it had.
pub(super) fn undo(state: &mut State, name: &'static str, before: &str) -> (Effects, String) {
    let after = state.preferences.settings.value(name);
    (change(state, name, before, " again"), after)
}

/// Gives an option another value, and says so.
fn change(state: &mut State, name: &str, value: &str, again: &str) -> Effects {
    let mut effects = try_out(state, name, value);
    let label = SettingOption::by_name(name).map_or(name, |option| option.label);
    state.say(format!("{label}: {}{again}", value_words(name, &state.preferences.settings.value(name))));
    for problem in Keymap::new(&state.preferences.settings.preset, &state.preferences.settings.keys).1 {
        state.complain(problem);
    }
    effects.extend(save(state));
    effects
}

/// Gives an option another value, which takes effect and is not saved.
pub(super) fn try_out(state: &mut State, name: &str, value: &str) -> Effects {
    match state.preferences.settings.with(name, value) {
        Ok(settings) => state.preferences.settings = settings,
        Err(problem) => state.complain(problem),
    }
    use_theme(state);
    let settings = &state.preferences.settings;
    state.preferences.keymap = Keymap::new(&settings.preset, &settings.keys).0;
    let mut effects = Effects::new();
    if name == "mouse" {
        let how = if settings.mouse { 'h' } else { 'l' };
        effects.push(Effect::Terminal(format!("\x1b[?1000{how}\x1b[?1006{how}")));
    }
    state.refresh(&Route::Settings);
    effects
}

/// The theme that the settings name for the mode of the terminal.
pub(super) fn use_theme(state: &mut State) {
    let is_dark = state.terminal.capabilities.is_dark;
    state.preferences.theme = state.preferences.settings.theme_in_use(is_dark);
}

/// Sets the quiet hours.
pub(super) fn set_quiet(state: &mut State, quiet: &Quiet) -> Effects {
    set(state, "quiet", &format!("{:?}", quiet.to_string()))
}

/// Binds a command to other keys, unless they are in use; an empty text restores the preset's.
pub(super) fn bind(state: &mut State, id: &str, keys: &str) -> Effects {
    let settings = &state.preferences.settings;
    let changed = rebound(&settings.preset, &settings.keys, id, keys);
    use_keys(state, id, changed)
}

/// Gives a command a key of another one, which gets a key of the first in its place.
pub(super) fn swap(state: &mut State, id: &str, other: &str, keys: &str) -> Effects {
    let settings = &state.preferences.settings;
    let changed = swapped(&settings.preset, &settings.keys, (id, other), keys);
    use_keys(state, id, changed)
}

/// Takes over the user's keys after a change for a command, or says why not.
fn use_keys(state: &mut State, id: &str, changed: Result<OwnKeys, String>) -> Effects {
    match changed {
        Ok(own) => {
            let before = use_own_keys(state, own);
            state.undo.undone.clear();
            state.remember(Undoable::Keys(before));
            let now = by_id(id).and_then(|command| state.preferences.keymap.keys_of(command.action));
            state.say(match now {
                Some(keys) => format!("{keys} now runs “{id}”"),
                None => format!("“{id}” has no shortcut now"),
            });
            save(state)
        }
        Err(problem) => {
            state.complain(problem);
            Effects::new()
        }
    }
}

/// Takes over the user's keys. Returns those before.
fn use_own_keys(state: &mut State, own: OwnKeys) -> OwnKeys {
    let before = std::mem::replace(&mut state.preferences.settings.keys, own);
    let settings = &state.preferences.settings;
    state.preferences.keymap = Keymap::new(&settings.preset, &settings.keys).0;
    before
}

/// Brings back the user's keys before a change. Returns those that they had.
pub(super) fn undo_keys(state: &mut State, before: OwnKeys) -> (Effects, OwnKeys) {
    let after = use_own_keys(state, before);
    state.say("Shortcuts changed back");
    (save(state), after)
}

/// Writes the settings file, unless the present file could not be parsed: then it would be lost.
fn save(state: &mut State) -> Effects {
    if state.preferences.is_broken {
        state.complain("Not saved: the settings file has an error. Fix it, then start again");
        return Effects::new();
    }
    vec![Effect::Save(LocalItem::Settings, state.preferences.settings.to_toml().into_bytes())]
}
