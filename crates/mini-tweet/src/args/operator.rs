//! Arguments of whoever runs a server: serve, admin, and the tools for its data.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Address and port, such as 0.0.0.0:4280 for the whole world.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Where people come in by ssh, such as 0.0.0.0:4222. Else nobody does.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) ssh: Option<String>,
    /// Directory of the database.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Configuration file (TOML); all options are in docs/configuration.md.
    #[arg(long, value_name = "FILE", env = "MINI_TWEET_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Any option, for example --set server.sign_up=invite.
    #[arg(long, value_name = "OPTION=VALUE", value_parser = option_and_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Show every option with its meaning and value, and stop.
    #[arg(long)]
    pub(crate) show_options: bool,
}

fn option_and_value(text: &str) -> Result<(String, String), String> {
    let (option, value) = text.split_once('=').ok_or("must be OPTION=VALUE")?;
    Ok((option.to_owned(), value.to_owned()))
}

#[derive(Debug, Clone, Args)]
pub(crate) struct DataDirectory {
    /// Directory of the server's database.
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
    /// Make an account, also where sign-up is closed.
    Create {
        /// Username.
        username: String,
        /// Name to show.
        #[arg(long, value_name = "NAME", default_value = "")]
        name: String,
        /// With an operator's rights.
        #[arg(long)]
        admin: bool,
        /// Password as a line of stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make an invite code; prints it.
    Invite {
        /// How many may use it.
        #[arg(long, default_value_t = 1)]
        uses: u32,
        /// For how long.
        #[arg(long, default_value_t = 168)]
        hours: u32,
    },
    /// Hide an account and all it wrote, and end its sessions.
    Suspend {
        /// Whom.
        user: String,
    },
    /// Let a suspended account back.
    Unsuspend {
        /// Whom.
        user: String,
    },
    /// Give an account another password; its owner is asked to change it.
    ResetPassword {
        /// Whose.
        user: String,
        /// Password as a line of stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Say something to everyone; an empty text takes it away.
    Announce {
        /// What.
        text: String,
    },
    /// Counts of the server.
    Stats,
    /// What people reported: list it, or close one that you have looked at.
    Reports {
        #[command(subcommand)]
        action: Option<ReportsAction>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportsAction {
    /// The oldest first.
    List,
    /// It is gone for good.
    Close {
        /// Its id in the list.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ImportSource {
    /// A database of the original Python program.
    Python {
        /// Its directory.
        directory: PathBuf,
        /// Where its clock was, for example Europe/Berlin; else that of this machine.
        #[arg(long, value_name = "NAME", value_parser = TimeZone::get)]
        time_zone: Option<TimeZone>,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// A network for trials: accounts p0, p1, … and their follows from a list of ties, tweets from a text file.
    Graph {
        /// Two numbers a line: these two follow each other.
        #[arg(long, value_name = "FILE")]
        edges: PathBuf,
        /// One tweet a line.
        #[arg(long, value_name = "FILE")]
        tweets: Option<PathBuf>,
        /// Another number deals the tweets out differently.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Over how many days the tweets are spread.
        #[arg(long, default_value_t = 7)]
        days: u32,
        /// Password of all accounts as a line of stdin; else one is made and shown.
        #[arg(long)]
        password_stdin: bool,
        #[command(flatten)]
        data: DataDirectory,
    },
}
