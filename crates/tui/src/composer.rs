//! Texts before they are tweets: in the composer, as drafts, in the outbox. From the first key to the server's response
//! a text is saved as one of them, so that it survives the end of the program.

use std::collections::BTreeMap;

use bytes::Bytes;
use model::unfinished_word;
use protocol::v1;
use protocol::v1::request::Op;
use serde::{Deserialize, Serialize};

use crate::split::without_number;
use terminal::editor::Editor;

/// The purpose of a text.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Writing {
    /// A new tweet.
    New,
    /// A reply to a tweet.
    Reply(#[serde(with = "crate::as_text")] u64),
    /// A quote of a tweet.
    Quote(#[serde(with = "crate::as_text")] u64),
    /// A new version of the user's tweet.
    Edit(#[serde(with = "crate::as_text")] u64),
    /// A direct message to a username.
    Message(String),
    /// A new version of the user's message to a username.
    EditMessage(String, #[serde(with = "crate::as_text")] u64),
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
            Self::EditMessage(_, id) => format!("edit-message-{id}"),
        }
    }

    /// What it is, in a word.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::New => "tweet",
            Self::Reply(_) => "reply",
            Self::Quote(_) => "quote",
            Self::Edit(_) | Self::EditMessage(..) => "edit",
            Self::Message(_) => "message",
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
            Self::EditMessage(username, _) => format!("Edit message to @{username}"),
        }
    }

    /// The username of the chat that it is written in, if it is.
    #[must_use]
    pub fn chat(&self) -> Option<&str> {
        match self {
            Self::Message(username) | Self::EditMessage(username, _) => Some(username),
            _ => None,
        }
    }

    /// Whether it replaces a text that the server has.
    #[must_use]
    pub fn is_edit(&self) -> bool {
        matches!(self, Self::Edit(_) | Self::EditMessage(..))
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

    /// The same at the beginning of a title.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Public => "Public",
            Self::Unlisted => "Unlisted",
            Self::Followers => "Followers",
            Self::Direct => "Only mentioned",
        }
    }

    /// Who can see the tweet, in a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Public => "Everyone can read it, and it is in the public lists",
            Self::Unlisted => "Everyone can read it, but it is in no public list",
            Self::Followers => "Only you and your followers can read it",
            Self::Direct => "Only you and the people whom it mentions can read it",
        }
    }

    /// The choice with this name, as the screen or the command line has it.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        let is_named = |one: &Self| name == one.word() || name == one.title().to_lowercase();
        let all = [Self::Public, Self::Unlisted, Self::Followers, Self::Direct];
        all.into_iter().find(is_named).or_else(|| (name == "mentioned").then_some(Self::Direct))
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
    /// When it was saved, in Unix milliseconds; 0 if that is not known.
    #[serde(default)]
    pub saved_ms: i64,
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
    /// It could not be sent now, for this reason: it is sent again at this time, in Unix milliseconds.
    Retrying(i64, String),
    /// This limit of the server was reached: it is sent again at this time, in Unix milliseconds.
    Limited(i64, String),
    /// The server refused it, for this reason.
    Refused(String),
}

/// A text of the outbox, with the idempotency key that makes sending it twice harmless.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The beginning of the idempotency keys of its parts.
    pub key: Bytes,
    /// The text as it was written.
    pub draft: Draft,
    /// The parts of a thread, with their numbers; none if the text is sent whole.
    pub parts: Vec<String>,
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
    /// Why the server refused it: it is not sent again until the user sends it.
    refused: Option<String>,
    parts: Vec<String>,
    draft: Draft,
}

impl Outgoing {
    /// A text that can be undone until this time, in Unix milliseconds.
    #[must_use]
    pub fn new(key: Bytes, draft: Draft, parts: Vec<String>, held_until: i64) -> Self {
        Self { key, draft, parts, done: 0, last: 0, sending: Sending::Held(held_until) }
    }

    /// The name of its file.
    #[must_use]
    pub fn name(&self) -> String {
        data_encoding::HEXLOWER.encode(&self.key)
    }

    /// The part that is sent next.
    #[must_use]
    pub fn text(&self) -> &str {
        if self.parts.is_empty() {
            &self.draft.text
        } else {
            self.parts.get(self.done).map_or("", |part| part)
        }
    }

    /// Whether the server has all parts.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.done >= self.parts.len().max(1)
    }

    /// What the server does not have, as a draft: the text as it was written, or the rest of a thread without numbers.
    #[must_use]
    pub fn unsent(&self) -> Draft {
        if self.done == 0 {
            return self.draft.clone();
        }
        let rest = self.parts.get(self.done..).unwrap_or_default();
        let text = rest.iter().map(|part| without_number(part)).collect::<Vec<_>>().join("\n");
        Draft { writing: Writing::Reply(self.last), text, audience: self.draft.audience, saved_ms: 0 }
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
            (Writing::EditMessage(_, id), _) => Op::EditMessage(v1::EditMessage { message_id: *id, text }),
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
            refused: match &self.sending {
                Sending::Refused(why) => Some(why.clone()),
                _ => None,
            },
            parts: self.parts.clone(),
            draft: self.draft.clone(),
        };
        toml::to_string(&file).unwrap_or_default()
    }

    /// Reads the content of a file; it is sent again with the same idempotency keys, unless the server has refused it.
    #[must_use]
    pub fn from_toml(text: &str) -> Option<Self> {
        let file: OutgoingFile = toml::from_str(text).ok()?;
        let key = data_encoding::HEXLOWER.decode(file.key.as_bytes()).ok()?;
        Some(Self {
            key: key.into(),
            draft: file.draft,
            parts: file.parts,
            done: file.done,
            last: file.last.parse().ok()?,
            sending: file.refused.map_or(Sending::Waiting, Sending::Refused),
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
    /// Byte offset of the word whose completions the user has closed.
    pub uncompleted: Option<usize>,
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
            uncompleted: None,
        }
    }

    /// The draft with the present text.
    #[must_use]
    pub fn draft(&self) -> Draft {
        let text = self.editor.text().to_owned();
        Draft { writing: self.writing.clone(), text, audience: self.audience, saved_ms: 0 }
    }

    /// The word at the caret if it has a sign (`@`, `#` or `:`): its byte offset, its sign and the rest.
    #[must_use]
    pub fn word(&self) -> Option<(usize, char, &str)> {
        unfinished_word(self.editor.text().get(..self.editor.caret())?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(writing: Writing, text: &str) -> Draft {
        Draft { writing, text: text.into(), audience: Audience::Followers, saved_ms: 0 }
    }

    #[test]
    fn a_saved_text_is_sent_again_with_the_same_key() {
        let writing = Writing::Reply(u64::MAX);
        let mut one = Outgoing::new(
            vec![7; 16].into(),
            draft(writing, "a \"b\"\n'''c"),
            vec!["c 1/2".into(), "d 2/2".into()],
            9,
        );
        let again = Outgoing::from_toml(&one.to_toml()).unwrap();
        assert_eq!(again, Outgoing { sending: Sending::Waiting, ..one.clone() });
        assert_eq!(again.request(), one.request());
        let first = one.request();
        (one.done, one.last) = (1, 42);
        let (op, key) = one.request();
        assert_ne!(key, first.1);
        assert!(matches!(op, Op::Post(post) if post.reply_to == 42 && post.text == "d 2/2"));
        assert_eq!(one.unsent(), draft(Writing::Reply(42), "d"));
        one.done = 2;
        assert!(one.is_done());
        assert_eq!(Outgoing::from_toml("nonsense"), None);
        let writing = Writing::EditMessage("grace".into(), u64::MAX);
        let edit = Outgoing::new(vec![7; 16].into(), draft(writing, "better"), Vec::new(), 9);
        let again = Outgoing::from_toml(&edit.to_toml()).unwrap();
        assert_eq!(again.request(), edit.request());
        let better = v1::EditMessage { message_id: u64::MAX, text: "better".into() };
        assert_eq!(edit.request().0, Op::EditMessage(better));
    }

    #[test]
    fn a_quote_without_a_text_is_a_retweet() {
        let quote = Outgoing::new(Bytes::new(), draft(Writing::Quote(5), " \n"), Vec::new(), 0);
        assert_eq!(quote.request().0, Op::Retweet(v1::Retweet { tweet_id: 5 }));
    }

    #[test]
    fn words_with_a_sign_can_be_completed() {
        let composer = |text: &str| Composer::new(draft(Writing::New, text));
        assert_eq!(composer("hi @ad").word(), Some((3, '@', "ad")));
        assert_eq!(composer("(#日").word(), Some((1, '#', "日")));
        assert_eq!(composer("hi @ad ").word(), None);
        assert_eq!(composer("hi").word(), None);
        assert_eq!(composer("你好@ad").word(), Some((6, '@', "ad")));
        assert_eq!(composer("＃日").word(), Some((0, '#', "日")));
        assert_eq!(composer("\"#ta").word(), Some((1, '#', "ta")));
        assert_eq!(composer("❤️:smi").word(), Some((6, ':', "smi")));
        for text in ["a@b", "C#sh", "https://x.example/#a", "12:30", "@ad!", "#️⃣a"] {
            assert_eq!(composer(text).word(), None, "{text}");
        }
    }
}
