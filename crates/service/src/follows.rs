//! Following, removing followers, blocking, muting, and the lists of accounts.

use model::{AccountId, AccountSort, Cursor, Error, Operation, Page, Result, Username};

use crate::policy::{self, Caller};
use crate::search::check_query;
use crate::service::Service;
use crate::views::AccountView;
use store::{AccountList, AccountQuery, Change, ChangeResult, IdempotencyKey};

/// A list of accounts as a client requests it; a username of `None` is the caller's own.
#[derive(Debug, Clone)]
pub enum AccountListRequest {
    /// All accounts, by username.
    People,
    /// Followers of an account.
    Followers(Option<Username>),
    /// Accounts that an account follows.
    Following(Option<Username>),
    /// Accounts that both this account and the caller follow.
    BothFollow(Option<Username>),
    /// Accounts that the caller blocks.
    Blocked,
    /// Accounts that the caller mutes.
    Muted,
}

/// What a client requests of a list of accounts.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only accounts with this in their names; empty: all.
    pub query: String,
    /// The order; `None`: the list's own.
    pub sort: Option<AccountSort>,
}

impl Service {
    /// Follows an account.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `INVALID{username}` for the caller's own account, `FORBIDDEN` for an account that the caller
    /// blocks.
    pub async fn follow(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (follower, _) = policy::member(caller, Operation::Follow)?;
        let followee = self.find(follower, username).await?.0.account.id;
        self.store.apply(Change::Follow { follower, followee }, once).await
    }

    /// Unfollows an account.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn unfollow(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (follower, _) = policy::member(caller, Operation::Unfollow)?;
        let followee = self.find_unfiltered(username).await?;
        self.store.apply(Change::Unfollow { follower, followee }, once).await
    }

    /// Removes a follower, who is not notified.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn remove_follower(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (followee, _) = policy::member(caller, Operation::RemoveFollower)?;
        let follower = self.find_unfiltered(username).await?;
        let removed = self.store.apply(Change::Unfollow { follower, followee }, once).await?;
        Ok(ChangeResult { id: follower.get(), ..removed })
    }

    /// Blocks an account: neither of the two sees the other from now on.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `INVALID{username}` for the caller's own account.
    pub async fn block(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (blocker, _) = policy::member(caller, Operation::Block)?;
        // Also an account that blocks the caller: a block is always possible.
        let blocked = self.find_unfiltered(username).await?;
        self.store.apply(Change::Block { blocker, blocked }, once).await
    }

    /// Ends a block; the follows do not come back.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn unblock(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (blocker, _) = policy::member(caller, Operation::Unblock)?;
        let blocked = self.find_unfiltered(username).await?;
        self.store.apply(Change::Unblock { blocker, blocked }, once).await
    }

    /// Mutes an account: timelines and notifications of the caller leave it out, and it does not notice.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `INVALID{username}` for the caller's own account.
    pub async fn mute(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (muter, _) = policy::member(caller, Operation::Mute)?;
        let muted = self.find(muter, username).await?.0.account.id;
        self.store.apply(Change::SetMute { muter, muted, on: true }, once).await
    }

    /// Ends a mute.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn unmute(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (muter, _) = policy::member(caller, Operation::Unmute)?;
        let muted = self.find_unfiltered(username).await?;
        self.store.apply(Change::SetMute { muter, muted, on: false }, once).await
    }

    /// A page of a list of accounts; the first page comes with the length of the whole list.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `INVALID{query}`, `INVALID{cursor}` for a cursor of another list or order.
    pub async fn list_accounts(
        &self,
        caller: &Caller,
        request: AccountListRequest,
        filter: AccountFilter,
        position: Option<Cursor>,
        limit: usize,
    ) -> Result<(Page<AccountView>, Option<u64>)> {
        let (viewer, _) = policy::member(caller, Operation::ListAccounts)?;
        if !filter.query.is_empty() {
            check_query("query", &filter.query)?;
        }
        let list = match request {
            AccountListRequest::People => AccountList::People,
            AccountListRequest::Followers(username) => {
                AccountList::Followers(self.resolve_or_self(viewer, username).await?)
            }
            AccountListRequest::Following(username) => {
                AccountList::Following(self.resolve_or_self(viewer, username).await?)
            }
            AccountListRequest::BothFollow(username) => {
                AccountList::BothFollow(self.resolve_or_self(viewer, username).await?)
            }
            AccountListRequest::Blocked => AccountList::Blocked,
            AccountListRequest::Muted => AccountList::Muted,
        };
        let own_order = AccountQuery::from(list);
        let sort = filter.sort.unwrap_or(own_order.sort);
        let query = AccountQuery { query: filter.query, sort, ..own_order };
        let total = match position {
            None => Some(self.store.count_accounts(viewer, &query).await?),
            Some(_) => None,
        };
        let page = self.store.list_accounts(viewer, &query, position, limit).await?;
        Ok((Page { items: self.account_views(viewer, page.items).await?, next: page.next }, total))
    }

    /// Accounts that the caller may want to follow, the best first.
    ///
    /// # Errors
    /// `UNAUTHENTICATED`, and those of the store.
    pub async fn suggested_people(&self, caller: &Caller, limit: usize) -> Result<Vec<AccountView>> {
        let (viewer, _) = policy::member(caller, Operation::SuggestPeople)?;
        let accounts = self.store.suggested_accounts(viewer, limit).await?;
        self.account_views(viewer, accounts).await
    }

    /// Suggests an account to the caller no longer.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`, `INVALID{username}` for the caller's own account.
    pub async fn dismiss_suggestion(
        &self,
        caller: &Caller,
        once: Option<IdempotencyKey>,
        username: &Username,
    ) -> Result<ChangeResult> {
        let (account, _) = policy::member(caller, Operation::DismissSuggestion)?;
        let dismissed = self.find(account, username).await?.0.account.id;
        self.store.apply(Change::DismissSuggestion { account, dismissed }, once).await
    }

    pub(super) async fn resolve_or_self(
        &self,
        viewer: AccountId,
        username: Option<Username>,
    ) -> Result<AccountId> {
        match username {
            None => Ok(viewer),
            Some(username) => Ok(self.find(viewer, &username).await?.0.account.id),
        }
    }

    /// For ending a relationship, which works whatever the state of the other account.
    async fn find_unfiltered(&self, username: &Username) -> Result<AccountId> {
        let profile = self.store.account_by_username(username).await?;
        Ok(profile.ok_or_else(|| Error::not_found("account"))?.account.id)
    }
}
