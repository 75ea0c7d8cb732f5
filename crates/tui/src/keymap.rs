//! Which keys mean which command: presets, one's own keys, and conflicts between them.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use crate::commands::{Action, COMMANDS, Command, Context, by_id};
use crate::settings::Settings;
use terminal::key::{Key, Keys};

/// What the emacs preset changes.
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
    ("discard-draft", &["ctrl-c ctrl-k"]),
];

/// What the vim preset changes.
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

/// What keys mean.
#[derive(Debug, Clone)]
pub struct Keymap {
    /// Shared: on a server many people have the same.
    bindings: Arc<[(Keys, &'static Command)]>,
}

/// The presets without keys of one's own.
static OF_PRESETS: LazyLock<BTreeMap<&str, Keymap>> =
    LazyLock::new(|| PRESETS.map(|preset| (preset, Keymap::make(preset, &BTreeMap::new()).0)).into());

/// What keys that were pressed so far mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Meaning {
    /// A command.
    Command(Action),
    /// Nothing yet: more keys must follow.
    Prefix,
    /// Nothing.
    Nothing,
}

impl Keymap {
    /// Of a preset, with one's own keys over it. What is wrong with them is said, and the rest used.
    #[must_use]
    pub fn new(preset: &str, own: &BTreeMap<String, Vec<String>>) -> (Self, Vec<String>) {
        match OF_PRESETS.get(preset).filter(|_| own.is_empty()) {
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
                problems
                    .push(format!("keys: there is no preset {other:?}; there are {}", PRESETS.join(", ")));
                &[]
            }
        };
        for id in own.keys().filter(|id| by_id(id).is_none()) {
            problems.push(format!("keys: there is no command {id:?}; see :help"));
        }
        let mut bindings = Vec::new();
        for command in COMMANDS {
            let preset =
                changes.iter().find(|(id, _)| *id == command.id).map_or(command.keys, |(_, keys)| keys);
            let written: Vec<String> = own
                .get(command.id)
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

    /// Two commands that the same keys would mean at the same time, or keys that hide others behind them.
    fn conflicts(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (place, (keys, command)) in self.bindings.iter().enumerate() {
            for (others, other) in self.bindings.iter().skip(place + 1) {
                let shorter = keys.0.len().min(others.0.len());
                let same = keys.0.get(..shorter) == others.0.get(..shorter);
                if same && command.action != other.action && command.context.meets(other.context) {
                    found.push(format!(
                        "keys: {keys} is {} and {others} is {}: change one",
                        command.id, other.id
                    ));
                }
            }
        }
        found
    }

    /// What these keys mean where these contexts are.
    #[must_use]
    pub fn meaning(&self, keys: &[Key], contexts: &[Context]) -> Meaning {
        let mut is_prefix = false;
        for (bound, command) in
            self.bindings.iter().filter(|(_, command)| contexts.contains(&command.context))
        {
            if bound.0 == keys {
                return Meaning::Command(command.action);
            }
            is_prefix |= bound.0.starts_with(keys);
        }
        if is_prefix { Meaning::Prefix } else { Meaning::Nothing }
    }

    /// The commands that these keys begin, with the keys that are left to press.
    #[must_use]
    pub fn continuations(&self, keys: &[Key], contexts: &[Context]) -> Vec<(Keys, &'static Command)> {
        let fits = |(bound, command): &&(Keys, &'static Command)| {
            bound.0.len() > keys.len() && bound.0.starts_with(keys) && contexts.contains(&command.context)
        };
        let rest = |(bound, command): &(Keys, &'static Command)| {
            (Keys(bound.0.iter().skip(keys.len()).copied().collect()), *command)
        };
        self.bindings.iter().filter(fits).map(rest).collect()
    }

    /// The keys of a command, as they are shown: the first that was named.
    #[must_use]
    pub fn keys_of(&self, action: Action) -> Option<String> {
        self.bindings.iter().find(|(_, command)| command.action == action).map(|(keys, _)| keys.to_string())
    }

    /// All keys of a command.
    #[must_use]
    pub fn all_keys_of(&self, action: Action) -> Vec<String> {
        let of_action = self.bindings.iter().filter(|(_, command)| command.action == action);
        of_action.map(|(keys, _)| keys.to_string()).collect()
    }
}

/// One's own keys with another one for a command; empty: those of the preset again.
///
/// # Errors
/// Why it cannot be: no key, no command, or keys that mean something else already.
pub fn rebound(settings: &Settings, id: &str, keys: &str) -> Result<BTreeMap<String, Vec<String>>, String> {
    let mut own = settings.keys.clone();
    if keys.is_empty() {
        own.remove(id);
    } else {
        own.insert(id.to_owned(), vec![keys.to_owned()]);
    }
    let before = Keymap::new(&settings.preset, &settings.keys).1;
    let problem = Keymap::new(&settings.preset, &own).1.into_iter().find(|problem| !before.contains(problem));
    problem.map_or(Ok(own), Err)
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
            ("like", "j", "j is"),
            ("like", "g", "g is"),
            ("like", "hello", "is not a key"),
            ("lick", "x", "no command"),
        ] {
            let own = BTreeMap::from([(id.to_owned(), vec![keys.to_owned()])]);
            let (_, problems) = Keymap::new("default", &own);
            assert!(problems.iter().any(|problem| problem.contains(complaint)), "{id} {keys}: {problems:?}");
        }
    }
}
