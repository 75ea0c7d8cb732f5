//! Answers the requests of an ssh client. Every request without a method here is refused.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use model::SafeText;
use russh::keys::Algorithm;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, Pty};
use tokio::time::timeout;

use super::channel::SshChannel;
use super::config::PACKET_BYTES_MAX;
use super::gateway::SshGateway;
use super::state::ConnectionState;
use crate::log_limit::LogLimit;
use service::{Caller, fingerprint_of_ssh_key};

/// Keys that a client may offer: offering one costs the client nothing.
const OFFERS_MAX: u32 = 64;
/// Longest command line.
const COMMAND_BYTES_MAX: usize = 16 * 1024;
/// Client name of these sessions in the list of sessions.
const CLIENT_NAME: &str = "ssh";

static INPUT_NOT_TAKEN: LogLimit = LogLimit::new();
static KEY_NOT_LOOKED_UP: LogLimit = LogLimit::new();

/// One connection, as the ssh library sees it.
pub(super) struct SshHandler {
    gateway: Arc<SshGateway>,
    address: IpAddr,
    /// The address of the server that the client has connected to.
    local: Option<SocketAddr>,
    state: Arc<ConnectionState>,
    offers: u32,
    channels: HashMap<ChannelId, SshChannel>,
}

impl SshHandler {
    pub(super) fn new(
        gateway: Arc<SshGateway>,
        address: IpAddr,
        local: Option<SocketAddr>,
        state: Arc<ConnectionState>,
    ) -> Self {
        Self { gateway, address, local, state, offers: 0, channels: HashMap::new() }
    }

    fn start(&mut self, channel: ChannelId, line: &str, session: &mut Session) -> Result<(), Error> {
        // No application starts when the connection ends.
        let Some(running) = self.state.running() else { return session.channel_failure(channel) };
        let started = self.channels.get_mut(&channel).and_then(|open| open.start(line));
        let Some((ready, input)) = started else { return session.channel_failure(channel) };
        session.channel_success(channel)?;
        self.state.set_input(channel, input);
        let (app, ssh_session) =
            (self.gateway.app.clone(), self.state.session(&self.gateway, self.address, self.local));
        let (time_to_end, state) = (self.gateway.config.timeouts.end, self.state.clone());
        tokio::spawn(async move {
            ready.run(app, ssh_session, state.ending(), time_to_end).await;
            state.close(channel);
            drop(running);
        });
        Ok(())
    }
}

impl Handler for SshHandler {
    type Error = Error;

    /// Every key of a supported kind may be proved, so that a client cannot find out which keys are bound to accounts.
    async fn auth_publickey_offered(&mut self, _: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        self.offers = self.offers.saturating_add(1);
        let with_sha1 = *offer.algorithm == Algorithm::Rsa { hash: None };
        let acceptable = !with_sha1 && fingerprint_of_ssh_key(offer.public_key).is_ok();
        Ok(if acceptable && self.offers <= OFFERS_MAX { Auth::Accept } else { Auth::reject() })
    }

    /// The signature is verified: the only place where a client becomes an account.
    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let Ok(fingerprint) = fingerprint_of_ssh_key(key.public_key) else { return Ok(Auth::reject()) };
        let caller = Caller::Anonymous(self.address);
        // Boxed: the library reserves memory for the largest of these futures as long as the connection exists.
        let log_in = Box::pin(self.gateway.service.log_in_with_ssh_key(&caller, &fingerprint, CLIENT_NAME));
        match log_in.await {
            Ok(Some(logged_in)) => {
                let account = logged_in.profile.account.id;
                let user = SafeText::line(user);
                tracing::debug!(address = %self.address, %account, %user, "ssh client authenticated by key");
                self.state.set_member(&logged_in);
                return Ok(Auth::Accept);
            }
            // Another key of this client may be bound to an account.
            Ok(None) => self.state.set_offered_key(key.public_key.to_openssh().ok()),
            Err(error) if error.is_too_many_ssh_sessions() => {
                // Accepted without the account, to say why: in batch mode a client would not enter as a guest.
                self.state.set_refused(error);
                return Ok(Auth::Accept);
            }
            Err(error @ model::Error::Forbidden(_)) => self.state.set_refused(error),
            Err(error) => {
                if let Some(left_out) = KEY_NOT_LOOKED_UP.admit() {
                    tracing::warn!(address = %self.address, %error, left_out, "cannot look up an ssh key");
                }
            }
        }
        Ok(Auth::reject())
    }

    /// Guests enter through an empty challenge, which OpenSSH tries after all keys; accepting `none` would stop clients
    /// from offering their keys.
    async fn auth_keyboard_interactive<'a>(
        &'a mut self,
        _: &str,
        _: &str,
        response: Option<Response<'a>>,
    ) -> Result<Auth, Error> {
        Ok(match response {
            Some(_) => Auth::Accept,
            None => Auth::Partial { name: "".into(), instructions: "".into(), prompts: Vec::new().into() },
        })
    }

    async fn auth_succeeded(&mut self, _: &mut Session) -> Result<(), Error> {
        self.state.set_authenticated();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        let id = channel.id();
        if !self.state.open(id) {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        // The library does not report channels that were closed on this side.
        self.channels.retain(|id, _| self.state.is_open(*id));
        // Input arrives in `data`, where it can be bounded without blocking the whole connection.
        let (_, write) = channel.split();
        self.channels.insert(id, SshChannel::new(write));
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.state.close(channel);
        if let Some(open) = self.channels.remove(&channel) {
            open.close();
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.state.end_input(channel);
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        if data.len() > PACKET_BYTES_MAX as usize {
            return Err(Error::Inconsistent);
        }
        self.state.record_input();
        let Some(input) = self.state.input(channel) else { return Ok(()) };
        // Nothing else of this connection is read meanwhile, not even window adjustments for its output: so the wait is
        // short.
        let timeouts = &self.gateway.config.timeouts;
        let wait = if input.is_terminal { timeouts.take_typed } else { timeouts.take_input };
        let sending = timeout(wait, input.sender.send(Bytes::copy_from_slice(data)));
        if sending.await.is_err() && !input.is_terminal {
            if let Some(left_out) = INPUT_NOT_TAKEN.admit() {
                tracing::info!(address = %self.address, left_out, "ssh command ended: it does not take its input");
            }
            self.state.close(channel);
            if let Some(open) = self.channels.remove(&channel) {
                open.close();
            }
            session.close(channel)?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "the trait of the library has them")]
    async fn pty_request(
        &mut self,
        channel: ChannelId,
        term: &str,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        let has_echo = modes.iter().any(|mode| matches!(mode, (Pty::ECHO, 1..)));
        let open = self.channels.get_mut(&channel);
        let taken = open.is_some_and(|open| open.set_terminal(term, columns, rows, has_echo));
        answer(channel, taken, session)
    }

    async fn window_change_request(
        &mut self,
        channel: ChannelId,
        columns: u32,
        rows: u32,
        _: u32,
        _: u32,
        _: &mut Session,
    ) -> Result<(), Error> {
        if let Some(open) = self.channels.get(&channel) {
            open.resize(columns, rows);
        }
        Ok(())
    }

    async fn env_request(
        &mut self,
        channel: ChannelId,
        name: &str,
        value: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        let open = self.channels.get_mut(&channel);
        answer(channel, open.is_some_and(|open| open.set_variable(name, value)), session)
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.start(channel, "", session)
    }

    async fn exec_request(
        &mut self,
        channel: ChannelId,
        data: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        match std::str::from_utf8(data) {
            Ok(line) if line.len() <= COMMAND_BYTES_MAX => self.start(channel, line, session),
            _ => session.channel_failure(channel),
        }
    }

    async fn subsystem_request(
        &mut self,
        channel: ChannelId,
        _: &str,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn x11_request(
        &mut self,
        channel: ChannelId,
        _: bool,
        _: &str,
        _: &str,
        _: u32,
        session: &mut Session,
    ) -> Result<(), Error> {
        session.channel_failure(channel)
    }
}

fn answer(channel: ChannelId, taken: bool, session: &mut Session) -> Result<(), Error> {
    if taken { session.channel_success(channel) } else { session.channel_failure(channel) }
}
