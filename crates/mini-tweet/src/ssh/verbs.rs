//! `ssh HOST VERB…`: the verbs of the command line, except those about the machine they run on.

use clap::Parser as _;
use client::{Options, Token};
use gateway::ssh::{SshCommand, SshOutput, SshSession};
use model::SafeText;
use tokio::sync::mpsc;

use super::host::dial;
use crate::args::{Cli, KeysAction, Verb};
use crate::context::{Context, RemoteCaller};
use crate::exit::Failure;
use crate::output::Output;

/// For a caller whose key belongs to no account.
const GUEST: &str = "\
This server doesn't know your ssh key. Sign in with `ssh -t` and add the key to your account, or add it where you
are signed in: mini-tweet keys add ~/.ssh/id_ed25519.pub
";
/// Bytes of standard input that are read: above the limit, so that the server can refuse a text by its limit.
const STDIN_BYTES_MAX: usize = model::limits::TWEET_BYTES_MAX * 4;
/// Exit code of a verb whose caller has disconnected.
const INTERRUPTED: u32 = 130;
/// Lines queued for a slow reader.
const LINES_MAX: usize = 64;

/// Runs a verb and returns its exit code.
pub(super) async fn run(session: SshSession, mut command: SshCommand) -> u32 {
    let with_returns = command.size.is_some();
    let words = std::iter::once("mini-tweet").chain(command.words.iter().map(String::as_str));
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => {
            // Help goes to stdout, usage errors to stderr.
            let stream = if error.use_stderr() { &command.stderr } else { &command.stdout };
            write(stream, &error.render().to_string(), with_returns).await;
            return error.exit_code().try_into().unwrap_or(2);
        }
    };
    let Some(verb) = cli.verb else {
        write(&command.stderr, "No command given. Try: ssh -p PORT HOST help\n", with_returns).await;
        return 2;
    };
    if !is_available(&verb) {
        let name = command.words.iter().find(|word| !word.starts_with('-')).map_or("this", String::as_str);
        let text = format!("`{name}` isn't available over ssh. Run it on your own computer.\n");
        write(&command.stderr, SafeText::lines(&text).as_str(), with_returns).await;
        return 2;
    }
    let stdin = if reads_stdin(&verb) { whole(&mut command.input).await } else { Ok(String::new()) };
    let (lines, mut shown) = mpsc::channel::<String>(LINES_MAX);
    // A task of its own: a verb blocks its task while its lines wait for the reader.
    let running = tokio::spawn(async move {
        let mut options = Options::within(dial(&session));
        options.client_name = "ssh".to_owned();
        options.token = session.token.map(|token| Token::from_bytes(token.to_vec()));
        let exit_status = cli.global.exit_status;
        let out = Output::remote(&cli.global, lines);
        let context = Context::over_ssh(cli.global, out, RemoteCaller { options, stdin: stdin? });
        crate::verbs::run(&context, verb).await?;
        if exit_status && context.out.rows() == 0 { Err(Failure::Empty) } else { Ok(()) }
    });
    let _abort = AbortOnDrop(running.abort_handle());
    let stdout = &command.stdout;
    let showing = async {
        while let Some(line) = shown.recv().await {
            write(stdout, &line, with_returns).await;
        }
    };
    // A verb that only writes, as with --follow, ends when the caller disconnects, or closes the output as `head` does.
    let outcome = tokio::select! {
        (outcome, ()) = async { tokio::join!(running, showing) } => outcome,
        () = stdout.gone() => return INTERRUPTED,
    };
    let outcome = outcome.unwrap_or_else(|error| Err(Failure::Failed(store::incident(&error).to_string())));
    match outcome {
        Ok(()) => 0,
        Err(failure) => {
            let text = match &failure {
                Failure::NotSignedIn => GUEST.to_owned(),
                Failure::Unread | Failure::Empty => String::new(),
                failure => format!("{}\n", SafeText::lines(&failure.line())),
            };
            write(&command.stderr, &text, with_returns).await;
            failure.exit_code().into()
        }
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
        Verb::Signup(_)
            | Verb::Login(_)
            | Verb::Logout { .. }
            | Verb::Accounts { .. }
            | Verb::Passwd { .. }
            | Verb::DeleteAccount { .. }
            | Verb::Serve(_)
            | Verb::Admin(_)
            | Verb::Backup { .. }
            | Verb::Restore { .. }
            | Verb::Check { .. }
            | Verb::Import { .. }
            | Verb::Completion { .. }
            | Verb::Man { .. }
    )
}

/// Whether the verb reads standard input.
fn reads_stdin(verb: &Verb) -> bool {
    let is_open = |text: &Option<String>| text.as_deref().is_none_or(|text| text == "-");
    match verb {
        Verb::Post(ask) => is_open(&ask.text.text),
        Verb::Reply(ask) | Verb::Quote(ask) | Verb::Edit(ask) => is_open(&ask.text.text),
        Verb::Chat(ask) => ask.text.as_deref() == Some("-"),
        Verb::Keys { action: Some(KeysAction::Add { .. }) } => true,
        _ => false,
    }
}

async fn write(stream: &SshOutput, text: &str, with_returns: bool) {
    let text = if with_returns { text.replace('\n', "\r\n") } else { text.to_owned() };
    if !text.is_empty() {
        // An error means that the caller has disconnected.
        let _ = stream.write(text).await;
    }
}

async fn whole(input: &mut mpsc::Receiver<bytes::Bytes>) -> Result<String, Failure> {
    let mut text = Vec::new();
    while let Some(bytes) = input.recv().await {
        text.extend_from_slice(&bytes);
        if text.len() > STDIN_BYTES_MAX {
            break;
        }
    }
    String::from_utf8(text).map_err(|_| Failure::Failed("stdin is not UTF-8 text".to_owned()))
}
