use serde_json::{Value, json};

use super::*;

fn line(value: Value) -> Line {
    let mut value = value;
    value["started"] = json!(
        value
            .get("started")
            .and_then(Value::as_str)
            .unwrap_or("2026-11-02T10:00:00Z")
    );
    Line::parse(value.to_string().as_bytes()).unwrap()
}

fn attempt(model: &str, cost: Option<i64>) -> Value {
    json!({"kind": "attempt", "call": "c", "attempt": 1, "role": "primary", "route": "team/chat",
        "provider": "team/openai", "model_asked": model, "class": "ok", "cost_ticks": cost,
        "usage": {"input": 10, "cache_read": 5, "output": 3}})
}

fn with(mut value: Value, member: &str, to: Value) -> Value {
    value[member] = to;
    value
}

fn spent(by: &[By], lines: &[Value], top: usize) -> Spent {
    let mut spend = Spend::new(by.to_vec(), Period::default());
    for value in lines {
        spend.add(&line(value.clone()));
    }
    spend.finish(top)
}

fn names(spent: &Spent) -> Vec<String> {
    let name = |part: &Option<String>| part.clone().unwrap_or_else(|| "-".to_owned());
    let rows = spent.rows.iter();
    rows.map(|row| row.group.iter().map(name).collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn an_unpriced_attempt_makes_the_sum_a_lower_bound() {
    let spent = spent(
        &[By::Model],
        &[
            attempt("a", Some(12_300_000_000)),
            attempt("a", None),
            attempt("a", None),
            attempt("b", Some(5)),
        ],
        10,
    );
    assert_eq!(spent.rows[0].sums.cost(), "≥ $1.23 (2 unpriced)");
    assert_eq!(spent.rows[1].sums.cost(), "$0.0000000005");
    assert_eq!(spent.total.unpriced, 2);
    assert_eq!(
        spent.total.tokens,
        Tokens {
            plain: 40,
            cached: 20,
            written: 0,
            output: 12
        }
    );
}

#[test]
fn groups_are_made_by_each_member() {
    let one = json!({"kind": "attempt", "call": "c", "attempt": 1, "role": "race-loser", "route": "team/chat",
        "provider": "team/openai", "key": "openai/key", "model_asked": "asked", "model_served": "served",
        "class": "lost_race", "task_class": "code", "client": "00ff", "cost_ticks": 1});
    let expected = [
        "served",
        "team/chat",
        "00ff",
        "2026-11-02",
        "lost_race",
        "code",
        "team/openai",
        "openai/key",
        "race-loser",
    ];
    for (by, expected) in By::ALL.into_iter().zip(expected) {
        assert_eq!(
            names(&spent(&[by], std::slice::from_ref(&one), 10)),
            [expected],
            "{by:?}"
        );
        assert_eq!(by.as_str().parse(), Ok(by));
    }
    assert_eq!(
        names(&spent(&[By::Route, By::Key], &[one], 10)),
        ["team/chat openai/key"]
    );
}

#[test]
fn losers_judges_and_savings_are_told_apart() {
    let role = |role: &str, cost: i64| with(attempt("a", Some(cost)), "role", json!(role));
    let saved = with(role("cache-hit", 0), "saved_ticks", json!(900));
    let lines = [
        role("race-winner", 100),
        role("race-loser", 30),
        role("judge", 7),
        saved,
    ];
    let total = spent(&[By::Model], &lines, 10).total;
    assert_eq!(
        [
            total.cost_ticks,
            total.lost_ticks,
            total.judge_ticks,
            total.saved_ticks
        ]
        .map(Ticks::get),
        [137, 30, 7, 900]
    );
}

#[test]
fn calls_give_counts_times_and_failures() {
    let call = |id: &str, status: Option<u16>, ms: f64| json!({"kind": "call", "call": id, "route": "team/chat", "model_asked": "a", "status": status, "duration_ms": ms});
    let lines = [
        call("1", Some(200), 100.0),
        call("2", Some(502), 50.0),
        call("3", None, 30.0),
    ];
    let by_route = spent(&[By::Route], &lines, 10);
    assert_eq!((by_route.total.calls, by_route.total.failed_calls), (3, 2));
    assert_eq!(by_route.total.mean_ms(), Some(60.0));
    let by_role = spent(&[By::Role], &lines, 10);
    assert!(
        !by_role.counts_calls && by_role.rows.is_empty(),
        "a call has no role"
    );
}

#[test]
fn the_rest_is_one_row_that_counts() {
    let lines: Vec<Value> = (1..=20).map(|n| attempt(&format!("m{n:02}"), Some(n))).collect();
    let spent = spent(&[By::Model], &lines, 3);
    assert_eq!(names(&spent), ["m20", "m19", "m18"]);
    assert_eq!((spent.other_groups, spent.others.attempts), (Some(17), 17));
    assert_eq!(spent.others.cost_ticks, Ticks::new((1..=17).sum()));
    assert_eq!(spent.total.cost_ticks, Ticks::new((1..=20).sum()));
}

#[test]
fn memory_is_bounded_by_groups_and_nothing_is_lost() {
    let mut spend = Spend::new(vec![By::Model], Period::default());
    spend.most = 5;
    for n in 0..100 {
        spend.add(&line(attempt(&format!("m{n}"), Some(1))));
        spend.add(&line(attempt("m0", Some(1))));
    }
    assert_eq!(spend.groups.len(), 5);
    let spent = spend.finish(1000);
    assert_eq!(spent.other_groups, None, "more than were counted apart");
    assert_eq!((spent.others.attempts, spent.total.attempts), (95, 200));
    assert_eq!(spent.rows[0].sums.attempts, 101);
}

#[test]
fn days_are_in_order_and_others_are_out() {
    let on = |day: &str, cost: i64| {
        with(
            attempt("a", Some(cost)),
            "started",
            json!(format!("{day}T23:59:59Z")),
        )
    };
    let lines = [
        on("2026-11-03", 1),
        on("2026-11-02", 9),
        on("2026-11-01", 5),
        on("2026-10-31", 7),
    ];
    let since = "2026-11-01T00:00:00Z".parse().ok();
    let mut spend = Spend::new(vec![By::Day], Period { since, until: None });
    for value in lines {
        spend.add(&line(value));
    }
    assert_eq!(
        names(&spend.finish(10)),
        ["2026-11-01", "2026-11-02", "2026-11-03"]
    );
}

#[test]
fn numbers_that_lie_do_not_end_the_sum() {
    let huge = json!({"input": u64::MAX, "cache_read": u64::MAX, "output": u64::MAX});
    let lying = with(attempt("a", Some(i64::MAX)), "usage", huge);
    let total = spent(&[By::Model], &[lying.clone(), lying], 10).total;
    assert_eq!(total.tokens.total(), u64::MAX);
    assert_eq!(total.cost_ticks, Ticks::new(i64::MAX));
}

#[test]
fn amounts_are_rounded_for_people_and_never_to_nothing() {
    for (ticks, said) in [
        (0, "$0"),
        (1, "$0.0000000001"),
        (12_345_678, "$0.0012345678"),
        (123_456_789, "$0.0123"),
        (12_345_678_901, "$1.2346"),
        (-12_345_678_901, "-$1.2346"),
        (-1, "-$0.0000000001"),
    ] {
        assert_eq!(dollars(Ticks::new(ticks)), said);
    }
}
