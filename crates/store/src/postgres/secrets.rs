//! The secrets that all nodes have: their keys.

use tokio_postgres::{Client, Error};

/// The secret with this name; `new` becomes it if there is none.
pub(super) async fn get_or_insert(client: &Client, name: &str, new: &[u8]) -> Result<Vec<u8>, Error> {
    let insert = "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
    client.execute(insert, &[&name, &new]).await?;
    let row = client.query_one("SELECT value FROM secret WHERE name = $1", &[&name]).await?;
    Ok(row.get(0))
}
