//! Who is connected and to what they listen, as it stands at one moment. No waiting here, and no store: what must
//! be read is read outside and brought in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use model::{AccountId, Error, EventId, Presence, SessionId};
use tokio::time::Instant;

use super::inbox::Inbox;
use super::{Delivery, LiveStatistics, Payload, Topic};
use store::SocialGraph;
use store::fault::{self, InjectedBug};
use store::{Map, Set};

/// A subscription of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Target {
    pub(super) connection: u64,
    pub(super) subscription: u32,
}

/// The state of the live room.
#[derive(Debug)]
pub(super) struct Hub {
    /// The last event that was distributed.
    pub(super) head: EventId,
    connections: Map<u64, Connection>,
    accounts: Map<AccountId, AccountPresence>,
    /// By author: who is connected and follows them.
    readers: Map<AccountId, Set<AccountId>>,
    /// By folded hashtag: who listens to it.
    hashtags: Map<String, Set<Target>>,
    local: Set<Target>,
    presence: Set<Target>,
    /// Whose presence may have changed since it was looked at.
    presence_dirty: Set<AccountId>,
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
}

/// An account with a connection, or one that just lost it.
#[derive(Debug)]
pub(super) struct AccountPresence {
    pub(super) following: Set<AccountId>,
    pub(super) blocked: Set<AccountId>,
    pub(super) muted: Set<AccountId>,
    hidden: bool,
    connections: Set<u64>,
    /// Counts changes of the relationships: relationships that were read while one happened are read again.
    generation: u64,
    loaded: bool,
    /// What others were last told.
    announced: Presence,
    /// Since when no connection listens.
    gone_since: Option<Instant>,
}

impl AccountPresence {
    fn new() -> Self {
        Self {
            following: Set::default(),
            blocked: Set::default(),
            muted: Set::default(),
            hidden: false,
            connections: Set::default(),
            generation: 0,
            loaded: false,
            announced: Presence::Offline,
            gone_since: None,
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
        self.accounts.entry(account).or_insert_with(AccountPresence::new).connections.insert(number);
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
        let Some(attendance) = self.accounts.get_mut(&account) else { return };
        attendance.connections.remove(&number);
        // Someone whom others saw stays until they have been told.
        if attendance.connections.is_empty() && attendance.announced == Presence::Offline {
            self.forget(account);
        }
    }

    fn forget(&mut self, account: AccountId) {
        let Some(attendance) = self.accounts.remove(&account) else { return };
        for author in attendance.following {
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
        connection.inbox.touch();
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
        connection.subscriptions.insert(target.subscription, Subscription { topic, cursor: head, waiting });
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

    /// Puts an event into the inbox of a subscription; `None` is the sequence of something that is not kept.
    /// A full inbox ends the subscription with the cursor to resume from: nobody waits for a slow reader.
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

    /// Tells the connections of a session, or all of an account, that it is over.
    pub(super) fn end_sessions(&mut self, account: AccountId, session: Option<SessionId>) {
        let Some(attendance) = self.accounts.get(&account) else { return };
        if fault::is_on(InjectedBug::KeepEndedSessions) {
            return;
        }
        for number in &attendance.connections {
            if let Some(connection) = self.connections.get_mut(number)
                && session.is_none_or(|session| session == connection.session)
            {
                connection.inbox.push_first(Delivery::SessionEnded);
            }
        }
    }

    // Who listens to what.

    pub(super) fn is_idle(&self) -> bool {
        self.connections.is_empty()
    }

    pub(super) fn attendance(&self, account: AccountId) -> Option<&AccountPresence> {
        self.accounts.get(&account)
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

    pub(super) fn conversation_subscriptions(&self, account: AccountId, with: AccountId) -> Vec<Target> {
        if self.accounts.get(&account).is_some_and(|a| a.blocked.contains(&with)) {
            return Vec::new();
        }
        let wanted =
            |topic: &Topic| matches!(topic, Topic::Conversations) || *topic == Topic::Conversation(with);
        self.subscriptions_of(account, wanted).collect()
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

    // SocialGraph.

    /// The generation of someone's relationships, when they have to be read.
    pub(super) fn ties_to_load(&self, account: AccountId) -> Option<u64> {
        self.accounts.get(&account).filter(|a| !a.loaded).map(|a| a.generation)
    }

    /// Brings in relationships that were read; false when they changed meanwhile.
    pub(super) fn set_ties(
        &mut self,
        account: AccountId,
        generation: u64,
        relationships: SocialGraph,
    ) -> bool {
        let Some(attendance) = self.accounts.get_mut(&account) else { return true };
        if attendance.generation != generation {
            return false;
        }
        attendance.loaded = true;
        attendance.hidden = relationships.presence_hidden;
        self.presence_dirty.insert(account);
        attendance.blocked = relationships.blocked.into_iter().collect();
        attendance.muted = relationships.muted.into_iter().collect();
        let following = relationships.following.into_iter().collect();
        let before = std::mem::replace(&mut attendance.following, following);
        let now = attendance.following.clone();
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

    /// Someone's relationships have changed: a short list is put right at once.
    pub(super) fn follow_changed(&mut self, follower: AccountId, followee: AccountId, follows: bool) {
        let Some(attendance) = self.accounts.get_mut(&follower) else { return };
        attendance.generation += 1;
        if follows {
            attendance.following.insert(followee);
            self.readers.entry(followee).or_default().insert(follower);
        } else {
            attendance.following.remove(&followee);
            self.remove_reader(followee, follower);
        }
    }

    /// A mute began or ended.
    pub(super) fn mute_changed(&mut self, muter: AccountId, muted: AccountId, mutes: bool) {
        let Some(attendance) = self.accounts.get_mut(&muter) else { return };
        attendance.generation += 1;
        if mutes {
            attendance.muted.insert(muted);
        } else {
            attendance.muted.remove(&muted);
        }
    }

    /// A block began.
    pub(super) fn block_began(&mut self, one: AccountId, other: AccountId) {
        for (account, with) in [(one, other), (other, one)] {
            if let Some(attendance) = self.accounts.get_mut(&account) {
                attendance.generation += 1;
                attendance.blocked.insert(with);
            }
        }
    }

    /// Someone's relationships have to be read again; whether they are connected.
    pub(super) fn ties_outdated(&mut self, account: AccountId) -> bool {
        let Some(attendance) = self.accounts.get_mut(&account) else { return false };
        attendance.generation += 1;
        attendance.loaded = false;
        true
    }

    // Presence.

    fn presence_now(&self, attendance: &AccountPresence, now: Instant, away_after: Duration) -> Presence {
        let listening = attendance
            .connections
            .iter()
            .filter_map(|number| self.connections.get(number))
            .filter(|connection| !connection.subscriptions.is_empty());
        let states = listening.map(|connection| {
            if connection.inbox.is_away(now, away_after) { Presence::Away } else { Presence::Online }
        });
        states.max().unwrap_or(Presence::Offline)
    }

    /// There was a sign of this account that may change its presence.
    pub(super) fn mark_presence_dirty(&mut self, account: AccountId) {
        self.presence_dirty.insert(account);
    }

    /// Whoever has to be looked at after signs of them.
    pub(super) fn take_unsettled(&mut self) -> Vec<AccountId> {
        self.presence_dirty.drain().collect()
    }

    /// All, because time passes for those too of whom there is no sign.
    pub(super) fn everyone(&self) -> Vec<AccountId> {
        self.accounts.keys().copied().collect()
    }

    /// Those of them resolve_or_self presence is another than what others were last told, with what it is now.
    pub(super) fn presence_changes(
        &mut self,
        accounts: Vec<AccountId>,
        away_after: Duration,
        offline_grace: Duration,
    ) -> Vec<(AccountId, Presence)> {
        let now = Instant::now();
        let mut changes = Vec::new();
        for account in accounts {
            let Some(attendance) = self.accounts.get(&account) else { continue };
            let mut presence = self.presence_now(attendance, now, away_after);
            if attendance.hidden {
                presence = Presence::Offline;
            }
            let hidden = attendance.hidden;
            let Some(attendance) = self.accounts.get_mut(&account) else { continue };
            if presence == Presence::Offline && !hidden && attendance.announced != Presence::Offline {
                let since = *attendance.gone_since.get_or_insert(now);
                if now.duration_since(since) < offline_grace {
                    continue;
                }
            } else {
                attendance.gone_since = None;
            }
            let changed = attendance.announced != presence;
            attendance.announced = presence;
            let is_gone = attendance.connections.is_empty() && presence == Presence::Offline;
            if changed {
                changes.push((account, presence));
            }
            if is_gone {
                self.forget(account);
            }
        }
        changes
    }

    pub(super) fn presence(&self, account: AccountId) -> Presence {
        self.accounts.get(&account).filter(|a| !a.hidden).map_or(Presence::Offline, |a| a.announced)
    }

    /// How long somebody who is away has done nothing; nothing for everybody else.
    pub(super) fn idle(&self, account: AccountId) -> Duration {
        let away = self.accounts.get(&account).filter(|a| a.announced == Presence::Away && !a.hidden);
        let now = Instant::now();
        let connections = away.into_iter().flat_map(|attendance| &attendance.connections);
        let idle = connections.filter_map(|number| Some(self.connections.get(number)?.inbox.idle(now)));
        idle.min().unwrap_or_default()
    }

    pub(super) fn online(&self) -> Vec<(AccountId, Presence)> {
        let there = self.accounts.iter().filter(|(_, a)| a.announced != Presence::Offline && !a.hidden);
        there.map(|(account, attendance)| (*account, attendance.announced)).collect()
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
