//! Search queries: words in tweets, accounts by name (also with typing errors), hashtags by prefix.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use model::{Account, AccountId};
use rusqlite::{Connection, params};
use strsim::jaro_winkler;

use super::accounts::account_of;
use super::hidden;
use super::sql::{Result, Sql, all};

/// Maximum number of names sharing a trigram with the query that are compared with it.
const CANDIDATES_MAX: usize = 200;
/// Minimum similarity of a name to the query (Jaro-Winkler, 0 to 1).
const SIMILARITY_MIN: f64 = 0.75;

/// The query in the syntax of FTS5: all words must match, each is quoted so that nothing in it is syntax, and a word
/// that ends in `*` is a prefix. `None` when there is no word. Control characters separate words: FTS5 would take a NUL
/// for the end of the query, inside a quoted word.
pub(super) fn fts_query(query: &str) -> Option<String> {
    let words: Vec<_> = query
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| {
            let prefix = if word.ends_with('*') { "*" } else { "" };
            format!("\"{}\"{prefix}", word.trim_end_matches('*').replace('"', "\"\""))
        })
        .collect();
    if words.is_empty() { None } else { Some(words.join(" ")) }
}

/// Accounts whose username begins with the query, then those whose names contain it, then those with similar names.
pub(super) fn accounts(
    db: &Connection,
    viewer: AccountId,
    query: &str,
    limit: usize,
) -> Result<Vec<Account>> {
    let query = query.replace(char::is_control, " ");
    let query = query.trim().trim_start_matches('@').to_lowercase();
    if query.is_empty() {
        return Ok(Vec::new());
    }
    let visible = "a.state = 1
        AND NOT EXISTS (SELECT 1 FROM block WHERE blocker = ?1 AND blocked = a.id)
        AND NOT EXISTS (SELECT 1 FROM block WHERE blocker = a.id AND blocked = ?1)";
    let columns = "SELECT a.id, a.username, a.display_name";
    let mut found = all(
        db,
        &format!(
            "{columns} FROM account a WHERE a.username >= ?2 AND a.username < ?2 || char(1114111) AND {visible}
             ORDER BY a.username LIMIT ?3"
        ),
        params![Sql(viewer), query, limit],
        |row| account_of(row, 0),
    )?;
    // The index holds trigrams: shorter queries have none.
    if found.len() < limit && query.chars().count() >= 3 {
        let trigrams = trigrams_of(&query).join(" OR ");
        let sql = format!(
            "{columns} FROM (SELECT rowid FROM account_search WHERE account_search MATCH ?2 ORDER BY rank LIMIT ?3) s
             JOIN account a ON a.id = s.rowid WHERE {visible}"
        );
        let mut others: Vec<(f64, Account)> =
            all(db, &sql, params![Sql(viewer), trigrams, CANDIDATES_MAX], |row| account_of(row, 0))?
                .into_iter()
                .map(|account| (similarity(&query, &account), account))
                .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
                .collect();
        others.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.username.cmp(&y.username)));
        let known: HashSet<_> = found.iter().map(|account| account.id).collect();
        found.extend(
            others.into_iter().map(|(_, account)| account).filter(|account| !known.contains(&account.id)),
        );
        found.truncate(limit);
    }
    Ok(found)
}

fn trigrams_of(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .windows(3)
        .map(|three| format!("\"{}\"", three.iter().collect::<String>().replace('"', "\"\"")))
        .collect()
}

fn similarity(query: &str, account: &Account) -> f64 {
    let display_name = account.display_name.as_str().to_lowercase();
    if account.username.as_str().contains(query) || display_name.contains(query) {
        // Containing the query beats similarity, and a shorter name is the better match.
        let length = account.username.as_str().len().min(100);
        return 2.0 - f64::from(u8::try_from(length).unwrap_or(100)) / 1_000.0;
    }
    std::iter::once(account.username.as_str())
        .chain(display_name.split_whitespace())
        .chain(std::iter::once(display_name.as_str()))
        .map(|name| jaro_winkler(query, name))
        .fold(0.0, f64::max)
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
        assert_eq!(fts_query("rust AND (go)").unwrap(), "\"rust\" \"AND\" \"(go)\"");
        assert_eq!(fts_query("say \"hi\" engi*").unwrap(), "\"say\" \"\"\"hi\"\"\" \"engi\"*");
        assert_eq!(fts_query(" * -- ()"), None);
        assert_eq!(fts_query("a\0b").unwrap(), "\"a\" \"b\"");
    }
}
