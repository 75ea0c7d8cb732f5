//! The five-line form in which the original program wrote a retweet with a message: `Retweet:`, the message,
//! the old content, `By: NAME`, `Posted On:TIME`. Message and old content may have several lines each.

use jiff::civil::DateTime;

/// A content in that form.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Retweet<'a> {
    /// Message and old content, with nothing that tells where the one ends.
    body: &'a str,
    /// Author of the original.
    pub(super) author: &'a str,
    /// When the original was posted.
    pub(super) posted: DateTime,
}

impl<'a> Retweet<'a> {
    /// `None` for any other content.
    pub(super) fn parse(content: &'a str) -> Option<Self> {
        let rest = content.strip_prefix("Retweet:\n")?;
        let (rest, posted) = rest.rsplit_once('\n')?;
        let posted = parse_date(posted.strip_prefix("Posted On:")?)?;
        let (body, author) = rest.rsplit_once('\n')?;
        let author = author.strip_prefix("By:")?.trim();
        Some(Self { body, author, posted })
    }

    /// Every way to divide the body into message and old content, the shortest message first.
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
    fn the_five_lines_are_taken_apart() {
        let retweet =
            Retweet::parse("Retweet:\nso true\nfirst\nsecond\nBy: ada\nPosted On:02/12/2020, 11:47").unwrap();
        assert_eq!(retweet.author, "ada");
        assert_eq!(retweet.posted, jiff::civil::date(2020, 12, 2).at(11, 47, 0, 0));
        let divisions: Vec<_> = retweet.divisions().collect();
        assert_eq!(divisions, [("so true", "first\nsecond"), ("so true\nfirst", "second")]);
    }

    #[test]
    fn a_tweet_that_only_begins_like_a_retweet_is_a_tweet() {
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
    fn days_that_no_calendar_has_are_no_dates() {
        for text in ["31/02/2020, 10:00", "2020-12-02 10:00", "01/12/2020, 25:00", ""] {
            assert_eq!(parse_date(text), None, "{text:?}");
        }
        assert!(parse_date("29/02/2020, 00:00").is_some());
    }
}
