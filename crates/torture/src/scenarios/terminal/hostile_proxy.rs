//! A server that does not validate what it sends: an honest server, and a proxy that replaces markers in its messages by
//! hostile texts. The proxy needs no schema: a field with a marker in it that is not a message is a text.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use prost::Message as _;
use protocol::v1::{self, response, server_frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use crate::error::Error;
use crate::listener::Listener;

/// Marker of a text, followed by a number of three digits. None of its letters can be the tag of a field.
pub(super) const TEXT_MARKER: &str = "gowgowgow";
/// Marker of a username. Clients send usernames in requests, so they are hostile only in some rounds.
pub(super) const USERNAME_MARKER: &str = "wogwogwog";

/// What replaces the markers.
#[derive(Debug, Clone, Default)]
pub(super) struct Replacements {
    /// Indexed by the number of the marker.
    pub(super) texts: Vec<String>,
    /// Whether markers of usernames are replaced too.
    pub(super) usernames: bool,
    /// Answers every request with an error of this code, except requests that start a session.
    pub(super) refuse: Option<v1::ErrorCode>,
}

impl Replacements {
    fn fill(&self, text: &str) -> String {
        let text = self.replace(text, TEXT_MARKER);
        if self.usernames { self.replace(&text, USERNAME_MARKER) } else { text }
    }

    fn replace(&self, text: &str, marker: &str) -> String {
        let mut parts = text.split(marker);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (number, rest) = part.split_at_checked(3).unwrap_or((part, ""));
            let payload =
                number.parse().ok().and_then(|n: usize| self.texts.get(n % self.texts.len().max(1)));
            filled += payload.map_or("", String::as_str);
            // Lets the comparison see which markers were displayed.
            filled += &format!("k{number}k{rest}");
        }
        filled
    }

    /// The frame with its markers replaced.
    fn rewrite(&self, frame: &[u8]) -> Vec<u8> {
        let mut frame = frame.to_vec();
        if let Ok(decoded) = v1::ServerFrame::decode(frame.as_slice()) {
            frame = self.add_markers(decoded).encode_to_vec();
        }
        rewrite(&frame, &|text| self.fill(text)).unwrap_or(frame)
    }

    /// Adds markers to texts that come from the server itself.
    fn add_markers(&self, mut decoded: v1::ServerFrame) -> v1::ServerFrame {
        match &mut decoded.frame {
            Some(server_frame::Frame::Hello(hello)) => {
                hello.server_name = format!("{TEXT_MARKER}900");
                hello.server_version = format!("{TEXT_MARKER}901");
                hello.features = vec![format!("{TEXT_MARKER}902")];
            }
            Some(server_frame::Frame::Response(response)) => {
                if let Some(code) = self.refuse
                    && !matches!(response.result, Some(response::Result::LoggedIn(_)))
                {
                    response.result = Some(response::Result::Error(v1::Error {
                        code: code.into(),
                        message: format!("{TEXT_MARKER}903"),
                        field: format!("{TEXT_MARKER}904"),
                        incident: format!("{TEXT_MARKER}905"),
                        ..v1::Error::default()
                    }));
                }
                if let Some(response::Result::ServerInfo(info)) = &mut response.result {
                    info.version = format!("{TEXT_MARKER}906");
                }
                if let Some(response::Result::SshKeyList(list)) = &mut response.result {
                    for (n, key) in list.keys.iter_mut().enumerate() {
                        key.fingerprint = format!("SHA256:{TEXT_MARKER}91{n}");
                    }
                }
            }
            _ => {}
        }
        decoded
    }
}

/// The proxy. Dropping it closes the listener.
#[derive(Debug)]
pub(super) struct HostileProxy {
    listener: Listener,
    replacements: Arc<Mutex<Replacements>>,
}

impl HostileProxy {
    /// Starts a proxy to this server, which must run without TLS.
    pub(super) async fn start(server: &str) -> Result<Self, Error> {
        let replacements = Arc::new(Mutex::new(Replacements::default()));
        let (server, shared) = (server.to_owned(), replacements.clone());
        let listener = Listener::start(move |near| {
            let (server, replacements) = (server.clone(), shared.clone());
            async move { relay(near, &server, &replacements).await }
        });
        Ok(Self { listener: listener.await?, replacements })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.listener.address
    }

    /// Sets the replacements for the frames that follow.
    pub(super) fn set(&self, replacements: Replacements) {
        *self.replacements.lock().unwrap_or_else(PoisonError::into_inner) = replacements;
    }
}

async fn relay(near: TcpStream, server: &str, replacements: &Mutex<Replacements>) -> Result<(), Error> {
    let far = TcpStream::connect(server).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (mut from_client, mut to_client) = near.into_split();
    let (mut from_server, mut to_server) = far.into_split();
    let down = async {
        while let Some(frame) = read_frame(&mut from_server).await? {
            let frame = replacements.lock().unwrap_or_else(PoisonError::into_inner).rewrite(&frame);
            let length = u32::try_from(frame.len())?.to_be_bytes();
            to_client.write_all(&[&length, frame.as_slice()].concat()).await?;
        }
        Ok::<(), Error>(())
    };
    let up = async {
        copy(&mut from_client, &mut to_server).await?;
        Ok(())
    };
    tokio::select! { ended = down => ended, ended = up => ended }
}

async fn read_frame(from: &mut OwnedReadHalf) -> Result<Option<Bytes>, Error> {
    let mut length = [0; 4];
    if from.read_exact(&mut length).await.is_err() {
        return Ok(None);
    }
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    from.read_exact(&mut frame).await?;
    Ok(Some(frame.into()))
}

/// The message with the markers in its texts replaced, or `None` if these bytes are not a message.
fn rewrite(message: &[u8], fill: &dyn Fn(&str) -> String) -> Option<Vec<u8>> {
    let (mut rest, mut out) = (message, Vec::with_capacity(message.len()));
    while !rest.is_empty() {
        let field = rest;
        let tag = varint(&mut rest)?;
        match tag & 7 {
            _ if tag >> 3 == 0 => return None,
            0 => drop(varint(&mut rest)?),
            1 => rest = rest.get(8..)?,
            5 => rest = rest.get(4..)?,
            2 => {
                let length = varint(&mut rest)?;
                let body;
                (body, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
                let body = if has_marker(body) {
                    rewrite(body, fill).unwrap_or_else(|| fill_text(body, fill))
                } else {
                    body.to_vec()
                };
                put_varint(&mut out, tag);
                put_varint(&mut out, body.len() as u64);
                out.extend(body);
                continue;
            }
            _ => return None,
        }
        out.extend(field.get(..field.len() - rest.len())?);
    }
    Some(out)
}

fn has_marker(bytes: &[u8]) -> bool {
    [TEXT_MARKER, USERNAME_MARKER]
        .iter()
        .any(|marker| bytes.windows(marker.len()).any(|part| part == marker.as_bytes()))
}

fn fill_text(text: &[u8], fill: &dyn Fn(&str) -> String) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    if !text.starts_with('{') {
        return fill(&text).into_bytes();
    }
    // A line of an export is JSON and must remain valid.
    let mut escaped = String::new();
    for c in fill(&text).chars() {
        match c {
            '\0'..='\x1f' => escaped += &format!("\\u{:04x}", u32::from(c)),
            '\\' => escaped += "\\\\",
            c => escaped.push(c),
        }
    }
    escaped.into_bytes()
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    prost::encoding::decode_varint(bytes).ok()
}

fn put_varint(out: &mut Vec<u8>, value: u64) {
    prost::encoding::encode_varint(value, out);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_are_replaced_and_everything_else_is_unchanged() {
        let tweet = |text: &str| v1::Tweet { id: 7, text: text.to_owned(), ..v1::Tweet::default() };
        let page = |text: &str| {
            let accounts = vec![v1::Account { username: "ada".to_owned(), ..v1::Account::default() }];
            let page = v1::TweetPage {
                tweets: vec![tweet(text), tweet("plain")],
                accounts,
                ..v1::TweetPage::default()
            };
            let result = Some(response::Result::TweetPage(page));
            let frame = Some(server_frame::Frame::Response(v1::Response { id: 9, result }));
            v1::ServerFrame { frame }.encode_to_vec()
        };
        let replacements = Replacements { texts: vec!["\x1b[6n".to_owned()], ..Replacements::default() };
        for (text, filled) in [
            ("gowgowgow012", "\x1b[6nk012k"),
            ("@reader gowgowgow003 #gowgowgow004 x", "@reader \x1b[6nk003k #\x1b[6nk004k x"),
            ("no marker", "no marker"),
        ] {
            assert_eq!(replacements.rewrite(&page(text)), page(filled));
        }
    }
}
