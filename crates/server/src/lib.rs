//! A whole Mini-Tweet server: configuration, assembly and lifecycle, import of other databases, and the operator's tools
//! that work without a running server.

pub mod assembly;
pub mod config;
pub mod import;
pub mod offline;
pub mod run;
#[cfg(test)]
mod simulation;
