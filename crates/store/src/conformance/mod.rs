//! The contract of [`Store`](crate::Store) as tests that any implementation can run.

mod accounts;
mod conversations;
mod events;
mod fixture;
mod observer;
mod read_lines;
mod relationships;
mod reports;
mod ssh_keys;
mod tweets;

pub(crate) use fixture::StoreFixture;

/// Defines a test for each case of the suite. `$open` returns a [`StoreFixture`] over an empty store.
macro_rules! conformance_suite {
    ($open:path) => {
        crate::conformance::tests! { $open =>
            accounts: names_are_unique_and_stay_taken,
            accounts: a_session_is_found_by_its_token_until_it_ends,
            accounts: the_least_recently_used_session_ends_when_there_are_too_many,
            accounts: a_new_password_ends_the_other_sessions,
            accounts: an_invite_works_as_often_as_it_says,
            accounts: a_deleted_account_is_gone_at_once_and_purged_in_steps,
            accounts: the_name_of_a_deleted_account_is_free_after_ninety_days,
            accounts: accounts_are_found_by_parts_of_their_names_and_by_similar_ones,
            accounts: what_expires_is_removed,
            accounts: a_clock_that_steps_back_repeats_no_identifier,
            ssh_keys: a_key_belongs_to_one_account,
            ssh_keys: an_account_has_a_limited_number_of_keys,
            ssh_keys: a_session_by_ssh_ends_with_its_key,
            ssh_keys: sessions_by_ssh_do_not_push_out_the_others,
            ssh_keys: sessions_by_ssh_can_be_ended_all_at_once,
            read_lines: a_read_line_only_moves_forward,
            read_lines: the_least_recently_moved_line_is_removed_when_there_are_too_many,
            read_lines: a_purge_removes_read_lines_and_keys,
            tweets: a_key_makes_a_change_happen_once,
            tweets: the_same_key_for_another_request_is_a_conflict,
            tweets: a_refused_change_leaves_nothing_and_its_neighbours_alone,
            tweets: home_holds_ones_own_and_followed_tweets_newest_first,
            tweets: pages_neither_repeat_nor_skip_when_things_arrive,
            tweets: a_deleted_tweet_is_deleted_with_everything_that_refers_to_it,
            tweets: an_edit_keeps_the_old_version,
            tweets: hashtags_fold_case_and_count_public_tweets_only,
            tweets: retweets_and_likes_are_counted_once,
            tweets: a_thread_is_read_upwards_and_downwards,
            tweets: words_are_found_in_public_tweets_only,
            tweets: a_direct_tweet_says_whom_it_mentions_and_is_in_no_public_list,
            relationships: following_is_counted_and_listed,
            relationships: a_block_ends_everything_between_two_accounts,
            relationships: no_account_follows_blocks_or_mutes_itself,
            relationships: relationships_and_the_social_graph_agree,
            relationships: lists_of_accounts_are_paged_by_their_cursors,
            relationships: notifications_report_what_others_did_and_are_read_forwards,
            conversations: messages_are_in_order_and_read_receipts_only_move_forward,
            conversations: a_sent_message_names_its_conversation_also_after_a_retry,
            conversations: a_block_closes_a_conversation,
            events: every_commit_is_published_once_and_in_order,
            events: the_log_has_the_published_events_until_they_expire,
            events: an_import_has_no_events_and_happens_once,
            observer: a_commit_is_observed_before_it_is_acknowledged,
            observer: observed_effects_are_those_of_the_changes,
            observer: a_refused_change_is_not_observed,
            observer: only_the_first_observer_is_notified_while_it_lives,
            observer: concurrent_changes_are_applied_in_the_order_of_their_first_poll,
            reports: reports_are_listed_oldest_first_until_they_are_closed,
            reports: statistics_count_what_is_not_deleted,
        }
    };
}

macro_rules! tests {
    ($open:path => $($subject:ident: $name:ident,)*) => { $(
        #[tokio::test]
        async fn $name() {
            crate::conformance::run::$name($open().await).await;
        }
    )* };
}

pub(crate) use {conformance_suite, tests};

/// All cases of the suite by name.
pub(crate) mod run {
    pub(crate) use super::{
        accounts::*, conversations::*, events::*, observer::*, read_lines::*, relationships::*, reports::*,
        ssh_keys::*, tweets::*,
    };
}
