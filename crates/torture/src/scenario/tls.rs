//! Nobody stands between a client and its server unseen: whoever has another key hears nothing, there is nothing older
//! than TLS 1.3, nothing is taken before a handshake has ended, and without TLS a server is for its own machine (P23).

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

use super::Setup;
use crate::Error;
use crate::listener::Listener;
use crate::person::{PASSWORD, Person};
use crate::report::{Control, Line};
use crate::server::{DEADLINE, Launch, Server, private_directory};
use crate::wire::Wire;

pub(crate) async fn run(setup: &Setup) -> Result<Vec<Line>, Error> {
    let directory = private_directory()?;
    let server = Launch::new(&setup.program, &directory.path().join("data")).start().await?;
    Ok(vec![
        between(setup, &server, directory.path()).await?,
        outside(setup, &server, directory.path()).await?,
    ])
}

/// Somebody between clients and their server, who speaks TLS with both and hears what clients say.
#[derive(Debug)]
struct Middle {
    listener: Listener,
    heard: Arc<Mutex<Vec<u8>>>,
}

impl Middle {
    async fn before(server: &Server) -> Result<Self, Error> {
        let pem = Identity::generate_pem()?;
        let acceptor = TlsAcceptor::from(server_config(&Identity::from_pem(&pem, &pem)?)?);
        let heard = Arc::default();
        let (to, ear) = (server.address.clone(), Arc::clone(&heard));
        // A client that notices ends this: that is what is hoped for.
        let serve = move |stream| relay(stream, acceptor.clone(), to.clone(), Arc::clone(&ear));
        Ok(Self { listener: Listener::start(serve).await?, heard })
    }

    fn address(&self) -> &str {
        &self.listener.address
    }

    fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn relay(
    stream: TcpStream,
    acceptor: TlsAcceptor,
    to: String,
    ear: Arc<Mutex<Vec<u8>>>,
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
            ear.lock().unwrap_or_else(PoisonError::into_inner).extend(&buffer[..read]);
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

/// Clients that know their server's key and are led to somebody else.
async fn between(setup: &Setup, server: &Server, directory: &Path) -> Result<Line, Error> {
    let times = setup.times(20, 100);
    let ada = Person::sign_up(server, "ada").await?;
    let middle = Middle::before(server).await?;
    let key = server.fingerprint.ok_or("a server without a key")?;
    let mut broken = Vec::new();
    for n in 0..times {
        let known_hosts = directory.join(format!("known_{n}"));
        let mut options = Options { token: Some(ada.token.clone()), ..server.options_by(middle.address())? };
        if n % 2 == 1 {
            // Met before at this address, in place of told.
            std::fs::write(&known_hosts, format!("{} {key}\n", middle.address()))?;
            (options.fingerprint, options.known_hosts) = (None, known_hosts);
        }
        match Client::connect(options).await {
            Err(ClientError::KeyChanged { .. }) => {}
            Err(error) => broken.push(format!("attempt {n}: {error}")),
            Ok(_) => broken.push(format!("attempt {n} got through")),
        }
    }
    let heard = middle.heard().len();
    if heard > 0 {
        broken.push(format!("{heard} bytes were heard"));
    }
    // Who has met no server before trusts the first one, and says so: then all is heard.
    let stranger = Options {
        fingerprint: None,
        known_hosts: directory.join("known_none"),
        ..server.options_by(middle.address())?
    };
    let stranger = Client::connect(stranger).await?;
    let told = stranger.first_contact().is_some();
    stranger.log_in(v1::LogIn { username: "ada".into(), password: PASSWORD.into() }).await?;
    let heard_password = middle.heard().windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes());
    Ok(Line {
        promise: 23,
        tried: format!(
            "{times} times somebody between a client and its server, whose key was told or met before"
        ),
        figures: format!("each time a hard stop; {heard} bytes heard"),
        broken,
        control: Control::of(
            told && heard_password,
            "a client that has met no server is told the key of the one in between, and that one hears its password",
        ),
    })
}

/// What an outsider tries who keeps to no rule.
async fn outside(setup: &Setup, server: &Server, directory: &Path) -> Result<Line, Error> {
    let mut broken = Vec::new();
    for version in ["-tls1", "-tls1_1", "-tls1_2"] {
        let said = openssl(&server.address, &[version, "-cipher", "ALL:@SECLEVEL=0"]).await?;
        if !said.contains("Cipher is (NONE)") {
            broken.push(format!("{version}: {said}"));
        }
    }
    let newest = openssl(&server.address, &["-tls1_3"]).await?;
    // What a client may send before the handshake has ended, and anybody may send again.
    let early: Vec<_> = newest.lines().filter(|line| line.trim().starts_with("Max Early Data:")).collect();
    if early.is_empty() || early.iter().any(|line| line.trim() != "Max Early Data: 0") {
        broken.push(format!("early data: {early:?}"));
    }
    if answers_without_tls(server).await {
        broken.push("a hello without TLS was answered".to_owned());
    }
    for everybody in ["0.0.0.0:0", "[::]:0"] {
        let open = Launch::new(&setup.program, &directory.join("open")).at(everybody).argument("--insecure");
        let ended = timeout(DEADLINE, async { open.spawn()?.ended().await }).await;
        if ended.map_err(|_| "it does not end")??.success() {
            broken.push(format!("a server without TLS listened on {everybody}"));
        }
    }
    let plain = Launch::new(&setup.program, &directory.join("plain")).argument("--insecure").start().await?;
    let answered = answers_without_tls(&plain).await;
    Ok(Line {
        promise: 23,
        tried: "TLS 1.0, 1.1 and 1.2, early data, a hello without TLS, a server without TLS for everybody"
            .to_owned(),
        figures: "each refused".to_owned(),
        broken,
        control: Control::of(
            newest.contains("New, TLSv1.3, Cipher is") && answered,
            "TLS 1.3 is spoken, and on the loopback a server without TLS answers",
        ),
    })
}

async fn answers_without_tls(server: &Server) -> bool {
    let asked =
        async { Wire::connect(&server.address).await?.ask(Op::GetServerInfo(v1::GetServerInfo {})).await };
    timeout(DEADLINE, asked).await.is_ok_and(|answer| answer.is_ok())
}

/// What OpenSSL's client says of this server.
async fn openssl(address: &str, words: &[&str]) -> Result<String, Error> {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", address, "-alpn", "mini-tweet/1"]).args(words);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().map_err(|error| format!("openssl: {error}"))?;
    // It ends with what it is told; the server's tickets for later come within that time.
    let told = child.stdin.take();
    sleep(Duration::from_secs(1)).await;
    drop(told);
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
