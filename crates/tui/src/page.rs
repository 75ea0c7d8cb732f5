//! Pages of screens that are kept for when there is no connection: what a server answered, as it came, and when.

use prost::Message as _;
use protocol::v1;
use protocol::v1::response;

use crate::route::{ProfileTab, Route};

/// Names of files are not longer than this; what would be is not kept.
const NAME_MAX: usize = 120;

/// The first page of a screen, or the head of a profile.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// When it came, in Unix milliseconds.
    pub kept_ms: i64,
    /// What the server answered.
    pub result: response::Result,
}

impl Page {
    /// As it is kept: the time, eight bytes, and a response as on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.kept_ms.to_be_bytes().to_vec();
        bytes.extend(v1::Response { id: 0, result: Some(self.result.clone()) }.encode_to_vec());
        bytes
    }

    /// From what was kept; `None` when it is none.
    #[must_use]
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (kept_ms, response) = bytes.split_first_chunk()?;
        let result = v1::Response::decode(response).ok()?.result?;
        Some(Self { kept_ms: i64::from_be_bytes(*kept_ms), result })
    }
}

/// The name under which a screen's first page is kept; `None` where it would tell nothing later: who is online, what
/// was found, and what belongs to the server alone.
#[must_use]
pub fn name_of(place: &Route) -> Option<String> {
    let name = match place {
        Route::Home => "home".into(),
        Route::Mine => "mine".into(),
        Route::Local => "local".into(),
        Route::Hashtag(name) => format!("tag-{}", in_file_name(&name.to_lowercase())),
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
        Route::People => "people".into(),
        Route::Trends => "trends".into(),
        Route::Notifications => "notifications".into(),
        Route::Conversations => "chats".into(),
        Route::Conversation(username) => format!("chat-{}", in_file_name(username)),
        _ => return None,
    };
    (name.len() <= NAME_MAX).then_some(name)
}

/// The name under which the head of somebody's profile is kept.
#[must_use]
pub fn name_of_profile(username: &str) -> Option<String> {
    let name = format!("profile-{}", in_file_name(username));
    (name.len() <= NAME_MAX).then_some(name)
}

/// Letters, digits and underscores as they are, every other byte by its number: no name leads out of a directory.
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
    fn a_page_is_the_same_again_and_noise_is_none() {
        let page = Page { kept_ms: -7, result: response::Result::TrendList(v1::TrendList::default()) };
        let bytes = page.encode();
        assert_eq!(Page::decode(&bytes), Some(page));
        for noise in [&b""[..], &bytes[..8], &[0xff; 40]] {
            assert_eq!(Page::decode(noise), None);
        }
    }

    #[test]
    fn no_name_leads_out_of_the_directory() {
        for username in ["../x", "a/b", "", ".", "日本"] {
            let name = name_of(&Route::Conversation(username.into())).unwrap();
            assert!(name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_%".contains(&b)), "{name}");
        }
        assert_eq!(name_of(&Route::Hashtag("x".repeat(200))), None);
        assert_eq!(name_of(&Route::Online), None);
    }
}
