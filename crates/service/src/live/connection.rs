//! A client's side of live delivery: the subscriptions of one connection, and the replay of events that it missed.

use std::sync::Arc;

use model::{AccountId, AccountState, Error, EventId, Presence, Result, SessionId};

use super::distribute::Rule;
use super::event::{Delivery, LiveEvent, Payload, Topic};
use super::hub::{Hub, Target};
use super::inbox::Inbox;
use super::subsystem::Live;
use crate::policy::{self, TweetList};
use store::{EFFECTS_KEPT, Event, EventKind, EventLog, EventScope};

/// Events read from the store at a time.
const REPLAY_CHUNK: usize = 100;

/// A connection that is logged in. Dropping it disconnects.
#[derive(Debug)]
pub struct LiveConnection {
    live: Arc<Live>,
    number: u64,
    account: AccountId,
    inbox: Arc<Inbox>,
}

impl Drop for LiveConnection {
    fn drop(&mut self) {
        self.live.hub().disconnect(self.number);
        self.inbox.close();
        self.live.presence_changed.notify_one();
    }
}

impl Live {
    /// A connection that is logged in. It counts for presence once it has a subscription.
    #[must_use]
    pub fn connect(self: &Arc<Self>, account: AccountId, session: SessionId) -> LiveConnection {
        let (number, inbox) = self.hub().connect(account, session);
        LiveConnection { live: Arc::clone(self), number, account, inbox }
    }
}

impl LiveConnection {
    /// Subscribes; returns the subscription's number and the cursor at which it begins. With a cursor, the events after
    /// it are replayed first, in order and once; a gap is delivered instead when there are too many, or the cursor is of
    /// another log.
    ///
    /// # Errors
    /// `INVALID{topic}` for one subscription too many, and those of the store.
    pub async fn subscribe(&self, topic: Topic, cursor: Option<EventId>) -> Result<(u32, EventId)> {
        self.live.load_relationships(self.account).await?;
        let max = self.live.config.subscriptions;
        let (target, head) = self.live.hub().subscribe(self.number, topic.clone(), cursor.is_some(), max)?;
        self.live.presence_changed.notify_one();
        if let Some(cursor) = cursor {
            let is_unknown = match self.is_unknown(cursor, head).await {
                Ok(is_unknown) => is_unknown,
                Err(error) => {
                    self.live.hub().unsubscribe(target);
                    return Err(error);
                }
            };
            // What is above the head of this server, and known, was delivered by another one.
            let begin = if is_unknown { head } else { cursor };
            self.live.hub().begin_after(target, begin);
            let replay = Replay {
                live: Arc::clone(&self.live),
                inbox: Arc::clone(&self.inbox),
                account: self.account,
                target,
                topic,
                head,
                is_unknown,
            };
            tokio::spawn(replay.run(begin));
            return Ok((target.subscription, begin));
        }
        Ok((target.subscription, head))
    }

    /// Whether there was no event with this cursor: the server was restored from an older backup, or its database lost the newest
    /// events in a failover. Of an older cursor it is not known, because not all events are kept for long.
    async fn is_unknown(&self, cursor: EventId, head: EventId) -> Result<bool> {
        let store = &self.live.store;
        if cursor > head && cursor > store.last_event().await? {
            // It may be of another server that is ahead.
            store.catch_up().await?;
            if cursor > store.last_event().await? {
                return Ok(true);
            }
        }
        let age_ms = self.live.clock.now_ms() - cursor.time_ms();
        // Half of the time, for clocks that differ.
        if u128::try_from(age_ms).is_ok_and(|age_ms| age_ms > EFFECTS_KEPT.as_millis() / 2) {
            return Ok(false);
        }
        let Some(before) = EventId::new(cursor.get() - 1) else { return Ok(false) };
        let found = store.events(before, cursor, EventScope::Caches, 1).await?;
        Ok(matches!(found, EventLog::Complete(events) if events.is_empty()))
    }

    /// Ends a subscription.
    ///
    /// # Errors
    /// `NOT_FOUND{subscription}`.
    pub fn unsubscribe(&self, subscription: u32) -> Result<()> {
        let target = Target { connection: self.number, subscription };
        if !self.live.hub().unsubscribe(target) {
            return Err(Error::not_found("subscription"));
        }
        self.live.presence_changed.notify_one();
        Ok(())
    }

    /// Waits for the next delivery. Cancelling the wait loses nothing.
    pub async fn next(&self) -> Delivery {
        self.inbox.next().await
    }

    /// Records a request of the client: the account is not away.
    pub fn touch(&self) {
        if self.inbox.record_activity() {
            self.mark_presence_dirty();
        }
    }

    /// The client declares that the account is online or away.
    pub fn set_presence(&self, presence: Presence) {
        self.inbox.set_away(presence == Presence::Away);
        self.mark_presence_dirty();
    }

    fn mark_presence_dirty(&self) {
        self.live.hub().mark_presence_dirty(self.account);
        self.live.presence_changed.notify_one();
    }
}

/// Delivers what a subscription missed since its cursor.
struct Replay {
    live: Arc<Live>,
    inbox: Arc<Inbox>,
    account: AccountId,
    target: Target,
    topic: Topic,
    /// Later events are delivered live.
    head: EventId,
    /// The client has a cursor above every event: what it has seen is not what the server has.
    is_unknown: bool,
}

impl Replay {
    async fn run(self, cursor: EventId) {
        let mut after = cursor;
        match self.replay(&mut after).await {
            Ok(true) => {}
            Ok(false) => self.push_gap(after),
            Err(error) => {
                tracing::warn!(%error, "events could not be replayed");
                self.push_gap(after);
            }
        }
        self.live.hub().replayed(self.target, self.live.config.inbox);
    }

    /// Delivers the events after `after`, which follows them; `false` when the rest cannot be replayed.
    async fn replay(&self, after: &mut EventId) -> Result<bool> {
        let Some(events) = self.events_since(*after).await? else { return Ok(false) };
        for event in events {
            if !self.deliver(event).await? {
                // The subscription is gone.
                break;
            }
            *after = event.id;
        }
        Ok(true)
    }

    fn push_gap(&self, after: EventId) {
        let gap = Payload::new(LiveEvent::Gap { after });
        self.live.hub().push_replayed(self.target, self.head, gap);
    }

    /// The events to replay; `None` when there are too many, some are no longer in the store, or the cursor is unknown.
    async fn events_since(&self, cursor: EventId) -> Result<Option<Vec<Event>>> {
        if self.is_unknown {
            return Ok(None);
        }
        let mut relevant = Vec::new();
        let mut looked_at = 0;
        let mut after = cursor;
        while after < self.head {
            let EventLog::Complete(events) =
                self.live.store.events(after, self.head, EventScope::Clients, REPLAY_CHUNK).await?
            else {
                return Ok(None);
            };
            let Some(last) = events.last() else { break };
            after = last.id;
            looked_at += events.len();
            if looked_at > self.live.config.replay_max {
                return Ok(None);
            }
            let hub = self.live.hub();
            relevant.extend(events.into_iter().filter(|event| self.concerns(&hub, event.kind).is_some()));
        }
        // The count is read when it is sent: earlier changes of it say nothing more.
        let is_unread = |event: &Event| matches!(event.kind, EventKind::UnreadChanged { .. });
        let last_unread = relevant.iter().rfind(|event| is_unread(event)).map(|event| event.id);
        relevant.retain(|event| !is_unread(event) || Some(event.id) == last_unread);
        Ok(Some(relevant))
    }

    /// False when the subscription is gone.
    async fn deliver(&self, event: Event) -> Result<bool> {
        let prepared = self.live.prepare(event.kind).await?;
        let payload = {
            let hub = self.live.hub();
            let Some(rule) = self.concerns(&hub, event.kind) else { return Ok(true) };
            if let (Topic::Hashtag(hashtag), EventKind::TweetPosted { .. } | EventKind::TweetEdited { .. }) =
                (&self.topic, event.kind)
                && !prepared.has_hashtag(hashtag.key())
            {
                return Ok(true);
            }
            let Some(payload) = prepared.for_one(&hub, event.kind, self.account, rule) else {
                return Ok(true);
            };
            Arc::clone(payload)
        };
        // Half of the inbox is left to what happens meanwhile.
        self.inbox.wait_until_below(self.live.config.inbox / 2).await;
        Ok(self.live.hub().push_replayed(self.target, event.id, payload))
    }

    /// By which rule an event may concern this subscription.
    fn concerns(&self, hub: &Hub, kind: EventKind) -> Option<Rule> {
        let me = self.account;
        let with = |one: AccountId, other: AccountId| {
            let partner = if one == me { Some(other) } else { (other == me).then_some(one) };
            let relationship = hub.relationships(me)?.to(partner?);
            let shown = match self.topic {
                Topic::Conversations => policy::is_conversation_listed(AccountState::Active, relationship),
                Topic::Conversation(account) => {
                    partner == Some(account) && policy::is_listed(AccountState::Active, relationship)
                }
                _ => false,
            };
            shown.then_some(Rule::Own)
        };
        match kind {
            EventKind::TweetPosted { author, .. }
            | EventKind::TweetEdited { author, .. }
            | EventKind::TweetDeleted { author, .. } => match self.topic {
                Topic::Home => {
                    let follows =
                        hub.relationships(me).is_some_and(|graph| graph.following.contains(&author));
                    (author == me || follows).then_some(Rule::List(TweetList::Home))
                }
                Topic::Local | Topic::Hashtag(_) => Some(Rule::List(TweetList::Public)),
                _ => None,
            },
            EventKind::Announced { .. } | EventKind::AnnouncementRemoved { .. } => {
                (self.topic == Topic::Notifications).then_some(Rule::Own)
            }
            EventKind::Notified { recipient: account, .. }
            | EventKind::UnreadChanged { recipient: account }
            | EventKind::AnnouncementDismissed { account, .. } => {
                (account == me && self.topic == Topic::Notifications).then_some(Rule::Own)
            }
            EventKind::MessageSent { author, to, .. } | EventKind::MessageChanged { author, to, .. } => {
                with(author, to)
            }
            EventKind::ConversationMarked { account, with: other, .. } => with(account, other),
            _ => None,
        }
    }
}
