//! Who may do and see what: the one place where that is decided. Pure, so that a table can test it.

mod caller;

use model::{
    Access, AccountId, AccountState, Error, Operation, Profile, Relationship, Result, Role, SessionId,
    Visibility,
};

pub use self::caller::Caller;
use store::TweetRecord;
use store::fault::{self, InjectedBug};

/// Within so many tweets of a home timeline, retweets of one tweet are shown once.
pub const RETWEETS_ONCE_WITHIN: usize = 40;

/// Whether the caller may ask for this operation at all.
///
/// # Errors
/// `UNAUTHENTICATED` without a session where one is needed, `FORBIDDEN` for what only operators may do.
pub fn authorise(caller: &Caller, operation: Operation) -> Result<()> {
    match (operation.access(), caller) {
        (Access::Anyone, _)
        | (Access::Member, Caller::Member { .. })
        | (Access::Admin, Caller::Operator | Caller::Member { role: Role::Admin, .. }) => Ok(()),
        (Access::Admin, Caller::Member { .. }) if fault::is_on(InjectedBug::SkipOperatorCheck) => Ok(()),
        (Access::Admin, Caller::Member { .. }) => Err(Error::forbidden("only operators may do this")),
        (_, Caller::Anonymous(_)) => Err(Error::Unauthenticated("log in first".into())),
        (Access::Member, Caller::Operator) => {
            Err(Error::Unauthenticated("the operator's socket has no account: log in with one".into()))
        }
    }
}

/// The account and session of a caller who may ask for this operation.
///
/// # Errors
/// As [`authorise`].
pub fn member(caller: &Caller, operation: Operation) -> Result<(AccountId, SessionId)> {
    authorise(caller, operation)?;
    match caller {
        Caller::Member { account, session, .. } => Ok((*account, *session)),
        Caller::Anonymous(_) | Caller::Operator => Err(Error::Unauthenticated("log in first".into())),
    }
}

/// Whether an account shows itself to a viewer with these relationships. What may not be known does not exist.
///
/// # Errors
/// `NOT_FOUND`.
pub fn check_account_visible(profile: &Profile, relationship: Relationship) -> Result<()> {
    if profile.state == AccountState::Active && !relationship.blocked_by {
        return Ok(());
    }
    Err(Error::not_found("account"))
}

/// Whether the viewer may see a tweet.
#[must_use]
pub fn can_see(record: &TweetRecord, viewer: AccountId) -> bool {
    let TweetRecord { tweet, author_state, relationship, mentions_viewer, .. } = record;
    may_see(viewer, tweet.author, *author_state, tweet.visibility, *relationship, *mentions_viewer)
}

/// Whether the viewer, with these relationships to its author, may see a tweet that mentions them or not.
#[must_use]
pub fn may_see(
    viewer: AccountId,
    author: AccountId,
    author_state: AccountState,
    visibility: Visibility,
    relationships: Relationship,
    is_mentioned: bool,
) -> bool {
    if author_state != AccountState::Active || relationships.blocked() {
        return false;
    }
    author == viewer
        || match visibility {
            Visibility::Public | Visibility::Unlisted => true,
            Visibility::Followers => relationships.following || is_mentioned,
            Visibility::Direct => is_mentioned,
        }
}

/// Whether the viewer, who may see it, may retweet or quote it: only what everyone may see anyway.
///
/// # Errors
/// `FORBIDDEN`.
pub fn may_share(record: &TweetRecord) -> Result<()> {
    if record.tweet.visibility.is_shareable() {
        return Ok(());
    }
    Err(Error::forbidden("only public and unlisted tweets can be retweeted or quoted"))
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use model::{Account, Counts, DisplayName, Tweet, TweetId, Username, ViewerFlags};

    use super::*;

    fn id(n: u64) -> AccountId {
        AccountId::new(n).unwrap()
    }

    fn callers() -> [(&'static str, Caller); 4] {
        let session = SessionId::new(9).unwrap();
        [
            ("nobody", Caller::Anonymous(IpAddr::V4(Ipv4Addr::LOCALHOST))),
            ("member", Caller::Member { account: id(1), session, role: Role::Member }),
            ("admin", Caller::Member { account: id(2), session, role: Role::Admin }),
            ("operator", Caller::Operator),
        ]
    }

    #[test]
    fn every_operation_is_open_to_those_in_the_table_and_to_nobody_else() {
        for operation in Operation::ALL {
            // Allowed: nobody, member, admin, operator.
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

    fn record(visibility: Visibility) -> TweetRecord {
        let author = Account {
            id: id(1),
            username: Username::parse("author").unwrap(),
            display_name: DisplayName::default(),
        };
        TweetRecord {
            tweet: Tweet {
                id: TweetId::new(5).unwrap(),
                author: author.id,
                text: "hello".into(),
                edited_ms: None,
                visibility,
                reply_to: None,
                quote_of: None,
                retweet_of: None,
                counts: Counts::default(),
                viewer: ViewerFlags::default(),
            },
            author,
            author_state: AccountState::Active,
            relationship: Relationship::default(),
            mentions_viewer: false,
        }
    }

    #[test]
    fn a_tweet_is_seen_by_those_whom_its_visibility_names() {
        use Visibility::{Direct, Followers, Public, Unlisted};
        // (visibility, seen by: author, stranger, follower, mentioned)
        let table = [
            (Public, [true, true, true, true]),
            (Unlisted, [true, true, true, true]),
            (Followers, [true, false, true, true]),
            (Direct, [true, false, false, true]),
        ];
        for (visibility, expected) in table {
            let stranger = record(visibility);
            let mut follower = record(visibility);
            follower.relationship.following = true;
            let mut mentioned = record(visibility);
            mentioned.mentions_viewer = true;
            let seen = [
                can_see(&stranger, id(1)),
                can_see(&stranger, id(2)),
                can_see(&follower, id(2)),
                can_see(&mentioned, id(2)),
            ];
            assert_eq!(seen, expected, "{visibility:?}");
        }
    }

    #[test]
    fn a_block_either_way_or_a_hidden_author_hides_everything() {
        for visibility in [Visibility::Public, Visibility::Followers, Visibility::Direct] {
            let mut seen = record(visibility);
            seen.relationship.following = true;
            seen.mentions_viewer = true;
            assert!(can_see(&seen, id(2)));
            let mut blocking = seen.clone();
            blocking.relationship.blocking = true;
            let mut blocked = seen.clone();
            blocked.relationship.blocked_by = true;
            let mut suspended = seen.clone();
            suspended.author_state = AccountState::Suspended;
            let mut deleted = seen.clone();
            deleted.author_state = AccountState::Deleted;
            for hidden in [blocking, blocked, suspended, deleted] {
                assert!(!can_see(&hidden, id(2)), "{hidden:?}");
            }
        }
    }

    #[test]
    fn only_what_everyone_sees_is_shared_further() {
        for (visibility, shared) in [
            (Visibility::Public, true),
            (Visibility::Unlisted, true),
            (Visibility::Followers, false),
            (Visibility::Direct, false),
        ] {
            assert_eq!(may_share(&record(visibility)).is_ok(), shared, "{visibility:?}");
        }
    }
}
