//! Integration with systemd and compatible service managers: sockets that they opened for the server, and
//! notifications when the server is ready or stops.

use listenfd::ListenFd;
use sd_notify::NotifyState;
use server::run::Sockets;

use crate::exit::Failure;

/// Name (`FileDescriptorName=`) of the socket for ssh. A socket with any other name is for the native protocol.
const SSH: &str = "ssh";

/// Takes the sockets that the service manager passed (`LISTEN_FDS`). Call it once, before there are other threads: it
/// clears the variables.
pub(crate) fn sockets() -> Result<Sockets, Failure> {
    let names = std::env::var("LISTEN_FDNAMES").unwrap_or_default();
    let mut names = names.split(':');
    let mut given = ListenFd::from_env();
    let mut sockets = Sockets::default();
    for index in 0..given.len() {
        let name = names.next().unwrap_or_default();
        let listener =
            given.take_tcp_listener(index).map_err(|error| cannot_use(index, &error.to_string()))?;
        let socket = if name == SSH { &mut sockets.ssh } else { &mut sockets.native };
        if socket.is_some() {
            return Err(cannot_use(index, "the server takes one socket for clients and one named ssh"));
        }
        *socket = listener;
    }
    Ok(sockets)
}

fn cannot_use(index: usize, problem: &str) -> Failure {
    Failure::Failed(format!("socket {} of LISTEN_FDS cannot be used: {problem}", index + 1))
}

/// Notifies the service manager, if there is one (`NOTIFY_SOCKET`).
pub(crate) fn notify(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        tracing::warn!(%error, "cannot notify the service manager");
    }
}
