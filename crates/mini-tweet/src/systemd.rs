//! What systemd and a server tell each other: which sockets it holds open for the server, and when the server is
//! ready. Both in its simple protocols of environment variables, which others speak too.

use std::ffi::OsStr;
use std::io;
use std::os::unix::net::{SocketAddr, UnixDatagram};

use listenfd::ListenFd;
use server::run::Sockets;

use crate::exit::Failure;

/// The name (`FileDescriptorName=`) of the socket where people come in by ssh. Any other is the native protocol's.
const SSH: &str = "ssh";

/// Takes the sockets that were opened before this process began (`LISTEN_FDS`). To be called once, and before there
/// are other threads: it clears the variables.
pub(crate) fn sockets() -> Result<Sockets, Failure> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut given = ListenFd::from_env();
    let mut sockets = Sockets::default();
    for index in 0..given.len() {
        let name = names.next().unwrap_or_default();
        let listener =
            given.take_tcp_listener(index).map_err(|error| cannot_use(index, &error.to_string()))?;
        let place = if name == SSH { &mut sockets.ssh } else { &mut sockets.native };
        if place.is_some() {
            return Err(cannot_use(index, "one for clients and one named ssh is all that the server takes"));
        }
        *place = listener;
    }
    Ok(sockets)
}

fn cannot_use(index: usize, problem: &str) -> Failure {
    Failure::Failed(format!("socket {} of LISTEN_FDS cannot be used: {problem}", index + 1))
}

/// Tells the service manager (`NOTIFY_SOCKET`) how the server stands, if it wants to know: `READY=1`, `STOPPING=1`.
pub(crate) fn notify(state: &str) {
    let Some(path) = std::env::var_os("NOTIFY_SOCKET") else { return };
    let told = || UnixDatagram::unbound()?.send_to_addr(state.as_bytes(), &address(&path)?);
    if let Err(error) = told() {
        tracing::warn!(%error, state, "the service manager could not be told");
    }
}

/// A path, or on Linux a name that begins with `@`.
fn address(name: &OsStr) -> io::Result<SocketAddr> {
    #[cfg(target_os = "linux")]
    if let Some(name) = name.as_encoded_bytes().strip_prefix(b"@") {
        use std::os::linux::net::SocketAddrExt as _;
        return SocketAddr::from_abstract_name(name);
    }
    SocketAddr::from_pathname(name)
}
