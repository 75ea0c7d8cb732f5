//! Servers that share a PostgreSQL database.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use store::test_support::postgres::Postgres;
use tempfile::TempDir;

use crate::error::Error;
use crate::process::{Server, cpu_time, private_directory};

/// A server of a cluster. Its data directory is removed with it.
pub(crate) struct Node {
    pub(crate) server: Server,
    _data: TempDir,
}

impl Node {
    /// Starts a server on this database.
    pub(crate) async fn start(program: &Path, url: &str) -> Result<Self, Error> {
        let data = private_directory()?;
        let server = Server::start_on(program, data.path(), false, Some(url)).await?;
        Ok(Self { server, _data: data })
    }
}

/// Moves the network in `from` to `to` with the program; each is a data directory or the address of a database.
pub(crate) fn move_network(program: &Path, from: &str, to: &str) -> Result<(), Error> {
    let mut command = Command::new(program);
    command.args(["move", "--from", from, "--to", to]).stdout(Stdio::null()).stderr(Stdio::piped());
    let moved = command.output()?;
    if moved.status.success() {
        return Ok(());
    }
    Err(String::from_utf8_lossy(&moved.stderr).into_owned().into())
}

/// CPU time so far of all processes of PostgreSQL: those that have ended count for their parent.
pub(crate) fn postgres_cpu_time(postgres: &Postgres) -> Result<Duration, Error> {
    let mut sum = cpu_time(postgres.process())?.with_children;
    for entry in fs::read_dir("/proc")? {
        let Ok(process) = entry?.file_name().to_string_lossy().parse() else { continue };
        // A process may have ended since.
        if let Ok(time) = cpu_time(process)
            && time.parent == postgres.process()
        {
            sum += time.own;
        }
    }
    Ok(sum)
}
