//! The keys by which clients recognise a server. They are generated at the first start and stored in the database.

use std::path::Path;

#[cfg(feature = "ssh")]
use gateway::ssh::HostKey;
use protocol::tls::{Identity, IdentityError};
#[cfg(feature = "ssh")]
use store::env::Random;
use store::sqlite::SqliteStore;

use super::error::ServeError;
use crate::config::Config;

/// Names of the secrets in the store.
const IDENTITY_SECRET: &str = "tls-identity";
#[cfg(feature = "ssh")]
const HOST_KEY_SECRET: &str = "ssh-host-key";

/// The operator's certificate, or the generated one.
pub(super) fn identity(config: &Config, store: &SqliteStore) -> Result<Identity, ServeError> {
    if let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|error| ServeError::Read { path: path.to_owned(), error })
        };
        return Ok(Identity::from_pem(&read(certificate)?, &read(key)?)?);
    }
    let generated = Identity::generate_pem()?;
    let stored = store.secret(IDENTITY_SECRET, || generated.into_bytes())?;
    let pem = String::from_utf8(stored).map_err(|_| IdentityError::Pem("key in the database"))?;
    Ok(Identity::from_pem(&pem, &pem)?)
}

/// The key of the ssh gateway.
#[cfg(feature = "ssh")]
pub(super) fn host_key(store: &SqliteStore, random: &dyn Random) -> Result<HostKey, ServeError> {
    let generate = || {
        let mut seed = [0; HostKey::SEED_BYTES];
        random.fill(&mut seed);
        seed.to_vec()
    };
    let stored = store.secret(HOST_KEY_SECRET, generate)?;
    let damaged = || model::Error::Unavailable("the ssh key in the database is damaged".into());
    let seed = stored.as_slice().try_into().map_err(|_| damaged())?;
    Ok(HostKey::from_seed(seed)?)
}
