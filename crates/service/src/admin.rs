//! What admins and the operator do, and what a server publishes about itself.

use data_encoding::BASE32_NOPAD;
use model::limits::USERNAME_CHARS_MAX;
use model::{
    Announcement, DisplayName, Error, Operation, Page, Password, Profile, Result, Role, TweetId, Username,
};

use crate::accounts::invite_hash;
use crate::config::SignUpMode;
use crate::live::LiveStatistics;
use crate::passwords::refuse_guessable;
use crate::policy::{self, Caller};
use crate::service::Service;
use store::{Change, ChangeResult, InviteRecord, ProfileFilter, StoreStatistics};

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
    /// What the operator says to everyone, the newest first; may be empty.
    pub announcements: Vec<Announcement>,
    /// When the server started, in Unix milliseconds.
    pub started_ms: i64,
    /// What the operator says about it and its rules; may be empty.
    pub description: String,
    /// Its rules in the operator's order; may be empty.
    pub rules: Vec<String>,
}

impl Service {
    /// Creates an account, also where sign-up is closed.
    ///
    /// # Errors
    /// `ALREADY_EXISTS{username}`.
    pub async fn create_account(&self, caller: &Caller, new: NewAccount) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::CreateAccount)?;
        let NewAccount { username, display_name, password, role } = new;
        refuse_guessable("password", &password, &username, &self.config.server_name)?;
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

    /// The invites that can be used, those that expire first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn invites(&self, caller: &Caller) -> Result<Vec<InviteRecord>> {
        policy::authorise(caller, Operation::ListInvites)?;
        self.store.invites(self.clock.now_ms()).await
    }

    /// Ends an invite, named by its code or by what [`Service::invites`] shows of it.
    ///
    /// # Errors
    /// `INVALID{invite}` for an empty name.
    pub async fn revoke_invite(&self, caller: &Caller, invite: &str) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::RevokeInvite)?;
        let invite = invite.trim();
        if invite.is_empty() {
            return Err(Error::invalid("invite", "is empty"));
        }
        let listed = self.store.invites(self.clock.now_ms()).await?;
        let named = listed.iter().find(|one| one.id().eq_ignore_ascii_case(invite));
        let code_hash = named.map_or_else(|| invite_hash(invite), |one| one.code_hash);
        self.store.apply(Change::RevokeInvite { code_hash }, None).await
    }

    /// Accounts with their roles, suspended ones included, by username after this one.
    ///
    /// # Errors
    /// `INVALID{query}`.
    pub async fn profiles(
        &self,
        caller: &Caller,
        filter: ProfileFilter,
        after: Option<Username>,
        limit: usize,
    ) -> Result<Page<Profile>> {
        policy::authorise(caller, Operation::ListProfiles)?;
        let query = filter.query.trim().trim_start_matches('@').to_lowercase();
        if query.len() > USERNAME_CHARS_MAX {
            return Err(Error::invalid("query", format!("is longer than {USERNAME_CHARS_MAX} characters")));
        }
        self.store.profiles(&ProfileFilter { query, ..filter }, after.as_ref(), limit).await
    }

    /// Gives or takes the role admin.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `INVALID{username}` for an admin's own account.
    pub async fn set_role(&self, caller: &Caller, username: &Username, role: Role) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::SetRole)?;
        let target = self.any_account(username).await?;
        policy::check_not_own(caller, &target)?;
        self.store.apply(Change::SetRole { account: target.account.id, role }, None).await
    }

    /// Deletes a tweet of any account.
    ///
    /// # Errors
    /// `NOT_FOUND{tweet}`.
    pub async fn remove_tweet(&self, caller: &Caller, tweet: TweetId) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::RemoveTweet)?;
        self.store.apply(Change::RemoveTweet { tweet }, None).await
    }

    /// Deletes an account with everything it wrote; its data is deleted in the background.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, and those of [`policy::check_may_overrule`].
    pub async fn remove_account(&self, caller: &Caller, username: &Username) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::RemoveAccount)?;
        let target = self.any_account(username).await?;
        policy::check_may_overrule(caller, &target)?;
        let done = self.store.apply(Change::DeleteAccount { account: target.account.id }, None).await?;
        Ok(done)
    }

    /// Hides an account and ends its sessions.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, and those of [`policy::check_may_overrule`].
    pub async fn suspend(&self, caller: &Caller, username: &Username) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::Suspend)?;
        let target = self.any_account(username).await?;
        policy::check_may_overrule(caller, &target)?;
        self.store.apply(Change::SetSuspended { account: target.account.id, suspended: true }, None).await
    }

    /// Shows a suspended account again.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn unsuspend(&self, caller: &Caller, username: &Username) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::Unsuspend)?;
        let account = self.any_account(username).await?.account.id;
        self.store.apply(Change::SetSuspended { account, suspended: false }, None).await
    }

    /// Sets the password of an account whose owner forgot it, ends its sessions and removes its ssh keys.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, and those of [`policy::check_may_overrule`].
    pub async fn reset_password(
        &self,
        caller: &Caller,
        username: &Username,
        password: &Password,
    ) -> Result<ChangeResult> {
        policy::authorise(caller, Operation::ResetPassword)?;
        let target = self.any_account(username).await?;
        policy::check_may_overrule(caller, &target)?;
        refuse_guessable("new_password", password, &target.account.username, &self.config.server_name)?;
        let account = target.account.id;
        let password = self.hasher.hash(password).await?;
        self.store
            .apply(Change::SetPassword { account, password, password_change_advised: true, keep: None }, None)
            .await
    }

    async fn any_account(&self, username: &Username) -> Result<Profile> {
        let profile = self.store.account_by_username(username).await?;
        profile.ok_or_else(|| Error::not_found("account"))
    }

    /// Counts of the store and of live delivery.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn statistics(&self, caller: &Caller) -> Result<Statistics> {
        policy::authorise(caller, Operation::GetStatistics)?;
        Ok(Statistics { store: self.store.statistics().await?, live: self.live.statistics() })
    }

    /// What this server publishes about itself, as the caller sees it; its counts may be a few seconds old.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn server_info(&self, caller: &Caller) -> Result<ServerInfo> {
        policy::authorise(caller, Operation::GetServerInfo)?;
        let counts = self.statistics.read(self.store.as_ref()).await?;
        Ok(ServerInfo {
            name: self.config.server_name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            sign_up: self.config.sign_up,
            accounts: counts.accounts,
            tweets: counts.tweets,
            online: self.live.statistics().online,
            announcements: self.announcements(caller).await?,
            started_ms: self.started_ms,
            description: self.config.description.clone(),
            rules: self.config.rules.clone(),
        })
    }
}
