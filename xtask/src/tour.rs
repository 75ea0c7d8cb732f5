//! `cargo xtask tour`: the session of two accounts with a real server that README.md shows.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::process::Outcome;

/// Variables that say that the files of the client are elsewhere.
pub(crate) const ELSEWHERE: [&str; 2] = ["MINI_TWEET_HOME", "XDG_DATA_HOME"];

/// A server and the homes of its users, in a directory that is deleted at the end.
pub(crate) struct Tour<'a> {
    program: &'a Path,
    pub(crate) directory: PathBuf,
    pub(crate) address: String,
    /// The key of the server.
    pub(crate) fingerprint: String,
    server: Child,
}

impl Drop for Tour<'_> {
    fn drop(&mut self) {
        // Best effort.
        let _ = self.server.kill();
        let _ = self.server.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Prints the commands and their output.
pub(crate) fn print(program: &Path) -> Outcome {
    let tour = Tour::start(program, &[], |_| Ok(()))?;
    for (name, full) in [("ada", "Ada Lovelace"), ("grace", "Grace Hopper")] {
        tour.run(name, &["signup", name, "--name", full, "--password-stdin"], "correct horse 9")?;
    }
    tour.run("ada", &["follow", "@grace"], "")?;
    let id = tour.show("ada", &["post", "The analytical engine weaves algebraic patterns #engines"])?;
    tour.run("grace", &["like", id.trim()], "")?;
    tour.run("grace", &["quote", id.trim(), "This changes everything #Engines"], "")?;
    tour.show("ada", &["feed", "-n", "2"])?;
    // Trends are counted once a second.
    std::thread::sleep(std::time::Duration::from_secs(2));
    tour.show("ada", &["tags"])?;
    tour.show("ada", &["profile", "@grace", "--json=username,tweets,follows_you"])?;
    Ok(())
}

impl<'a> Tour<'a> {
    /// Starts the server with these options, such as `server.name=Harbour`. `prepare` gets its data directory before that.
    pub(crate) fn start(
        program: &'a Path,
        options: &[&str],
        prepare: impl FnOnce(&Path) -> Outcome,
    ) -> Result<Self, String> {
        let directory = std::env::temp_dir().join(format!("mini-tweet-tour-{}", std::process::id()));
        prepare(&directory.join("data"))?;
        let mut server = Command::new(program)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(directory.join("data"))
            .args(options.iter().flat_map(|option| ["--set", option]))
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let log = BufReader::new(server.stderr.take().ok_or("the log of the server cannot be read")?);
        let mut tour =
            Self { program, directory, address: String::new(), fingerprint: String::new(), server };
        for line in log.lines() {
            let line = line.map_err(|error| error.to_string())?;
            if let Some((_, rest)) = line.split_once("listening on ") {
                tour.address = rest.split(' ').next().unwrap_or_default().to_owned();
                let (_, fingerprint) = rest.split_once("fingerprint=").unwrap_or_default();
                tour.fingerprint = fingerprint.split(' ').next().unwrap_or_default().to_owned();
                return Ok(tour);
            }
        }
        Err("the server did not start".to_owned())
    }

    /// Runs a verb and prints the command line and its output.
    fn show(&self, user: &str, args: &[&str]) -> Result<String, String> {
        let output = self.run(user, args, "")?;
        let typed: Vec<String> = args
            .iter()
            .map(|arg| if arg.contains(' ') { format!("\"{arg}\"") } else { (*arg).to_owned() })
            .collect();
        println!("$ mini-tweet {}\n{output}", typed.join(" "));
        Ok(output)
    }

    /// The command that runs a verb for a user.
    pub(crate) fn command(&self, user: &str, args: &[&str]) -> Command {
        let mut command = Command::new(self.program);
        command.args(args).env("LC_ALL", "C.UTF-8").env("MINI_TWEET_SERVER", &self.address);
        command.env("MINI_TWEET_FINGERPRINT", &self.fingerprint);
        command.env("HOME", self.home(user));
        for variable in ELSEWHERE {
            command.env_remove(variable);
        }
        command
    }

    /// The home directory of a user. The files of the client are where they usually are, so that the paths on the screen are
    /// those of everyone.
    pub(crate) fn home(&self, user: &str) -> PathBuf {
        self.directory.join(user)
    }

    /// Runs a verb for a user and returns its output.
    pub(crate) fn run(&self, user: &str, args: &[&str], input: &str) -> Result<String, String> {
        let mut child = self
            .command(user, args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        if let Some(mut stdin) = child.stdin.take() {
            // A verb that reads no input may have closed it already.
            let _ = stdin.write_all(input.as_bytes());
        }
        let out = child.wait_with_output().map_err(|error| error.to_string())?;
        if !out.status.success() {
            return Err(format!("{args:?} ended with {}", out.status));
        }
        String::from_utf8(out.stdout).map_err(|error| error.to_string())
    }
}
