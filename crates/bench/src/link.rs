//! One connection that speaks the project's protocol with as little work as can be: what the harness spends is
//! taken from the server, which shares its processors.

use std::net::SocketAddr;

use bytes::{Bytes, BytesMut};
use prost::Message as _;
use protocol::frame::{self, Decoder, FRAME_BYTES_MAX};
use protocol::tls::{PinVerifier, client_config};
use protocol::v1::{self, client_frame, request::Op, response, server_frame};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

use crate::Error;

/// Where a server is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) tcp: SocketAddr,
    pub(crate) tls: bool,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection.
pub(crate) struct Link {
    stream: Box<dyn Stream>,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
}

/// A frame that came, as far as it is looked at.
pub(crate) enum Arrived {
    /// The answer to this request, with the bytes that it took on the wire; an error with its text.
    Answer { id: u32, bytes: usize, error: Option<String> },
    /// Something was pushed, in so many bytes on the wire.
    Event { bytes: usize },
}

/// What is decoded of a `ServerFrame`; the rest is skipped over.
#[derive(prost::Message)]
struct Outline {
    #[prost(message, optional, tag = "2")]
    response: Option<ResponseOutline>,
    #[prost(bytes = "bytes", optional, tag = "3")]
    event: Option<Bytes>,
    #[prost(message, optional, tag = "6")]
    fatal: Option<v1::Error>,
}

#[derive(prost::Message)]
struct ResponseOutline {
    #[prost(uint32, tag = "1")]
    id: u32,
    #[prost(message, optional, tag = "2")]
    error: Option<v1::Error>,
}

impl Link {
    /// Connects and says hello.
    pub(crate) async fn connect(address: Address) -> Result<Self, Error> {
        let tcp = TcpStream::connect(address.tcp).await?;
        tcp.set_nodelay(true)?;
        if address.tls {
            let connector = TlsConnector::from(client_config(PinVerifier::new(None))?);
            let name = ServerName::IpAddress(address.tcp.ip().into());
            Self::greet(Box::new(connector.connect(name, tcp).await?)).await
        } else {
            Self::greet(Box::new(tcp)).await
        }
    }

    /// Connects to an operator's socket.
    pub(crate) async fn operator(socket: &std::path::Path) -> Result<Self, Error> {
        Self::greet(Box::new(UnixStream::connect(socket).await?)).await
    }

    async fn greet(stream: Box<dyn Stream>) -> Result<Self, Error> {
        let decoder = Decoder::new(FRAME_BYTES_MAX * 16);
        let mut link = Self { stream, decoder, incoming: BytesMut::new(), outgoing: BytesMut::new() };
        let hello = v1::ClientHello { protocol_version: 1, client_name: "bench".into() };
        let hello = v1::ClientFrame { frame: Some(client_frame::Frame::Hello(hello)) };
        frame::encode(&hello, &mut link.outgoing);
        Ok(link)
    }

    /// Begins to use a session.
    pub(crate) async fn authenticate(&mut self, token: &[u8]) -> Result<(), Error> {
        self.ask(Op::Authenticate(v1::Authenticate { token: token.to_vec().into() })).await.map(drop)
    }

    /// Asks for one thing and waits for the whole answer.
    pub(crate) async fn ask(&mut self, op: Op) -> Result<response::Result, Error> {
        self.queue(u32::MAX, Bytes::new(), op);
        self.flush().await?;
        loop {
            while let Some(body) = self.decoder.next(&mut self.incoming)? {
                match v1::ServerFrame::decode(body)?.frame {
                    Some(server_frame::Frame::Response(answer)) if answer.id == u32::MAX => {
                        return match answer.result {
                            Some(response::Result::Error(error)) => Err(format!("{error:?}").into()),
                            Some(result) => Ok(result),
                            None => Err("an empty answer".into()),
                        };
                    }
                    Some(server_frame::Frame::Fatal(error)) => return Err(format!("{error:?}").into()),
                    _ => {}
                }
            }
            self.receive().await?;
        }
    }

    /// Puts a request behind those that wait for [`Link::flush`].
    pub(crate) fn queue(&mut self, id: u32, idempotency_key: Bytes, op: Op) {
        let request = v1::Request { id, idempotency_key, op: Some(op) };
        let request = v1::ClientFrame { frame: Some(client_frame::Frame::Request(request)) };
        frame::encode(&request, &mut self.outgoing);
    }

    /// Sends what waits.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        if !self.outgoing.is_empty() {
            self.stream.write_all_buf(&mut self.outgoing).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }

    /// Waits for bytes. Cancel safe.
    pub(crate) async fn receive(&mut self) -> Result<(), Error> {
        self.incoming.reserve(16 * 1024);
        match self.stream.read_buf(&mut self.incoming).await? {
            0 => Err("the server closed a connection".into()),
            _ => Ok(()),
        }
    }

    /// The next frame that is here already.
    pub(crate) fn next(&mut self) -> Result<Option<Arrived>, Error> {
        while let Some(body) = self.decoder.next(&mut self.incoming)? {
            let bytes = body.len() + 4;
            let outline = Outline::decode(body)?;
            if let Some(error) = outline.fatal {
                return Err(format!("{error:?}").into());
            }
            if let Some(answer) = outline.response {
                let error = answer.error.map(|error| format!("{error:?}"));
                return Ok(Some(Arrived::Answer { id: answer.id, bytes, error }));
            }
            if outline.event.is_some() {
                return Ok(Some(Arrived::Event { bytes }));
            }
        }
        Ok(None)
    }
}

/// The newest 20 of the home timeline.
pub(crate) fn home() -> Op {
    let timeline = Some(v1::read_timeline::Timeline::Home(v1::Home {}));
    Op::ReadTimeline(v1::ReadTimeline { timeline, page: None })
}
