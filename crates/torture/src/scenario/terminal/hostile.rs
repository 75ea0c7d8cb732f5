//! A server that does not check what it sends: an honest one behind a proxy that writes hostile texts in the place of
//! marks. It needs to know no message: a text with a mark in it is a field that is no message itself.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use prost::Message as _;
use protocol::v1::{self, response, server_frame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy};
use tokio::net::TcpStream;
use tokio::net::tcp::OwnedReadHalf;

use crate::Error;
use crate::listener::Listener;

/// Begins a text, with a number of three digits behind it. None of its letters can begin a field of a message.
pub(super) const TEXT: &str = "gowgowgow";
/// The same of usernames: clients ask by them, so that they are only sometimes something else.
pub(super) const NAME: &str = "wogwogwog";

/// What stands in the place of marks.
#[derive(Debug, Clone, Default)]
pub(super) struct Script {
    pub(super) texts: Vec<String>,
    /// Usernames too.
    pub(super) names: bool,
    /// Every request is answered with an error of this code, but those that begin a session.
    pub(super) refuse: Option<v1::ErrorCode>,
}

impl Script {
    fn fill(&self, text: &str) -> String {
        let text = self.replace(text, TEXT);
        if self.names { self.replace(&text, NAME) } else { text }
    }

    fn replace(&self, text: &str, mark: &str) -> String {
        let mut parts = text.split(mark);
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (number, rest) = part.split_at_checked(3).unwrap_or((part, ""));
            let payload =
                number.parse().ok().and_then(|n: usize| self.texts.get(n % self.texts.len().max(1)));
            filled += payload.map_or("", String::as_str);
            // So that one sees what has come through.
            filled += &format!("k{number}k{rest}");
        }
        filled
    }

    /// The frame as it is sent on.
    fn rewrite(&self, frame: &[u8]) -> Vec<u8> {
        let mut frame = frame.to_vec();
        if let Ok(decoded) = v1::ServerFrame::decode(frame.as_slice()) {
            frame = self.exaggerate(decoded).encode_to_vec();
        }
        rewrite(&frame, &|text| self.fill(text)).unwrap_or(frame)
    }

    /// Marks where an honest server has texts of its own.
    fn exaggerate(&self, mut decoded: v1::ServerFrame) -> v1::ServerFrame {
        match &mut decoded.frame {
            Some(server_frame::Frame::Hello(hello)) => {
                hello.server_name = format!("{TEXT}900");
                hello.server_version = format!("{TEXT}901");
                hello.features = vec![format!("{TEXT}902")];
            }
            Some(server_frame::Frame::Response(response)) => {
                if let Some(code) = self.refuse
                    && !matches!(response.result, Some(response::Result::LoggedIn(_)))
                {
                    response.result = Some(response::Result::Error(v1::Error {
                        code: code.into(),
                        message: format!("{TEXT}903"),
                        field: format!("{TEXT}904"),
                        incident: format!("{TEXT}905"),
                        ..v1::Error::default()
                    }));
                }
                if let Some(response::Result::ServerInfo(info)) = &mut response.result {
                    info.version = format!("{TEXT}906");
                }
                if let Some(response::Result::SshKeyList(list)) = &mut response.result {
                    for (n, key) in list.keys.iter_mut().enumerate() {
                        key.fingerprint = format!("SHA256:{TEXT}91{n}");
                    }
                }
            }
            _ => {}
        }
        decoded
    }
}

/// The proxy; it ends when dropped.
#[derive(Debug)]
pub(super) struct Hostile {
    listener: Listener,
    script: Arc<Mutex<Script>>,
}

impl Hostile {
    /// In front of this server, which speaks without TLS.
    pub(super) async fn before(server: &str) -> Result<Self, Error> {
        let script = Arc::new(Mutex::new(Script::default()));
        let (server, shared) = (server.to_owned(), script.clone());
        let listener = Listener::start(move |near| {
            let (server, script) = (server.clone(), shared.clone());
            async move { join(near, &server, &script).await }
        });
        Ok(Self { listener: listener.await?, script })
    }

    /// Host and port.
    pub(super) fn address(&self) -> &str {
        &self.listener.address
    }

    pub(super) fn play(&self, script: Script) {
        *self.script.lock().unwrap_or_else(PoisonError::into_inner) = script;
    }
}

async fn join(near: TcpStream, server: &str, script: &Mutex<Script>) -> Result<(), Error> {
    let far = TcpStream::connect(server).await?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let (mut from_client, mut to_client) = near.into_split();
    let (mut from_server, mut to_server) = far.into_split();
    let down = async {
        while let Some(frame) = read_frame(&mut from_server).await? {
            let frame = script.lock().unwrap_or_else(PoisonError::into_inner).rewrite(&frame);
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

/// The message with every text anew that has a mark in it; none when these bytes are no message.
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
                let body = if has_mark(body) {
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

fn has_mark(bytes: &[u8]) -> bool {
    [TEXT, NAME].iter().any(|mark| bytes.windows(mark.len()).any(|part| part == mark.as_bytes()))
}

fn fill_text(text: &[u8], fill: &dyn Fn(&str) -> String) -> Vec<u8> {
    let text = String::from_utf8_lossy(text);
    if !text.starts_with('{') {
        return fill(&text).into_bytes();
    }
    // A line of an export is JSON and stays so.
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
    fn texts_with_marks_are_written_anew_and_all_else_stays() {
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
        let script = Script { texts: vec!["\x1b[6n".to_owned()], ..Script::default() };
        for (text, filled) in [
            ("gowgowgow012", "\x1b[6nk012k"),
            ("@reader gowgowgow003 #gowgowgow004 x", "@reader \x1b[6nk003k #\x1b[6nk004k x"),
            ("no mark", "no mark"),
        ] {
            assert_eq!(script.rewrite(&page(text)), page(filled));
        }
    }
}
