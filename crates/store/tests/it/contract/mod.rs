//! The contract of a store: what the port promises, whatever keeps it.
//!
//! Each test is given a fresh store with the bench's destinations. A new implementation is put
//! through all of it by one line: `contract_tests!(open)`.

pub(crate) mod begun;
pub(crate) mod credentials;
pub(crate) mod delivery;
pub(crate) mod dependencies;
pub(crate) mod drift;
pub(crate) mod erasure;
pub(crate) mod intake;
pub(crate) mod log;
pub(crate) mod looks;
pub(crate) mod media;
pub(crate) mod noted;
pub(crate) mod operator;
pub(crate) mod order;
pub(crate) mod overviews;
pub(crate) mod pace;
pub(crate) mod pauses;
pub(crate) mod readers;
pub(crate) mod reconciling;
pub(crate) mod replaying;
pub(crate) mod reruns;
pub(crate) mod retries;
pub(crate) mod sets;
pub(crate) mod slugs;
pub(crate) mod sweeps;
pub(crate) mod webhooks;

/// Makes a test of each part of the contract, with `$open` giving a fresh [`crate::bench::Bench`].
macro_rules! contract_tests {
    ($open:path) => {
        contract_tests!($open;
            intake::an_accepted_post_is_queued_and_shown,
            intake::a_repeated_key_gets_its_answer,
            intake::a_key_expires_and_the_version_guard_stays,
            intake::the_key_of_an_assigned_version_does_not_expire,
            intake::older_and_equal_versions_change_nothing,
            intake::the_same_version_goes_to_more_destinations,
            intake::submissions_of_one_call_see_each_other,
            intake::concurrent_submissions_have_one_outcome_a_key,
            intake::a_destination_that_is_not_known_stores_nothing,
            intake::a_removal_in_all_locales_overtakes_what_is_older,
            intake::owners_do_not_see_each_other,
            intake::a_request_can_be_read_as_it_came,
            intake::pressure_counts_open_jobs,
            delivery::a_claim_carries_all_that_a_run_needs,
            delivery::the_most_urgent_and_oldest_come_first,
            delivery::room_that_one_class_leaves_another_takes,
            delivery::a_lane_has_one_run_at_a_time,
            delivery::only_the_holder_of_the_fence_settles,
            delivery::a_retry_waits_for_its_time,
            delivery::being_put_back_costs_no_attempt,
            delivery::a_dead_letter_says_why,
            delivery::what_a_failed_run_sent_is_kept,
            delivery::a_lost_run_is_taken_back,
            delivery::a_lost_run_where_nothing_can_be_seen_owes_no_look,
            delivery::a_lease_can_be_prolonged_while_it_is_held,
            delivery::a_job_past_its_deadline_is_given_up,
            delivery::effects_are_recorded_by_their_run_only,
            delivery::a_shared_thing_has_one_holder,
            delivery::a_nudge_comes_with_work,
            delivery::a_lane_that_nobody_waits_for_nudges_nobody,
            begun::what_begins_is_what_a_claim_would_give,
            begun::what_has_begun_is_nobody_elses,
            begun::a_run_that_began_and_was_lost_is_taken_back,
            begun::a_run_that_began_is_retried_like_others,
            begun::what_a_claim_might_hold_back_does_not_begin,
            begun::nothing_begins_beside_a_pause_or_a_pace,
            begun::what_begins_in_one_call_is_seen_by_the_rest_of_it,
            order::a_newer_generation_takes_the_place_of_a_queued_one,
            order::a_run_in_flight_ends_and_the_newer_one_follows,
            order::a_replaced_run_is_not_queued_again,
            order::what_is_shown_never_goes_back,
            order::a_removal_knows_what_it_removes,
            order::a_removal_goes_wherever_the_item_is,
            order::a_scheduled_publish_is_released_at_its_time,
            order::a_newer_version_replaces_a_scheduled_one,
            order::a_lower_generation_released_later_is_superseded,
            operator::a_dead_letter_is_retried_with_all_its_attempts,
            operator::of_two_who_do_the_same_one_finds_it_done,
            operator::what_has_run_since_is_left_alone,
            operator::a_dead_letter_with_a_successor_is_not_retried,
            operator::what_waited_in_vain_waits_again,
            operator::what_was_not_released_is_taken_back,
            operator::what_is_taken_back_gives_its_slug_back,
            operator::a_slug_that_is_promised_stays_promised,
            operator::a_paused_job_waits_until_it_is_resumed,
            operator::a_newer_generation_takes_the_place_of_a_paused_one,
            operator::nobody_acts_for_others,
            operator::a_rollback_brings_the_last_good_body_back,
            operator::the_bad_version_comes_late_in_vain,
            operator::notes_are_kept_with_who_wrote_them,
            operator::a_retry_waits_for_a_look_that_is_under_way,
            erasure::what_is_removed_everywhere_is_erased,
            erasure::keys_and_versions_stay_when_words_go,
            erasure::erasing_twice_is_erasing_once,
            erasure::nobody_deals_with_a_webhook_without_words,
            erasure::a_webhook_that_could_not_be_read_loses_its_words_too,
            erasure::what_is_needed_is_not_erased,
            erasure::media_that_others_name_stay,
            retries::a_retry_has_its_patience_again,
            retries::a_dead_letter_never_jumps_the_queue,
            retries::a_rollback_that_runs_again_takes_nobodys_place,
            retries::what_a_person_ended_stays_ended,
            slugs::a_slug_has_one_claim,
            slugs::a_slug_that_is_given_up_is_waited_for,
            slugs::a_slug_that_is_taken_up_again_is_not_free,
            slugs::a_removed_item_gives_its_slug_up,
            slugs::scopes_do_not_share_slugs,
            dependencies::what_is_not_live_is_waited_for,
            dependencies::what_is_live_is_not_waited_for,
            dependencies::whoever_sleeps_is_woken,
            dependencies::all_who_sleep_are_woken_whatever_the_limit,
            dependencies::it_must_be_live_wherever_both_go,
            dependencies::another_locale_will_do_where_its_own_is_not,
            dependencies::another_owners_content_is_another,
            dependencies::what_went_away_again_is_waited_for,
            dependencies::an_arrival_does_not_hasten_a_schedule,
            dependencies::what_waited_too_long_is_a_dead_letter,
            dependencies::who_closes_a_cycle_is_a_dead_letter_at_once,
            dependencies::what_is_on_its_way_is_in_no_cycle,
            dependencies::a_newer_generation_takes_the_place_of_one_that_waits,
            dependencies::all_that_holds_it_back_must_pass,
            dependencies::submissions_of_one_call_see_what_is_removed,
            looks::an_unknown_write_is_looked_at_again,
            looks::a_look_keeps_the_state_of_its_job,
            looks::a_look_that_fails_comes_again,
            looks::a_look_waits_for_the_lane,
            looks::the_latest_debt_counts,
            looks::a_lost_look_is_taken_back,
            looks::a_look_can_find_a_live_job_dead,
            pace::publishes_begin_evenly_spaced,
            pace::given_slots_are_found_by_their_time,
            pace::a_retry_needs_no_other_slot,
            pace::what_is_urgent_and_what_removes_do_not_wait_but_use_a_slot,
            pace::a_newer_generation_takes_over_the_slot,
            pace::outside_of_its_windows_nothing_begins,
            pace::a_deadline_counts_from_the_slot,
            pace::another_pace_counts_at_once,
            pace::a_long_queue_is_given_slots_without_being_walked_again,
            pauses::nothing_of_a_paused_destination_begins,
            pauses::nothing_of_a_paused_class_begins,
            pauses::nothing_begins_while_everything_is_paused,
            pauses::what_is_paused_of_a_content_is_set_aside,
            pauses::a_content_is_paused_in_one_locale_or_in_all,
            pauses::jobs_behind_those_that_are_set_aside_are_found,
            pauses::a_newer_generation_takes_the_place_of_one_that_was_set_aside,
            pauses::runs_under_way_end_and_their_retries_wait,
            pauses::looks_wait_too,
            pauses::a_deadline_leaves_out_what_was_paused,
            pauses::pausing_twice_is_pausing_once,
            pauses::pauses_that_overlap_end_one_by_one,
            pauses::what_is_not_known_is_not_paused,
            pauses::pauses_are_on_the_record,
            drift::an_entry_is_known_by_every_name_that_it_had,
            drift::a_check_changes_only_what_is_known,
            drift::what_is_verified_has_not_drifted,
            drift::a_check_asked_for_during_a_check_comes,
            drift::a_lost_check_comes_again_and_owes_nothing,
            drift::a_second_look_that_is_owed_is_enough,
            reconciling::one_runs_at_a_time_and_one_node_has_it,
            reconciling::a_person_can_end_it,
            reconciling::what_is_there_is_compared_with_what_should_be,
            reconciling::what_is_on_its_way_is_left_alone,
            reconciling::what_is_not_listed_is_searched_for,
            reconciling::where_nothing_can_be_listed_each_item_is_looked_at,
            reconciling::what_was_adopted_is_the_baseline,
            replaying::a_dry_run_says_what_each_event_is_worth,
            replaying::a_replay_is_about_what_fits_when_it_starts,
            replaying::a_replay_runs_again_what_is_relevant,
            replaying::a_replay_overwrites_nothing_newer,
            replaying::one_replay_runs_at_a_time_and_can_be_ended,
            replaying::signals_are_sent_again_as_they_were,
            reruns::a_generation_that_is_desired_runs_again,
            reruns::what_is_not_desired_does_not_run_again,
            reruns::what_a_person_overwrites_is_said_to_the_run,
            reruns::a_newer_generation_takes_the_place_of_a_rerun,
            reruns::a_failed_rerun_can_run_again,
            media::bytes_are_kept_by_their_hash,
            media::a_publish_waits_for_its_media,
            media::media_that_cannot_be_had_end_the_jobs,
            media::uploads_that_nothing_uses_are_orphans,
            media::bytes_that_nothing_names_go,
            media::media_that_went_away_are_asked_for_again,
            log::every_change_has_an_entry,
            log::its_end_is_its_last_entry,
            log::a_runs_entries_say_which_run_it_was,
            log::entries_have_no_gaps_and_pages_follow,
            log::filters_find_what_belongs_together,
            log::a_job_has_its_own_entries,
            log::a_sealed_log_checks_out,
            log::the_first_entries_can_be_erased,
            readers::lists_are_pages_and_filters,
            readers::revisions_are_listed_newest_first,
            readers::counts_show_what_there_is_to_do,
            readers::retention_keeps_what_is_needed,
            readers::tokens_are_added_once_and_revoked,
            readers::a_request_id_names_its_newest_publish_of_its_owner,
            readers::an_item_is_shown_in_all_environments_and_locales,
            overviews::items_are_listed_newest_first_and_filtered,
            overviews::the_newest_job_says_how_an_item_stands,
            overviews::it_is_counted_how_items_stand,
            overviews::spans_say_what_runs_came_to,
            overviews::a_full_span_is_marked,
            overviews::what_comes_up_is_shown_in_its_order,
            overviews::the_log_is_read_backwards,
            overviews::a_session_ends_when_it_is_told_or_not_used,
            sets::answers_come_in_order_and_each_for_itself,
            sets::a_refused_submission_does_not_harm_its_neighbours,
            sets::a_pass_takes_no_more_than_its_limit,
            sets::one_claim_takes_one_job_of_a_lane_whatever_its_class,
            sets::a_claim_keeps_to_its_limit_and_its_lease,
            sets::a_prolonged_lease_counts_from_the_asking,
            sets::effects_stay_with_their_item_and_destination,
            sets::what_may_have_been_written_is_known,
            sets::a_destination_may_be_registered_anew,
            sets::what_was_handed_in_before_the_close_is_done,
            noted::each_is_in_the_log_with_who_told_it,
            noted::each_is_found_by_every_filter,
            noted::each_is_said_once_however_often_its_webhook_ends,
            noted::a_draft_is_one_in_each_locale,
            noted::what_is_there_is_not_waited_for,
            noted::the_newest_news_of_a_thing_counts,
            noted::an_item_of_its_name_comes_first,
            webhooks::one_is_kept_once,
            webhooks::of_those_that_come_at_once_each_is_kept_once,
            webhooks::one_that_nobody_dealt_with_comes_up_again,
            webhooks::one_that_has_ended_when_it_is_kept_does_not_come_up,
            webhooks::what_became_of_it_is_shown_and_can_be_redone,
            webhooks::old_ones_are_forgotten,
            webhooks::one_asks_a_source_at_a_time,
            sweeps::what_was_not_listed_is_named,
            sweeps::only_what_should_be_there_is_looked_for,
            sweeps::a_sweep_goes_in_steps,
            credentials::one_node_renews_and_the_others_find_the_result,
            credentials::the_right_of_a_node_that_is_gone_is_taken_over,
            credentials::a_late_result_is_kept_while_nobody_else_renews,
            credentials::after_a_refusal_nobody_tries_for_a_while,
            credentials::lines_of_credentials_are_apart,
        );
    };
    ($open:path; $($module:ident :: $test:ident,)*) => {
        $(
            #[test]
            fn $test() {
                futures_executor::block_on(async {
                    let bench = $open();
                    bench.register().await;
                    $crate::contract::$module::$test(&bench).await;
                });
            }
        )*
    };
}
pub(crate) use contract_tests;
