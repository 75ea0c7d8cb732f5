//! Texts on their way: what is written, what is kept as a draft, what waits in the outbox. A text is in one of the
//! three from the first key to the server's answer, and each of them survives the end of the program.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::count_graphemes;
use protocol::v1;
use protocol::v1::request::Op;
use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation as _;

use terminal::editor::Editor;

/// What a text is for.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writing {
    /// A tweet.
    New,
    /// An answer to a tweet.
    Reply(#[serde(with = "as_text")] u64),
    /// A retweet with a message.
    Quote(#[serde(with = "as_text")] u64),
    /// Another text for one's own tweet.
    Edit(#[serde(with = "as_text")] u64),
    /// A message to somebody.
    Message(String),
}

/// TOML has no unsigned numbers of 64 bits.
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
    /// Names its draft: there is one for each purpose.
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

    /// For people.
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::New => "New tweet".into(),
            Self::Reply(_) => "Reply".into(),
            Self::Quote(_) => "Quote".into(),
            Self::Edit(_) => "Edit".into(),
            Self::Message(username) => format!("To @{username}"),
        }
    }
}

/// Who may see a tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Audience {
    /// Everyone.
    #[default]
    Public,
    /// Everyone, but not in public lists.
    Unlisted,
    /// Followers.
    Followers,
    /// Those who are mentioned.
    Direct,
}

impl Audience {
    /// For people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Unlisted => "unlisted",
            Self::Followers => "followers",
            Self::Direct => "direct",
        }
    }

    /// The next one.
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

/// A text with its purpose, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// What it is for.
    pub writing: Writing,
    /// What is written.
    pub text: String,
    /// Who may see it.
    #[serde(default)]
    pub audience: Audience,
}

/// How something that is to be sent stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sending {
    /// Until this time it can be taken back.
    Held(i64),
    /// On its way.
    Sent,
    /// No connection: it goes when there is one.
    Waiting,
    /// The server said no, and why.
    Refused(String),
}

/// Something in the outbox: a draft with keys, so that it happens once however often it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// Keys of its parts begin with it.
    pub key: Bytes,
    /// What is sent.
    pub draft: Draft,
    /// The texts of a thread that follow the first.
    pub more: Vec<String>,
    /// How many parts the server has.
    pub done: usize,
    /// The last of these parts: the next one answers it.
    pub last: u64,
    /// How it stands.
    pub sending: Sending,
}

/// As it is written on the disk.
#[derive(Serialize, Deserialize)]
struct Kept {
    key: String,
    done: usize,
    last: String,
    more: Vec<String>,
    draft: Draft,
}

impl Outgoing {
    /// One that can be taken back until then.
    #[must_use]
    pub fn new(key: Bytes, draft: Draft, more: Vec<String>, held_until: i64) -> Self {
        Self { key, draft, more, done: 0, last: 0, sending: Sending::Held(held_until) }
    }

    /// Names its file.
    #[must_use]
    pub fn name(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.key)
    }

    /// The text that is next.
    #[must_use]
    pub fn text(&self) -> &str {
        match self.done.checked_sub(1) {
            None => &self.draft.text,
            Some(place) => self.more.get(place).map_or("", String::as_str),
        }
    }

    /// Whether the server has all of it.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done > self.more.len()
    }

    /// What to send next, and under which key.
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

    /// For the disk.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let kept = Kept {
            key: self.name(),
            done: self.done,
            last: self.last.to_string(),
            more: self.more.clone(),
            draft: self.draft.clone(),
        };
        toml::to_string(&kept).unwrap_or_default()
    }

    /// From the disk: it goes again, under the same keys.
    #[must_use]
    pub fn from_toml(text: &str) -> Option<Self> {
        let kept: Kept = toml::from_str(text).ok()?;
        let key = data_encoding::HEXLOWER.decode(kept.key.as_bytes()).ok()?;
        Some(Self {
            key: key.into(),
            draft: kept.draft,
            more: kept.more,
            done: kept.done,
            last: kept.last.parse().ok()?,
            sending: Sending::Waiting,
        })
    }
}

/// Drafts by their names.
pub type Drafts = BTreeMap<String, Draft>;

/// What is offered while a word is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Where the word begins.
    pub start: usize,
    /// What could be meant: what would be written, and what it is.
    pub choices: Vec<(String, String)>,
    /// The one that Tab takes.
    pub choice: usize,
}

/// The sheet on which a text is written.
#[derive(Debug, Clone)]
pub struct Composer {
    /// What it is for.
    pub writing: Writing,
    /// What is written.
    pub editor: Editor,
    /// Who may see it.
    pub audience: Audience,
    /// What is offered for the word at the caret.
    pub completion: Option<Completion>,
}

impl Composer {
    /// With what was kept.
    #[must_use]
    pub fn new(draft: Draft) -> Self {
        Self {
            writing: draft.writing,
            editor: Editor::new(&draft.text),
            audience: draft.audience,
            completion: None,
        }
    }

    /// To be kept.
    #[must_use]
    pub fn draft(&self) -> Draft {
        Draft { writing: self.writing.clone(), text: self.editor.text().to_owned(), audience: self.audience }
    }

    /// The word at the caret that may be completed: where it begins, its sign and what follows it.
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

/// Cuts a text into parts that fit, between words, with the number of each behind it.
#[must_use]
pub fn split(text: &str, graphemes_max: usize) -> Vec<String> {
    if count_graphemes(text) <= graphemes_max {
        return vec![text.to_owned()];
    }
    // For " 10/12".
    let room = graphemes_max.saturating_sub(6).max(1);
    let mut parts: Vec<String> = Vec::new();
    let mut part = String::new();
    for word in text.split_word_bounds() {
        let longer = format!("{part}{word}");
        if count_graphemes(longer.trim_end()) <= room {
            part = longer;
            continue;
        }
        if !part.trim().is_empty() {
            parts.push(part.trim().to_owned());
        }
        part = String::new();
        for cluster in word.graphemes(true) {
            if count_graphemes(&part) == room {
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
    fn what_is_kept_is_sent_again_under_the_same_key() {
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
    fn a_quote_without_a_message_is_a_plain_retweet() {
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
