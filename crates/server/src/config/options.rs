//! The options of a configuration, taken from its schema: names, texts and values. The reference page, the checks and
//! the error messages use the same list.

use std::fmt::Write as _;

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde_json::Value as Json;
use toml::Value;

/// Values of an option, where its type does not say it (`x-value` in the schema).
pub(super) const ADDRESS: &str = "an address with a port, such as 127.0.0.1:4280";
pub(super) const NETWORKS: &str = "a list of networks, such as 10.0.0.0/8";
pub(super) const PATH: &str = "a path";
pub(super) const BUS: &str = "nats://user:password@host or tls://user:password@host";
pub(super) const STORE: &str = "sqlite: or postgres://user:password@host/database";

/// One option.
#[derive(Debug)]
pub(super) struct ConfigOption {
    /// Its name with its section, as in `server.name`.
    pub(super) key: String,
    /// What it does.
    doc: String,
    /// The values that it takes; continues "must be".
    pub(super) values: String,
    /// Its type in the schema.
    kind: String,
    /// Whether a text may have several lines (`x-lines` in the schema).
    lines: bool,
    /// Whether its type says what is wrong with a value, in words that continue the name of the option (`x-explains` in the
    /// schema).
    pub(super) explains: bool,
    minimum: u64,
    maximum: Option<u64>,
    /// Of a list of texts: how many it may have, and how many characters each.
    items_max: usize,
    item_chars_max: usize,
}

/// All options of `T` in the order of its fields.
pub(super) fn options<T: JsonSchema>() -> Vec<ConfigOption> {
    let settings = SchemaSettings::default().with(|settings| settings.inline_subschemas = true);
    let mut options = Vec::new();
    add_options(settings.into_generator().into_root_schema_for::<T>().as_value(), "", &mut options);
    options
}

fn add_options(section: &Json, prefix: &str, options: &mut Vec<ConfigOption>) {
    for (name, schema) in section.get("properties").and_then(Json::as_object).into_iter().flatten() {
        let key = format!("{prefix}{name}");
        if schema.get("properties").is_some() {
            add_options(schema, &format!("{key}."), options);
        } else {
            options.push(ConfigOption::new(key, schema));
        }
    }
}

impl ConfigOption {
    fn new(key: String, schema: &Json) -> Self {
        let text = |name: &str| schema.get(name).and_then(Json::as_str);
        let number = |name: &str| schema.get(name).and_then(Json::as_u64);
        let kind = schema.get("type").and_then(|kind| kind.as_str().or_else(|| kind.get(0)?.as_str()));
        let (kind, minimum, maximum) =
            (kind.unwrap_or_default(), number("minimum").unwrap_or(0), number("maximum"));
        let is_set = |name: &str| schema.get(name).and_then(Json::as_bool).unwrap_or(false);
        let (lines, explains) = (is_set("x-lines"), is_set("x-explains"));
        let size = |pointer: &str| {
            let number = schema.pointer(pointer).and_then(Json::as_u64);
            number.map_or(usize::MAX, |number| usize::try_from(number).unwrap_or(usize::MAX))
        };
        let (items_max, item_chars_max) = (size("/maxItems"), size("/items/maxLength"));
        let words = schema.get("enum").and_then(Json::as_array);
        let values = match (text("x-value"), words, kind, maximum) {
            (Some(values), ..) => values.to_owned(),
            (_, Some(words), ..) => alternatives(words),
            (_, _, "boolean", _) => "true or false".to_owned(),
            (_, _, "integer", Some(maximum)) => format!("a whole number from {minimum} to {maximum}"),
            (_, _, "integer", None) => format!("a whole number, {minimum} or more"),
            (_, _, "array", _) => format!(
                "a list of up to {items_max} texts of one line, each up to {item_chars_max} characters"
            ),
            _ if lines => "text".to_owned(),
            _ => "text of one line".to_owned(),
        };
        let doc = text("description").unwrap_or_default().replace('\n', " ");
        let kind = kind.to_owned();
        Self { key, doc, values, kind, lines, explains, minimum, maximum, items_max, item_chars_max }
    }

    /// The environment variable that sets it: `MINI_TWEET_SERVER_NAME`.
    pub(super) fn environment_name(&self) -> String {
        format!("MINI_TWEET_{}", self.key.replace('.', "_").to_ascii_uppercase())
    }

    /// The value that this text means; of a list, one item per line. Text that is none is left as it is, so that the type
    /// rejects it.
    pub(super) fn value(&self, text: &str) -> Value {
        let value = match self.kind.as_str() {
            "integer" => text.parse().ok().map(Value::Integer),
            "boolean" => text.parse().ok().map(Value::Boolean),
            "array" => Some(Value::Array(text.lines().map(|line| Value::String(line.to_owned())).collect())),
            _ => None,
        };
        value.unwrap_or_else(|| Value::String(text.to_owned()))
    }

    /// Whether its value in this configuration is in range, and its text one line where it has to be.
    pub(super) fn allows(&self, config: &Json) -> bool {
        match self.of(config) {
            Json::String(text) => is_text(text, self.lines),
            Json::Array(items) => {
                let fits = |text: &str| is_text(text, false) && text.chars().count() <= self.item_chars_max;
                items.len() <= self.items_max && items.iter().all(|item| item.as_str().is_some_and(fits))
            }
            Json::Number(number) => number.as_u64().is_some_and(|number| {
                number >= self.minimum && self.maximum.is_none_or(|maximum| number <= maximum)
            }),
            _ => true,
        }
    }

    fn of<'a>(&self, config: &'a Json) -> &'a Json {
        self.key.split('.').try_fold(config, |value, name| value.get(name)).unwrap_or(&Json::Null)
    }
}

/// Whether this is a text, of one line or several.
fn is_text(text: &str, lines: bool) -> bool {
    !text.trim().is_empty() && !text.contains(|c: char| c.is_control() && !(lines && c == '\n'))
}

/// As in "open, invite or closed".
fn alternatives(words: &[Json]) -> String {
    let words: Vec<_> = words.iter().filter_map(Json::as_str).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// The reference of all options of `T`, as Markdown, with the values of `config` that are not the default.
pub(super) fn reference<T: JsonSchema + Serialize + Default>(config: &T) -> String {
    let json = |config: &T| serde_json::to_value(config).unwrap_or_default();
    let (defaults, set) = (json(&T::default()), json(config));
    let shown = |value: &Json| match value {
        Json::Null => "none".to_owned(),
        Json::Array(items) if items.is_empty() => "none".to_owned(),
        Json::String(text) => format!("`{text}`"),
        value => format!("`{value}`"),
    };
    let mut out = String::from(
        "# Configuration\n\n\
         Set an option in a TOML file (`mini-tweet serve --config FILE`), in an environment variable, or on the \
         command line (`--set KEY=VALUE`). The command line overrides variables, and variables override the file. In \
         the file, `server.name` is `name` in the section `[server]`. The server does not start with an unknown \
         option or an invalid value; the error names the place.\n\n\
         This page is generated from the source.\n",
    );
    for option in options::<T>() {
        let (default, value) = (option.of(&defaults), option.of(&set));
        let yours = if value == default { String::new() } else { format!("- Set to: {}\n", shown(value)) };
        let default = shown(default);
        let values = if option.kind == "array" {
            format!("{}; in a variable and on the command line one per line", option.values)
        } else {
            option.values.clone()
        };
        let (key, doc, variable) = (&option.key, &option.doc, option.environment_name());
        // Writing to a string does not fail.
        let _ = write!(
            out,
            "\n## `{key}`\n\n{doc}\n\n- Value: {values}\n- Default: {default}\n{yours}- Environment: `{variable}`\n"
        );
    }
    out
}
