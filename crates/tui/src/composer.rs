//! Texts before they are tweets: in the composer, as drafts, in the outbox. From the first key to the server's response
//! a text is saved as one of them, so that it survives the end of the program.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::count_graphemes;
use protocol::v1;
use protocol::v1::request::Op;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use terminal::editor::Editor;

/// The purpose of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writing {
    /// A new tweet.
    New,
    /// A reply to a tweet.
    Reply(#[serde(with = "as_text")] u64),
    /// A quote of a tweet.
    Quote(#[serde(with = "as_text")] u64),
    /// A new version of the user's tweet.
    Edit(#[serde(with = "as_text")] u64),
    /// A direct message to a username.
    Message(String),
}

/// Identifiers as strings: TOML has no unsigned 64-bit integers.
mod as_text {
    use serde::{Deserialize as _, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
    pub(super) fn serialize<S: Serializer>(id: &u64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(id)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Writing {
    /// The name of its draft: there is one draft for each purpose.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::New => "new".into(),
            Self::Reply(id) => format!("reply-{id}"),
            Self::Quote(id) => format!("quote-{id}"),
            Self::Edit(id) => format!("edit-{id}"),
            Self::Message(username) => format!("chat-{username}"),
        }
    }

    /// The title of the composer.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::New => "New tweet".into(),
            Self::Reply(_) => "Reply".into(),
            Self::Quote(_) => "Quote".into(),
            Self::Edit(_) => "Edit".into(),
            Self::Message(username) => format!("Message to @{username}"),
        }
    }
}

/// Who may see a tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Everyone, in all lists.
    #[default]
    Public,
    /// Everyone, but not in public timelines.
    Unlisted,
    /// Followers.
    Followers,
    /// Mentioned accounts.
    Direct,
}

impl Audience {
    /// The word for it on the screen.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Followers => "followers",
            Self::Direct => "direct",
        }
    }

    /// The next choice; after the last, the first.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Public => Self::Unlisted,
            Self::Unlisted => Self::Followers,
            Self::Followers => Self::Direct,
            Self::Direct => Self::Public,
        }
    }

    fn visibility(self) -> v1::Visibility {
        match self {
            Self::Public => v1::Visibility::Public,
            Self::Unlisted => v1::Visibility::Unlisted,
            Self::Followers => v1::Visibility::Followers,
            Self::Direct => v1::Visibility::Direct,
        }
    }
}

/// A text with its purpose, as it is saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Its purpose.
    pub writing: Writing,
    /// The text.
    pub text: String,
    /// Who can see it.
    #[serde(default)]
    pub audience: Audience,
}

/// The progress of sending a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// It can be undone until this time, in Unix milliseconds.
    Held(i64),
    /// Sent, without a response so far.
    Sent,
    /// It is sent as soon as there is a connection.
    Waiting,
    /// The server refused it, for this reason.
    Refused(String),
}

/// A text of the outbox, with the idempotency key that makes sending it twice harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The beginning of the idempotency keys of its parts.
    pub key: Bytes,
    /// The text, or the first part of a thread.
    pub draft: Draft,
    /// Further parts of a thread.
    pub more: Vec<String>,
    /// The number of parts that the server has.
    pub done: usize,
    /// The tweet of the last of these parts: the next one is a reply to it.
    pub last: u64,
    /// The progress of sending it.
    pub sending: Sending,
}

/// The file of a text of the outbox.
#[derive(Serialize, Deserialize)]
struct OutgoingFile {
    key: String,
    done: usize,
    last: String,
    more: Vec<String>,
    draft: Draft,
}

impl Outgoing {
    /// A text that can be undone until this time, in Unix milliseconds.
    #[must_use]
    pub fn new(key: Bytes, draft: Draft, more: Vec<String>, held_until: i64) -> Self {
        Self { key, draft, more, done: 0, last: 0, sending: Sending::Held(held_until) }
    }

    /// The name of its file.
    #[must_use]
    pub fn name(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.key)
    }

    /// The part that is sent next.
    #[must_use]
    pub fn text(&self) -> &str {
        match self.done.checked_sub(1) {
            None => &self.draft.text,
            Some(index) => self.more.get(index).map_or("", String::as_str),
        }
    }

    /// Whether the server has all parts.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done > self.more.len()
    }

    /// The next request, and its idempotency key.
    #[must_use]
    pub fn request(&self) -> (Op, Bytes) {
        let text = self.text().to_owned();
        let visibility = self.draft.audience.visibility().into();
        let post =
            |reply_to, quote_of| Op::Post(v1::Post { text: text.clone(), visibility, reply_to, quote_of });
        let op = match (&self.draft.writing, self.done) {
            (Writing::Message(username), _) => {
                Op::SendMessage(v1::SendMessage { username: username.clone(), text })
            }
            (_, 1..) => post(self.last, 0),
            (Writing::New, _) => post(0, 0),
            (Writing::Reply(id), _) => post(*id, 0),
            (Writing::Quote(id), _) if self.draft.text.trim().is_empty() => {
                Op::Retweet(v1::Retweet { tweet_id: *id })
            }
            (Writing::Quote(id), _) => post(0, *id),
            (Writing::Edit(id), _) => Op::EditTweet(v1::EditTweet { tweet_id: *id, text }),
        };
        let mut key = self.key.to_vec();
        key.push(u8::try_from(self.done).unwrap_or(u8::MAX));
        (op, key.into())
    }

    /// The content of its file.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let file = OutgoingFile {
            key: self.name(),
            done: self.done,
            last: self.last.to_string(),
            more: self.more.clone(),
            draft: self.draft.clone(),
        };
        toml::to_string(&file).unwrap_or_default()
    }

    /// Reads the content of a file; it is sent again with the same idempotency keys.
    #[must_use]
    pub fn from_toml(text: &str) -> Option<Self> {
        let file: OutgoingFile = toml::from_str(text).ok()?;
        let key = data_encoding::HEXLOWER.decode(file.key.as_bytes()).ok()?;
        Some(Self {
            key: key.into(),
            draft: file.draft,
            more: file.more,
            done: file.done,
            last: file.last.parse().ok()?,
            sending: Sending::Waiting,
        })
    }
}

/// Drafts by their names.
pub type Drafts = BTreeMap<String, Draft>;

/// The completions of a word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Byte offset of the word.
    pub start: usize,
    /// The text to insert, and an explanation.
    pub choices: Vec<(String, String)>,
    /// Index of the marked choice.
    pub choice: usize,
}

/// The composer.
#[derive(Debug, Clone)]
pub struct Composer {
    /// The purpose of the text.
    pub writing: Writing,
    /// The text.
    pub editor: Editor,
    /// Who can see it.
    pub audience: Audience,
    /// Completions of the word at the caret.
    pub completion: Option<Completion>,
}

impl Composer {
    /// A composer with the text of a draft.
    #[must_use]
    pub fn new(draft: Draft) -> Self {
        Self {
            writing: draft.writing,
            editor: Editor::new(&draft.text),
            audience: draft.audience,
            completion: None,
        }
    }

    /// The draft with the present text.
    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft { writing: self.writing.clone(), text: self.editor.text().to_owned(), audience: self.audience }
    }

    /// The word at the caret if it has a sign (`@`, `#` or `:`): its byte offset, its sign and the rest.
    #[must_use]
    pub fn word(&self) -> Option<(usize, char, &str)> {
        let before = self.editor.text().get(..self.editor.caret())?;
        let start = before.rfind(|c: char| c.is_whitespace() || c == '(').map_or(0, |at| {
            at + before.get(at..).and_then(|rest| rest.chars().next()).map_or(1, char::len_utf8)
        });
        let word = before.get(start..)?;
        let sign = word.chars().next().filter(|sign| matches!(sign, '@' | '#' | ':'))?;
        Some((start, sign, word.get(1..)?))
    }
}

/// Splits a text between words into parts of a maximum length, each with its number at the end.
#[must_use]
pub fn split(text: &str, graphemes_max: usize) -> Vec<String> {
    if count_graphemes(text) <= graphemes_max {
        return vec![text.to_owned()];
    }
    // Leave space for " 10/12".
    let available = graphemes_max.saturating_sub(6).max(1);
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for word in text.split_word_bounds() {
        let longer = format!("{part}{word}");
        if count_graphemes(longer.trim_end()) <= available {
            part = longer;
            continue;
        }
        if !part.trim().is_empty() {
            parts.push(part.trim().to_owned());
        }
        part = String::new();
        for cluster in word.graphemes(true) {
            if count_graphemes(&part) == available {
                parts.push(std::mem::take(&mut part));
            }
            part.push_str(cluster);
        }
        part = part.trim_start().to_owned();
    }
    if !part.trim().is_empty() {
        parts.push(part.trim().to_owned());
    }
    let all = parts.len();
    (1..).zip(parts).map(|(number, part)| format!("{part} {number}/{all}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(writing: Writing, text: &str) -> Draft {
        Draft { writing, text: text.into(), audience: Audience::Followers }
    }

    #[test]
    fn a_saved_text_is_sent_again_with_the_same_key() {
        let writing = Writing::Reply(u64::MAX);
        let mut one = Outgoing::new(vec![7; 16].into(), draft(writing, "a \"b\"\n'''c"), vec!["d".into()], 9);
        let again = Outgoing::from_toml(&one.to_toml()).unwrap();
        assert_eq!(again, Outgoing { sending: Sending::Waiting, ..one.clone() });
        assert_eq!(again.request(), one.request());
        let first = one.request();
        (one.done, one.last) = (1, 42);
        let (op, key) = one.request();
        assert_ne!(key, first.1);
        assert!(matches!(op, Op::Post(post) if post.reply_to == 42 && post.text == "d"));
        one.done = 2;
        assert!(one.is_done());
        assert_eq!(Outgoing::from_toml("nonsense"), None);
    }

    #[test]
    fn a_quote_without_a_text_is_a_retweet() {
        let quote = Outgoing::new(Bytes::new(), draft(Writing::Quote(5), " \n"), Vec::new(), 0);
        assert_eq!(quote.request().0, Op::Retweet(v1::Retweet { tweet_id: 5 }));
    }

    #[test]
    fn a_long_text_becomes_a_thread_between_words() {
        let text = "one two three four five six seven eight nine ten";
        let parts = split(text, 20);
        assert!(parts.iter().all(|part| count_graphemes(part) <= 20), "{parts:?}");
        assert_eq!(parts.first().map(String::as_str), Some("one two three 1/4"));
        let words: Vec<&str> =
            parts.iter().flat_map(|part| part.split(' ')).filter(|w| !w.contains('/')).collect();
        assert_eq!(words.join(" "), text);
        assert!(split(&"x".repeat(50), 20).iter().all(|part| count_graphemes(part) <= 20));
        assert_eq!(split("short", 20), ["short"]);
    }

    #[test]
    fn words_with_a_sign_can_be_completed() {
        let composer = |text: &str| Composer::new(draft(Writing::New, text));
        assert_eq!(composer("hi @ad").word(), Some((3, '@', "ad")));
        assert_eq!(composer("(#日").word(), Some((1, '#', "日")));
        assert_eq!(composer("hi @ad ").word(), None);
        assert_eq!(composer("hi").word(), None);
    }
}
