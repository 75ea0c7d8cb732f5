//! Export of all data of an account as JSON lines, page by page.

use model::limits::{PAGE_BYTES_MAX, PAGE_ITEMS_MAX, TWEET_VERSIONS_MAX};
use model::{
    Account, AccountId, Cursor, DirectMessage, Error, MessageId, Operation, ReadLine, Report, Result, Span,
    SshKey, Tweet, TweetId,
};
use serde_json::{Value, json};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{AccountList, ConversationList, Timeline};

/// Far more open reports than one account makes.
const REPORTS_EXPORTED_MAX: usize = 500;

/// Versions of a tweet in one object or on one page: all of a tweet, unless it is from before the limit.
const VERSIONS_TOGETHER: usize = TWEET_VERSIONS_MAX + 1;

/// A part of an export.
#[derive(Debug, Clone, Default)]
pub struct ExportPage {
    /// One JSON object each, with a `type`.
    pub json_lines: Vec<String>,
    /// The cursor of the next page; `None` at the end.
    pub next: Option<String>,
}

/// The parts of an export, in order.
const SECTIONS: &[&str] = &[
    "profile",
    "tweets",
    "likes",
    "bookmarks",
    "following",
    "followers",
    "blocked",
    "muted",
    "dismissed",
    "read_lines",
    "ssh_keys",
    "reports",
    "messages",
];

impl Service {
    /// The next page of the caller's data. The first page has an empty cursor.
    ///
    /// # Errors
    /// `INVALID{cursor}`.
    pub async fn export(&self, caller: &Caller, cursor: &str) -> Result<ExportPage> {
        let (account, _) = policy::member(caller, Operation::Export)?;
        let cursor = if cursor.is_empty() { "profile" } else { cursor };
        let (section, place) = cursor.split_once('/').unwrap_or((cursor, ""));
        let Some(number) = SECTIONS.iter().position(|s| *s == section) else {
            return Err(bad_cursor());
        };
        let (objects, further) = match section {
            "profile" => (vec![self.export_profile(account).await?], None),
            "tweets" => self.export_tweets(account, place).await?,
            "likes" => self.export_list(Timeline::Likes(account), "like", place).await?,
            "bookmarks" => self.export_list(Timeline::Bookmarks(account), "bookmark", place).await?,
            "following" => {
                self.export_people(account, AccountList::Following(account), section, place).await?
            }
            "followers" => {
                self.export_people(account, AccountList::Followers(account), section, place).await?
            }
            "blocked" => self.export_people(account, AccountList::Blocked, section, place).await?,
            "muted" => self.export_people(account, AccountList::Muted, section, place).await?,
            "dismissed" => {
                let dismissed = self.store.dismissed_suggestions(account).await?;
                let mut objects = people_as_objects(&dismissed, section);
                objects.extend(self.export_dismissed_announcements(caller).await?);
                (objects, None)
            }
            "read_lines" => (self.export_read_lines(account).await?, None),
            "ssh_keys" => (self.export_ssh_keys(account).await?, None),
            "reports" => self.export_reports(account, place).await?,
            _ => self.export_messages(account, place).await?,
        };
        let next = match further {
            Some(place) => Some(format!("{section}/{place}")),
            None => SECTIONS.get(number + 1).map(|section| (*section).to_owned()),
        };
        Ok(ExportPage { json_lines: objects.iter().map(Value::to_string).collect(), next })
    }

    async fn export_profile(&self, account: AccountId) -> Result<Value> {
        let profile = self.own_profile(account).await?;
        Ok(json!({
            "type": "profile",
            "id": account.to_string(),
            "username": profile.account.username.as_str(),
            "display_name": profile.account.display_name.as_str(),
            "bio": profile.bio.as_str(),
            "created_ms": profile.created_ms,
            "presence_hidden": profile.presence_hidden,
        }))
    }

    async fn export_read_lines(&self, account: AccountId) -> Result<Vec<Value>> {
        let lines = self.store.read_lines(account).await?;
        let object = |line: &ReadLine| {
            json!({
                "type": "read_line",
                "timeline": line.timeline.as_str(),
                "tweet": line.tweet.to_string(),
            })
        };
        Ok(lines.iter().map(object).collect())
    }

    async fn export_dismissed_announcements(&self, caller: &Caller) -> Result<Vec<Value>> {
        let announcements = self.announcements(caller).await?;
        let dismissed = announcements.iter().filter(|one| one.dismissed);
        Ok(dismissed
            .map(|one| json!({ "type": "dismissed_announcement", "id": one.id.to_string() }))
            .collect())
    }

    async fn export_ssh_keys(&self, account: AccountId) -> Result<Vec<Value>> {
        let keys = self.store.ssh_keys(account).await?;
        let object = |key: &SshKey| {
            json!({
                "type": "ssh_key",
                "id": key.id.to_string(),
                "fingerprint": key.fingerprint.to_string(),
                "name": key.name.as_str(),
                "created_ms": key.id.time_ms(),
                "last_used_ms": key.last_used_ms,
            })
        };
        Ok(keys.iter().map(object).collect())
    }

    /// The place is the last report of the page before.
    async fn export_reports(&self, account: AccountId, place: &str) -> Result<(Vec<Value>, Option<String>)> {
        let after = if place.is_empty() { 0 } else { number(place)? };
        let reports = self.store.reports(Some(account), REPORTS_EXPORTED_MAX).await?;
        let object = |report: &Report| {
            json!({
                "type": "report",
                "id": report.id.to_string(),
                "created_ms": report.id.time_ms(),
                "username": report.account.username.as_str(),
                "tweet": report.tweet.map(|id| id.to_string()),
                "reason": report.reason.as_str(),
            })
        };
        let left = reports.iter().filter(|report| report.id.get() > after);
        Ok(fitting(left, object, |report| report.id.to_string()))
    }

    /// The place is the last tweet of the page before and, if more of its versions follow, the time of the last one.
    async fn export_tweets(&self, account: AccountId, place: &str) -> Result<(Vec<Value>, Option<String>)> {
        let (before, after_ms) = place.split_once('/').unwrap_or((place, ""));
        if !after_ms.is_empty() {
            let tweet = TweetId::new(number(before)?).ok_or_else(bad_cursor)?;
            return self.export_versions(account, tweet, number(after_ms)?.cast_signed()).await;
        }
        let (ids, further) = self.export_ids(Timeline::User(account), before).await?;
        let (mut objects, mut bytes) = (Vec::with_capacity(ids.len()), 0);
        for record in self.store.tweets(account, &ids).await? {
            let tweet = record.tweet;
            let history = match tweet.edited_ms {
                Some(_) => self.store.tweet_history(tweet.id, 0, VERSIONS_TOGETHER).await?,
                None => Vec::new(),
            };
            let last = history
                .last()
                .map(|(_, written_ms)| *written_ms)
                .filter(|_| history.len() == VERSIONS_TOGETHER);
            let object = exported_tweet(&tweet, &history);
            bytes += object.to_string().len();
            objects.push(object);
            // A tweet that was edited before there was a limit.
            if let Some(last) = last.filter(|last| tweet.edited_ms > Some(*last)) {
                return Ok((objects, Some(format!("{}/{last}", tweet.id))));
            }
            if bytes >= PAGE_BYTES_MAX {
                return Ok((objects, Some(tweet.id.to_string())));
            }
        }
        Ok((objects, further))
    }

    /// Further versions of a tweet of this account.
    async fn export_versions(
        &self,
        account: AccountId,
        tweet: TweetId,
        after_ms: i64,
    ) -> Result<(Vec<Value>, Option<String>)> {
        let record = self.store.tweets(account, &[tweet]).await?.pop();
        // Deleted meanwhile; and a cursor with the tweet of someone else is not from here.
        if record.is_none_or(|record| record.tweet.author != account) {
            return Ok((Vec::new(), Some(tweet.to_string())));
        }
        let versions = self.store.tweet_history(tweet, after_ms, VERSIONS_TOGETHER).await?;
        let object = |(text, written_ms): &(String, i64)| json!({ "type": "version", "tweet": tweet.to_string(), "written_ms": written_ms, "text": text });
        let further = match versions.last() {
            Some((_, last)) if versions.len() == VERSIONS_TOGETHER => format!("{tweet}/{last}"),
            _ => tweet.to_string(),
        };
        Ok((versions.iter().map(object).collect(), Some(further)))
    }

    async fn export_list(
        &self,
        timeline: Timeline,
        kind: &str,
        place: &str,
    ) -> Result<(Vec<Value>, Option<String>)> {
        let (ids, further) = self.export_ids(timeline, place).await?;
        Ok((ids.iter().map(|id| json!({ "type": kind, "tweet": id.to_string() })).collect(), further))
    }

    async fn export_ids(&self, timeline: Timeline, place: &str) -> Result<(Vec<TweetId>, Option<String>)> {
        let span = if place.is_empty() { Span::Latest } else { Span::Before(number(place)?) };
        let entries = self.store.timeline(&timeline, span, PAGE_ITEMS_MAX).await?;
        let further =
            entries.last().filter(|_| entries.len() == PAGE_ITEMS_MAX).map(|e| e.sort_key.to_string());
        Ok((entries.into_iter().map(|entry| entry.tweet).collect(), further))
    }

    async fn export_people(
        &self,
        account: AccountId,
        list: AccountList,
        kind: &str,
        place: &str,
    ) -> Result<(Vec<Value>, Option<String>)> {
        let position = if place.is_empty() { None } else { Some(Cursor::decode(place)?) };
        let page = self.store.list_accounts(account, &list.into(), position, PAGE_ITEMS_MAX).await?;
        Ok((people_as_objects(&page.items, kind), page.next.map(|next| next.encode())))
    }

    /// One conversation after the other; the place is the newest message of the conversation before, and how far
    /// this one has been read.
    async fn export_messages(&self, account: AccountId, place: &str) -> Result<(Vec<Value>, Option<String>)> {
        let (before, within) = place.split_once('/').unwrap_or((place, ""));
        let before_id = if before.is_empty() { None } else { MessageId::new(number(before)?) };
        let page = self.store.conversations(account, ConversationList::All, before_id, 1).await?;
        let Some(conversation) = page.items.into_iter().next() else {
            return Ok((Vec::new(), None));
        };
        let span = if within.is_empty() { Span::Latest } else { Span::Before(number(within)?) };
        let messages = self.store.messages(conversation.id, span, PAGE_ITEMS_MAX).await?;
        let object = |message: &DirectMessage| {
            json!({
                "type": "message",
                "id": message.id.to_string(),
                "created_ms": message.id.time_ms(),
                "with": conversation.with.username.as_str(),
                "from_you": message.author == account,
                "text": message.text,
                "edited_ms": message.edited_ms,
                "deleted": message.deleted,
            })
        };
        let is_whole = messages.len() < PAGE_ITEMS_MAX;
        let last = messages.last().map(|last| last.id.to_string()).filter(|_| !is_whole);
        let (objects, cut) = fitting(&messages, object, |message| message.id.to_string());
        let further = match cut.or(last) {
            Some(last) => format!("{before}/{last}"),
            None => format!("{}/", conversation.last.id),
        };
        Ok((objects, Some(further)))
    }
}

fn people_as_objects(people: &[Account], kind: &str) -> Vec<Value> {
    people.iter().map(|other| json!({ "type": kind, "username": other.username.as_str() })).collect()
}

fn exported_tweet(tweet: &Tweet, history: &[(String, i64)]) -> Value {
    let id = |id: Option<TweetId>| id.map(|id| id.to_string());
    json!({
        "type": "tweet",
        "id": tweet.id.to_string(),
        "created_ms": tweet.id.time_ms(),
        "text": tweet.text,
        "visibility": format!("{:?}", tweet.visibility).to_lowercase(),
        "reply_to": id(tweet.reply_to),
        "quote_of": id(tweet.quote_of),
        "retweet_of": id(tweet.retweet_of),
        "history": history,
    })
}

/// The objects of as many items as fit on a page, at least one; with the place of the last of them if there are more.
fn fitting<'a, T: 'a>(
    items: impl IntoIterator<Item = &'a T>,
    object: impl Fn(&T) -> Value,
    place: impl Fn(&T) -> String,
) -> (Vec<Value>, Option<String>) {
    let (mut objects, mut bytes, mut last) = (Vec::new(), 0, None);
    for item in items {
        if bytes >= PAGE_BYTES_MAX {
            return (objects, last);
        }
        let object = object(item);
        bytes += object.to_string().len();
        objects.push(object);
        last = Some(place(item));
    }
    (objects, None)
}

fn bad_cursor() -> Error {
    Error::invalid("cursor", "is not one that this server gave out")
}

fn number(text: &str) -> Result<u64> {
    text.parse().map_err(|_| bad_cursor())
}
