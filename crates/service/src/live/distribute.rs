//! The one task that takes what the store tells, in commit order, and puts it into the inboxes.

use std::sync::{Arc, Weak};
use std::time::Duration;

use model::{AccountId, EventId, Hashtag, Result};

use super::hub::Target;
use super::hydrate::{self, HydratedTweet};
use super::{Live, LiveEvent, Payload};
use store::{Event, EventKind, EventReceiver};

/// How often presence is looked at, and trends take in what is new.
const TICK: Duration = Duration::from_secs(1);
/// How often trends are gathered anew after something was taken back.
const TRENDS_ANEW_TICKS: u32 = 30;

/// Ends with the live room or with the store.
pub(super) async fn run(live: Weak<Live>, mut feed: EventReceiver) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut trends = TrendsUpkeep::default();
    loop {
        let Some(strong) = live.upgrade() else { return };
        tokio::select! {
            batch = feed.recv() => {
                let Some(batch) = batch else { return };
                for event in batch.iter() {
                    trends.note(event.kind);
                    strong.distribute(*event).await;
                }
            }
            () = strong.presence_changed.notified() => {
                let presence_dirty = strong.hub().take_unsettled();
                strong.announce_presence(presence_dirty).await;
            }
            _ = tick.tick() => {
                let everyone = strong.hub().everyone();
                strong.announce_presence(everyone).await;
                trends.tick(&strong).await;
            }
        }
    }
}

/// When trends have to look at the store.
#[derive(Default)]
struct TrendsUpkeep {
    posted: bool,
    taken_back: bool,
    ticks: u32,
}

impl TrendsUpkeep {
    fn note(&mut self, kind: EventKind) {
        match kind {
            EventKind::TweetPosted { .. } => self.posted = true,
            EventKind::TweetEdited { .. }
            | EventKind::TweetDeleted { .. }
            | EventKind::AccountHidden { .. }
            | EventKind::AccountShown { .. } => self.taken_back = true,
            _ => {}
        }
    }

    async fn tick(&mut self, live: &Live) {
        self.ticks += 1;
        let anew = self.taken_back && self.ticks >= TRENDS_ANEW_TICKS;
        if !anew && !std::mem::take(&mut self.posted) {
            return;
        }
        if anew {
            *self = Self::default();
        }
        if let Err(error) = live.update_trends(anew).await {
            tracing::warn!(%error, "trends could not be updated");
        }
    }
}

impl Live {
    async fn update_trends(&self, anew: bool) -> Result<()> {
        let now_ms = self.clock.now_ms();
        let lock = || self.trends.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if anew {
            let gathered = super::Trends::gather(&self.store, now_ms).await?;
            *lock() = gathered;
            return Ok(());
        }
        let since = lock().newest();
        let uses = self.store.hashtag_uses_since(since).await?;
        lock().add(uses, now_ms);
        Ok(())
    }

    async fn announce_presence(&self, of: Vec<AccountId>) {
        let changes = self.hub().presence_changes(of, self.config.away_after, self.config.offline_grace);
        for (account, presence) in changes {
            if self.hub().presence_subscriptions().is_empty() {
                continue;
            }
            let Some(who) = self.store.accounts(&[account]).await.unwrap_or_default().pop() else { continue };
            let mut hub = self.hub();
            let payload = Payload::new(LiveEvent::Presence(who, presence, hub.idle(account)));
            for (listener, target) in hub.presence_subscriptions() {
                if hub
                    .attendance(listener)
                    .is_some_and(|relationships| !relationships.blocked.contains(&account))
                {
                    hub.push(target, None, &payload, self.config.inbox);
                }
            }
        }
    }

    async fn distribute(&self, event: Event) {
        if self.hub().is_idle() {
            // Under the same lock as a connection's subscription: nobody is missed in between.
            let mut hub = self.hub();
            if hub.is_idle() {
                hub.head = event.id;
                return;
            }
        }
        self.change_ties(event.kind).await;
        let deliveries = match self.prepare(event.kind).await {
            Ok(deliveries) => deliveries,
            Err(error) => {
                // The listeners will not get it: they are told that something is missing.
                tracing::error!(%error, "an event could not be read");
                Prepared::Missing
            }
        };
        let mut hub = self.hub();
        let inbox = self.config.inbox;
        let after = hub.head;
        for (target, payload) in deliveries.for_all(&hub, event.kind, after) {
            hub.push(target, Some(event.id), &payload, inbox);
        }
        match event.kind {
            EventKind::SessionEnded { session, account } => hub.end_sessions(account, Some(session)),
            EventKind::AccountHidden { account } => hub.end_sessions(account, None),
            _ => {}
        }
        hub.head = event.id;
    }

    async fn change_ties(&self, kind: EventKind) {
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
                // The other one may block too: only the store knows.
                EventKind::Unblocked { blocker, blocked } => vec![blocker, blocked],
                EventKind::ProfileEdited { account } => vec![account],
                _ => return,
            }
        };
        for account in reload {
            if self.hub().ties_outdated(account) {
                self.load_ties(account).await;
            }
        }
        self.presence_changed.notify_one();
    }

    /// Reads someone's relationships if they are not known.
    pub(super) async fn load_ties(&self, account: AccountId) {
        loop {
            let Some(generation) = self.hub().ties_to_load(account) else { return };
            match self.store.social_graph(account).await {
                Ok(relationships) => {
                    if self.hub().set_ties(account, generation, relationships) {
                        return;
                    }
                }
                Err(error) => {
                    tracing::error!(%error, "relationships could not be read");
                    return;
                }
            }
        }
    }

    /// Reads what an event is about, once for all.
    pub(super) async fn prepare(&self, kind: EventKind) -> Result<Prepared> {
        let store = &self.store;
        Ok(match kind {
            EventKind::TweetPosted { tweet, author } | EventKind::TweetEdited { tweet, author } => {
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
            EventKind::MessageSent { message, author, to, .. } => {
                let accounts = store.accounts(&[author, to]).await?;
                let find = |id: AccountId| accounts.iter().find(|account| account.id == id).cloned();
                match (store.message(message).await?, find(author), find(to)) {
                    (Some(message), Some(author), Some(to)) => {
                        let event = |with| {
                            let (message, author) = (message.clone(), author.clone());
                            Payload::new(LiveEvent::Message { message, author, with })
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

/// What an event says, ready for everyone.
pub(super) enum Prepared {
    /// Nobody is told.
    Nothing,
    /// It could not be read.
    Missing,
    /// Everyone is told the same.
    Same(Arc<Payload>),
    /// The two of a conversation each see the other.
    Pair { actor: Arc<Payload>, other: Arc<Payload> },
    /// Everyone is told what they may see.
    Tweet(HydratedTweet),
}

impl Prepared {
    /// Who is told what.
    fn for_all(&self, hub: &super::Hub, kind: EventKind, after: EventId) -> Vec<(Target, Arc<Payload>)> {
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
                    .filter_map(|(account, target, topic)| {
                        Some((target, Arc::clone(self.for_one(hub, kind, account, topic)?)))
                    })
                    .collect();
            }
        };
        targets(hub, kind, hashtags).into_iter().map(|(_, target, _)| (target, Arc::clone(same))).collect()
    }

    /// What one subscriber is told.
    pub(super) fn for_one(
        &self,
        hub: &super::Hub,
        kind: EventKind,
        account: AccountId,
        topic: TopicKind,
    ) -> Option<&Arc<Payload>> {
        match self {
            Self::Nothing | Self::Missing => None,
            Self::Same(payload) => Some(payload),
            Self::Pair { actor, other } => match kind {
                EventKind::MessageSent { author, .. } if author == account => Some(actor),
                _ => Some(other),
            },
            Self::Tweet(tweet) => {
                let relationships = hub.attendance(account)?;
                match topic {
                    TopicKind::Home => tweet.for_home(account, relationships),
                    TopicKind::Local if tweet.is_retweet() => None,
                    TopicKind::Local | TopicKind::Hashtag => tweet.for_listener(account, relationships),
                    TopicKind::Own => None,
                }
            }
        }
    }

    /// Whether a tweet has this hashtag.
    pub(super) fn has_hashtag(&self, key: &str) -> bool {
        matches!(self, Self::Tweet(tweet) if tweet.hashtags().iter().any(|tag| tag.key() == key))
    }
}

/// By which rule a subscription is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TopicKind {
    Home,
    Local,
    Hashtag,
    /// Notifications and conversations: only one's own.
    Own,
}

/// Every subscription that an event may concern. Hashtags that are not known (any more) may be any.
fn targets(
    hub: &super::Hub,
    kind: EventKind,
    hashtags: Option<&[Hashtag]>,
) -> Vec<(AccountId, Target, TopicKind)> {
    let own = |account: AccountId, targets: Vec<Target>| {
        targets.into_iter().map(move |target| (account, target, TopicKind::Own)).collect::<Vec<_>>()
    };
    let with = |kind: TopicKind, list: Vec<(AccountId, Target)>| {
        list.into_iter().map(move |(account, target)| (account, target, kind)).collect::<Vec<_>>()
    };
    match kind {
        EventKind::TweetPosted { author, .. }
        | EventKind::TweetEdited { author, .. }
        | EventKind::TweetDeleted { author, .. } => [
            with(TopicKind::Home, hub.home_subscriptions(author).collect()),
            with(TopicKind::Local, hub.local_subscriptions()),
            with(
                TopicKind::Hashtag,
                match hashtags {
                    Some(hashtags) => {
                        hashtags.iter().flat_map(|tag| hub.hashtag_subscriptions(tag.key())).collect()
                    }
                    None => hub.all_hashtag_subscriptions(),
                },
            ),
        ]
        .concat(),
        EventKind::Notified { recipient, .. } => own(recipient, hub.notification_subscriptions(recipient)),
        EventKind::MessageSent { author: one, to: other, .. }
        | EventKind::ConversationMarked { account: one, with: other, .. } => [
            own(one, hub.conversation_subscriptions(one, other)),
            own(other, hub.conversation_subscriptions(other, one)),
        ]
        .concat(),
        _ => Vec::new(),
    }
}
