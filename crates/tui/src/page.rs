//! Cached pages, for when there is no connection: a response and its time.

use model::Hashtag;
use prost::Message as _;
use protocol::v1;
use protocol::v1::response;

use crate::route::{NotificationList, PeopleSection, ProfileTab, Route};

/// Maximum length of a page's name in bytes; pages with a longer name are not cached.
const NAME_MAX: usize = 120;

/// The first page of a screen, or the head of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// The time of the response, in Unix milliseconds.
    pub received_ms: i64,
    /// The response.
    pub result: response::Result,
}

impl Page {
    /// The content of the file: the time in eight bytes, big endian, then the response as on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.received_ms.to_be_bytes().to_vec();
        bytes.extend(v1::Response { id: 0, result: Some(self.result.clone()) }.encode_to_vec());
        bytes
    }

    /// Reads the content of a file; `None` if it is not valid.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (received_ms, response) = bytes.split_first_chunk()?;
        let result = v1::Response::decode(response).ok()?.result?;
        Some(Self { received_ms: i64::from_be_bytes(*received_ms), result })
    }
}

/// The name of a screen's cached page; `None` for screens that are useless without a connection: presence, search
/// results, sessions and keys.
#[must_use]
pub fn name_of(route: &Route) -> Option<String> {
    let name = match route {
        Route::Home => "home".into(),
        Route::Mine => "mine".into(),
        Route::Local => "local".into(),
        Route::Hashtag(name) => format!("tag-{}", in_file_name(&Hashtag::key_prefix(name))),
        Route::Bookmarks => "bookmarks".into(),
        Route::Likes => "liked".into(),
        Route::Thread(id) => format!("thread-{id}"),
        Route::Profile(username, tab) => {
            let tab = match tab {
                ProfileTab::Tweets => "by",
                ProfileTab::Replies => "replies",
                ProfileTab::Followers => "followers",
                ProfileTab::Following => "following",
            };
            format!("{tab}-{}", in_file_name(username))
        }
        Route::People(PeopleSection::Everyone) => "people".into(),
        Route::People(PeopleSection::Following) => "people-following".into(),
        Route::People(PeopleSection::Followers) => "people-followers".into(),
        Route::Trends => "trends".into(),
        Route::Notifications(NotificationList::All) => "notifications".into(),
        Route::Conversations => "chats".into(),
        Route::Conversation(username) => format!("chat-{}", in_file_name(username)),
        _ => return None,
    };
    (name.len() <= NAME_MAX).then_some(name)
}

/// The name of the cached head of a profile.
#[must_use]
pub fn name_of_profile(username: &str) -> Option<String> {
    let name = format!("profile-{}", in_file_name(username));
    (name.len() <= NAME_MAX).then_some(name)
}

/// Percent-encodes all bytes but letters, digits and underscores, so that no name leaves the directory.
fn in_file_name(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => char::from(byte).to_string(),
        _ => format!("%{byte:02x}"),
    };
    text.bytes().map(byte).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_survives_encoding_and_invalid_files_are_ignored() {
        let page = Page { received_ms: -7, result: response::Result::TrendList(v1::TrendList::default()) };
        let bytes = page.encode();
        assert_eq!(Page::decode(&bytes), Some(page));
        for noise in [&b""[..], &bytes[..8], &[0xff; 40]] {
            assert_eq!(Page::decode(noise), None);
        }
    }

    #[test]
    fn a_hashtag_has_one_name_however_it_is_written() {
        for (one, other) in [("Straße", "STRASSE"), ("ΟΔΟΣ", "οδος"), ("نرم\u{200c}افزار", "نرمافزار")]
        {
            let (one, other) = (Route::Hashtag(one.into()), Route::Hashtag(other.into()));
            assert_eq!(name_of(&one), name_of(&other));
            let name = one.read_line_name().unwrap();
            assert_eq!(other.read_line_name().as_ref(), Some(&name));
            assert_eq!(model::TimelineName::parse(&name).unwrap().as_str(), name, "as the server calls it");
        }
    }

    #[test]
    fn no_name_leaves_the_directory() {
        for username in ["../x", "a/b", "", ".", "日本"] {
            let name = name_of(&Route::Conversation(username.into())).unwrap();
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_%".contains(&b)), "{name}");
        }
        assert_eq!(name_of(&Route::Hashtag("x".repeat(200))), None);
        assert_eq!(name_of(&Route::ONLINE), None);
    }
}
