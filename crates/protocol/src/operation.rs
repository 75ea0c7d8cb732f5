//! From a request's message to its row in the model's table of operations.

use model::{Operation, for_each_operation};

use crate::v1::request::Op;
use crate::v1::response;

impl Op {
    /// The kind of this request. A message without a row in the table, or the other way round, does not compile.
    #[must_use]
    pub fn operation(&self) -> Operation {
        macro_rules! operation_of {
            ($($name:ident: $access:ident, $concurrency:ident, $retry:ident, $response:ident;)*) => {
                match self {
                    $(Self::$name(_) => Operation::$name,)*
                }
            };
        }
        for_each_operation!(operation_of)
    }
}

impl response::Result {
    /// Whether this answers a request of this kind: its response, or an error.
    #[must_use]
    pub fn answers(&self, operation: Operation) -> bool {
        macro_rules! is_response {
            ($($name:ident: $access:ident, $concurrency:ident, $retry:ident, $response:ident;)*) => {
                match operation {
                    $(Operation::$name => matches!(self, Self::$response(_) | Self::Error(_)),)*
                }
            };
        }
        for_each_operation!(is_response)
    }
}
