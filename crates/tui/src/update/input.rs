//! Keys, the mouse and pasted text: what they do depends on what is open.

use super::effects::Effects;
use super::{
    chat, commands, completion, compose, forms, lists, live, navigation, own_messages, preferences, prompts,
    quit,
};
use crate::choices::choices;
use crate::commands::{Action, Context};
use crate::composer::Writing;
use crate::keymap::Meaning;
use crate::prompt::PromptKind;
use crate::route::Route;
use crate::state::{KEY_HINT_MS, State};
use crate::view::hit::{Target, target};
use crate::view::layout::{height, list_size};
use crate::view::{offer_at, which_key};
use crate::wording::way_to;
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
            let mut effects = live::report_presence(state);
            if has {
                effects.extend(chat::read_again(state));
            }
            effects
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
        Report::DarkBackground(dark) => {
            can.is_dark = Some(*dark);
            preferences::use_theme(state);
        }
        Report::Cursor(column) => can.has_wide_signs = Some(*column > 1),
        Report::Done => can.has_answered = true,
    }
}

fn key(state: &mut State, key: Key) -> Effects {
    if key == Key::ctrl('c')
        && !matches!(state.preferences.keymap.meaning(&[key], &state.contexts()), Meaning::Prefix)
    {
        return quit::ask(state, "Ctrl-C");
    }
    if let Some(PromptKind::NewKey(id)) = state.prompt.as_ref().map(|prompt| &prompt.kind) {
        return prompts::new_key(state, id, key);
    }
    // An error stays until it could be read and another key is pressed.
    if state
        .toast
        .as_ref()
        .is_some_and(|toast| toast.is_error && toast.until.is_none_or(|at| at <= state.now))
    {
        state.toast = None;
    }
    let contexts = state.contexts();
    let key = in_place(state, key);
    let is_next = !state.pressed.keys.is_empty() && key == which_key::NEXT;
    state.pressed.keys.push(key);
    if is_next && state.preferences.keymap.meaning(&state.pressed.keys, &contexts) == Meaning::Nothing {
        state.pressed.keys.pop();
        let shown_at = state.pressed.since + KEY_HINT_MS;
        if state.now < shown_at {
            state.pressed.since = state.now - KEY_HINT_MS;
        } else {
            state.pressed.part += 1;
        }
        return Effects::new();
    }
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
                (state.pressed.since, state.pressed.part) = (state.now, 0);
            }
            Effects::new()
        }
        Meaning::Nothing => {
            let keys = std::mem::take(&mut state.pressed.keys);
            if keys.len() > 1 {
                // Help is there whatever was pressed before.
                if state.preferences.keymap.meaning(&[key], &contexts) == Meaning::Command(Action::Help) {
                    return commands::perform(state, Action::Help, "");
                }
                if key.code != Code::Esc {
                    state.say(not_a_shortcut(state, &Keys(keys)));
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
    if action == Action::KeepDraft
        && let Some(completion) = composer.completion.take()
    {
        composer.uncompleted = Some(completion.start);
        return Some(Effects::new());
    }
    // In a chat Enter sends, so Alt-Enter inserts a new line.
    let is_chat = composer.writing.chat().is_some();
    if is_chat && action == Action::Send && key == (Key { alt: true, ..Key::plain(Code::Enter) }) {
        let _ = composer.editor.insert("\n");
        return Some(completion::changed(state));
    }
    None
}

/// A key that is not a shortcut: it is typed into what is open.
fn text_key(state: &mut State, key: Key) -> Effects {
    if let Some(number) = numbered_choice(state, key) {
        if let Some(prompt) = &mut state.prompt {
            prompt.choice = number;
        }
        return commands::perform(state, Action::Accept, "");
    }
    if let Some(effects) = prompts::move_by(state, key) {
        return effects;
    }
    if let Some(prompt) = &mut state.prompt {
        if !prompt.takes_text() {
            let anywhere =
                state.preferences.keymap.meaning(&[key], &[Context::Everywhere, Context::Anywhere]);
            let is_help = anywhere == Meaning::Command(Action::Help);
            return if is_help { commands::perform(state, Action::Help, "") } else { Effects::new() };
        }
        if prompt.editor.key(key, usize::MAX) {
            (prompt.choice, prompt.top) = (0, None);
        }
        return prompts::changed(state);
    }
    if state.form.is_some() {
        return forms::key(state, key);
    }
    if let Some(composer) = &state.composer {
        let is_chat = composer.writing.chat().is_some();
        if is_chat && key == Key::plain(Code::Enter) {
            return commands::perform(state, Action::Send, "");
        }
        return own_messages::key_without_text(state, key).unwrap_or_else(|| compose::key(state, key));
    }
    if !state.is_signed_out() {
        state.say(not_a_shortcut(state, &key));
    }
    Effects::new()
}

/// The index of the choice whose number was pressed, if choices are numbered.
fn numbered_choice(state: &State, key: Key) -> Option<usize> {
    let prompt = state.prompt.as_ref().filter(|prompt| prompt.takes_digits())?;
    let number = usize::try_from(key.typed()?.to_digit(10)?).ok()?.checked_sub(1)?;
    (number < choices(state, prompt).len()).then_some(number)
}

/// Pasted text goes into the field that is open, if it fits there. The composer takes as much of it as it can hold.
fn paste(state: &mut State, text: &str, is_cut: bool) -> Effects {
    if let Some(prompt) = &mut state.prompt {
        if !prompt.takes_text() {
            return Effects::new();
        }
        if is_cut || text.len() > prompt.editor.space() {
            state.complain(TOO_LONG_TO_PASTE);
            return Effects::new();
        }
        let _ = prompt.editor.insert(text);
        return prompts::changed(state);
    }
    if let Some(form) = &mut state.form {
        let text = text.trim_end_matches('\n');
        if let Some(field) = form.focused_mut().filter(|field| field.values.is_empty()) {
            if is_cut || text.len() > field.editor.space() {
                state.complain(TOO_LONG_TO_PASTE);
                return Effects::new();
            }
            let _ = field.editor.insert(text);
        }
        forms::changed(state);
        return Effects::new();
    }
    if state.is_signed_out() {
        return Effects::new();
    }
    // Pasted text never runs commands: it opens the composer. In a chat it is for no one else.
    let mut effects = match (&state.composer, state.route()) {
        (Some(_), _) => Effects::new(),
        (None, Route::Conversation(username)) => {
            let writing = Writing::Message(username.clone());
            compose::open(state, writing)
        }
        (None, _) => commands::perform(state, Action::Compose, ""),
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
    if state.form.is_some() && state.prompt.is_none() {
        return match (action, target(state, x, y)) {
            (MouseAction::WheelUp, _) => forms::step(state, -1),
            (MouseAction::WheelDown, _) => forms::step(state, 1),
            (MouseAction::Press, Target::Form(part)) => forms::click(state, part),
            _ => Effects::new(),
        };
    }
    if let Some(offered) = offer_at(state, x, y).filter(|_| action == MouseAction::Press) {
        return commands::perform(state, offered, "");
    }
    let (rows_high, width) = list_size(state);
    match (action, target(state, x, y)) {
        (MouseAction::WheelUp | MouseAction::WheelDown, _) => {
            let lines = if action == MouseAction::WheelUp { -WHEEL_LINES } else { WHEEL_LINES };
            if let Some(prompt) = &mut state.prompt {
                prompt.choice = prompt.choice.saturating_add_signed(if lines > 0 { 1 } else { -1 });
                return prompts::marked(state);
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
        (_, Target::Section(route)) => navigation::replace(state, route),
        (_, Target::Line(line)) => {
            let before = state.selected().cloned();
            let mut hit = false;
            state.with_list(|state, list| {
                hit = list.select_line(line, rows_high, &|row| height(state, row, width));
            });
            if action == MouseAction::Menu && hit {
                return prompts::open(state, PromptKind::RowMenu);
            }
            if hit && before == state.selected().cloned() {
                return commands::perform(state, Action::Open, "");
            }
            Effects::new()
        }
        _ => Effects::new(),
    }
}

fn not_a_shortcut(state: &State, keys: &dyn std::fmt::Display) -> String {
    let press = if state.terminal.capabilities.is_plain { "Type" } else { "Press" };
    format!("{keys} isn't a shortcut here. {press} {} for help", way_to(state, Action::Help))
}
