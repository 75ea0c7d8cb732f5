//! Export of all data of an account as JSON lines, page by page.

use model::limits::PAGE_ITEMS_MAX;
use model::{
    AccountId, Cursor, Error, MessageId, Operation, ReadLine, Report, Result, Span, SshKey, TweetId,
};
use serde_json::{Value, json};

use crate::policy::{self, Caller};
use crate::service::Service;
use store::{AccountList, ConversationList, Timeline};

/// Far more open reports than one account makes.
const REPORTS_EXPORTED_MAX: usize = 500;

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
            return Err(Error::invalid("cursor", "is not one that this server gave out"));
        };
        let (objects, further) = match section {
            "profile" => (vec![self.export_profile(account).await?], None),
            "tweets" => self.export_tweets(account, Timeline::User(account), place).await?,
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
            "read_lines" => (self.export_read_lines(account).await?, None),
            "ssh_keys" => (self.export_ssh_keys(account).await?, None),
            "reports" => (self.export_reports(account).await?, None),
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

    async fn export_reports(&self, account: AccountId) -> Result<Vec<Value>> {
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
        Ok(reports.iter().map(object).collect())
    }

    async fn export_tweets(
        &self,
        account: AccountId,
        timeline: Timeline,
        place: &str,
    ) -> Result<(Vec<Value>, Option<String>)> {
        let (ids, further) = self.export_ids(timeline, place).await?;
        let mut objects = Vec::with_capacity(ids.len());
        for record in self.store.tweets(account, &ids).await? {
            let tweet = record.tweet;
            let id = |id: Option<TweetId>| id.map(|id| id.to_string());
            let history = if tweet.edited_ms.is_some() {
                self.store.tweet_history(tweet.id).await?
            } else {
                Vec::new()
            };
            objects.push(json!({
                "type": "tweet",
                "id": tweet.id.to_string(),
                "created_ms": tweet.id.time_ms(),
                "text": tweet.text,
                "visibility": format!("{:?}", tweet.visibility).to_lowercase(),
                "reply_to": id(tweet.reply_to),
                "quote_of": id(tweet.quote_of),
                "retweet_of": id(tweet.retweet_of),
                "history": history,
            }));
        }
        Ok((objects, further))
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
        let page = self.store.list_accounts(account, list, position, PAGE_ITEMS_MAX).await?;
        let objects =
            page.items.iter().map(|other| json!({ "type": kind, "username": other.username.as_str() }));
        Ok((objects.collect(), page.next.map(|next| next.encode())))
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
        let further = match messages.last().filter(|_| messages.len() == PAGE_ITEMS_MAX) {
            Some(last) => format!("{before}/{}", last.id),
            None => format!("{}/", conversation.last.id),
        };
        let objects = messages.iter().map(|message| {
            json!({
                "type": "message",
                "id": message.id.to_string(),
                "created_ms": message.id.time_ms(),
                "with": conversation.with.username.as_str(),
                "from_you": message.author == account,
                "text": message.text,
            })
        });
        Ok((objects.collect(), Some(further)))
    }
}

fn number(text: &str) -> Result<u64> {
    text.parse().map_err(|_| Error::invalid("cursor", "is not one that this server gave out"))
}
