//! Several servers on one PostgreSQL database, each of which reaches it through a network of its own.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::proxy::DatabaseProxy;
use crate::error::Error;
use crate::server::{Launch, Server, private_directory};

/// Number of servers.
pub(super) const SERVERS: usize = 3;

/// A server of the cluster with what leads to it.
#[derive(Debug)]
pub(super) struct Node {
    launch: Launch,
    /// `None` while it is not running.
    server: Option<Server>,
    /// Host and port; the same after a restart.
    pub(super) address: String,
    /// Between the server and PostgreSQL.
    pub(super) network: DatabaseProxy,
    /// Name in the database of the directory, `n0` and so on.
    name: String,
}

impl Node {
    /// The server, which has to run.
    pub(super) fn server(&self) -> Result<&Server, Error> {
        self.server.as_ref().ok_or_else(|| format!("{} does not run", self.name).into())
    }

    /// Sets the injected bugs and crash points of the next start.
    pub(super) fn set_faults(&mut self, faults: &str) {
        self.launch = self.launch.clone().with("MINI_TWEET_FAULTS", faults);
    }

    pub(super) fn kill(&mut self) -> Result<(), Error> {
        self.server.take().map_or(Ok(()), |mut server| server.process.kill())
    }

    pub(super) fn pause(&self) -> Result<(), Error> {
        self.server()?.process.signal(Signal::STOP)
    }

    pub(super) fn resume(&self) -> Result<(), Error> {
        self.server()?.process.signal(Signal::CONT)
    }

    /// Whether it was stopped with a signal.
    pub(super) fn is_paused(&self) -> Result<bool, Error> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.server()?.process.id()))?;
        Ok(stat.rsplit_once(") ").is_some_and(|(_, fields)| fields.starts_with('T')))
    }

    /// Starts it again, if it does not run.
    pub(super) async fn start(&mut self) -> Result<(), Error> {
        let ended = match &mut self.server {
            Some(server) => server.process.has_ended()?,
            None => true,
        };
        if ended {
            self.server = Some(self.launch.start().await?);
        }
        Ok(())
    }

    pub(super) async fn stop(&mut self) -> Result<(), Error> {
        let Some(mut server) = self.server.take() else { return Ok(()) };
        if server.process.has_ended()? { Ok(()) } else { server.stop().await.map(drop) }
    }

    /// Waits until it ends by itself.
    pub(super) async fn wait_for_end(&mut self) -> Result<(), Error> {
        match &mut self.server {
            Some(server) => server.process.wait().await.map(drop),
            None => Ok(()),
        }
    }

    /// Its copy of the database.
    pub(super) fn copy(&self) -> PathBuf {
        self.launch.data().join("copy.db")
    }

    /// What it has written to its log, in all its runs.
    pub(super) fn log(&self) -> String {
        std::fs::read_to_string(self.launch.log()).unwrap_or_default()
    }
}

/// The servers.
#[derive(Debug)]
pub(super) struct Cluster {
    pub(super) nodes: Vec<Node>,
    directory: TempDir,
}

/// How the servers of a cluster are started.
#[derive(Debug, Clone)]
pub(super) struct Setup<'a> {
    pub(super) program: &'a Path,
    /// Injected bugs and crash points of each server.
    pub(super) faults: [&'a str; SERVERS],
    /// Host and port of the PostgreSQL servers.
    pub(super) databases: Vec<String>,
    /// Name of the database.
    pub(super) database: &'a str,
    /// Environment variables of the last server.
    pub(super) of_last: Vec<(&'a str, String)>,
}

impl<'a> Setup<'a> {
    /// Servers of this program on one PostgreSQL server.
    pub(super) fn new(program: &'a Path, postgres: String, database: &'a str) -> Self {
        Self { program, faults: [""; SERVERS], databases: vec![postgres], database, of_last: Vec::new() }
    }

    /// The same with injected bugs in all servers.
    pub(super) fn with_faults(self, faults: &'a str) -> Self {
        Self { faults: [faults; SERVERS], ..self }
    }

    /// Starts the servers.
    pub(super) async fn start(self) -> Result<Cluster, Error> {
        let directory = private_directory()?;
        let mut nodes = Vec::new();
        for (n, faults) in self.faults.iter().enumerate() {
            let name = format!("n{n}");
            // The network fails only on the way to the first PostgreSQL server.
            let network = DatabaseProxy::start(self.databases.first().ok_or("no PostgreSQL")?).await?;
            let others = self.databases.iter().skip(1).map(String::as_str);
            let hosts: Vec<_> = std::iter::once(network.address()).chain(others).collect();
            let url = url(&hosts, self.database);
            let mut launch = Launch::new(self.program, &directory.path().join(&name))
                .argument("--insecure")
                .with("MINI_TWEET_STORE", url)
                .with("MINI_TWEET_FAULTS", *faults);
            if n == SERVERS - 1 {
                for (variable, value) in &self.of_last {
                    launch = launch.with(variable, value.clone());
                }
            }
            let server = launch.start().await?;
            let address = server.address.clone();
            launch = launch.listening_on(&address);
            nodes.push(Node { launch, server: Some(server), address, network, name });
        }
        Ok(Cluster { nodes, directory })
    }
}

/// The address of a database that one of these servers has, the one that can be written to.
pub(super) fn url(hosts: &[&str], database: &str) -> String {
    format!("postgres://postgres@{}/{database}?target_session_attrs=read-write", hosts.join(","))
}

impl Cluster {
    /// The addresses of all servers.
    pub(super) fn addresses(&self) -> Vec<String> {
        self.nodes.iter().map(|node| node.address.clone()).collect()
    }

    /// A directory for what a test needs.
    pub(super) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The first server, for an operator's commands.
    pub(super) fn launch(&self) -> &Launch {
        &self.nodes[0].launch
    }

    /// Stops all servers.
    pub(super) async fn stop(&mut self) -> Result<(), Error> {
        for node in &mut self.nodes {
            node.stop().await?;
        }
        Ok(())
    }
}

/// The limits of the promises allow for a machine that is busy with other things.
pub(super) fn with_margin(limit: Duration) -> Duration {
    limit * 2 + Duration::from_millis(500)
}
