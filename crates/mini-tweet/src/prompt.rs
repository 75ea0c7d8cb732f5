//! Input from a person: prompts for lines and for passwords without echo, stdin, and the editor. Without a terminal
//! nothing is prompted.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::process::Command;

use model::limits::{PASSWORD_BYTES_MAX, TWEET_BYTES_MAX};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::Failure;

/// Bytes of a password or token that are read: above the limit, so that the server can refuse it by its limit.
const SECRET_BYTES_MAX: usize = PASSWORD_BYTES_MAX * 4;
/// Bytes of a text that are read: above the limit, so that the server can refuse it by its limit.
const TEXT_BYTES_MAX: usize = TWEET_BYTES_MAX * 4;

/// Whether prompts are possible.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prompts(bool);

impl Prompts {
    /// With a terminal to read from, unless `--no-input` was given.
    pub(crate) fn new(no_input: bool) -> Self {
        Self(!no_input && io::stdin().is_terminal() && io::stderr().is_terminal())
    }

    pub(crate) fn is_possible(self) -> bool {
        self.0
    }

    /// Prompts for a line; `instead` says how to pass it without a prompt.
    pub(crate) fn line(self, what: &str, instead: &str) -> Result<String, Failure> {
        self.check(instead)?;
        eprint!("{what}: ");
        io::stderr().flush()?;
        let mut line = String::new();
        if io::stdin().lock().read_line(&mut line)? == 0 {
            return Err(Failure::Failed("nothing was entered".to_owned()));
        }
        Ok(line.trim().to_owned())
    }

    /// Prompts for a password, without echo.
    pub(crate) fn password(self, what: &str) -> Result<Zeroizing<String>, Failure> {
        self.check("pass the password on stdin with --password-stdin")?;
        // Before the prompt appears: a password typed at once would be shown otherwise.
        let _silence = Silence::begin();
        rpassword::prompt_password(format!("{what} (hidden): ")).map(Zeroizing::new).map_err(Failure::from)
    }

    /// Prompts for a new password twice, until both are the same.
    pub(crate) fn new_password(self, what: &str) -> Result<Zeroizing<String>, Failure> {
        // Between the two as well.
        let _silence = Silence::begin();
        loop {
            let password = self.password(what)?;
            if *self.password("Confirm password")? == *password {
                return Ok(password);
            }
            crate::logging::talk("Passwords don't match. Try again.");
        }
    }

    fn check(self, instead: &str) -> Result<(), Failure> {
        if self.0 {
            Ok(())
        } else {
            Err(Failure::Usage(format!("cannot prompt without a terminal; {instead}")))
        }
    }
}

/// Turns the echo of the terminal off until dropped.
struct Silence(Option<Termios>);

impl Silence {
    fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            // If this fails, the password prompt fails too.
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, &silent);
        }
        Self(before)
    }
}

impl Drop for Silence {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}

/// Reads the next line of stdin: a password or a token.
pub(crate) fn secret_line() -> Result<Zeroizing<String>, Failure> {
    let mut line = Zeroizing::new(String::new());
    // Read through the shared buffer of stdin: the next line may hold a second secret.
    let mut stdin = io::stdin().lock();
    let mut limited = stdin.by_ref().take(SECRET_BYTES_MAX as u64);
    let read =
        limited.read_line(&mut line).map_err(|_| Failure::Failed("stdin is not UTF-8 text".to_owned()))?;
    if read == 0 {
        return Err(Failure::Usage("stdin has no more lines".to_owned()));
    }
    Ok(Zeroizing::new(line.trim_end_matches(['\n', '\r']).to_owned()))
}

/// Reads all of stdin, without the newline at its end.
pub(crate) fn whole_stdin() -> Result<String, Failure> {
    let mut text = String::new();
    let limited = io::stdin().lock().take(TEXT_BYTES_MAX as u64).read_to_string(&mut text);
    limited.map_err(|_| Failure::Failed("stdin is not UTF-8 text".to_owned()))?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// Opens the editor with this text and returns the edited text.
pub(crate) fn editor(start: &str) -> Result<String, Failure> {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|e| !e.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let directory = PrivateDirectory::make()?;
    let file = directory.0.join("tweet.txt");
    std::fs::write(&file, start)?;
    let status = Command::new(program).args(words).arg(&file).status().map_err(|error| {
        Failure::Failed(format!("cannot start the editor {program}: {error}; set EDITOR to another one"))
    })?;
    if !status.success() {
        return Err(Failure::Failed(format!("the editor {program} failed with {status}; nothing was sent")));
    }
    let text = std::fs::read_to_string(&file)?;
    Ok(text.trim_end_matches(['\n', '\r']).to_owned())
}

/// A temporary directory that only its owner can read, deleted when dropped.
struct PrivateDirectory(std::path::PathBuf);

impl PrivateDirectory {
    fn make() -> io::Result<Self> {
        use std::os::unix::fs::DirBuilderExt as _;
        let name = format!("mini-tweet-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self(path))
    }
}

impl Drop for PrivateDirectory {
    fn drop(&mut self) {
        // Best effort: it is a directory for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
