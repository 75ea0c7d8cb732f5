//! The text that the original program wrote for a retweet with a message: `Retweet:`, the message, the original content,
//! `By: NAME`, `Posted On:TIME`. Message and content can have several lines each.

use jiff::civil::DateTime;

/// A retweet with a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Retweet<'a> {
    /// Message and original content. Nothing marks where the message ends.
    body: &'a str,
    /// Name of the original author.
    pub(super) author: &'a str,
    /// Time of the original tweet.
    pub(super) posted: DateTime,
}

impl<'a> Retweet<'a> {
    /// `None` if the content is not a retweet.
    pub(super) fn parse(content: &'a str) -> Option<Self> {
        let rest = content.strip_prefix("Retweet:\n")?;
        let (rest, posted) = rest.rsplit_once('\n')?;
        let posted = parse_date(posted.strip_prefix("Posted On:")?)?;
        let (body, author) = rest.rsplit_once('\n')?;
        let author = author.strip_prefix("By:")?.trim();
        Some(Self { body, author, posted })
    }

    /// Every division of the body into message and original content, the shortest message first.
    pub(super) fn divisions(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let body = self.body;
        body.match_indices('\n').filter_map(move |(at, _)| Some((body.get(..at)?, body.get(at + 1..)?)))
    }
}

/// `dd/mm/YYYY, HH:MM`.
pub(super) fn parse_date(text: &str) -> Option<DateTime> {
    DateTime::strptime("%d/%m/%Y, %H:%M", text.trim()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_retweet_is_parsed() {
        let retweet =
            Retweet::parse("Retweet:\nso true\nfirst\nsecond\nBy: ada\nPosted On:02/12/2020, 11:47").unwrap();
        assert_eq!(retweet.author, "ada");
        assert_eq!(retweet.posted, jiff::civil::date(2020, 12, 2).at(11, 47, 0, 0));
        let divisions: Vec<_> = retweet.divisions().collect();
        assert_eq!(divisions, [("so true", "first\nsecond"), ("so true\nfirst", "second")]);
    }

    #[test]
    fn a_tweet_that_only_starts_like_a_retweet_is_not_a_retweet() {
        for content in [
            "Retweet:",
            "Retweet: please!",
            "Retweet:\nme\nBy: ada",
            "Retweet:\nme\nold\nBy: ada\nPosted On:yesterday",
            "me\nold\nBy: ada\nPosted On:02/12/2020, 11:47",
        ] {
            assert_eq!(Retweet::parse(content), None, "{content:?}");
        }
    }

    #[test]
    fn dates_that_do_not_exist_are_rejected() {
        for text in ["31/02/2020, 10:00", "2020-12-02 10:00", "01/12/2020, 25:00", ""] {
            assert_eq!(parse_date(text), None, "{text:?}");
        }
        assert!(parse_date("29/02/2020, 00:00").is_some());
    }
}
