//! Each known trap of the race, by name.

use std::time::Duration;

use anyhow::ensure;
use wayleave_sim::Outcome;
use wayleave_tests::{Format, Front, on_every_front};

use super::table::{Case, Seen, Way, run};

on_every_front!(
    who_wins,
    whole_answers_and_failures_of_all,
    what_becomes_of_losers,
    who_starts_when
);

/// Late enough that a lane which fails at once has failed before.
const LATE: &str = "ttft=600ms";
const B_WINS: &str = "b race-winner ok";

fn second_wins(name: &'static str, terms: &'static str, first: &'static str, class: &'static str) -> Case {
    let attempts: String = format!("a race-loser {class}, {B_WINS}");
    Case::race(name, terms, &[first, LATE]).gives(200, attempts.leak())
}

async fn who_wins(front: Front) {
    let cases = vec![
        second_wins(
            "an_error_frame_under_200_does_not_win",
            "",
            "fault=error-frame",
            "server_error",
        ),
        second_wins("an_empty_done_does_not_win", "", "fault=empty-done", "empty"),
        second_wins("bytes_of_no_format_do_not_win", "", "fault=garbage", "malformed"),
        second_wins("headers_do_not_win", "", "hang=body", "lost_race").only(Way::Streamed),
        second_wins("an_error_status_does_not_win", "", "status=500", "server_error"),
        second_wins("half_a_body_does_not_win", "", "fault=cut", "network").only(Way::Whole),
        second_wins(
            "too_short_does_not_win",
            "accept: {minCharacters: 20}",
            "bytes=5",
            "empty",
        ),
        second_wins(
            "a_refusal_does_not_win_where_rejected",
            "accept: {refusals: Reject}",
            "refusal",
            "refused",
        ),
        Case::race("a_refusal_wins_where_allowed", "", &["refusal", "ttft=30s"])
            .gives(200, "a race-winner ok, b race-loser lost_race"),
    ];
    run(front, cases).await;
}

async fn whole_answers_and_failures_of_all(front: Front) {
    let cases = vec![
        Case::race(
            "broken_json_does_not_win",
            "accept: {json: Parse}",
            &["json=broken", "json&ttft=600ms"],
        )
        .gives(200, "a race-loser not_json, b race-winner ok")
        .and(|seen| {
            let said = seen.answer.said(Format::OpenAi);
            ensure!(
                serde_json::from_str::<serde_json::Value>(&said).is_ok(),
                "no JSON: {said}"
            );
            Ok(())
        }),
        Case::race(
            "when_no_lane_answers_in_time_it_is_told",
            "",
            &["hang=headers", "hang=headers"],
        )
        .rule("timeouts: {total: 800ms, firstContent: 800ms}")
        .gives(504, "a race-loser timeout, b race-loser timeout"),
        Case::race(
            "when_all_lanes_fail_the_most_telling_is_told",
            "",
            &["status=500", "status=429&retry-after=7"],
        )
        .gives(429, "a race-loser server_error, b race-loser rate_limited")
        .and(|seen| {
            ensure!(seen.answer.header("retry-after") == "7", "retry-after is lost");
            Ok(())
        }),
        Case::race(
            "when_all_lanes_fail_the_next_step_is_tried",
            "",
            &["status=500", "fault=empty-done"],
        )
        .then("")
        .gives(
            200,
            "a race-loser server_error, b race-loser empty, c fallback ok",
        ),
    ];
    run(front, cases).await;
}

async fn what_becomes_of_losers(front: Front) {
    let cases = vec![
        Case::race(
            "an_aborted_loser_is_cancelled_and_estimated",
            "losers: Abort",
            &["ttft=30s", LATE],
        )
        .gives(200, "a race-loser lost_race, b race-winner ok")
        .and(|seen| {
            let loser = seen.upstream('a')[0].clone();
            let left =
                matches!(loser.outcome, Outcome::ClientLeft { after } if after < Duration::from_secs(5));
            ensure!(left, "the loser was not cancelled: {:?}", loser.outcome);
            ensure!(
                seen.books.attempts[0].estimated,
                "its usage never came, so it is an estimate"
            );
            Ok(())
        }),
        Case::race(
            "a_drained_loser_is_read_to_its_end_and_priced",
            "losers: Drain",
            &["ttft=3s&tokens=9", LATE],
        )
        .gives(200, "a race-loser lost_race, b race-winner ok")
        .and(|seen| {
            let loser = &seen.books.attempts[0];
            ensure!(
                seen.upstream('a')[0].outcome == Outcome::Answered,
                "the loser was not drained"
            );
            ensure!(!loser.estimated, "its usage came");
            ensure!(
                loser.cost_ticks.is_some_and(|ticks| ticks > 0),
                "it cost {:?}",
                loser.cost_ticks
            );
            Ok(())
        }),
        cancelled_losers(),
    ];
    run(front, cases).await;
}

/// A circuit opens after five failures: a lane that lost eight times is still started the ninth time.
fn cancelled_losers() -> Case {
    let case = Case::race(
        "a_cancelled_loser_feeds_no_breaker",
        "losers: Abort",
        &["ttft=30s", "ttft=100ms"],
    );
    let case = (0..9).fold(case, |case, _| {
        case.gives(200, "a race-loser lost_race, b race-winner ok")
    });
    case.only(Way::Streamed).and(|seen| {
        ensure!(
            seen.upstream('a').len() == 9,
            "a was started {} times",
            seen.upstream('a').len()
        );
        Ok(())
    })
}

async fn who_starts_when(front: Front) {
    let cases = vec![
        Case::race(
            "a_staggered_lane_does_not_start_after_an_answer",
            "stagger: 20s",
            &["", ""],
        )
        .gives(200, "a race-winner ok")
        .and(|seen| {
            ensure!(seen.upstream('b').is_empty(), "b was asked");
            Ok(())
        }),
        Case::race(
            "a_staggered_lane_starts_when_its_time_has_come",
            "stagger: 300ms",
            &["ttft=30s", ""],
        )
        .gives(200, "a race-loser lost_race, b race-winner ok")
        .and(|seen| {
            ensure!(
                started_apart(seen) >= Duration::from_millis(290),
                "{:?}",
                started_apart(seen)
            );
            Ok(())
        }),
        Case::race(
            "a_failed_lane_makes_room_at_once",
            "stagger: 20s",
            &["status=500", ""],
        )
        .gives(200, "a race-loser server_error, b race-winner ok")
        .and(|seen| {
            ensure!(
                started_apart(seen) < Duration::from_secs(5),
                "{:?}",
                started_apart(seen)
            );
            Ok(())
        }),
        Case::race("lanes_start_together", "", &["ttft=30s", LATE])
            .gives(200, "a race-loser lost_race, b race-winner ok")
            .and(|seen| {
                ensure!(
                    started_apart(seen) < Duration::from_millis(200),
                    "{:?}",
                    started_apart(seen)
                );
                Ok(())
            }),
    ];
    run(front, cases).await;
}

/// As the gateway saw it: it is the one that waits.
fn started_apart(seen: &Seen) -> Duration {
    let attempts = &seen.books.attempts;
    Duration::try_from(attempts[1].started.duration_since(attempts[0].started)).unwrap_or_default()
}
