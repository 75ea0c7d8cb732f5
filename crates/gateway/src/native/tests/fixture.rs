//! A native gateway, and clients that can send any bytes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use prost::encoding::WireType;
use protocol::connection::{FrameReader, FrameWriter, Limits, framed};
use protocol::frame::FRAME_BYTES_MAX_FROM_SERVER;
use protocol::v1::request::Op;
use protocol::v1::{client_frame, response, server_frame};
use protocol::{PROTOCOL_VERSION, v1};
use service::test_support::{PASSWORD, TestServer};
use store::env::SystemRandom;
use tokio::io::{DuplexStream, ReadHalf, WriteHalf};
use tokio::sync::watch;

use crate::native::context::ConnectionContext;
use crate::native::{NativeConfig, NativeGateway, NativeTimeouts, listen};
use crate::shared::{GatewayLimits, Shared};

const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

pub(super) struct GatewayFixture {
    pub(super) gateway: Arc<NativeGateway>,
    pub(super) stop: watch::Sender<bool>,
}

impl GatewayFixture {
    pub(super) fn new(server: &TestServer) -> Self {
        Self::with(server, NativeTimeouts::default(), GatewayLimits::unlimited())
    }

    pub(super) fn with(server: &TestServer, timeouts: NativeTimeouts, limits: GatewayLimits) -> Self {
        let (stop, stopping) = watch::channel(false);
        let shared = Shared::new(limits, Arc::new(SystemRandom), stopping);
        let config = NativeConfig { timeouts, ..NativeConfig::default() };
        Self { gateway: NativeGateway::new(shared, server.service.clone(), config), stop }
    }

    /// A client that has sent nothing yet.
    pub(super) fn connect_raw(&self) -> RawClient {
        let permit = self.gateway.shared.connections.admit(ADDRESS).unwrap();
        self.open(ConnectionContext::anonymous(self.gateway.clone(), ADDRESS, permit))
    }

    pub(super) fn open(&self, context: Arc<ConnectionContext>) -> RawClient {
        let (near, far) = tokio::io::duplex(64 * 1024);
        tokio::spawn(listen::serve(far, context));
        let (reader, writer) = framed(near, Limits::of_frame_bytes(FRAME_BYTES_MAX_FROM_SERVER));
        RawClient { reader, writer, next_id: 1 }
    }

    /// A client that has exchanged hellos.
    pub(super) async fn connect(&self) -> RawClient {
        let mut client = self.connect_raw();
        client.send(client_frame::Frame::Hello(hello(PROTOCOL_VERSION))).await;
        assert!(matches!(client.read().await, Some(server_frame::Frame::Hello(_))));
        client
    }

    /// A client that has signed up.
    pub(super) async fn sign_up(&self, name: &str) -> RawClient {
        let mut client = self.connect().await;
        let sign_up =
            v1::SignUp { username: name.into(), password: PASSWORD.into(), ..v1::SignUp::default() };
        assert!(matches!(client.ask(Op::SignUp(sign_up)).await, response::Result::LoggedIn(_)));
        client
    }
}

pub(super) fn hello(protocol_version: u32) -> v1::ClientHello {
    v1::ClientHello { protocol_version, client_name: "test".into() }
}

pub(super) struct RawClient {
    reader: FrameReader<ReadHalf<DuplexStream>>,
    pub(super) writer: FrameWriter<WriteHalf<DuplexStream>>,
    /// Id of the next request.
    pub(super) next_id: u32,
}

impl RawClient {
    pub(super) async fn send(&mut self, frame: client_frame::Frame) {
        self.writer.queue(&v1::ClientFrame { frame: Some(frame) });
        self.writer.flush().await.unwrap();
    }

    /// Sends a frame of these bytes.
    pub(super) async fn send_raw(&mut self, bytes: &[u8]) {
        self.writer.queue(&Raw(bytes.to_vec()));
        self.writer.flush().await.unwrap();
    }

    /// The next frame; `None` when the server has closed.
    pub(super) async fn read(&mut self) -> Option<server_frame::Frame> {
        let read = tokio::time::timeout(Duration::from_secs(20), self.reader.read::<v1::ServerFrame>());
        read.await.expect("the server sends a frame or closes").unwrap_or(None)?.frame
    }

    pub(super) fn queue(&mut self, op: Op) -> u32 {
        let id = self.next_id;
        self.next_id += 1;
        let request = v1::Request { id, op: Some(op), ..v1::Request::default() };
        self.writer.queue(&v1::ClientFrame { frame: Some(client_frame::Frame::Request(request)) });
        id
    }

    pub(super) async fn answer(&mut self) -> (u32, response::Result) {
        loop {
            if let Some(server_frame::Frame::Response(v1::Response { id, result: Some(result) })) =
                self.read().await
            {
                return (id, result);
            }
        }
    }

    pub(super) async fn ask(&mut self, op: Op) -> response::Result {
        let id = self.queue(op);
        self.writer.flush().await.unwrap();
        let (answered, result) = self.answer().await;
        assert_eq!(answered, id);
        result
    }

    /// The server's `fatal` frame, after which it closes.
    pub(super) async fn fatal(&mut self) -> v1::Error {
        let mut fatal = None;
        while let Some(frame) = self.read().await {
            if let server_frame::Frame::Fatal(error) = frame {
                fatal = Some(error);
            }
        }
        fatal.expect("the server sends the reason before it closes")
    }

    pub(super) async fn fatal_code(&mut self) -> v1::ErrorCode {
        self.fatal().await.code()
    }
}

/// Bytes sent instead of a message.
#[derive(Debug, Default)]
struct Raw(Vec<u8>);

impl prost::Message for Raw {
    fn encode_raw(&self, out: &mut impl bytes::BufMut) {
        out.put_slice(&self.0);
    }

    fn merge_field(
        &mut self,
        _tag: u32,
        _wire_type: WireType,
        _buf: &mut impl bytes::Buf,
        _context: prost::encoding::DecodeContext,
    ) -> Result<(), prost::DecodeError> {
        Ok(())
    }

    fn encoded_len(&self) -> usize {
        self.0.len()
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}

pub(super) fn code_of(result: &response::Result) -> Option<v1::ErrorCode> {
    match result {
        response::Result::Error(error) => Some(error.code()),
        _ => None,
    }
}

pub(super) fn post(text: String) -> Op {
    Op::Post(v1::Post { text, ..v1::Post::default() })
}
