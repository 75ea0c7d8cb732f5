//! Identifiers as strings in files: TOML has no unsigned 64-bit integers.

use serde::{Deserialize as _, Deserializer, Serializer};

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
pub(crate) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}
