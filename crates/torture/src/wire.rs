//! One connection that speaks the protocol and nothing more: no second try, no coming back. What the server does to
//! it is what one sees.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use protocol::connection::{FrameReader, FrameWriter, Limits, framed};
use protocol::frame::FRAME_BYTES_MAX_FROM_SERVER;
use protocol::v1::{self, client_frame, request::Op, response, server_frame};
use tokio::io::{AsyncRead, ReadHalf, WriteHalf};
use tokio::net::{TcpSocket, TcpStream};

use crate::Error;
use crate::person::Person;

/// A connection without TLS, for servers on the loopback.
pub(crate) struct Wire {
    pub(crate) reader: FrameReader<ReadHalf<TcpStream>>,
    pub(crate) writer: FrameWriter<WriteHalf<TcpStream>>,
    last: u32,
}

/// Connects from an address of one's own.
pub(crate) async fn dial(server: &str, from: IpAddr) -> Result<TcpStream, Error> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(from, 0))?;
    let stream = socket.connect(server.parse()?).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Wire {
    /// Connects and says hello.
    pub(crate) async fn connect(server: &str) -> Result<Self, Error> {
        Self::over(dial(server, IpAddr::from([127, 0, 0, 1])).await?).await
    }

    /// The same over a connection that there is.
    pub(crate) async fn over(stream: TcpStream) -> Result<Self, Error> {
        let (reader, writer) = framed(stream, Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
        let mut wire = Self { reader, writer, last: 0 };
        wire.writer.queue(&hello());
        wire.writer.flush().await?;
        Ok(wire)
    }

    /// In a person's session.
    pub(crate) async fn of(server: &str, person: &Person) -> Result<Self, Error> {
        let mut wire = Self::connect(server).await?;
        let token = person.token.to_bytes().into();
        match wire.ask(Op::Authenticate(v1::Authenticate { token })).await? {
            response::Result::LoggedIn(_) => Ok(wire),
            other => Err(format!("no session: {other:?}").into()),
        }
    }

    /// Logs in with a password; the session.
    pub(crate) async fn log_in(&mut self, username: &str, password: &str) -> Result<v1::LoggedIn, Error> {
        let log_in = v1::LogIn { username: username.to_owned(), password: password.to_owned() };
        match self.ask(Op::LogIn(log_in)).await? {
            response::Result::LoggedIn(session) => Ok(session),
            other => Err(format!("no session: {other:?}").into()),
        }
    }

    /// Puts a request behind those that wait to be sent; its number.
    pub(crate) fn queue(&mut self, op: Op) -> u32 {
        self.last = self.last.wrapping_add(1).max(1);
        self.writer.queue(&request(self.last, op));
        self.last
    }

    /// The next answer that comes, and whose it is.
    pub(crate) async fn answer(&mut self) -> Result<(u32, response::Result), Error> {
        next_answer(&mut self.reader).await
    }

    /// Asks for one thing and waits for its answer.
    pub(crate) async fn ask(&mut self, op: Op) -> Result<response::Result, Error> {
        let asked = self.queue(op);
        self.writer.flush().await?;
        loop {
            let (id, result) = self.answer().await?;
            if id == asked {
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
pub(crate) fn request(id: u32, op: Op) -> v1::ClientFrame {
    let request = v1::Request { id, idempotency_key: Bytes::new(), op: Some(op) };
    v1::ClientFrame { frame: Some(client_frame::Frame::Request(request)) }
}

/// The next answer; pushes and pongs are passed over. Cancel safe.
pub(crate) async fn next_answer<R: AsyncRead + Unpin>(
    reader: &mut FrameReader<R>,
) -> Result<(u32, response::Result), Error> {
    loop {
        match reader.read::<v1::ServerFrame>().await? {
            None => return Err("the server closed the connection".into()),
            Some(v1::ServerFrame { frame: Some(server_frame::Frame::Response(answer)) }) => {
                return Ok((answer.id, answer.result.ok_or("an empty answer")?));
            }
            Some(v1::ServerFrame { frame: Some(server_frame::Frame::Fatal(error)) }) => {
                return Err(model::Error::from(error).into());
            }
            Some(_) => {}
        }
    }
}

/// So many of the newest public tweets, out of the database.
pub(crate) fn read_local(limit: u32) -> Op {
    let timeline = Some(v1::read_timeline::Timeline::Local(v1::Local {}));
    let page = Some(v1::PageRequest { limit, ..v1::PageRequest::default() });
    Op::ReadTimeline(v1::ReadTimeline { timeline, page })
}
