//! Changes settings and shortcuts, and writes the settings file.

use super::effects::Effects;
use crate::commands::by_id;
use crate::keymap::{Keymap, rebound};
use crate::message::{Effect, LocalItem};
use crate::state::State;

/// Changes an option to its next value.
pub(super) fn change(state: &mut State, name: &str) -> Effects {
    state.preferences.settings.advance(name);
    state.preferences.theme =
        state.preferences.settings.theme(&state.preferences.settings.theme).unwrap_or_default();
    let (keymap, problems) =
        Keymap::new(&state.preferences.settings.preset, &state.preferences.settings.keys);
    state.preferences.keymap = keymap;
    state.say(format!("{name} = {}", state.preferences.settings.value(name)));
    for problem in problems {
        state.complain(problem);
    }
    let mut effects = Effects::new();
    if name == "mouse" {
        let how = if state.preferences.settings.mouse { 'h' } else { 'l' };
        effects.push(Effect::Terminal(format!("\x1b[?1000{how}\x1b[?1006{how}")));
    }
    effects.extend(save(state));
    effects
}

/// Binds a command to other keys, unless they are in use; an empty text restores the preset's.
pub(super) fn bind(state: &mut State, id: &str, keys: &str) -> Effects {
    match rebound(&state.preferences.settings.preset, &state.preferences.settings.keys, id, keys) {
        Ok(own) => {
            state.preferences.settings.keys = own;
            state.preferences.keymap =
                Keymap::new(&state.preferences.settings.preset, &state.preferences.settings.keys).0;
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

/// Writes the settings file, unless the present file could not be parsed: then it would be lost.
fn save(state: &mut State) -> Effects {
    if state.preferences.is_broken {
        state.complain("Not saved: the settings file has an error. Fix it, then start again");
        return Effects::new();
    }
    vec![Effect::Save(LocalItem::Settings, state.preferences.settings.to_toml().into_bytes())]
}
