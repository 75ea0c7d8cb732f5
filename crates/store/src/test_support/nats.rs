//! A NATS server for tests: on a free port of the loopback.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for a start.
const DEADLINE: Duration = Duration::from_secs(60);

/// A server, which ends with this value.
#[derive(Debug)]
pub struct Nats {
    port: u16,
    arguments: Vec<String>,
    server: Option<Child>,
}

impl Nats {
    /// Starts a server.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Starts a server with these arguments.
    pub fn start_with(arguments: &[&str]) -> Self {
        let mut this = Self::stopped_with(arguments);
        this.run();
        this
    }

    /// A server that does not run yet.
    pub fn stopped() -> Self {
        Self::stopped_with(&[])
    }

    fn stopped_with(arguments: &[&str]) -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let arguments = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        Self { port, arguments, server: None }
    }

    /// Starts it, on the same port as before.
    pub fn run(&mut self) {
        let mut server = Command::new("nats-server");
        server.args(["-a", "127.0.0.1", "-p", &self.port.to_string()]).args(&self.arguments);
        let server = server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        self.server = Some(server.expect("nats-server is installed; `cargo xtask ci` installs it"));
        let end = Instant::now() + DEADLINE;
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(Instant::now() < end, "NATS did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Kills it.
    pub fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address())
    }
}

impl Drop for Nats {
    fn drop(&mut self) {
        self.kill();
    }
}
