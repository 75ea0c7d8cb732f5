//! The command line: verbs, their arguments and their help texts. It does not know what the verbs do.

mod notifications;
pub(crate) mod operator;
mod paging;
mod parse;
mod people;
mod text;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

pub(crate) use self::notifications::{AnnouncementsAction, Kind};
use self::operator::{Admin, DataDirectory, HostAction, ImportSource, Serve};
use self::paging::since;
pub(crate) use self::paging::{Page, Since};
pub(crate) use self::people::{Everyone, Following, People, PeopleOf, PeopleOrList, Sort};
pub(crate) use self::text::{Text, Visibility};

const AFTER_HELP: &str = "\
Without a command, the full-screen client opens. To start your own network on this machine:
  mini-tweet serve                      in one terminal
  mini-tweet                            in another, or use commands:
  mini-tweet signup
  mini-tweet post \"hello #world\"
  mini-tweet feed --follow

Exit codes: 0 success (also if nothing had to change), 1 failure, 2 usage error, 3 not found,
4 not signed in, 5 rejected, 6 rate limited or server busy, 7 server unreachable, 8 conflict,
9 the key of the server is new, 130 interrupted.";

/// A microblogging network that people run themselves and live in from a terminal.
#[derive(Debug, Parser)]
#[command(name = "mini-tweet", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(flatten)]
    pub(crate) screen: ScreenOptions,
    /// `None` opens the full-screen client.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// Options of the full-screen client; no verb uses them.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Full-screen client")]
pub(crate) struct ScreenOptions {
    /// Print lines instead of drawing a screen, for screen readers and simple terminals.
    #[arg(long, env = "ACCESSIBLE", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) plain: bool,
}

/// Options of every verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// Server address: host, host:port or unix:/path; host:port,host:port,… for servers of one network [default: your
    /// account's server, your own server on this computer if it runs, or 127.0.0.1:4280].
    #[arg(long, global = true, env = "MINI_TWEET_SERVER", hide_env_values = true, value_name = "ADDRESS")]
    pub(crate) server: Option<String>,
    /// Account to use; `mini-tweet accounts` lists them.
    #[arg(long, global = true, env = "MINI_TWEET_PROFILE", hide_env_values = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// Print JSON, one object per line; =FIELDS selects fields, =help lists them.
    #[arg(
        long, global = true, value_name = "FIELDS", num_args = 0..=1, require_equals = true,
        default_missing_value = "", conflicts_with = "tsv"
    )]
    pub(crate) json: Option<String>,
    /// Print only these fields, separated by tabs.
    #[arg(long, global = true, value_name = "FIELDS", require_equals = true)]
    pub(crate) tsv: Option<String>,
    /// When to use colors.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Never prompt; fail if something is missing.
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// Only read; commands that would change something are refused.
    #[arg(long, global = true)]
    pub(crate) read_only: bool,
    /// Only print errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Log to stderr what the client does; repeat for more detail.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Maximum time to wait for a response, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Exit with code 3 if there is nothing to show.
    #[arg(long, global = true)]
    pub(crate) exit_status: bool,
    /// Accept only a server with this key (SHA256:…), and remember it.
    #[arg(long, global = true, env = "MINI_TWEET_FINGERPRINT", hide_env_values = true, value_name = "KEY")]
    pub(crate) fingerprint: Option<String>,
    /// Do not use TLS. Only for a server on the same machine whose key is not known.
    #[arg(long, global = true)]
    pub(crate) insecure: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColorChoice {
    Auto,
    Always,
    Never,
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "must be a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|_| "must be a number of seconds".to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    // Session.
    /// Create an account and sign in.
    Signup(SignUp),
    /// Sign in.
    Login(LogIn),
    /// Sign out on this machine.
    Logout {
        /// End all sessions of this account.
        #[arg(long)]
        everywhere: bool,
    },
    /// Show the profile of the account that is signed in.
    Whoami,
    /// List, switch or remove the accounts on this machine.
    Accounts {
        #[command(subcommand)]
        action: Option<AccountsAction>,
    },
    /// List your sessions, or end one.
    Sessions {
        #[command(subcommand)]
        action: Option<SessionsAction>,
    },
    /// List, add or revoke your ssh keys.
    Keys {
        #[command(subcommand)]
        action: Option<KeysAction>,
    },
    /// Change your password and end all your other sessions.
    Passwd {
        /// Read the current and the new password from stdin, one per line.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Delete your account and everything you posted, permanently.
    DeleteAccount {
        /// Read the password from stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Export your data, as JSON lines: what you wrote, your relationships, messages, keys and sessions.
    Export,

    // Write.
    /// Post a tweet and print its id.
    Post(Post),
    /// Reply to a tweet.
    Reply(About),
    /// Quote a tweet: retweet it with your own message.
    Quote(About),
    /// Retweet a tweet.
    Retweet(Id),
    /// Undo a retweet.
    Unretweet(Id),
    /// Like a tweet.
    Like(Id),
    /// Remove a like.
    Unlike(Id),
    /// Bookmark a tweet.
    #[command(alias = "save")]
    Bookmark(Id),
    /// Remove a bookmark.
    #[command(alias = "unsave")]
    Unbookmark(Id),
    /// Edit the text of your tweet. Earlier versions stay visible to everyone.
    Edit(About),
    /// Delete your tweet.
    Delete(Id),

    // Read.
    /// Read a timeline, newest first: home, mine, local, bookmarks, likes, @user or #tag.
    Feed(Feed),
    /// Show a tweet.
    Show(Id),
    /// Show a tweet, the tweets it is in reply to, and the replies to it.
    Thread {
        #[command(flatten)]
        tweet: Id,
        #[command(flatten)]
        page: Page,
    },
    /// Show all versions of an edited tweet.
    History(Id),
    /// Show your notifications.
    Notifs(Notifs),
    /// Search tweets, people or hashtags.
    Search(Search),

    // People.
    /// List everyone on this server, or search people by name.
    People(Everyone),
    /// Show a profile, or edit your own.
    Profile(Profile),
    /// Follow people.
    Follow(People),
    /// Unfollow people.
    Unfollow(People),
    /// List someone's followers (default: yours).
    Followers(PeopleOf),
    /// List who someone follows (default: you).
    Following(Following),
    /// Remove people from your followers. They are not notified.
    RemoveFollower(People),
    /// Mute people: you no longer see their tweets. They are not notified.
    Mute(PeopleOrList),
    /// Unmute people.
    Unmute(People),
    /// Block people: neither of you can see or contact the other.
    Block(PeopleOrList),
    /// Unblock people. Earlier follows are not restored.
    Unblock(People),
    /// Report a person or a tweet to the admins of this server.
    Report {
        /// @user or the id of a tweet.
        #[arg(value_name = "@USER|ID")]
        what: String,
        /// Why you report it.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Show who is online.
    Online {
        /// Keep running and show who comes online and goes offline.
        #[arg(long, short)]
        follow: bool,
    },

    // Hashtags and chat.
    /// Show hashtags: trending today, new today, of this week if there are none today, and yours.
    Tags {
        /// Number of hashtags of each kind.
        #[arg(short = 'n', long = "limit", value_name = "N")]
        limit: Option<u32>,
    },
    /// Read and send direct messages.
    Chat(Chat),
    /// Print live events as JSON lines.
    Watch {
        /// Go on after this event: the `sequence` of the last one, or TOPIC=SEQUENCE for each topic.
        #[arg(long, value_name = "SEQUENCE", value_parser = since)]
        since: Vec<Since>,
    },

    // Tools.
    /// Run a server.
    Serve(Serve),
    /// Start, stop or inspect your own server on this computer.
    Host {
        #[command(subcommand)]
        action: Option<HostAction>,
    },
    /// Manage accounts and the server, as its operator or as an admin.
    Admin(Admin),
    /// Back up a server's database to a file; the server may be running.
    Backup {
        /// File to create.
        file: PathBuf,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Restore a backup. An existing database is never overwritten.
    Restore {
        /// Backup to restore.
        file: PathBuf,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Move a network with everything from a single server to a PostgreSQL database that several servers share, or back. Stop
    /// all servers first. What is moved stays where it was, too.
    Move {
        /// Data directory, or address of a PostgreSQL database.
        #[arg(long, value_name = "DIR|URL")]
        from: String,
        /// Empty PostgreSQL database, or data directory without a database.
        #[arg(long, value_name = "URL|DIR")]
        to: String,
    },
    /// Check a server's database: integrity, counters and invariants.
    Check {
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Import data from another program. Stop the server first.
    Import {
        #[command(subcommand)]
        source: ImportSource,
    },
    /// Show information about the server.
    Info,
    /// List the announcements of the operator, or dismiss one.
    Announcements {
        #[command(subcommand)]
        action: Option<AnnouncementsAction>,
    },
    /// Print a completion script for a shell.
    Completion {
        /// Shell to generate the script for.
        shell: Shell,
    },
    /// Print the main manual page, or write all manual pages to a directory.
    Man {
        /// Directory to write to.
        directory: Option<PathBuf>,
    },
    /// List the shortcuts of the full-screen client, or check your own.
    Keymap {
        #[command(subcommand)]
        action: Option<KeymapAction>,
    },
    /// Print the version.
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeymapAction {
    /// List every command with its shortcuts, including yours.
    List {
        /// Print the page of the documentation.
        #[arg(long, hide = true)]
        markdown: bool,
    },
    /// Check your settings for conflicts and mistakes; exit with code 1 if there are any.
    Check,
}

#[derive(Debug, Args)]
pub(crate) struct SignUp {
    /// Letters a to z, digits and _; at most 30.
    pub(crate) username: Option<String>,
    /// Display name.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Invite code, if the server requires one.
    #[arg(long, value_name = "CODE")]
    pub(crate) invite: Option<String>,
    /// Read the password from stdin.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogIn {
    /// Username.
    pub(crate) username: Option<String>,
    /// Read the password from stdin.
    #[arg(long, conflicts_with = "token_stdin")]
    pub(crate) password_stdin: bool,
    /// Read a session token from stdin instead of a password.
    #[arg(long)]
    pub(crate) token_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsAction {
    /// List the accounts on this machine.
    List,
    /// Switch to an account.
    Use {
        /// Username, or username@host:port.
        name: String,
    },
    /// Remove an account from this machine. Its session stays active; sign out first to end it.
    Remove {
        /// Username, or username@host:port.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsAction {
    /// List your sessions.
    List,
    /// End a session.
    Revoke {
        /// Id of the session, from the list.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysAction {
    /// List your ssh keys.
    List,
    /// Add a public key. Its private key can then sign in to your account over ssh.
    Add {
        /// Public key file, such as ~/.ssh/id_ed25519.pub; - reads stdin.
        file: PathBuf,
        /// Name of the key [default: the comment in the file].
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Revoke a key and end the sessions that used it.
    Revoke {
        /// Id of the key, from the list.
        id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Post {
    #[command(flatten)]
    pub(crate) text: Text,
    /// Tweet to reply to: its id, or @last.
    #[arg(long, value_name = "ID", value_parser = tweet_ref)]
    pub(crate) reply_to: Option<TweetRef>,
    /// Tweet to quote: its id, or @last.
    #[arg(long, value_name = "ID", value_parser = tweet_ref)]
    pub(crate) quote: Option<TweetRef>,
}

#[derive(Debug, Args)]
pub(crate) struct About {
    #[command(flatten)]
    pub(crate) tweet: Id,
    #[command(flatten)]
    pub(crate) text: Text,
}

#[derive(Debug, Args)]
pub(crate) struct Id {
    /// Id of the tweet, or @last for the last one you posted.
    #[arg(value_parser = tweet_ref)]
    pub(crate) id: TweetRef,
}

/// A tweet as an argument names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TweetRef {
    Id(u64),
    Last,
}

fn tweet_ref(text: &str) -> Result<TweetRef, String> {
    if text == "@last" {
        return Ok(TweetRef::Last);
    }
    match text.parse() {
        Ok(id) if id > 0 => Ok(TweetRef::Id(id)),
        _ => Err("must be a tweet id or @last".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Feed {
    /// home, mine, local, bookmarks, likes, @user or #tag.
    #[arg(default_value = "home")]
    pub(crate) timeline: String,
    #[command(flatten)]
    pub(crate) page: Page,
    /// Only replies. Works with mine and @user.
    #[arg(long)]
    pub(crate) replies: bool,
    /// Keep running and show new tweets, oldest first; with --since, those after that id first.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Notifs {
    #[command(flatten)]
    pub(crate) page: Page,
    /// Only unread notifications.
    #[arg(long)]
    pub(crate) unread: bool,
    /// Only these kinds, separated by commas.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "KIND")]
    pub(crate) kind: Vec<Kind>,
    /// Mark the notifications shown as read; with --kind or --unread only these, otherwise all older ones too.
    #[arg(long)]
    pub(crate) mark_read: bool,
    /// Keep running and show new notifications.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words that must all match; end a word in * to match its beginning.
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// Search people by name.
    #[arg(long, conflicts_with_all = ["tags", "posts"])]
    pub(crate) people: bool,
    /// Search hashtags that start with this.
    #[arg(long, conflicts_with = "posts")]
    pub(crate) tags: bool,
    /// Search tweets (the default).
    #[arg(long)]
    pub(crate) posts: bool,
    #[command(flatten)]
    pub(crate) page: Page,
}

#[derive(Debug, Args)]
pub(crate) struct Profile {
    /// Username [default: you].
    pub(crate) user: Option<String>,
    /// Change your display name.
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub(crate) name: Option<String>,
    /// Change your bio.
    #[arg(long, value_name = "TEXT", conflicts_with = "user")]
    pub(crate) bio: Option<String>,
    /// Whether others can see when you are online.
    #[arg(long, value_name = "yes|no", conflicts_with = "user", value_parser = yes_or_no)]
    pub(crate) show_presence: Option<bool>,
}

fn yes_or_no(text: &str) -> Result<bool, String> {
    match text {
        "yes" => Ok(true),
        "no" => Ok(false),
        _ => Err("must be yes or no".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// `list` for your conversations, or @user.
    #[arg(default_value = "list", value_name = "list|@USER")]
    pub(crate) with: String,
    /// Message to send, in one argument or several; - reads stdin. Without it, the conversation is shown.
    #[arg(conflicts_with = "follow", value_name = "TEXT")]
    words: Vec<String>,
    /// Replace the text of your message with this id by TEXT.
    #[arg(long, value_name = "ID", conflicts_with = "follow", requires = "words")]
    pub(crate) edit: Option<u64>,
    /// Replace the text of your last message by TEXT.
    #[arg(long, conflicts_with_all = ["follow", "edit"], requires = "words")]
    pub(crate) edit_last: bool,
    /// Delete your message with this id, for both of you.
    #[arg(long, value_name = "ID", conflicts_with_all = ["follow", "edit", "edit_last", "words"])]
    pub(crate) delete: Option<u64>,
    /// Stay in the chat: new messages appear, and each line you type is sent.
    #[arg(long, short)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) page: Page,
}

impl Chat {
    /// The message of the command line, if there is one.
    pub(crate) fn text(&self) -> Option<String> {
        text::joined(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_beginning_of_a_command_is_no_command() {
        for line in ["logou", "delet 12", "rev", "host sta", "admin delete-acc ada"] {
            let words = std::iter::once("mini-tweet").chain(line.split(' '));
            assert!(Cli::command().try_get_matches_from(words).is_err(), "{line}");
        }
    }

    #[test]
    fn a_tweet_is_named_by_its_id_or_as_the_last_one() {
        assert_eq!(tweet_ref("@last"), Ok(TweetRef::Last));
        assert_eq!(tweet_ref("12"), Ok(TweetRef::Id(12)));
        for wrong in ["0", "x", "-1"] {
            assert_eq!(tweet_ref(wrong), Err("must be a tweet id or @last".to_owned()), "{wrong}");
        }
    }
}
