//! Sign-up, log-in, passwords and profiles.

use std::net::IpAddr;
use std::sync::Arc;

use model::{
    AccountId, AccountState, Bio, DisplayName, Error, Operation, Password, Presence, Profile, Relationship,
    Result, Role, SessionId, Username,
};
use sha2::{Digest as _, Sha256};
use tokio::time::Instant;

use crate::config::SignUpMode;
use crate::network::network_of;
use crate::passwords::{Verified, refuse_guessable};
use crate::policy::{self, Caller};
use crate::service::Service;
use crate::throttle::Attempt;
use crate::views::LoggedIn;
use store::fault::{self, InjectedBug};
use store::{Change, ChangeResult, Credentials, IdempotencyKey};

/// Usernames that would look official, or like the absence of one; admins may create them. Names that look like these
/// are reserved, too.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "all",
    "anonymous",
    "deleted",
    "everyone",
    "false",
    "guest",
    "help",
    "here",
    "me",
    "mini_tweet",
    "minitweet",
    "moderator",
    "nil",
    "nobody",
    "none",
    "null",
    "official",
    "operator",
    "root",
    "security",
    "server",
    "staff",
    "support",
    "system",
    "true",
    "undefined",
    "unknown",
];

/// A session is noted as used at most this often, so that reading does not write.
const TOUCH_EVERY_MS: i64 = 3_600_000;

/// A wish to sign up.
#[derive(Debug, Clone)]
pub struct SignUp {
    /// The name to take.
    pub username: Username,
    /// May be empty.
    pub display_name: DisplayName,
    /// A new password.
    pub password: Password,
    /// Where the server asks for one.
    pub invite_code: Option<String>,
    /// As the client calls itself.
    pub client_name: String,
}

/// What changes in a profile; `None` stays.
#[derive(Debug, Clone, Default)]
pub struct EditProfile {
    /// The name shown.
    pub display_name: Option<DisplayName>,
    /// What one says of oneself.
    pub bio: Option<Bio>,
    /// Whether to be seen online.
    pub presence_hidden: Option<bool>,
}

/// A profile as its viewer sees it.
#[derive(Debug, Clone)]
pub struct ProfileView {
    /// The profile.
    pub profile: Profile,
    /// The viewer's relationship to the account; `None` for the viewer's own.
    pub relationship: Option<Relationship>,
    /// Presence of the account.
    pub presence: Presence,
}

impl Service {
    /// Creates an account and logs in.
    ///
    /// # Errors
    /// `FORBIDDEN` where sign-up is closed, `INVALID`, `ALREADY_EXISTS`, `RATE_LIMITED`, `BUSY`.
    pub async fn sign_up(&self, caller: &Caller, wish: SignUp) -> Result<LoggedIn> {
        policy::authorise(caller, Operation::SignUp)?;
        let address = anonymous_address(caller)?;
        if self.config.sign_up == SignUpMode::Closed {
            return Err(sign_up_is_closed());
        }
        refuse_guessable("password", &wish.password, &wish.username, &self.config.server_name)?;
        let invite = self.usable_invite(wish.invite_code.as_deref()).await?;
        // Who has an invite was chosen by an operator, and a class with one behind one address signs up together.
        let address = address.filter(|_| invite.is_none());
        let key = address.map(|address| network_of(address).to_string());
        let attempt = match key.as_deref() {
            Some(key) => Some(self.sign_ups.attempt(key).await?),
            None => None,
        };
        let created = self.register(wish, invite, key.as_deref()).await;
        match (&created, attempt) {
            (Err(_), Some(attempt)) => attempt.refund().await,
            (Ok(_), Some(attempt)) => attempt.keep().await,
            (_, None) => {}
        }
        let (account, client_name) = created?;
        self.open_session(account, client_name).await
    }

    /// The hash of an invite code that can be used now. Where everyone may sign up, a code that cannot is ignored.
    async fn usable_invite(&self, code: Option<&str>) -> Result<Option<[u8; 32]>> {
        let is_needed = self.config.sign_up == SignUpMode::Invite;
        let Some(code) = code else {
            let reason = "is needed here: ask someone of this server for one";
            return if is_needed { Err(Error::invalid("invite_code", reason)) } else { Ok(None) };
        };
        let hash = invite_hash(code);
        let now_ms = self.clock.now_ms();
        let invite = self.store.invite(&hash).await?;
        match invite.filter(|invite| invite.uses_left > 0 && invite.expires_ms > now_ms) {
            Some(_) => Ok(Some(hash)),
            None if is_needed => {
                Err(Error::invalid("invite_code", "is invalid or has expired; ask for another one"))
            }
            None => Ok(None),
        }
    }

    /// Creates the account; returns it with the name of the client.
    async fn register(
        &self,
        wish: SignUp,
        invite: Option<[u8; 32]>,
        network: Option<&str>,
    ) -> Result<(AccountId, String)> {
        // Before the hash: a taken name is refused at once.
        self.refuse_taken(&wish.username, network).await?;
        let password = self.hasher.hash(&wish.password).await?;
        let is_first = self.config.first_account_is_admin && self.store.statistics().await?.accounts == 0;
        let change = Change::CreateAccount {
            username: wish.username,
            display_name: wish.display_name,
            password,
            role: if is_first { Role::Admin } else { Role::Member },
            invite,
            password_change_advised: false,
        };
        let created = self.store.apply(change, None).await?;
        let account =
            AccountId::new(created.id).ok_or_else(|| store::incident(&"an account without identifier"))?;
        Ok((account, wish.client_name))
    }

    /// Checks that a client could sign up with this username now.
    ///
    /// # Errors
    /// `FORBIDDEN` where sign-up is closed, `INVALID`, `ALREADY_EXISTS`, `RATE_LIMITED`.
    pub async fn check_username(&self, caller: &Caller, username: &Username) -> Result<()> {
        policy::authorise(caller, Operation::CheckUsername)?;
        let address = anonymous_address(caller)?.map(|address| network_of(address).to_string());
        if self.config.sign_up == SignUpMode::Closed {
            return Err(sign_up_is_closed());
        }
        self.refuse_taken(username, address.as_deref()).await
    }

    /// Refuses a username that is reserved, taken, or looks like one that is. The number of checks of one network is limited, so that outsiders
    /// cannot list the accounts of a server.
    async fn refuse_taken(&self, username: &Username, address: Option<&str>) -> Result<()> {
        let skeleton = username.skeleton();
        let is_reserved = |name: &&str| Username::parse(name).is_ok_and(|name| name.skeleton() == skeleton);
        if RESERVED.iter().any(is_reserved) {
            return Err(Error::invalid("username", "is reserved, choose another"));
        }
        if let Some(address) = address {
            self.username_checks.attempt(address).await?.keep().await;
        }
        if self.store.account_by_username(username).await?.is_some() {
            return Err(Error::AlreadyExists("username".into()));
        }
        if self.store.has_lookalike(username).await? {
            return Err(Error::invalid("username", "looks like the name of another account; choose another"));
        }
        Ok(())
    }

    /// Logs in with a password. A wrong password and an unknown username give the same response in the same time.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, `FORBIDDEN` for a suspended account with the right password, `RATE_LIMITED`, `BUSY`.
    pub async fn log_in(
        &self,
        caller: &Caller,
        username: &Username,
        password: &Password,
        client_name: &str,
    ) -> Result<LoggedIn> {
        policy::authorise(caller, Operation::LogIn)?;
        let answer_at = Instant::now() + self.config.login_answer_after;
        let address = anonymous_address(caller)?.map(|address| network_of(address).to_string());
        let result = self.try_log_in(username, password, client_name, address.as_deref()).await;
        if matches!(result, Err(Error::Unauthenticated(_)))
            && !fault::is_on(InjectedBug::AnswerFailedLogInsImmediately)
        {
            tokio::time::sleep_until(answer_at).await;
        }
        result
    }

    async fn try_log_in(
        &self,
        username: &Username,
        password: &Password,
        client_name: &str,
        address: Option<&str>,
    ) -> Result<LoggedIn> {
        // Per account and address: a guesser elsewhere never locks the owner out.
        let pair = address.map(|address| format!("{username} {address}"));
        let attempts = match (address, pair.as_deref()) {
            (Some(address), Some(pair)) => self.begin_log_in(address, pair).await?.into(),
            _ => Vec::new(),
        };
        let checked = self.check_password(username, password).await;
        // Only a wrong password counts.
        let counts = matches!(checked, Ok(None));
        for attempt in attempts {
            attempt.end(counts).await;
        }
        let Some(credentials) = checked? else {
            return Err(Error::Unauthenticated("wrong username or password".into()));
        };
        if let Some(pair) = &pair {
            self.account_failures.forget(pair).await;
        }
        if credentials.state != AccountState::Active {
            return Err(Error::suspended());
        }
        self.open_session(credentials.account, client_name.to_owned()).await
    }

    /// The attempts of an address, and of this address at one account.
    async fn begin_log_in<'a>(&'a self, address: &'a str, pair: &'a str) -> Result<[Attempt<'a>; 2]> {
        let by_address = self.address_failures.attempt(address).await?;
        match self.account_failures.attempt(pair).await {
            Ok(by_pair) => Ok([by_address, by_pair]),
            Err(error) => {
                by_address.refund().await;
                Err(error)
            }
        }
    }

    /// The credentials of an account if this is its password; `None` for a wrong password and for an unknown name, which
    /// take equally long. An old hash is replaced by one of the password's normal form.
    async fn check_password(&self, username: &Username, password: &Password) -> Result<Option<Credentials>> {
        let credentials = self.store.credentials(username).await?;
        let hash = credentials.as_ref().map(|credentials| credentials.password.clone());
        let verified = self.hasher.verify(password, hash).await?;
        let Some(credentials) = credentials.filter(|_| verified != Verified::Wrong) else { return Ok(None) };
        let is_old = verified == Verified::RightAsTyped || credentials.password.legacy.is_some();
        if is_old && credentials.state == AccountState::Active {
            let (account, password) = (credentials.account, self.hasher.hash(password).await?);
            self.store.apply(Change::RehashPassword { account, password }, None).await?;
        }
        Ok(Some(credentials))
    }

    /// Resumes a session.
    ///
    /// # Errors
    /// `UNAUTHENTICATED` when there is no such session, or it has ended.
    pub async fn authenticate(&self, caller: &Caller, token: &[u8]) -> Result<LoggedIn> {
        policy::authorise(caller, Operation::Authenticate)?;
        let ended = || Error::Unauthenticated("this session has ended: log in again".into());
        let session = self.store.session_by_token(&Sha256::digest(token).into()).await?.ok_or_else(ended)?;
        let now_ms = self.clock.now_ms();
        let age = |since_ms: i64| {
            std::time::Duration::from_millis(now_ms.saturating_sub(since_ms).max(0).cast_unsigned())
        };
        if session.state != AccountState::Active
            || age(session.last_used_ms) > self.config.sessions_idle
            || age(session.id.time_ms()) > self.config.sessions_absolute
        {
            return Err(ended());
        }
        if now_ms - session.last_used_ms > TOUCH_EVERY_MS {
            self.store.apply(Change::TouchSession { session: session.id }, None).await?;
        }
        let profile = self.store.account(session.account).await?.ok_or_else(ended)?;
        Ok(LoggedIn { token: None, session: session.id, profile })
    }

    /// Whether the session of this token exists and its account is active.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn has_session(&self, token: &[u8]) -> Result<bool> {
        let session = self.store.session_by_token(&Sha256::digest(token).into()).await?;
        Ok(session.is_some_and(|session| session.state == AccountState::Active))
    }

    async fn open_session(&self, account: AccountId, client_name: String) -> Result<LoggedIn> {
        let (token, token_hash) = self.new_token();
        let opened = self.store.apply(Change::OpenSession { account, token_hash, client_name }, None).await?;
        let session =
            SessionId::new(opened.id).ok_or_else(|| store::incident(&"a session without identifier"))?;
        let profile = self.store.account(account).await?.ok_or_else(|| Error::not_found("account"))?;
        Ok(LoggedIn { token: Some(token), session, profile })
    }

    /// A new session token, and the hash of it that is stored.
    pub(super) fn new_token(&self) -> ([u8; 32], [u8; 32]) {
        let mut token = [0; 32];
        self.random.fill(&mut token);
        (token, Sha256::digest(token).into())
    }

    /// Changes the caller's password and ends all other sessions.
    ///
    /// # Errors
    /// `INVALID{old_password}` when that is wrong, `INVALID{new_password}`, `RATE_LIMITED`, `BUSY`.
    pub async fn change_password(&self, caller: &Caller, old: &Password, new: &Password) -> Result<()> {
        let (account, session) = policy::member(caller, Operation::ChangePassword)?;
        let profile = self.own_profile(account).await?;
        self.require_password(&profile, "old_password", old).await?;
        refuse_guessable("new_password", new, &profile.account.username, &self.config.server_name)?;
        let password = self.hasher.hash(new).await?;
        let change =
            Change::SetPassword { account, password, password_change_advised: false, keep: Some(session) };
        self.store.apply(change, None).await?;
        Ok(())
    }

    pub(super) async fn require_password(
        &self,
        profile: &Profile,
        field: &'static str,
        password: &Password,
    ) -> Result<()> {
        let key = format!("{} itself", profile.account.username);
        let attempt = self.account_failures.attempt(&key).await?;
        let checked = self.check_password(&profile.account.username, password).await;
        // Only a wrong password counts.
        attempt.end(matches!(checked, Ok(None))).await;
        if checked?.is_none() {
            return Err(Error::invalid(field, "is wrong"));
        }
        self.account_failures.forget(&key).await;
        Ok(())
    }

    pub(super) async fn own_profile(&self, account: AccountId) -> Result<Profile> {
        let profile = self.store.account(account).await?;
        profile.ok_or_else(|| Error::Unauthenticated("this session has ended: log in again".into()))
    }

    /// Changes the caller's profile.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn edit_profile(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        edit: EditProfile,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::EditProfile)?;
        let EditProfile { display_name, bio, presence_hidden } = edit;
        self.store.apply(Change::EditProfile { account, display_name, bio, presence_hidden }, once).await
    }

    /// Hides the caller's account at once; its data is deleted in the background.
    ///
    /// # Errors
    /// `INVALID{password}` when that is wrong.
    pub async fn delete_account(&self, caller: &Caller, password: &Password) -> Result<()> {
        let (account, _) = policy::member(caller, Operation::DeleteAccount)?;
        let profile = self.own_profile(account).await?;
        self.require_password(&profile, "password", password).await?;
        self.store.apply(Change::DeleteAccount { account }, None).await?;
        Ok(())
    }

    /// The profile of an account, or the caller's own.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn profile(&self, caller: &Caller, username: Option<&Username>) -> Result<ProfileView> {
        let (viewer, _) = policy::member(caller, Operation::GetProfile)?;
        let (profile, relationship) = match username {
            None => (self.own_profile(viewer).await?, Relationship::default()),
            Some(username) => self.find(viewer, username).await?,
        };
        let id = profile.account.id;
        let presence = self.live.presence(id);
        Ok(ProfileView { profile, relationship: (id != viewer).then_some(relationship), presence })
    }
}

fn sign_up_is_closed() -> Error {
    Error::forbidden("sign-up is closed here: ask the operator for an account")
}

/// The address of an unauthenticated caller; `None` for the operator socket.
fn anonymous_address(caller: &Caller) -> Result<Option<IpAddr>> {
    match caller {
        Caller::Anonymous(address) => Ok(Some(*address)),
        Caller::Operator => Ok(None),
        Caller::Member { .. } => Err(Error::forbidden("this connection is logged in already")),
    }
}

/// The stored hash of an invite code, whatever its case and separators.
pub(super) fn invite_hash(code: &str) -> [u8; 32] {
    let code: String =
        code.chars().filter(|c| c.is_alphanumeric()).take(64).flat_map(char::to_uppercase).collect();
    Sha256::digest(code).into()
}

impl Service {
    /// The clock of this service.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn store::env::Clock> {
        Arc::clone(&self.clock)
    }
}
