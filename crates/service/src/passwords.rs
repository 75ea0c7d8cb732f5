//! Password hashing, in a small pool with a bounded queue: a flood of log-ins must not stop the posts.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use argon2::password_hash::{self, Output, ParamsString, PasswordHash as Phc, Salt, SaltString};
use argon2::{Algorithm, Argon2, Block, Params, Version};
use model::{Error, Password, Result, Username};
use sha_crypt::{Sha512Params, sha512_crypt_b64};
use tokio::sync::Semaphore;

use crate::config::{Argon2Cost, ServiceConfig};
use store::PasswordHash;
use store::env::Random;

/// Most rounds of sha512-crypt that an imported hash may ask for: its stored form decides how long a log-in takes, and a
/// wrong one must be answered within [`ServiceConfig::login_answer_after`] as any other.
pub const LEGACY_ROUNDS_MAX: usize = 100_000;
const LEGACY_ROUNDS_DEFAULT: usize = 5_000;
const LEGACY_SALT_BYTES_MAX: usize = 16;

/// Refuses a password that would be guessed at once.
///
/// # Errors
/// `INVALID` for this field.
pub fn refuse_guessable(
    field: &'static str,
    password: &Password,
    username: &Username,
    server_name: &str,
) -> Result<()> {
    match model::guessable(password.expose(), username.as_str(), server_name) {
        Some(why) => Err(Error::invalid(field, format!("is {why}, choose another"))),
        None => Ok(()),
    }
}

/// The outcome of a verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verified {
    /// It is another password.
    Wrong,
    /// It is the password.
    Right,
    /// It is the password as it was typed, which is not its normal form: the hash was made before there was one.
    RightAsTyped,
}

/// What a hash is computed in.
type Memory = Vec<Block>;

/// Hashes and verifies passwords, a few at the same time.
pub struct Hasher {
    running: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
    cost: Argon2Cost,
    random: Arc<dyn Random>,
    /// Memory of hashes that are not running. It is reused: freed and allocated again, blocks of this size fragment the
    /// heap (2 MiB for each log-in were measured).
    idle_memory: Arc<Mutex<Vec<Memory>>>,
    /// A hash that the password of an unknown account is verified against, so that it takes as long.
    decoy: String,
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").field("cost", &self.cost).finish_non_exhaustive()
    }
}

impl Hasher {
    /// A pool as configured.
    #[must_use]
    pub fn new(config: &ServiceConfig, random: Arc<dyn Random>) -> Self {
        let threads = config.hashing_threads.max(1);
        let mut nonsense = [0; 32];
        random.fill(&mut nonsense);
        let decoy =
            hash_bytes(&nonsense, config.argon2, random.as_ref(), &mut Memory::new()).unwrap_or_default();
        Self {
            running: Arc::new(Semaphore::new(threads)),
            waiting: Arc::new(Semaphore::new(threads + config.hashing_queue)),
            cost: config.argon2,
            random,
            idle_memory: Arc::default(),
            decoy,
        }
    }

    /// The form in which a new password is stored.
    ///
    /// # Errors
    /// `BUSY` when too many wait.
    pub async fn hash(&self, password: &Password) -> Result<PasswordHash> {
        let (password, cost, random) = (password.clone(), self.cost, Arc::clone(&self.random));
        let secret =
            move |memory: &mut _| hash_bytes(password.expose().as_bytes(), cost, random.as_ref(), memory);
        let phc = self.run(secret).await??;
        Ok(PasswordHash { phc, legacy: None })
    }

    /// Whether the password matches the stored hash, first in its normal form, then as typed; `None`, for an unknown
    /// account, takes as long and never matches.
    ///
    /// # Errors
    /// `BUSY` when too many wait.
    pub async fn verify(&self, password: &Password, stored: Option<PasswordHash>) -> Result<Verified> {
        let known = stored.is_some();
        let stored = stored.unwrap_or_else(|| PasswordHash { phc: self.decoy.clone(), legacy: None });
        let password = password.clone();
        let verified = self
            .run(move |memory| {
                let mut matches = |secret: &str| match &stored.legacy {
                    None => matches_phc(secret.as_bytes(), &stored.phc, memory),
                    Some(settings) => legacy_hash(secret.as_bytes(), settings)
                        .is_some_and(|hash| matches_phc(hash.as_bytes(), &stored.phc, memory)),
                };
                if matches(password.expose()) {
                    Verified::Right
                } else if password.expose_typed().is_some_and(matches) {
                    Verified::RightAsTyped
                } else {
                    Verified::Wrong
                }
            })
            .await?;
        Ok(if known { verified } else { Verified::Wrong })
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> T + Send + 'static,
    ) -> Result<T> {
        let _place = self.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let running = Arc::clone(&self.running).acquire_owned().await.map_err(|_| Error::GoingAway)?;
        let idle = Arc::clone(&self.idle_memory);
        let work = tokio::task::spawn_blocking(move || {
            let mut memory = idle.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default();
            let value = work(&mut memory);
            idle.lock().unwrap_or_else(PoisonError::into_inner).push(memory);
            drop(running);
            value
        });
        work.await.map_err(|error| store::incident(&error))
    }
}

/// A bare sha512-crypt string of another database, wrapped in argon2id so that it is not at rest as it is.
///
/// # Errors
/// `INVALID{password}` when it is not `$6$[rounds=N$]SALT$HASH` within our limits.
pub fn wrap_legacy(crypt: &str, cost: Argon2Cost, random: &dyn Random) -> Result<PasswordHash> {
    let bad = |reason: &'static str| Error::invalid("password", reason);
    let (settings, hash) = crypt.rsplit_once('$').ok_or_else(|| bad("is not a sha512-crypt hash"))?;
    if hash.len() != 86 || !hash.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.' || b == b'/') {
        return Err(bad("is not a sha512-crypt hash"));
    }
    let (_, salt) = legacy_settings(settings)
        .ok_or_else(|| bad("needs 1000 to 100000 rounds and a salt of up to 16 characters"))?;
    if salt.is_empty() {
        return Err(bad("has no salt"));
    }
    Ok(PasswordHash {
        phc: hash_bytes(hash.as_bytes(), cost, random, &mut Memory::new())?,
        legacy: Some(settings.to_owned()),
    })
}

/// Hashes a password at once, for tools that have no pool.
///
/// # Errors
/// `INTERNAL` when the cost is not possible.
pub fn hash_now(password: &Password, cost: Argon2Cost, random: &dyn Random) -> Result<PasswordHash> {
    Ok(PasswordHash {
        phc: hash_bytes(password.expose().as_bytes(), cost, random, &mut Memory::new())?,
        legacy: None,
    })
}

/// The hash of a password as versions before made it.
#[cfg(test)]
pub(crate) fn hash_as_typed(text: &str, cost: Argon2Cost, random: &dyn Random) -> Result<PasswordHash> {
    Ok(PasswordHash { phc: hash_bytes(text.as_bytes(), cost, random, &mut Memory::new())?, legacy: None })
}

fn hash_bytes(secret: &[u8], cost: Argon2Cost, random: &dyn Random, memory: &mut Memory) -> Result<String> {
    let mut salt = [0; 16];
    random.fill(&mut salt);
    let mut phc = || -> password_hash::Result<String> {
        let params = Params::new(cost.memory_kib, cost.passes, cost.parallelism, None)?;
        let salt = SaltString::encode_b64(&salt)?;
        let hash = derive(secret, salt.as_salt(), &params, Params::DEFAULT_OUTPUT_LEN, memory)?;
        let phc = Phc {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params)?,
            salt: Some(salt.as_salt()),
            hash: Some(hash),
        };
        Ok(phc.to_string())
    };
    phc().map_err(|error| store::incident(&error))
}

/// Argon2id, version 1.3, in memory that was used before.
fn derive(
    secret: &[u8],
    salt: Salt<'_>,
    params: &Params,
    length: usize,
    memory: &mut Memory,
) -> password_hash::Result<Output> {
    let mut bytes = [0; Salt::RECOMMENDED_LENGTH * 4];
    let salt = salt.decode_b64(&mut bytes)?;
    memory.resize(params.block_count(), Block::default());
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    Output::init_with(length, |out| {
        Ok(argon2.hash_password_into_with_memory(secret, salt, out, memory.as_mut_slice())?)
    })
}

fn matches_phc(secret: &[u8], phc: &str, memory: &mut Memory) -> bool {
    let mut matches = || {
        let phc = Phc::new(phc).ok()?;
        let ours = phc.algorithm == Algorithm::Argon2id.ident() && phc.version == Some(Version::V0x13.into());
        let (params, salt, stored) = (Params::try_from(&phc).ok()?, phc.salt?, phc.hash?);
        let hash = derive(secret, salt, &params, stored.len(), memory).ok()?;
        // Compared in constant time.
        Some(ours && hash == stored)
    };
    matches().unwrap_or(false)
}

/// Rounds and salt of `$6$[rounds=N$]SALT`.
fn legacy_settings(settings: &str) -> Option<(usize, &str)> {
    let rest = settings.strip_prefix("$6$")?;
    let (rounds, salt) = match rest.strip_prefix("rounds=") {
        Some(rest) => {
            let (rounds, salt) = rest.split_once('$')?;
            (rounds.parse().ok()?, salt)
        }
        None => (LEGACY_ROUNDS_DEFAULT, rest),
    };
    let acceptable = (1_000..=LEGACY_ROUNDS_MAX).contains(&rounds)
        && salt.len() <= LEGACY_SALT_BYTES_MAX
        && salt.bytes().all(|b| b.is_ascii_graphic() && b != b'$');
    acceptable.then_some((rounds, salt))
}

fn legacy_hash(password: &[u8], settings: &str) -> Option<String> {
    let (rounds, salt) = legacy_settings(settings)?;
    let params = Sha512Params::new(rounds).ok()?;
    sha512_crypt_b64(password, salt.as_bytes(), &params).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::env::SystemRandom;

    const CHEAP: Argon2Cost = Argon2Cost { memory_kib: 64, passes: 1, parallelism: 1 };
    /// Made with crypt(3): the password is "pw1".
    const LEGACY: &str =
        "$6$saltsalt$ljByVydwvD9EjwLvyqK9RM8bE0u2IQMdX.zp3L4dkbV7Tca8SHcfyhzcf9E46xT/KzPSGv7ktVQAJGngygr0M1";

    fn hasher(threads: usize, queue: usize) -> Hasher {
        let config = ServiceConfig {
            argon2: CHEAP,
            hashing_threads: threads,
            hashing_queue: queue,
            ..ServiceConfig::default()
        };
        Hasher::new(&config, Arc::new(SystemRandom))
    }

    fn password(text: &str) -> Password {
        Password::parse_attempt("password", text.into()).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_itself_only() {
        let hasher = hasher(1, 4);
        let stored = hasher.hash(&password("correct horse")).await.unwrap();
        assert!(stored.phc.starts_with("$argon2id$"));
        let verified = async |text, stored| hasher.verify(&password(text), stored).await.unwrap();
        assert_eq!(verified("correct horse", Some(stored.clone())).await, Verified::Right);
        assert_eq!(verified("correct horsf", Some(stored)).await, Verified::Wrong);
        assert_eq!(verified("anything", None).await, Verified::Wrong);
    }

    #[tokio::test]
    async fn a_legacy_hash_is_wrapped_and_still_matches() {
        let hasher = hasher(1, 4);
        let stored = wrap_legacy(LEGACY, CHEAP, &SystemRandom).unwrap();
        assert!(!stored.phc.contains("ljByVydwvD9E"), "no bare hash at rest");
        assert_eq!(stored.legacy.as_deref(), Some("$6$saltsalt"));
        let verified = async |text, stored| hasher.verify(&password(text), stored).await.unwrap();
        assert_eq!(verified("pw1", Some(stored.clone())).await, Verified::Right);
        assert_eq!(verified("pw2", Some(stored)).await, Verified::Wrong);
    }

    #[tokio::test]
    async fn a_password_matches_in_any_normal_form_and_old_hashes_match_what_was_typed() {
        let hasher = hasher(1, 4);
        let verified = async |text, stored| hasher.verify(&password(text), Some(stored)).await.unwrap();
        let (composed, decomposed) = ("pässword-trial-77", "pa\u{308}ssword-trial-77");
        let new = hasher.hash(&password(decomposed)).await.unwrap();
        for text in [composed, decomposed, "ｐässword-trial-77"] {
            assert_eq!(verified(text, new.clone()).await, Verified::Right, "{text:?}");
        }
        // As versions before stored it.
        let old = hash_as_typed(decomposed, CHEAP, &SystemRandom).unwrap();
        assert_eq!(verified(decomposed, old.clone()).await, Verified::RightAsTyped);
        assert_eq!(verified(composed, old).await, Verified::Wrong);
    }

    #[test]
    fn legacy_strings_that_could_hurt_are_refused() {
        let hash = "a".repeat(86);
        for bad in [
            "",
            "plain",
            "$6$salt$short",
            "$5$salt$hash",
            &format!("$6$rounds=999999999$salt${hash}"),
            &format!("$6$rounds=1$salt${hash}"),
            &format!("$6$rounds={}$salt${hash}", LEGACY_ROUNDS_MAX + 1),
            &format!("$6$rounds=x$salt${hash}"),
            &format!("$6${}${hash}", "s".repeat(17)),
            &format!("$6$$${hash}"),
            &format!("$6$salt${}", "\u{e9}".repeat(43)),
        ] {
            let refused = wrap_legacy(bad, CHEAP, &SystemRandom);
            assert!(
                matches!(&refused, Err(Error::Invalid { field, .. }) if field == "password"),
                "{bad}: {refused:?}"
            );
        }
        wrap_legacy(&format!("$6$rounds=1000$salt${hash}"), CHEAP, &SystemRandom).unwrap();
    }

    #[tokio::test]
    async fn more_hashes_than_the_queue_holds_are_refused_as_busy() {
        let hasher = Arc::new(hasher(1, 1));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let hasher = Arc::clone(&hasher);
            tasks.spawn(async move { hasher.hash(&password("a password")).await });
        }
        let results = tasks.join_all().await;
        assert!(results.iter().any(|r| matches!(r, Err(Error::Busy))));
        assert!(results.iter().any(Result::is_ok));
        hasher.hash(&password("a password")).await.expect("later hashes are computed again");
    }

    #[test]
    fn common_passwords_and_the_names_of_the_account_and_the_server_are_refused() {
        let ada = Username::parse("adalovelace").unwrap();
        for guessable in ["Password123", "AdaLovelace", "Mini-Tweet", "our Little server!"] {
            let refused = refuse_guessable("password", &password(guessable), &ada, "Our little Server");
            assert!(
                matches!(&refused, Err(Error::Invalid { field, .. }) if field == "password"),
                "{guessable}: {refused:?}"
            );
        }
        refuse_guessable("password", &password("correct horse"), &ada, "Our little Server").unwrap();
    }
}
