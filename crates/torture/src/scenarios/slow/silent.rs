//! Silent connections, connections that never log in, and frames sent at one byte per second: the server must close each
//! in time.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use crate::connection::{Connection, dial};
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::listener::Listener;
use crate::server::{Launch, private_directory};

/// Margin for a slow machine.
const SLACK: Duration = Duration::from_secs(3);

/// A client that occupies a connection.
#[derive(Debug, Clone, Copy)]
enum IdleClient {
    /// Sends nothing, not even a TLS handshake.
    Silent,
    /// Sends the hello and never logs in.
    Unauthenticated,
    /// Sends a long frame at one byte per second.
    Drip,
}

impl IdleClient {
    /// When the server must close the connection.
    fn limit(self) -> Duration {
        match self {
            Self::Silent => Duration::from_secs(10),
            Self::Unauthenticated | Self::Drip => Duration::from_secs(30),
        }
    }
}

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let each = context.times(20, 200);
    let directory = private_directory()?;
    let secure = Launch::new(&context.program, &directory.path().join("secure")).start().await?;
    let plain =
        Launch::new(&context.program, &directory.path().join("plain")).argument("--insecure").start().await?;
    // The control: accepts connections and never closes them.
    let never_closing = Listener::start(|stream: TcpStream| async move {
        let _stream = stream;
        std::future::pending::<()>().await;
    });
    let never_closing = never_closing.await?;
    let mut clients = JoinSet::new();
    for _ in 0..each {
        for (client, address) in [
            (IdleClient::Silent, &secure.address),
            (IdleClient::Unauthenticated, &plain.address),
            (IdleClient::Drip, &plain.address),
        ] {
            clients.spawn(closed_after(client, address.clone()));
        }
    }
    let control = closed_after(IdleClient::Silent, never_closing.address.clone()).await;
    let (mut broken, mut longest) = (Vec::new(), [Duration::ZERO; 3]);
    while let Some(closed) = clients.join_next().await {
        match closed? {
            Ok((client, after)) => longest[client as usize] = longest[client as usize].max(after),
            Err(error) => broken.push(error.to_string()),
        }
    }
    let [silent, unauthenticated, drip] = longest.map(|longest| longest.as_secs_f64());
    Ok(Finding {
        promise: 9,
        tried: format!("{each} silent connections, {each} without log-in, {each} at one byte per second"),
        figures: format!("closed after {silent:.1} s, {unauthenticated:.1} s and {drip:.1} s"),
        broken,
        control: Control::of(control.is_err(), "a server that never closes connections"),
    })
}

/// The time until the server closes the connection.
async fn closed_after(client: IdleClient, server: String) -> Result<(IdleClient, Duration), Error> {
    let stream = dial(&server, IpAddr::V4(Ipv4Addr::LOCALHOST)).await?;
    let start = Instant::now();
    let occupy = async {
        match client {
            IdleClient::Silent => read_to_end(stream).await,
            IdleClient::Unauthenticated => {
                let mut connection = Connection::over(stream).await?;
                let end = connection.response().await;
                if end.is_err() { Ok(()) } else { Err(Error::from("a response without a request")) }
            }
            IdleClient::Drip => {
                let (reader, mut writer) = stream.into_split();
                let dripping = async {
                    let mut second = interval(Duration::from_secs(1));
                    for byte in [0, 0, 0, 200].into_iter().chain(std::iter::repeat(1)) {
                        second.tick().await;
                        if writer.write_all(&[byte]).await.is_err() {
                            break;
                        }
                    }
                };
                tokio::select! {
                    () = dripping => Ok(()),
                    end = read_to_end(reader) => end,
                }
            }
        }
    };
    timeout(client.limit() + SLACK, occupy)
        .await
        .map_err(|_| format!("{client:?}: still open after {:?}", start.elapsed()))??;
    Ok((client, start.elapsed()))
}

async fn read_to_end(mut stream: impl tokio::io::AsyncRead + Unpin) -> Result<(), Error> {
    let mut bytes = [0; 4_096];
    // A reset counts as closed.
    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    Ok(())
}
