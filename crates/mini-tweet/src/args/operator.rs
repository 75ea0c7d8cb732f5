//! Arguments for the operator of a server: serve, admin, and the tools for its data.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port to listen on, such as 0.0.0.0:4280 for the whole internet.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Address and port for ssh, such as 0.0.0.0:4222. Without it, ssh is off.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ssh: Option<String>,
    /// Data directory.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (TOML); --show-options lists every option.
    #[arg(long, value_name = "FILE", env = "MINI_TWEET_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Set any option, for example --set server.sign_up=invite.
    #[arg(long, value_name = "OPTION=VALUE", value_parser = option_and_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Print every option with its meaning and default, then exit.
    #[arg(long)]
    pub(crate) show_options: bool,
}

fn option_and_value(text: &str) -> Result<(String, String), String> {
    let (option, value) = text.split_once('=').ok_or("must be OPTION=VALUE")?;
    Ok((option.to_owned(), value.to_owned()))
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DataDirectory {
    /// Data directory of the server.
    #[arg(
        long,
        value_name = "DIR",
        env = "MINI_TWEET_DATA_DIR",
        hide_env_values = true,
        default_value = "mini-tweet-data",
        global = true
    )]
    pub(crate) data: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Admin {
    #[command(flatten)]
    pub(crate) data: DataDirectory,
    #[command(subcommand)]
    pub(crate) action: AdminAction,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AdminAction {
    /// Create an account, even if sign-up is closed.
    Create {
        /// Username.
        username: String,
        /// Display name.
        #[arg(long, value_name = "NAME", default_value = "")]
        name: String,
        /// Give the account the admin role.
        #[arg(long)]
        admin: bool,
        /// Read the password from stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Create an invite code and print it.
    Invite {
        /// How many people can use it.
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        uses: u32,
        /// How many hours it is valid.
        #[arg(long, default_value_t = 168)]
        hours: u32,
    },
    /// Suspend an account: hide it with everything it posted, and end its sessions.
    Suspend {
        /// Username.
        user: String,
    },
    /// Restore a suspended account.
    Unsuspend {
        /// Username.
        user: String,
    },
    /// Set a new password for an account and ask its owner to change it.
    ResetPassword {
        /// Username.
        user: String,
        /// Read the password from stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show an announcement to everyone; an empty text removes it.
    Announce {
        /// Text of the announcement.
        text: String,
    },
    /// Show statistics of the server.
    Stats,
    /// List what people reported, or close a report.
    Reports {
        #[command(subcommand)]
        action: Option<ReportsAction>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportsAction {
    /// List open reports, oldest first.
    List,
    /// Close a report. It is deleted.
    Close {
        /// Id of the report, from the list.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportSource {
    /// Import a database of the original Python program.
    Python {
        /// Directory of the database.
        directory: PathBuf,
        /// Time zone of its timestamps, such as Europe/Berlin [default: this machine's].
        #[arg(long, value_name = "NAME", value_parser = TimeZone::get)]
        time_zone: Option<TimeZone>,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Import a test network: accounts p0, p1, … and their follows from an edge list, tweets from a text file.
    Graph {
        /// Edge list: two account numbers per line, who follow each other.
        #[arg(long, value_name = "FILE")]
        edges: PathBuf,
        /// Tweets, one per line.
        #[arg(long, value_name = "FILE")]
        tweets: Option<PathBuf>,
        /// Seed of the random distribution of tweets over accounts.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Number of days over which the tweets are spread.
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// Read the password of all accounts from stdin; without it, one is generated and printed.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        data: DataDirectory,
    },
}
