//! A server whose key is not known, and connections without TLS: what is refused before anything is sent.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mini_tweet_client::{Client, ClientError, Endpoint, FirstContact, Options, Token};
use protocol::tls::{Fingerprint, Identity, server_config};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A listener that counts the bytes that clients send: within TLS if it has a key.
struct Listener {
    address: SocketAddr,
    key: Fingerprint,
    received: Arc<AtomicUsize>,
    directory: TempDir,
}

impl Listener {
    async fn start(host: &str, with_tls: bool) -> Self {
        let listener = TcpListener::bind((host, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let pem = Identity::generate_pem().unwrap();
        let identity = Identity::from_pem(&pem, &pem).unwrap();
        let key = identity.fingerprint();
        let acceptor = TlsAcceptor::from(server_config(&identity).unwrap());
        let received = Arc::new(AtomicUsize::new(0));
        let count = received.clone();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let mut buffer = [0; 1024];
                let read = if with_tls {
                    let Ok(mut stream) = acceptor.accept(stream).await else { continue };
                    stream.read(&mut buffer).await
                } else {
                    stream.read(&mut buffer).await
                };
                count.fetch_add(read.unwrap_or(0), Ordering::SeqCst);
            }
        });
        Self { address, key, received, directory: tempfile::tempdir().unwrap() }
    }

    fn known_hosts(&self) -> std::path::PathBuf {
        self.directory.path().join("known_hosts")
    }

    fn options(&self) -> Options {
        let endpoint = Endpoint::parse(&self.address.to_string()).unwrap();
        let token = Some(Token::from_bytes(vec![7; 32]));
        Options { token, ..Options::new(endpoint, self.known_hosts()) }
    }

    /// Connects; the error, after which nothing may have been sent.
    async fn refuses(&self, options: Options) -> ClientError {
        let error = Client::connect(options).await.map(|_| ()).unwrap_err();
        // The next connection is accepted after the one before has been read.
        let _ = tokio::net::TcpStream::connect(self.address).await.unwrap();
        assert_eq!(self.received.load(Ordering::SeqCst), 0, "{error}");
        error
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_default()
}

#[tokio::test]
async fn a_new_key_is_refused_where_no_one_can_compare_it_and_not_stored() {
    let server = Listener::start("127.0.0.1", true).await;
    let options = Options { first_contact: FirstContact::Refuse, ..server.options() };
    let error = server.refuses(options).await;
    let ClientError::KeyUnknown { presented, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*presented, server.key);
    assert!(error.to_string().contains(&format!("--fingerprint {}", server.key)), "{error}");
    assert!(!server.known_hosts().exists());
}

#[tokio::test]
async fn a_key_that_was_given_is_remembered_and_one_that_was_not_presented_is_not() {
    let server = Listener::start("127.0.0.1", true).await;
    let pem = Identity::generate_pem().unwrap();
    let other = Identity::from_pem(&pem, &pem).unwrap().fingerprint();
    for first_contact in [FirstContact::Refuse, FirstContact::Trust] {
        let options = Options { fingerprint: Some(other), first_contact, ..server.options() };
        assert!(matches!(server.refuses(options).await, ClientError::KeyChanged { .. }));
        assert!(!server.known_hosts().exists());
    }
    let options =
        Options { fingerprint: Some(server.key), first_contact: FirstContact::Refuse, ..server.options() };
    // It reads and closes: the key was accepted all the same.
    let error = Client::connect(options).await.map(|_| ()).unwrap_err();
    let reason = "the server closed the connection";
    assert_eq!(error.to_string(), format!("cannot reach {}: {reason}", server.address));
    assert_eq!(text(&server.known_hosts()), format!("{} {}\n", server.address, server.key));
    // A key that was given goes before a known one, and takes its place; another one that is presented does not.
    std::fs::write(server.known_hosts(), format!("{} {other}\n", server.address)).unwrap();
    let options = Options { fingerprint: Some(server.key), ..server.options() };
    let error = Client::connect(options).await.map(|_| ()).unwrap_err();
    assert!(!matches!(error, ClientError::KeyChanged { .. }), "{error}");
    assert_eq!(text(&server.known_hosts()), format!("{} {}\n", server.address, server.key));
    let options = Options { fingerprint: Some(other), ..server.options() };
    let error = Client::connect(options).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, ClientError::KeyChanged { .. }), "{error}");
    assert_eq!(text(&server.known_hosts()), format!("{} {}\n", server.address, server.key));
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_is_named_in_plain_words() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example.org ready\r\n").await;
            let _ = stream.read(&mut [0; 1024]).await;
        }
    });
    let directory = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::parse(&address.to_string()).unwrap();
    let options = Options::new(endpoint, directory.path().join("known_hosts"));
    let error = Client::connect(options).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("no TLS 1.3 connection") && error.contains("check the port"), "{error}");
    assert!(!error.contains("message of type") && !error.contains("InvalidContentType"), "{error}");
}

#[tokio::test]
async fn without_tls_nothing_is_sent_to_a_server_with_a_known_key() {
    let server = Listener::start("127.0.0.1", false).await;
    let insecure = || Options { insecure: true, ..server.options() };
    let error = server.refuses(Options { fingerprint: Some(server.key), ..insecure() }).await;
    assert!(matches!(error, ClientError::Insecure(_)), "{error:?}");
    std::fs::write(server.known_hosts(), format!("{} {}\n", server.address, server.key)).unwrap();
    let error = server.refuses(insecure()).await;
    assert!(matches!(&error, ClientError::Insecure(why) if why.contains("known_hosts")), "{error:?}");
    // Without a known key it speaks.
    std::fs::remove_file(server.known_hosts()).unwrap();
    let _ = Client::connect(insecure()).await;
    assert!(server.received.load(Ordering::SeqCst) > 0);
}

#[tokio::test]
async fn without_tls_nothing_is_sent_to_another_machine() {
    // An address of this machine that is not loopback, if it has one; connecting a datagram socket sends nothing.
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let own = socket.connect("192.0.2.1:9").and_then(|()| socket.local_addr());
    let Some(own) = own.ok().map(|own| own.ip()).filter(|own| !own.is_loopback()) else { return };
    let server = Listener::start(&own.to_string(), false).await;
    let error = server.refuses(Options { insecure: true, ..server.options() }).await;
    assert!(
        matches!(&error, ClientError::Insecure(why) if why.contains("Leave --insecure out")),
        "{error:?}"
    );
}
