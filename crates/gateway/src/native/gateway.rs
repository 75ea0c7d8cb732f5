//! The native gateway: what its connections share, and the hello that publishes its limits.

use std::sync::Arc;
use std::time::Duration;

use model::limits::{PAGE_ITEMS_MAX, TWEET_BYTES_MAX, TWEET_GRAPHEMES_MAX};
use protocol::frame::{FRAME_BYTES_MAX, FRAME_BYTES_MAX_BEFORE_LOGIN};
use protocol::{PROTOCOL_VERSION, v1};
use service::Service;

use super::config::{NativeConfig, REQUESTS_IN_FLIGHT_MAX, sign_up_mode, wire_milliseconds, wire_number};
use crate::shared::Shared;

/// What all connections of the native protocol share.
#[derive(Debug)]
pub struct NativeGateway {
    pub(crate) shared: Arc<Shared>,
    pub(crate) service: Arc<Service>,
    pub(crate) config: NativeConfig,
}

impl NativeGateway {
    /// A gateway to this service. It serves no socket yet, see [`serve_tcp`](super::serve_tcp) and the others.
    #[must_use]
    pub fn new(shared: Arc<Shared>, service: Arc<Service>, config: NativeConfig) -> Arc<Self> {
        Arc::new(Self { shared, service, config })
    }

    /// Every number in it is read from where it is enforced.
    pub(super) fn hello(&self) -> v1::ServerHello {
        let (service, timeouts) = (self.service.config(), self.config.timeouts);
        v1::ServerHello {
            protocol_version: PROTOCOL_VERSION,
            server_name: service.server_name.clone(),
            server_version: env!("CARGO_PKG_VERSION").to_owned(),
            budgets: Some(v1::Budgets {
                frame_bytes_before_login: wire_number(FRAME_BYTES_MAX_BEFORE_LOGIN),
                frame_bytes: wire_number(FRAME_BYTES_MAX),
                requests_in_flight: wire_number(REQUESTS_IN_FLIGHT_MAX),
                subscriptions: wire_number(self.service.live().subscriptions_max()),
                page_items: wire_number(PAGE_ITEMS_MAX),
                tweet_graphemes: wire_number(TWEET_GRAPHEMES_MAX),
                tweet_bytes: wire_number(TWEET_BYTES_MAX),
                heartbeat_ms: wire_milliseconds(timeouts.heartbeat),
                login_ms: wire_milliseconds(timeouts.log_in),
                stranger_mentions: wire_number(service.stranger_mentions),
                new_account_posts: self.config.new_account_posts,
            }),
            features: Vec::new(),
            sign_up: sign_up_mode(service.sign_up).into(),
            time_ms: u64::try_from(self.service.clock().now_ms()).unwrap_or(0),
        }
    }

    /// How long a client waits before it reconnects when the server stops: 0.5 s to 5 s, so that the clients do not all
    /// come back at the same moment.
    pub(super) fn reconnect_after(&self) -> Duration {
        let mut bytes = [0; 2];
        self.shared.random.fill(&mut bytes);
        Duration::from_millis(500 + u64::from(u16::from_le_bytes(bytes)) % 4_500)
    }
}
