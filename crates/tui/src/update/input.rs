//! Keys, the mouse and pasted text: what they do depends on what is open.

use super::effects::Effects;
use super::{commands, completion, compose, forms, lists, live, navigation, prompts, quit};
use crate::choices::choices;
use crate::commands::Action;
use crate::composer::Writing;
use crate::keymap::Meaning;
use crate::state::State;
use crate::view::hit::{Target, target};
use crate::view::layout::{height, list_size};
use terminal::key::{Code, Event, Key, Keys, MouseAction, Report};
use terminal::layout::latin;

/// Lines that a notch of the wheel scrolls.
const WHEEL_LINES: i32 = 3;
const TOO_LONG_TO_PASTE: &str = "The pasted text is too long for this field; nothing was pasted";

pub(super) fn input(state: &mut State, event: Event) -> Effects {
    match event {
        Event::Key(key) => self::key(state, key),
        Event::Paste { text, is_cut } => paste(state, &text, is_cut),
        Event::Mouse(action, x, y) => mouse(state, action, x, y),
        Event::Focus(has) => {
            state.terminal.is_focused = has;
            live::report_presence(state)
        }
        Event::Report(report) => {
            learn(state, &report);
            Effects::new()
        }
    }
}

/// The terminal answered a question about itself.
fn learn(state: &mut State, report: &Report) {
    let can = &mut state.terminal.capabilities;
    match report {
        Report::Mode(2026, how) => can.synchronized = Some(*how != 0 && *how != 4),
        Report::Mode(2027, how) => can.clusters = Some(*how != 0 && *how != 4),
        Report::Mode(..) => {}
        Report::DarkBackground(dark) => can.is_dark = Some(*dark),
        Report::Done => can.has_answered = true,
    }
}

fn key(state: &mut State, key: Key) -> Effects {
    if key == Key::ctrl('c')
        && !matches!(state.preferences.keymap.meaning(&[key], &state.contexts()), Meaning::Prefix)
    {
        return quit::ask(state, "Ctrl-C");
    }
    let contexts = state.contexts();
    let key = in_place(state, key);
    state.pressed.keys.push(key);
    match state.preferences.keymap.meaning(&state.pressed.keys, &contexts) {
        Meaning::Command(action) => {
            state.pressed.keys.clear();
            if let Some(effects) = special(state, action, key) {
                return effects;
            }
            commands::perform(state, action, "")
        }
        Meaning::Prefix => {
            if state.pressed.keys.len() == 1 {
                state.pressed.since = state.now;
            }
            Effects::new()
        }
        Meaning::Nothing => {
            let keys = std::mem::take(&mut state.pressed.keys);
            if keys.len() > 1 {
                if key.code != Code::Esc {
                    state.say(not_a_shortcut(&Keys(keys)));
                }
                return Effects::new();
            }
            text_key(state, key)
        }
    }
}

/// The key itself, or the Latin one in its place if it is a letter of another layout that is not a shortcut. A key that
/// types a character into a text stays as it is.
fn in_place(state: &State, key: Key) -> Key {
    let is_writing = state.form.is_some() || state.prompt.is_some() || state.composer.is_some();
    let Code::Char(c) = key.code else { return key };
    if is_writing && key.typed().is_some() {
        return key;
    }
    let Some(latin) = latin(c) else { return key };
    let contexts = state.contexts();
    let means = |key| {
        let mut keys = state.pressed.keys.clone();
        keys.push(key);
        state.preferences.keymap.meaning(&keys, &contexts) != Meaning::Nothing
    };
    let latin = Key { code: Code::Char(latin), ..key };
    if !means(key) && means(latin) { latin } else { key }
}

/// Keys with another meaning while a completion or a chat is open.
fn special(state: &mut State, action: Action, key: Key) -> Option<Effects> {
    let composer = state.composer.as_mut()?;
    if state.prompt.is_some() || state.form.is_some() {
        return None;
    }
    if composer.completion.is_some() && action == Action::KeepDraft {
        composer.completion = None;
        return Some(Effects::new());
    }
    // In a chat Enter sends, so Alt-Enter inserts a new line.
    let is_chat = matches!(composer.writing, Writing::Message(_));
    if is_chat && action == Action::Send && key == (Key { alt: true, ..Key::plain(Code::Enter) }) {
        let _ = composer.editor.insert("\n");
        return Some(completion::changed(state));
    }
    None
}

/// A key that is not a shortcut: it is typed into what is open.
fn text_key(state: &mut State, key: Key) -> Effects {
    if let Some(form) = &mut state.form {
        if let Some(field) = form.field_mut() {
            field.editor.key(key, usize::MAX);
        }
        forms::changed(state);
        return Effects::new();
    }
    if let Some(number) = numbered_choice(state, key) {
        if let Some(prompt) = &mut state.prompt {
            prompt.choice = number;
        }
        return commands::perform(state, Action::Accept, "");
    }
    if let Some(prompt) = &mut state.prompt {
        if prompt.editor.key(key, usize::MAX) {
            prompt.choice = 0;
        }
        return prompts::changed(state);
    }
    if state.composer.is_some() {
        return compose::key(state, key);
    }
    if key.typed().is_some() {
        state.say(not_a_shortcut(&key));
    }
    Effects::new()
}

/// The index of the choice whose number was pressed, if choices are numbered and the line is empty.
fn numbered_choice(state: &State, key: Key) -> Option<usize> {
    let prompt = state.prompt.as_ref().filter(|prompt| prompt.has_hints() && prompt.editor.is_blank())?;
    let number = usize::try_from(key.typed()?.to_digit(10)?).ok()?.checked_sub(1)?;
    (number < choices(state, prompt).len()).then_some(number)
}

/// Pasted text goes into the field that is open, if it fits there. The composer takes as much of it as it can hold.
fn paste(state: &mut State, text: &str, is_cut: bool) -> Effects {
    if let Some(form) = &mut state.form {
        let text = text.trim_end_matches('\n');
        if let Some(field) = form.field_mut() {
            if is_cut || text.len() > field.editor.space() {
                state.complain(TOO_LONG_TO_PASTE);
                return Effects::new();
            }
            let _ = field.editor.insert(text);
        }
        forms::changed(state);
        return Effects::new();
    }
    if let Some(prompt) = &mut state.prompt {
        if is_cut || text.len() > prompt.editor.space() {
            state.complain(TOO_LONG_TO_PASTE);
            return Effects::new();
        }
        let _ = prompt.editor.insert(text);
        return prompts::changed(state);
    }
    // Pasted text never runs commands: it opens the composer.
    let mut effects = match state.composer {
        Some(_) => Effects::new(),
        None => commands::perform(state, Action::Compose, ""),
    };
    if let Some(composer) = &mut state.composer {
        let fits = composer.editor.insert(text) && !is_cut;
        effects.extend(completion::changed(state));
        if !fits {
            state.complain("Only the beginning of the pasted text fits here; the rest was left out");
        }
    }
    effects
}

fn mouse(state: &mut State, action: MouseAction, x: u16, y: u16) -> Effects {
    if state.form.is_some() {
        return Effects::new();
    }
    let (rows_high, width) = list_size(state);
    match (action, target(state, x, y)) {
        (MouseAction::WheelUp | MouseAction::WheelDown, _) => {
            let lines = if action == MouseAction::WheelUp { -WHEEL_LINES } else { WHEEL_LINES };
            if let Some(prompt) = &mut state.prompt {
                prompt.choice = prompt.choice.saturating_add_signed(if lines > 0 { 1 } else { -1 });
                return Effects::new();
            }
            state.with_list(|state, list| {
                list.scroll(lines, rows_high, &|row| height(state, row, width));
            });
            lists::fill_ahead(state)
        }
        (_, Target::Choice(index)) => {
            if let Some(prompt) = &mut state.prompt {
                prompt.choice = index;
            }
            commands::perform(state, Action::Accept, "")
        }
        (_, _) if state.prompt.is_some() => commands::perform(state, Action::Cancel, ""),
        (_, Target::Tab(route)) => navigation::go(state, route),
        (_, Target::Route(route)) => navigation::go(state, route),
        (_, Target::Line(line)) => {
            let before = state.selected().cloned();
            let mut hit = false;
            state.with_list(|state, list| {
                hit = list.select_line(line, rows_high, &|row| height(state, row, width));
            });
            if action == MouseAction::Menu && hit {
                return commands::perform(state, Action::Help, "");
            }
            if hit && before == state.selected().cloned() {
                return commands::perform(state, Action::Open, "");
            }
            Effects::new()
        }
        _ => Effects::new(),
    }
}

fn not_a_shortcut(keys: &dyn std::fmt::Display) -> String {
    format!("{keys} isn't a shortcut here. Press ? for help")
}
