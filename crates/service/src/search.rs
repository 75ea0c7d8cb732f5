//! Search for accounts and hashtags; tweets are searched as a timeline.

use model::limits::QUERY_BYTES_MAX;
use model::{Error, Hashtag, Operation, Result};

use crate::policy::{self, Caller};
use crate::service::Service;
use crate::views::AccountView;

impl Service {
    /// Accounts whose username or display name contains or resembles the query, best first.
    ///
    /// # Errors
    /// `INVALID{query}`.
    pub async fn search_people(
        &self,
        caller: &Caller,
        query: &str,
        limit: usize,
    ) -> Result<Vec<AccountView>> {
        let (viewer, _) = policy::member(caller, Operation::SearchPeople)?;
        check_query("query", query)?;
        let accounts = self.store.search_people(viewer, query, limit).await?;
        self.account_views(viewer, accounts).await
    }

    /// Hashtags with this prefix, the most used first, with their number of tweets.
    ///
    /// # Errors
    /// `INVALID{query}`.
    pub async fn search_hashtags(
        &self,
        caller: &Caller,
        query: &str,
        limit: usize,
    ) -> Result<Vec<(String, u32)>> {
        policy::member(caller, Operation::SearchHashtags)?;
        check_query("query", query)?;
        // Digits alone are no hashtag, but the prefix of one.
        let beginning = query.trim().trim_start_matches('#');
        let key =
            Hashtag::parse(beginning).map_or_else(|_| beginning.to_lowercase(), |tag| tag.key().to_owned());
        self.store.search_hashtags(&key, limit).await
    }
}

pub(super) fn check_query(field: &'static str, query: &str) -> Result<()> {
    if query.trim().is_empty() {
        return Err(Error::invalid(field, "is empty"));
    }
    if query.len() > QUERY_BYTES_MAX {
        return Err(Error::invalid(field, format!("is longer than {QUERY_BYTES_MAX} bytes")));
    }
    Ok(())
}
