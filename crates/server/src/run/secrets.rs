//! The keys by which clients recognise a server. They are generated at the first start and stored in the database.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

#[cfg(feature = "ssh")]
use gateway::ssh::HostKey;
use protocol::tls::{Identity, IdentityError};
use store::Engine;
#[cfg(feature = "ssh")]
use store::env::Random;

use super::error::ServeError;
use crate::config::Config;

/// Names of the secrets in the store.
const IDENTITY_SECRET: &str = "tls-identity";
#[cfg(feature = "ssh")]
const HOST_KEY_SECRET: &str = "ssh-host-key";

/// The operator's certificate, or the generated one.
pub(super) async fn identity(config: &Config, store: &dyn Engine) -> Result<Identity, ServeError> {
    if let (Some(certificate), Some(key)) = (&config.tls.certificate, &config.tls.key) {
        let read = |path: &Path| {
            std::fs::read_to_string(path).map_err(|error| ServeError::Read { path: path.to_owned(), error })
        };
        require_private(key)?;
        return Ok(Identity::from_pem(&read(certificate)?, &read(key)?)?);
    }
    let generated = Identity::generate_pem()?;
    let stored = store.secret(IDENTITY_SECRET, generated.into_bytes()).await?;
    let pem = String::from_utf8(stored).map_err(|_| IdentityError::Pem("key in the database"))?;
    Ok(Identity::from_pem(&pem, &pem)?)
}

/// Refuses a key that others can read. A key that belongs to another user, such as root, may be readable for a group: that
/// of the server.
fn require_private(path: &Path) -> Result<(), ServeError> {
    let metadata =
        std::fs::metadata(path).map_err(|error| ServeError::Read { path: path.to_owned(), error })?;
    let mode = metadata.permissions().mode() & 0o777;
    let is_own = metadata.uid() == rustix::process::geteuid().as_raw();
    let allowed = if is_own { 0o700 } else { 0o740 };
    if mode & !allowed != 0 {
        return Err(ServeError::OpenKey { path: path.to_owned(), mode });
    }
    Ok(())
}

/// The key of the ssh gateway.
#[cfg(feature = "ssh")]
pub(super) async fn host_key(store: &dyn Engine, random: &dyn Random) -> Result<HostKey, ServeError> {
    let mut generated = [0; HostKey::SEED_BYTES];
    random.fill(&mut generated);
    let stored = store.secret(HOST_KEY_SECRET, generated.to_vec()).await?;
    let damaged = || model::Error::Unavailable("the ssh key in the database is damaged".into());
    let seed = stored.as_slice().try_into().map_err(|_| damaged())?;
    Ok(HostKey::from_seed(seed)?)
}
