//! The server that a user runs on their own computer, in the background: where it is, whether it runs, and how it is
//! started, stopped and set up as a service of the user's session. "Start a server here" and `host` use it.

use std::io;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use client::{Address, Client, ClientError, Endpoint, Home, Options};
use model::SafeText;
use protocol::tls::Fingerprint;
use rustix::io::Errno;
use rustix::net::sockopt::socket_peercred;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use server::run::Listening;
use store::OPERATOR_SOCKET;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, timeout};

use crate::exit::Failure;

/// Maximum time for a server that was just started to respond.
const START_MAX: Duration = Duration::from_secs(10);
/// Maximum time for a running server to say its name: the first screen waits for it.
const NAME_MAX: Duration = Duration::from_millis(300);
/// Maximum time for a server to finish its requests and close its database.
const STOP_MAX: Duration = Duration::from_secs(60);
/// Maximum time to find out whether a program uses a port.
const PORT_MAX: Duration = Duration::from_secs(1);
/// How often a server that starts or stops is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// Name of the service of the user.
const SERVICE: &str = "mini-tweet.service";

/// The server of this user.
#[derive(Debug, Clone)]
pub(crate) struct LocalServer {
    /// Data directory.
    pub(crate) data: PathBuf,
    /// Log of a server that was started in the background.
    pub(crate) log: PathBuf,
    /// Address that clients on this computer connect to.
    pub(crate) address: String,
}

impl LocalServer {
    /// The server of the user with this home. `MINI_TWEET_DATA_DIR` and `MINI_TWEET_LISTEN`, which the server obeys, name
    /// another directory and address.
    pub(crate) fn new(home: &Home) -> Self {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let data = variable("MINI_TWEET_DATA_DIR").map(PathBuf::from);
        Self {
            data: data.unwrap_or_else(|| home.path().join("server")),
            log: home.path().join("server.log"),
            address: variable("MINI_TWEET_LISTEN").unwrap_or_else(|| "127.0.0.1:4280".to_owned()),
        }
    }

    /// Whether it has been started before.
    pub(crate) fn exists(&self) -> bool {
        store::database_file(&self.data).exists()
    }

    /// Whether it is the server at this address.
    pub(crate) fn is_at(&self, server: &str) -> bool {
        self.exists() && parsed(server).is_some_and(|server| parsed(&self.address) == Some(server))
    }

    /// The process that serves the data directory. `None`: none does.
    pub(crate) fn process(&self) -> Option<Pid> {
        let operator = UnixStream::connect(self.data.join(OPERATOR_SOCKET)).ok()?;
        socket_peercred(&operator).ok().map(|peer| peer.pid)
    }

    /// Where it listens, as it says itself; `None` if it does not run.
    fn listening(&self) -> Option<Listening> {
        let process = self.process()?.as_raw_nonzero().get();
        Listening::load(&self.data).filter(|listening| i64::from(listening.process) == i64::from(process))
    }

    /// Where clients on this computer reach it: as long as it runs, the port is that on which it listens.
    pub(crate) fn reached_at(&self) -> String {
        match self.listening() {
            Some(listening)
                if only_address(&self.address).map(|address| address.port)
                    != Some(listening.address.port()) =>
            {
                listening.address.to_string()
            }
            _ => self.address.clone(),
        }
    }

    /// The same, if it runs.
    pub(crate) fn reached_at_if_runs(&self) -> Option<String> {
        self.process().map(|_| self.reached_at())
    }

    /// Its key, if it runs and is the server at this address.
    pub(crate) fn key_at(&self, server: &str) -> Option<Fingerprint> {
        let listening = self.listening()?;
        let is_there = parsed(server).is_some_and(|server| parsed(&self.reached_at()) == Some(server));
        listening.fingerprint.filter(|_| is_there)
    }

    /// Its name, as it says it to a client with these options; `None` if it does not respond soon.
    pub(crate) async fn name(&self, options: Options) -> Option<String> {
        let options = Options { fingerprint: self.listening()?.fingerprint, ..options };
        let client = timeout(NAME_MAX, Client::connect(options)).await.ok()?.ok()?;
        Some(client.hello().server_name.clone())
    }

    /// Starts it unless it runs, and waits until it responds to a client with these options, for its address. It keeps
    /// running when this process ends. The first account that signs up becomes an admin.
    ///
    /// # Errors
    /// It cannot be started, does not respond in time, listens at another address, or another program uses the port.
    pub(crate) async fn start(&self, options: &Options) -> Result<(), Failure> {
        let mut started = None;
        if self.process().is_none() {
            self.check_port().await?;
            if self.is_installed() {
                systemctl(&["start", SERVICE])?;
            } else {
                let spawned = self.spawn();
                let spawned =
                    spawned.map_err(|error| Failure::Failed(format!("cannot start a server: {error}")))?;
                started = Some(spawned);
            }
        }
        let deadline = Instant::now() + START_MAX;
        while Instant::now() < deadline {
            if self.responds(options).await? {
                return Ok(());
            }
            if started.as_mut().is_some_and(|ended| ended.try_recv().is_ok()) {
                let why = self.last_line_of_log();
                let log = self.log.display();
                return Err(Failure::Failed(format!("the server has ended: {why}; its log: {log}")));
            }
            sleep(LOOK).await;
        }
        let log = match self.is_installed() {
            true => format!("journalctl --user -u {SERVICE}"),
            false => self.log.display().to_string(),
        };
        Err(Failure::Failed(format!("the server does not respond at {}; see its log: {log}", self.address)))
    }

    /// Fails if a program uses the port.
    async fn check_port(&self) -> Result<(), Failure> {
        let Some(Address { host, port }) = only_address(&self.address) else { return Ok(()) };
        match timeout(PORT_MAX, TcpStream::connect((host.as_str(), port))).await {
            Ok(Ok(_)) => Err(self.port_is_used()),
            _ => Ok(()),
        }
    }

    fn port_is_used(&self) -> Failure {
        let other =
            only_address(&self.address).and_then(|address| address.port.checked_add(1)).unwrap_or(4281);
        Failure::Failed(format!(
            "another program uses {}, and it is not your server: stop it, or choose another port, for example with \
             MINI_TWEET_LISTEN=127.0.0.1:{other}",
            self.address
        ))
    }

    /// Whether the server of the data directory responds. What else responds there has another key.
    async fn responds(&self, options: &Options) -> Result<bool, Failure> {
        let Some(listening) = self.listening() else { return Ok(false) };
        if only_address(&self.address).map(|address| address.port) != Some(listening.address.port()) {
            return Err(Failure::Failed(format!(
                "your server runs at {} (process {}), not at {}; `mini-tweet host stop` stops it",
                listening.address, listening.process, self.address
            )));
        }
        let options = Options { fingerprint: listening.fingerprint, ..options.clone() };
        match Client::connect(options).await {
            Ok(_) => Ok(true),
            Err(ClientError::KeyChanged { .. }) => Err(self.port_is_used()),
            Err(_) => Ok(false),
        }
    }

    /// The last line that a server which was started in the background has written.
    fn last_line_of_log(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let last = log.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it wrote nothing");
        SafeText::line(last.trim()).to_string()
    }

    /// In a process group of its own, so that it does not get the signals of this terminal. Returns what says that it has
    /// ended.
    fn spawn(&self) -> io::Result<oneshot::Receiver<()>> {
        if let Some(directory) = self.log.parent() {
            client::files::create_directory(directory)?;
        }
        let log = std::fs::File::options().create(true).append(true).open(&self.log)?;
        let mut server = Command::new(std::env::current_exe()?)
            .args(self.serve_args())
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .process_group(0)
            .spawn()?;
        // If it ends before this process, it must not stay as a zombie, which `stop` would wait for.
        let (ended, has_ended) = oneshot::channel();
        std::thread::spawn(move || {
            let _ = server.wait();
            let _ = ended.send(());
        });
        Ok(has_ended)
    }

    fn serve_args(&self) -> [&std::ffi::OsStr; 5] {
        let set = "server.first_account_is_admin=true";
        ["serve".as_ref(), "--data".as_ref(), self.data.as_os_str(), "--set".as_ref(), set.as_ref()]
    }

    /// Asks it to stop and waits for its end. Returns whether it ran.
    ///
    /// # Errors
    /// It belongs to another user, or does not stop in time.
    pub(crate) async fn stop(&self) -> Result<bool, Failure> {
        let Some(process) = self.process() else { return Ok(false) };
        let failed = |error: Errno| {
            Failure::Failed(format!("cannot stop the server (process {}): {error}", process.as_raw_nonzero()))
        };
        kill_process(process, Signal::TERM).map_err(failed)?;
        let deadline = Instant::now() + STOP_MAX;
        while test_kill_process(process).is_ok() {
            if Instant::now() >= deadline {
                let text = format!("the server (process {}) does not stop", process.as_raw_nonzero());
                return Err(Failure::Failed(text));
            }
            sleep(LOOK).await;
        }
        Ok(true)
    }

    /// Whether the service of the user is set up.
    pub(crate) fn is_installed(&self) -> bool {
        service_file().is_some_and(|file| file.exists())
    }

    /// Sets the server up as a service that starts when the user logs in, and starts it.
    ///
    /// # Errors
    /// The file cannot be written, or the service manager does not accept it: then the file is removed.
    pub(crate) async fn install(&self, options: &Options) -> Result<PathBuf, Failure> {
        let file =
            service_file().ok_or_else(|| Failure::Failed("no configuration directory found".to_owned()))?;
        self.stop().await?;
        if let Some(directory) = file.parent() {
            std::fs::create_dir_all(directory)?;
        }
        std::fs::write(&file, self.unit()?)?;
        let accepted = systemctl(&["daemon-reload"]).and_then(|()| systemctl(&["enable", "--now", SERVICE]));
        if let Err(failure) = accepted {
            let _ = std::fs::remove_file(&file);
            return Err(
                failure.and("Nothing was set up; start the server with `mini-tweet host start` instead")
            );
        }
        self.start(options).await?;
        Ok(file)
    }

    /// Stops the server and removes its service. The data stay. Returns whether there was a service.
    ///
    /// # Errors
    /// The service manager refuses, or the file cannot be removed.
    pub(crate) fn uninstall(&self) -> Result<bool, Failure> {
        let Some(file) = service_file().filter(|file| file.exists()) else { return Ok(false) };
        systemctl(&["disable", "--now", SERVICE])?;
        std::fs::remove_file(file)?;
        systemctl(&["daemon-reload"])?;
        Ok(true)
    }

    /// The description of the service, with absolute paths.
    fn unit(&self) -> Result<String, Failure> {
        let mut words = vec![unit_word(&std::env::current_exe()?)?];
        for word in self.serve_args() {
            words.push(unit_word(Path::new(word))?);
        }
        let listen = PathBuf::from(format!("MINI_TWEET_LISTEN={}", self.address));
        Ok(format!(
            "# Written by `mini-tweet host install`; `mini-tweet host uninstall` removes it.\n\
             [Unit]\n\
             Description=Mini-Tweet, a self-hosted microblogging network\n\n\
             [Service]\n\
             Type=notify\n\
             Environment={}\n\
             ExecStart={}\n\
             Restart=on-failure\n\
             TimeoutStopSec=60\n\
             LimitCORE=0\n\n\
             [Install]\n\
             WantedBy=default.target\n",
            unit_word(&listen)?,
            words.join(" ")
        ))
    }
}

/// An address in its usual form.
fn parsed(address: &str) -> Option<String> {
    Endpoint::parse(address).map(|endpoint| endpoint.to_string()).ok()
}

/// The host and the port of an address.
fn only_address(address: &str) -> Option<Address> {
    match Endpoint::parse(address).ok()?.addresses() {
        [only] => Some(only.clone()),
        _ => None,
    }
}

/// A word of a unit file: quoted, with the signs escaped that systemd would replace.
fn unit_word(word: &Path) -> Result<String, Failure> {
    let text = word.to_str().filter(|text| !text.contains(char::is_control));
    let text =
        text.ok_or_else(|| Failure::Failed(format!("{} cannot be written in a unit file", word.display())))?;
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%").replace('$', "$$");
    Ok(format!("\"{escaped}\""))
}

/// Where systemd looks for the services of the user.
fn service_file() -> Option<PathBuf> {
    let set = std::env::var_os("XDG_CONFIG_HOME").filter(|path| !path.is_empty()).map(PathBuf::from);
    let home = || etcetera::home_dir().ok().map(|home| home.join(".config"));
    Some(set.or_else(home)?.join("systemd/user").join(SERVICE))
}

/// Runs `systemctl --user`.
fn systemctl(args: &[&str]) -> Result<(), Failure> {
    let failed = |why: &str| Failure::Failed(format!("systemctl --user {}: {why}", args.join(" ")));
    match Command::new("systemctl").arg("--user").args(args).stdin(Stdio::null()).output() {
        Ok(out) if out.status.success() => Ok(()),
        Ok(out) => Err(failed(String::from_utf8_lossy(&out.stderr).trim())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Err(failed("this computer does not run systemd"))
        }
        Err(error) => Err(failed(&error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_of_a_unit_file_means_itself() {
        let word = |text: &str| unit_word(Path::new(text)).ok();
        assert_eq!(word("/home/ada/.local").as_deref(), Some("\"/home/ada/.local\""));
        assert_eq!(word("/a b/100%/$HOME\"\\").as_deref(), Some("\"/a b/100%%/$$HOME\\\"\\\\\""));
        assert_eq!(word("/a\nExecStart=/bin/sh"), None);
    }
}
