//! When the user is alerted: a burst of events is one alert and a summary.

/// Time between two alerts, in milliseconds.
const PAUSE_MS: i64 = 1_000;

/// The last alert, and what happened since.
#[derive(Debug, Clone, Default)]
pub struct Alerts {
    /// When the next alert may be given, in Unix milliseconds.
    next_at: i64,
    /// The first event that waits, and how many wait.
    waiting: Option<(String, usize)>,
}

impl Alerts {
    /// Something happened: returns what to alert the user of now, if anything.
    pub(crate) fn add(&mut self, now: i64, text: &str) -> Option<String> {
        match &mut self.waiting {
            Some((_, count)) => *count += 1,
            None => self.waiting = Some((text.to_owned(), 1)),
        }
        self.due(now)
    }

    /// What to alert the user of now: the event that waits, or how many wait.
    pub(crate) fn due(&mut self, now: i64) -> Option<String> {
        // A clock that was set back must not end all alerts.
        if self.next_at > now && self.next_at <= now + PAUSE_MS {
            return None;
        }
        let (text, count) = self.waiting.take()?;
        self.next_at = now + PAUSE_MS;
        Some(if count == 1 { text } else { format!("{count} new messages and notifications") })
    }

    /// When the events that wait are due, in Unix milliseconds.
    pub(crate) fn due_at(&self) -> Option<i64> {
        self.waiting.as_ref().map(|_| self.next_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_one_alert_and_a_summary() {
        let mut alerts = Alerts::default();
        assert_eq!(alerts.add(5_000, "one").as_deref(), Some("one"));
        for at in 0..60 {
            assert_eq!(alerts.add(5_000 + at, "more"), None);
        }
        assert_eq!((alerts.due_at(), alerts.due(5_999)), (Some(6_000), None));
        assert_eq!(alerts.due(6_000).as_deref(), Some("60 new messages and notifications"));
        assert_eq!((alerts.due_at(), alerts.due(9_000)), (None, None));
        assert_eq!(alerts.add(9_000, "later").as_deref(), Some("later"));
        assert_eq!(alerts.add(1_000, "the clock was set back").as_deref(), Some("the clock was set back"));
    }
}
