//! From the options of a list (`--limit`, `--before`, `--since`) to page requests of the protocol.

use protocol::v1;
use protocol::v1::page_request::Position;

use crate::args::Page;
use crate::context::PAGE_MAX;

/// Where the first page begins.
pub(super) fn position(page: &Page) -> Option<Position> {
    let before = page.before.clone().map(Position::Before);
    before.or_else(|| page.since.clone().map(Position::After))
}

/// The request for the first page; a larger limit needs further pages.
pub(super) fn page_request(page: &Page) -> v1::PageRequest {
    v1::PageRequest { limit: page.limit.min(PAGE_MAX), position: position(page) }
}
