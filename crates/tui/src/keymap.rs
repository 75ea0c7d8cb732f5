//! Shortcuts: presets, the user's own keys, and conflicts between them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::commands::{Action, COMMANDS, Command, Context, by_id};
use terminal::key::{Key, Keys};

/// Shortcuts of the emacs preset that differ from the default.
const EMACS: &[(&str, &[&str])] = &[
    ("down", &["ctrl-n", "down", "j"]),
    ("up", &["ctrl-p", "up", "k"]),
    ("page-down", &["ctrl-v", "space", "pagedown"]),
    ("page-up", &["alt-v", "pageup"]),
    ("first", &["alt-<", "home", "g g"]),
    ("last", &["alt->", "end", "G"]),
    ("back", &["ctrl-g", "esc", "left"]),
    ("filter", &["ctrl-s", "/"]),
    ("palette", &["alt-x", ":"]),
    ("undo", &["ctrl-_", "u"]),
    ("send", &["ctrl-c ctrl-c", "ctrl-s", "alt-enter"]),
    ("discard-draft", &["ctrl-c ctrl-k", "ctrl-x x"]),
];

/// Shortcuts of the vim preset that differ from the default.
const VIM: &[(&str, &[&str])] = &[
    ("page-down", &["ctrl-f", "space", "pagedown"]),
    ("page-up", &["ctrl-b", "pageup"]),
    ("line-down", &["ctrl-e", "J"]),
    ("line-up", &["ctrl-y", "K"]),
    ("close", &["Z Z", "q"]),
    ("quit", &["Z Q"]),
];

/// Names of the presets.
pub const PRESETS: [&str; 3] = ["default", "vim", "emacs"];

/// The shortcuts in use.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// Shared: over ssh one process has many clients with the same keymap.
    bindings: Arc<[(Keys, &'static Command)]>,
}

/// The presets without the user's own keys.
static PRESET_KEYMAPS: LazyLock<BTreeMap<&str, Keymap>> =
    LazyLock::new(|| PRESETS.map(|preset| (preset, Keymap::make(preset, &BTreeMap::new()).0)).into());

/// What the keys pressed so far mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A command.
    Command(Action),
    /// The beginning of longer shortcuts.
    Prefix,
    /// No shortcut.
    Nothing,
}

impl Keymap {
    /// A preset with the user's own keys, and the problems with these keys; the rest is used.
    #[must_use]
    pub fn new(preset: &str, own: &BTreeMap<String, Vec<String>>) -> (Self, Vec<String>) {
        match PRESET_KEYMAPS.get(preset).filter(|_| own.is_empty()) {
            Some(shared) => (shared.clone(), Vec::new()),
            None => Self::make(preset, own),
        }
    }

    fn make(preset: &str, own: &BTreeMap<String, Vec<String>>) -> (Self, Vec<String>) {
        let mut problems = Vec::new();
        let changes = match preset {
            "vim" => VIM,
            "emacs" => EMACS,
            "default" => &[],
            other => {
                problems.push(format!("keys: no preset {other:?}; choose one of {}", PRESETS.join(", ")));
                &[]
            }
        };
        for id in own.keys().filter(|id| by_id(id).is_none()) {
            problems.push(format!("keys: no command {id:?}; :help lists all"));
        }
        let mut bindings = Vec::new();
        for command in COMMANDS {
            let preset =
                changes.iter().find(|(id, _)| *id == command.id).map_or(command.keys, |(_, keys)| keys);
            let written: Vec<String> = own_keys(own, command.id)
                .cloned()
                .unwrap_or_else(|| preset.iter().map(|&key| key.to_owned()).collect());
            for keys in written {
                match keys.parse() {
                    Ok(keys) => bindings.push((keys, command)),
                    Err(error) => problems.push(format!("keys of {}: {error}", command.id)),
                }
            }
        }
        let map = Self { bindings: bindings.into() };
        problems.extend(map.conflicts());
        (map, problems)
    }

    /// Commands with the same keys in the same context, and keys that are the beginning of others.
    fn conflicts(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (index, (keys, command)) in self.bindings.iter().enumerate() {
            for (others, other) in self.bindings.iter().skip(index + 1) {
                let shorter = keys.0.len().min(others.0.len());
                let same = keys.0.get(..shorter) == others.0.get(..shorter);
                if !same || command.action == other.action || !command.context.meets(other.context) {
                    continue;
                }
                found.push(if keys == others {
                    format!("keys: {keys} is bound to both “{}” and “{}”; change one", command.id, other.id)
                } else {
                    format!(
                        "keys: {keys} (“{}”) and {others} (“{}”) begin alike; change one",
                        command.id, other.id
                    )
                });
            }
        }
        found
    }

    /// The shortcuts in these contexts. Where texts are typed, no shortcut of another context begins with a character.
    fn active<'a>(&'a self, contexts: &'a [Context]) -> impl Iterator<Item = &'a (Keys, &'static Command)> {
        let takes_text = !contexts.contains(&Context::Anywhere);
        let types = |keys: &Keys| keys.0.first().is_some_and(|key| key.typed().is_some());
        self.bindings.iter().filter(move |(keys, command)| {
            let is_typed = takes_text && command.context == Context::Everywhere && types(keys);
            contexts.contains(&command.context) && !is_typed
        })
    }

    /// What these keys mean while these contexts are active.
    #[must_use]
    pub fn meaning(&self, keys: &[Key], contexts: &[Context]) -> Meaning {
        let mut is_prefix = false;
        for (bound, command) in self.active(contexts) {
            if bound.0 == keys {
                return Meaning::Command(command.action);
            }
            is_prefix |= bound.0.starts_with(keys);
        }
        if is_prefix { Meaning::Prefix } else { Meaning::Nothing }
    }

    /// The commands whose keys begin with these, and their remaining keys.
    #[must_use]
    pub fn continuations(&self, keys: &[Key], contexts: &[Context]) -> Vec<(Keys, &'static Command)> {
        let fits =
            |(bound, _): &&(Keys, &'static Command)| bound.0.len() > keys.len() && bound.0.starts_with(keys);
        let rest = |(bound, command): &(Keys, &'static Command)| {
            (Keys(bound.0.iter().skip(keys.len()).copied().collect()), *command)
        };
        self.active(contexts).filter(fits).map(rest).collect()
    }

    /// Another command that has these keys, or keys that begin with them, where this one, by its id, needs them.
    #[must_use]
    pub fn holder(&self, keys: &Keys, id: &str) -> Option<&'static str> {
        let wanted = by_id(id)?;
        let is_in_the_way = |(bound, command): &&(Keys, &'static Command)| {
            let shorter = bound.0.len().min(keys.0.len());
            bound.0.get(..shorter) == keys.0.get(..shorter)
                && command.action != wanted.action
                && command.context.meets(wanted.context)
        };
        self.bindings.iter().find(is_in_the_way).map(|(_, command)| command.id)
    }

    /// The shortcuts of a command as the settings file has them.
    fn written(&self, id: &str) -> Vec<String> {
        let of_command = self.bindings.iter().filter(|(_, command)| command.id == id);
        let words = |keys: &Keys| keys.0.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        of_command.map(|(keys, _)| words(keys)).collect()
    }

    /// The first shortcut of a command.
    #[must_use]
    pub fn keys_of(&self, action: Action) -> Option<String> {
        self.bindings.iter().find(|(_, command)| command.action == action).map(|(keys, _)| keys.to_string())
    }

    /// The first shortcut that a command has in these contexts.
    #[must_use]
    pub fn keys_in(&self, action: Action, contexts: &[Context]) -> Option<String> {
        let mut active = self.active(contexts);
        active.find(|(_, command)| command.action == action).map(|(keys, _)| keys.to_string())
    }

    /// All shortcuts of a command.
    #[must_use]
    pub fn all_keys_of(&self, action: Action) -> Vec<String> {
        let of_action = self.bindings.iter().filter(|(_, command)| command.action == action);
        of_action.map(|(keys, _)| keys.to_string()).collect()
    }
}

/// The user's keys for a command, under its current id or a former one.
fn own_keys<'a>(own: &'a BTreeMap<String, Vec<String>>, id: &str) -> Option<&'a Vec<String>> {
    let is_same = |name: &str| by_id(name).is_some_and(|command| command.id == id);
    own.get(id).or_else(|| own.iter().find(|(name, _)| is_same(name)).map(|(_, keys)| keys))
}

/// The user's keys with a new shortcut for a command; an empty text restores the preset's.
///
/// # Errors
/// The reason: not a key, not a command, or a shortcut that is in use.
pub fn rebound(
    preset: &str,
    own: &BTreeMap<String, Vec<String>>,
    id: &str,
    keys: &str,
) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut changed = own.clone();
    if let Some(command) = by_id(id) {
        changed.retain(|name, _| by_id(name).is_none_or(|other| other.action != command.action));
    }
    if !keys.is_empty() {
        changed.insert(by_id(id).map_or(id, |command| command.id).to_owned(), vec![keys.to_owned()]);
    }
    let before = Keymap::new(preset, own).1;
    let problem = Keymap::new(preset, &changed).1.into_iter().find(|problem| !before.contains(problem));
    problem.map_or(Ok(changed), Err)
}

/// The user's keys after the first of two commands took this shortcut of the second, which has the first shortcut of the
/// first in its place.
///
/// # Errors
/// The reason: the second command cannot have that shortcut.
pub fn swapped(
    preset: &str,
    own: &BTreeMap<String, Vec<String>>,
    (id, other): (&str, &str),
    keys: &str,
) -> Result<BTreeMap<String, Vec<String>>, String> {
    let (now, before) = Keymap::new(preset, own);
    let given = now.written(id).into_iter().next();
    let mut changed = own.clone();
    for name in [id, other] {
        changed.retain(|written, _| by_id(written).is_none_or(|command| command.id != name));
    }
    let mut others = now.written(other);
    others.retain(|written| written != keys);
    others.extend(given);
    changed.insert(id.to_owned(), vec![keys.to_owned()]);
    changed.insert(other.to_owned(), others);
    let problem = Keymap::new(preset, &changed).1.into_iter().find(|problem| !before.contains(problem));
    problem.map_or(Ok(changed), Err)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_preset_has_two_meanings_for_the_same_keys() {
        for preset in PRESETS {
            let (_, problems) = Keymap::make(preset, &BTreeMap::new());
            assert_eq!(problems, Vec::<String>::new(), "{preset}");
        }
    }

    #[test]
    fn presets_name_commands_that_exist_and_ids_are_unique() {
        for (id, _) in EMACS.iter().chain(VIM) {
            assert!(by_id(id).is_some(), "{id}");
        }
        for command in COMMANDS {
            let same = COMMANDS.iter().filter(|other| other.id == command.id).count();
            assert_eq!(same, 1, "{}", command.id);
            assert!(!command.title.is_empty());
        }
    }

    #[test]
    fn ones_own_keys_take_the_place_of_others_and_conflicts_are_said() {
        let own = BTreeMap::from([("like".to_owned(), vec!["x".to_owned()])]);
        let (map, problems) = Keymap::new("default", &own);
        assert!(problems.is_empty(), "{problems:?}");
        let here = [Context::Anywhere, Context::List, Context::Tweet];
        assert_eq!(map.meaning(&[Key::char('x')], &here), Meaning::Command(Action::Like));
        assert_eq!(map.meaning(&[Key::char('f')], &here), Meaning::Nothing);
        assert_eq!(map.meaning(&[Key::char('x')], &[Context::Anywhere]), Meaning::Nothing);
        assert_eq!(map.meaning(&[Key::char('g')], &here), Meaning::Prefix);

        for (id, keys, complaint) in [
            ("like", "j", "j is bound to both “down” and “like”"),
            ("like", "g", "g (“like”)"),
            ("like", "hello", "is not a key"),
            ("lick", "x", "no command \"lick\""),
        ] {
            let own = BTreeMap::from([(id.to_owned(), vec![keys.to_owned()])]);
            let (_, problems) = Keymap::new("default", &own);
            assert!(problems.iter().any(|problem| problem.contains(complaint)), "{id} {keys}: {problems:?}");
        }
    }

    #[test]
    fn a_former_id_of_a_command_still_binds_its_keys_until_they_are_changed() {
        let own = BTreeMap::from([("save".to_owned(), vec!["x".to_owned()])]);
        let (map, problems) = Keymap::new("default", &own);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(map.all_keys_of(Action::Bookmark), ["x"]);
        let changed = rebound("default", &own, "bookmark", "ctrl-b").unwrap();
        assert_eq!(changed, BTreeMap::from([("bookmark".to_owned(), vec!["ctrl-b".to_owned()])]));
        assert_eq!(rebound("default", &own, "save", ""), Ok(BTreeMap::new()));
    }
}
