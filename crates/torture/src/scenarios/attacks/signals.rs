//! Typing signals, presence, likes and follows that one account toggles as fast as it can, and what another one gets of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use client::ClientError;
use protocol::v1;
use protocol::v1::subscribe::Topic;
use tokio::task::JoinSet;
use tokio::time::{Duration, Instant};

use super::bystander::{Turns, times};
use crate::context::Context;
use crate::error::Error;
use crate::finding::{Control, Finding};
use crate::server::{Launch, private_directory};
use crate::user::{User, sign_up_users};

/// Events that the victim may get in a second: one of typing, one of presence and one count, at the edges one more of each.
const EVENTS_PER_SECOND: usize = 6;

pub(super) async fn run(context: &Context) -> Result<Finding, Error> {
    let found = attack(&context.program, "", times(context)).await?;
    let control = attack(&context.faults, "pass-every-signal", 1).await?;
    let finding = found.turns.finding("signals toggled by two accounts", "", &control.turns);
    let mut broken = finding.broken;
    if found.is_flood() {
        broken.push(format!("the victim gets {}", found.figures()));
    }
    Ok(Finding {
        figures: format!("{}; the victim gets {}", finding.figures, found.figures()),
        control: Control::of(
            control.is_flood(),
            format!("a server that passes on every signal: {}", control.figures()),
        ),
        broken,
        ..finding
    })
}

struct Flood {
    turns: Turns,
    sent: usize,
    received: usize,
    seconds: f64,
}

impl Flood {
    fn is_flood(&self) -> bool {
        self.received as f64 > EVENTS_PER_SECOND as f64 * (self.seconds + 1.0)
    }

    fn figures(&self) -> String {
        format!("{} events for {} signals in {:.1} s", self.received, self.sent, self.seconds)
    }
}

async fn attack(program: &Path, faults: &str, times: usize) -> Result<Flood, Error> {
    let directory = private_directory()?;
    let launch = Launch::new(program, &directory.path().join("data")).with("MINI_TWEET_FAULTS", faults);
    let server = launch.argument("--insecure").start().await?;
    let users = sign_up_users(&server, 4).await?;
    let [friend, stranger, victim, bystander] = &users[..] else { return Err("expected four users".into()) };
    victim.follow(&friend.name, true).await?;
    let tweet = victim.post("hello").await?;
    let (sent, received) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut receiving = JoinSet::new();
    for topic in [
        Topic::Conversations(v1::ConversationsTopic {}),
        Topic::Presence(v1::PresenceTopic {}),
        Topic::Notifications(v1::NotificationsTopic {}),
    ] {
        let mut subscription = victim.client.subscribe(topic, None).await?;
        let received = Arc::clone(&received);
        receiving.spawn(async move {
            while subscription.next().await.is_some() {
                received.fetch_add(1, Ordering::Relaxed);
            }
        });
    }
    // Both count for presence.
    let mut present = Vec::new();
    for user in [friend, stranger] {
        present.push(user.client.subscribe(Topic::Home(v1::HomeTopic {}), None).await?);
    }
    let begin = Instant::now();
    let turns = Turns::measure(&server, bystander, times, async || {
        let mut toggling = JoinSet::new();
        for user in [friend, stranger] {
            toggling.spawn(toggle(user.clone(), victim.name.clone(), tweet, Arc::clone(&sent)));
        }
        Ok(toggling)
    })
    .await?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(Flood {
        turns,
        sent: sent.load(Ordering::Relaxed),
        received: received.load(Ordering::Relaxed),
        seconds,
    })
}

async fn toggle(
    user: User,
    victim: String,
    tweet_id: u64,
    sent: Arc<AtomicUsize>,
) -> Result<(), ClientError> {
    for n in 0_usize.. {
        let is_on = n % 2 == 0;
        user.client.ask(v1::Typing { username: victim.clone() }).await?;
        let state = if is_on { v1::PresenceState::Away } else { v1::PresenceState::Online };
        user.client.ask(v1::SetPresence { state: state.into() }).await?;
        if is_on {
            user.client.ask(v1::Like { tweet_id }).await?;
        } else {
            user.client.ask(v1::Unlike { tweet_id }).await?;
        }
        user.follow(&victim, is_on).await?;
        sent.fetch_add(4, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(())
}
