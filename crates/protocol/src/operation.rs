//! From a request's message to its row in the model's table of operations.

use model::{Operation, for_each_operation};

use crate::v1::request::Op;

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
