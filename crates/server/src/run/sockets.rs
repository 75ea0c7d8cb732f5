//! The sockets of a server: opened here, or passed by the process that started it.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::Path;

use model::os_error_in_words;
use tokio::net::{TcpListener, UnixListener};

use super::error::ServeError;
use crate::config::Config;

/// Sockets that were opened before the server started. They stay open while the server restarts, so that no
/// connection is refused meanwhile.
#[derive(Debug, Default)]
pub struct Sockets {
    /// For the native protocol, in place of the option `listen`.
    pub native: Option<std::net::TcpListener>,
    /// For ssh, in place of the option `ssh`.
    pub ssh: Option<std::net::TcpListener>,
}

/// The TCP sockets of a server.
#[derive(Debug)]
pub(super) struct BoundSockets {
    pub(super) native: TcpListener,
    pub(super) ssh: Option<TcpListener>,
    pub(super) health: Option<TcpListener>,
}

impl Sockets {
    /// Takes the sockets that were passed and binds the others.
    pub(super) async fn bind(self, config: &Config) -> Result<BoundSockets, ServeError> {
        let native = match self.native {
            Some(socket) => take_over(socket)?,
            None => bind_tcp(config.listen, "--listen").await?,
        };
        let address = local_address(&native)?;
        if config.insecure && !address.ip().is_loopback() {
            let problem = "insecure is allowed on a loopback address only; leave it out".to_owned();
            return Err(ServeError::Listen { address: address.to_string(), problem });
        }
        let ssh = match (self.ssh, config.ssh) {
            (Some(socket), _) => Some(take_over(socket)?),
            (None, Some(address)) => Some(bind_tcp(address, "--ssh").await?),
            (None, None) => None,
        };
        let health = match config.health {
            Some(address) => Some(bind_tcp(address, "--set health=ADDRESS").await?),
            None => None,
        };
        Ok(BoundSockets { native, ssh, health })
    }
}

/// The address of a socket, with the port that it got.
pub(super) fn local_address(socket: &TcpListener) -> Result<SocketAddr, ServeError> {
    socket.local_addr().map_err(|error| passed_socket(&error))
}

fn take_over(socket: std::net::TcpListener) -> Result<TcpListener, ServeError> {
    let taken = socket.set_nonblocking(true).and_then(|()| TcpListener::from_std(socket));
    taken.map_err(|error| passed_socket(&error))
}

fn passed_socket(error: &io::Error) -> ServeError {
    ServeError::Listen { address: "the socket that was passed".to_owned(), problem: os_error_in_words(error) }
}

async fn bind_tcp(address: SocketAddr, option: &str) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|error| ServeError::Listen {
        address: address.to_string(),
        problem: match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("another program uses this port; stop it, or choose another port with {option}")
            }
            io::ErrorKind::PermissionDenied => {
                format!(
                    "permission denied (ports below 1024 need privileges); choose another port with {option}"
                )
            }
            io::ErrorKind::AddrNotAvailable => {
                format!("this machine does not have that address; choose another with {option}")
            }
            _ => os_error_in_words(&error),
        },
    })
}

/// Binds the operator socket and replaces one that a killed server left. No one else can connect between binding and
/// setting the mode, because the directory is closed to others.
pub(super) fn bind_operator_socket(path: &Path) -> Result<UnixListener, ServeError> {
    let wrong = |problem: String| ServeError::Listen { address: path.display().to_string(), problem };
    if let Ok(metadata) = std::fs::symlink_metadata(path) {
        if !metadata.file_type().is_socket() {
            return Err(wrong("a file that is not a socket has this name; move it away".to_owned()));
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(wrong("another server uses this data directory; stop it first".to_owned()));
        }
        remove_operator_socket(path);
    }
    let listener = UnixListener::bind(path).map_err(|error| wrong(os_error_in_words(&error)))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
        .map_err(|error| wrong(os_error_in_words(&error)))?;
    Ok(listener)
}

pub(super) fn remove_operator_socket(path: &Path) {
    if let Err(error) = std::fs::remove_file(path) {
        tracing::warn!(%error, "cannot remove the operator socket");
    }
}
