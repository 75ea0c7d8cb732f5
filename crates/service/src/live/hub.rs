//! Which accounts are connected, and to what they are subscribed. No waiting here, and no store: what has to be read is
//! read outside and brought in.

mod presence;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{AccountId, AccountState, Error, EventId, SessionId};
use tokio::time::Instant;

use super::config::LiveStatistics;
use super::elsewhere::Elsewhere;
use super::event::{Delivery, Payload, Topic};
use super::inbox::Inbox;
use super::presence::AccountPresence;
use super::typing::TypingSignals;
use super::unread::UnreadNotices;
use crate::policy::{self, Relationships};
use store::SocialGraph;
use store::fault::{self, InjectedBug};
use store::{Map, Set};

/// A subscription of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) connection: u64,
    pub(super) subscription: u32,
}

/// Connections, subscriptions and presence.
#[derive(Debug)]
pub(super) struct Hub {
    /// The last event that was distributed.
    pub(super) head: EventId,
    connections: Map<u64, Connection>,
    accounts: Map<AccountId, LiveAccount>,
    /// By author: the connected accounts that follow them.
    readers: Map<AccountId, Set<AccountId>>,
    /// By key of the hashtag.
    hashtags: Map<String, Set<Target>>,
    local: Set<Target>,
    presence: Set<Target>,
    /// Accounts whose presence may have changed since it was looked at.
    presence_dirty: Set<AccountId>,
    typing: TypingSignals,
    pub(super) elsewhere: Elsewhere,
    next_connection: u64,
}

#[derive(Debug)]
struct Connection {
    account: AccountId,
    session: SessionId,
    subscriptions: BTreeMap<u32, Subscription>,
    next_subscription: u32,
    inbox: Arc<Inbox>,
}

#[derive(Debug)]
struct Subscription {
    topic: Topic,
    /// The last event that was put into the inbox, or after which it began.
    cursor: EventId,
    /// Set while older events are being replayed: newer ones wait here.
    waiting: Option<Vec<(EventId, Arc<Payload>)>>,
    /// The client has got all events up to this one, maybe from another server that was ahead.
    seen: Option<EventId>,
}

/// An account with a connection, or one whose last connection just ended.
#[derive(Debug)]
struct LiveAccount {
    relationships: Relationships,
    connections: Set<u64>,
    /// Counts changes of the relationships: what was read from the store before a change is read again.
    generation: u64,
    /// The relationships were read from the store.
    loaded: bool,
    presence: AccountPresence,
    unread: UnreadNotices,
}

impl LiveAccount {
    fn new() -> Self {
        Self {
            relationships: Relationships::default(),
            connections: Set::default(),
            generation: 0,
            loaded: false,
            presence: AccountPresence::new(),
            unread: UnreadNotices::default(),
        }
    }
}

impl Hub {
    pub(super) fn new(head: EventId) -> Self {
        Self {
            head,
            connections: Map::default(),
            accounts: Map::default(),
            readers: Map::default(),
            hashtags: Map::default(),
            local: Set::default(),
            presence: Set::default(),
            presence_dirty: Set::default(),
            typing: TypingSignals::default(),
            elsewhere: Elsewhere::default(),
            next_connection: 1,
        }
    }

    // Connections and their inboxes.

    pub(super) fn connect(&mut self, account: AccountId, session: SessionId) -> (u64, Arc<Inbox>) {
        let number = self.next_connection;
        self.next_connection += 1;
        let inbox = Arc::new(Inbox::new());
        let connection = Connection {
            account,
            session,
            subscriptions: BTreeMap::new(),
            next_subscription: 1,
            inbox: Arc::clone(&inbox),
        };
        self.connections.insert(number, connection);
        self.accounts.entry(account).or_insert_with(LiveAccount::new).connections.insert(number);
        (number, inbox)
    }

    pub(super) fn disconnect(&mut self, number: u64) {
        let Some(connection) = self.connections.get(&number) else { return };
        let account = connection.account;
        let subscriptions: Vec<_> = connection.subscriptions.keys().copied().collect();
        for subscription in subscriptions {
            self.unsubscribe(Target { connection: number, subscription });
        }
        self.connections.remove(&number);
        self.presence_dirty.insert(account);
        let Some(live) = self.accounts.get_mut(&account) else { return };
        live.connections.remove(&number);
        // An account that others saw stays until they are notified that it is offline.
        if live.connections.is_empty()
            && live.presence.is_announced_offline()
            && !self.elsewhere.knows(account)
        {
            self.forget(account);
        }
    }

    fn forget(&mut self, account: AccountId) {
        let Some(live) = self.accounts.remove(&account) else { return };
        for author in live.relationships.following {
            self.remove_reader(author, account);
        }
    }

    // Subscriptions.

    /// Adds a subscription that begins after what has been distributed so far; with `replaying`, newer events
    /// wait until [`Hub::replayed`].
    pub(super) fn subscribe(
        &mut self,
        number: u64,
        topic: Topic,
        replaying: bool,
        subscriptions_max: usize,
    ) -> Result<(Target, EventId), Error> {
        let head = self.head;
        let connection = self.connections.get_mut(&number).ok_or(Error::GoingAway)?;
        if connection.subscriptions.len() >= subscriptions_max {
            let reason =
                format!("is one too many: a connection has at most {subscriptions_max} subscriptions");
            return Err(Error::invalid("topic", reason));
        }
        let target = Target { connection: number, subscription: connection.next_subscription };
        connection.next_subscription += 1;
        connection.inbox.record_activity();
        self.presence_dirty.insert(connection.account);
        match &topic {
            Topic::Hashtag(hashtag) => {
                self.hashtags.entry(hashtag.key().to_owned()).or_default().insert(target);
            }
            Topic::Local => {
                self.local.insert(target);
            }
            Topic::Presence => {
                self.presence.insert(target);
            }
            Topic::Home | Topic::Notifications | Topic::Conversations | Topic::Conversation(_) => {}
        }
        let waiting = replaying.then(Vec::new);
        connection
            .subscriptions
            .insert(target.subscription, Subscription { topic, cursor: head, waiting, seen: None });
        Ok((target, head))
    }

    pub(super) fn unsubscribe(&mut self, target: Target) -> bool {
        let Some(connection) = self.connections.get_mut(&target.connection) else { return false };
        let Some(subscription) = connection.subscriptions.remove(&target.subscription) else { return false };
        self.presence_dirty.insert(connection.account);
        match subscription.topic {
            Topic::Hashtag(hashtag) => {
                if let Some(targets) = self.hashtags.get_mut(hashtag.key()) {
                    targets.remove(&target);
                    if targets.is_empty() {
                        self.hashtags.remove(hashtag.key());
                    }
                }
            }
            Topic::Local => {
                self.local.remove(&target);
            }
            Topic::Presence => {
                self.presence.remove(&target);
            }
            Topic::Home | Topic::Notifications | Topic::Conversations | Topic::Conversation(_) => {}
        }
        true
    }

    /// The client of a new subscription has got all events up to this one.
    pub(super) fn begin_after(&mut self, target: Target, seen: EventId) {
        let connection = self.connections.get_mut(&target.connection);
        if let Some(subscription) = connection.and_then(|c| c.subscriptions.get_mut(&target.subscription)) {
            subscription.cursor = seen;
            subscription.seen = Some(seen);
        }
    }

    /// Puts a replayed event into the inbox; false when the subscription is gone.
    pub(super) fn push_replayed(&mut self, target: Target, sequence: EventId, payload: Arc<Payload>) -> bool {
        let Some(connection) = self.connections.get_mut(&target.connection) else { return false };
        let Some(subscription) = connection.subscriptions.get_mut(&target.subscription) else { return false };
        subscription.cursor = sequence;
        let subscription = target.subscription;
        connection.inbox.push(Delivery::Event { subscription, sequence, payload });
        true
    }

    /// The replay is over: what waited comes now.
    pub(super) fn replayed(&mut self, target: Target, inbox_max: usize) {
        let Some(connection) = self.connections.get_mut(&target.connection) else { return };
        let Some(subscription) = connection.subscriptions.get_mut(&target.subscription) else { return };
        for (sequence, payload) in subscription.waiting.take().unwrap_or_default() {
            self.push(target, Some(sequence), &payload, inbox_max);
        }
    }

    /// Puts an event into the inbox of a subscription; `sequence` is `None` for an event that is not in the store.
    /// A full inbox ends the subscription with the cursor to resume from: delivery never waits for a slow reader.
    pub(super) fn push(
        &mut self,
        target: Target,
        sequence: Option<EventId>,
        payload: &Arc<Payload>,
        inbox_max: usize,
    ) {
        let head = self.head;
        let Some(connection) = self.connections.get_mut(&target.connection) else { return };
        let Some(subscription) = connection.subscriptions.get_mut(&target.subscription) else { return };
        if sequence.is_some() && sequence <= subscription.seen {
            return;
        }
        let full = match &mut subscription.waiting {
            Some(waiting) if waiting.len() < inbox_max => {
                if let Some(sequence) = sequence {
                    waiting.push((sequence, Arc::clone(payload)));
                }
                return;
            }
            Some(_) => true,
            None => connection.inbox.len() >= inbox_max,
        };
        if full {
            let cursor = Some(subscription.cursor);
            let closed =
                Delivery::Closed { subscription: target.subscription, error: Error::SlowConsumer { cursor } };
            connection.inbox.push(closed);
            self.unsubscribe(target);
            return;
        }
        if let Some(sequence) = sequence {
            subscription.cursor = sequence;
        }
        connection.inbox.push(Delivery::Event {
            subscription: target.subscription,
            sequence: sequence.unwrap_or(head),
            payload: Arc::clone(payload),
        });
    }

    /// Notifies the connections of a session that it has ended, or those of an account that it was closed.
    pub(super) fn end_sessions(&mut self, account: AccountId, session: Option<SessionId>) {
        let Some(live) = self.accounts.get(&account) else { return };
        if fault::is_on(InjectedBug::KeepEndedSessions) {
            return;
        }
        for number in &live.connections {
            if let Some(connection) = self.connections.get_mut(number)
                && session.is_none_or(|session| session == connection.session)
            {
                let delivery =
                    if session.is_some() { Delivery::SessionEnded } else { Delivery::AccountClosed };
                connection.inbox.push_end(delivery);
            }
        }
    }

    // Who is subscribed to what.

    pub(super) fn is_idle(&self) -> bool {
        self.connections.is_empty()
    }

    fn subscriptions_of(
        &self,
        account: AccountId,
        wanted: impl Fn(&Topic) -> bool + Copy,
    ) -> impl Iterator<Item = Target> {
        let numbers = self.accounts.get(&account).into_iter().flat_map(|a| &a.connections);
        let connections = numbers.filter_map(|number| Some((*number, self.connections.get(number)?)));
        connections.flat_map(move |(connection, of)| {
            let wanted = of.subscriptions.iter().filter(move |(_, s)| wanted(&s.topic));
            wanted.map(move |(subscription, _)| Target { connection, subscription: *subscription })
        })
    }

    pub(super) fn notification_subscriptions(&self, account: AccountId) -> Vec<Target> {
        self.subscriptions_of(account, |topic| *topic == Topic::Notifications).collect()
    }

    pub(super) fn all_notification_subscriptions(&self) -> Vec<(AccountId, Target)> {
        let all = self.connections.iter().flat_map(|(number, connection)| {
            let of_topic = connection.subscriptions.iter().filter(|(_, s)| s.topic == Topic::Notifications);
            of_topic.map(|(subscription, _)| {
                (connection.account, Target { connection: *number, subscription: *subscription })
            })
        });
        all.collect()
    }

    /// When this connected account was notified of its unread count.
    pub(super) fn unread_notices(&mut self, account: AccountId) -> Option<&mut UnreadNotices> {
        self.accounts.get_mut(&account).map(|live| &mut live.unread)
    }

    /// Accounts to which a changed unread count is sent now.
    pub(super) fn take_unread_due(&mut self, spacing: Duration) -> Vec<AccountId> {
        let now = Instant::now();
        let due = |(account, live): (&AccountId, &mut LiveAccount)| {
            live.unread.take_due(now, spacing).then_some(*account)
        };
        self.accounts.iter_mut().filter_map(due).collect()
    }

    pub(super) fn conversation_subscriptions(&self, account: AccountId, with: AccountId) -> Vec<Target> {
        let Some(relationships) = self.relationships(account) else { return Vec::new() };
        let relationship = relationships.to(with);
        if !policy::is_listed(AccountState::Active, relationship) {
            return Vec::new();
        }
        let in_list = policy::is_conversation_listed(AccountState::Active, relationship);
        let wanted = |topic: &Topic| match topic {
            Topic::Conversations => in_list,
            topic => *topic == Topic::Conversation(with),
        };
        self.subscriptions_of(account, wanted).collect()
    }

    /// Who gets a typing signal from one account to another; no one while an earlier one is recent.
    pub(super) fn typing_subscriptions(
        &mut self,
        from: AccountId,
        to: AccountId,
        spacing: Duration,
    ) -> Vec<Target> {
        let targets = self.conversation_subscriptions(to, from);
        let passes = !targets.is_empty() && self.typing.pass(from, to, Instant::now(), spacing);
        if passes { targets } else { Vec::new() }
    }

    /// Home subscriptions of the author and of those who follow them.
    pub(super) fn home_subscriptions(&self, author: AccountId) -> impl Iterator<Item = (AccountId, Target)> {
        let readers = self.readers.get(&author).into_iter().flatten().copied();
        readers.chain(std::iter::once(author)).flat_map(|reader| {
            self.subscriptions_of(reader, |topic| *topic == Topic::Home).map(move |target| (reader, target))
        })
    }

    pub(super) fn local_subscriptions(&self) -> Vec<(AccountId, Target)> {
        self.with_accounts(&self.local)
    }

    pub(super) fn presence_subscriptions(&self) -> Vec<(AccountId, Target)> {
        self.with_accounts(&self.presence)
    }

    pub(super) fn hashtag_subscriptions(&self, key: &str) -> Vec<(AccountId, Target)> {
        self.hashtags.get(key).map(|targets| self.with_accounts(targets)).unwrap_or_default()
    }

    pub(super) fn all_hashtag_subscriptions(&self) -> Vec<(AccountId, Target)> {
        self.hashtags.values().flat_map(|targets| self.with_accounts(targets)).collect()
    }

    fn with_accounts(&self, targets: &Set<Target>) -> Vec<(AccountId, Target)> {
        let account =
            |target: &Target| self.connections.get(&target.connection).map(|c| (c.account, *target));
        targets.iter().filter_map(account).collect()
    }

    /// Whether a public tweet of this author would reach anyone.
    pub(super) fn anyone_reads(&self, author: AccountId) -> bool {
        !self.local.is_empty()
            || !self.hashtags.is_empty()
            || self.home_subscriptions(author).next().is_some()
    }

    // Relationships.

    /// The relationships of a connected account; incomplete until they were read.
    pub(super) fn relationships(&self, account: AccountId) -> Option<&Relationships> {
        self.accounts.get(&account).map(|live| &live.relationships)
    }

    /// Whether lists and live events show `other` to `account`; `None` when `account` is not connected.
    pub(super) fn lists(&self, account: AccountId, other: AccountId) -> Option<bool> {
        let relationships = self.relationships(account)?;
        Some(policy::is_listed(AccountState::Active, relationships.to(other)))
    }

    /// The generation of an account's relationships if they have to be read.
    pub(super) fn relationships_to_load(&self, account: AccountId) -> Option<u64> {
        self.accounts.get(&account).filter(|live| !live.loaded).map(|live| live.generation)
    }

    /// Accounts with subscriptions whose relationships have to be read.
    pub(super) fn subscribers_without_relationships(&self) -> Vec<AccountId> {
        let subscribed = |number| self.connections.get(number).is_some_and(|c| !c.subscriptions.is_empty());
        let missing =
            self.accounts.iter().filter(|(_, live)| !live.loaded && live.connections.iter().any(subscribed));
        missing.map(|(account, _)| *account).collect()
    }

    /// Brings in relationships that were read; false when they changed meanwhile.
    pub(super) fn set_relationships(
        &mut self,
        account: AccountId,
        generation: u64,
        graph: SocialGraph,
    ) -> bool {
        let Some(live) = self.accounts.get_mut(&account) else { return true };
        if live.generation != generation {
            return false;
        }
        live.loaded = true;
        live.presence.set_hidden(graph.presence_hidden);
        self.presence_dirty.insert(account);
        let before = std::mem::replace(&mut live.relationships, graph.into()).following;
        let now = live.relationships.following.clone();
        for author in before.difference(&now) {
            self.remove_reader(*author, account);
        }
        for author in now {
            self.readers.entry(author).or_default().insert(account);
        }
        true
    }

    fn remove_reader(&mut self, author: AccountId, reader: AccountId) {
        if let Some(readers) = self.readers.get_mut(&author) {
            readers.remove(&reader);
            if readers.is_empty() {
                self.readers.remove(&author);
            }
        }
    }

    pub(super) fn follow_changed(&mut self, follower: AccountId, followee: AccountId, follows: bool) {
        let Some(live) = self.accounts.get_mut(&follower) else { return };
        live.generation += 1;
        if follows {
            live.relationships.following.insert(followee);
            self.readers.entry(followee).or_default().insert(follower);
        } else {
            live.relationships.following.remove(&followee);
            self.remove_reader(followee, follower);
        }
    }

    pub(super) fn mute_changed(&mut self, muter: AccountId, muted: AccountId, mutes: bool) {
        let Some(live) = self.accounts.get_mut(&muter) else { return };
        live.generation += 1;
        if mutes {
            live.relationships.muted.insert(muted);
        } else {
            live.relationships.muted.remove(&muted);
        }
    }

    /// A block hides both from each other at once. Its end is read from the store: the other may block too.
    pub(super) fn block_began(&mut self, one: AccountId, other: AccountId) {
        for (account, with) in [(one, other), (other, one)] {
            if let Some(live) = self.accounts.get_mut(&account) {
                live.generation += 1;
                live.relationships.blocked.insert(with);
            }
        }
    }

    /// The relationships of an account have to be read again; whether it is connected.
    pub(super) fn mark_relationships_outdated(&mut self, account: AccountId) -> bool {
        let Some(live) = self.accounts.get_mut(&account) else { return false };
        live.generation += 1;
        live.loaded = false;
        true
    }

    pub(super) fn statistics(&self) -> LiveStatistics {
        let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        LiveStatistics {
            connections: count(self.connections.len()),
            subscriptions: count(self.connections.values().map(|c| c.subscriptions.len()).sum()),
            online: count(self.online().len()),
        }
    }
}
