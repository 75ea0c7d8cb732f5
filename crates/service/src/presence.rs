//! The accounts that are online, and the lookup of one for a subscription.

use std::collections::HashMap;

use model::{Account, AccountState, Operation, Result, Username};

use crate::policy::{self, Caller};
use crate::service::Service;
use crate::views::AccountView;

impl Service {
    /// All accounts that are online or away, followed accounts first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn online(&self, caller: &Caller) -> Result<Vec<AccountView>> {
        let (viewer, _) = policy::member(caller, Operation::ListOnline)?;
        let online: HashMap<_, _> = self.live.online().into_iter().collect();
        let accounts = self.store.accounts(&online.keys().copied().collect::<Vec<_>>()).await?;
        let mut views = self.account_views(viewer, accounts).await?;
        views.retain(|view| policy::is_listed(AccountState::Active, view.relationship));
        for view in &mut views {
            if let Some(presence) = online.get(&view.account.id) {
                view.presence = *presence;
            }
        }
        views.sort_by(|a, b| {
            let rank = |p: &AccountView| (!p.relationship.following, std::cmp::Reverse(p.presence));
            rank(a).cmp(&rank(b)).then_with(|| a.account.username.cmp(&b.account.username))
        });
        Ok(views)
    }

    /// The account with this username, for a subscription to the conversation with it.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn resolve(&self, caller: &Caller, username: &Username) -> Result<Account> {
        let (viewer, _) = policy::member(caller, Operation::Subscribe)?;
        Ok(self.find(viewer, username).await?.0.account)
    }
}
