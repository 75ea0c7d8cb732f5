//! The schema: its versions, and which version a file has.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::connection;
use super::files;
use super::open_error::OpenError;

/// "MiTw": marks the file as a database of this program.
pub(super) const APPLICATION_ID: i32 = 0x4d69_5477;

/// The migrations, in order; the schema version is the number of those applied.
pub(super) const MIGRATIONS: &[&str] = &[
    include_str!("schema_1.sql"),
    include_str!("schema_2.sql"),
    include_str!("schema_3.sql"),
    include_str!("schema_4.sql"),
    include_str!("schema_5.sql"),
    include_str!("schema_6.sql"),
    include_str!("schema_7.sql"),
    include_str!("schema_8.sql"),
    include_str!("schema_9.sql"),
    include_str!("schema_10.sql"),
];

/// Examines a file before it is opened for writing; `true` if there is none yet, nor anything of an earlier one.
///
/// # Errors
/// When it is missing but something of it is left, readable by others, empty or damaged, not a database of this
/// program, or of a newer schema.
pub(super) fn is_new(path: &Path) -> Result<bool, OpenError> {
    // Before it is opened: opening a FIFO waits for its writer, and opening a device can have effects.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return match files::leftover(path)? {
                Some(left) => Err(OpenError::Leftover { path: path.to_owned(), left }),
                None => Ok(true),
            };
        }
        Err(error) => return Err(OpenError::io(path, error)),
    };
    if !metadata.is_file() {
        return Err(OpenError::NotAFile { path: path.to_owned() });
    }
    let mode = metadata.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(OpenError::TooOpen { path: path.to_owned(), mode });
    }
    if metadata.len() == 0 {
        return Err(OpenError::Empty { path: path.to_owned() });
    }
    let mut file = File::open(path).map_err(|e| OpenError::io(path, e))?;
    // https://www.sqlite.org/fileformat.html: magic at 0, application id at 68.
    let mut header = [0; 100];
    let is_database = file.read_exact(&mut header).is_ok() && header.starts_with(b"SQLite format 3\0");
    if !is_database {
        return Err(OpenError::NotADatabase { path: path.to_owned() });
    }
    if header.get(68..72) != Some(&APPLICATION_ID.to_be_bytes()[..]) {
        return Err(OpenError::Foreign { path: path.to_owned() });
    }
    let sql = |error| OpenError::sql(path, &error);
    let db = connection::open_reader(path).map_err(sql)?;
    let found: u32 = db.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sql)?;
    if usize::try_from(found).is_ok_and(|found| found > MIGRATIONS.len()) {
        return Err(OpenError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() });
    }
    db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(())).map_err(sql)?;
    Ok(false)
}

/// Checks that there is a database of this program at this path. What else is in its directory does not matter: the
/// path may be that of a backup, or mistyped.
pub(super) fn require_database(path: &Path) -> Result<(), OpenError> {
    let is_missing = matches!(fs::metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
    if is_missing || is_new(path)? { Err(OpenError::missing(path)) } else { Ok(()) }
}
