//! `ssh HOST VERB…`: the verbs of the command line, except those about the machine they run on.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;

use bytes::Bytes;
use client::{ClientError, Options, Token};
use gateway::ssh::{SshCommand, SshOutput, SshSession};
use model::{Error, SafeText};
use terminal::charset::Charset;
use tokio::sync::mpsc;

use super::environment::{charset, zone};
use super::host::dial;
use crate::args::operator::AdminAction;
use crate::args::{Cli, KeysAction, Verb};
use crate::context::{Context, RemoteCaller};
use crate::exit::Failure;
use crate::output::Output;
use crate::output::style::{REMOTE_READER, RemoteReader};

/// For a caller whose key belongs to no account.
fn guest(local: Option<SocketAddr>) -> String {
    let sign_in = connect_with(local, "-t ");
    format!(
        "This server doesn't know your ssh key. Sign in with `{sign_in}` and add the key to your account, or add it \
         where you are signed in: mini-tweet keys add ~/.ssh/id_ed25519.pub\n"
    )
}

/// The ssh command that reaches this server, as far as the server knows its own address.
fn connect_with(local: Option<SocketAddr>, options: &str) -> String {
    match local {
        Some(local) => {
            let port = if local.port() == 22 { String::new() } else { format!("-p {} ", local.port()) };
            format!("ssh {options}{port}{}", local.ip().to_canonical())
        }
        None => format!("ssh {options}-p PORT HOST"),
    }
}

/// Why a verb does not run over ssh, and what to do instead; `None` if it does.
fn refusal(verb: &Verb, name: &str, names_directory: bool, local: Option<SocketAddr>) -> Option<String> {
    let instead = match verb {
        Verb::Signup(_) => {
            format!("Run `{}` and choose to sign up there.", connect_with(local, "-t "))
        }
        Verb::Login(_) => {
            format!(
                "With an ssh key of your account you are signed in; without one, run `{}` and sign in there.",
                connect_with(local, "-t ")
            )
        }
        Verb::Logout { everywhere: false } => {
            "A session by ssh ends with its connection. To end all your sessions and remove all your ssh keys, use \
             `logout --everywhere`."
                .to_owned()
        }
        Verb::Passwd { password_stdin: false } => format!(
            "Run `{}` and type :password there, or pass the current and the new password as two lines on stdin with \
             `passwd --password-stdin`.",
            connect_with(local, "-t ")
        ),
        Verb::DeleteAccount { password_stdin: false } => {
            "Pass your password as a line on stdin with `delete-account --password-stdin`.".to_owned()
        }
        Verb::Admin(_) if names_directory => {
            "--data names a directory of the server's machine. Leave it out: your account's role counts.".to_owned()
        }
        verb if !is_available(verb) => "Run it on your own computer.".to_owned(),
        _ => return None,
    };
    Some(format!("`{name}` isn't available over ssh. {instead}\n"))
}
/// Bytes of standard input that are read: above the limit, so that the server can refuse a text by its limit.
const STDIN_BYTES_MAX: usize = model::limits::TWEET_BYTES_MAX * 4;
/// Exit code of a verb whose caller has disconnected.
const INTERRUPTED: u32 = 130;
/// What these keys send.
const CTRL_C: u8 = 0x03;
const CTRL_D: u8 = 0x04;
/// Lines queued for a slow reader.
const LINES_MAX: usize = 64;

/// Runs a verb and returns its exit code.
pub(super) async fn run(session: SshSession, mut command: SshCommand) -> u32 {
    let with_returns = command.size.is_some();
    let columns = command.size.as_ref().map(|size| size.borrow().0);
    let charset = charset(&command.environment);
    let words = std::iter::once("mini-tweet").chain(command.words.iter().map(String::as_str));
    let cli = match Cli::of(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, usage errors to stderr.
            let stream = if error.use_stderr() { &command.stderr } else { &command.stdout };
            write(stream, &error.render().to_string(), with_returns, charset).await;
            return error.exit_code().try_into().unwrap_or(2);
        }
    };
    let Some(verb) = cli.verb else {
        let text = format!("No command given. Try: {} help\n", connect_with(session.local, ""));
        write(&command.stderr, &text, with_returns, charset).await;
        return 2;
    };
    // Not by the parsed value: it can come from the environment of the server.
    let names_directory = command.words.iter().any(|word| word == "--data" || word.starts_with("--data="));
    let name = command.words.iter().find(|word| !word.starts_with('-')).map_or("this", String::as_str);
    if let Some(text) = refusal(&verb, name, names_directory, session.local) {
        write(&command.stderr, SafeText::lines(&text).as_str(), with_returns, charset).await;
        return 2;
    }
    let stdin = if reads_stdin(&verb) {
        let Some(stdin) = whole(&mut command.input, with_returns).await else { return INTERRUPTED };
        stdin
    } else {
        Ok(String::new())
    };
    let (lines, mut shown) = mpsc::channel::<String>(LINES_MAX);
    let (local, refused) = (session.local, session.refused.clone());
    let reader = RemoteReader { zone: zone(&command.environment), has_terminal: with_returns };
    // A task of its own: a verb blocks its task while its lines wait for the reader.
    let running = tokio::spawn(REMOTE_READER.scope(reader, async move {
        let mut options = Options::within(dial(&session));
        options.client_name = "ssh".to_owned();
        options.ends_with_server = true;
        options.token = session.token.map(|token| Token::from_bytes(token.to_vec()));
        let exit_status = cli.global.exit_status;
        let out = Output::remote(&cli.global, lines, charset, columns);
        let context = Context::over_ssh(
            cli.global,
            out,
            RemoteCaller { options, stdin: stdin?, secrets_taken: AtomicUsize::new(0) },
        );
        crate::verbs::run(&context, verb).await?;
        if exit_status && context.out.rows() == 0 { Err(Failure::Empty) } else { Ok(()) }
    }));
    let _abort = AbortOnDrop(running.abort_handle());
    let stdout = &command.stdout;
    let showing = async {
        while let Some(line) = shown.recv().await {
            write(stdout, &line, with_returns, Charset::Utf8).await;
        }
    };
    // A verb that only writes, as with --follow, ends when the caller disconnects, or closes the output as `head` does.
    let outcome = tokio::select! {
        (outcome, ()) = async { tokio::join!(running, showing) } => outcome,
        () = stdout.gone() => return INTERRUPTED,
        () = interrupted(&mut command.input), if with_returns => return INTERRUPTED,
    };
    let outcome = outcome.unwrap_or_else(|error| Err(Failure::Failed(store::incident(&error).to_string())));
    match outcome {
        Ok(()) => 0,
        Err(failure) => {
            let failure = match (failure, refused) {
                (Failure::NotSignedIn, Some(why)) => why.into(),
                (failure, _) => failure,
            };
            write(&command.stderr, &text_of(&failure, local), with_returns, charset).await;
            failure.exit_code().into()
        }
    }
}

/// What is said about a failure.
fn text_of(failure: &Failure, local: Option<SocketAddr>) -> String {
    match failure {
        Failure::NotSignedIn => guest(local),
        Failure::Unread | Failure::Empty => String::new(),
        // Not with the advice to run `login`, which is refused over ssh.
        Failure::Client(ClientError::Refused(Error::Unauthenticated(why))) => {
            format!("error: {}; connect again\n", SafeText::line(why))
        }
        failure => format!("{}\n", SafeText::lines(&failure.line())),
    }
}

/// Ends a task with the one that waits for it.
struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whether the verb means the same on any machine.
fn is_available(verb: &Verb) -> bool {
    !matches!(
        verb,
        Verb::Accounts { .. }
            | Verb::Serve(_)
            | Verb::Host { .. }
            | Verb::Backup { .. }
            | Verb::Restore { .. }
            | Verb::Move { .. }
            | Verb::Check { .. }
            | Verb::Import { .. }
            | Verb::Completion { .. }
            | Verb::Man { .. }
    )
}

/// Whether the verb reads standard input.
fn reads_stdin(verb: &Verb) -> bool {
    let is_open = |text: Option<String>| text.is_none_or(|text| text == "-");
    match verb {
        Verb::Post(ask) => is_open(ask.text.text()),
        Verb::Reply(ask) | Verb::Quote(ask) | Verb::Edit(ask) => is_open(ask.text.text()),
        Verb::Chat(ask) => ask.text().as_deref() == Some("-"),
        Verb::Keys { action: Some(KeysAction::Add { .. }) }
        | Verb::Passwd { password_stdin: true }
        | Verb::DeleteAccount { password_stdin: true } => true,
        Verb::Admin(ask) => matches!(
            ask.action,
            AdminAction::Create { password_stdin: true, .. }
                | AdminAction::ResetPassword { password_stdin: true, .. }
        ),
        _ => false,
    }
}

async fn write(stream: &SshOutput, text: &str, with_returns: bool, charset: Charset) {
    // The lines of a verb are in the charset already; fields for programs stay as they are.
    let text = charset.text(text);
    let text = if with_returns { text.replace('\n', "\r\n") } else { text.into_owned() };
    if !text.is_empty() {
        // An error means that the caller has disconnected.
        let _ = stream.write(text).await;
    }
}

/// All of standard input; `None` if it was interrupted. A remote terminal in raw mode sends Ctrl-D for its end.
async fn whole(input: &mut mpsc::Receiver<Bytes>, is_terminal: bool) -> Option<Result<String, Failure>> {
    let mut text = Vec::new();
    while let Some(bytes) = input.recv().await {
        text.extend_from_slice(&bytes);
        if is_terminal && text.contains(&CTRL_C) {
            return None;
        }
        if is_terminal && let Some(end) = text.iter().position(|byte| *byte == CTRL_D) {
            text.truncate(end);
            break;
        }
        if text.len() > STDIN_BYTES_MAX {
            break;
        }
    }
    Some(String::from_utf8(text).map_err(|_| Failure::Failed("stdin is not UTF-8 text".to_owned())))
}

/// Resolves at Ctrl-C on a remote terminal, where it is a byte like any other.
async fn interrupted(input: &mut mpsc::Receiver<Bytes>) {
    while let Some(bytes) = input.recv().await {
        if bytes.contains(&CTRL_C) {
            return;
        }
    }
    std::future::pending::<()>().await;
}
