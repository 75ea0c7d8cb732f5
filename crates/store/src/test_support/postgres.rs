//! A PostgreSQL server for tests: on a free port of the loopback, with its data in a temporary directory.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// Longest wait for a start or a stop.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server, which ends with this value.
#[derive(Debug)]
pub struct Postgres {
    directory: TempDir,
    port: u16,
    server: Child,
    schemas: AtomicU32,
}

/// The directory of the programs of PostgreSQL. Debian has them outside of the usual path.
fn programs() -> PathBuf {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.map(|version| version.path().join("bin")).find(|bin| bin.join("initdb").exists());
    found.expect("PostgreSQL is installed; `cargo xtask ci` installs it")
}

/// A program of PostgreSQL, which refuses to run as root.
fn command(program: &str) -> Command {
    let program = programs().join(program);
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(program);
    command
}

impl Postgres {
    /// Starts a server.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these settings.
    pub fn start_with(settings: &[&str]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        if rustix::process::geteuid().is_root() {
            let owned =
                Command::new("chown").arg("postgres:postgres").arg(directory.path()).status().unwrap();
            assert!(owned.success());
        }
        let data = directory.path().join("data");
        let mut initdb = command("initdb");
        initdb.arg("-D").arg(&data).args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        let made = initdb.stdout(Stdio::null()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let server = spawn(directory.path(), port, settings);
        let this = Self { directory, port, server, schemas: AtomicU32::new(0) };
        this.wait();
        this
    }

    fn wait(&self) {
        let end = Instant::now() + DEADLINE;
        while let Err(error) = self.try_sql("SELECT 1") {
            assert!(Instant::now() < end, "PostgreSQL did not start: {error}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// The address of a new schema of its database: an empty database for the store.
    pub fn empty(&self) -> String {
        let name = format!("test_{}", self.schemas.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!("CREATE SCHEMA {name}"));
        format!("{}?options=-csearch_path%3D{name}", self.url())
    }

    /// The address of its database.
    pub fn url(&self) -> String {
        format!("postgres://postgres@{}/postgres", self.address())
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Runs a statement, and returns what it prints.
    pub fn sql(&self, sql: &str) -> String {
        self.try_sql(sql).unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    fn try_sql(&self, sql: &str) -> Result<String, String> {
        let port = self.port.to_string();
        let mut psql = Command::new(programs().join("psql"));
        psql.args(["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-qAt", "-c", sql]);
        let out = psql.output().unwrap();
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) }
    }

    /// Number of its first process, the parent of all others.
    pub fn process(&self) -> u32 {
        self.server.id()
    }

    /// Ends the server as a crash does, and starts it again.
    pub fn crash_and_restart(&mut self) {
        self.stop();
        self.start_again();
    }

    /// Ends the server as a crash does.
    pub fn stop(&mut self) {
        self.end();
    }

    /// Starts it again after [`Postgres::stop`].
    pub fn start_again(&mut self) {
        self.server = spawn(self.directory.path(), self.port, &[]);
        self.wait();
    }

    /// Demands a password of this role.
    pub fn demand_password(&self, role: &str) {
        let file = self.directory.path().join("data").join("pg_hba.conf");
        let rules = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, format!("host all {role} 127.0.0.1/32 scram-sha-256\n{rules}")).unwrap();
        self.sql("SELECT pg_reload_conf()");
    }

    /// Offers encrypted connections, with this certificate and key in PEM.
    pub fn offer_tls(&self, certificate: &str, key: &str) {
        let data = self.directory.path().join("data");
        let (certificate_file, key_file) = (data.join("server.crt"), data.join("server.key"));
        std::fs::write(&certificate_file, certificate).unwrap();
        std::fs::write(&key_file, key).unwrap();
        std::fs::set_permissions(&key_file, std::fs::Permissions::from_mode(0o600)).unwrap();
        if rustix::process::geteuid().is_root() {
            let mut chown = Command::new("chown");
            assert!(chown.arg("postgres").arg(certificate_file).arg(key_file).status().unwrap().success());
        }
        self.sql("ALTER SYSTEM SET ssl = on");
        self.sql("SELECT pg_reload_conf()");
    }

    /// A copy of the data as they are now, for [`Postgres::fail_over`].
    pub fn base_backup(&self) -> PathBuf {
        let copy = self.directory.path().join("standby");
        let mut backup = command("pg_basebackup");
        backup.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "--no-sync"]);
        let made = backup.args(["--checkpoint=fast", "-D"]).arg(&copy).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        copy
    }

    /// Ends the server as a crash does. One with this copy takes its place, as a standby that is behind.
    pub fn fail_over(&mut self, copy: &Path) {
        self.end();
        std::fs::rename(self.directory.path().join("data"), self.directory.path().join("failed")).unwrap();
        std::fs::rename(copy, self.directory.path().join("data")).unwrap();
        self.server = spawn(self.directory.path(), self.port, &[]);
        self.wait();
    }

    fn end(&mut self) {
        let pid = rustix::process::Pid::from_child(&self.server);
        // "Immediate shutdown": without a checkpoint.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::QUIT);
        let _ = self.server.wait();
    }
}

fn spawn(directory: &Path, port: u16, settings: &[&str]) -> Child {
    let mut server = command("postgres");
    server.arg("-D").arg(directory.join("data")).arg("-k").arg(directory).args(["-p", &port.to_string()]);
    for setting in ["listen_addresses=127.0.0.1", "max_connections=300"].iter().chain(settings) {
        server.args(["-c", setting]);
    }
    server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.end();
    }
}
