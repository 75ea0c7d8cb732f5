//! Files in the format of the original Python program, as `mini-tweet import python` reads them.

use std::fs;
use std::path::Path;

use crate::error::Error;

/// Writes a database with these accounts: username, and password hash without its prefix `$6$`.
pub(super) fn write(directory: &Path, accounts: &[(&str, String)]) -> Result<(), Error> {
    fs::create_dir_all(directory)?;
    let (mut users, mut numbers) = (r#"{"0": {"id_start": 100}"#.to_owned(), Vec::new());
    for (n, (name, hash)) in accounts.iter().enumerate() {
        let number = n + 1;
        users += &format!(
            r#", "{number}": {{"user_name": "{name}", "password": "$6${hash}", "following": [], "followers": []}}"#
        );
        numbers.push(format!(r#""{name}": {number}"#));
    }
    fs::write(directory.join("user_database.json"), users + "}")?;
    fs::write(directory.join("user_id.json"), format!("{{{}}}", numbers.join(", ")))?;
    fs::write(
        directory.join("tweet_table.csv"),
        "tweet_id,content,user_id,date_time_created,last_update_time\r\n",
    )?;
    fs::write(directory.join("tweet_table.json"), "")?;
    fs::write(directory.join("hashtag.json"), "{}")?;
    fs::write(directory.join("hashtag.csv"), "hashtag,count\r\n")?;
    fs::write(directory.join("active_users.csv"), "user_id,active\r\n")?;
    Ok(())
}
