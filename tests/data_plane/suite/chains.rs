//! Each row of the outcome table, end to end: whose fault a failure is, and what is tried next.

use std::time::Duration;

use anyhow::ensure;
use wayleave_sim::Outcome;
use wayleave_tests::{Format, Front, on_every_front};

use super::table::{Case, Seen, Way, run};

on_every_front!(
    the_callers_fault,
    the_keys_fault,
    the_providers_fault,
    the_answers_fault,
    all_failed
);

/// Far less than any `retry-after` here, and room for a busy machine.
const AT_ONCE: Duration = Duration::from_millis(500);

fn at_once(seen: &Seen) -> anyhow::Result<()> {
    ensure!(
        seen.gap(1) < AT_ONCE,
        "the next attempt began after {:?}",
        seen.gap(1)
    );
    Ok(())
}

/// 400, 404, 413, 422.
async fn the_callers_fault(front: Front) {
    let returned = |name, target| Case::chain(name, &[target, ""]);
    let cases = vec![
        returned("a_400_is_returned_at_once", "status=400").gives(400, "a primary caller"),
        returned("a_404_is_returned_at_once", "status=404").gives(404, "a primary caller"),
        returned("a_413_is_returned_at_once", "status=413").gives(413, "a primary caller"),
        returned("a_422_is_returned_at_once", "status=422").gives(422, "a primary caller"),
        Case::chain(
            "too_long_for_the_context_falls_back",
            &["error=context_length", ""],
        )
        .gives(200, "a primary context_length, b fallback ok"),
        Case::chain(
            "too_long_for_the_context_stays_where_the_route_says_so",
            &["error=context_length", ""],
        )
        .rule("fallbackOn: [RateLimited]")
        .gives(400, "a primary context_length"),
        Case::chain(
            "a_content_filter_does_not_fall_back_by_itself",
            &["error=content_filter", ""],
        )
        .gives(400, "a primary content_filter"),
        Case::chain(
            "a_content_filter_falls_back_where_the_route_says_so",
            &["error=content_filter", ""],
        )
        .rule("fallbackOn: [ContentFilter]")
        .gives(200, "a primary content_filter, b fallback ok"),
    ];
    run(front, cases).await;
}

/// 401, 402, 403, 429.
async fn the_keys_fault(front: Front) {
    let dead = |name, target| {
        Case::chain(name, &[target, ""])
            .gives(200, "a primary auth_failed, b fallback ok")
            .gives(200, "b primary ok")
    };
    let limited = |name, target| {
        Case::chain(name, &[target, ""])
            .gives(200, "a primary rate_limited, b fallback ok")
            .gives(200, "b primary ok")
    };
    let cases = vec![
        dead("a_401_cools_the_key_and_goes_on", "error=invalid_key"),
        dead("a_402_cools_the_key_and_goes_on", "status=402"),
        dead("a_403_cools_the_key_and_goes_on", "status=403"),
        limited("a_429_is_kept_for_its_seconds", "status=429&retry-after=60"),
        limited("a_429_is_kept_until_its_date", "status=429&retry-after-date=60"),
        limited(
            "a_429_is_kept_for_its_milliseconds",
            "status=429&retry-after-ms=60000",
        ),
        limited("a_429_that_says_nothing_is_kept_for_a_while", "status=429"),
        Case::chain(
            "a_429_goes_on_without_sleeping",
            &["status=429&retry-after=60", ""],
        )
        .gives(200, "a primary rate_limited, b fallback ok")
        .and(at_once),
        Case::chain(
            "a_429_that_asks_for_no_time_cools_nothing",
            &["status=429&retry-after=0", ""],
        )
        .gives(200, "a primary rate_limited, b fallback ok")
        .gives(200, "a primary rate_limited, b fallback ok"),
        Case::chain(
            "a_short_limit_is_waited_for_where_there_is_nowhere_else_to_go",
            &[""],
        )
        .script(0, &["status=429&retry-after-ms=300"])
        .rule("retry: {attempts: 1}")
        .gives(200, "a primary rate_limited, a retry ok")
        .and(|seen| {
            let gap = seen.gap(1);
            ensure!(
                gap >= Duration::from_millis(290) && gap < Duration::from_secs(2),
                "waited {gap:?}"
            );
            Ok(())
        }),
    ];
    run(front, cases).await;
}

/// 408, 5xx, 529, network, timeouts.
async fn the_providers_fault(front: Front) {
    let retried = |name, target| {
        Case::chain(name, &[target, ""])
            .rule("retry: {attempts: 1, backoff: 20ms}")
            .gives(200, "a primary server_error, a retry server_error, b fallback ok")
    };
    let silent = |name, target| {
        Case::chain(name, &[target, ""])
            .rule("timeouts: {firstContent: 400ms}")
            .gives(200, "a primary timeout, b fallback ok")
    };
    let cases = vec![
        retried("a_408_is_tried_again_and_goes_on", "status=408"),
        retried("a_500_is_tried_again_and_goes_on", "status=500"),
        retried("a_502_is_tried_again_and_goes_on", "status=502"),
        retried("a_503_is_tried_again_and_goes_on", "status=503"),
        retried("a_504_is_tried_again_and_goes_on", "status=504"),
        retried("a_529_is_tried_again_and_goes_on", "status=529"),
        Case::chain("a_second_try_may_help", &["", ""])
            .script(0, &["status=500"])
            .rule("retry: {attempts: 1, backoff: 20ms}")
            .gives(200, "a primary server_error, a retry ok"),
        Case::chain("without_retry_the_next_is_tried_at_once", &["status=500", ""])
            .gives(200, "a primary server_error, b fallback ok")
            .and(at_once),
        Case::chain("a_reset_connection_goes_on", &["fault=reset", ""])
            .gives(200, "a primary network, b fallback ok"),
        Case::chain("a_refused_connection_goes_on", &["closed", ""])
            .gives(200, "a primary network, b fallback ok"),
        silent("no_headers_in_time_goes_on", "hang=headers"),
        silent("no_content_in_time_goes_on", "hang=body").only(Way::Streamed),
        Case::chain("too_few_characters_per_second_go_on", &["drip", ""])
            .rule("slowStream: {minCharactersPerSecond: 100, window: 400ms}")
            .only(Way::Streamed)
            .gives(200, "a primary slow_stream, b fallback ok"),
        Case::chain("five_failures_open_the_circuit", &["status=500", ""])
            .gives(200, "a primary server_error, b fallback ok")
            .gives(200, "a primary server_error, b fallback ok")
            .gives(200, "a primary server_error, b fallback ok")
            .gives(200, "a primary server_error, b fallback ok")
            .gives(200, "a primary server_error, b fallback ok")
            .gives(200, "b primary ok"),
        Case::chain("when_all_are_out_all_are_tried", &["status=429&retry-after=60"])
            .gives(429, "a primary rate_limited")
            .gives(429, "a primary rate_limited"),
    ];
    run(front, cases).await;
}

/// 200, and yet no answer. After its first content a stream is never switched.
async fn the_answers_fault(front: Front) {
    let streamed = |name, target| {
        Case::chain(name, &[target, ""])
            .only(Way::Streamed)
            .rule("timeouts: {idle: 400ms}")
            .gives(200, "a primary cut")
            .and(Seen::told_of_the_break)
    };
    let cases = vec![
        Case::chain("an_error_under_200_goes_on", &["fault=error-frame", ""])
            .gives(200, "a primary server_error, b fallback ok"),
        Case::chain(
            "an_error_under_200_has_its_own_class",
            &["fault=error-frame&status=429", ""],
        )
        .gives(200, "a primary rate_limited, b fallback ok"),
        Case::chain("an_empty_done_goes_on", &["fault=empty-done", ""])
            .gives(200, "a primary empty, b fallback ok"),
        Case::chain("bytes_of_no_format_go_on", &["fault=garbage", ""])
            .gives(200, "a primary malformed, b fallback ok"),
        Case::chain("half_a_body_goes_on", &["fault=cut", ""])
            .only(Way::Whole)
            .gives(200, "a primary network, b fallback ok"),
        streamed("a_cut_stream_is_told", "fault=cut&chunks=8"),
        streamed("a_stream_without_an_end_is_told", "fault=no-done"),
        streamed("an_error_in_mid_stream_is_told", "fault=error-mid&chunks=8"),
        streamed("a_stream_that_falls_silent_is_told", "hang=mid&chunks=8"),
    ];
    run(front, cases).await;
}

/// The most telling error, and what was tried.
async fn all_failed(front: Front) {
    let cases = vec![
        Case::chain(
            "a_limit_tells_more_than_a_failure",
            &["status=500", "status=429&retry-after=7", "hang=headers"],
        )
        .rule("timeouts: {firstContent: 400ms}")
        .gives(
            429,
            "a primary server_error, b fallback rate_limited, c fallback timeout",
        )
        .and(|seen| {
            let told = &seen.answer.json()["error"]["attempts"];
            let classes: Vec<&str> = told
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(|note| note["class"].as_str())
                .collect();
            ensure!(
                classes == ["server_error", "rate_limited", "timeout"],
                "the list of attempts: {told}"
            );
            ensure!(seen.answer.header("retry-after") == "7", "retry-after is lost");
            Ok(())
        }),
        Case::chain("the_callers_fault_tells_most", &["status=429", "status=422"])
            .gives(422, "a primary rate_limited, b fallback caller"),
        Case::chain(
            "a_failure_tells_more_than_silence",
            &["hang=headers", "status=503"],
        )
        .rule("timeouts: {firstContent: 400ms}")
        .gives(503, "a primary timeout, b fallback server_error"),
        Case::chain("a_single_error_is_passed_on", &["status=429&retry-after=7"])
            .gives(429, "a primary rate_limited")
            .and(|seen| {
                ensure!(seen.answer.header("retry-after") == "7", "retry-after is lost");
                let told = Format::OpenAi.error_message(&seen.answer.json());
                ensure!(!told.contains("attempts"), "retold: {told}");
                Ok(())
            }),
        Case::chain("no_attempt_starts_that_cannot_end_in_time", &["hang=headers", ""])
            .rule("timeouts: {firstContent: 500ms, total: 500ms}")
            .gives(504, "a primary timeout")
            .and(|seen| {
                ensure!(seen.upstream('b').is_empty(), "b was asked after the deadline");
                let left = matches!(seen.upstream('a')[0].outcome, Outcome::ClientLeft { .. });
                ensure!(left, "a was not cancelled");
                Ok(())
            }),
    ];
    run(front, cases).await;
}
