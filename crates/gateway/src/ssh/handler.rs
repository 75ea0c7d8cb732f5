//! What an ssh client asks for, and what it gets. Whatever is not here is refused.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use model::SafeText;
use russh::keys::Algorithm;
use russh::server::{
    Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Response, Session, VerifiedPublicKey,
};
use russh::{Channel, ChannelId, ChannelOpenFailure, Error, Pty};
use tokio::time::timeout;

use super::SshGateway;
use super::channel::SshChannel;
use super::connection::Shared;
use super::listen::PACKET_BYTES_MAX;
use service::{Caller, fingerprint_of_ssh_key};

/// Keys that a client may name; asking whether one would do costs it nothing.
const OFFERS_MAX: u32 = 64;
/// Longest command.
const COMMAND_BYTES_MAX: usize = 16 * 1024;
/// As sessions by ssh are called in the list of sessions.
const CLIENT_NAME: &str = "ssh";

/// One connection, as the ssh library sees it.
pub(super) struct SshHandler {
    gateway: Arc<SshGateway>,
    address: IpAddr,
    shared: Arc<Shared>,
    offers: u32,
    channels: HashMap<ChannelId, SshChannel>,
}

impl SshHandler {
    pub(super) fn new(gateway: Arc<SshGateway>, address: IpAddr, shared: Arc<Shared>) -> Self {
        Self { gateway, address, shared, offers: 0, channels: HashMap::new() }
    }

    fn start(&mut self, channel: ChannelId, line: &str, session: &mut Session) -> Result<(), Error> {
        // Nothing begins when the connection is about to end.
        let Some(running) = self.shared.running() else { return session.channel_failure(channel) };
        let started = self.channels.get_mut(&channel).and_then(|state| state.start(line));
        let Some((ready, input)) = started else { return session.channel_failure(channel) };
        session.channel_success(channel)?;
        self.shared.begin(channel, input);
        let (app, visit) = (self.gateway.app.clone(), self.shared.visit(&self.gateway, self.address));
        let (time_to_end, shared) = (self.gateway.times.end, self.shared.clone());
        tokio::spawn(async move {
            ready.run(app, visit, time_to_end).await;
            shared.close(channel);
            drop(running);
        });
        Ok(())
    }
}

impl Handler for SshHandler {
    type Error = Error;

    /// Every acceptable key may prove itself: so nobody learns which keys are known here.
    async fn auth_publickey_offered(&mut self, _: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        self.offers = self.offers.saturating_add(1);
        let with_sha1 = *offer.algorithm == Algorithm::Rsa { hash: None };
        let acceptable = !with_sha1 && fingerprint_of_ssh_key(offer.public_key).is_ok();
        Ok(if acceptable && self.offers <= OFFERS_MAX { Auth::Accept } else { Auth::reject() })
    }

    /// The signature was right: this is the only place where somebody becomes an account.
    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let Ok(fingerprint) = fingerprint_of_ssh_key(key.public_key) else { return Ok(Auth::reject()) };
        let caller = Caller::Anonymous(self.address);
        // In a box: the library keeps room for the largest of these for as long as the connection is there.
        let looking = Box::pin(self.gateway.service.log_in_with_ssh_key(&caller, &fingerprint, CLIENT_NAME));
        let found = looking.await;
        match found {
            Ok(Some(logged_in)) => {
                let account = logged_in.profile.account.id;
                let user = SafeText::line(user);
                tracing::debug!(address = %self.address, %account, %user, "somebody came by ssh with a key");
                self.shared.enter(&logged_in);
                return Ok(Auth::Accept);
            }
            // It may be that the next key of this client is known here.
            Ok(None) => self.shared.offer(key.public_key.to_openssh().ok()),
            Err(error) => tracing::warn!(address = %self.address, %error, "a key could not be looked up"),
        }
        Ok(Auth::reject())
    }

    /// The way in for guests, behind all keys: a question without a question.
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
        self.shared.authenticated();
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _: &mut Session,
    ) -> Result<(), Error> {
        let id = channel.id();
        if !self.shared.open(id) {
            reply.reject(ChannelOpenFailure::ResourceShortage).await;
            return Ok(());
        }
        // Those that were closed from here are not told of again.
        self.channels.retain(|id, _| self.shared.is_open(*id));
        // Input is taken in `data`, where it can be bounded without holding up the whole connection.
        let (_, write) = channel.split();
        self.channels.insert(id, SshChannel::new(write));
        reply.accept().await;
        Ok(())
    }

    async fn channel_close(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.shared.close(channel);
        if let Some(state) = self.channels.remove(&channel) {
            state.close();
        }
        Ok(())
    }

    async fn channel_eof(&mut self, channel: ChannelId, _: &mut Session) -> Result<(), Error> {
        self.shared.end_input(channel);
        Ok(())
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        if data.len() > PACKET_BYTES_MAX as usize {
            return Err(Error::Inconsistent);
        }
        self.shared.heard();
        let Some(input) = self.shared.input(channel) else { return Ok(()) };
        // Nothing else of this connection is read meanwhile, not even that the client has room for more output:
        // so it cannot be for long.
        let times = &self.gateway.times;
        let patience = if input.is_terminal { times.take_typed } else { times.take_input };
        let sending = timeout(patience, input.sender.send(Bytes::copy_from_slice(data)));
        if sending.await.is_err() && !input.is_terminal {
            tracing::info!(address = %self.address, "a command by ssh does not take its input and is ended");
            self.shared.close(channel);
            if let Some(state) = self.channels.remove(&channel) {
                state.close();
            }
            session.close(channel)?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments, reason = "as the library asks for it")]
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
        let state = self.channels.get_mut(&channel);
        let taken = state.is_some_and(|state| state.set_terminal(term, columns, rows, has_echo));
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
        if let Some(state) = self.channels.get(&channel) {
            state.resize(columns, rows);
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
        let state = self.channels.get_mut(&channel);
        answer(channel, state.is_some_and(|state| state.set_variable(name, value)), session)
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
