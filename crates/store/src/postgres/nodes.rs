//! The nodes of a cluster: that each is there, and how each is notified when another one has appended to the log.

use std::sync::Weak;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::interval;
use tokio_postgres::{AsyncMessage, Client};

use super::connection::{PostgresUrl, connect, in_words};
use crate::sqlite::SqliteStore;

/// How often the log is looked at without a notification.
const POLL: Duration = Duration::from_millis(500);
/// How often a node says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// A node that has not said so for this long has ended.
const ENDED_AFTER_S: f64 = 15.0;
/// Notifications that wait: more of them say nothing new.
const NOTIFICATIONS_MAX: usize = 16;

/// The other nodes that are there.
pub(super) async fn others(client: &Client, boot: u64) -> Result<Vec<u64>, tokio_postgres::Error> {
    let sql = "SELECT boot FROM node WHERE boot <> $1 AND seen > now() - make_interval(secs => $2)";
    let rows = client.query(sql, &[&boot.cast_signed(), &ENDED_AFTER_S]).await?;
    Ok(rows.iter().map(|row| row.get::<_, i64>(0).cast_unsigned()).collect())
}

/// Removes a node that ends.
pub(super) async fn leave(client: &Client, boot: u64) -> Result<(), tokio_postgres::Error> {
    client.execute("DELETE FROM node WHERE boot = $1", &[&boot.cast_signed()]).await.map(|_| ())
}

/// Makes the node follow the log, and says that it is there, until its store is closed.
pub(super) async fn follow(url: PostgresUrl, channel: String, boot: u64, node: Weak<SqliteStore>) {
    loop {
        match listen(&url, &channel, boot, &node).await {
            Ok(()) => return,
            Err(error) => tracing::warn!(%error, "PostgreSQL cannot be reached"),
        }
        if !request(&node) {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
}

/// Requests that the node looks at the log; `false` when its store is closed.
fn request(node: &Weak<SqliteStore>) -> bool {
    node.upgrade().is_some_and(|node| node.follow())
}

async fn listen(url: &PostgresUrl, channel: &str, boot: u64, node: &Weak<SqliteStore>) -> Result<(), String> {
    let pg = |error: tokio_postgres::Error| in_words(&error);
    let (client, mut link) = connect(url).await?;
    let (sender, mut notifications) = mpsc::channel(NOTIFICATIONS_MAX);
    tokio::spawn(async move {
        while let Some(message) = link.next().await {
            if let AsyncMessage::Notification(notification) = message {
                let _ = sender.try_send(notification);
            }
        }
    });
    client.batch_execute(&format!("LISTEN {channel}")).await.map_err(pg)?;
    let own = boot.cast_signed().to_string();
    let (mut poll, mut heartbeat) = (interval(POLL), interval(HEARTBEAT));
    loop {
        tokio::select! {
            notification = notifications.recv() => match notification {
                Some(one) if one.payload() == own => continue,
                Some(_) => {}
                None => return Err("the connection has ended".to_owned()),
            },
            _ = poll.tick() => {}
            _ = heartbeat.tick() => {
                let sql = "INSERT INTO node (boot) VALUES ($1) ON CONFLICT (boot) DO UPDATE SET seen = now()";
                client.execute(sql, &[&boot.cast_signed()]).await.map_err(pg)?;
                let sql = "DELETE FROM node WHERE seen < now() - interval '1 day'";
                client.execute(sql, &[]).await.map_err(pg)?;
            }
        }
        if !request(node) {
            return Ok(());
        }
    }
}
