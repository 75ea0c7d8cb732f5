//! Input from a person: prompts for lines and for passwords without echo, stdin, and the editor. Without a terminal
//! nothing is prompted.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use model::limits::{PASSWORD_BYTES_MAX, TWEET_BYTES_MAX};
use model::{Strength, os_error_in_words, strength};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use zeroize::Zeroizing;

use crate::exit::Failure;
use crate::locale;

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
        eprint!("{}: ", locale::charset().text(what));
        io::stderr().flush()?;
        match locale::next_line(&mut io::stdin().lock())? {
            Some(line) => Ok(line.trim().to_owned()),
            None => Err(Failure::Failed("nothing was entered".to_owned())),
        }
    }

    /// Prompts for a password, without echo.
    pub(crate) fn password(self, what: &str) -> Result<Zeroizing<String>, Failure> {
        self.check("pass the password on stdin with --password-stdin")?;
        // Before the prompt appears: a password typed at once would be shown otherwise.
        let _silence = Silence::begin();
        let what = locale::charset().text(what);
        rpassword::prompt_password(format!("{what} (hidden): ")).map(Zeroizing::new).map_err(Failure::from)
    }

    /// Prompts for a new password twice, until both are the same.
    pub(crate) fn new_password(self, what: &str) -> Result<Zeroizing<String>, Failure> {
        // Between the two as well.
        let _silence = Silence::begin();
        loop {
            let password = self.password(what)?;
            // Said before it is typed again; the server decides about the rest.
            if let Strength::TooShort(missing) = strength(&password, "") {
                let more = if missing == 1 { "character" } else { "characters" };
                crate::logging::talk(format_args!(
                    "The password is too short: {missing} more {more}, please."
                ));
                continue;
            }
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

/// A text from the editor. Its file stays until the text was sent, so that no failure loses it.
#[derive(Debug)]
pub(crate) struct Edited {
    pub(crate) text: String,
    file: PathBuf,
}

impl Edited {
    /// The text is in good hands: its file is deleted.
    pub(crate) fn sent(self) {
        // Best effort: what stays is a copy of what was sent.
        let _ = std::fs::remove_file(&self.file);
    }

    /// The failure, with the place of the text.
    pub(crate) fn kept(self, failure: Failure) -> Failure {
        if self.text.trim().is_empty() {
            self.sent();
            return failure;
        }
        failure.and(&is_kept(&self.file))
    }
}

fn is_kept(file: &Path) -> String {
    format!("Your text is kept in {}", file.display())
}

/// Opens the editor with this text, in a new file of this directory that only its owner can read.
pub(crate) fn editor(start: &str, directory: &Path) -> Result<Edited, Failure> {
    let editor =
        ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok().filter(|e| !e.is_empty()));
    let editor = editor.unwrap_or_else(|| "vi".to_owned());
    let mut words = editor.split_whitespace();
    let program = words.next().unwrap_or("vi");
    let file = new_file(start, directory)?;
    let outcome = Command::new(program).args(words).arg(&file).status();
    let failure = match outcome {
        Ok(status) if status.success() => match std::fs::read_to_string(&file) {
            Ok(text) => return Ok(Edited { text: text.trim_end_matches(['\n', '\r']).to_owned(), file }),
            Err(error) => {
                Failure::Failed(format!("cannot read what the editor wrote: {}", os_error_in_words(&error)))
            }
        },
        Ok(status) => Failure::Failed(format!("the editor {program} failed with {status}; nothing was sent")),
        Err(error) => {
            let why = os_error_in_words(&error);
            Failure::Failed(format!("cannot start the editor {program}: {why}; set EDITOR to another one"))
        }
    };
    if std::fs::read(&file).is_ok_and(|bytes| bytes == start.as_bytes()) {
        // Nothing was written: there is nothing to keep.
        let _ = std::fs::remove_file(&file);
        return Err(failure);
    }
    Err(failure.and(&is_kept(&file)))
}

/// A new file with this text that only its owner can read, named after the time.
fn new_file(text: &str, directory: &Path) -> Result<PathBuf, Failure> {
    use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
    let failed = |path: &Path, error: &io::Error| {
        Failure::Failed(format!("cannot write {}: {}", path.display(), os_error_in_words(error)))
    };
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
        .map_err(|error| failed(directory, &error))?;
    #[expect(clippy::disallowed_methods, reason = "the time only makes the name of the file readable")]
    let now = jiff::Zoned::now();
    let name = format!("{}-{}.txt", now.strftime("%Y-%m-%d-%H%M%S"), std::process::id());
    let file = directory.join(name);
    let written = || {
        let mut opened =
            std::fs::File::options().write(true).create(true).truncate(true).mode(0o600).open(&file)?;
        opened.write_all(text.as_bytes())
    };
    written().map_err(|error| failed(&file, &error))?;
    Ok(file)
}
