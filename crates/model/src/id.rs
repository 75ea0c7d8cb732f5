//! Identifiers: 64 bits that sort by time and never repeat on a node, even if its clock steps back.

use std::fmt;
use std::num::NonZeroU64;

const SEQUENCE_BITS: u32 = 10;
const NODE_BITS: u32 = 6;
const TIME_SHIFT: u32 = SEQUENCE_BITS + NODE_BITS;

/// Largest node number.
pub const NODE_MAX: u8 = (1 << NODE_BITS) - 1;

/// The time of an identifier in Unix milliseconds.
#[must_use]
pub fn time_of_id(id: u64) -> i64 {
    (id >> TIME_SHIFT).cast_signed()
}

macro_rules! id_types {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// From a number from outside; `None` for 0 and for numbers above `i64::MAX`, which the database cannot
            /// store.
            #[must_use]
            pub fn new(id: u64) -> Option<Self> {
                if i64::try_from(id).is_err() {
                    return None;
                }
                NonZeroU64::new(id).map(Self)
            }

            /// The number itself.
            #[must_use]
            pub fn get(self) -> u64 {
                self.0.get()
            }

            /// The time of the identifier in Unix milliseconds.
            #[must_use]
            pub fn time_ms(self) -> i64 {
                time_of_id(self.get())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

id_types! {
    /// Identifier of an account.
    AccountId,
    /// Identifier of a tweet, a plain retweet or a quote.
    TweetId,
    /// Identifier of a session: one log-in on one device.
    SessionId,
    /// Identifier of an account's ssh key.
    SshKeyId,
    /// Identifier of a report.
    ReportId,
    /// Identifier of a notification.
    NotificationId,
    /// Identifier of a conversation.
    ConversationId,
    /// Identifier of a direct message.
    MessageId,
    /// Identifier of an announcement.
    AnnouncementId,
    /// Identifier of an event in the commit log: the sequence and cursor of live events.
    EventId,
}

/// Generates strictly increasing identifiers.
///
/// Layout: Unix milliseconds << 16, 6 bits of node number, 10 bits of sequence. While the clock stands still or steps
/// back, the sequence continues in the last millisecond; after 1,024 identifiers it continues in the next one.
#[derive(Debug)]
pub struct IdGenerator {
    node: u64,
    last: u64,
}

impl IdGenerator {
    /// `node` is at most [`NODE_MAX`] (higher bits are dropped); `high_water` is the highest identifier that this node may
    /// have generated before.
    #[must_use]
    pub fn new(node: u8, high_water: u64) -> Self {
        Self { node: u64::from(node & NODE_MAX), last: high_water }
    }

    /// The next identifier at this time.
    pub fn next(&mut self, now_ms: i64) -> u64 {
        const SEQUENCE_MASK: u64 = (1 << SEQUENCE_BITS) - 1;
        let now_ms = u64::try_from(now_ms).unwrap_or(0);
        let last_ms = self.last >> TIME_SHIFT;
        let (ms, sequence) = if now_ms > last_ms {
            (now_ms, 0)
        } else if self.last & SEQUENCE_MASK < SEQUENCE_MASK {
            (last_ms, (self.last & SEQUENCE_MASK) + 1)
        } else {
            (last_ms + 1, 0)
        };
        let id = ms << TIME_SHIFT | self.node << SEQUENCE_BITS | sequence;
        // A high-water mark left by another node number may sort above ours in the same millisecond.
        self.last =
            if id > self.last { id } else { (last_ms + 1) << TIME_SHIFT | self.node << SEQUENCE_BITS };
        self.last
    }

    /// The last identifier generated. Persist it for the next [`IdGenerator::new`].
    #[must_use]
    pub fn high_water(&self) -> u64 {
        self.last
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_tells_its_time_and_has_eighteen_digits() {
        let mut ids = IdGenerator::new(3, 0);
        let id = ids.next(1_795_000_000_123);
        assert_eq!(time_of_id(id), 1_795_000_000_123);
        assert_eq!(id.to_string().len(), 18);
    }

    #[test]
    fn zero_and_numbers_above_the_signed_maximum_are_not_ids() {
        assert!(TweetId::new(0).is_none());
        assert!(TweetId::new(u64::MAX).is_none());
        assert_eq!(TweetId::new(12).unwrap().get(), 12);
    }

    proptest! {
        #[test]
        fn ids_increase_whatever_the_clock_does(
            steps in proptest::collection::vec(-3_600_000_i64..3_600_000, 1..2_000),
            node in 0_u8..64,
            restart_as in 0_u8..64,
        ) {
            let mut now = 1_700_000_000_000_i64;
            let mut ids = IdGenerator::new(node, 0);
            let mut last = 0;
            for (n, step) in steps.iter().enumerate() {
                if n % 100 == 99 {
                    ids = IdGenerator::new(restart_as, ids.high_water());
                }
                // Mostly a clock that stands still, so that the sequence overflows sometimes.
                now += if n % 7 == 0 { *step } else { 0 };
                let id = ids.next(now);
                prop_assert!(id > last);
                last = id;
            }
        }
    }
}
