//! Names of people, what they say of themselves, and passwords of another program.

use model::{Bio, Cursor, DisplayName, Hashtag, Password, SshKeyName, TimelineName, Username};
use service::passwords::wrap_legacy;
use store::env::Random;

use crate::store::CHEAP;

/// What a parser took, it takes again as the same.
pub(crate) fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(name) = Username::parse(&text) {
        let kept = name.as_str();
        assert!((1..=30).contains(&kept.len()));
        assert!(kept.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{kept}");
        assert_eq!(Username::parse(kept), Ok(name));
    }
    if let Ok(name) = DisplayName::parse(&text) {
        assert!(!name.as_str().chars().any(char::is_control));
        assert_eq!(DisplayName::parse(name.as_str()), Ok(name));
    }
    if let Ok(bio) = Bio::parse(&text) {
        assert_eq!(Bio::parse(bio.as_str()), Ok(bio));
    }
    if let Ok(name) = SshKeyName::parse(&text) {
        assert_eq!(SshKeyName::parse(name.as_str()), Ok(name));
    }
    if let Ok(name) = TimelineName::parse(&text) {
        assert_eq!(TimelineName::parse(name.as_str()), Ok(name));
    }
    if let Ok(tag) = Hashtag::parse(&text) {
        assert_eq!(Hashtag::parse(tag.name()).map(|again| again.key().to_owned()), Ok(tag.key().to_owned()));
    }
    if let Ok(cursor) = Cursor::decode(&text) {
        assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
    }
    if let Ok(password) = Password::parse_new("password", text.into_owned()) {
        assert!((8..=256).contains(&password.expose().len()));
        assert_eq!(format!("{password:?}").find(password.expose()), None, "a password is not shown");
    }
}

/// Salts need not be random here, and runs must be the same again.
#[derive(Debug)]
struct Same;

impl Random for Same {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// A hash of the original program is wrapped or refused; what is kept of it holds no bare hash, and is bounded.
pub(crate) fn legacy_hash(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(kept) = wrap_legacy(&text, CHEAP, &Same) else { return };
    let settings = kept.legacy.as_deref().expect("it says how it was made");
    let (_, hash) = text.rsplit_once('$').expect("a hash of three parts");
    assert!(!kept.phc.contains(hash) && !settings.contains(hash), "the bare hash is not at rest");
    assert!(settings.starts_with("$6$") && settings.len() <= 40, "{settings}");
    assert!(kept.phc.starts_with("$argon2id$"));
}
