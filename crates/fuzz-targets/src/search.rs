//! Search queries.

use model::limits::QUERY_BYTES_MAX;
use model::{Hashtag, Span};
use store::{Store as _, Timeline};

use crate::fuzz_server::{FuzzServer, server};

/// Every query gets a result: no part of it is syntax for the database.
pub(crate) fn search(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let query = text.get(..text.floor_char_boundary(QUERY_BYTES_MAX)).unwrap_or_default();
    let FuzzServer { runtime, store, member, .. } = server();
    runtime.block_on(async {
        let tweets = store.timeline(&Timeline::Search(query.to_owned()), Span::Latest, 10).await;
        let people = store.search_people(*member, query, 10).await;
        let hashtags = store.search_hashtags(query, 10).await;
        assert!(tweets.is_ok() && people.is_ok() && hashtags.is_ok(), "{tweets:?} {people:?} {hashtags:?}");
        if let Ok(tag) = Hashtag::parse(query) {
            let tagged = store.timeline(&Timeline::Hashtag(tag), Span::Latest, 10).await;
            assert!(tagged.is_ok(), "{tagged:?}");
        }
    });
}
