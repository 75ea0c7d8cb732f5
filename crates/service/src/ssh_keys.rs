//! ssh keys of the caller, and sessions opened with a key.

use model::{
    AccountId, Error, Operation, Password, Result, SessionId, SshFingerprint, SshKey, SshKeyId, SshKeyName,
};

use crate::policy::{self, Caller};
use crate::service::Service;
use crate::views::LoggedIn;
use store::{Change, ChangeResult, IdempotencyKey};

/// For so long a session that was opened with the password counts as the password.
const PASSWORD_FRESH_MS: i64 = 15 * 60 * 1_000;

impl Service {
    /// Adds a public key (one line, as OpenSSH writes it) whose owner can log in as the caller. A key without a name is
    /// named after its comment. It needs the password unless the session was opened with it a few minutes ago: a key
    /// outlives the session that added it.
    ///
    /// # Errors
    /// `INVALID{public_key}`, `INVALID{password}`, `RATE_LIMITED`, `ALREADY_EXISTS{ssh key}`, `FORBIDDEN` from a server that was built without ssh.
    pub async fn add_ssh_key(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        public_key: &str,
        name: SshKeyName,
        password: Option<&Password>,
    ) -> Result<ChangeResult> {
        let (account, session) = policy::member(caller, Operation::AddSshKey)?;
        let (fingerprint, comment) = public_key::parse(public_key)?;
        match password {
            Some(password) => {
                let profile = self.own_profile(account).await?;
                self.require_password(&profile, "password", password).await?;
            }
            None => self.require_fresh_password(account, session).await?,
        }
        let name = if name.as_str().is_empty() { comment } else { name };
        self.store.apply(Change::AddSshKey { account, fingerprint, name }, once).await
    }

    /// Refuses unless the session was opened with the password a few minutes ago.
    async fn require_fresh_password(&self, account: AccountId, session: SessionId) -> Result<()> {
        let sessions = self.store.sessions(account).await?;
        let since_ms = self.clock.now_ms() - PASSWORD_FRESH_MS;
        let is_fresh =
            sessions.iter().any(|one| one.id == session && !one.by_ssh_key && session.time_ms() >= since_ms);
        if is_fresh { Ok(()) } else { Err(Error::invalid("password", "is needed to add a key")) }
    }

    /// The caller's keys, in the order in which they were added.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn ssh_keys(&self, caller: &Caller) -> Result<Vec<SshKey>> {
        let (account, _) = policy::member(caller, Operation::ListSshKeys)?;
        self.store.ssh_keys(account).await
    }

    /// Removes a key and ends the sessions that were opened with it.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn revoke_ssh_key(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        key: SshKeyId,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::RevokeSshKey)?;
        self.store.apply(Change::RevokeSshKey { account, key }, once).await
    }

    /// Opens a session for a client that has **proved** to hold the private key; `None` when no account has this key.
    ///
    /// # Errors
    /// `FORBIDDEN` for the key of a suspended account, which only its holder can find out, and if the account has
    /// [`SSH_SESSIONS_MAX`](model::limits::SSH_SESSIONS_MAX) such sessions; those of the store.
    pub async fn log_in_with_ssh_key(
        &self,
        caller: &Caller,
        fingerprint: &SshFingerprint,
        client_name: &str,
    ) -> Result<Option<LoggedIn>> {
        policy::authorise(caller, Operation::LogIn)?;
        let Some(key) = self.store.ssh_key_by_fingerprint(fingerprint).await? else { return Ok(None) };
        let (token, token_hash) = self.new_token();
        let open = || Change::OpenSshSession { key, token_hash, client_name: client_name.to_owned() };
        let mut opened = self.store.apply(open(), None).await;
        if opened.as_ref().is_err_and(Error::is_too_many_ssh_sessions) {
            // Some may be of a server that was killed.
            self.end_ssh_sessions().await?;
            opened = self.store.apply(open(), None).await;
        }
        let opened = match opened {
            Ok(opened) => opened,
            // The key was revoked since it was read.
            Err(Error::NotFound(what)) if what == "ssh key" => return Ok(None),
            // Keys of deleted accounts are deleted with them.
            Err(Error::NotFound(_)) => return Err(Error::suspended()),
            Err(error) => return Err(error),
        };
        let session =
            SessionId::new(opened.id).ok_or_else(|| store::incident(&"a session without identifier"))?;
        let Some(record) = self.store.session_by_token(&token_hash).await? else { return Ok(None) };
        let Some(profile) = self.store.account(record.account).await? else { return Ok(None) };
        Ok(Some(LoggedIn { token: Some(token), session, profile }))
    }

    /// Ends the sessions that were opened by ssh by processes that have ended: no one has their tokens any more.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn end_ssh_sessions(&self) -> Result<()> {
        let other_processes = self.store.other_processes().await?;
        self.store.apply(Change::EndSshSessions { other_processes }, None).await.map(|_| ())
    }
}

#[cfg(not(feature = "ssh"))]
mod public_key {
    use super::{Error, Result, SshFingerprint, SshKeyName};

    pub(super) fn parse(_line: &str) -> Result<(SshFingerprint, SshKeyName)> {
        Err(Error::forbidden("this server was built without ssh"))
    }
}

#[cfg(feature = "ssh")]
pub(crate) mod public_key {
    //! What of a public key counts: which one it is, and whether it is strong enough.

    use russh::keys::HashAlg;
    use russh::keys::ssh_key::PublicKey;
    use russh::keys::ssh_key::public::KeyData;

    use super::{Error, Result, SshFingerprint, SshKeyName};

    /// An rsa key of 8,192 bits has 1,400.
    const LINE_BYTES_MAX: usize = 4_096;
    const RSA_BITS_MIN: usize = 2_048;
    /// The library verifies no larger ones.
    const RSA_BITS_MAX: usize = 8_192;

    /// From a line as in `~/.ssh/id_ed25519.pub`: the key and its comment, as far as that can be a name.
    pub(super) fn parse(line: &str) -> Result<(SshFingerprint, SshKeyName)> {
        let line = line.trim();
        let wrong = || {
            Error::invalid(
                "public_key",
                "is not one line of an OpenSSH public key (as in ~/.ssh/id_ed25519.pub)",
            )
        };
        if line.len() > LINE_BYTES_MAX || line.contains('\n') {
            return Err(wrong());
        }
        if line.starts_with("-----BEGIN") {
            return Err(Error::invalid("public_key", "is a private key: never give that to anyone"));
        }
        let key = PublicKey::from_openssh(line).map_err(|_| wrong())?;
        let comment = key.comment().as_str().unwrap_or_default();
        let comment = SshKeyName::parse(&model::to_nfc(comment)).unwrap_or_default();
        Ok((fingerprint(&key)?, comment))
    }

    /// The fingerprint and comment of a key of an accepted type.
    ///
    /// # Errors
    /// `INVALID{public_key}`.
    pub fn fingerprint(key: &PublicKey) -> Result<SshFingerprint> {
        match key.key_data() {
            KeyData::Ed25519(_) | KeyData::Ecdsa(_) => sha256(key),
            KeyData::Rsa(rsa) => {
                let bits = rsa.n().as_positive_bytes().map_or(0, bits);
                if (RSA_BITS_MIN..=RSA_BITS_MAX).contains(&bits) {
                    return sha256(key);
                }
                let reason = format!(
                    "is an rsa key of {bits} bits: it must have {RSA_BITS_MIN} to {RSA_BITS_MAX}; better make one \
                     with ssh-keygen -t ed25519"
                );
                Err(Error::invalid("public_key", reason))
            }
            _ => {
                Err(Error::invalid("public_key", "is of a kind that is not taken: use ed25519, ecdsa or rsa"))
            }
        }
    }

    fn sha256(key: &PublicKey) -> Result<SshFingerprint> {
        let hash = key.fingerprint(HashAlg::Sha256).sha256();
        hash.map(SshFingerprint).ok_or_else(|| store::incident(&"a fingerprint that is no SHA-256"))
    }

    fn bits(number: &[u8]) -> usize {
        let leading = number.first().map_or(0, |first| first.leading_zeros());
        (number.len() * 8).saturating_sub(leading as usize)
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        const ED25519: &str =
            "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKEOQyEpKJl7TNcV6ihYfaqwPBDh6pmxKTHuNNrkQrCI ada@laptop";

        const WEAK_RSA: &str = "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQDK9DL0AvDaaronhkgAwTpQyXLxsnaX8xKIbZayd0N+cb2KTvJaeAQmdn6rexPN89aeTym8EbsP5GXLOw1HPIGVF4cousDVhZ1JYAAE4vowzZ05sBDk/9lgalbC8+FB3fol4+vRWCaUnqFzPwBehJ0nG09IuQE1rQxlSr+mRI+dJQ=="; // made for this test

        #[test]
        fn a_line_gives_the_fingerprint_that_ssh_keygen_shows_and_the_comment() {
            let (fingerprint, name) = parse(ED25519).unwrap();
            assert!(fingerprint.to_string().starts_with("SHA256:"));
            assert_eq!(name.as_str(), "ada@laptop");
            let without_comment = ED25519.trim_end_matches(" ada@laptop");
            assert_eq!(parse(without_comment).unwrap(), (fingerprint, SshKeyName::default()));
        }

        #[test]
        fn what_is_no_acceptable_key_is_refused_with_what_to_do() {
            for (line, says) in [
                ("", "not one line"),
                ("ssh-ed25519", "not one line"),
                ("ssh-ed25519 AAAA", "not one line"),
                ("-----BEGIN OPENSSH PRIVATE KEY-----", "never give"),
                (&format!("{ED25519}\n{ED25519}"), "not one line"),
                (&format!("{ED25519}{}", "x".repeat(4_096)), "not one line"),
                (WEAK_RSA, "1024 bits"),
            ] {
                let refused = parse(line).unwrap_err();
                assert!(matches!(refused, Error::Invalid { ref field, .. } if field == "public_key"));
                assert!(refused.to_string().contains(says), "{line}: {refused}");
            }
        }

        #[test]
        fn a_comment_that_cannot_be_a_name_is_left_out() {
            let (_, name) = parse(&ED25519.replace("ada@laptop", &"x".repeat(60))).unwrap();
            assert_eq!(name, SshKeyName::default());
        }
    }
}
