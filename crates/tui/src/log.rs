//! The log of this run: what failed, what was sent, and when the connection changed.

use std::collections::VecDeque;

/// Lines of the log; the oldest are dropped.
const LINES_MAX: usize = 500;

/// How important a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Something was done.
    Info,
    /// Something that may explain what follows.
    Warning,
    /// Something failed.
    Error,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Its number, which no other line of this run has.
    pub number: u64,
    /// The time, in Unix milliseconds.
    pub at: i64,
    /// How important it is.
    pub level: Level,
    /// A sentence for the user.
    pub text: String,
    /// The technical text; empty if there is none.
    pub details: String,
    /// The number under which the log of the server has the cause; empty if there is none.
    pub incident: String,
}

/// The lines, oldest first.
#[derive(Debug, Default)]
pub struct Log {
    lines: VecDeque<LogLine>,
    next: u64,
}

impl Log {
    /// Adds a line.
    pub fn add(&mut self, at: i64, level: Level, text: String, details: String) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
        }
        self.lines.push_back(LogLine {
            number: self.next,
            at,
            level,
            text,
            details,
            incident: String::new(),
        });
        self.next += 1;
    }

    /// The number that the next line will have.
    #[must_use]
    pub fn next_number(&self) -> u64 {
        self.next
    }

    /// Notes that the lines from this number on are about an incident of the server. Returns whether there are any.
    pub fn note_incident(&mut self, from: u64, incident: &str) -> bool {
        let mut is_noted = false;
        for line in self.lines.iter_mut().filter(|line| line.number >= from) {
            incident.clone_into(&mut line.incident);
            is_noted = true;
        }
        is_noted
    }

    /// All lines, newest first.
    pub fn lines(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter().rev()
    }

    /// The line with this number.
    #[must_use]
    pub fn line(&self, number: u64) -> Option<&LogLine> {
        self.lines.iter().find(|line| line.number == number)
    }
}
