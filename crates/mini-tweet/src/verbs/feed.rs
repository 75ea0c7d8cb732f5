//! Reading: timelines, tweets, threads, search and trends.

use client::Client;
use model::limits::THREAD_ANCESTORS_MAX;
use protocol::v1;
use protocol::v1::page_request::Position;
use protocol::v1::read_timeline::Timeline;

use super::follow;
use super::paging::{page_of, page_request, position};
use crate::args::{Feed, Page, Search, TweetRef};
use crate::context::{Context, PAGE_MAX, username};
use crate::exit::Failure;
use crate::output::style::list_time;
use crate::output::tweets::Referred;
use crate::output::{people, tweets};

pub(super) async fn feed(context: &Context, ask: Feed) -> Result<(), Failure> {
    let mut timeline = timeline(&ask.timeline)?;
    if ask.replies {
        timeline = match timeline {
            Timeline::User(username) => Timeline::Replies(username),
            _ => return Err(Failure::Usage("--replies works with mine and @user only".into())),
        };
    }
    if ask.follow {
        return follow::tweets(context, timeline, ask.page).await;
    }
    let client = context.signed_in().await?;
    read(context, &client, timeline, ask.page).await
}

/// The timeline with this name on the command line.
pub(super) fn timeline(name: &str) -> Result<Timeline, Failure> {
    Ok(match name {
        "home" => Timeline::Home(v1::Home {}),
        "mine" => Timeline::User(String::new()),
        "local" => Timeline::Local(v1::Local {}),
        // Its former name.
        "bookmarks" | "saved" => Timeline::Bookmarks(v1::Bookmarks {}),
        "likes" => Timeline::Likes(v1::Likes {}),
        _ => match (name.strip_prefix('@'), name.strip_prefix('#')) {
            (Some(user), _) => Timeline::User(user.to_owned()),
            (_, Some(tag)) => Timeline::Hashtag(tag.to_owned()),
            _ => {
                let known = "home, mine, local, bookmarks, likes, @user or #tag";
                return Err(Failure::Usage(format!("{name:?} is not a timeline; choose {known}")));
            }
        },
    })
}

/// Reads pages until the limit is reached.
async fn read(context: &Context, client: &Client, timeline: Timeline, page: Page) -> Result<(), Failure> {
    if page.since.is_some() {
        // The tweets closest to the cursor, still newest first.
        let mut pages = Vec::new();
        let (mut left, mut position) = (page.limit, position(&page));
        while left > 0 {
            let answer = page_of(client, &timeline, left, position).await?;
            let Some(newest) = answer.tweets.first() else { break };
            left = left.saturating_sub(u32::try_from(answer.tweets.len()).unwrap_or(u32::MAX));
            position = Some(Position::After(newest.id.to_string()));
            pages.push(answer);
        }
        return pages
            .into_iter()
            .rev()
            .try_for_each(|answer| context.out.all(tweets::page(answer, list_time)));
    }
    let (mut left, mut position) = (page.limit, position(&page));
    while left > 0 {
        let answer = page_of(client, &timeline, left, position).await?;
        left = left.saturating_sub(u32::try_from(answer.tweets.len()).unwrap_or(u32::MAX));
        position = Some(Position::Before(answer.next.clone()));
        let is_last = answer.next.is_empty();
        context.out.all(tweets::page(answer, list_time))?;
        if is_last {
            break;
        }
    }
    Ok(())
}

pub(super) async fn show(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let tweet_id = context.tweet(&client, tweet).await?;
    let page = client.ask(v1::GetTweet { tweet_id }).await?;
    context.out.all(tweets::page(page, list_time))
}

pub(super) async fn thread(context: &Context, tweet: TweetRef, page: Page) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let tweet_id = context.tweet(&client, tweet).await?;
    let page = Some(page_request(&page));
    let thread = client.ask(v1::GetThread { tweet_id, page }).await?;
    let is_deep = thread.ancestors.len() >= THREAD_ANCESTORS_MAX;
    // Deeper than the server reads at once. A reply whose parent cannot be seen does not name its author.
    let is_cut = |first: &&v1::Tweet| first.reply_to != 0 && (is_deep || !first.reply_to_username.is_empty());
    if let Some(first) = thread.ancestors.first().filter(is_cut).filter(|_| context.out.is_for_people()) {
        context.out.page(&format!("There are earlier tweets; `thread {}` shows them:", first.id))?;
    }
    let above: Vec<_> = thread.ancestors.into_iter().chain(thread.tweet).collect();
    let originals = thread.referenced.into_iter().chain(above.iter().cloned());
    let referred = Referred::new(thread.accounts, originals.collect());
    context.out.all(above.iter().map(|tweet| tweets::tweet(tweet, &referred, list_time)))?;
    context.out.all(tweets::page(thread.replies.unwrap_or_default(), list_time))
}

pub(super) async fn history(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let tweet_id = context.tweet(&client, tweet).await?;
    let mut position = None;
    loop {
        let page = position.map(|position| v1::PageRequest { limit: 0, position: Some(position) });
        let history = client.ask(v1::GetTweetHistory { tweet_id, page }).await?;
        context.out.all(history.versions.iter().map(tweets::version))?;
        if history.next.is_empty() {
            return Ok(());
        }
        position = Some(Position::After(history.next));
    }
}

pub(super) async fn search(context: &Context, ask: Search) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let query = ask.query.join(" ");
    let limit = ask.page.limit.min(PAGE_MAX);
    if ask.people {
        let page = client.ask(v1::SearchPeople { query: username(&query), limit }).await?;
        return context.out.all(page.people.iter().map(people::person));
    }
    if ask.tags {
        let query = query.strip_prefix('#').unwrap_or(&query).to_owned();
        let list = client.ask(v1::SearchHashtags { query, limit }).await?;
        return context.out.all(list.hashtags.iter().map(tweets::hashtag));
    }
    read(context, &client, Timeline::Search(query), ask.page).await
}

pub(super) async fn trends(context: &Context, limit: Option<u32>) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let list = client.ask(v1::GetTrends { limit: limit.unwrap_or(0), sections: true }).await?;
    let sections =
        [("trending", list.trends), ("new", list.new_today), ("week", list.this_week), ("yours", list.yours)];
    context.out.all(
        sections
            .iter()
            .flat_map(|(section, trends)| trends.iter().map(|trend| tweets::trend(trend, section))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timelines_have_names_and_the_old_ones_still_work() {
        assert_eq!(timeline("@ada").unwrap(), Timeline::User("ada".into()));
        assert_eq!(timeline("#Rust").unwrap(), Timeline::Hashtag("Rust".into()));
        assert_eq!(timeline("mine").unwrap(), Timeline::User(String::new()));
        assert_eq!(timeline("saved").unwrap(), timeline("bookmarks").unwrap());
        let Err(Failure::Usage(text)) = timeline("nonsense") else { panic!("it was found") };
        assert!(text.contains("bookmarks"), "{text}");
    }
}
