//! PostgreSQL fails over to a standby. With synchronous replication nothing is lost; with asynchronous replication the last
//! transactions are, and the servers notice it: none keeps a copy that has them.

use std::path::Path;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::load::{History, Load};
use super::nodes::{Cluster, Setup};
use super::person::{Person, post_soon};
use super::postgres::Postgres;
use super::verify::verify;
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::DEADLINE;

const PEOPLE: usize = 6;
const DATABASE: &str = "failover";
/// How long people post before the failover, and while nothing is replicated.
const LOAD_FOR: Duration = Duration::from_secs(2);
/// What a server says in its log at its start when it may lose something.
const WARNING: &str = "replicates asynchronously";
/// What a server says when PostgreSQL has lost something that it has.
const NOTICED: &str = "has lost";
/// Longest wait for that.
const NOTICED_WITHIN: Duration = Duration::from_secs(20);

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let times = context.times(1, 5);
    let (mut broken, mut acknowledged, mut longest) = (Vec::new(), 0, Duration::ZERO);
    for n in 0..times {
        let failover = synchronous(context, n).await?;
        broken.extend(failover.broken);
        acknowledged += failover.acknowledged;
        longest = longest.max(failover.writes_after);
    }
    let (lost, asynchronous) = asynchronous(context).await?;
    broken.extend(asynchronous);
    Ok(Finding {
        promise: 25,
        tried: format!(
            "{times} failovers to a synchronous standby under load, and one to an asynchronous standby"
        ),
        figures: format!(
            "synchronous: {acknowledged} acknowledged, 0 lost unless stated; all servers write {longest:.1?} after the \
             promotion; asynchronous: {lost} acknowledged tweets lost, which every server noticed unless stated"
        ),
        broken,
        control: Control::of(
            lost > 0,
            format!("with an asynchronous standby that is behind, {lost} are lost"),
        ),
    })
}

struct Failover {
    broken: Vec<String>,
    acknowledged: usize,
    /// From the promotion until all servers write.
    writes_after: Duration,
}

/// A primary with a standby, and servers that know both.
struct Pair {
    primary: Postgres,
    standby: Postgres,
    cluster: Cluster,
    people: Vec<Person>,
}

impl Pair {
    async fn start(program: &Path, synchronous: bool) -> Result<Self, Error> {
        let primary = Postgres::start(&[]).await?;
        primary.create_database(DATABASE)?;
        let standby = primary.standby().await?;
        if synchronous {
            primary.sql("postgres", "ALTER SYSTEM SET synchronous_standby_names = '*'")?;
            primary.sql("postgres", "SELECT pg_reload_conf()")?;
        }
        let state = if synchronous { "sync" } else { "async" };
        let connected = format!("SELECT count(*) FROM pg_stat_replication WHERE sync_state = '{state}'");
        let end = Instant::now() + DEADLINE;
        while primary.sql("postgres", &connected)? != "1" {
            if Instant::now() > end {
                return Err("the standby does not follow".into());
            }
            sleep(Duration::from_millis(50)).await;
        }
        let mut setup = Setup::new(program, primary.address(), DATABASE);
        setup.databases.push(standby.address());
        let cluster = setup.start().await?;
        let people = Person::sign_up_many(&cluster.nodes[0], PEOPLE).await?;
        Ok(Self { primary, standby, cluster, people })
    }

    /// Kills the primary and promotes the standby.
    fn fail_over(&mut self) -> Result<(), Error> {
        self.primary.kill()?;
        self.standby.promote()
    }
}

async fn synchronous(context: &Context, n: usize) -> Result<Failover, Error> {
    let mut random = context.random(&format!("cluster failover {n}"));
    let mut pair = Pair::start(&context.program, true).await?;
    let history = History::default();
    let load = Load::start(&pair.people, &pair.cluster.addresses(), &history, true, &mut random);
    sleep(LOAD_FOR).await;
    pair.fail_over()?;
    let promoted = Instant::now();
    for node in &pair.cluster.nodes {
        let text = format!("after the failover at {}", node.address);
        let id = post_soon(&pair.people[0], &node.address, &text, &mut random).await?;
        history.posted(id, text);
    }
    let writes_after = promoted.elapsed();
    sleep(LOAD_FOR / 2).await;
    load.stop().await?;
    let broken = verify(&mut pair.cluster, &pair.standby, DATABASE, &history, &[]).await?;
    let acknowledged = history.acknowledged.with(|record| record.count());
    Ok(Failover { broken, acknowledged, writes_after })
}

/// How many tweets were lost, and what is wrong about how the servers deal with it.
async fn asynchronous(context: &Context) -> Result<(usize, Vec<String>), Error> {
    let mut random = context.random("cluster asynchronous");
    let mut pair = Pair::start(&context.program, false).await?;
    let mut broken = Vec::new();
    for (n, node) in pair.cluster.nodes.iter().enumerate() {
        if !node.log().contains(WARNING) {
            broken.push(format!("server {n} does not warn of asynchronous replication"));
        }
    }
    let history = History::default();
    let load = Load::start(&pair.people, &pair.cluster.addresses(), &history, true, &mut random);
    sleep(LOAD_FOR).await;
    // The standby gets nothing any more.
    pair.standby.sql("postgres", "ALTER SYSTEM SET primary_conninfo = ''")?;
    pair.standby.sql("postgres", "SELECT pg_reload_conf()")?;
    sleep(LOAD_FOR).await;
    load.stop().await?;
    pair.fail_over()?;
    for (n, node) in pair.cluster.nodes.iter_mut().enumerate() {
        let end = Instant::now() + NOTICED_WITHIN;
        while !node.log().contains(NOTICED) && Instant::now() < end {
            sleep(Duration::from_millis(50)).await;
        }
        if !node.log().contains(NOTICED) {
            broken.push(format!("server {n} does not notice that PostgreSQL has lost what it has"));
            continue;
        }
        // It has ended, and makes a new copy when it is started again.
        node.wait_for_end().await?;
    }
    for node in &mut pair.cluster.nodes {
        node.kill()?;
        node.start().await?;
        let text = format!("after the loss at {}", node.address);
        let id = post_soon(&pair.people[0], &node.address, &text, &mut random).await?;
        history.posted(id, text);
    }
    let found = verify(&mut pair.cluster, &pair.standby, DATABASE, &history, &[]).await?;
    let (lost, others): (Vec<_>, Vec<_>) = found.into_iter().partition(|line| line.contains("is lost"));
    broken.extend(others);
    Ok((lost.iter().filter(|line| line.starts_with("tweet")).count(), broken))
}
