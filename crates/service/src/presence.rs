//! Who is there.

use std::collections::HashMap;

use model::{Account, AccountState, Operation, Result, Username};

use crate::policy::{self, Caller};
use crate::service::Service;
use crate::views::AccountView;

impl Service {
    /// Everyone who is online or away, those one follows first.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn online(&self, caller: &Caller) -> Result<Vec<AccountView>> {
        let (viewer, _) = policy::member(caller, Operation::ListOnline)?;
        let online: HashMap<_, _> = self.live.online().into_iter().collect();
        let accounts = self.store.accounts(&online.keys().copied().collect::<Vec<_>>()).await?;
        let mut people = self.people(viewer, accounts).await?;
        people.retain(|person| policy::is_listed(AccountState::Active, person.relationship));
        for person in &mut people {
            if let Some(presence) = online.get(&person.account.id) {
                person.presence = *presence;
            }
        }
        people.sort_by(|a, b| {
            let rank = |p: &AccountView| (!p.relationship.following, std::cmp::Reverse(p.presence));
            rank(a).cmp(&rank(b)).then_with(|| a.account.username.cmp(&b.account.username))
        });
        Ok(people)
    }

    /// The account with this name, as the caller may know of it: for a subscription to a conversation.
    ///
    /// # Errors
    /// `NOT_FOUND{account}`.
    pub async fn resolve(&self, caller: &Caller, username: &Username) -> Result<Account> {
        let (viewer, _) = policy::member(caller, Operation::Subscribe)?;
        Ok(self.find(viewer, username).await?.0.account)
    }
}
