//! The nodes of a cluster: that each is there, and how each is notified when another one has appended to the log.

use std::sync::{Arc, Weak};
use std::time::Duration;

use data_encoding::BASE64;
use tokio::sync::{Notify, broadcast, mpsc};
use tokio::time::interval;
use tokio_postgres::{AsyncMessage, Client};

use super::attempts;
use super::connection::{PostgresUrl, connect, in_words};
use super::reports::{ENDED_AFTER_S, Reports};
use crate::BusMessage;
use crate::fault::{self, InjectedBug};
use crate::sqlite::SqliteStore;

/// How often the log is looked at without a notification.
const POLL: Duration = Duration::from_millis(500);
/// How often a node says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often attempts that no longer count are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(60);
/// Notifications that wait; further ones are dropped.
const NOTIFICATIONS_MAX: usize = 1_024;

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

/// The messages of a node's bus.
pub(super) struct Messages {
    pub(super) to_send: mpsc::Receiver<Vec<u8>>,
    /// Notified when this node has appended to the log.
    pub(super) appended: Arc<Notify>,
    pub(super) received: broadcast::Sender<BusMessage>,
}

/// Makes the node follow the log, carries its messages unless something else does, and says that it is there, until its store is closed.
pub(super) async fn follow(
    url: PostgresUrl,
    channel: String,
    boot: u64,
    node: Weak<SqliteStore>,
    mut messages: Option<Messages>,
    reports: Arc<Reports>,
) {
    loop {
        match listen(&url, &channel, boot, &node, &mut messages, &reports).await {
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

/// A notification: the process that sent it and its message, or no message: there is something new in the log.
fn decode(payload: &str) -> Option<(u64, Option<Vec<u8>>)> {
    let (from, message) = payload.split_once(' ').map_or((payload, None), |(from, rest)| (from, Some(rest)));
    let from = from.parse::<i64>().ok()?.cast_unsigned();
    match message {
        Some(message) => Some((from, Some(BASE64.decode(message.as_bytes()).ok()?))),
        None => Some((from, None)),
    }
}

/// What to send next: a message, or nothing: the log has grown. Never anything if something else carries messages. `None` when
/// the store is closed.
async fn next_message(messages: &mut Option<Messages>) -> Option<Vec<u8>> {
    let Some(messages) = messages else { return std::future::pending().await };
    tokio::select! {
        message = messages.to_send.recv() => message,
        () = messages.appended.notified() => Some(Vec::new()),
    }
}

/// What is sent as a notification; [`decode`] is its opposite.
fn encode(boot: u64, message: &[u8]) -> String {
    let boot = boot.cast_signed();
    if message.is_empty() { boot.to_string() } else { format!("{boot} {}", BASE64.encode(message)) }
}

async fn listen(
    url: &PostgresUrl,
    channel: &str,
    boot: u64,
    node: &Weak<SqliteStore>,
    messages: &mut Option<Messages>,
    reports: &Reports,
) -> Result<(), String> {
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
    // A notification that is lost costs only time: it does not wait for the disk.
    client.batch_execute("SET synchronous_commit = off").await.map_err(pg)?;
    if messages.is_some() {
        client.batch_execute(&format!("LISTEN {channel}")).await.map_err(pg)?;
    }
    let notify = client.prepare("SELECT pg_notify($1, $2)").await.map_err(pg)?;
    let (mut poll, mut heartbeat, mut prune) = (interval(POLL), interval(HEARTBEAT), interval(PRUNE_EVERY));
    let mut urgent = reports.urgent();
    loop {
        tokio::select! {
            notification = notifications.recv() => {
                let notification = notification.ok_or("the connection has ended")?;
                match decode(notification.payload()) {
                    Some((from, _)) if from == boot => continue,
                    Some((from, Some(bytes))) => {
                        // There may be no subscriber.
                        let received = messages.as_ref().map(|messages| &messages.received);
                        received.map(|received| received.send(BusMessage { from, bytes: bytes.into() }));
                        continue;
                    }
                    _ => {}
                }
            }
            message = next_message(messages) => {
                // The store has ended with its bus.
                let Some(message) = message else { return Ok(()) };
                client.execute(&notify, &[&channel, &encode(boot, &message)]).await.map_err(pg)?;
                continue;
            }
            _ = prune.tick() => {
                client.execute(attempts::PRUNE, &[]).await.map_err(pg)?;
                continue;
            }
            _ = poll.tick() => {
                if fault::is_on(InjectedBug::FollowOnlyWhenNotified) {
                    continue;
                }
            }
            Ok(()) = urgent.changed() => heartbeat.reset_immediately(),
            _ = heartbeat.tick() => {
                let position = node.upgrade().map_or(0, |node| node.position());
                reports.send(&client, boot, position).await.map_err(pg)?;
                let sql = "DELETE FROM node WHERE seen < now() - interval '1 day'";
                client.execute(sql, &[]).await.map_err(pg)?;
            }
        }
        if !request(node) {
            return Ok(());
        }
    }
}
