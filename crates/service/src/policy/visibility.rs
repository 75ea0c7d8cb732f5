//! Who may see what, and what each list leaves out.

use model::{AccountId, AccountState, Error, Profile, Relationship, Result, Visibility};
use store::TweetRecord;

/// The facts that decide how one viewer sees one tweet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TweetFacts {
    /// The viewer is the author.
    pub is_own: bool,
    /// Whether the author's account is active, suspended or deleted.
    pub author_state: AccountState,
    /// The viewer's relationship to the author.
    pub relationship: Relationship,
    /// The audience that the author chose.
    pub visibility: Visibility,
    /// The tweet mentions the viewer.
    pub mentions_viewer: bool,
}

impl TweetFacts {
    /// The facts of a tweet that was read for this viewer.
    #[must_use]
    pub fn of(record: &TweetRecord, viewer: AccountId) -> Self {
        Self {
            is_own: record.tweet.author == viewer,
            author_state: record.author_state,
            relationship: record.relationship,
            visibility: record.tweet.visibility,
            mentions_viewer: record.mentions_viewer,
        }
    }

    /// Whether the viewer may see the tweet. A plain retweet also needs a visible original: [`TweetList::original`].
    #[inline]
    #[must_use]
    pub fn is_visible(self) -> bool {
        if self.author_state != AccountState::Active || self.relationship.blocked() {
            return false;
        }
        self.is_own
            || match self.visibility {
                Visibility::Public | Visibility::Unlisted => true,
                Visibility::Followers => self.relationship.following || self.mentions_viewer,
                Visibility::Direct => self.mentions_viewer,
            }
    }
}

/// A kind of list of tweets, by what it leaves out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TweetList {
    /// The viewer's home timeline: own tweets and those of followed accounts; no muted accounts, and retweets of one
    /// tweet only once within [`super::RETWEETS_ONCE_WITHIN`] tweets.
    Home,
    /// Public tweets of everyone (local and hashtag timelines, search): no plain retweets, no muted accounts.
    Public,
    /// Replies to a tweet: no muted accounts.
    Replies,
    /// The tweets of one account, which may be muted; what it retweets of other muted accounts is left out.
    Account,
    /// What the viewer asked for by name: one tweet, own likes and bookmarks. Muted accounts are shown.
    Requested,
}

/// What a list shows of the original of a retweet or quote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Original {
    /// The original is shown with the tweet.
    Shown,
    /// The quote is shown without its original.
    Omitted,
    /// The retweet is left out: without its original it is nothing.
    HidesTweet,
}

impl TweetList {
    /// Whether accounts that the viewer mutes are shown.
    #[must_use]
    pub const fn shows_muted(self) -> bool {
        matches!(self, Self::Account | Self::Requested)
    }

    /// Whether retweets of one tweet are shown only once.
    #[must_use]
    pub const fn joins_retweets(self) -> bool {
        matches!(self, Self::Home)
    }

    /// Whether the list shows a tweet, whatever it retweets or quotes.
    #[inline]
    #[must_use]
    pub fn includes(self, tweet: TweetFacts, is_retweet: bool) -> bool {
        tweet.is_visible()
            && (self.shows_muted() || !tweet.relationship.muting)
            && match self {
                Self::Home => tweet.is_own || tweet.relationship.following,
                Self::Public => tweet.visibility == Visibility::Public && !is_retweet,
                Self::Replies | Self::Account | Self::Requested => true,
            }
    }

    /// What the list shows of the original of a retweet or quote; `None`: the original is deleted.
    ///
    /// A hidden original hides the plain retweet and is left out of the quote. So does one of a muted account, which
    /// would speak through others; only a viewer who asked for the tweet of a muted account sees what that one quotes,
    /// and one who asked for a single retweet sees that.
    #[inline]
    #[must_use]
    pub fn original(self, tweet: TweetFacts, original: Option<TweetFacts>, is_retweet: bool) -> Original {
        let shows_muted = tweet.relationship.muting || (is_retweet && self == Self::Requested);
        match original.filter(|original| original.is_visible()) {
            Some(original) if shows_muted || !original.relationship.muting => Original::Shown,
            _ if is_retweet => Original::HidesTweet,
            _ => Original::Omitted,
        }
    }

    /// Whether a reply shows the beginning of the tweet that it answers: as a quote shows its original.
    #[inline]
    #[must_use]
    pub fn shows_parent(self, reply: TweetFacts, parent: TweetFacts) -> bool {
        self.original(reply, Some(parent), false) == Original::Shown
    }
}

/// Whether the viewer may see a tweet that was read for them.
#[must_use]
pub fn is_visible(record: &TweetRecord, viewer: AccountId) -> bool {
    TweetFacts::of(record, viewer).is_visible()
}

/// Checks that a tweet, which the caller may see, can be retweeted or quoted: only what everyone may see.
///
/// # Errors
/// `FORBIDDEN` for followers-only and direct tweets.
pub fn check_shareable(record: &TweetRecord) -> Result<()> {
    if record.tweet.visibility.is_shareable() {
        return Ok(());
    }
    Err(Error::forbidden("only public and unlisted tweets can be retweeted or quoted"))
}

/// The visibility of a tweet for which none was chosen: that of the tweet that it replies to, else public. A reply never
/// reaches more people than what it answers unless its author says so.
#[must_use]
pub fn default_visibility(replies_to: Option<Visibility>) -> Visibility {
    replies_to.unwrap_or(Visibility::Public)
}

/// Checks that an account can be looked up by a viewer with this relationship to it. An account that the viewer blocks
/// can: otherwise the block could not be ended.
///
/// # Errors
/// `NOT_FOUND{account}`: what may not be seen does not exist.
pub fn check_account_visible(profile: &Profile, relationship: Relationship) -> Result<()> {
    if profile.state == AccountState::Active && !relationship.blocked_by {
        return Ok(());
    }
    Err(Error::not_found("account"))
}

/// Whether lists of accounts, search, the online list, the conversation with one account and its typing notices show an
/// account to a viewer with this relationship to it. The list of blocked accounts is the exception.
#[must_use]
pub fn is_listed(state: AccountState, relationship: Relationship) -> bool {
    state == AccountState::Active && !relationship.blocked()
}

/// Whether the list of conversations, and live events of all conversations, show the one with an account to a viewer
/// with this relationship to it. Who asks for the conversation with a muted account gets it.
#[must_use]
pub fn is_conversation_listed(state: AccountState, relationship: Relationship) -> bool {
    is_listed(state, relationship) && !relationship.muting
}

/// Whether a notification about what this account did is shown to a recipient with this relationship to it. Its tweet,
/// if it has one, must be visible too.
#[must_use]
pub fn is_notification_shown(actor_state: AccountState, relationship: Relationship) -> bool {
    is_listed(actor_state, relationship) && !relationship.muting
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(visibility: Visibility) -> TweetFacts {
        TweetFacts {
            is_own: false,
            author_state: AccountState::Active,
            relationship: Relationship::default(),
            visibility,
            mentions_viewer: false,
        }
    }

    fn muted() -> TweetFacts {
        let relationship = Relationship { following: true, muting: true, ..Relationship::default() };
        TweetFacts { relationship, ..facts(Visibility::Public) }
    }

    fn followed() -> TweetFacts {
        let relationship = Relationship { following: true, ..Relationship::default() };
        TweetFacts { relationship, ..facts(Visibility::Public) }
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
            let stranger = facts(visibility);
            let own = TweetFacts { is_own: true, ..stranger };
            let follower = TweetFacts { visibility, ..followed() };
            let mentioned = TweetFacts { mentions_viewer: true, ..stranger };
            let seen = [own, stranger, follower, mentioned].map(TweetFacts::is_visible);
            assert_eq!(seen, expected, "{visibility:?}");
        }
    }

    #[test]
    fn a_block_either_way_or_a_hidden_author_hides_everything() {
        for visibility in [Visibility::Public, Visibility::Followers, Visibility::Direct] {
            let seen = TweetFacts { visibility, mentions_viewer: true, ..followed() };
            assert!(seen.is_visible());
            let with = |relationship| TweetFacts { relationship, ..seen };
            for hidden in [
                with(Relationship { blocking: true, ..seen.relationship }),
                with(Relationship { blocked_by: true, ..seen.relationship }),
                TweetFacts { author_state: AccountState::Suspended, ..seen },
                TweetFacts { author_state: AccountState::Deleted, ..seen },
            ] {
                assert!(!hidden.is_visible(), "{hidden:?}");
            }
        }
    }

    #[test]
    fn each_list_shows_its_own_selection() {
        use TweetList::{Account, Home, Public, Replies, Requested};
        let unlisted = facts(Visibility::Unlisted);
        let own = TweetFacts { is_own: true, ..unlisted };
        // (tweet, is a plain retweet, shown in: home, public, replies, account and requested)
        let table = [
            (facts(Visibility::Public), false, [false, true, true, true]),
            (facts(Visibility::Public), true, [false, false, true, true]),
            (unlisted, false, [false, false, true, true]),
            (own, false, [true, false, true, true]),
            (followed(), false, [true, true, true, true]),
            (followed(), true, [true, false, true, true]),
            (muted(), false, [false, false, false, true]),
        ];
        for (tweet, is_retweet, expected) in table {
            let shown = [Home, Public, Replies, Requested].map(|list| list.includes(tweet, is_retweet));
            assert_eq!(Account.includes(tweet, is_retweet), Requested.includes(tweet, is_retweet));
            assert_eq!(shown, expected, "{tweet:?}, retweet: {is_retweet}");
        }
    }

    const LISTS: [TweetList; 5] =
        [TweetList::Home, TweetList::Public, TweetList::Replies, TweetList::Account, TweetList::Requested];

    #[test]
    fn a_hidden_original_hides_the_retweet_and_is_left_out_of_the_quote() {
        let hidden = TweetFacts { author_state: AccountState::Suspended, ..followed() };
        for list in LISTS {
            for original in [None, Some(hidden)] {
                assert_eq!(list.original(followed(), original, true), Original::HidesTweet);
                assert_eq!(list.original(followed(), original, false), Original::Omitted);
            }
            assert_eq!(list.original(followed(), Some(followed()), true), Original::Shown);
            assert_eq!(list.original(followed(), Some(followed()), false), Original::Shown);
        }
    }

    #[test]
    fn a_muted_account_does_not_speak_through_others() {
        for list in LISTS {
            assert_eq!(list.original(followed(), Some(muted()), false), Original::Omitted, "{list:?}");
            let retweet = if list == TweetList::Requested { Original::Shown } else { Original::HidesTweet };
            assert_eq!(list.original(followed(), Some(muted()), true), retweet, "{list:?}");
            // Its own tweets are on a list only if the viewer asked for them.
            assert_eq!(list.original(muted(), Some(muted()), false), Original::Shown);
        }
    }
}
