//! Lists of people, and the people of a command.

use clap::{Args, ValueEnum};

use super::Page;

/// The order of a list of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Sort {
    /// By username: p2 before p10.
    Username,
    /// By display name.
    Name,
    /// The newest account, follow, mute or block first.
    Newest,
    /// The most followed first.
    Followers,
    /// The one with the newest public tweet first.
    Active,
}

#[derive(Debug, Args)]
pub(crate) struct Everyone {
    /// Name to search for; part of it, or a similar spelling, is enough.
    pub(crate) name: Option<String>,
    /// Order of the list; with a name, all people that have it as a part, without similar spellings.
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(crate) sort: Option<Sort>,
    /// Show people whom you may want to follow.
    #[arg(long, conflicts_with_all = ["name", "sort"])]
    pub(crate) suggested: bool,
    /// Do not suggest this person again.
    #[arg(long, value_name = "@USER", conflicts_with_all = ["name", "sort", "suggested"])]
    pub(crate) dismiss: Option<String>,
    #[command(flatten)]
    pub(crate) page: Page,
}

#[derive(Debug, Args)]
pub(crate) struct People {
    /// Usernames, with or without @.
    #[arg(required = true, value_name = "@USER")]
    pub(crate) users: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PeopleOrList {
    /// Usernames, with or without @; without any, the current list is shown.
    #[arg(value_name = "@USER")]
    pub(crate) users: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PeopleOf {
    /// Username [default: you].
    pub(crate) user: Option<String>,
    /// Show only people with this in their names.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Order of the list [default: the newest follow first].
    #[arg(long, value_enum, value_name = "ORDER")]
    pub(crate) sort: Option<Sort>,
    #[command(flatten)]
    pub(crate) page: Page,
}

#[derive(Debug, Args)]
pub(crate) struct Following {
    #[command(flatten)]
    pub(crate) of: PeopleOf,
    /// Show only people whom you follow, too.
    #[arg(long)]
    pub(crate) you_follow: bool,
}
