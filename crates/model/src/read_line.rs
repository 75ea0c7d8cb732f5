//! Read positions: how far an account has read a timeline, on all its devices.

use std::fmt;

use crate::error::{Error, Result};
use crate::id::TweetId;
use crate::text::Hashtag;

/// Name of a timeline with a read position: `home`, `local` or `#hashtag` (case-folded: `#Rust` and `#rust` are one).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TimelineName(String);

impl TimelineName {
    /// Parses a name from a client.
    ///
    /// # Errors
    /// `INVALID{timeline}` if it is not the name of such a timeline.
    pub fn parse(text: &str) -> Result<Self> {
        if matches!(text, "home" | "local") {
            return Ok(Self(text.to_owned()));
        }
        let hashtag = if text.starts_with('#') { Hashtag::parse(text).ok() } else { None };
        // A few letters fold into a text that is not a hashtag. Such a hashtag has no read position, because its name
        // could not be sent back.
        hashtag
            .filter(|tag| Hashtag::parse(tag.key()).is_ok_and(|again| again.key() == tag.key()))
            .map(|tag| Self(format!("#{}", tag.key())))
            .ok_or_else(|| Error::invalid("timeline", "must be home, local or a #hashtag"))
    }

    /// The name itself.
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

/// A read position: everything up to this tweet was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadLine {
    /// The timeline.
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
    fn other_names_are_refused() {
        for text in ["", "Home", "mine", "rust", "#", "##rust", "#1", "#a b", "@ada", "#\u{fdfa}"] {
            let refused = TimelineName::parse(text).unwrap_err();
            assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "timeline"), "{text}");
        }
        let longest = format!("#{}", "a".repeat(100));
        assert_eq!(TimelineName::parse(&longest).unwrap().as_str(), longest);
        let refused = TimelineName::parse(&format!("{longest}a")).unwrap_err();
        assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "timeline"), "{refused:?}");
    }

    proptest! {
        #[test]
        fn a_parsed_name_parses_to_itself(text in "#\\PC{1,20}") {
            if let Ok(name) = TimelineName::parse(&text) {
                prop_assert_eq!(TimelineName::parse(name.as_str()).unwrap(), name);
            }
        }
    }
}
