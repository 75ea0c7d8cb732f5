//! Merges a TOML file, environment variables and command-line options into one typed configuration. Every mistake is
//! reported with the place at which the option was set. It knows no option by name.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

use model::SafeText;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::de::{DeTable, Error};
use toml::{Table, Value};

use super::options::{ConfigOption, options};

/// A mistake in the configuration, in one line: where it is and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {problem}")]
pub struct ConfigError {
    place: String,
    problem: String,
}

impl ConfigError {
    pub(super) fn new(place: impl Display, problem: impl Display) -> Self {
        // Both can quote the file.
        let safe = |text: String| SafeText::line(&text).to_string();
        Self { place: safe(place.to_string()), problem: safe(problem.to_string()) }
    }
}

/// Where a configuration comes from. Command-line options override variables, and variables the file.
pub struct Sources<'a> {
    /// A TOML file.
    pub file: Option<&'a Path>,
    /// Looks up an environment variable.
    pub environment: &'a dyn Fn(&str) -> Option<String>,
    /// Keys and values of the command line.
    pub flags: &'a [(String, String)],
}

/// Reads all sources and checks each value.
///
/// # Errors
/// [`ConfigError`] for the first mistake.
pub(super) fn load<T: DeserializeOwned + Serialize + JsonSchema>(
    sources: &Sources<'_>,
) -> Result<T, ConfigError> {
    let (values, places) = (Table::new(), BTreeMap::new());
    let mut loader = Loader { options: options::<T>(), values, places };
    if let Some(file) = sources.file {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file)
            .map_err(|error| ConfigError::new(&name, model::os_error_in_words(&error)))?;
        loader.read_file(&name, &text)?;
        loader.parse::<T>()?;
    }
    for option in options::<T>() {
        let name = option.environment_name();
        if let Some(text) = (sources.environment)(&name) {
            loader.set(&name, &option.key, &text)?;
            loader.parse::<T>()?;
        }
    }
    for (key, text) in sources.flags {
        loader.set("command line", key, text)?;
        loader.parse::<T>()?;
    }
    loader.parse()
}

/// What is set so far, and where each key was set.
struct Loader {
    options: Vec<ConfigOption>,
    values: Table,
    places: BTreeMap<String, String>,
}

impl Loader {
    fn read_file(&mut self, name: &str, text: &str) -> Result<(), ConfigError> {
        let place = |offset: usize| {
            let line = 1 + text.bytes().take(offset).filter(|&byte| byte == b'\n').count();
            format!("{name}:{line}")
        };
        let invalid = |error: Error| {
            ConfigError::new(place(error.span().map_or(0, |span| span.start)), error.message())
        };
        add_places(DeTable::parse(text).map_err(invalid)?.get_ref(), "", &place, &mut self.places);
        self.values = text.parse().map_err(invalid)?;
        Ok(())
    }

    fn set(&mut self, place: &str, key: &str, text: &str) -> Result<(), ConfigError> {
        self.places.insert(key.to_owned(), place.to_owned());
        let option = self.options.iter().find(|option| option.key == key);
        let value = option.ok_or_else(|| self.problem(key))?.value(text);
        // An option has at most one section.
        let (table, name) = match key.split_once('.') {
            Some((section, name)) => {
                let inner = self.values.entry(section).or_insert_with(|| Value::Table(Table::new()));
                (inner.as_table_mut(), name)
            }
            None => (Some(&mut self.values), key),
        };
        if let Some(table) = table {
            table.insert(name.to_owned(), value);
        }
        Ok(())
    }

    fn parse<T: DeserializeOwned + Serialize>(&self) -> Result<T, ConfigError> {
        let config: T = serde_path_to_error::deserialize(self.values.clone())
            .map_err(|error| self.invalid(&error.path().to_string(), error.inner().message()))?;
        let values =
            serde_json::to_value(&config).map_err(|error| ConfigError::new("configuration", error))?;
        match self.options.iter().find(|option| !option.allows(&values)) {
            Some(option) => Err(self.problem(&option.key)),
            None => Ok(config),
        }
    }

    /// What is wrong with the value of this key, which its type does not take for this reason.
    fn invalid(&self, key: &str, reason: &str) -> ConfigError {
        match self.options.iter().find(|option| option.key == key) {
            Some(option) if option.explains && !reason.starts_with("invalid type") => {
                let place = self.places.get(key).map_or("configuration", String::as_str);
                ConfigError::new(place, format_args!("{key} {reason}"))
            }
            _ => self.problem(key),
        }
    }

    /// What is wrong with the value of this key, or with the key.
    fn problem(&self, key: &str) -> ConfigError {
        // An item of a list is named as in `server.rules[0]`.
        let key = key.split_once('[').map_or(key, |(list, _)| list);
        let place = self.places.get(key).map_or("configuration", String::as_str);
        if let Some(option) = self.options.iter().find(|option| option.key == key) {
            return ConfigError::new(place, format_args!("{key} must be {}", option.values));
        }
        let in_section =
            |option: &&ConfigOption| option.key.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
        if let Some(option) = self.options.iter().find(in_section) {
            let example = &option.key;
            let problem = format_args!("`{key}` is a section; set one of its options, such as `{example}`");
            return ConfigError::new(place, problem);
        }
        match nearest(&self.options, key) {
            Some(known) => {
                let problem = format_args!("there is no option `{key}`; did you mean `{known}`?");
                ConfigError::new(place, problem)
            }
            None => ConfigError::new(place, format_args!("there is no option `{key}`")),
        }
    }
}

/// Adds each key of the table with its place, those of inner tables too.
fn add_places(
    table: &DeTable<'_>,
    prefix: &str,
    place: &dyn Fn(usize) -> String,
    places: &mut BTreeMap<String, String>,
) {
    for (name, value) in table {
        let key = format!("{prefix}{}", name.get_ref());
        if let Some(inner) = value.get_ref().as_table() {
            add_places(inner, &format!("{key}."), place, places);
        }
        places.insert(key, place(name.span().start));
    }
}

/// The option whose name is most similar to this key.
fn nearest<'a>(options: &'a [ConfigOption], key: &str) -> Option<&'a str> {
    options
        .iter()
        .map(|option| (strsim::jaro_winkler(&option.key, key), option.key.as_str()))
        .filter(|(similarity, _)| *similarity > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b))
        .map(|(_, known)| known)
}
