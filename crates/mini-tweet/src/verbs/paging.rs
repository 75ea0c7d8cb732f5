//! From the options of a list (`--limit`, `--before`, `--since`) to page requests of the protocol.

use client::Client;
use protocol::v1;
use protocol::v1::page_request::Position;
use protocol::v1::read_timeline::Timeline;

use crate::args::Page;
use crate::context::PAGE_MAX;
use crate::exit::Failure;

/// Where the first page begins.
pub(super) fn position(page: &Page) -> Option<Position> {
    let before = page.before.clone().map(Position::Before);
    before.or_else(|| page.since.clone().map(Position::After))
}

/// The request for the first page; a larger limit needs further pages.
pub(super) fn page_request(page: &Page) -> v1::PageRequest {
    v1::PageRequest { limit: page.limit.min(PAGE_MAX), position: position(page) }
}

/// One page of a timeline.
pub(super) async fn page_of(
    client: &Client,
    timeline: &Timeline,
    limit: u32,
    position: Option<Position>,
) -> Result<v1::TweetPage, Failure> {
    let page = Some(v1::PageRequest { limit: limit.min(PAGE_MAX), position });
    Ok(client.ask(v1::ReadTimeline { timeline: Some(timeline.clone()), page }).await?)
}
