//! Removal of deleted words from the search indexes.
//!
//! Deleting a row from an FTS5 index leaves its words in the index, with a marker that hides them, until the segments
//! that hold them are merged. Merging everything at once stalls the writer for seconds in a large index. So one merge of
//! all segments is begun after the rows are gone, and advanced by a bounded number of pages per change.

use model::AccountId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::sql::{Result, Sql, first, get, run};

/// Maximum number of pages written in one step. With the pages that a merge reads and deletes that is up to 4 MiB in
/// the WAL, or about 15 ms during which other changes wait.
pub(super) const STEP_PAGES_MAX: usize = 128;

/// The FTS5 tables, each with a column of its own name for commands.
const INDEXES: [&str; 2] = ["tweet_search", "account_search"];

/// Who needs the removal: a purge that runs here, which waits for it, or one that ran at another node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purge {
    Here,
    Elsewhere,
}

impl Purge {
    /// What the column `rewriting` says before the merge that removes the words has begun; one more says that it has.
    fn waiting(self) -> i64 {
        match self {
            Self::Here => 0,
            Self::Elsewhere => 2,
        }
    }
}

/// Advances the removal of words of deleted rows by about `pages` pages of each index. Returns the account whose words are
/// all removed now; that may be another one than `account`, because one account of a kind is served at a time.
pub(super) fn erase_words(
    db: &Connection,
    purge: Purge,
    account: AccountId,
    pages: usize,
) -> Result<Option<AccountId>> {
    let pages = i64::try_from(pages.clamp(1, STEP_PAGES_MAX)).unwrap_or(1);
    let (served, rewriting) = match erasure(db, purge)? {
        Some(erasure) => erasure,
        None => {
            note(db, purge, account)?;
            (account, false)
        }
    };
    let mut merging = false;
    for index in INDEXES {
        merging |= continue_merge(db, index, pages)?;
    }
    if merging {
        return Ok(None);
    }
    if !rewriting {
        // No merge is in progress: one begun now takes in every segment, hence every word of a deleted row.
        for index in INDEXES {
            merging |= begin_merge(db, index, pages)?;
        }
        if merging {
            let sql = "UPDATE search_erasure SET rewriting = ?2 WHERE account = ?1";
            run(db, sql, params![Sql(served), purge.waiting() + 1])?;
            return Ok(None);
        }
    }
    run(db, "DELETE FROM search_erasure WHERE account = ?1", [Sql(served)])?;
    Ok(Some(served))
}

/// Notes that the words of this account have to be removed.
pub(super) fn note(db: &Connection, purge: Purge, account: AccountId) -> rusqlite::Result<()> {
    let sql = "INSERT OR IGNORE INTO search_erasure (account, rewriting) VALUES (?1, ?2)";
    run(db, sql, params![Sql(account), purge.waiting()]).map(|_| ())
}

/// The account whose words are to be removed, and whether the merge that removes them has begun.
pub(super) fn erasure(db: &Connection, purge: Purge) -> Result<Option<(AccountId, bool)>> {
    let sql = "SELECT account, rewriting > ?1 FROM search_erasure WHERE rewriting BETWEEN ?1 AND ?1 + 1
               ORDER BY rewriting DESC LIMIT 1";
    Ok(first(db, sql, [purge.waiting()], |row| Ok((get(row, 0)?, row.get(1)?)))?)
}

/// Begins a merge of all segments and writes about `pages` pages of it; `false` if it is complete.
fn begin_merge(db: &Connection, index: &str, pages: i64) -> Result<bool> {
    // A negative number of pages means all segments: https://www.sqlite.org/fts5.html#the_merge_command
    run(db, &format!("INSERT INTO {index} ({index}, rank) VALUES ('merge', ?1)"), [-pages])?;
    is_merging(db, index)
}

/// Writes about `pages` pages of the merges in progress; `false` if there are none, or all are complete.
fn continue_merge(db: &Connection, index: &str, pages: i64) -> Result<bool> {
    if !is_merging(db, index)? {
        return Ok(false);
    }
    let before = structure(db, index)?;
    run(db, &format!("INSERT INTO {index} ({index}, rank) VALUES ('merge', ?1)"), [pages])?;
    if structure(db, index)? == before {
        // FTS5 prefers a level with as many segments as the merge in progress has, and then finds them too few.
        return begin_merge(db, index, pages);
    }
    is_merging(db, index)
}

/// Whether a merge of this index is in progress.
pub(super) fn is_merging(db: &Connection, index: &str) -> Result<bool> {
    let Some(structure) = structure(db, index)? else { return Ok(false) };
    let merging = has_merge(&structure).ok_or_else(|| {
        crate::incident(&format!("{index} has a structure that this version does not know"))
    })?;
    Ok(merging)
}

/// The structure record: the levels of the index with their segments.
fn structure(db: &Connection, index: &str) -> Result<Option<Vec<u8>>> {
    let sql = format!("SELECT block FROM {index}_data WHERE id = 10");
    Ok(db.prepare_cached(&sql)?.query_row([], |row| row.get(0)).optional()?)
}

/// Whether a merge is in progress, by the structure record (`fts5StructureDecode` in SQLite's `fts5_index.c`): a cookie
/// of four bytes, a marker if segments have origins and tombstones, then numbers. `None` if it cannot be read so.
fn has_merge(structure: &[u8]) -> Option<bool> {
    const WITH_ORIGINS: &[u8] = &[0xff, 0, 0, 1];
    let structure = structure.get(4..)?;
    let (mut rest, numbers_per_segment) = match structure.strip_prefix(WITH_ORIGINS) {
        Some(rest) => (rest, 8),
        None => (structure, 3),
    };
    let levels = varint(&mut rest)?;
    let _segments = varint(&mut rest)?;
    let _pages_written = varint(&mut rest)?;
    for _ in 0..levels {
        let merging = varint(&mut rest)?;
        if merging > 0 {
            return Some(true);
        }
        let segments = varint(&mut rest)?;
        for _ in 0..segments.checked_mul(numbers_per_segment)? {
            varint(&mut rest)?;
        }
    }
    rest.is_empty().then_some(false)
}

/// The next number in SQLite's variable-length encoding: seven bits a byte, big-endian, eight bits in the ninth byte.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for position in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if position == 8 {
            return Some(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_merge_in_progress_is_found_in_the_structure_record() {
        let quiet = [0, 0, 0, 0, 0xff, 0, 0, 1, 1, 1, 0x81, 0x05, 0, 1, 1, 1, 9, 1, 1, 0, 0, 4];
        assert_eq!(has_merge(&quiet), Some(false));
        let merging = [0, 0, 0, 0, 2, 2, 7, 0, 0, 1, 1];
        assert_eq!(has_merge(&merging), Some(true));
        assert_eq!(has_merge(&quiet[..12]), None, "cut off");
        assert_eq!(has_merge(&[quiet.as_slice(), &[0]].concat()), None, "too long");
        assert_eq!(varint(&mut [0xff; 9].as_slice()), Some(u64::MAX));
    }
}
