//! Verbs that keep running: they show what exists, then live events, across lost connections, without gaps and
//! without duplicates.

use std::time::Duration;

use client::{Client, ClientError, State, Subscription, Update};
use protocol::v1;
use protocol::v1::event::Event;
use protocol::v1::live_announcement::Change;
use protocol::v1::page_request::Position;
use protocol::v1::read_timeline::Timeline;
use protocol::v1::subscribe::Topic;
use serde_json::{Map, Value, json};
use tokio::sync::watch;

use super::paging::{page_of, page_request};
use crate::args::{Notifs, Page, Since};
use crate::context::{Context, PAGE_MAX};
use crate::exit::Failure;
use crate::output::style::{TimeFormat, list_time, local_time, prose, rfc3339};
use crate::output::tweets::{Referred, author};
use crate::output::{Row, people, tweets};

/// How often the timeline of a person is read again while it is followed.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// Waits for the next update; meanwhile reports changes of the connection.
pub(super) async fn next(
    context: &Context,
    live: &mut Subscription,
    state: &mut watch::Receiver<State>,
) -> Result<Update, Failure> {
    loop {
        tokio::select! {
            update = live.next() => return update.ok_or_else(|| why_ended(live)),
            changed = state.changed() => {
                // Without a sender the subscription ends too.
                if changed.is_ok() {
                    match &*state.borrow_and_update() {
                        State::Connected => context.out.say("Connected again."),
                        State::Late => context.out.say("The server does not respond. Waiting…"),
                        State::Reconnecting { why } => context.out.say(&format!("Connection lost: {why}. Reconnecting…")),
                        State::SignedOut(_) | State::Stopped(_) => {}
                    }
                } else {
                    return live.next().await.ok_or_else(|| why_ended(live));
                }
            }
        }
    }
}

fn why_ended(live: &Subscription) -> Failure {
    live.ended().cloned().unwrap_or(ClientError::Lost).into()
}

/// Shows a timeline, oldest first, then new tweets.
pub(super) async fn tweets(context: &Context, timeline: Timeline, page: Page) -> Result<(), Failure> {
    if page.before.is_some() {
        return Err(Failure::Usage("--follow shows newer tweets; use --since, not --before".to_owned()));
    }
    let topic = match &timeline {
        Timeline::Home(_) => Topic::Home(v1::HomeTopic {}),
        Timeline::Local(_) => Topic::Local(v1::LocalTopic {}),
        Timeline::Hashtag(tag) => Topic::Hashtag(tag.clone()),
        Timeline::User(_) | Timeline::Replies(_) => return of_person(context, timeline, page).await,
        _ => {
            let known = "home, mine, local, @user and #tag";
            return Err(Failure::Usage(format!("--follow works with {known} only")));
        }
    };
    let client = context.signed_in().await?;
    let mut state = client.state();
    // Before reading: what is posted in between comes live, and is shown once because its id says so.
    let mut live = client.subscribe(topic, None).await?;
    let mut notifications = client.subscribe(Topic::Notifications(v1::NotificationsTopic {}), None).await?;
    let mut last = begin(context, &client, &timeline, &page).await?;
    loop {
        let update = tokio::select! {
            update = next(context, &mut live, &mut state) => update?,
            update = notifications.next() => update.ok_or_else(|| why_ended(&notifications))?,
        };
        match update.event {
            Event::Announcement(came) => announced(context, came)?,
            Event::TweetPosted(posted) => {
                let id = posted.tweet.as_ref().map_or(0, |tweet| tweet.id);
                if id > last {
                    last = id;
                    context.out.all(tweets::live(posted, "posted"))?;
                }
            }
            Event::TweetEdited(edited) => context.out.all(tweets::live(edited, "edited"))?,
            Event::TweetDeleted(gone) => context.out.row(&tweets::deleted(gone.tweet_id))?,
            Event::Gap(_) => show_newer(context, &client, &timeline, &mut last).await?,
            // Notifications, and events that only newer servers send.
            _ => {}
        }
    }
}

/// The same for the tweets of one person. There is no topic for them: the topics of the local and the home timeline say
/// when to look, and a timer finds what is in neither.
async fn of_person(context: &Context, timeline: Timeline, page: Page) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let mut state = client.state();
    let mut local = client.subscribe(Topic::Local(v1::LocalTopic {}), None).await?;
    let mut home = client.subscribe(Topic::Home(v1::HomeTopic {}), None).await?;
    let mut notifications = client.subscribe(Topic::Notifications(v1::NotificationsTopic {}), None).await?;
    let mut last = begin(context, &client, &timeline, &page).await?;
    let mut timer = tokio::time::interval(LOOK_AGAIN);
    loop {
        let update = tokio::select! {
            update = next(context, &mut local, &mut state) => Some(update?),
            update = home.next() => Some(update.ok_or_else(|| why_ended(&home))?),
            update = notifications.next() => Some(update.ok_or_else(|| why_ended(&notifications))?),
            _ = timer.tick() => None,
        };
        let is_new = match update.map(|update| update.event) {
            None | Some(Event::Gap(_)) => true,
            Some(Event::TweetPosted(posted)) => is_by(&posted, &timeline),
            Some(Event::Announcement(came)) => {
                announced(context, came)?;
                false
            }
            _ => false,
        };
        if is_new {
            show_newer(context, &client, &timeline, &mut last).await?;
        }
    }
}

/// Shows a new announcement to people. Programs get it from `watch`.
fn announced(context: &Context, came: v1::LiveAnnouncement) -> Result<(), Failure> {
    let text = match came.change {
        Some(Change::Added(announcement)) => announcement.text,
        Some(_) => return Ok(()),
        // A server that is older.
        None => came.text,
    };
    if text.is_empty() || !context.out.is_for_people() {
        return Ok(());
    }
    context.out.row(&Row::new(&[], [], format!("Announcement:\n{}", prose(&text))))
}

/// Whether the tweet may be in this person's timeline. Anyone's is in one's own, whose name is not known here.
fn is_by(posted: &v1::LiveTweet, timeline: &Timeline) -> bool {
    let (Timeline::User(name) | Timeline::Replies(name)) = timeline else { return false };
    let author = posted.tweet.as_ref().map_or(0, |tweet| tweet.author_id);
    let is_author = |account: &v1::Account| {
        account.id == author && account.username.eq_ignore_ascii_case(name.trim_start_matches('@'))
    };
    name.is_empty() || posted.accounts.iter().any(is_author)
}

/// Shows where a followed timeline begins, oldest first: what is newer than `--since`, else the last tweets. Returns the
/// id of the newest tweet, shown or not.
async fn begin(context: &Context, client: &Client, timeline: &Timeline, page: &Page) -> Result<u64, Failure> {
    if let Some(since) = &page.since {
        let mut last = since
            .parse()
            .map_err(|_| Failure::Usage("--since takes the id of a tweet with --follow".to_owned()))?;
        show_newer(context, client, timeline, &mut last).await?;
        return Ok(last);
    }
    let (mut pages, mut left, mut position) = (Vec::new(), page.limit, None);
    loop {
        // With a limit of 0, only the newest id is of interest.
        let answer = page_of(client, timeline, left.max(1), position).await?;
        left = left.saturating_sub(u32::try_from(answer.tweets.len()).unwrap_or(u32::MAX));
        position = Some(Position::Before(answer.next.clone()));
        let is_last = left == 0 || answer.next.is_empty();
        pages.push(answer);
        if is_last {
            break;
        }
    }
    let last = pages.first().and_then(|page| page.tweets.first()).map_or(0, |newest| newest.id);
    if page.limit > 0 {
        pages.into_iter().rev().try_for_each(|answer| show_reversed(context, answer))?;
    }
    Ok(last)
}

/// Shows all tweets newer than the last one, oldest first.
async fn show_newer(
    context: &Context,
    client: &Client,
    timeline: &Timeline,
    last: &mut u64,
) -> Result<(), Failure> {
    loop {
        // Nothing is newer than nothing.
        let position = (*last > 0).then(|| Position::After(last.to_string()));
        let answer = page_of(client, timeline, PAGE_MAX, position).await?;
        let Some(newest) = answer.tweets.first() else { return Ok(()) };
        *last = newest.id;
        show_reversed(context, answer)?;
    }
}

fn show_reversed(context: &Context, mut page: v1::TweetPage) -> Result<(), Failure> {
    page.tweets.reverse();
    context.out.all(tweets::page(page, local_time))
}

pub(super) async fn notifications(context: &Context, ask: Notifs) -> Result<(), Failure> {
    if ask.mark_read && context.global.read_only {
        return Err(ClientError::ReadOnly.into());
    }
    let client = context.signed_in().await?;
    let mut state = client.state();
    let live = if ask.follow {
        Some(client.subscribe(Topic::Notifications(v1::NotificationsTopic {}), None).await?)
    } else {
        None
    };
    let kinds: Vec<v1::NotificationKind> = ask.kind.iter().map(|kind| (*kind).into()).collect();
    let list = v1::ListNotifications {
        page: Some(page_request(&ask.page)),
        unread_only: ask.unread,
        kinds: kinds.iter().map(|kind| (*kind).into()).collect(),
    };
    let is_filtered = ask.unread || !kinds.is_empty();
    let mut page = client.ask(list.clone()).await?;
    let mut newest = page.notifications.first().map_or(0, |newest| newest.id);
    if ask.follow {
        page.notifications.reverse();
    }
    let referred = Referred::new(page.accounts, page.tweets);
    let time: TimeFormat = if ask.follow { local_time } else { list_time };
    context.out.all(page.notifications.iter().map(|one| people::notification(one, &referred, time)))?;
    if ask.mark_read && newest > 0 {
        let ids = page.notifications.iter().map(|one| one.id).filter(|_| is_filtered).collect();
        let up_to = if is_filtered { 0 } else { newest };
        client.ask(v1::MarkNotificationsRead { up_to, ids }).await?;
    }
    let Some(mut live) = live else { return Ok(()) };
    loop {
        match next(context, &mut live, &mut state).await?.event {
            Event::Notification(came) => {
                let Some((notification, referred)) = notification(came) else { continue };
                let is_asked_for = kinds.is_empty() || kinds.contains(&notification.kind());
                if is_asked_for && notification.id > newest {
                    newest = notification.id;
                    context.out.row(&people::notification(&notification, &referred, local_time))?;
                }
            }
            Event::Gap(_) => {
                let position = Some(Position::After(newest.to_string()));
                let page = Some(v1::PageRequest { limit: PAGE_MAX, position });
                let missed = client.ask(v1::ListNotifications { page, ..list.clone() }).await?;
                let referred = Referred::new(missed.accounts, missed.tweets);
                for one in missed.notifications.iter().rev().filter(|one| one.id > newest) {
                    context.out.row(&people::notification(one, &referred, local_time))?;
                }
                newest = missed.notifications.first().map_or(newest, |first| first.id.max(newest));
            }
            Event::Announcement(came) => {
                announced(context, came)?;
                continue;
            }
            _ => continue,
        }
        if ask.mark_read {
            let ids = if is_filtered { vec![newest] } else { Vec::new() };
            let up_to = if is_filtered { 0 } else { newest };
            client.ask(v1::MarkNotificationsRead { up_to, ids }).await?;
        }
    }
}

fn notification(came: v1::LiveNotification) -> Option<(v1::Notification, Referred)> {
    let about = came.tweet.unwrap_or_default();
    let accounts = about.accounts.into_iter().chain(came.account).collect();
    let tweets = about.referenced.into_iter().chain(about.tweet).collect();
    Some((came.notification?, Referred::new(accounts, tweets)))
}

pub(super) async fn online(context: &Context, follow: bool) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    if !follow {
        return list_online(context, &client).await;
    }
    let mut state = client.state();
    let mut live = client.subscribe(Topic::Presence(v1::PresenceTopic {}), None).await?;
    list_online(context, &client).await?;
    loop {
        if let Event::Presence(person) = next(context, &mut live, &mut state).await?.event {
            context.out.row(&people::person(&person))?;
        }
    }
}

async fn list_online(context: &Context, client: &Client) -> Result<(), Failure> {
    let list = client.ask(v1::ListOnline {}).await?;
    context.out.all(list.people.iter().map(people::person))
}

/// What happened to an announcement, and the text of the newest one now.
fn announcement(came: v1::LiveAnnouncement) -> Value {
    let (change, id) = match came.change {
        Some(Change::Added(added)) => {
            let mut about = super::announcements::row(&added).into_value();
            if let Value::Object(fields) = &mut about {
                fields.insert("change".into(), "added".into());
            }
            return about;
        }
        Some(Change::Removed(id)) => ("removed", id),
        Some(Change::Dismissed(id)) => ("dismissed", id),
        // A server that is older.
        None => return json!({ "text": came.text }),
    };
    json!({ "id": id.to_string(), "text": came.text, "change": change })
}

/// Every event of every topic, as JSON lines; after these sequences if there are any.
pub(super) async fn watch(context: &Context, since: &[Since]) -> Result<(), Failure> {
    let after = |topic: &str| {
        let of_topic =
            since.iter().rev().find(|since| since.topic.as_deref().is_none_or(|name| name == topic));
        of_topic.map(|since| since.sequence)
    };
    let client = context.signed_in().await?;
    let mut state = client.state();
    let mut home = client.subscribe(Topic::Home(v1::HomeTopic {}), after("home")).await?;
    let mut notifications =
        client.subscribe(Topic::Notifications(v1::NotificationsTopic {}), after("notifications")).await?;
    let mut conversations =
        client.subscribe(Topic::Conversations(v1::ConversationsTopic {}), after("conversations")).await?;
    let mut presence = client.subscribe(Topic::Presence(v1::PresenceTopic {}), None).await?;
    loop {
        let (topic, update) = tokio::select! {
            update = next(context, &mut home, &mut state) => ("home", update?),
            update = notifications.next() => ("notifications", update.ok_or_else(|| why_ended(&notifications))?),
            update = conversations.next() => ("conversations", update.ok_or_else(|| why_ended(&conversations))?),
            update = presence.next() => ("presence", update.ok_or_else(|| why_ended(&presence))?),
        };
        context.out.json(&event(topic, update))?;
    }
}

fn event(topic: &str, update: Update) -> Value {
    let tweet = |live: v1::LiveTweet| tweets::live(live, "").map_or(Value::Null, Row::into_value);
    let (kind, about) = match update.event {
        Event::TweetPosted(live) => ("tweet_posted", tweet(live)),
        Event::TweetEdited(live) => ("tweet_edited", tweet(live)),
        Event::TweetDeleted(gone) => ("tweet_deleted", json!({ "id": gone.tweet_id.to_string() })),
        Event::Notification(came) => {
            let row =
                notification(came).map(|(one, referred)| people::notification(&one, &referred, local_time));
            ("notification", row.map_or(Value::Null, Row::into_value))
        }
        Event::Message(came) => {
            let (message, with) = (came.message.unwrap_or_default(), came.with.unwrap_or_default());
            (
                "message",
                people::message(&message, &with, v1::ReadReceipts::default(), local_time).into_value(),
            )
        }
        Event::MessageChanged(came) => {
            let (message, with) = (came.message.unwrap_or_default(), came.with.unwrap_or_default());
            (
                "message_changed",
                people::message(&message, &with, v1::ReadReceipts::default(), local_time).into_value(),
            )
        }
        Event::Marks(came) => {
            let (who, marks) = (came.account.unwrap_or_default(), came.marks.unwrap_or_default());
            let read_at = Some(marks.read_ms).filter(|ms| *ms != 0).map(rfc3339);
            let marks = json!({
                "by": author(&who), "delivered": marks.delivered.to_string(), "read": marks.read.to_string(),
                "read_at": read_at,
            });
            ("marks", marks)
        }
        Event::Typing(came) => ("typing", author(&came.account.unwrap_or_default())),
        Event::Presence(person) => ("presence", people::person(&person).into_value()),
        Event::Gap(gap) => ("gap", json!({ "after": gap.after.to_string() })),
        Event::Closed(_) => ("closed", Value::Null),
        Event::Announcement(came) => ("announcement", announcement(came)),
        Event::Unread(came) => ("unread", json!({ "unread": came.unread })),
    };
    let mut object = Map::new();
    object.insert("v".into(), 1.into());
    object.insert("topic".into(), topic.into());
    object.insert("event".into(), kind.into());
    object.insert("sequence".into(), update.sequence.to_string().into());
    object.insert("at".into(), rfc3339(model::time_of_id(update.sequence)).into());
    object.insert("about".into(), about);
    Value::Object(object)
}
