//! The baseline for deliveries: at each post, a server that writes the same bytes to all subscribers in one loop, and then
//! responds.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::{Bytes, BytesMut};
use prost::Message as _;
use protocol::frame::{Decoder, FRAME_BYTES_MAX, TWEET_PAGE, encode_event, encode_response};
use protocol::v1::{ClientFrame, client_frame, request::Op};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};

use crate::error::Error;

/// The subscribed connections.
type Subscribers = Arc<Mutex<Vec<OwnedWriteHalf>>>;

/// Serves until the process is killed.
pub(crate) async fn serve(bytes: usize) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on {}", listener.local_addr()?);
    let mut event = BytesMut::new();
    encode_event(1, 1, &vec![0; bytes], &mut event);
    let (event, subscribers) = (event.freeze(), Subscribers::default());
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        tokio::spawn(serve_one(tcp, event.clone(), Arc::clone(&subscribers)));
    }
}

async fn serve_one(tcp: TcpStream, event: Bytes, subscribers: Subscribers) -> Result<(), Error> {
    let (mut reader, writer) = tcp.into_split();
    let (mut writer, mut incoming, mut outgoing) = (Some(writer), BytesMut::new(), BytesMut::new());
    let mut decoder = Decoder::new(FRAME_BYTES_MAX);
    loop {
        while let Some(body) = decoder.next(&mut incoming)? {
            let Some(client_frame::Frame::Request(request)) = ClientFrame::decode(body)?.frame else {
                continue;
            };
            encode_response(request.id, TWEET_PAGE, &[], &mut outgoing);
            let Some(mut own) = writer.take() else { continue };
            if matches!(request.op, Some(Op::Post(_))) {
                for subscriber in subscribers.lock().unwrap_or_else(PoisonError::into_inner).iter() {
                    subscriber.try_write(&event)?;
                }
            }
            own.write_all_buf(&mut outgoing).await?;
            if matches!(request.op, Some(Op::Subscribe(_))) {
                subscribers.lock().unwrap_or_else(PoisonError::into_inner).push(own);
            } else {
                writer = Some(own);
            }
        }
        if reader.read_buf(&mut incoming).await? == 0 {
            return Ok(());
        }
    }
}
