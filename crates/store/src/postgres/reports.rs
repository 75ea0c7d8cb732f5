//! What the nodes of a cluster report about themselves, in the table `node`, and what they ask of each other there.

use tokio::sync::watch;
use tokio_postgres::{Client, Error};

use crate::{NodeRecord, NodeReport};

/// A node that has not reported for this long has ended.
pub(super) const ENDED_AFTER_S: f64 = 15.0;
/// A node that has not reported for this long is not listed any more.
const LISTED_FOR_S: f64 = 60.0 * 60.0;
/// Entries that a node is behind are counted up to this number.
const BEHIND_ENTRIES_MAX: i64 = 10_000;

/// What a node reports, and what it is asked for.
#[derive(Debug)]
pub(super) struct Reports {
    report: watch::Sender<NodeReport>,
    drain_requested: watch::Sender<bool>,
}

impl Reports {
    pub(super) fn new() -> Self {
        Self { report: watch::Sender::default(), drain_requested: watch::Sender::new(false) }
    }

    /// Sets the report. Only what cannot wait for the next heartbeat wakes [`Reports::urgent`].
    pub(super) fn set(&self, report: NodeReport) {
        self.report.send_if_modified(|last| {
            let is_urgent = last.is_draining != report.is_draining || last.address != report.address;
            *last = report;
            is_urgent
        });
    }

    /// Woken when a report cannot wait.
    pub(super) fn urgent(&self) -> watch::Receiver<NodeReport> {
        self.report.subscribe()
    }

    pub(super) fn drain_requested(&self) -> watch::Receiver<bool> {
        self.drain_requested.subscribe()
    }

    /// Says that the node is there, what it reports, and how much of the log its copy lacks.
    pub(super) async fn send(&self, client: &Client, boot: u64, position: u64) -> Result<(), Error> {
        let report = self.report.borrow().clone();
        // The number of an entry has its time in milliseconds above the 16 lowest bits.
        let sql = "
            WITH behind AS (
                SELECT count(*) AS entries,
                       coalesce(greatest((extract(epoch FROM clock_timestamp()) * 1000)::bigint - (min(number) >> 16), 0), 0) AS ms
                FROM (SELECT number FROM log WHERE number > $2 ORDER BY number LIMIT $3) AS missing
            )
            INSERT INTO node (boot, started_ms, version, address, connections, is_draining, behind_entries, behind_ms)
            SELECT $1::bigint, $4::bigint, $5::text, $6::text, $7::bigint, $8::boolean, entries, ms FROM behind
            ON CONFLICT (boot) DO UPDATE SET seen = now(), started_ms = excluded.started_ms, version = excluded.version,
                address = excluded.address, connections = excluded.connections, is_draining = excluded.is_draining,
                behind_entries = excluded.behind_entries, behind_ms = excluded.behind_ms
            RETURNING drain_requested";
        let NodeReport { version, address, started_ms, connections, is_draining } = report;
        let (boot, position, connections) =
            (boot.cast_signed(), position.cast_signed(), i64::from(connections));
        let row = client
            .query_one(
                sql,
                &[
                    &boot,
                    &position,
                    &BEHIND_ENTRIES_MAX,
                    &started_ms,
                    &version,
                    &address,
                    &connections,
                    &is_draining,
                ],
            )
            .await?;
        if row.get(0) {
            self.drain_requested.send_replace(true);
        }
        Ok(())
    }
}

/// The nodes that are there, and those that were not long ago.
pub(super) async fn all(client: &Client, this: u64) -> Result<Vec<NodeRecord>, Error> {
    let sql = "
        SELECT boot, started_ms, version, address, connections, is_draining, behind_entries, behind_ms,
               (extract(epoch FROM seen) * 1000)::bigint, seen < now() - make_interval(secs => $1)
        FROM node WHERE started_ms > 0 AND seen > now() - make_interval(secs => $2)
        ORDER BY started_ms, boot";
    let rows = client.query(sql, &[&ENDED_AFTER_S, &LISTED_FOR_S]).await?;
    let record = |row: &tokio_postgres::Row| {
        let boot = row.get::<_, i64>(0).cast_unsigned();
        NodeRecord {
            boot,
            is_this: boot == this,
            report: NodeReport {
                started_ms: row.get(1),
                version: row.get(2),
                address: row.get(3),
                connections: u32::try_from(row.get::<_, i64>(4)).unwrap_or(u32::MAX),
                is_draining: row.get(5),
            },
            behind_entries: u32::try_from(row.get::<_, i64>(6)).unwrap_or(u32::MAX),
            behind_ms: row.get::<_, i64>(7).cast_unsigned(),
            seen_ms: row.get(8),
            is_lost: row.get(9),
        }
    };
    Ok(rows.iter().map(record).collect())
}

/// Asks a node to drain; it looks with each heartbeat. `false` if there is no such node.
pub(super) async fn request_drain(client: &Client, boot: u64) -> Result<bool, Error> {
    let sql = "UPDATE node SET drain_requested = true WHERE boot = $1";
    client.execute(sql, &[&boot.cast_signed()]).await.map(|asked| asked > 0)
}
