//! Text that people write: how it is made safe for a terminal, and which entities it has.

use model::limits::{COMBINING_MARKS_MAX, HASHTAGS_MAX, MENTIONS_MAX, TWEET_BYTES_MAX, TWEET_GRAPHEMES_MAX};
use model::{Hashtag, SafeText, TweetText, Username};

/// Safe text has no control or invisible characters, and making it safe again changes nothing.
pub(crate) fn safe_text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (lines, line) = (SafeText::lines(&text), SafeText::line(&text));
    for (safe, newline) in [(&lines, true), (&line, false)] {
        let mut marks = 0;
        for c in safe.as_str().chars() {
            let shapes = matches!(c, '\u{200c}' | '\u{200d}' | '\u{180b}'..='\u{180d}' | '\u{180f}'
                | '\u{e0020}'..='\u{e007f}' | '\u{e0100}'..='\u{e01ef}');
            assert!(SafeText::keeps(c) || shapes || (newline && c == '\n'), "U+{:04X} is left", u32::from(c));
            marks = if is_combining(c) { marks + 1 } else { 0 };
            assert!(marks <= 4 * COMBINING_MARKS_MAX, "too many combining marks are left");
        }
        for joiner in ["\n\u{200d}", " \u{200d}", "a\u{200d}", "a\u{200c}"] {
            assert!(!safe.as_str().contains(joiner), "a joiner is left after ASCII");
        }
    }
    assert_eq!(SafeText::lines(lines.as_str()), lines);
    assert_eq!(SafeText::line(line.as_str()), line);
    let _ = line.width();
}

/// Unicode's block "Combining Diacritical Marks".
fn is_combining(c: char) -> bool {
    ('\u{300}'..='\u{36f}').contains(&c)
}

/// Links, hashtags and mentions are in order and do not overlap. A text that was accepted is accepted again, and is
/// within the limits.
pub(crate) fn entities(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut end = 0;
    for (range, entity) in model::entities(&text) {
        assert!(range.start >= end && range.start < range.end, "entities are in order and do not overlap");
        end = range.end;
        let part = text.get(range).expect("entities begin and end between characters");
        match entity {
            model::Entity::Link => assert!(part.to_ascii_lowercase().starts_with("http")),
            model::Entity::Hashtag(tag) => {
                assert_eq!(Hashtag::parse(part).as_ref(), Ok(&tag));
                assert_eq!(Hashtag::parse(tag.name()).as_ref(), Ok(&tag), "a hashtag's name is a hashtag");
            }
            model::Entity::Mention(name) => assert_eq!(Username::parse(part).as_ref(), Ok(&name)),
        }
    }
    if let Ok(tweet) = TweetText::parse(&text) {
        assert_eq!(
            TweetText::parse(tweet.as_str()).as_ref(),
            Ok(&tweet),
            "an accepted text is accepted again"
        );
        assert!(tweet.as_str().len() <= TWEET_BYTES_MAX);
        assert!(model::count_graphemes(tweet.as_str()) <= TWEET_GRAPHEMES_MAX);
        assert!(tweet.hashtags().len() <= HASHTAGS_MAX && tweet.mentions().len() <= MENTIONS_MAX);
        assert!(!tweet.as_str().chars().any(|c| c != '\n' && c.is_control()));
    }
}
