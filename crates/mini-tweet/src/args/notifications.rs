//! Kinds of notifications.

use clap::ValueEnum;
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
