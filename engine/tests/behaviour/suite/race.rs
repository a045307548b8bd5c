//! Races: what wins, what never wins, and when lanes start.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;
use wayleave_core::snapshot::{Accept, JsonAccept, Losers, Refusals, Rule, Step, Timeouts};

use super::support::{Ask, Books, Gateway, Got, Key, pick, race, rule, snapshot, target};

async fn asked(gateway: &Gateway, ask: Ask) -> (Got, Books) {
    let got = gateway.ask(ask).await;
    let books = gateway.books(got.call_id()).await;
    (got, books)
}

/// A race of `a` and `b`.
struct Terms<'m> {
    a: &'m str,
    b: &'m str,
    stagger: Duration,
    accept: Accept,
}

impl<'m> Terms<'m> {
    fn new(a: &'m str, b: &'m str) -> Self {
        Self {
            a,
            b,
            stagger: Duration::ZERO,
            accept: Accept::default(),
        }
    }

    fn gateway(&self) -> Gateway {
        let step = Step::Race {
            targets: vec![target("a", self.a), target("b", self.b)],
            stagger: self.stagger,
            accept: self.accept,
            losers: Losers::Auto,
        };
        Gateway::step(&["a", "b"], step)
    }
}

/// Both ways of asking.
fn asks() -> [Ask; 2] {
    [Ask::chat(), Ask::chat().streamed()]
}

#[tokio::test]
async fn the_fastest_acceptable_answer_wins() {
    for ask in asks() {
        let gateway = Terms::new("slow?ttft=5s", "quick?ttft=20ms").gateway();
        let (got, books) = asked(&gateway, ask).await;
        let got = got.ok();
        assert_eq!(got.header("x-wayleave-target"), Some("team/b/quick?ttft=20ms"));
        assert_eq!(got.header("x-wayleave-attempts"), Some("2"));
        let lines = books.lines();
        assert!(lines[0].starts_with("race-loser a lost_race"), "{lines:?}");
        assert_eq!(lines[1], "race-winner b ok 200");
        assert_eq!(books.call["provider"], "team/b");
        assert_eq!(
            (&books.attempts[0]["lane"], &books.attempts[1]["lane"]),
            (&json!(0), &json!(1))
        );
        assert_eq!(gateway.metric_of("wayleave_race_lanes_total", "won"), 1);
        assert_eq!(gateway.metric_of("wayleave_race_lanes_total", "lost"), 1);
    }
}

#[tokio::test]
async fn trap_an_error_frame_under_200_never_wins() {
    for ask in asks() {
        let gateway = Terms::new("m?fault=error-frame", "m?ttft=100ms").gateway();
        let (got, books) = asked(&gateway, ask).await;
        assert!(!got.ok().said().is_empty());
        assert_eq!(
            books.lines(),
            ["race-loser a server_error 200", "race-winner b ok 200"]
        );
        assert_eq!(gateway.metric_of("wayleave_race_lanes_total", "failed"), 1);
    }
}

#[tokio::test]
async fn trap_an_empty_done_never_wins() {
    for ask in asks() {
        let gateway = Terms::new("m?fault=empty-done", "m?ttft=100ms").gateway();
        let (got, books) = asked(&gateway, ask).await;
        assert!(!got.ok().said().is_empty());
        assert_eq!(books.lines(), ["race-loser a empty 200", "race-winner b ok 200"]);
    }
}

#[tokio::test]
async fn trap_response_headers_do_not_win() {
    // The headers and the opening event of the first come at once, its content never.
    let gateway = Terms::new("m?ttft=60s", "m?headers-delay=100ms").gateway();
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    assert!(!got.ok().said().is_empty());
    assert_eq!(
        books.lines(),
        ["race-loser a lost_race 200", "race-winner b ok 200"]
    );
}

#[tokio::test]
async fn trap_the_fastest_failure_does_not_win() {
    for failure in [
        "status=400",
        "status=401",
        "status=429",
        "status=500",
        "fault=reset",
        "fault=garbage",
    ] {
        let a = format!("m?{failure}");
        let gateway = Terms::new(&a, "m?ttft=100ms").gateway();
        let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
        got.ok();
        assert_eq!(books.lines()[1], "race-winner b ok 200", "{failure}");
        assert_eq!(books.ticks()[0], Some(0), "{failure}");
    }
}

#[tokio::test]
async fn trap_a_cancelled_loser_does_not_feed_the_breaker() {
    for (loser, still_first) in [("m?ttft=60s", true), ("m?status=500", false)] {
        let gateway = Terms::new(loser, "m?ttft=20ms").gateway();
        for _ in 0..6 {
            gateway.ask(Ask::chat().streamed()).await.ok();
        }
        // With the same health, a chain now: whoever is out is passed over.
        let chain = rule(vec![pick("a", loser), pick("b", "m")]);
        let quick = Rule {
            timeouts: Timeouts {
                first_content: Duration::from_millis(50),
                ..Timeouts::default()
            },
            ..chain
        };
        let keys = [Key::new("a"), Key::new("b")];
        gateway
            .engine
            .apply(snapshot(&gateway.sim.base_url(), &keys, quick));
        let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
        got.ok();
        let first_is_a = books.attempts[0]["provider"] == "team/a";
        assert_eq!(first_is_a, still_first, "{loser}: {:?}", books.lines());
    }
}

#[tokio::test]
async fn a_lane_is_not_started_if_the_one_before_it_answers_in_time() {
    let mut terms = Terms::new("m", "m");
    terms.stagger = Duration::from_secs(5);
    let gateway = terms.gateway();
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    assert_eq!(got.ok().header("x-wayleave-attempts"), Some("1"));
    assert_eq!(books.lines(), ["race-winner a ok 200"]);
    assert!(gateway.sent_to("b").is_empty());
}

#[tokio::test]
async fn a_lane_starts_when_its_stagger_is_over() {
    let mut terms = Terms::new("m?ttft=60s", "m");
    terms.stagger = Duration::from_millis(150);
    let gateway = terms.gateway();
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    got.ok();
    assert_eq!(
        books.lines(),
        ["race-loser a lost_race 200", "race-winner b ok 200"]
    );
    let started = |attempt: usize| -> jiff::Timestamp {
        let text = books.attempts[attempt]["started"].as_str().expect("a time");
        text.parse().expect("a time")
    };
    assert!(started(1).duration_since(started(0)) >= jiff::SignedDuration::from_millis(150));
}

#[tokio::test]
async fn a_lane_starts_at_once_when_the_one_before_it_fails() {
    let mut terms = Terms::new("m?status=500", "m");
    terms.stagger = Duration::from_secs(30);
    let gateway = terms.gateway();
    let started = Instant::now();
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    got.ok();
    assert!(started.elapsed() < Duration::from_secs(10));
    assert_eq!(
        books.lines(),
        ["race-loser a server_error 500", "race-winner b ok 200"]
    );
}

#[tokio::test]
async fn no_lane_starts_after_the_deadline() {
    let step = Step::Race {
        targets: vec![target("a", "m?hang=headers"), target("b", "m")],
        stagger: Duration::from_secs(30),
        accept: Accept::default(),
        losers: Losers::Auto,
    };
    let timeouts = Timeouts {
        total: Duration::from_millis(200),
        ..Timeouts::default()
    };
    let short = Rule {
        timeouts,
        ..rule(vec![step])
    };
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b")], short);
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    assert_eq!(got.status, 504);
    assert_eq!(books.lines(), ["race-loser a timeout -"]);
    assert!(gateway.sent_to("b").is_empty());
}

#[tokio::test]
async fn an_answer_that_has_to_be_json_is_judged_whole() {
    let mut terms = Terms::new("m", "m?json&ttft=100ms");
    terms.accept.json = JsonAccept::Parse;
    let gateway = terms.gateway();
    for ask in asks() {
        let (got, books) = asked(&gateway, ask).await;
        let said = got.ok().said();
        serde_json::from_str::<serde_json::Value>(&said).unwrap_or_else(|error| panic!("{error}: {said}"));
        assert_eq!(
            books.lines(),
            ["race-loser a not_json 200", "race-winner b ok 200"]
        );
    }
    let mut terms = Terms::new("m?json=broken", "m?json&ttft=100ms");
    terms.accept.json = JsonAccept::Parse;
    let (got, books) = asked(&terms.gateway(), Ask::chat().streamed()).await;
    got.ok();
    assert_eq!(
        books.lines(),
        ["race-loser a not_json 200", "race-winner b ok 200"]
    );
}

#[tokio::test]
async fn an_answer_that_has_to_fit_the_schema_is_checked_against_it() {
    let mut terms = Terms::new("m?echo", "m?json&ttft=100ms");
    terms.accept.json = JsonAccept::Schema;
    let gateway = terms.gateway();
    let schema = json!({
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": false,
    });
    let format = json!({"type": "json_schema", "json_schema": {"name": "place", "schema": schema}});
    for ask in asks() {
        let echoed = json!([{"role": "user", "content": "{\"town\": 5}"}]);
        let ask = ask
            .with("response_format", format.clone())
            .with("messages", echoed);
        let (got, books) = asked(&gateway, ask).await;
        assert!(got.ok().said().contains("city"));
        assert_eq!(
            books.lines(),
            ["race-loser a not_json 200", "race-winner b ok 200"]
        );
    }
}

#[tokio::test]
async fn a_refusal_loses_only_where_refusals_are_rejected() {
    for ask in asks() {
        let mut terms = Terms::new("m?refusal", "m?ttft=100ms");
        let (got, books) = asked(&terms.gateway(), ask.clone()).await;
        got.ok();
        assert_eq!(books.lines()[0], "race-winner a ok 200");
        terms.accept.refusals = Refusals::Reject;
        let (got, books) = asked(&terms.gateway(), ask).await;
        assert!(!got.ok().said().is_empty());
        assert_eq!(
            books.lines(),
            ["race-loser a refused 200", "race-winner b ok 200"]
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_too_short_loses() {
    for ask in asks() {
        let mut terms = Terms::new("m?bytes=19", "m?bytes=40&ttft=100ms");
        terms.accept.min_characters = 20;
        let (got, books) = asked(&terms.gateway(), ask).await;
        assert_eq!(got.ok().said().len(), 40);
        assert_eq!(books.lines(), ["race-loser a empty 200", "race-winner b ok 200"]);
    }
}

#[tokio::test]
async fn enough_characters_win_before_the_end() {
    let mut terms = Terms::new(
        "m?bytes=400&chunk-bytes=10&pace=60s",
        "m?bytes=400&chunk-bytes=10&pace=5ms",
    );
    terms.accept.min_characters = 20;
    let (got, books) = asked(&terms.gateway(), Ask::chat().streamed()).await;
    assert_eq!(got.ok().said().len(), 400);
    assert_eq!(
        books.lines(),
        ["race-loser a lost_race 200", "race-winner b ok 200"]
    );
}

#[tokio::test]
async fn one_whole_tool_call_is_enough() {
    let tools = json!([{"type": "function", "function": {"name": "weather", "parameters": {
        "type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}]);
    for ask in asks() {
        let mut terms = Terms::new("m?tools=1", "m?ttft=60s");
        terms.accept.min_characters = 10_000;
        let (got, books) = asked(&terms.gateway(), ask.with("tools", tools.clone())).await;
        got.ok();
        assert_eq!(books.lines()[0], "race-winner a ok 200");
    }
}

#[tokio::test]
async fn a_race_that_nobody_wins_goes_on_to_the_next_step() {
    let steps = vec![
        race(&[("a", "m?status=500"), ("b", "m?status=503")]),
        pick("c", "m"),
    ];
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b"), Key::new("c")], rule(steps));
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    got.ok();
    let mut lines = books.lines();
    assert_eq!(lines.pop().as_deref(), Some("fallback c ok 200"));
    assert_eq!(
        lines,
        ["race-loser a server_error 500", "race-loser b server_error 503"]
    );
}

#[tokio::test]
async fn a_race_that_a_caller_lost_ends_the_call() {
    let steps = vec![
        race(&[("a", "m?status=500"), ("b", "m?status=422")]),
        pick("c", "m"),
    ];
    let gateway = Gateway::start(&[Key::new("a"), Key::new("b"), Key::new("c")], rule(steps));
    let (got, books) = asked(&gateway, Ask::chat()).await;
    assert_eq!(got.status, 422);
    assert_eq!(books.lines().len(), 2);
    assert_eq!(got.json()["error"]["attempts"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn a_lane_goes_through_its_own_keys() {
    let pool = Key::new("a").secrets(&[("sk-bad", 1), ("sk-good", 0)]);
    let slow = race(&[("a", "m"), ("b", "m?ttft=60s")]);
    let gateway = Gateway::start(&[pool, Key::new("b")], rule(vec![slow]));
    gateway.sim.key("sk-bad", "status=401").expect("known");
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    got.ok();
    let lines = books.lines();
    assert!(
        lines.contains(&"race-loser a auth_failed 401".to_owned()),
        "{lines:?}"
    );
    assert!(lines.contains(&"race-winner a ok 200".to_owned()), "{lines:?}");
    let lane_of = |key: &str| {
        let attempt = books.attempts.iter().find(|attempt| attempt["key"] == key);
        attempt.expect("an attempt")["lane"].as_u64()
    };
    assert_eq!(
        (lane_of("team/sk-bad"), lane_of("team/sk-good")),
        (Some(0), Some(0))
    );
}

#[tokio::test]
async fn every_key_that_failed_in_a_lane_is_in_the_list() {
    let pool = Key::new("a").secrets(&[("sk-bad", 1), ("sk-worse", 1)]);
    let gateway = Gateway::start(
        &[pool, Key::new("b")],
        rule(vec![race(&[("a", "m"), ("b", "m?status=500")])]),
    );
    gateway.sim.key("sk-bad", "status=401").expect("known");
    gateway.sim.key("sk-worse", "status=401").expect("known");
    let (got, books) = asked(&gateway, Ask::chat()).await;
    assert_eq!(got.status, 401);
    assert_eq!(books.lines().len(), 3);
    assert_eq!(
        got.json()["error"]["attempts"].as_array().map(Vec::len),
        Some(3),
        "{}",
        got.text()
    );
}

#[tokio::test]
async fn a_winner_that_breaks_is_cut_and_stays_the_winner() {
    let gateway = Terms::new("m?fault=cut&chunks=10", "m?ttft=60s").gateway();
    let (got, books) = asked(&gateway, Ask::chat().streamed()).await;
    let got = got.ok();
    assert!(!got.data().contains(&"[DONE]"));
    assert_eq!(books.lines()[0], "race-winner a cut 200");
    assert_eq!(books.end(), "cut 200");
}

#[tokio::test]
async fn many_lanes_have_one_winner() {
    let lanes: Vec<(&str, &str)> = (0..16).map(|_| ("a", "m")).collect();
    let gateway = Gateway::step(&["a"], race(&lanes));
    for ask in asks() {
        let (got, books) = asked(&gateway, ask).await;
        got.ok();
        let winners = books
            .lines()
            .iter()
            .filter(|line| line.starts_with("race-winner"))
            .count();
        assert_eq!((winners, books.attempts.len()), (1, 16));
    }
}
