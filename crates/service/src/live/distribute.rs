//! The task that takes committed events in order and puts them into the inboxes of subscribers.

use std::sync::{Arc, Weak};
use std::time::Duration;

use model::{AccountId, EventId, Hashtag, Result};
use prost::Message as _;
use tokio::sync::{broadcast, mpsc};
use tokio::time::Instant;

use super::config::LiveConfig;
use super::elsewhere::{self, Announcement, Present, REPEAT_EVERY};
use super::event::{LiveEvent, Payload};
use super::hub::{Hub, Target};
use super::hydrate::{self, HydratedTweet};
use super::subsystem::Live;
use super::trends::Trends;
use crate::policy::TweetList;
use store::env::Clock;
use store::{Bus, BusMessage, Event, EventKind, LogBatch, LogSubscription, SharedStore};

/// How often presence is checked and trends take in new tweets.
const TICK: Duration = Duration::from_secs(1);
/// Ticks between two rebuilds of the trends after a tweet was edited, deleted or hidden.
const TRENDS_REBUILD_TICKS: u32 = 30;

impl Live {
    /// Starts to distribute the committed events of this store; trends are read from it first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn start(store: SharedStore, clock: Arc<dyn Clock>, config: LiveConfig) -> Result<Arc<Self>> {
        let LogSubscription { position, batches } = store.log().subscribe();
        let trends = Trends::read(&store, clock.now_ms()).await?;
        let live = Self::new(store, clock, config, position, trends);
        tokio::spawn(run(Arc::downgrade(&live), batches));
        Ok(live)
    }
}

/// Ends when live delivery or the store is dropped.
async fn run(live: Weak<Live>, mut batches: mpsc::Receiver<Arc<LogBatch>>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut trends = TrendsUpkeep::default();
    let mut bus = live.upgrade().and_then(|live| live.store.bus().map(Bus::subscribe));
    let mut repeated = Instant::now();
    loop {
        let Some(strong) = live.upgrade() else { return };
        tokio::select! {
            batch = batches.recv() => {
                let Some(batch) = batch else { return };
                for event in &batch.events {
                    trends.record(event.kind);
                    strong.distribute(*event).await;
                }
            }
            () = strong.presence_changed.notified() => {
                let accounts = strong.hub().take_presence_dirty();
                strong.announce_elsewhere(&accounts, false);
                strong.announce_presence(accounts).await;
            }
            message = next_message(&mut bus) => strong.take_in(&message).await,
            _ = tick.tick() => {
                strong.load_missing_relationships().await;
                let accounts = strong.hub().accounts();
                let repeats = repeated.elapsed() >= REPEAT_EVERY;
                if repeats {
                    repeated = Instant::now();
                    strong.hub().elsewhere.forget_old(repeated);
                }
                strong.announce_elsewhere(&accounts, repeats);
                strong.announce_presence(accounts).await;
                strong.send_unread_due().await;
                trends.tick(&strong).await;
            }
        }
    }
}

/// The next message of another server; never without a bus.
async fn next_message(bus: &mut Option<broadcast::Receiver<BusMessage>>) -> BusMessage {
    loop {
        let Some(receiver) = bus else { return std::future::pending().await };
        match receiver.recv().await {
            Ok(message) => return message,
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => *bus = None,
        }
    }
}

/// When trends have to be read from the store.
#[derive(Default)]
struct TrendsUpkeep {
    posted: bool,
    withdrawn: bool,
    ticks: u32,
}

impl TrendsUpkeep {
    fn record(&mut self, kind: EventKind) {
        match kind {
            EventKind::TweetPosted { .. } => self.posted = true,
            EventKind::TweetEdited { .. }
            | EventKind::TweetDeleted { .. }
            | EventKind::AccountHidden { .. }
            | EventKind::AccountShown { .. } => self.withdrawn = true,
            _ => {}
        }
    }

    async fn tick(&mut self, live: &Live) {
        self.ticks += 1;
        let rebuild = self.withdrawn && self.ticks >= TRENDS_REBUILD_TICKS;
        if !rebuild && !std::mem::take(&mut self.posted) {
            return;
        }
        if rebuild {
            *self = Self::default();
        }
        if let Err(error) = live.update_trends(rebuild).await {
            tracing::warn!(%error, "trends could not be updated");
        }
    }
}

impl Live {
    async fn update_trends(&self, rebuild: bool) -> Result<()> {
        let now_ms = self.clock.now_ms();
        if rebuild {
            let rebuilt = Trends::read(&self.store, now_ms).await?;
            *self.trends_state() = rebuilt;
            return Ok(());
        }
        let since = self.trends_state().newest();
        let uses = self.store.hashtag_uses_since(since).await?;
        self.trends_state().add(uses, now_ms);
        Ok(())
    }

    /// Says to the other servers who is online here; with `all`, also what they know.
    fn announce_elsewhere(&self, accounts: &[AccountId], all: bool) {
        let Some(bus) = self.store.bus() else { return };
        let present = self.hub().present_here(accounts, all, &self.config);
        for message in elsewhere::messages(&present) {
            bus.publish(message);
        }
    }

    fn hear(&self, server: u64, present: &[Present]) {
        let mut hub = self.hub();
        for heard in present.iter().filter_map(Present::decode) {
            hub.hear(server, heard);
        }
        self.presence_changed.notify_one();
    }

    /// Takes in a message of another server.
    async fn take_in(&self, message: &BusMessage) {
        let Ok(announcement) = Announcement::decode(&*message.bytes) else { return };
        self.hear(message.from, &announcement.present);
        let typing =
            announcement.typing.map(|typing| (AccountId::new(typing.from), AccountId::new(typing.to)));
        if let Some((Some(from), Some(to))) = typing {
            let from = self.store.accounts(&[from]).await.unwrap_or_default().pop();
            if let Some(from) = from {
                self.typing_here(from, to);
            }
        }
    }

    async fn announce_presence(&self, accounts: Vec<AccountId>) {
        let changes = self.hub().presence_changes(accounts, &self.config);
        for (account, presence) in changes {
            if self.hub().presence_subscriptions().is_empty() {
                continue;
            }
            let Some(view) = self.store.accounts(&[account]).await.unwrap_or_default().pop() else {
                continue;
            };
            let mut hub = self.hub();
            let payload = Payload::new(LiveEvent::Presence(view, presence, hub.idle(account)));
            for (subscriber, target) in hub.presence_subscriptions() {
                if hub.lists(subscriber, account) == Some(true) {
                    hub.push(target, None, &payload, self.config.inbox);
                }
            }
        }
    }

    /// Sends the unread counts that waited.
    async fn send_unread_due(&self) {
        let due = self.hub().take_unread_due(self.config.spacing);
        for recipient in due {
            let kind = EventKind::UnreadChanged { recipient };
            match self.prepare(kind).await {
                Ok(prepared) => self.push_all(&mut self.hub(), &prepared, kind, None),
                Err(error) => tracing::warn!(%error, "an unread count could not be read"),
            }
        }
    }

    /// Puts a prepared event into the inboxes of its subscribers, as of this event or of the last one.
    fn push_all(&self, hub: &mut Hub, prepared: &Prepared, kind: EventKind, event: Option<EventId>) {
        let after = hub.head;
        for (target, payload) in prepared.for_all(hub, kind, after) {
            hub.push(target, Some(event.unwrap_or(after)), &payload, self.config.inbox);
        }
    }

    /// Whether an event is sent later, together with others of its kind.
    fn waits(&self, kind: EventKind) -> bool {
        let spacing = self.config.spacing;
        match kind {
            EventKind::UnreadChanged { recipient } => {
                let mut hub = self.hub();
                let notices = hub.unread_notices(recipient);
                notices.is_some_and(|notices| !notices.changed(Instant::now(), spacing))
            }
            EventKind::Notified { recipient, .. } => {
                if let Some(notices) = self.hub().unread_notices(recipient) {
                    notices.notified(Instant::now(), spacing);
                }
                false
            }
            // Most events, tweets among them: nothing to look up.
            _ => false,
        }
    }

    async fn distribute(&self, event: Event) {
        if self.hub().is_idle() {
            // Under the same lock as subscribing: no subscriber is missed in between.
            let mut hub = self.hub();
            if hub.is_idle() {
                hub.head = event.id;
                return;
            }
        }
        if event.kind.is_effect() || self.waits(event.kind) {
            self.hub().head = event.id;
            return;
        }
        self.update_relationships(event.kind).await;
        let deliveries = match self.prepare(event.kind).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                // Subscribers do not get it: they are notified of the gap.
                tracing::error!(%error, "an event could not be read");
                Prepared::Missing
            }
        };
        let mut hub = self.hub();
        self.push_all(&mut hub, &deliveries, event.kind, Some(event.id));
        match event.kind {
            EventKind::SessionEnded { session, account } => hub.end_sessions(account, Some(session)),
            EventKind::AccountHidden { account } => hub.end_sessions(account, None),
            _ => {}
        }
        hub.head = event.id;
    }

    async fn update_relationships(&self, kind: EventKind) {
        let reload = {
            let mut hub = self.hub();
            match kind {
                EventKind::Followed { follower, followee } => {
                    hub.follow_changed(follower, followee, true);
                    return;
                }
                EventKind::Unfollowed { follower, followee } => {
                    hub.follow_changed(follower, followee, false);
                    return;
                }
                EventKind::Blocked { blocker, blocked } => {
                    hub.block_began(blocker, blocked);
                    return;
                }
                EventKind::Muted { muter, muted } => {
                    hub.mute_changed(muter, muted, true);
                    return;
                }
                EventKind::Unmuted { muter, muted } => {
                    hub.mute_changed(muter, muted, false);
                    return;
                }
                // The other account may block too: only the store knows.
                EventKind::Unblocked { blocker, blocked } => vec![blocker, blocked],
                EventKind::ProfileEdited { account } => vec![account],
                _ => return,
            }
        };
        for account in reload {
            if self.hub().mark_relationships_outdated(account) {
                self.load_relationships_or_later(account).await;
            }
        }
        self.presence_changed.notify_one();
    }

    /// Reads the relationships of a connected account if they are not in memory.
    ///
    /// # Errors
    /// Those of the store. Then they are read again with the next subscription, and every second.
    pub(super) async fn load_relationships(&self, account: AccountId) -> Result<()> {
        loop {
            let Some(generation) = self.hub().relationships_to_load(account) else { return Ok(()) };
            let graph = self.store.social_graph(account).await?;
            if self.hub().set_relationships(account, generation, graph) {
                return Ok(());
            }
        }
    }

    async fn load_relationships_or_later(&self, account: AccountId) {
        if let Err(error) = self.load_relationships(account).await {
            tracing::warn!(%error, "relationships could not be read");
        }
    }

    /// Reads those that could not be read before.
    async fn load_missing_relationships(&self) {
        let missing = self.hub().subscribers_without_relationships();
        for account in missing {
            self.load_relationships_or_later(account).await;
        }
    }

    /// Reads what an event is about, once for all subscribers.
    pub(super) async fn prepare(&self, kind: EventKind) -> Result<Prepared> {
        let store = &self.store;
        Ok(match kind {
            EventKind::TweetPosted { tweet, author, .. } | EventKind::TweetEdited { tweet, author } => {
                if !self.hub().anyone_reads(author) {
                    return Ok(Prepared::Nothing);
                }
                let edited = matches!(kind, EventKind::TweetEdited { .. });
                let event =
                    |page| if edited { LiveEvent::TweetEdited(page) } else { LiveEvent::TweetPosted(page) };
                HydratedTweet::read(store, tweet, author, event)
                    .await?
                    .map_or(Prepared::Nothing, Prepared::Tweet)
            }
            EventKind::TweetDeleted { tweet, .. } => {
                Prepared::Same(Payload::new(LiveEvent::TweetDeleted(tweet)))
            }
            EventKind::Notified { recipient, notification } => {
                if self.hub().notification_subscriptions(recipient).is_empty() {
                    return Ok(Prepared::Nothing);
                }
                let payload = hydrate::notification(store, recipient, notification).await?;
                payload.map_or(Prepared::Nothing, Prepared::Same)
            }
            EventKind::UnreadChanged { recipient } => {
                if self.hub().notification_subscriptions(recipient).is_empty() {
                    return Ok(Prepared::Nothing);
                }
                let unread = store.unread_notifications(recipient).await?;
                Prepared::Same(Payload::new(LiveEvent::Unread(unread)))
            }
            EventKind::Announced { .. }
            | EventKind::AnnouncementRemoved { .. }
            | EventKind::AnnouncementDismissed { .. } => {
                let payload = hydrate::announcement(store, kind, self.clock.now_ms()).await?;
                payload.map_or(Prepared::Nothing, Prepared::Same)
            }
            EventKind::MessageSent { message, author, to, .. }
            | EventKind::MessageChanged { message, author, to, .. } => {
                let accounts = store.accounts(&[author, to]).await?;
                let find = |id: AccountId| accounts.iter().find(|account| account.id == id).cloned();
                match (store.message(message).await?, find(author), find(to)) {
                    (Some(message), Some(author), Some(to)) => {
                        let event = |with| {
                            let (message, author) = (message.clone(), author.clone());
                            Payload::new(match kind {
                                EventKind::MessageSent { .. } => LiveEvent::Message { message, author, with },
                                _ => LiveEvent::MessageChanged { message, author, with },
                            })
                        };
                        Prepared::Pair { actor: event(to), other: event(author.clone()) }
                    }
                    _ => Prepared::Nothing,
                }
            }
            EventKind::ConversationMarked { conversation, account, .. } => {
                let marks = store.read_receipts(conversation, account).await?;
                match store.accounts(&[account]).await?.pop() {
                    Some(account) => {
                        Prepared::Same(Payload::new(LiveEvent::ReadReceipts { conversation, account, marks }))
                    }
                    None => Prepared::Nothing,
                }
            }
            _ => Prepared::Nothing,
        })
    }
}

/// An event with what it is about.
pub(super) enum Prepared {
    /// No one is notified.
    Nothing,
    /// It could not be read.
    Missing,
    /// All subscribers get the same.
    Same(Arc<Payload>),
    /// Each of the two accounts of a conversation sees the other one.
    Pair { actor: Arc<Payload>, other: Arc<Payload> },
    /// Each subscriber gets what they may see.
    Tweet(HydratedTweet),
}

impl Prepared {
    /// What each subscription gets.
    fn for_all(&self, hub: &Hub, kind: EventKind, after: EventId) -> Vec<(Target, Arc<Payload>)> {
        let gap;
        let hashtags = match self {
            Self::Tweet(tweet) => Some(tweet.hashtags()),
            _ => None,
        };
        let same = match self {
            Self::Nothing => return Vec::new(),
            Self::Missing => {
                gap = Payload::new(LiveEvent::Gap { after });
                &gap
            }
            Self::Same(payload) => payload,
            Self::Pair { .. } | Self::Tweet(_) => {
                return targets(hub, kind, hashtags)
                    .into_iter()
                    .filter_map(|(account, target, rule)| {
                        Some((target, Arc::clone(self.for_one(hub, kind, account, rule)?)))
                    })
                    .collect();
            }
        };
        targets(hub, kind, hashtags).into_iter().map(|(_, target, _)| (target, Arc::clone(same))).collect()
    }

    /// What one subscriber gets.
    pub(super) fn for_one(
        &self,
        hub: &Hub,
        kind: EventKind,
        account: AccountId,
        rule: Rule,
    ) -> Option<&Arc<Payload>> {
        match self {
            Self::Nothing | Self::Missing => None,
            Self::Same(payload) => Some(payload),
            Self::Pair { actor, other } => match kind {
                EventKind::MessageSent { author, .. } | EventKind::MessageChanged { author, .. }
                    if author == account =>
                {
                    Some(actor)
                }
                _ => Some(other),
            },
            Self::Tweet(tweet) => match rule {
                Rule::List(list) => tweet.for_subscriber(list, account, hub.relationships(account)?),
                Rule::Own => None,
            },
        }
    }

    /// Whether a tweet has this hashtag.
    pub(super) fn has_hashtag(&self, key: &str) -> bool {
        matches!(self, Self::Tweet(tweet) if tweet.hashtags().iter().any(|tag| tag.key() == key))
    }
}

/// Which events a subscription gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Tweets that this list shows.
    List(TweetList),
    /// Notifications and conversations of the subscriber.
    Own,
}

/// Every subscription that an event may concern. Without hashtags, as of a deleted tweet, all hashtag subscriptions.
fn targets(hub: &Hub, kind: EventKind, hashtags: Option<&[Hashtag]>) -> Vec<(AccountId, Target, Rule)> {
    let own = |account: AccountId, targets: Vec<Target>| {
        targets.into_iter().map(move |target| (account, target, Rule::Own)).collect::<Vec<_>>()
    };
    let with = |list: TweetList, targets: Vec<(AccountId, Target)>| {
        targets
            .into_iter()
            .map(move |(account, target)| (account, target, Rule::List(list)))
            .collect::<Vec<_>>()
    };
    match kind {
        EventKind::TweetPosted { author, .. }
        | EventKind::TweetEdited { author, .. }
        | EventKind::TweetDeleted { author, .. } => [
            with(TweetList::Home, hub.home_subscriptions(author).collect()),
            with(TweetList::Public, hub.local_subscriptions()),
            with(
                TweetList::Public,
                match hashtags {
                    Some(hashtags) => {
                        hashtags.iter().flat_map(|tag| hub.hashtag_subscriptions(tag.key())).collect()
                    }
                    None => hub.all_hashtag_subscriptions(),
                },
            ),
        ]
        .concat(),
        EventKind::Notified { recipient: account, .. }
        | EventKind::UnreadChanged { recipient: account }
        | EventKind::AnnouncementDismissed { account, .. } => {
            own(account, hub.notification_subscriptions(account))
        }
        EventKind::Announced { .. } | EventKind::AnnouncementRemoved { .. } => hub
            .all_notification_subscriptions()
            .into_iter()
            .map(|(account, target)| (account, target, Rule::Own))
            .collect(),
        EventKind::MessageSent { author: one, to: other, .. }
        | EventKind::MessageChanged { author: one, to: other, .. }
        | EventKind::ConversationMarked { account: one, with: other, .. } => [
            own(one, hub.conversation_subscriptions(one, other)),
            own(other, hub.conversation_subscriptions(other, one)),
        ]
        .concat(),
        _ => Vec::new(),
    }
}
