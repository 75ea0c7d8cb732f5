//! Search queries: words in tweets, accounts by name (also with typing errors), hashtags by prefix.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use model::{Account, AccountId, Username, is_long_enough, name_words, search_words};
use rusqlite::{Connection, params};
use strsim::jaro_winkler;

use super::accounts::account_of;
use super::hidden;
use super::relationships::NOT_BLOCKED;
use super::search_index::name_tokens;
use super::sql::{Result, Sql, all};

/// Maximum number of names sharing a token with the query that are compared with it.
const CANDIDATES_MAX: usize = 200;
/// Minimum similarity of a name to the query (Jaro-Winkler, 0 to 1).
const SIMILARITY_MIN: f64 = 0.75;

/// The query in the syntax of FTS5: all words must match, and the tokens of a word follow each other. `None` when there is
/// no word.
pub(super) fn fts_query(query: &str) -> Option<String> {
    let words: Vec<_> = search_words(query).iter().map(|word| phrase(&word.tokens, word.is_prefix)).collect();
    if words.is_empty() { None } else { Some(words.join(" ")) }
}

/// Quoted, so that nothing in it is syntax.
fn phrase(tokens: &[String], is_prefix: bool) -> String {
    format!("\"{}\"{}", tokens.join(" "), if is_prefix { "*" } else { "" })
}

/// Accounts whose username begins with the query, then those whose names have its words, then those with similar names.
pub(super) fn accounts(
    db: &Connection,
    viewer: AccountId,
    query: &str,
    limit: usize,
) -> Result<Vec<Account>> {
    let visible = format!("a.state = 1 AND {NOT_BLOCKED}");
    let columns = "SELECT a.id, a.username, a.display_name";
    let words = name_words(query);
    if words.is_empty() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    if let Some(beginning) = username_prefix(query) {
        let sql = format!(
            "{columns} FROM account a WHERE a.username >= ?2 AND a.username < ?2 || char(1114111) AND {visible}
             ORDER BY a.username LIMIT ?3"
        );
        found = all(db, &sql, params![Sql(viewer), beginning, limit], |row| account_of(row, 0))?;
    }
    let mut known: HashSet<_> = found.iter().map(|account| account.id).collect();
    let queries = [has_all(&words), resembles(&words)];
    for query in queries.into_iter().flatten() {
        if found.len() >= limit {
            break;
        }
        let sql = format!(
            "{columns} FROM (SELECT rowid FROM account_search WHERE account_search MATCH ?2 ORDER BY rank LIMIT ?3) s
             JOIN account a ON a.id = s.rowid WHERE {visible}"
        );
        let others = all(db, &sql, params![Sql(viewer), query, CANDIDATES_MAX], |row| account_of(row, 0))?;
        let mut others: Vec<(f64, Account)> = others
            .into_iter()
            .map(|account| (similarity(&words, &account), account))
            .filter(|(similarity, account)| *similarity >= SIMILARITY_MIN && !known.contains(&account.id))
            .collect();
        others.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.username.cmp(&y.username)));
        known.extend(others.iter().map(|(_, account)| account.id));
        found.extend(others.into_iter().map(|(_, account)| account));
    }
    found.truncate(limit);
    Ok(found)
}

/// The query as the beginning of a username; `None` if no username begins so.
pub(super) fn username_prefix(query: &str) -> Option<String> {
    let beginning = query.trim().trim_start_matches(['@', '＠', '﹫']).to_lowercase();
    Username::parse(&beginning).is_ok().then_some(beginning)
}

/// The query for names that have all these words as parts of theirs; `None` if one is too short.
pub(super) fn has_all(words: &[String]) -> Option<String> {
    let part = |word: &String| {
        let tokens = name_tokens(word);
        match tokens.len() {
            // All its characters are the beginning of one token.
            0..3 => is_long_enough(word).then(|| phrase(tokens.get(..1).unwrap_or_default(), true)),
            // The last two tokens are shorter than in a name that continues.
            length => Some(phrase(tokens.get(..length - 2).unwrap_or_default(), false)),
        }
    };
    words.iter().map(part).collect::<Option<Vec<_>>>().map(|parts| parts.join(" "))
}

/// The query for names that have three characters in common with one of these words; `None` if they are shorter.
fn resembles(words: &[String]) -> Option<String> {
    let three = |word: &String| {
        let mut tokens = name_tokens(word);
        tokens.retain(|token| token.chars().count() == 3);
        tokens
    };
    let alternatives: Vec<String> =
        words.iter().flat_map(three).map(|token| phrase(&[token], false)).collect();
    if alternatives.is_empty() { None } else { Some(alternatives.join(" OR ")) }
}

/// How well the names of an account fit the words of a query: each word to that of the names that fits best.
fn similarity(words: &[String], account: &Account) -> f64 {
    let username = account.username.as_str();
    let mut names = name_words(username);
    names.extend(name_words(account.display_name.as_str()));
    if words.iter().all(|word| names.iter().any(|name| name.contains(word.as_str()))) {
        // Containing the query beats similarity, and a shorter name is the better match.
        let length = username.len().min(100);
        return 2.0 - f64::from(u8::try_from(length).unwrap_or(100)) / 1_000.0;
    }
    names.push(username.to_owned());
    let of_word = |word: &String| names.iter().map(|name| jaro_winkler(word, name)).fold(0.0, f64::max);
    words.iter().map(of_word).fold(1.0, f64::min)
}

pub(super) fn hashtags(db: &Connection, key_prefix: &str, limit: usize) -> Result<Vec<(String, u32)>> {
    let hidden: HashMap<i64, u32> = hidden::hashtag_uses(db)?.into_iter().collect();
    // As many more as may lose tweets of hidden accounts: the first of the list are among them.
    let mut found = all(
        db,
        "SELECT id, name, tweets FROM hashtag
         WHERE key >= ?1 AND key < ?1 || char(1114111) AND tweets > 0 ORDER BY tweets DESC, key LIMIT ?2",
        params![key_prefix, limit + hidden.len()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?, row.get::<_, u32>(2)?)),
    )?;
    for (id, _, tweets) in &mut found {
        *tweets = tweets.saturating_sub(hidden.get(id).copied().unwrap_or_default());
    }
    found.retain(|(_, _, tweets)| *tweets > 0);
    found.sort_by_key(|(_, _, tweets)| Reverse(*tweets));
    found.truncate(limit);
    Ok(found.into_iter().map(|(_, name, tweets)| (name, tweets)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_cannot_contain_syntax() {
        assert_eq!(fts_query("rust AND (go)").unwrap(), "\"rust\" \"and\" \"go\"");
        assert_eq!(fts_query("say \"hi\" engi*").unwrap(), "\"say\" \"hi\" \"engi\"*");
        assert_eq!(fts_query("東京 京 東京都*").unwrap(), "\"東京\" \"京\"* \"東京 京都\"");
        assert_eq!(fts_query(" * -- ()"), None);
        assert_eq!(fts_query("a\0b").unwrap(), "\"a\" \"b\"");
        assert_eq!(has_all(&["li".into(), "omok".into()]).unwrap(), "\"li\"* \"omo mok\"");
        assert_eq!((has_all(&["a".into()]), resembles(&["li".into()])), (None, None));
    }
}
