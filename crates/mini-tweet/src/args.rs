//! The command line: verbs, their arguments and what stands in their help. It knows nothing of what they do.

pub(crate) mod operator;

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use self::operator::{Admin, DataDirectory, ImportSource, Serve};

const AFTER_HELP: &str = "\
Without a verb it opens the full-screen client. Start with your own network on this machine:
  mini-tweet serve                      in one terminal
  mini-tweet                            in another; or with verbs:
  mini-tweet signup
  mini-tweet post \"hello #world\"
  mini-tweet feed --follow

Exit codes: 0 done (or so already), 1 failed, 2 wrong usage, 3 not found, 4 not signed in, 5 refused,
6 too many requests, 7 server not reached, 8 conflict, 130 interrupted.";

/// A microblogging network that people run themselves and live in from a terminal.
#[derive(Debug, Parser)]
#[command(name = "mini-tweet", version, after_help = AFTER_HELP, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(flatten)]
    pub(crate) screen: ScreenOptions,
    /// Without one: the full-screen client.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,
}

/// What the full-screen client takes, and no verb.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Full-screen client")]
pub(crate) struct ScreenOptions {
    /// Lines instead of a screen: for screen readers and simple terminals.
    #[arg(long, env = "ACCESSIBLE", hide_env_values = true, value_parser = clap::builder::FalseyValueParser::new())]
    pub(crate) plain: bool,
    /// Look only: nothing is written to the network.
    #[arg(long)]
    pub(crate) read_only: bool,
}

/// What every verb takes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub(crate) struct Global {
    /// Server: host, host:port or unix:/path. Else that of your profile, else 127.0.0.1:4280.
    #[arg(long, global = true, env = "MINI_TWEET_SERVER", hide_env_values = true, value_name = "ADDRESS")]
    pub(crate) server: Option<String>,
    /// Account to use, of those in `mini-tweet accounts`.
    #[arg(long, global = true, env = "MINI_TWEET_PROFILE", hide_env_values = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// One JSON object a line; with =FIELDS only these, with =help a list of them.
    #[arg(
        long, global = true, value_name = "FIELDS", num_args = 0..=1, require_equals = true,
        default_missing_value = "", conflicts_with = "tsv"
    )]
    pub(crate) json: Option<String>,
    /// These fields, with tabs between them.
    #[arg(long, global = true, value_name = "FIELDS", require_equals = true)]
    pub(crate) tsv: Option<String>,
    /// Colours: only on a terminal, or in any case.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto, value_name = "WHEN")]
    pub(crate) color: ColorChoice,
    /// Ask for nothing: what is missing is an error.
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// No talk on stderr but errors.
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say on stderr what happens below; twice: all of it.
    #[arg(long, short, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Longest wait for an answer, in seconds.
    #[arg(long, global = true, value_name = "SECONDS", default_value = "30", value_parser = seconds)]
    pub(crate) timeout: Duration,
    /// Exit with 3 when there is nothing to show.
    #[arg(long, global = true)]
    pub(crate) exit_status: bool,
    /// The only key (SHA256:…) that is accepted of the server.
    #[arg(long, global = true, env = "MINI_TWEET_FINGERPRINT", hide_env_values = true, value_name = "KEY")]
    pub(crate) fingerprint: Option<String>,
    /// Without TLS: for a server on this machine that was started so.
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
    /// Make an account and sign in.
    Signup(SignUp),
    /// Sign in.
    Login(LogIn),
    /// Sign out here.
    Logout {
        /// End all sessions of this account.
        #[arg(long)]
        everywhere: bool,
    },
    /// Who is signed in here, and where.
    Whoami,
    /// Accounts on this machine: list them, choose one, forget one.
    Accounts {
        #[command(subcommand)]
        action: Option<AccountsAction>,
    },
    /// Sessions of this account: list them, end one.
    Sessions {
        #[command(subcommand)]
        action: Option<SessionsAction>,
    },
    /// ssh keys of this account: list them, add one, revoke one.
    Keys {
        #[command(subcommand)]
        action: Option<KeysAction>,
    },
    /// Change your password. All other sessions end.
    Passwd {
        /// Old and new password as two lines of stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Delete your account and all that you wrote, for good.
    DeleteAccount {
        /// Password as a line of stdin.
        #[arg(long)]
        password_stdin: bool,
    },
    /// Everything that the server keeps of you, as JSON lines.
    Export,

    // Write.
    /// Post a tweet; prints its id.
    Post(Post),
    /// Reply to a tweet.
    Reply(About),
    /// Retweet with a message of your own.
    Quote(About),
    /// Retweet as it is.
    Retweet(Id),
    /// Take a retweet back.
    Unretweet(Id),
    /// Like a tweet.
    Like(Id),
    /// Take a like back.
    Unlike(Id),
    /// Bookmark a tweet.
    Save(Id),
    /// Remove a bookmark.
    Unsave(Id),
    /// Change the text of your tweet. Everyone can see what it was.
    Edit(About),
    /// Delete your tweet.
    Delete(Id),

    // Read.
    /// Read a timeline, newest first: home, mine, local, saved, likes, @user or #tag.
    Feed(Feed),
    /// Show a tweet.
    Show(Id),
    /// Show a tweet with what it answers and what answers it.
    Thread {
        #[command(flatten)]
        tweet: Id,
        #[command(flatten)]
        page: Page,
    },
    /// What a tweet said before it was edited.
    History(Id),
    /// What others did that concerns you.
    Notifs(Notifs),
    /// Search tweets, people or hashtags.
    Search(Search),

    // People.
    /// Everyone here, or whoever is called like this.
    People {
        /// A part of a name, or almost a name.
        name: Option<String>,
        #[command(flatten)]
        page: Page,
    },
    /// Show a profile, or change your own.
    Profile(Profile),
    /// Follow people.
    Follow(People),
    /// Follow them no longer.
    Unfollow(People),
    /// Who follows you, or somebody.
    Followers(PeopleOf),
    /// Whom you follow, or somebody does.
    Following(PeopleOf),
    /// Make somebody follow you no longer; they are not told.
    RemoveFollower(People),
    /// See nothing of them any more; they do not notice.
    Mute(PeopleOrList),
    /// See them again.
    Unmute(People),
    /// Neither of you sees or reaches the other.
    Block(PeopleOrList),
    /// Undo a block. Follows do not come back.
    Unblock(People),
    /// Tell the operators of this server about somebody, or about a tweet.
    Report {
        /// @user, or the id of a tweet.
        #[arg(value_name = "@USER|ID")]
        what: String,
        /// Why.
        #[arg(long, value_name = "TEXT", default_value = "")]
        reason: String,
    },
    /// Who is here now.
    Online {
        /// Go on, and tell who comes and goes.
        #[arg(long, short)]
        follow: bool,
    },

    // Hashtags and chat.
    /// What people talk about.
    Tags {
        /// How many.
        #[arg(short = 'n', long = "limit", value_name = "N")]
        limit: Option<u32>,
    },
    /// Chat: `list`, or @user to read, with a text to write, with --follow to stay.
    Chat(Chat),
    /// Every event, as JSON lines.
    Watch,

    // Tools.
    /// Run a server.
    Serve(Serve),
    /// What an operator does with accounts and the server.
    Admin(Admin),
    /// Copy a server's database into one file, while it runs.
    Backup {
        /// The new file.
        file: PathBuf,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Put a backup in the place of a database that is not there.
    Restore {
        /// The backup.
        file: PathBuf,
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Look whether a server's database is sound: integrity, counters, invariants.
    Check {
        #[command(flatten)]
        data: DataDirectory,
    },
    /// Bring in data from elsewhere. The server must not run.
    Import {
        #[command(subcommand)]
        source: ImportSource,
    },
    /// What the server is and how it does.
    Info,
    /// Completions for a shell, on stdout.
    Completion {
        /// Which shell.
        shell: Shell,
    },
    /// Manual pages: the main one on stdout, or all of them into a directory.
    Man {
        /// Where to.
        directory: Option<PathBuf>,
    },
    /// Keys of the full-screen client: all of them, or what is wrong with your own.
    Keymap {
        #[command(subcommand)]
        action: Option<KeymapAction>,
    },
    /// The version.
    Version,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeymapAction {
    /// Every command with its keys, as your settings have them.
    List {
        /// As a page of documentation.
        #[arg(long, hide = true)]
        markdown: bool,
    },
    /// Conflicts and mistakes in your settings; exit code 1 when there are any.
    Check,
}

#[derive(Debug, Args)]
pub(crate) struct SignUp {
    /// Letters a to z, digits and _.
    pub(crate) username: Option<String>,
    /// Name to show.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Invite code, where one is needed.
    #[arg(long, value_name = "CODE")]
    pub(crate) invite: Option<String>,
    /// Password as a line of stdin.
    #[arg(long)]
    pub(crate) password_stdin: bool,
}

#[derive(Debug, Args)]
pub(crate) struct LogIn {
    /// Username.
    pub(crate) username: Option<String>,
    /// Password as a line of stdin.
    #[arg(long, conflicts_with = "token_stdin")]
    pub(crate) password_stdin: bool,
    /// Token of a session as a line of stdin.
    #[arg(long)]
    pub(crate) token_stdin: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AccountsAction {
    /// List them.
    List,
    /// Use this one from now on.
    Use {
        /// username, or username@host:port.
        name: String,
    },
    /// Forget this one. Its session goes on: sign out first to end it.
    Remove {
        /// username, or username@host:port.
        name: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum SessionsAction {
    /// List them.
    List,
    /// End one.
    Revoke {
        /// Its id in the list.
        id: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysAction {
    /// List them.
    List,
    /// From now on whoever has the private half of this key comes in by ssh as you.
    Add {
        /// File of the public key, such as ~/.ssh/id_ed25519.pub; - reads it from stdin.
        file: PathBuf,
        /// What to call it. Else the comment in the file.
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Let nobody in with it any more, and end the sessions that began with it.
    Revoke {
        /// Its id in the list.
        id: String,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Visibility {
    /// Everyone, in all lists.
    Public,
    /// Everyone, but not in public lists.
    Unlisted,
    /// Your followers and those you mention.
    Followers,
    /// Only those you mention.
    Direct,
}

#[derive(Debug, Args)]
pub(crate) struct Text {
    /// The text; - or nothing reads it from stdin.
    pub(crate) text: Option<String>,
    /// Who sees it.
    #[arg(long, value_enum, default_value_t = Visibility::Public)]
    pub(crate) visibility: Visibility,
    /// Write it in $EDITOR.
    #[arg(long, short)]
    pub(crate) editor: bool,
    /// Your own key for this intent: sent again with it, it happens once.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Post {
    #[command(flatten)]
    pub(crate) text: Text,
    /// Tweet that it answers: an id or @last.
    #[arg(long, value_name = "ID", value_parser = tweet_ref)]
    pub(crate) reply_to: Option<TweetRef>,
    /// Tweet that it quotes.
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
    /// Id of the tweet, or @last for the one that you wrote last.
    #[arg(value_parser = tweet_ref)]
    pub(crate) id: TweetRef,
}

/// A tweet as people name it.
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
        _ => Err("must be the id of a tweet, or @last".to_owned()),
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Page {
    /// How many.
    #[arg(short = 'n', long = "limit", value_name = "N", default_value_t = 20)]
    pub(crate) limit: u32,
    /// What comes after this id or cursor in the list.
    #[arg(long, value_name = "CURSOR", conflicts_with = "since")]
    pub(crate) before: Option<String>,
    /// What is newer than this id.
    #[arg(long, value_name = "CURSOR")]
    pub(crate) since: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Feed {
    /// home, mine, local, saved, likes, @user or #tag.
    #[arg(default_value = "home")]
    pub(crate) timeline: String,
    #[command(flatten)]
    pub(crate) page: Page,
    /// Only what answers somebody. Of mine and @user.
    #[arg(long)]
    pub(crate) replies: bool,
    /// Go on with what is posted, oldest first. Of home, local and #tag.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Notifs {
    #[command(flatten)]
    pub(crate) page: Page,
    /// Only those that you have not read.
    #[arg(long)]
    pub(crate) unread: bool,
    /// They are read now.
    #[arg(long)]
    pub(crate) mark_read: bool,
    /// Go on with what comes.
    #[arg(long, short)]
    pub(crate) follow: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Search {
    /// Words, all of which must be there; a word may end in *.
    #[arg(required = true)]
    pub(crate) query: Vec<String>,
    /// People by name.
    #[arg(long, conflicts_with_all = ["tags", "posts"])]
    pub(crate) people: bool,
    /// Hashtags by their beginning.
    #[arg(long, conflicts_with = "posts")]
    pub(crate) tags: bool,
    /// Tweets by their words, as when nothing is said.
    #[arg(long)]
    pub(crate) posts: bool,
    #[command(flatten)]
    pub(crate) page: Page,
}

#[derive(Debug, Args)]
pub(crate) struct Profile {
    /// Whose; your own when nothing is said.
    pub(crate) user: Option<String>,
    /// Change your display name.
    #[arg(long, value_name = "NAME", conflicts_with = "user")]
    pub(crate) name: Option<String>,
    /// Change what you say of yourself.
    #[arg(long, value_name = "TEXT", conflicts_with = "user")]
    pub(crate) bio: Option<String>,
    /// Whether others see that you are online.
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
pub(crate) struct People {
    /// Usernames, with or without @.
    #[arg(required = true, value_name = "@USER")]
    pub(crate) users: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PeopleOrList {
    /// Usernames; without any: who it is already.
    #[arg(value_name = "@USER")]
    pub(crate) users: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct PeopleOf {
    /// Whose; your own when nothing is said.
    pub(crate) user: Option<String>,
    #[command(flatten)]
    pub(crate) page: Page,
}

#[derive(Debug, Args)]
pub(crate) struct Chat {
    /// list, or @user.
    #[arg(default_value = "list", value_name = "list|@USER")]
    pub(crate) with: String,
    /// What to say; - reads it from stdin.
    #[arg(conflicts_with = "follow")]
    pub(crate) text: Option<String>,
    /// Stay: what is said appears, and on a terminal what you type is sent.
    #[arg(long, short)]
    pub(crate) follow: bool,
    #[command(flatten)]
    pub(crate) page: Page,
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
    fn a_tweet_is_named_by_its_id_or_as_the_last_one() {
        assert_eq!(tweet_ref("@last"), Ok(TweetRef::Last));
        assert_eq!(tweet_ref("12"), Ok(TweetRef::Id(12)));
        assert!(tweet_ref("0").is_err() && tweet_ref("x").is_err() && tweet_ref("-1").is_err());
    }
}
