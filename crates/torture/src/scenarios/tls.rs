//! Interception: an attacker with another key learns nothing, only TLS 1.3 is accepted, no data is accepted before the end
//! of the handshake, and a server without TLS listens on the loopback interface only (P23).

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, ClientError, Options};
use protocol::tls::{Identity, PinVerifier, client_config, server_config};
use protocol::v1;
use protocol::v1::request::Op;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::connection::Connection;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::listener::Listener;
use crate::server::{DEADLINE, Launch, Server, private_directory};
use crate::user::{PASSWORD, User};

pub(crate) async fn run(context: &Context) -> Result<Vec<Finding>, Error> {
    let directory = private_directory()?;
    let server = Launch::new(&context.program, &directory.path().join("data")).start().await?;
    Ok(vec![
        interception(context, &server, directory.path()).await?,
        weak_connections(context, &server, directory.path()).await?,
    ])
}

/// An attacker who terminates TLS on both sides with its own key and records what clients send.
#[derive(Debug)]
struct Interceptor {
    listener: Listener,
    recorded: Arc<Mutex<Vec<u8>>>,
}

impl Interceptor {
    async fn start(server: &Server) -> Result<Self, Error> {
        let pem = Identity::generate_pem()?;
        let acceptor = TlsAcceptor::from(server_config(&Identity::from_pem(&pem, &pem)?)?);
        let recorded = Arc::default();
        let (to, record) = (server.address.clone(), Arc::clone(&recorded));
        let serve = move |stream| relay(stream, acceptor.clone(), to.clone(), Arc::clone(&record));
        Ok(Self { listener: Listener::start(serve).await?, recorded })
    }

    fn address(&self) -> &str {
        &self.listener.address
    }

    fn recorded(&self) -> Vec<u8> {
        self.recorded.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn relay(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    to: String,
    record: Arc<Mutex<Vec<u8>>>,
) -> Result<(), Error> {
    let (mut from_client, mut to_client) = tokio::io::split(acceptor.accept(stream).await?);
    let connector = TlsConnector::from(client_config(PinVerifier::new(None))?);
    let server = connector.connect("mini-tweet".try_into()?, TcpStream::connect(to).await?).await?;
    let (mut from_server, mut to_server) = tokio::io::split(server);
    let up = async {
        let mut buffer = vec![0; 4_096];
        loop {
            let read = from_client.read(&mut buffer).await?;
            if read == 0 {
                return Ok::<(), std::io::Error>(());
            }
            record.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..read]);
            to_server.write_all(&buffer[..read]).await?;
            to_server.flush().await?;
        }
    };
    tokio::select! {
        end = up => end?,
        end = tokio::io::copy(&mut from_server, &mut to_client) => drop(end?),
    }
    Ok(())
}

/// Clients that know the key of their server and connect to the attacker.
async fn interception(context: &Context, server: &Server, directory: &Path) -> Result<Finding, Error> {
    let times = context.times(20, 100);
    let ada = User::sign_up(server, "ada").await?;
    let interceptor = Interceptor::start(server).await?;
    let key = server.fingerprint.ok_or("a server without a key")?;
    let mut broken = Vec::new();
    for n in 0..times {
        let known_hosts = directory.join(format!("known_{n}"));
        let mut options =
            Options { token: Some(ada.token.clone()), ..server.options_for(interceptor.address())? };
        if n % 2 == 1 {
            // Known from an earlier connection, instead of from the options.
            std::fs::write(&known_hosts, format!("{} {key}\n", interceptor.address()))?;
            (options.fingerprint, options.known_hosts) = (None, known_hosts);
        }
        match Client::connect(options).await {
            Err(ClientError::KeyChanged { .. }) => {}
            Err(error) => broken.push(format!("attempt {n}: {error}")),
            Ok(_) => broken.push(format!("attempt {n} connected")),
        }
    }
    let recorded = interceptor.recorded().len();
    if recorded > 0 {
        broken.push(format!("{recorded} bytes were recorded"));
    }
    // The control: a client that knows no key yet trusts the first one and reports it. Then its password is recorded.
    let first_contact = Options {
        fingerprint: None,
        known_hosts: directory.join("known_none"),
        ..server.options_for(interceptor.address())?
    };
    let client = Client::connect(first_contact).await?;
    let reported = client.first_contact().is_some();
    client.log_in(v1::LogIn { username: "ada".into(), password: PASSWORD.into() }).await?;
    let has_password = interceptor.recorded().windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
    Ok(Finding {
        promise: 23,
        tried: format!("{times} interceptions of clients that were given the key or have connected before"),
        figures: format!("a hard stop each time; {recorded} bytes recorded"),
        broken,
        control: Control::of(
            reported && has_password,
            "a client that knows no key yet shows the key of the attacker, and its password is recorded",
        ),
    })
}

/// Old versions of TLS, early data, and connections without TLS.
async fn weak_connections(context: &Context, server: &Server, directory: &Path) -> Result<Finding, Error> {
    let mut broken = Vec::new();
    for version in ["-tls1", "-tls1_1", "-tls1_2"] {
        let output = openssl(&server.address, &[version, "-cipher", "ALL:@SECLEVEL=0"]).await?;
        if !output.contains("Cipher is (NONE)") {
            broken.push(format!("{version}: {output}"));
        }
    }
    let newest = openssl(&server.address, &["-tls1_3"]).await?;
    // Early data arrives before the end of the handshake, and an attacker can replay it.
    let early: Vec<_> = newest.lines().filter(|line| line.trim().starts_with("Max Early Data:")).collect();
    if early.is_empty() || early.iter().any(|line| line.trim() != "Max Early Data: 0") {
        broken.push(format!("early data: {early:?}"));
    }
    if responds_without_tls(server).await {
        broken.push("a hello without TLS got a response".to_owned());
    }
    for address in ["0.0.0.0:0", "[::]:0"] {
        let open = Launch::new(&context.program, &directory.join("open"))
            .listening_on(address)
            .argument("--insecure");
        let ended = timeout(DEADLINE, async { open.spawn()?.wait().await }).await;
        if ended.map_err(|_| "the server did not exit")??.success() {
            broken.push(format!("a server without TLS listened on {address}"));
        }
    }
    let plain =
        Launch::new(&context.program, &directory.join("plain")).argument("--insecure").start().await?;
    let responded = responds_without_tls(&plain).await;
    Ok(Finding {
        promise: 23,
        tried:
            "TLS 1.0, 1.1 and 1.2, early data, a hello without TLS, a server without TLS on a public address"
                .to_owned(),
        figures: "all refused".to_owned(),
        broken,
        control: Control::of(
            newest.contains("New, TLSv1.3, Cipher is") && responded,
            "TLS 1.3 works, and on the loopback interface a server without TLS responds",
        ),
    })
}

async fn responds_without_tls(server: &Server) -> bool {
    let request = async {
        Connection::connect(&server.address).await?.ask(Op::GetServerInfo(v1::GetServerInfo {})).await
    };
    timeout(DEADLINE, request).await.is_ok_and(|response| response.is_ok())
}

/// The output of OpenSSL's client for this server.
async fn openssl(address: &str, words: &[&str]) -> Result<String, Error> {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", address, "-alpn", "mini-tweet/1"]).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("openssl: {error}"))?;
    // The client exits when its stdin is closed. The session tickets of the server arrive before that.
    let stdin = child.stdin.take();
    sleep(Duration::from_secs(1)).await;
    drop(stdin);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
