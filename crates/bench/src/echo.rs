//! The baseline for reads: a server with the same transport that answers each request with a response of a given size from
//! memory. Requests that arrive together are answered in one write.

use std::sync::Arc;

use bytes::BytesMut;
use prost::Message as _;
use protocol::frame::{Decoder, FRAME_BYTES_MAX, TWEET_PAGE, encode_response};
use protocol::tls::{Identity, server_config};
use protocol::v1::{ClientFrame, client_frame};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::error::Error;

/// Serves until the process is killed.
pub(crate) async fn serve(bytes: usize, tls: bool) -> Result<(), Error> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let tls = if tls {
        let pem = Identity::generate_pem()?;
        Some(TlsAcceptor::from(server_config(&Identity::from_pem(&pem, &pem)?)?))
    } else {
        None
    };
    println!("listening on {}", listener.local_addr()?);
    let page: Arc<[u8]> = vec![0_u8; bytes].into();
    loop {
        let (tcp, _) = listener.accept().await?;
        tcp.set_nodelay(true)?;
        let (page, tls) = (Arc::clone(&page), tls.clone());
        tokio::spawn(async move {
            match tls {
                Some(tls) => respond(tls.accept(tcp).await?, &page).await,
                None => respond(tcp, &page).await,
            }
        });
    }
}

async fn respond<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S, page: &[u8]) -> Result<(), Error> {
    let (mut incoming, mut outgoing) = (BytesMut::new(), BytesMut::new());
    let mut decoder = Decoder::new(FRAME_BYTES_MAX);
    loop {
        while let Some(body) = decoder.next(&mut incoming)? {
            if let Some(client_frame::Frame::Request(request)) = ClientFrame::decode(body)?.frame {
                encode_response(request.id, TWEET_PAGE, page, &mut outgoing);
            }
        }
        stream.write_all_buf(&mut outgoing).await?;
        stream.flush().await?;
        incoming.reserve(4 * 1024);
        if stream.read_buf(&mut incoming).await? == 0 {
            return Ok(());
        }
    }
}
