//! How far somebody has read a timeline: the same on every device.

use std::fmt;

use crate::{Error, Hashtag, Result, TweetId};

/// A timeline that has a read line: `home`, `local` or `#hashtag` (folded, so that `#Rust` and `#rust` are one).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimelineName(String);

impl TimelineName {
    /// From what a client wrote.
    ///
    /// # Errors
    /// `INVALID{timeline}`.
    pub fn parse(text: &str) -> Result<Self> {
        if matches!(text, "home" | "local") {
            return Ok(Self(text.to_owned()));
        }
        let hashtag = if text.starts_with('#') { Hashtag::parse(text).ok() } else { None };
        // A few letters fold into something that is no hashtag; those have no line rather than one under a name
        // that cannot be written.
        hashtag
            .filter(|tag| Hashtag::parse(tag.key()).is_ok_and(|again| again.key() == tag.key()))
            .map(|tag| Self(format!("#{}", tag.key())))
            .ok_or_else(|| Error::invalid("timeline", "must be home, local or a #hashtag"))
    }

    /// As written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TimelineName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything up to this tweet was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLine {
    /// Where.
    pub timeline: TimelineName,
    /// The newest tweet that was read.
    pub tweet: TweetId,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn timelines_have_one_name_each() {
        for (text, name) in [("home", "home"), ("local", "local"), ("#Rust", "#rust"), ("#ÜBER", "#über")] {
            assert_eq!(TimelineName::parse(text).unwrap().as_str(), name);
        }
    }

    #[test]
    fn what_names_no_timeline_is_refused() {
        for text in ["", "Home", "mine", "rust", "#", "##rust", "#1", "#a b", "@ada", "#\u{fdfa}"] {
            let refused = TimelineName::parse(text).unwrap_err();
            assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "timeline"), "{text}");
        }
        assert!(TimelineName::parse(&format!("#{}", "a".repeat(101))).is_err());
    }

    proptest! {
        #[test]
        fn a_name_that_was_given_out_can_be_sent_back(text in "#\\PC{1,20}") {
            if let Ok(name) = TimelineName::parse(&text) {
                prop_assert_eq!(TimelineName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}
