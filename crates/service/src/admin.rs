//! What admins and the operator do, and what a server publishes about itself.

use data_encoding::BASE32_NOPAD;
use model::limits::TWEET_BYTES_MAX;
use model::{AccountId, DisplayName, Error, Operation, Password, Result, Role, Username};

use crate::accounts::invite_hash;
use crate::config::SignUpMode;
use crate::live::LiveStatistics;
use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult, StoreStatistics};

const INVITE_HOURS_DEFAULT: u32 = 7 * 24;
const INVITE_HOURS_MAX: u32 = 365 * 24;
const INVITE_USES_MAX: u32 = 10_000;

/// An account that an admin or the operator creates.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Must not be taken.
    pub username: Username,
    /// May be empty.
    pub display_name: DisplayName,
    /// The owner is asked to change it.
    pub password: Password,
    /// Its role.
    pub role: Role,
}

/// Counts for admins and the operator.
#[derive(Debug, Clone, Copy)]
pub struct Statistics {
    /// Counts of the store.
    pub store: StoreStatistics,
    /// Counts of live delivery.
    pub live: LiveStatistics,
}

/// What a server publishes to everyone, also to clients that are not logged in.
#[derive(Debug, Clone)]
pub struct ServerInfo {
    /// Its name.
    pub name: String,
    /// Version of the software.
    pub version: &'static str,
    /// Who may sign up.
    pub sign_up: SignUpMode,
    /// Accounts.
    pub accounts: u64,
    /// Tweets.
    pub tweets: u64,
    /// Accounts that are online or away.
    pub online: u32,
    /// The operator's announcement; may be empty.
    pub announcement: String,
    /// When the server started, in Unix milliseconds.
    pub started_ms: i64,
}

impl Service {
    /// Creates an account, also where sign-up is closed.
    ///
    /// # Errors
    /// `ALREADY_EXISTS{username}`.
    pub async fn create_account(&self, caller: &Caller, new: NewAccount) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::CreateAccount)?;
        let NewAccount { username, display_name, password, role } = new;
        let password = self.hasher.hash(&password).await?;
        let change = Change::CreateAccount {
            username,
            display_name,
            password,
            role,
            invite: None,
            password_change_advised: true,
        };
        self.store.apply(change, None).await
    }

    /// Creates an invite code; returns it with its expiry in Unix milliseconds.
    ///
    /// # Errors
    /// `INVALID{uses}` and `INVALID{valid_hours}` above the limits.
    pub async fn create_invite(&self, caller: &Caller, uses: u32, valid_hours: u32) -> Result<(String, i64)> {
        policy::authorise(caller, Operation::CreateInvite)?;
        if uses > INVITE_USES_MAX {
            return Err(Error::invalid("uses", format!("is more than {INVITE_USES_MAX}")));
        }
        if valid_hours > INVITE_HOURS_MAX {
            return Err(Error::invalid("valid_hours", format!("is more than {INVITE_HOURS_MAX}")));
        }
        let uses = uses.max(1);
        let hours = if valid_hours == 0 { INVITE_HOURS_DEFAULT } else { valid_hours };
        let mut secret = [0; 10];
        self.random.fill(&mut secret);
        let letters = BASE32_NOPAD.encode(&secret);
        let groups: Vec<_> = letters.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
        let code = groups.join("-");
        let expires_ms = self.clock.now_ms() + i64::from(hours) * 3_600_000;
        self.store
            .apply(Change::CreateInvite { code_hash: invite_hash(&code), uses, expires_ms }, None)
            .await?;
        Ok((code, expires_ms))
    }

    /// Hides an account and ends its sessions.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn suspend(&self, caller: &Caller, username: &Username) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::Suspend)?;
        let account = self.any_account(username).await?;
        self.store.apply(Change::SetSuspended { account, suspended: true }, None).await
    }

    /// Shows a suspended account again.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn unsuspend(&self, caller: &Caller, username: &Username) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::Unsuspend)?;
        let account = self.any_account(username).await?;
        self.store.apply(Change::SetSuspended { account, suspended: false }, None).await
    }

    /// Sets the password of an account whose owner forgot it, and ends its sessions.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn reset_password(
        &self,
        caller: &Caller,
        username: &Username,
        password: &Password,
    ) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::ResetPassword)?;
        let account = self.any_account(username).await?;
        let password = self.hasher.hash(password).await?;
        self.store
            .apply(Change::SetPassword { account, password, password_change_advised: true, keep: None }, None)
            .await
    }

    async fn any_account(&self, username: &Username) -> Result<AccountId> {
        let profile = self.store.account_by_username(username).await?;
        Ok(profile.ok_or_else(|| Error::not_found("account"))?.account.id)
    }

    /// Sets the announcement to everyone; an empty text removes it.
    ///
    /// # Errors
    /// `INVALID{text}`.
    pub async fn announce(&self, caller: &Caller, text: &str) -> Result<()> {
        policy::authorise(caller, Operation::Announce)?;
        if text.len() > TWEET_BYTES_MAX {
            return Err(Error::invalid("text", format!("is longer than {TWEET_BYTES_MAX} bytes")));
        }
        if text.chars().any(|c| c.is_control() && c != '\n') {
            return Err(Error::invalid("text", "has a control character"));
        }
        self.store.apply(Change::Announce { text: text.trim().to_owned() }, None).await?;
        Ok(())
    }

    /// Counts of the store and of live delivery.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn statistics(&self, caller: &Caller) -> Result<Statistics> {
        policy::authorise(caller, Operation::GetStatistics)?;
        Ok(Statistics { store: self.store.statistics().await?, live: self.live.statistics() })
    }

    /// What this server publishes about itself; its counts may be a few seconds old.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn server_info(&self) -> Result<ServerInfo> {
        let counts = self.statistics.read(self.store.as_ref()).await?;
        Ok(ServerInfo {
            name: self.config.server_name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            sign_up: self.config.sign_up,
            accounts: counts.accounts,
            tweets: counts.tweets,
            online: self.live.statistics().online,
            announcement: self.store.announcement().await?,
            started_ms: self.started_ms,
        })
    }
}
