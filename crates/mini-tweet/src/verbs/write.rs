//! Writing tweets, and likes, retweets and bookmarks.

use std::io::IsTerminal as _;

use client::{Ask, ClientError};
use protocol::v1;

use crate::args::{About, Post, Text, TweetRef, Visibility};
use crate::context::{Context, written};
use crate::exit::Failure;
use crate::prompt::{Edited, editor};

pub(super) async fn post(context: &Context, ask: Post) -> Result<(), Failure> {
    write(context, ask.text, ask.reply_to, ask.quote).await
}

pub(super) async fn reply(context: &Context, ask: About) -> Result<(), Failure> {
    write(context, ask.text, Some(ask.tweet.id), None).await
}

pub(super) async fn quote(context: &Context, ask: About) -> Result<(), Failure> {
    write(context, ask.text, None, Some(ask.tweet.id)).await
}

async fn write(
    context: &Context,
    ask: Text,
    reply_to: Option<TweetRef>,
    quote_of: Option<TweetRef>,
) -> Result<(), Failure> {
    let client = context.signed_in().await?;
    let mut refer = [0, 0];
    for (id, tweet) in refer.iter_mut().zip([reply_to, quote_of]) {
        if let Some(tweet) = tweet {
            *id = context.tweet(&client, tweet).await?;
        }
    }
    let [reply_to, quote_of] = refer;
    let visibility = match ask.visibility {
        None => v1::Visibility::Unspecified,
        Some(Visibility::Public) => v1::Visibility::Public,
        Some(Visibility::Unlisted) => v1::Visibility::Unlisted,
        Some(Visibility::Followers) => v1::Visibility::Followers,
        Some(Visibility::Direct) => v1::Visibility::Direct,
    };
    let key = key(&ask);
    let text = text(context, &ask, "")?;
    let post = v1::Post { text: text.written(), visibility: visibility.into(), reply_to, quote_of };
    let sent = client.ask_with_key(post, key.clone().into()).await;
    let done = text.sent(sent.map_err(|error| if_posted(error, &key)))?;
    context.out.say("Posted.");
    wrote(context, done)
}

pub(super) async fn edit(context: &Context, ask: About) -> Result<(), Failure> {
    if ask.text.visibility.is_some() {
        return Err(Failure::Usage(
            "an edit cannot change who sees a tweet: delete it and post it again".to_owned(),
        ));
    }
    let client = context.signed_in().await?;
    let tweet_id = context.tweet(&client, ask.tweet.id).await?;
    let key = key(&ask.text);
    let before = if ask.text.editor {
        let page = client.ask(v1::GetTweet { tweet_id }).await?;
        page.tweets.into_iter().next().unwrap_or_default().text
    } else {
        String::new()
    };
    let text = text(context, &ask.text, &before)?;
    let edit = v1::EditTweet { tweet_id, text: text.written() };
    let sent = client.ask_with_key(edit, key.clone().into()).await;
    let done = text.sent(sent.map_err(|error| if_posted(error, &key)))?;
    context.out.say("Edited.");
    wrote(context, done)
}

/// The idempotency key that was given, or a new one in a form that can be given.
fn key(ask: &Text) -> String {
    let new = || client::new_key().iter().map(|byte| format!("{byte:02x}")).collect();
    ask.key.clone().unwrap_or_else(new)
}

/// Says how to find out whether the tweet was posted, if that is not known.
fn if_posted(error: ClientError, key: &str) -> Failure {
    let advice = format!("To try again, repeat the command with --key {key}: then it is posted only once");
    Failure::from(error).if_outcome_is_unknown("It is not known whether the server has it", &advice)
}

/// A text to send, and where it is from.
enum Source {
    /// An argument or stdin: its author still has it.
    Given(String),
    Editor(Edited),
}

impl Source {
    fn written(&self) -> String {
        match self {
            Self::Given(text) => written(text),
            Self::Editor(edited) => written(&edited.text),
        }
    }

    /// Keeps a text from the editor if it was not sent.
    fn sent<T>(self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        match (self, outcome) {
            (Self::Editor(edited), Ok(done)) => {
                edited.sent();
                Ok(done)
            }
            (Self::Editor(edited), Err(failure)) => Err(edited.kept(failure)),
            (Self::Given(_), outcome) => outcome,
        }
    }
}

/// The text from the argument, the editor or stdin.
fn text(context: &Context, ask: &Text, before: &str) -> Result<Source, Failure> {
    match ask.text() {
        Some(text) if text != "-" => Ok(Source::Given(text)),
        _ if ask.editor && context.is_local() => {
            Ok(Source::Editor(editor(before, &crate::files::unsent(&context.home))?))
        }
        None if context.is_local() && std::io::stdin().is_terminal() => {
            Err(Failure::Usage("pass the text as an argument or on stdin, or use --editor".to_owned()))
        }
        _ => context.stdin().map(Source::Given),
    }
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
    let client = context.signed_in().await?;
    let tweet_id = context.tweet(&client, tweet).await?;
    let done = client.ask(ask(tweet_id)).await?;
    context.out.say(if done.changed { outcome } else { "Nothing to change." });
    wrote(context, done)
}

fn wrote(context: &Context, done: v1::Done) -> Result<(), Failure> {
    let id = done.id.to_string();
    context.out.word(&["id", "changed"], [id.as_str().into(), done.changed.into()], &id)
}
