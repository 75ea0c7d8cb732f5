//! The response of each request, from the model's table of operations.

use model::{Retry, for_each_operation};
use protocol::v1;
use protocol::v1::request::Op;
use protocol::v1::response;

/// A request that a server answers.
pub trait Ask: Send {
    /// The message that answers it.
    type Answer;
    /// Whether it may be sent again when the connection is lost before the answer comes.
    const RETRY: Retry;

    /// The request as a variant of the protocol's union.
    fn into_op(self) -> Op;

    /// The answer; `None` if the server answered with another message.
    fn answer(result: response::Result) -> Option<Self::Answer>;
}

macro_rules! implement_ask {
    // Subscriptions have methods of their own: the driver renews them after a lost connection.
    (Subscribe, $retry:ident, $response:ident) => {};
    (Unsubscribe, $retry:ident, $response:ident) => {};
    ($name:ident, $retry:ident, $response:ident) => {
        impl Ask for v1::$name {
            type Answer = v1::$response;
            const RETRY: Retry = Retry::$retry;

            fn into_op(self) -> Op {
                Op::$name(self)
            }

            fn answer(result: response::Result) -> Option<v1::$response> {
                match result {
                    response::Result::$response(answer) => Some(answer),
                    _ => None,
                }
            }
        }
    };
}

macro_rules! implement_all {
    ($($name:ident: $access:ident, $concurrency:ident, $retry:ident, $response:ident;)*) => {
        $(implement_ask!($name, $retry, $response);)*
    };
}

for_each_operation!(implement_all);
