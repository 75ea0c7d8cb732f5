//! Names, profiles, and password hashes of the original program.

use model::{Bio, Cursor, DisplayName, Hashtag, Password, SshKeyName, TimelineName, Username};
use service::passwords::wrap_legacy;
use store::env::Random;

use crate::fuzz_server::CHEAP;

/// A parser accepts its own output and returns it unchanged.
pub(crate) fn names(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(name) = Username::parse(&text) {
        let text = name.as_str();
        assert!((1..=30).contains(&text.len()));
        assert!(text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_'), "{text}");
        assert_eq!(Username::parse(text), Ok(name));
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

/// Constant salts: they need not be random here, and every run must be the same.
#[derive(Debug)]
struct ConstantRandom;

impl Random for ConstantRandom {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// A hash of the original program is wrapped or rejected. The wrapped form is bounded and does not contain the hash.
pub(crate) fn legacy_hash(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Ok(wrapped) = wrap_legacy(&text, CHEAP, &ConstantRandom) else { return };
    let settings = wrapped.legacy.as_deref().expect("the settings of the hash");
    let (_, hash) = text.rsplit_once('$').expect("a hash with a salt");
    assert!(!wrapped.phc.contains(hash) && !settings.contains(hash), "the original hash is not stored");
    assert!(settings.starts_with("$6$") && settings.len() <= 40, "{settings}");
    assert!(wrapped.phc.starts_with("$argon2id$"));
}
