//! Requests about tweets, timelines, hashtags and trends.

use model::limits::{PAGE_ITEMS_MAX, TWEET_VERSIONS_MAX};
use model::{Error, Hashtag, Result, Span, TimelineName, TweetId, TweetPage, TweetText, page_limit};
use protocol::convert::{self, all, optional, required};
use protocol::v1;
use protocol::v1::read_timeline::Timeline;
use protocol::v1::response;

use super::call::{Call, Reply, change_result, username_or_self};
use super::home;
use service::{Caller, Service, TimelineRequest, TweetDraft};

pub(super) async fn post(call: Call<'_>, ask: &v1::Post) -> Result<response::Result> {
    let tweet = TweetDraft {
        text: TweetText::parse(&ask.text)?,
        visibility: convert::visibility(ask.visibility)?,
        reply_to: optional(ask.reply_to, "reply_to", TweetId::new)?,
        quote_of: optional(ask.quote_of, "quote_of", TweetId::new)?,
    };
    call.service.post(&call.caller, call.key, tweet).await.map(change_result)
}

pub(super) async fn edit_tweet(call: Call<'_>, ask: &v1::EditTweet) -> Result<response::Result> {
    let (tweet, text) = (tweet_id(ask.tweet_id)?, TweetText::parse(&ask.text)?);
    call.service.edit_tweet(&call.caller, call.key, tweet, text).await.map(change_result)
}

pub(super) async fn delete_tweet(call: Call<'_>, ask: v1::DeleteTweet) -> Result<response::Result> {
    call.service.delete_tweet(&call.caller, call.key, tweet_id(ask.tweet_id)?).await.map(change_result)
}

pub(super) async fn retweet(call: Call<'_>, ask: v1::Retweet) -> Result<response::Result> {
    call.service.retweet(&call.caller, call.key, tweet_id(ask.tweet_id)?).await.map(change_result)
}

pub(super) async fn undo_retweet(call: Call<'_>, ask: v1::UndoRetweet) -> Result<response::Result> {
    call.service.undo_retweet(&call.caller, call.key, tweet_id(ask.tweet_id)?).await.map(change_result)
}

pub(super) async fn like(call: Call<'_>, ask: v1::Like) -> Result<response::Result> {
    call.service.like(&call.caller, call.key, tweet_id(ask.tweet_id)?).await.map(change_result)
}

pub(super) async fn unlike(call: Call<'_>, ask: v1::Unlike) -> Result<response::Result> {
    call.service.unlike(&call.caller, call.key, tweet_id(ask.tweet_id)?).await.map(change_result)
}

pub(super) async fn bookmark(call: Call<'_>, ask: v1::Bookmark) -> Result<response::Result> {
    call.service.bookmark(&call.caller, call.key, tweet_id(ask.tweet_id)?).await.map(change_result)
}

pub(super) async fn unbookmark(call: Call<'_>, ask: v1::Unbookmark) -> Result<response::Result> {
    call.service.unbookmark(&call.caller, call.key, tweet_id(ask.tweet_id)?).await.map(change_result)
}

pub(super) async fn get_tweet(call: Call<'_>, ask: v1::GetTweet) -> Result<response::Result> {
    call.service.tweet(&call.caller, tweet_id(ask.tweet_id)?).await.map(page)
}

pub(super) async fn get_tweets(call: Call<'_>, ask: v1::GetTweets) -> Result<response::Result> {
    if ask.tweet_ids.is_empty() || ask.tweet_ids.len() > PAGE_ITEMS_MAX {
        return Err(Error::invalid("tweet_ids", format!("must be 1 to {PAGE_ITEMS_MAX} identifiers")));
    }
    let ids: Vec<TweetId> =
        ask.tweet_ids.into_iter().map(|id| required(id, "tweet_ids", TweetId::new)).collect::<Result<_>>()?;
    call.service.tweets(&call.caller, &ids).await.map(page)
}

pub(super) async fn get_thread(call: Call<'_>, ask: &v1::GetThread) -> Result<response::Result> {
    let tweet = tweet_id(ask.tweet_id)?;
    let limit = convert::limit(ask.page.as_ref())?;
    // Replies are oldest first: the next page is after the cursor, whichever of the two fields it is in.
    let after = match convert::span(ask.page.as_ref())? {
        Span::Latest => None,
        Span::Before(id) | Span::After(id) => Some(required(id, "cursor", TweetId::new)?),
    };
    let thread = call.service.thread(&call.caller, tweet, after, limit).await?;
    Ok(response::Result::Thread(v1::Thread {
        ancestors: all(thread.ancestors),
        tweet: Some(thread.tweet.into()),
        replies: Some(thread.replies.into()),
        referenced: all(thread.referenced),
        accounts: all(&thread.accounts),
    }))
}

pub(super) async fn get_tweet_history(call: Call<'_>, ask: v1::GetTweetHistory) -> Result<response::Result> {
    let page = ask.page.as_ref();
    // All at once unless a limit is given: no tweet gets more versions.
    let limit = match page.map_or(0, |page| page.limit) {
        0 => TWEET_VERSIONS_MAX + 1,
        _ => convert::limit(page)?,
    };
    // Versions are oldest first, as the replies of a thread.
    let after_ms = match convert::span(page)? {
        Span::Latest => 0,
        Span::Before(time) | Span::After(time) => time.cast_signed(),
    };
    let page = call.service.tweet_history(&call.caller, tweet_id(ask.tweet_id)?, after_ms, limit).await?;
    let next = convert::cursor(page.next.as_ref());
    let versions =
        page.items.into_iter().map(|(text, written_ms)| v1::TweetVersion { text, written_ms }).collect();
    Ok(response::Result::TweetHistory(v1::TweetHistory { versions, next }))
}

/// A page of the home timeline if it is in memory; `None` for every other request.
pub(super) fn read_timeline_now(service: &Service, caller: &Caller, ask: &v1::ReadTimeline) -> Option<Reply> {
    let Some(Timeline::Home(v1::Home {})) = ask.timeline else { return None };
    // An invalid request gets its error from `read_timeline`.
    let (limit, span) = (convert::limit(ask.page.as_ref()).ok()?, convert::span(ask.page.as_ref()).ok()?);
    let page = match span {
        Span::Latest => service.newest_now(caller, limit, home::encode),
        _ => service.home_now(caller, span, limit, |page| home::encode(page).into()),
    };
    page.ok()?.map(Reply::TweetPage)
}

pub(super) async fn read_timeline(call: Call<'_>, ask: v1::ReadTimeline) -> Result<Reply> {
    let limit = convert::limit(ask.page.as_ref())?;
    let span = match &ask.timeline {
        // Sorted by the time of the bookmark or like, which no client knows: there is no `after`.
        Some(Timeline::Bookmarks(_) | Timeline::Likes(_)) => {
            convert::before_id(ask.page.as_ref())?.map_or(Span::Latest, Span::Before)
        }
        _ => convert::span(ask.page.as_ref())?,
    };
    if let Some(Timeline::Home(v1::Home {})) = ask.timeline
        && let Some(page) =
            call.service.home(&call.caller, span, limit, |page| home::encode(page).into()).await?
    {
        return Ok(Reply::TweetPage(page));
    }
    let timeline = match ask.timeline {
        None => return Err(Error::invalid("timeline", "is none that this server knows")),
        Some(Timeline::Home(v1::Home {})) => TimelineRequest::Home,
        Some(Timeline::User(username)) => TimelineRequest::User(username_or_self(&username)?),
        Some(Timeline::Replies(username)) => TimelineRequest::Replies(username_or_self(&username)?),
        Some(Timeline::Hashtag(name)) => TimelineRequest::Hashtag(Hashtag::parse(&name)?),
        Some(Timeline::Local(v1::Local {})) => TimelineRequest::Local,
        Some(Timeline::Bookmarks(v1::Bookmarks {})) => TimelineRequest::Bookmarks,
        Some(Timeline::Likes(v1::Likes {})) => TimelineRequest::Likes,
        Some(Timeline::Search(query)) => TimelineRequest::Search(query),
    };
    call.service.timeline(&call.caller, timeline, span, limit).await.map(page).map(Reply::Result)
}

pub(super) async fn search_hashtags(call: Call<'_>, ask: &v1::SearchHashtags) -> Result<response::Result> {
    let found = call.service.search_hashtags(&call.caller, &ask.query, page_limit(ask.limit)?).await?;
    let hashtags = found.into_iter().map(|(name, tweets)| v1::Hashtag { name, tweets }).collect();
    Ok(response::Result::HashtagList(v1::HashtagList { hashtags }))
}

pub(super) async fn get_trends(call: Call<'_>, ask: v1::GetTrends) -> Result<response::Result> {
    let limit = if ask.limit == 0 { model::limits::TRENDS_DEFAULT } else { page_limit(ask.limit)? };
    let list = if ask.sections {
        let sections = call.service.hashtag_sections(&call.caller, limit).await?;
        v1::TrendList {
            trends: all(sections.trends),
            new_today: all(sections.new_today),
            yours: all(sections.yours),
            this_week: all(sections.this_week),
        }
    } else {
        let trends = all(call.service.trends(&call.caller, limit).await?);
        v1::TrendList { trends, ..v1::TrendList::default() }
    };
    Ok(response::Result::TrendList(list))
}

pub(super) async fn set_read_line(call: Call<'_>, ask: &v1::SetReadLine) -> Result<response::Result> {
    let (timeline, tweet) = (TimelineName::parse(&ask.timeline)?, tweet_id(ask.tweet_id)?);
    call.service.set_read_line(&call.caller, timeline, tweet).await.map(change_result)
}

pub(super) async fn list_read_lines(call: Call<'_>) -> Result<response::Result> {
    let lines = call.service.read_lines(&call.caller).await?;
    let read_lines = lines
        .into_iter()
        .map(|line| v1::ReadLine { timeline: line.timeline.to_string(), tweet_id: line.tweet.get() })
        .collect();
    Ok(response::Result::ReadLineList(v1::ReadLineList { read_lines }))
}

fn tweet_id(id: u64) -> Result<TweetId> {
    required(id, "tweet_id", TweetId::new)
}

fn page(page: TweetPage) -> response::Result {
    response::Result::TweetPage(page.into())
}
