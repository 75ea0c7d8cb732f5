//! Arguments for the operator of a server: serve, admin, and the tools for its data.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use jiff::tz::TimeZone;
use store::StoreUrl;

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
    /// Database: sqlite: or postgres://user@host/database, which several servers share.
    #[arg(long, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// NATS server between servers that share a database, such as nats://host.
    #[arg(long, value_name = "URL")]
    pub(crate) bus: Option<String>,
    /// Configuration file (TOML); --show-options lists every option.
    #[arg(long, value_name = "FILE", env = "MINI_TWEET_CONFIG", hide_env_values = true)]
    pub(crate) config: Option<PathBuf>,
    /// Set any option, for example --set server.sign_up=invite.
    #[arg(long, value_name = "OPTION=VALUE", value_parser = option_and_value)]
    pub(crate) set: Vec<(String, String)>,
    /// Print every option with its meaning, its default and the value that you set, then exit.
    #[arg(long)]
    pub(crate) show_options: bool,
    /// Check the configuration, then exit; the exit code is 1 if there is a mistake.
    #[arg(long)]
    pub(crate) check_config: bool,
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
        default_value = server::config::DATA_DIRECTORY,
        global = true
    )]
    pub(crate) data: PathBuf,
    /// Database of the server, as in its configuration: sqlite: or postgres://user@host/database.
    #[arg(
        long,
        value_name = "URL",
        env = "MINI_TWEET_STORE",
        hide_env_values = true,
        default_value = "sqlite:",
        global = true
    )]
    pub(crate) store: StoreUrl,
}

#[derive(Debug, Args)]
pub(crate) struct Admin {
    /// Data directory of the server on this machine, to act as its operator. Without it: ./mini-tweet-data if a server
    /// runs there, else your account, which needs the role admin.
    #[arg(long, value_name = "DIR", env = "MINI_TWEET_DATA_DIR", hide_env_values = true, global = true)]
    pub(crate) data: Option<PathBuf>,
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
    /// List the invites that can still be used, or revoke one.
    Invites {
        #[command(subcommand)]
        action: Option<InvitesAction>,
    },
    /// List accounts with their roles, suspended ones included.
    Accounts {
        /// Only usernames that begin with this.
        #[arg(default_value = "")]
        beginning: String,
        /// Only suspended accounts.
        #[arg(long)]
        suspended: bool,
        /// Only admins.
        #[arg(long)]
        admins: bool,
    },
    /// Give an account the role admin or member. Taking the role admin ends its sessions.
    Role {
        /// Username.
        user: String,
        /// The role.
        #[arg(value_enum)]
        role: Role,
    },
    /// Delete a tweet of any account.
    RemoveTweet {
        /// Id of the tweet.
        id: u64,
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
    /// Delete an account and everything it posted, permanently.
    DeleteAccount {
        /// Username.
        user: String,
        /// Do not ask for a confirmation.
        #[arg(long)]
        yes: bool,
    },
    /// Set a new password for an account and ask its owner to change it.
    ResetPassword {
        /// Username.
        user: String,
        /// Read the password from stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Show one more announcement to everyone and print its id; an empty text removes all of them.
    Announce {
        /// Text of the announcement.
        #[arg(required_unless_present = "remove")]
        text: Option<String>,
        /// After how many hours it ends. Without this, it stays until you remove it.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..))]
        hours: Option<u32>,
        /// Remove the announcement with this id; `admin announcements` lists them.
        #[arg(long, value_name = "ID", conflicts_with_all = ["text", "hours"])]
        remove: Option<u64>,
    },
    /// List the announcements, the newest first.
    Announcements,
    /// Show statistics of the server.
    Stats,
    /// List the servers of the network, and how up to date each is.
    Nodes,
    /// Make a server accept no more connections and move its clients to the other servers, before it is stopped.
    Drain {
        /// Id of the server or its beginning; `admin nodes` lists them. Without it: the server of the data directory.
        id: Option<String>,
    },
    /// List what people reported, or close a report.
    Reports {
        #[command(subcommand)]
        action: Option<ReportsAction>,
    },
}

/// What to do with the server of this user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(crate) enum HostAction {
    /// Show whether it runs, and where its data and its log are.
    Status,
    /// Start it in the background. It keeps running until you stop it or the computer is turned off.
    Start,
    /// Stop it. Requests in progress are finished.
    Stop,
    /// Start it each time you log in to this computer (a systemd user service).
    Install,
    /// Stop it and remove the service. The data stay.
    Uninstall,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Role {
    /// May do everything that the operator may, over the network.
    Admin,
    /// An ordinary account.
    Member,
}

#[derive(Debug, Subcommand)]
pub(crate) enum InvitesAction {
    /// List invites; the one that expires first comes first.
    List,
    /// Revoke an invite.
    Revoke {
        /// Its id, from the list, or its code.
        invite: String,
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
