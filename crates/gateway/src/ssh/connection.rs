//! One ssh connection from its first byte to its last: deadlines, the session that was made for it, its end.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use russh::Disconnect;
use russh::server::{Config, RunningSession, run_stream};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::gateway::SshGateway;
use super::handler::SshHandler;
use super::socket::Socket;
use super::state::{ConnectionState, Stage};
use crate::limits::ConnectionPermit;

/// For the last bytes of the applications to be sent.
const LAST_BYTES: Duration = Duration::from_secs(1);
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
    let local = stream.local_addr().ok();
    let socket = Socket::new(stream);
    let handler = SshHandler::new(gateway.clone(), address, local, state.clone());
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
    let mut drained = pin!(gateway.shared.turn_to_leave());
    loop {
        let stage = *stages.borrow_and_update();
        permit.set_authenticated(matches!(stage, Stage::Authenticated { member: true, .. }));
        tokio::select! {
            ended = &mut *session => {
                return ended.map_or_else(|error| error.to_string(), |()| "closed by the client".to_owned());
            }
            _ = stages.changed() => {}
            () = gateway.shared.stops() => {
                return disconnect(gateway, state, session, "The server is shutting down. If it restarts, you can reconnect in a moment.").await;
            }
            () = &mut drained => {
                return disconnect(gateway, state, session, "This server is being shut down. Connect again to reach another one.").await;
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

/// Lets the applications end, or cuts them off, and disconnects with the reason. Terminals are restored before.
async fn disconnect(
    gateway: &SshGateway,
    state: &ConnectionState,
    session: &mut RunningSession<SshHandler>,
    reason: &'static str,
) -> String {
    state.end_because(reason);
    let end = gateway.config.timeouts.end;
    let mut stages = state.stages();
    let empty = |stage: &Stage| !matches!(stage, Stage::Authenticated { channels: 1.., .. });
    if !empty(&stages.borrow_and_update()) {
        let closed_by_the_client = async {
            // After this time applications are cut off, which takes no longer than to write their last bytes.
            let _ = timeout(end + LAST_BYTES, stages.wait_for(empty)).await;
            // They have been shown the reason. Most clients leave with their last channel.
            sleep(LAST_BYTES.min(end)).await;
        };
        tokio::select! {
            () = closed_by_the_client => {}
            _ = &mut *session => return reason.to_owned(),
        }
    }
    let handle = session.handle();
    let disconnecting = async {
        let _ = handle.disconnect(Disconnect::ByApplication, reason.to_owned(), String::new()).await;
        let _ = session.await;
    };
    let _ = timeout(end.min(DISCONNECT_TIMEOUT), disconnecting).await;
    reason.to_owned()
}
