//! Which caller may ask for which operation.

use model::{Access, AccountId, Error, Operation, Profile, Result, Role, SessionId};
use store::fault::{self, InjectedBug};

use super::caller::Caller;

/// Checks that the caller may ask for this operation at all.
///
/// # Errors
/// `UNAUTHENTICATED` without a session where one is needed, `FORBIDDEN` for members who ask for what only admins and
/// the operator may do.
pub fn authorise(caller: &Caller, operation: Operation) -> Result<()> {
    match (operation.access(), caller) {
        (Access::Anyone, _)
        | (Access::Member, Caller::Member { .. })
        | (Access::Admin, Caller::Operator | Caller::Member { role: Role::Admin, .. }) => Ok(()),
        (Access::Admin, Caller::Member { .. }) if fault::is_on(InjectedBug::SkipOperatorCheck) => Ok(()),
        (Access::Admin, Caller::Member { .. }) => Err(Error::forbidden(
            "this needs the role admin; an admin or the operator of this server can give it to you",
        )),
        (_, Caller::Anonymous(_)) => Err(Error::Unauthenticated("log in first".into())),
        (Access::Member, Caller::Operator) => {
            Err(Error::Unauthenticated("the operator socket has no account: log in with one".into()))
        }
    }
}

/// The account and session of a caller who may ask for this operation.
///
/// # Errors
/// Those of [`authorise`]; `UNAUTHENTICATED` for a caller without an account.
pub fn member(caller: &Caller, operation: Operation) -> Result<(AccountId, SessionId)> {
    authorise(caller, operation)?;
    match caller {
        Caller::Member { account, session, .. } => Ok((*account, *session)),
        Caller::Anonymous(_) | Caller::Operator => Err(Error::Unauthenticated("log in first".into())),
    }
}

/// Checks that this caller, who may make operator requests, may take rights from an account. Admins cannot lock
/// themselves out, nor take over each other's accounts: another admin loses the role first, which that one notices.
///
/// # Errors
/// `INVALID{username}` for an admin's own account, `FORBIDDEN` for another admin's.
pub fn check_may_overrule(caller: &Caller, target: &Profile) -> Result<()> {
    check_not_own(caller, target)?;
    match caller {
        Caller::Member { .. } if target.role == Role::Admin => {
            Err(Error::forbidden("this account is an admin too: take that role first"))
        }
        _ => Ok(()),
    }
}

/// Checks that an operator request is not about the caller's own account.
///
/// # Errors
/// `INVALID{username}`.
pub fn check_not_own(caller: &Caller, target: &Profile) -> Result<()> {
    match caller {
        Caller::Member { account, .. } if *account == target.account.id => Err(Error::own_account()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;

    fn id(n: u64) -> AccountId {
        AccountId::new(n).unwrap()
    }

    fn callers() -> [(&'static str, Caller); 4] {
        let session = SessionId::new(9).unwrap();
        [
            ("anonymous", Caller::Anonymous(IpAddr::V4(Ipv4Addr::LOCALHOST))),
            ("member", Caller::Member { account: id(1), session, role: Role::Member }),
            ("admin", Caller::Member { account: id(2), session, role: Role::Admin }),
            ("operator", Caller::Operator),
        ]
    }

    #[test]
    fn every_operation_is_open_to_those_in_the_table_and_to_no_one_else() {
        for operation in Operation::ALL {
            // Allowed: anonymous, member, admin, operator.
            let expected = match operation.access() {
                Access::Anyone => [true, true, true, true],
                Access::Member => [false, true, true, false],
                Access::Admin => [false, false, true, true],
            };
            for ((who, caller), expected) in callers().into_iter().zip(expected) {
                let allowed = authorise(&caller, *operation).is_ok();
                assert_eq!(allowed, expected, "{} for {who}", operation.name());
            }
        }
    }

    #[test]
    fn only_five_operations_need_no_session() {
        let open: Vec<_> =
            Operation::ALL.iter().filter(|o| o.access() == Access::Anyone).map(|o| o.name()).collect();
        assert_eq!(open, ["SignUp", "LogIn", "Authenticate", "GetServerInfo", "CheckUsername"]);
    }
}
