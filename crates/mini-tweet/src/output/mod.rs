//! Output of the verbs: rows on stdout, for people or programs; messages on stderr, for people only.

pub(crate) mod json;
pub(crate) mod people;
pub(crate) mod style;
pub(crate) mod tweets;

use std::io::{self, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use model::SafeText;
use rustix::termios::tcgetwinsize;
use serde_json::{Map, Value};
use terminal::charset::Charset;

use crate::args::{ColorChoice, Global};
use crate::exit::Failure;

/// Version of the JSON fields: fields may be added, but none changes its meaning.
const SCHEMA: u32 = 1;

/// One item: its fields for programs, and its text for people, safe for a terminal.
#[derive(Debug)]
pub(crate) struct Row {
    fields: Map<String, Value>,
    text: String,
}

impl Row {
    /// Fields in this order. The text has no newline at its end.
    pub(crate) fn new<const N: usize>(names: &[&str; N], values: [Value; N], text: String) -> Self {
        let fields = names.iter().map(|name| (*name).to_owned()).zip(values).collect();
        Self { fields, text }
    }

    /// Only these of its fields, in this order, with another text.
    pub(crate) fn only<const N: usize>(mut self, names: &[&str; N], text: String) -> Self {
        let taken = names.iter().filter_map(|name| self.fields.remove_entry(*name));
        Self { fields: taken.collect(), text }
    }

    /// The fields as a value, for use inside another row.
    pub(crate) fn into_value(self) -> Value {
        Value::Object(self.fields)
    }
}

/// The output of one run.
#[derive(Debug)]
pub(crate) struct Output {
    mode: Mode,
    has_messages: bool,
    rows: AtomicUsize,
    sink: Sink,
    /// Columns of the terminal that shows the rows; none if they go elsewhere.
    columns: Option<usize>,
    charset: Charset,
    is_terminal: bool,
}

/// Destination of the lines.
#[derive(Debug)]
enum Sink {
    /// stdout of this process.
    Process,
    /// The caller over ssh. It is not known which colors their terminal has, so there are none.
    #[cfg(feature = "ssh")]
    Remote(tokio::sync::mpsc::Sender<String>),
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
        let has_messages = !global.quiet && matches!(mode, Mode::People) && io::stderr().is_terminal();
        let columns = matches!(mode, Mode::People).then(columns).flatten();
        let (charset, is_terminal) = (crate::locale::charset(), io::stdout().is_terminal());
        let rows = AtomicUsize::new(0);
        Self { mode, has_messages, rows, sink: Sink::Process, columns, charset, is_terminal }
    }

    /// Output over ssh, through this channel, to a terminal with this many columns or to a program on the other side.
    #[cfg(feature = "ssh")]
    pub(crate) fn remote(
        global: &Global,
        lines: tokio::sync::mpsc::Sender<String>,
        charset: Charset,
        terminal: Option<u16>,
    ) -> Self {
        let (rows, sink, mode) = (AtomicUsize::new(0), Sink::Remote(lines), Mode::of(global));
        let columns = terminal.map(usize::from).filter(|columns| *columns > 0);
        Self { mode, has_messages: false, rows, sink, columns, charset, is_terminal: terminal.is_some() }
    }

    /// The charset of the lines. Text for people is shown on a terminal in the end, also through a pipe; fields for
    /// programs lose nothing unless they go to a terminal.
    fn charset(&self) -> Charset {
        match self.mode {
            Mode::Tsv(_) if !self.is_terminal => Charset::Utf8,
            _ => self.charset,
        }
    }

    /// Writes a line; waits for a slow reader.
    fn line(&self, line: &str) -> Result<(), Failure> {
        let line = &*self.charset().text(line);
        match &self.sink {
            Sink::Process => {
                let mut out = anstream::stdout().lock();
                writeln!(out, "{line}")?;
                Ok(out.flush()?)
            }
            #[cfg(feature = "ssh")]
            Sink::Remote(lines) => {
                let line = format!("{}\n", anstream::adapter::strip_str(line));
                let sent = tokio::task::block_in_place(|| lines.blocking_send(line));
                sent.map_err(|_| Failure::Unread)
            }
        }
    }

    pub(crate) fn is_for_people(&self) -> bool {
        matches!(self.mode, Mode::People)
    }

    /// Number of rows shown so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows.load(Ordering::Relaxed)
    }

    /// Shows a row and flushes it.
    pub(crate) fn row(&self, row: &Row) -> Result<(), Failure> {
        let is_first = self.rows.fetch_add(1, Ordering::Relaxed) == 0;
        match &self.mode {
            Mode::People => match self.columns {
                Some(columns) => {
                    let gap = if row.text.contains('\n') && !is_first { "\n" } else { "" };
                    let lines: Vec<_> = row.text.split('\n').map(|line| style::wrap(line, columns)).collect();
                    self.line(&format!("{gap}{}", lines.join("\n")))
                }
                None => self.line(&row.text),
            },
            Mode::Json(names) => {
                let mut object = Map::new();
                object.insert("v".into(), SCHEMA.into());
                if names.is_empty() {
                    object.extend(row.fields.clone());
                }
                for name in names {
                    object.insert(name.clone(), field(row, name)?.clone());
                }
                self.line(&json::line(&Value::Object(object), self.charset))
            }
            Mode::Tsv(names) => {
                let mut line = Vec::new();
                for name in names {
                    line.push(match field(row, name)? {
                        Value::Null => String::new(),
                        Value::String(text) => SafeText::line(text).to_string(),
                        Value::Object(object) => match object.get("username").or_else(|| object.get("id")) {
                            // An account or a tweet, by its name.
                            Some(Value::String(name)) => SafeText::line(name).to_string(),
                            _ => json::line(field(row, name)?, self.charset()),
                        },
                        other => json::line(other, self.charset()),
                    });
                }
                self.line(&line.join("\t"))
            }
        }
    }

    pub(crate) fn all(&self, rows: impl IntoIterator<Item = Row>) -> Result<(), Failure> {
        rows.into_iter().try_for_each(|row| self.row(&row))
    }

    /// Whether `--json=help` asks for the names of the fields, instead of running the verb.
    pub(crate) fn wants_names(&self) -> bool {
        matches!(&self.mode, Mode::Json(names) if names.iter().any(|name| name == "help"))
    }

    /// Shows the names of the fields.
    pub(crate) fn names(&self, names: &[&str]) -> Result<(), Failure> {
        self.rows.fetch_add(names.len(), Ordering::Relaxed);
        names.iter().try_for_each(|name| self.line(name))
    }

    /// Shows a page of text as it is.
    pub(crate) fn page(&self, text: &str) -> Result<(), Failure> {
        self.line(text.trim_end_matches('\n'))
    }

    /// Shows a line of JSON in any mode.
    pub(crate) fn json(&self, value: &Value) -> Result<(), Failure> {
        self.rows.fetch_add(1, Ordering::Relaxed);
        self.line(&json::line(value, self.charset))
    }

    /// Shows a row whose whole text is one word, such as an identifier or a code.
    pub(crate) fn word<const N: usize>(
        &self,
        names: &[&str; N],
        values: [Value; N],
        word: &str,
    ) -> Result<(), Failure> {
        self.row(&Row::new(names, values, SafeText::line(word).to_string()))
    }

    /// Shows a message on stderr, to people at a terminal only.
    pub(crate) fn say(&self, text: &str) {
        if self.has_messages {
            crate::logging::talk(SafeText::lines(text));
        }
    }
}

/// Columns of the terminal on stdout.
fn columns() -> Option<usize> {
    let size = io::stdout().is_terminal().then(|| tcgetwinsize(io::stdout()).ok()).flatten()?;
    (size.ws_col > 0).then_some(size.ws_col.into())
}

/// The field with this name. A field inside an object is named by a path: `author.username`.
fn field<'a>(row: &'a Row, name: &str) -> Result<&'a Value, Failure> {
    let (mut fields, mut is_row) = (&row.fields, true);
    let mut path = name.split('.').peekable();
    while let Some(part) = path.next() {
        match fields.get(part) {
            Some(value) if path.peek().is_none() => return Ok(value),
            Some(Value::Object(inner)) => (fields, is_row) = (inner, false),
            // There is nothing inside of nothing.
            Some(Value::Null) => return Ok(&Value::Null),
            // What is not sent has no other fields.
            None if fields.contains_key("unavailable") && !is_row => {
                return Ok(&Value::Null);
            }
            Some(_) | None => break,
        }
    }
    let known: Vec<&str> = fields.keys().map(String::as_str).collect();
    Err(Failure::Usage(format!("unknown field {name:?}; the fields are {}", known.join(","))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_field_is_refused_with_a_list_of_the_fields() {
        let row = Row::new(&["id", "text"], ["1".into(), "x".into()], String::new());
        let Err(Failure::Usage(text)) = field(&row, "txt") else { panic!("it was found") };
        assert!(text.ends_with("the fields are id,text"), "{text}");
    }
}
