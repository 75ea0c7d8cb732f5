//! One ssh connection from its first byte to its last: deadlines, the session that was made for it, its end.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use russh::Disconnect;
use russh::server::{Config, RunningSession, run_stream};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout};

use super::gateway::SshGateway;
use super::handler::SshHandler;
use super::socket::Socket;
use super::state::{ConnectionState, Stage};
use crate::limits::ConnectionPermit;
use crate::shared::stopped;

/// For the reason of a disconnect to be sent.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// Serves a connection until it ends.
pub(super) async fn serve(
    gateway: Arc<SshGateway>,
    config: Arc<Config>,
    stream: TcpStream,
    address: IpAddr,
    mut permit: ConnectionPermit,
) {
    let start = Instant::now();
    let (running, mut all_ended) = mpsc::channel(1);
    let state = ConnectionState::new(running);
    let socket = Socket::new(stream);
    let handler = SshHandler::new(gateway.clone(), address, state.clone());
    let handshake =
        timeout(gateway.config.timeouts.authenticate, run_stream(config, socket.clone(), handler));
    let reason = match handshake.await {
        Err(_) => "not an ssh client".to_owned(),
        Ok(Err(error)) => error.to_string(),
        Ok(Ok(mut session)) => watch(&gateway, &state, &mut session, &mut permit, start).await,
    };
    state.end_all();
    // Applications end by themselves, or are aborted, once the client is gone.
    socket.shut_down();
    while all_ended.recv().await.is_some() {}
    if let Some(caller) = state.take_caller()
        && let Err(error) = gateway.service.log_out(&caller, false).await
    {
        tracing::warn!(%address, %error, "cannot end the session of an ssh connection; it ends with the next start");
    }
    let (seconds, reason) = (start.elapsed().as_secs(), model::SafeText::line(&reason));
    tracing::debug!(%address, seconds, %reason, "ssh connection closed");
}

/// Waits until the connection ends or has to be ended; returns the reason.
async fn watch(
    gateway: &SshGateway,
    state: &ConnectionState,
    session: &mut RunningSession<SshHandler>,
    permit: &mut ConnectionPermit,
    start: Instant,
) -> String {
    let timeouts = &gateway.config.timeouts;
    let mut stages = state.stages();
    let mut stopping = gateway.shared.stopping.clone();
    loop {
        let stage = *stages.borrow_and_update();
        permit.set_authenticated(matches!(stage, Stage::Authenticated { member: true, .. }));
        tokio::select! {
            ended = &mut *session => {
                return ended.map_or_else(|error| error.to_string(), |()| "closed by the client".to_owned());
            }
            _ = stages.changed() => {}
            () = stopped(&mut stopping) => {
                return disconnect(gateway, state, session, "The server is restarting. Please reconnect in a moment.").await;
            }
            () = sleep_until(state.deadline(stage, timeouts, start)) => {
                // There may have been input meanwhile.
                if state.deadline(stage, timeouts, start) <= Instant::now() {
                    return disconnect(gateway, state, session, "Disconnected after a long time without input.").await;
                }
            }
        }
    }
}

/// Lets the applications end, then disconnects with the reason.
async fn disconnect(
    gateway: &SshGateway,
    state: &ConnectionState,
    session: &mut RunningSession<SshHandler>,
    reason: &str,
) -> String {
    state.end_all();
    let end = gateway.config.timeouts.end;
    let channels_closed = async {
        let mut stages = state.stages();
        let empty = |stage: &Stage| !matches!(stage, Stage::Authenticated { channels: 1.., .. });
        let _ = stages.wait_for(empty).await;
    };
    tokio::select! {
        _ = timeout(end, channels_closed) => {}
        _ = &mut *session => return reason.to_owned(),
    }
    let handle = session.handle();
    let disconnecting = async {
        let _ = handle.disconnect(Disconnect::ByApplication, reason.to_owned(), String::new()).await;
        let _ = session.await;
    };
    let _ = timeout(end.min(DISCONNECT_TIMEOUT), disconnecting).await;
    reason.to_owned()
}
