//! Sockets that say nothing, sessions that never begin, frames that come a byte a second: each is closed in its time.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use crate::Error;
use crate::listener::Listener;
use crate::report::{Control, Line};
use crate::scenario::Setup;
use crate::server::{Launch, private_directory};
use crate::wire::{Wire, dial};

/// A slow machine is no failure.
const SLACK: Duration = Duration::from_secs(3);

/// What somebody does who wastes the server's time.
#[derive(Debug, Clone, Copy)]
enum Idler {
    /// Says nothing where TLS is to begin.
    Silent,
    /// Says hello and never logs in.
    NobodyYet,
    /// A byte a second of a frame that is announced to be long.
    Drip,
}

impl Idler {
    /// By when it has to be gone.
    fn limit(self) -> Duration {
        match self {
            Self::Silent => Duration::from_secs(10),
            Self::NobodyYet | Self::Drip => Duration::from_secs(30),
        }
    }
}

pub(super) async fn run(setup: &Setup) -> Result<Line, Error> {
    let each = setup.times(20, 200);
    let directory = private_directory()?;
    let secure = Launch::new(&setup.program, &directory.path().join("secure")).start().await?;
    let plain =
        Launch::new(&setup.program, &directory.path().join("plain")).argument("--insecure").start().await?;
    // Takes everybody and never looks at them again.
    let careless = Listener::start(|stream: TcpStream| async move {
        let _kept = stream;
        std::future::pending::<()>().await;
    });
    let careless = careless.await?;
    let mut idlers = JoinSet::new();
    for _ in 0..each {
        for (idler, address) in [
            (Idler::Silent, &secure.address),
            (Idler::NobodyYet, &plain.address),
            (Idler::Drip, &plain.address),
        ] {
            idlers.spawn(closed_after(idler, address.clone()));
        }
    }
    let control = closed_after(Idler::Silent, careless.address.clone()).await;
    let (mut broken, mut longest) = (Vec::new(), [Duration::ZERO; 3]);
    while let Some(closed) = idlers.join_next().await {
        match closed? {
            Ok((idler, after)) => longest[idler as usize] = longest[idler as usize].max(after),
            Err(error) => broken.push(error.to_string()),
        }
    }
    let [silent, nobody, drip] = longest.map(|longest| longest.as_secs_f64());
    Ok(Line {
        promise: 9,
        tried: format!("{each} silent sockets, {each} without log-in, {each} at one byte a second"),
        figures: format!("closed after {silent:.1} s, {nobody:.1} s and {drip:.1} s"),
        broken,
        control: Control::of(control.is_err(), "a server that waits for ever"),
    })
}

/// How long it took until the other side closed.
async fn closed_after(idler: Idler, server: String) -> Result<(Idler, Duration), Error> {
    let stream = dial(&server, IpAddr::V4(Ipv4Addr::LOCALHOST)).await?;
    let start = Instant::now();
    let waste = async {
        match idler {
            Idler::Silent => read_to_end(stream).await,
            Idler::NobodyYet => {
                let mut wire = Wire::over(stream).await?;
                let end = wire.answer().await;
                if end.is_err() { Ok(()) } else { Err(Error::from("an answer to no question")) }
            }
            Idler::Drip => {
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
    timeout(idler.limit() + SLACK, waste)
        .await
        .map_err(|_| format!("{idler:?}: still open after {:?}", start.elapsed()))??;
    Ok((idler, start.elapsed()))
}

async fn read_to_end(mut stream: impl tokio::io::AsyncRead + Unpin) -> Result<(), Error> {
    let mut bytes = [0; 4_096];
    // A reset is an end too.
    while stream.read(&mut bytes).await.is_ok_and(|read| read > 0) {}
    Ok(())
}
