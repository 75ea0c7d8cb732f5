//! The server's own key: what people's ssh clients remember it by.

use std::fmt;

use model::SshFingerprint;
use russh::keys::PrivateKey;
use russh::keys::ssh_key::private::Ed25519Keypair;

use service::fingerprint_of_ssh_key;

/// An ed25519 key.
#[derive(Clone)]
pub struct HostKey {
    key: PrivateKey,
    fingerprint: SshFingerprint,
}

impl HostKey {
    /// Bytes that a key is made of.
    pub const SEED_BYTES: usize = 32;

    /// From the secret that it is made of.
    ///
    /// # Errors
    /// When the key has no fingerprint, which no key of this kind lacks.
    pub fn from_seed(seed: &[u8; Self::SEED_BYTES]) -> model::Result<Self> {
        let key = PrivateKey::from(Ed25519Keypair::from_seed(seed));
        let fingerprint = fingerprint_of_ssh_key(key.public_key())?;
        Ok(Self { key, fingerprint })
    }

    /// What people compare at first contact.
    #[must_use]
    pub fn fingerprint(&self) -> SshFingerprint {
        self.fingerprint
    }

    pub(super) fn private(&self) -> PrivateKey {
        self.key.clone()
    }
}

impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({})", self.fingerprint)
    }
}
