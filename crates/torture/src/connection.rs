//! A plain protocol connection without retries or reconnection, so that scenarios see exactly what the server does.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use protocol::connection::{FrameReader, FrameWriter, Limits, framed};
use protocol::frame::FRAME_BYTES_MAX_FROM_SERVER;
use protocol::v1::{self, client_frame, request::Op, response, server_frame};
use tokio::io::{AsyncRead, ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};

use crate::error::Error;
use crate::user::User;

/// A connection without TLS, for servers on the loopback.
pub(crate) struct Connection {
    pub(crate) reader: FrameReader<ReadHalf<TcpStream>>,
    pub(crate) writer: FrameWriter<WriteHalf<TcpStream>>,
    last_id: u32,
}

/// Connects from this local address.
pub(crate) async fn dial(server: &str, from: IpAddr) -> Result<TcpStream, Error> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(server.parse()?).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Connection {
    /// Connects and sends the hello.
    pub(crate) async fn connect(server: &str) -> Result<Self, Error> {
        Self::over(dial(server, IpAddr::from([127, 0, 0, 1])).await?).await
    }

    /// The same over an open TCP connection.
    pub(crate) async fn over(stream: TcpStream) -> Result<Self, Error> {
        let (reader, writer) = framed(stream, Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
        let mut connection = Self { reader, writer, last_id: 0 };
        connection.writer.queue(&hello());
        connection.writer.flush().await?;
        Ok(connection)
    }

    /// Connects and resumes the session of this user.
    pub(crate) async fn of(server: &str, user: &User) -> Result<Self, Error> {
        let mut connection = Self::connect(server).await?;
        let token = user.token.to_bytes().into();
        match connection.ask(Op::Authenticate(v1::Authenticate { token })).await? {
            response::Result::LoggedIn(_) => Ok(connection),
            other => Err(format!("no session: {other:?}").into()),
        }
    }

    /// Logs in with a password.
    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Result<v1::LoggedIn, Error> {
        let log_in = v1::LogIn { username: username.to_owned(), password: password.to_owned() };
        match self.ask(Op::LogIn(log_in)).await? {
            response::Result::LoggedIn(session) => Ok(session),
            other => Err(format!("no session: {other:?}").into()),
        }
    }

    /// Queues a request without sending it; returns its number.
    pub(crate) fn queue(&mut self, op: Op) -> u32 {
        self.queue_with_key(op, Bytes::new())
    }

    /// The same with an idempotency key.
    pub(crate) fn queue_with_key(&mut self, op: Op, key: Bytes) -> u32 {
        self.last_id = self.last_id.wrapping_add(1).max(1);
        self.writer.queue(&request(self.last_id, op, key));
        self.last_id
    }

    /// The next response, with the number of its request.
    pub(crate) async fn response(&mut self) -> Result<(u32, response::Result), Error> {
        next_response(&mut self.reader).await
    }

    /// Sends a request and waits for its response.
    pub(crate) async fn ask(&mut self, op: Op) -> Result<response::Result, Error> {
        let sent = self.queue(op);
        self.writer.flush().await?;
        loop {
            let (id, result) = self.response().await?;
            if id == sent {
                return Ok(result);
            }
        }
    }
}

/// The first frame of a client.
pub(crate) fn hello() -> v1::ClientFrame {
    let hello =
        v1::ClientHello { protocol_version: protocol::PROTOCOL_VERSION, client_name: "torture".into() };
    v1::ClientFrame { frame: Some(client_frame::Frame::Hello(hello)) }
}

/// A request as a frame.
fn request(id: u32, op: Op, idempotency_key: Bytes) -> v1::ClientFrame {
    let request = v1::Request { id, idempotency_key, op: Some(op) };
    v1::ClientFrame { frame: Some(client_frame::Frame::Request(request)) }
}

/// The next response; skips events and pongs. Cancel safe.
pub(crate) async fn next_response<R: AsyncRead + Unpin>(
    reader: &mut FrameReader<R>,
) -> Result<(u32, response::Result), Error> {
    loop {
        match reader.read::<v1::ServerFrame>().await? {
            None => return Err("the server closed the connection".into()),
            Some(v1::ServerFrame { frame: Some(server_frame::Frame::Response(response)) }) => {
                return Ok((response.id, response.result.ok_or("an empty response")?));
            }
            Some(v1::ServerFrame { frame: Some(server_frame::Frame::Fatal(error)) }) => {
                return Err(model::Error::from(error).into());
            }
            Some(_) => {}
        }
    }
}

/// A request for this many of the newest public tweets, which the server reads from the database.
pub(crate) fn read_local(limit: u32) -> Op {
    let timeline = Some(v1::read_timeline::Timeline::Local(v1::Local {}));
    let page = Some(v1::PageRequest { limit, ..v1::PageRequest::default() });
    Op::ReadTimeline(v1::ReadTimeline { timeline, page })
}
