//! What every handler gets and gives back.

use bytes::Bytes;
use model::{Result, Username};
use protocol::v1;
use protocol::v1::response;
use service::{Caller, Service};
use store::{ChangeResult, IdempotencyKey};

use super::context::ConnectionContext;

/// One request on its way to the service.
pub(super) struct Call<'a> {
    pub(super) context: &'a ConnectionContext,
    pub(super) service: &'a Service,
    pub(super) caller: Caller,
    /// Makes a change take effect once, if the client gave a key.
    pub(super) key: Option<IdempotencyKey>,
}

/// The response to a request.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "it is moved once, and boxing the others would cost each of them"
)]
pub(super) enum Reply {
    Result(response::Result),
    /// The fields of a [`v1::TweetPage`], encoded.
    TweetPage(Bytes),
}

impl From<&model::Error> for Reply {
    fn from(error: &model::Error) -> Self {
        Self::Result(response::Result::Error(error.into()))
    }
}

/// The response to a change.
pub(super) fn change_result(result: ChangeResult) -> response::Result {
    response::Result::Done(v1::Done { id: result.id, changed: result.changed })
}

/// The response to a request that creates nothing with an identifier.
pub(super) fn empty_result() -> response::Result {
    response::Result::Done(v1::Done { id: 0, changed: true })
}

/// A username where an empty one means the caller.
pub(super) fn username_or_self(text: &str) -> Result<Option<Username>> {
    if text.is_empty() { Ok(None) } else { Username::parse(text).map(Some) }
}
