//! Writing tweets, and likes, retweets and bookmarks.

use std::io::IsTerminal as _;

use bytes::Bytes;
use client::Ask;
use model::to_nfc;
use protocol::v1;

use crate::args::{About, Post, Text, TweetRef, Visibility};
use crate::context::Context;
use crate::exit::Failure;
use crate::prompt::editor;

/// For how long an account is new, and how many it may post, is in the server's configuration.
const NEW_ACCOUNT: &str = "a new account can post only a limited number of tweets per hour";

pub(super) async fn post(context: &Context, ask: Post) -> Result<(), Failure> {
    let refer = |tweet: Option<TweetRef>| tweet.map_or(Ok(0), |tweet| context.tweet(tweet));
    write(context, ask.text, refer(ask.reply_to)?, refer(ask.quote)?).await
}

pub(super) async fn reply(context: &Context, ask: About) -> Result<(), Failure> {
    let to = context.tweet(ask.tweet.id)?;
    write(context, ask.text, to, 0).await
}

pub(super) async fn quote(context: &Context, ask: About) -> Result<(), Failure> {
    let of = context.tweet(ask.tweet.id)?;
    write(context, ask.text, 0, of).await
}

async fn write(context: &Context, ask: Text, reply_to: u64, quote_of: u64) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let visibility = match ask.visibility {
        None => v1::Visibility::Unspecified,
        Some(Visibility::Public) => v1::Visibility::Public,
        Some(Visibility::Unlisted) => v1::Visibility::Unlisted,
        Some(Visibility::Followers) => v1::Visibility::Followers,
        Some(Visibility::Direct) => v1::Visibility::Direct,
    };
    let key = ask.key.clone().map_or_else(client::new_key, Bytes::from);
    let post = v1::Post { text: text(context, ask, "")?, visibility: visibility.into(), reply_to, quote_of };
    let done =
        client.ask_with_key(post, key).await.map_err(|error| Failure::from(error).name_limit(NEW_ACCOUNT))?;
    context.remember_last(done.id)?;
    context.out.say("Posted.");
    wrote(context, done)
}

pub(super) async fn edit(context: &Context, ask: About) -> Result<(), Failure> {
    if ask.text.visibility.is_some() {
        return Err(Failure::Usage(
            "an edit cannot change who sees a tweet: delete it and post it again".to_owned(),
        ));
    }
    let tweet_id = context.tweet(ask.tweet.id)?;
    let client = context.signed_in().await?;
    let key = ask.text.key.clone().map_or_else(client::new_key, Bytes::from);
    let before = if ask.text.editor {
        let page = client.ask(v1::GetTweet { tweet_id }).await?;
        page.tweets.into_iter().next().unwrap_or_default().text
    } else {
        String::new()
    };
    let done =
        client.ask_with_key(v1::EditTweet { tweet_id, text: text(context, ask.text, &before)? }, key).await?;
    context.out.say("Edited.");
    wrote(context, done)
}

/// The text from the argument, the editor or stdin.
fn text(context: &Context, ask: Text, before: &str) -> Result<String, Failure> {
    let text = match ask.text {
        Some(text) if text != "-" => text,
        _ if ask.editor && context.is_local() => editor(before)?,
        None if context.is_local() && std::io::stdin().is_terminal() => {
            return Err(Failure::Usage(
                "pass the text as an argument or on stdin, or use --editor".to_owned(),
            ));
        }
        _ => context.stdin()?,
    };
    Ok(to_nfc(&text))
}

pub(super) async fn retweet(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    change(context, tweet, "Retweeted.", |tweet_id| v1::Retweet { tweet_id }).await
}

pub(super) async fn undo_retweet(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    change(context, tweet, "Retweet undone.", |tweet_id| v1::UndoRetweet { tweet_id }).await
}

pub(super) async fn like(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    change(context, tweet, "Liked.", |tweet_id| v1::Like { tweet_id }).await
}

pub(super) async fn unlike(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    change(context, tweet, "Like removed.", |tweet_id| v1::Unlike { tweet_id }).await
}

pub(super) async fn bookmark(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    change(context, tweet, "Bookmarked.", |tweet_id| v1::Bookmark { tweet_id }).await
}

pub(super) async fn unbookmark(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    change(context, tweet, "Bookmark removed.", |tweet_id| v1::Unbookmark { tweet_id }).await
}

pub(super) async fn delete(context: &Context, tweet: TweetRef) -> Result<(), Failure> {
    change(context, tweet, "Deleted.", |tweet_id| v1::DeleteTweet { tweet_id }).await
}

async fn change<A: Ask<Answer = v1::Done>>(
    context: &Context,
    tweet: TweetRef,
    outcome: &str,
    ask: impl FnOnce(u64) -> A,
) -> Result<(), Failure> {
    let tweet_id = context.tweet(tweet)?;
    let client = context.signed_in().await?;
    let done = client.ask(ask(tweet_id)).await?;
    context.out.say(if done.changed { outcome } else { "Nothing to change." });
    wrote(context, done)
}

fn wrote(context: &Context, done: v1::Done) -> Result<(), Failure> {
    let id = done.id.to_string();
    context.out.word(&["id", "changed"], [id.as_str().into(), done.changed.into()], &id)
}
