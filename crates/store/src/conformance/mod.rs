//! The contract of [`Store`](crate::Store) as tests that any implementation can run.

mod account_lists;
mod accounts;
mod announcements;
mod concurrency;
mod conversations;
mod durability;
mod engine;
mod events;
mod fixture;
mod log_ins;
mod missing;
mod notifications;
mod observer;
mod operators;
mod read_lines;
mod relationships;
mod reports;
mod ssh_keys;
mod suggestions;
mod timelines;
mod tweets;

pub(crate) use fixture::StoreFixture;

/// Defines a test for each case of the suite. `$open` returns a [`StoreFixture`] over an empty store.
macro_rules! conformance_suite {
    ($open:path) => {
        crate::conformance::conformance_suite!(tests $open);
    };
    ($how:ident $open:path) => {
        crate::conformance::$how! { $open =>
            accounts: names_are_unique_and_stay_taken,
            accounts: a_session_is_found_by_its_token_until_it_ends,
            accounts: the_least_recently_used_session_ends_when_there_are_too_many,
            accounts: a_new_password_ends_the_other_sessions,
            accounts: an_invite_works_as_often_as_it_says,
            accounts: a_deleted_account_is_gone_at_once_and_purged_in_steps,
            accounts: the_name_of_a_deleted_account_is_free_after_ninety_days,
            accounts: accounts_are_found_by_parts_of_their_names_and_by_similar_ones,
            accounts: accounts_are_found_by_short_parts_of_names_in_any_script,
            accounts: a_username_that_looks_like_another_is_noticed,
            accounts: what_expires_is_removed,
            accounts: a_clock_that_steps_back_repeats_no_identifier,
            log_ins: a_log_in_is_verified_against_the_last_password,
            log_ins: sessions_are_listed_by_their_last_use,
            log_ins: all_sessions_are_ended_at_once_but_one,
            log_ins: sessions_expire_by_their_begin_and_by_their_last_use,
            account_lists: accounts_are_read_by_their_identifiers,
            account_lists: lists_of_accounts_have_several_orders,
            account_lists: lists_of_accounts_are_filtered_by_any_part_of_a_name,
            account_lists: whom_two_accounts_follow_is_a_list,
            suggestions: those_whom_friends_follow_are_suggested_first_and_then_active_ones,
            suggestions: the_oldest_dismissal_is_removed_when_there_are_too_many,
            ssh_keys: a_key_belongs_to_one_account,
            ssh_keys: an_account_has_a_limited_number_of_keys,
            ssh_keys: a_session_by_ssh_ends_with_its_key,
            ssh_keys: sessions_by_ssh_do_not_push_out_the_others,
            ssh_keys: sessions_by_ssh_of_earlier_processes_can_be_ended,
            read_lines: a_read_line_only_moves_forward,
            read_lines: the_least_recently_moved_line_is_removed_when_there_are_too_many,
            read_lines: a_purge_removes_read_lines_and_keys,
            tweets: a_key_makes_a_change_happen_once,
            tweets: the_same_key_for_another_request_is_a_conflict,
            tweets: a_refused_change_leaves_nothing_and_its_neighbours_alone,
            tweets: home_holds_ones_own_and_followed_tweets_newest_first,
            tweets: pages_neither_repeat_nor_skip_when_things_arrive,
            tweets: tweets_are_read_in_the_order_asked_for,
            tweets: a_deleted_tweet_is_deleted_with_everything_that_refers_to_it,
            tweets: an_edit_keeps_the_old_version,
            tweets: hashtags_fold_case_and_count_public_tweets_only,
            tweets: retweets_and_likes_are_counted_once,
            tweets: a_thread_is_read_upwards_and_downwards,
            tweets: a_reply_that_more_can_see_does_not_name_what_it_answers,
            tweets: a_tweet_is_edited_a_limited_number_of_times,
            tweets: an_edit_shows_a_limited_tweet_to_no_one_new,
            tweets: deleted_tweets_stay_in_their_thread,
            tweets: words_are_found_in_public_tweets_only,
            tweets: words_are_found_in_any_script_and_form,
            tweets: hashtags_are_found_by_their_folded_beginning,
            tweets: a_direct_tweet_says_whom_it_mentions_and_is_in_no_public_list,
            timelines: every_timeline_is_paged_both_ways,
            timelines: each_timeline_has_its_kinds_of_tweets,
            timelines: an_author_followed_later_is_in_the_home_timeline_with_earlier_tweets,
            timelines: uses_of_hashtags_are_listed_by_time,
            timelines: the_hashtags_of_an_account_are_listed_by_their_last_use,
            timelines: the_entities_of_a_tweet_are_those_of_its_text,
            relationships: following_is_counted_and_listed,
            relationships: a_block_ends_everything_between_two_accounts,
            relationships: no_account_follows_blocks_or_mutes_itself,
            relationships: relationships_and_the_social_graph_agree,
            relationships: lists_of_accounts_are_paged_by_their_cursors,
            relationships: notifications_report_what_others_did_and_are_read_forwards,
            relationships: notifications_are_listed_by_kind_and_read_one_by_one,
            relationships: what_is_done_and_undone_many_times_notifies_once,
            notifications: notifications_are_paged_both_ways,
            notifications: notifications_of_muted_and_inactive_accounts_are_not_listed,
            notifications: what_the_recipient_may_no_longer_see_is_not_counted,
            conversations: messages_are_in_order_and_read_receipts_only_move_forward,
            conversations: read_receipts_have_the_time_at_which_the_other_side_was_read,
            conversations: a_sent_message_names_its_conversation_also_after_a_retry,
            conversations: a_message_is_edited_and_deleted_by_its_author_only,
            conversations: a_block_closes_a_conversation,
            conversations: conversations_are_listed_by_their_newest_message,
            conversations: messages_are_paged_both_ways_and_counted_as_unread,
            events: every_commit_is_published_once_and_in_order,
            events: the_log_has_the_published_events_until_they_expire,
            events: an_import_has_no_events_for_clients_and_happens_once,
            events: events_for_caches_are_kept_for_a_shorter_time,
            events: an_imported_follow_is_counted_and_notifies_no_one,
            observer: a_commit_is_observed_before_it_is_acknowledged,
            observer: events_name_all_that_a_change_outdates,
            observer: a_refused_change_is_not_observed,
            observer: every_observer_is_notified_while_it_lives,
            observer: a_subscription_begins_after_its_position,
            observer: concurrent_changes_are_applied_in_the_order_of_their_first_poll,
            concurrency: a_change_is_read_as_soon_as_it_is_acknowledged,
            concurrency: the_log_has_concurrent_changes_in_one_order,
            concurrency: only_one_of_several_gets_what_there_is_once,
            concurrency: messages_of_both_sides_begin_one_conversation,
            durability: acknowledged_changes_are_there_after_a_restart,
            durability: a_key_is_known_until_it_expires_whatever_restarts,
            durability: the_log_is_never_empty,
            missing: what_an_account_that_is_not_there_does_has_no_effect,
            missing: what_is_done_to_something_that_is_not_there_has_no_effect,
            missing: what_is_not_there_is_not_read,
            operators: profiles_are_listed_by_username,
            operators: a_suspended_account_is_hidden_until_the_suspension_ends,
            operators: an_account_that_is_no_longer_admin_is_signed_out,
            operators: an_operator_removes_a_tweet_of_anyone,
            operators: invites_are_listed_while_they_can_be_used,
            operators: a_bounded_number_of_invites_is_listed,
            operators: remnants_of_deleted_rows_can_be_purged,
            announcements: announcements_are_listed_newest_first_until_they_are_removed,
            announcements: an_announcement_ends_at_its_time,
            announcements: each_account_dismisses_announcements_one_by_one,
            announcements: one_announcement_too_many_is_refused,
            reports: reports_are_listed_oldest_first_until_they_are_closed,
            reports: statistics_count_what_is_not_deleted,
        }
    };
}

/// Defines a test for each promise of [`Engine`](crate::Engine). `$open` is as in [`conformance_suite`].
macro_rules! engine_suite {
    ($open:path) => {
        crate::conformance::tests! { $open =>
            engine: a_store_is_closed_with_all_that_it_took,
            engine: a_secret_is_the_first_that_was_given,
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

/// As [`tests`], but one function that runs all cases, for a store that takes long to prepare.
macro_rules! all_cases {
    ($open:path => $($subject:ident: $name:ident,)*) => {
        async fn all_cases() { $(
            eprintln!("case {}", stringify!($name));
            Box::pin(crate::conformance::run::$name($open().await)).await;
        )* }
    };
}

pub(crate) use {all_cases, conformance_suite, engine_suite, tests};

/// All cases of the suite by name.
pub(crate) mod run {
    pub(crate) use super::{
        account_lists::*, accounts::*, announcements::*, concurrency::*, conversations::*, durability::*,
        engine::*, events::*, log_ins::*, missing::*, notifications::*, observer::*, operators::*,
        read_lines::*, relationships::*, reports::*, ssh_keys::*, suggestions::*, timelines::*, tweets::*,
    };
}
