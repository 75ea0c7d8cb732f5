//! What a scenario found out about one promise.

/// The result of the tests of one promise.
#[derive(Debug)]
pub(crate) struct Finding {
    /// Number of the promise in docs/reliability.md.
    pub(crate) promise: u8,
    /// What was tried, with the number of attempts: "20 power cuts under load".
    pub(crate) tried: String,
    /// Measured numbers: "8,210 acknowledged, 0 lost".
    pub(crate) figures: String,
    /// Everything that was lost or broken, one line each. Empty if the server kept the promise.
    pub(crate) broken: Vec<String>,
    pub(crate) control: Control,
}

/// The negative control: the same test, on something that breaks the promise.
#[derive(Debug)]
pub(crate) enum Control {
    /// The test detected it; the text says how.
    Detected(String),
    /// The test did not detect it, so it proves nothing.
    Missed(String),
}

impl Control {
    /// The outcome of a control, with a description of what was broken and measured.
    pub(crate) fn of(detected: bool, what: impl Into<String>) -> Self {
        if detected { Self::Detected(what.into()) } else { Self::Missed(what.into()) }
    }
}

impl Finding {
    /// Whether the promise was kept and the negative control detected.
    pub(crate) fn is_good(&self) -> bool {
        self.broken.is_empty() && matches!(self.control, Control::Detected(_))
    }
}
