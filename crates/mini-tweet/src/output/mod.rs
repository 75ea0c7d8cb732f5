//! What a verb shows: rows on stdout, for people or for programs; talk on stderr, for people only.

pub(crate) mod json;
pub(crate) mod people;
pub(crate) mod style;
pub(crate) mod tweets;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use model::SafeText;
use serde_json::{Map, Value};

use crate::args::{ColorChoice, Global};
use crate::exit::Failure;

/// Version of the fields: new ones may come, none changes its meaning.
const SCHEMA: u32 = 1;

/// One thing to show: its fields for programs, and what people see of it, safe for a terminal.
#[derive(Debug)]
pub(crate) struct Row {
    fields: Map<String, Value>,
    text: String,
}

impl Row {
    /// Fields in the order of their names. The text ends without a newline.
    pub(crate) fn new<const N: usize>(names: &[&str; N], values: [Value; N], text: String) -> Self {
        let fields = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
        Self { fields, text }
    }

    /// As part of another row.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.fields)
    }
}

/// Where rows go.
#[derive(Debug)]
pub(crate) struct Output {
    mode: Mode,
    talks: bool,
    rows: AtomicUsize,
    sink: Sink,
}

/// Where lines are written.
#[derive(Debug)]
enum Sink {
    /// To standard output and standard error of this process.
    Process,
    /// To somebody elsewhere, of whose terminal nothing is known: no colours.
    #[cfg(feature = "ssh")]
    Elsewhere(tokio::sync::mpsc::Sender<String>),
}

#[derive(Debug)]
enum Mode {
    People,
    /// All fields, or these.
    Json(Vec<String>),
    Tsv(Vec<String>),
}

impl Mode {
    fn of(global: &Global) -> Self {
        let names = |list: &str| list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        match (&global.json, &global.tsv) {
            (Some(list), _) => Self::Json(names(list)),
            (None, Some(list)) => Self::Tsv(names(list)),
            (None, None) => Self::People,
        }
    }
}

impl Output {
    pub(crate) fn new(global: &Global) -> Self {
        match global.color {
            ColorChoice::Auto => {}
            ColorChoice::Always => anstream::ColorChoice::AlwaysAnsi.write_global(),
            ColorChoice::Never => anstream::ColorChoice::Never.write_global(),
        }
        let mode = Mode::of(global);
        let talks = !global.quiet && matches!(mode, Mode::People) && io::stderr().is_terminal();
        Self { mode, talks, rows: AtomicUsize::new(0), sink: Sink::Process }
    }

    /// For somebody elsewhere, who takes lines from this channel.
    #[cfg(feature = "ssh")]
    pub(crate) fn elsewhere(global: &Global, lines: tokio::sync::mpsc::Sender<String>) -> Self {
        Self { mode: Mode::of(global), talks: false, rows: AtomicUsize::new(0), sink: Sink::Elsewhere(lines) }
    }

    /// Writes a line, and waits until there is room for it.
    fn line(&self, line: &str) -> Result<(), Failure> {
        match &self.sink {
            Sink::Process => {
                let mut out = anstream::stdout().lock();
                writeln!(out, "{line}")?;
                Ok(out.flush()?)
            }
            #[cfg(feature = "ssh")]
            Sink::Elsewhere(lines) => {
                let line = format!("{}\n", anstream::adapter::strip_str(line));
                let sent = tokio::task::block_in_place(|| lines.blocking_send(line));
                sent.map_err(|_| Failure::Unread)
            }
        }
    }

    pub(crate) fn is_for_people(&self) -> bool {
        matches!(self.mode, Mode::People)
    }

    /// How many rows were shown.
    pub(crate) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Shows a row at once.
    pub(crate) fn row(&self, row: &Row) -> Result<(), Failure> {
        self.rows.fetch_add(1, Ordering::Relaxed);
        match &self.mode {
            Mode::People => self.line(&row.text),
            Mode::Json(names) if names.iter().any(|name| name == "help") => {
                for name in row.fields.keys() {
                    self.line(name)?;
                }
                Err(Failure::Unread)
            }
            Mode::Json(names) => {
                let mut object = Map::new();
                object.insert("v".into(), SCHEMA.into());
                if names.is_empty() {
                    object.extend(row.fields.clone());
                }
                for name in names {
                    object.insert(name.clone(), field(row, name)?.clone());
                }
                self.line(&json::line(&Value::Object(object)))
            }
            Mode::Tsv(names) => {
                let mut line = Vec::new();
                for name in names {
                    line.push(match field(row, name)? {
                        Value::Null => String::new(),
                        Value::String(text) => SafeText::line(text).to_string(),
                        other => json::line(other),
                    });
                }
                self.line(&line.join("\t"))
            }
        }
    }

    pub(crate) fn all(&self, rows: impl IntoIterator<Item = Row>) -> Result<(), Failure> {
        rows.into_iter().try_for_each(|row| self.row(&row))
    }

    /// A line of JSON, whatever was asked for.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Failure> {
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.line(&json::line(value))
    }

    /// A row whose only text is this word: an identifier, a code. People see it bare.
    pub(crate) fn word<const N: usize>(
        &self,
        names: &[&str; N],
        values: [Value; N],
        word: &str,
    ) -> Result<(), Failure> {
        self.row(&Row::new(names, values, SafeText::line(word).to_string()))
    }

    /// Talk: shown to people at a terminal only.
    pub(crate) fn say(&self, text: &str) {
        if self.talks {
            crate::logging::talk(SafeText::lines(text));
        }
    }
}

fn field<'a>(row: &'a Row, name: &str) -> Result<&'a Value, Failure> {
    row.fields.get(name).ok_or_else(|| {
        let known: Vec<&str> = row.fields.keys().map(String::as_str).collect();
        Failure::Usage(format!("there is no field {name:?} here; the fields are {}", known.join(",")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_is_not_there_is_answered_with_those_that_are() {
        let row = Row::new(&["id", "text"], ["1".into(), "x".into()], String::new());
        let Err(Failure::Usage(text)) = field(&row, "txt") else { panic!("it was found") };
        assert!(text.ends_with("the fields are id,text"), "{text}");
    }
}
