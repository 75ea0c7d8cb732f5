//! Where a list or a stream begins.

use clap::Args;

/// The last event of a stream that has been seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Since {
    /// Its topic; none means every topic.
    pub(crate) topic: Option<String>,
    pub(crate) sequence: u64,
}

pub(super) fn since(text: &str) -> Result<Since, String> {
    let (topic, sequence) = text.split_once('=').map_or((None, text), |(topic, rest)| (Some(topic), rest));
    let sequence = sequence.parse().map_err(|_| "must be a sequence or TOPIC=SEQUENCE".to_owned())?;
    if topic.is_some_and(|topic| !["home", "notifications", "conversations"].contains(&topic)) {
        return Err("the topic must be home, notifications or conversations".to_owned());
    }
    Ok(Since { topic: topic.map(str::to_owned), sequence })
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Page {
    /// Maximum number of items.
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,
    /// Start after this id or cursor in the list (older items).
    #[arg(long, value_name = "CURSOR", conflicts_with = "since")]
    pub(crate) before: Option<String>,
    /// Show items newer than this id.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) since: Option<String>,
}
