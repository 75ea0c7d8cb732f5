//! Search for accounts and hashtags; tweets are searched as a timeline.

use model::limits::QUERY_BYTES_MAX;
use model::{Error, Hashtag, Operation, Result};

use crate::policy::{self, Caller};
use crate::service::Service;
use crate::views::AccountView;
use store::fault::{self, InjectedBug};

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
        self.store.search_hashtags(&Hashtag::key_prefix(query), limit).await
    }
}

/// Most words of a search for tweets. The cost of a search grows with them.
const WORDS_MAX: usize = 10;
/// Most of them that may be prefixes: each is as costly as all the words that begin with it.
const PREFIXES_MAX: usize = 2;

/// Refuses a search for tweets that would take the server long.
///
/// # Errors
/// `INVALID{search}`.
pub(super) fn check_tweet_search(query: &str) -> Result<()> {
    check_query("search", query)?;
    if fault::is_on(InjectedBug::UnboundedSearches) {
        return Ok(());
    }
    let refuse = |reason: String| Err(Error::invalid("search", reason));
    let words = model::search_words(query);
    if let Some(word) = words.iter().find(|word| word.is_too_short) {
        let beginning = word.tokens.last().map_or("", String::as_str);
        return refuse(format!("has too short a beginning: write more letters before the * of {beginning}*"));
    }
    let prefixes = words.iter().filter(|word| word.is_prefix).count();
    let words = words.len();
    if words > WORDS_MAX {
        return refuse(format!("has {words} words: search for at most {WORDS_MAX}"));
    }
    if prefixes > PREFIXES_MAX {
        return refuse(format!(
            "has {prefixes} beginnings (word*, or one letter of a script without spaces): search for at most {PREFIXES_MAX}"
        ));
    }
    Ok(())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_that_would_take_long_is_refused_and_says_why() {
        for (query, reason) in [
            ("a b c d e f g h i j k", "has 11 words"),
            ("ab* cd* ef*", "has 3 beginnings"),
            ("a*", "write more letters"),
            ("-a*", "write more letters"),
            ("a**", "write more letters"),
            ("ab*\u{7}cd*\tef*", "has 3 beginnings"),
            ("東 京 ab*", "has 3 beginnings"),
            ("ж*", "write more letters"),
            ("Ａ*", "write more letters"),
        ] {
            let refused = check_tweet_search(query).unwrap_err();
            assert!(
                matches!(&refused, Error::Invalid { field, reason: why } if field == "search" && why.contains(reason)),
                "{query}: {refused:?}"
            );
        }
        for query in [
            "a b c d e f g h i j",
            "ab* cd*",
            "東*",
            "東 京*",
            "東京 大阪 福岡",
            "* * * * * * * * * * * * word",
        ] {
            assert_eq!(check_tweet_search(query), Ok(()), "{query}");
        }
    }
}
