//! The server's key: ssh clients remember the server by it.

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
    /// Length of a seed in bytes.
    pub const SEED_BYTES: usize = 32;

    /// Derives the key from a secret seed.
    ///
    /// # Errors
    /// If the library cannot compute a fingerprint, which does not happen for keys of this kind.
    pub fn from_seed(seed: &[u8; Self::SEED_BYTES]) -> model::Result<Self> {
        let key = PrivateKey::from(Ed25519Keypair::from_seed(seed));
        let fingerprint = fingerprint_of_ssh_key(key.public_key())?;
        Ok(Self { key, fingerprint })
    }

    /// Shown by clients at first contact, for users to compare.
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
