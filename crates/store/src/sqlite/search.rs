//! Search: words in tweets, names of people (also when almost right), beginnings of hashtags.

use std::collections::HashSet;

use model::{Account, AccountId, TweetId};
use rusqlite::{Connection, params};
use strsim::jaro_winkler;

use super::accounts::account_of;
use super::sql::{Result, Sql, all, run};
use super::writer::Tx;

/// How many names that share a part with the query are looked at for a resemblance.
const CANDIDATES_MAX: usize = 200;
/// Least resemblance of a name (Jaro-Winkler, 1 is the same).
const RESEMBLANCE_MIN: f64 = 0.75;

/// A query as FTS5 understands it: all words, each quoted so that nothing in it is syntax; a word that ends in
/// `*` is a beginning. `None` when there is no word. Control characters part words: to FTS5 a NUL would be the end of
/// the query, in the middle of a quoted word.
pub(super) fn match_words(query: &str) -> Option<String> {
    let words: Vec<_> = query
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .map(|word| {
            let beginning = if word.ends_with('*') { "*" } else { "" };
            format!("\"{}\"{beginning}", word.trim_end_matches('*').replace('"', "\"\""))
        })
        .collect();
    if words.is_empty() { None } else { Some(words.join(" ")) }
}

/// Names that begin with the query, then those that contain it, then those that resemble it.
pub(super) fn people(db: &Connection, viewer: AccountId, query: &str, limit: usize) -> Result<Vec<Account>> {
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
    // Three characters are the least that the index of parts knows.
    if found.len() < limit && query.chars().count() >= 3 {
        let parts = trigrams(&query).join(" OR ");
        let sql = format!(
            "{columns} FROM (SELECT rowid FROM person_search WHERE person_search MATCH ?2 ORDER BY rank LIMIT ?3) s
             JOIN account a ON a.id = s.rowid WHERE {visible}"
        );
        let mut others: Vec<(f64, Account)> =
            all(db, &sql, params![Sql(viewer), parts, CANDIDATES_MAX], |row| account_of(row, 0))?
                .into_iter()
                .map(|account| (resemblance(&query, &account), account))
                .filter(|(resemblance, _)| *resemblance >= RESEMBLANCE_MIN)
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

fn trigrams(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters
        .windows(3)
        .map(|three| format!("\"{}\"", three.iter().collect::<String>().replace('"', "\"\"")))
        .collect()
}

fn resemblance(query: &str, account: &Account) -> f64 {
    let display_name = account.display_name.as_str().to_lowercase();
    if account.username.as_str().contains(query) || display_name.contains(query) {
        // Contained beats resembling, and a shorter name is the nearer one.
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
    Ok(all(
        db,
        "SELECT name, tweets FROM hashtag
         WHERE key >= ?1 AND key < ?1 || char(1114111) AND tweets > 0 ORDER BY tweets DESC, key LIMIT ?2",
        params![key_prefix, limit],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?)
}

/// Up to which tweet search knows all public ones, and how many are later.
pub(super) fn backlog(db: &Connection) -> rusqlite::Result<(u64, u64)> {
    let mark: i64 =
        db.query_row("SELECT value FROM meta WHERE name = 'search_mark'", [], |row| row.get(0))?;
    let sql =
        "SELECT count(*) FROM tweet WHERE id > ?1 AND deleted = 0 AND visibility = 1 AND retweet_of IS NULL";
    Ok((mark.cast_unsigned(), db.query_row(sql, [mark], |row| row.get(0))?))
}

/// Makes up to `limit` public tweets after the mark known to search, in one transaction; returns the new mark and
/// how many they were.
pub(super) fn index(db: &Connection, mark: u64, limit: u64) -> Result<(u64, u64)> {
    run(db, "BEGIN IMMEDIATE", [])?;
    let tweets = all(
        db,
        "SELECT id, text FROM tweet
         WHERE id > ?1 AND deleted = 0 AND visibility = 1 AND retweet_of IS NULL ORDER BY id LIMIT ?2",
        [mark.cast_signed(), limit.cast_signed()],
        |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)),
    )?;
    for (id, text) in &tweets {
        insert(db, *id, text)?;
    }
    let mark = tweets.last().map_or(mark, |(id, _)| id.cast_unsigned());
    run(db, "UPDATE meta SET value = ?1 WHERE name = 'search_mark'", [mark.cast_signed()])?;
    run(db, "COMMIT", [])?;
    Ok((mark, tweets.len() as u64))
}

fn insert(db: &Connection, id: i64, text: &str) -> Result<()> {
    run(db, "INSERT INTO tweet_search (rowid, text) VALUES (?1, ?2)", params![id, text])?;
    Ok(())
}

impl Tx<'_> {
    /// A public tweet that is new or has another text. What is after the mark is left to [`index`].
    pub(super) fn make_searchable(&mut self, id: TweetId, text: &str) -> Result<()> {
        if id.get() > self.search_mark {
            self.unindexed += 1;
            return Ok(());
        }
        insert(self.db, id.get().cast_signed(), text)
    }

    /// No word of it is found any more.
    pub(super) fn forget_in_search(&self, id: TweetId) -> Result<()> {
        if id.get() <= self.search_mark {
            run(self.db, "DELETE FROM tweet_search WHERE rowid = ?1", [Sql(id)])?;
        }
        Ok(())
    }

    /// Takes the words of deleted texts out of the index for good.
    pub(super) fn optimise_search(&self) -> Result<()> {
        run(self.db, "INSERT INTO tweet_search (tweet_search) VALUES ('optimize')", [])?;
        run(self.db, "INSERT INTO person_search (person_search) VALUES ('optimize')", [])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_cannot_hold_syntax() {
        assert_eq!(match_words("rust AND (go)").unwrap(), "\"rust\" \"AND\" \"(go)\"");
        assert_eq!(match_words("say \"hi\" engi*").unwrap(), "\"say\" \"\"\"hi\"\"\" \"engi\"*");
        assert_eq!(match_words(" * -- ()"), None);
        assert_eq!(match_words("a\0b").unwrap(), "\"a\" \"b\"");
    }
}
