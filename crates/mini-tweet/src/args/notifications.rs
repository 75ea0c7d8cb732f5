//! Kinds of notifications, and what to do with announcements.

use clap::{Subcommand, ValueEnum};
use protocol::v1::NotificationKind;

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Follow,
    Mention,
    Reply,
    Retweet,
    Quote,
    Like,
}

impl From<Kind> for NotificationKind {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Follow => Self::Follow,
            Kind::Mention => Self::Mention,
            Kind::Reply => Self::Reply,
            Kind::Retweet => Self::Retweet,
            Kind::Quote => Self::Quote,
            Kind::Like => Self::Like,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum AnnouncementsAction {
    /// List the announcements, the newest first.
    List,
    /// Dismiss an announcement on all your devices: you have read it.
    Dismiss {
        /// Id of the announcement, from the list [default: the newest that you have not dismissed].
        id: Option<u64>,
    },
}
