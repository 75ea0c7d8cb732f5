//! A connection of the native protocol that does as little work as possible, because the benchmark shares the CPU with the
//! server.

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

use crate::error::Error;

/// Address of a server.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Address {
    pub(crate) tcp: SocketAddr,
    pub(crate) tls: bool,
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// A connection of a client. Responses are decoded only as far as the benchmark needs them.
pub(crate) struct Connection {
    stream: Box<dyn Stream>,
    decoder: Decoder,
    incoming: BytesMut,
    outgoing: BytesMut,
}

/// A received frame.
pub(crate) enum Received {
    /// The response to a request, with its size on the wire and, for errors, a description.
    Response { id: u32, bytes: usize, error: Option<String> },
    /// An event, with its size on the wire.
    Event { bytes: usize },
}

/// The decoded part of a `ServerFrame`. Other fields are skipped.
#[derive(prost::Message)]
struct FrameOutline {
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

impl Connection {
    /// Connects and queues the hello.
    pub(crate) async fn connect(address: Address) -> Result<Self, Error> {
        let tcp = TcpStream::connect(address.tcp).await?;
        tcp.set_nodelay(true)?;
        if address.tls {
            let connector = TlsConnector::from(client_config(PinVerifier::new(None))?);
            let name = ServerName::IpAddress(address.tcp.ip().into());
            Self::with_hello(Box::new(connector.connect(name, tcp).await?)).await
        } else {
            Self::with_hello(Box::new(tcp)).await
        }
    }

    /// Connects to an operator socket.
    pub(crate) async fn operator(socket: &std::path::Path) -> Result<Self, Error> {
        Self::with_hello(Box::new(UnixStream::connect(socket).await?)).await
    }

    async fn with_hello(stream: Box<dyn Stream>) -> Result<Self, Error> {
        let decoder = Decoder::new(FRAME_BYTES_MAX * 16);
        let mut connection = Self { stream, decoder, incoming: BytesMut::new(), outgoing: BytesMut::new() };
        let hello = v1::ClientHello { protocol_version: 1, client_name: "bench".into() };
        let hello = v1::ClientFrame { frame: Some(client_frame::Frame::Hello(hello)) };
        frame::encode(&hello, &mut connection.outgoing);
        Ok(connection)
    }

    /// Resumes a session.
    pub(crate) async fn authenticate(&mut self, token: &[u8]) -> Result<(), Error> {
        self.ask(Op::Authenticate(v1::Authenticate { token: token.to_vec().into() })).await.map(drop)
    }

    /// Sends one request and waits for its response.
    pub(crate) async fn ask(&mut self, op: Op) -> Result<response::Result, Error> {
        self.queue(u32::MAX, Bytes::new(), op);
        self.flush().await?;
        loop {
            while let Some(body) = self.decoder.next(&mut self.incoming)? {
                match v1::ServerFrame::decode(body)?.frame {
                    Some(server_frame::Frame::Response(response)) if response.id == u32::MAX => {
                        return match response.result {
                            Some(response::Result::Error(error)) => Err(format!("{error:?}").into()),
                            Some(result) => Ok(result),
                            None => Err("an empty response".into()),
                        };
                    }
                    Some(server_frame::Frame::Fatal(error)) => return Err(format!("{error:?}").into()),
                    _ => {}
                }
            }
            self.receive().await?;
        }
    }

    /// Queues a request until [`Connection::flush`].
    pub(crate) fn queue(&mut self, id: u32, idempotency_key: Bytes, op: Op) {
        let request = v1::Request { id, idempotency_key, op: Some(op) };
        let request = v1::ClientFrame { frame: Some(client_frame::Frame::Request(request)) };
        frame::encode(&request, &mut self.outgoing);
    }

    /// Sends the queued requests.
    pub(crate) async fn flush(&mut self) -> Result<(), Error> {
        if !self.outgoing.is_empty() {
            self.stream.write_all_buf(&mut self.outgoing).await?;
            self.stream.flush().await?;
        }
        Ok(())
    }

    /// Waits for data. Cancel safe.
    pub(crate) async fn receive(&mut self) -> Result<(), Error> {
        self.incoming.reserve(16 * 1024);
        match self.stream.read_buf(&mut self.incoming).await? {
            0 => Err("the server closed a connection".into()),
            _ => Ok(()),
        }
    }

    /// The next frame in the receive buffer.
    pub(crate) fn next(&mut self) -> Result<Option<Received>, Error> {
        while let Some(body) = self.decoder.next(&mut self.incoming)? {
            let bytes = body.len() + 4;
            let outline = FrameOutline::decode(body)?;
            if let Some(error) = outline.fatal {
                return Err(format!("{error:?}").into());
            }
            if let Some(response) = outline.response {
                let error = response.error.map(|error| format!("{error:?}"));
                return Ok(Some(Received::Response { id: response.id, bytes, error }));
            }
            if outline.event.is_some() {
                return Ok(Some(Received::Event { bytes }));
            }
        }
        Ok(None)
    }
}

/// A request for the newest 20 tweets of the home timeline.
pub(crate) fn read_home() -> Op {
    let timeline = Some(v1::read_timeline::Timeline::Home(v1::Home {}));
    Op::ReadTimeline(v1::ReadTimeline { timeline, page: None })
}
