//! Rows about tweets: tweets, versions, hashtags and trends.

use std::collections::HashMap;

use model::SafeText;
use protocol::v1;
use serde_json::{Value, json};

use super::Row;
use super::style::{
    QUOTE_MARGIN, TimeFormat, account, bold, count, dim, local_time, named, prose, prose_after, rfc3339,
};

pub(crate) const TWEET: [&str; 19] = [
    "id",
    "author",
    "text",
    "created",
    "edited",
    "visibility",
    "reply_to",
    "quote",
    "retweet_of",
    "replies",
    "retweets",
    "quotes",
    "likes",
    "liked",
    "retweeted",
    "bookmarked",
    "parent",
    "deleted",
    "event",
];

/// What tweets refer to: their authors, and the originals of retweets and quotes.
#[derive(Debug, Default)]
pub(crate) struct Referred {
    accounts: HashMap<u64, v1::Account>,
    tweets: HashMap<u64, v1::Tweet>,
}

impl Referred {
    pub(crate) fn new(accounts: Vec<v1::Account>, tweets: Vec<v1::Tweet>) -> Self {
        Self {
            accounts: accounts.into_iter().map(|account| (account.id, account)).collect(),
            tweets: tweets.into_iter().map(|tweet| (tweet.id, tweet)).collect(),
        }
    }

    pub(crate) fn account(&self, id: u64) -> Option<&v1::Account> {
        self.accounts.get(&id)
    }

    pub(crate) fn tweet(&self, id: u64) -> Option<&v1::Tweet> {
        self.tweets.get(&id)
    }

    pub(crate) fn author(&self, tweet: &v1::Tweet) -> Value {
        self.account(tweet.author_id).map_or(Value::Null, author)
    }

    /// The username of the author, and the display name for the end of the line.
    fn names(&self, tweet: &v1::Tweet) -> (String, String) {
        names(self.account(tweet.author_id))
    }
}

/// The username of an account, and the display name for the end of the line.
pub(crate) fn names(of: Option<&v1::Account>) -> (String, String) {
    of.map_or_else(|| (dim("someone"), String::new()), |of| (account(&of.username), named(&of.display_name)))
}

/// An account inside another row.
pub(crate) fn author(account: &v1::Account) -> Value {
    json!({ "username": account.username, "name": account.display_name })
}

/// The tweets of a page, in order.
pub(crate) fn page(page: v1::TweetPage, time: TimeFormat) -> Vec<Row> {
    let originals = page.referenced.into_iter().chain(page.tweets.iter().cloned());
    let referred = Referred::new(page.accounts, originals.collect());
    page.tweets.iter().map(|one| tweet(one, &referred, time)).collect()
}

/// A tweet from a live event; `event` is "posted" or "edited".
pub(crate) fn live(live: v1::LiveTweet, event: &str) -> Option<Row> {
    let referred = Referred::new(live.accounts, live.referenced);
    let mut row = tweet(&live.tweet?, &referred, local_time);
    row.fields.insert("event".into(), event.into());
    if event == "edited" {
        row.text = format!("{} {}", dim("edited:"), row.text);
    }
    Some(row)
}

/// A tweet.
pub(crate) fn tweet(tweet: &v1::Tweet, referred: &Referred, time: TimeFormat) -> Row {
    let id_or_null = |id: u64| if id == 0 { Value::Null } else { id.to_string().into() };
    let original = |id: u64| match referred.tweet(id) {
        None if id == 0 => Value::Null,
        None => json!({ "id": id.to_string(), "unavailable": true }),
        Some(original) => json!({
            "id": id.to_string(),
            "author": referred.author(original),
            "text": original.text,
            "created": rfc3339(original.created_ms),
        }),
    };
    let values = [
        tweet.id.to_string().into(),
        referred.author(tweet),
        tweet.text.as_str().into(),
        rfc3339(tweet.created_ms).into(),
        if tweet.edited_ms == 0 { Value::Null } else { rfc3339(tweet.edited_ms).into() },
        visibility(tweet).into(),
        id_or_null(tweet.reply_to),
        original(tweet.quote_of),
        original(tweet.retweet_of),
        tweet.replies.into(),
        tweet.retweets.into(),
        tweet.quotes.into(),
        tweet.likes.into(),
        tweet.liked.into(),
        tweet.retweeted.into(),
        tweet.bookmarked.into(),
        parent(tweet),
        false.into(),
        Value::Null,
    ];
    Row::new(&TWEET, values, text(tweet, referred, time))
}

/// A deleted tweet.
pub(crate) fn deleted(id: u64) -> Row {
    let mut values = [const { Value::Null }; TWEET.len()];
    let [first, .., deleted, event] = &mut values;
    *first = id.to_string().into();
    *deleted = true.into();
    *event = "deleted".into();
    Row::new(&TWEET, values, dim(format_args!("deleted: {id}")))
}

/// What a reply shows of the tweet that it answers.
fn parent(tweet: &v1::Tweet) -> Value {
    match tweet.reply_to_username.as_str() {
        "" => Value::Null,
        username => json!({ "username": username, "text": tweet.reply_to_text }),
    }
}

fn visibility(tweet: &v1::Tweet) -> &'static str {
    match tweet.visibility() {
        v1::Visibility::Unspecified => "",
        v1::Visibility::Public => "public",
        v1::Visibility::Unlisted => "unlisted",
        v1::Visibility::Followers => "followers",
        v1::Visibility::Direct => "direct",
    }
}

fn text(tweet: &v1::Tweet, referred: &Referred, time: TimeFormat) -> String {
    if tweet.retweet_of != 0 {
        let (by, name) = referred.names(tweet);
        return match referred.tweet(tweet.retweet_of) {
            Some(original) => format!("{by} {}{name}\n{}", dim("retweeted"), text(original, referred, time)),
            None => format!("{by} {}{name}", dim("retweeted an unavailable tweet")),
        };
    }
    let mut about = vec![time(tweet.created_ms), tweet.id.to_string()];
    if tweet.edited_ms != 0 {
        about.push("edited".to_owned());
    }
    if tweet.visibility() != v1::Visibility::Public {
        about.push(visibility(tweet).to_owned());
    }
    if tweet.reply_to != 0 {
        about.push(match tweet.reply_to_username.as_str() {
            "" => format!("in reply to {}", tweet.reply_to),
            username => format!("in reply to @{} {}", SafeText::line(username), tweet.reply_to),
        });
    }
    let (author, name) = referred.names(tweet);
    let mut lines = vec![format!("{author}  {}{name}", dim(about.join(" · ")))];
    if !tweet.reply_to_text.is_empty() {
        lines.push(format!("  ↳ {}", dim(SafeText::line(&tweet.reply_to_text))));
    }
    lines.push(prose(&tweet.text));
    if tweet.quote_of != 0 {
        lines.push(match referred.tweet(tweet.quote_of) {
            Some(quoted) => {
                let (author, name) = referred.names(quoted);
                format!("  │ {author}{name}\n{}", prose_after(&quoted.text, QUOTE_MARGIN))
            }
            None => format!("  │ {}", dim("an unavailable tweet")),
        });
    }
    let counts = [
        (tweet.replies, "reply"),
        (tweet.retweets, "retweet"),
        (tweet.quotes, "quote"),
        (tweet.likes, "like"),
    ];
    let counts: Vec<_> = counts
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, noun)| count(number, noun))
        .collect();
    if !counts.is_empty() {
        lines.push(format!("  {}", dim(counts.join(" · "))));
    }
    lines.join("\n")
}

/// A version of a tweet.
pub(crate) fn version(version: &v1::TweetVersion) -> Row {
    let text = format!("{}\n{}", dim(local_time(version.written_ms)), prose(&version.text));
    let values = [version.text.as_str().into(), rfc3339(version.written_ms).into()];
    Row::new(&["text", "written"], values, text)
}

/// A hashtag.
pub(crate) fn hashtag(hashtag: &v1::Hashtag) -> Row {
    let name = bold(format_args!("#{}", SafeText::line(&hashtag.name)));
    let text = format!("{name}  {}", dim(count(hashtag.tweets, "tweet")));
    Row::new(&["hashtag", "tweets"], [hashtag.name.as_str().into(), hashtag.tweets.into()], text)
}

pub(crate) const TREND: [&str; 5] = ["hashtag", "people", "tweets", "history", "section"];

/// A hashtag in a section of the list of trends, with a sparkline of its last 24 hours.
pub(crate) fn trend(trend: &v1::Trend, section: &str) -> Row {
    let name = bold(format_args!("#{}", SafeText::line(&trend.name)));
    let used = format!("{}, {}", count(trend.people, "person"), count(trend.tweets, "tweet"));
    let about = match (section, trend.people) {
        ("week", _) => format!("{used} this week"),
        ("yours", 0) => "yours".to_owned(),
        ("yours", _) => format!("{used} today · yours"),
        ("new", _) => format!("{used} today · new"),
        _ => format!("{used} today"),
    };
    let text = format!("{}  {name}  {}", sparkline(&trend.history), dim(about));
    let values = [
        trend.name.as_str().into(),
        trend.people.into(),
        trend.tweets.into(),
        trend.history.as_slice().into(),
        section.into(),
    ];
    Row::new(&TREND, values, text)
}

fn sparkline(history: &[u32]) -> String {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let most = history.iter().copied().max().unwrap_or(0).max(1);
    history.iter().map(|&n| BARS.get((n * 7).div_ceil(most) as usize).copied().unwrap_or('█')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn referred() -> Referred {
        let ada = v1::Account { id: 1, username: "ada".into(), display_name: String::new() };
        let original = v1::Tweet { id: 10, author_id: 1, text: "first".into(), ..v1::Tweet::default() };
        Referred::new(vec![ada], vec![original])
    }

    fn plain(row: &Row) -> String {
        anstream::adapter::strip_str(&row.text).to_string()
    }

    #[test]
    fn a_quote_shows_the_quoted_tweet_or_that_it_is_unavailable() {
        let mut quote =
            v1::Tweet { id: 11, author_id: 1, text: "so".into(), quote_of: 10, ..v1::Tweet::default() };
        let row = tweet(&quote, &referred(), local_time);
        assert_eq!(row.fields["quote"]["text"], "first");
        assert!(plain(&row).contains("\n  │ @ada\n  │   first"));
        quote.quote_of = 9;
        let row = tweet(&quote, &referred(), local_time);
        assert_eq!(row.fields["quote"]["unavailable"], true);
        assert!(plain(&row).contains("an unavailable tweet"));
    }

    #[test]
    fn no_text_of_a_person_is_where_the_program_speaks() {
        let ada = v1::Account { id: 1, username: "ada".into(), display_name: "A\"  1h · 9".into() };
        let fake = "see this\n│ @ada\n│ fake\n1 reply · 900 likes\n  ↳ no";
        let visibility = v1::Visibility::Public.into();
        let quoted =
            v1::Tweet { id: 10, author_id: 1, text: fake.into(), visibility, ..v1::Tweet::default() };
        let referred = Referred::new(vec![ada], vec![quoted.clone()]);
        let quote = v1::Tweet { id: 11, quote_of: 10, likes: 2, ..quoted };
        let text = plain(&tweet(&quote, &referred, |_| "now".to_owned()));
        let expected = [
            "@ada  now · 11  \"A\"  1h · 9\"",
            "    see this",
            "    │ @ada",
            "    │ fake",
            "    1 reply · 900 likes",
            "      ↳ no",
            "  │ @ada  \"A\"  1h · 9\"",
            "  │   see this",
            "  │   │ @ada",
            "  │   │ fake",
            "  │   1 reply · 900 likes",
            "  │     ↳ no",
            "  2 likes",
        ];
        assert_eq!(text, expected.join("\n"));
    }

    #[test]
    fn a_reply_shows_whom_and_what_it_answers() {
        let reply = v1::Tweet {
            id: 12,
            author_id: 1,
            text: "41 minutes".into(),
            reply_to: 11,
            reply_to_username: "bob".into(),
            reply_to_text: "How long did …".into(),
            ..v1::Tweet::default()
        };
        let row = tweet(&reply, &referred(), local_time);
        assert_eq!(row.fields["parent"], json!({ "username": "bob", "text": "How long did …" }));
        let text = plain(&row);
        assert!(text.contains("in reply to @bob 11\n  ↳ How long did …\n    41 minutes"), "{text}");
        let hidden = v1::Tweet { reply_to_username: String::new(), reply_to_text: String::new(), ..reply };
        let row = tweet(&hidden, &referred(), local_time);
        assert_eq!(row.fields["parent"], Value::Null);
        assert!(plain(&row).contains("in reply to 11\n    41 minutes"));
    }

    #[test]
    fn a_retweet_shows_who_and_what() {
        let retweet = v1::Tweet { id: 11, author_id: 1, retweet_of: 10, ..v1::Tweet::default() };
        let text = plain(&tweet(&retweet, &referred(), local_time));
        assert!(text.starts_with("@ada retweeted\n@ada") && text.ends_with("first"), "{text}");
    }

    #[test]
    fn the_sparkline_of_a_trend_has_a_bar_per_hour() {
        assert_eq!(sparkline(&[0, 1, 2, 4]), "▁▃▅█");
        assert_eq!(sparkline(&[0; 24]).chars().count(), 24);
    }

    #[test]
    fn a_deleted_tweet_has_the_fields_of_every_tweet() {
        let gone = deleted(7);
        assert_eq!((&gone.fields["id"], &gone.fields["deleted"]), (&"7".into(), &true.into()));
        assert_eq!(gone.fields.len(), TWEET.len());
    }
}
