use serde_json::{Value, json};

use super::*;

fn interval(mean: Option<f64>, lower: f64, upper: f64) -> Value {
    json!({"count": 9, "mean": mean, "lower": lower, "upper": upper})
}

fn row(calls: u64, score: Option<f64>) -> Value {
    json!({
        "calls": calls, "failed": 2, "score": interval(score, 0.0, 1.0), "cost_per_call": 7, "first_content_ms": 400
    })
}

fn arm_report(name: &str, difference: &Value, decision: &Value) -> Value {
    json!({
        "name": name, "provider": "a/openai", "model": "m", "weight": 1, "decision": decision,
        "difference": difference, "failed": interval(Some(0.1), 0.0, 1.0), "all": row(12, Some(0.666_66)),
        "classes": {"code": row(7, None), "chat": row(5, Some(0.5))}
    })
}

fn report(verdict: &Value, decision: &Value) -> Report {
    let difference = interval(Some(0.123_45), -0.000_1, 0.5);
    serde_json::from_value(json!({
        "route": "a/chat", "rule": 1, "experiment": "a/chat/01", "mode": "Split", "promote": "Auto", "confidence": 0.95,
        "verdict": verdict, "winner": null, "judge": null,
        "arms": [arm_report("old", &Value::Null, &Value::Null), arm_report("new", &difference, decision)]
    }))
    .expect("a report")
}

fn undecided() -> Report {
    report(&json!("undecided"), &Value::Null)
}

fn rolled_back() -> Report {
    let decision = json!({"at": "2026-05-01T10:00:00.5Z", "fate": {"rolled_back": "errors"}});
    report(&json!("undecided"), &decision)
}

#[test]
fn a_report_becomes_a_status_without_floats() {
    let said = said(&[rolled_back()], None);
    let score = json!({"mean": "0.667", "lower": "0.000", "upper": "1.000"});
    let classes = json!([
        {"name": "chat", "calls": 5, "failed": 2, "score": {"mean": "0.500", "lower": "0.000", "upper": "1.000"}},
        {"name": "code", "calls": 7, "failed": 2}
    ]);
    let expected = json!([{
        "rule": 1, "id": "a/chat/01", "verdict": "Decided",
        "message": "`new` was rolled back at 2026-05-01T10:00:00Z: its calls fail more often than the control's; `old` \
                    serves all calls",
        "arms": [
            {"name": "old", "calls": 12, "failed": 2, "score": score, "classes": classes},
            {
                "name": "new", "calls": 12, "failed": 2, "score": score, "classes": classes,
                "difference": {"mean": "0.123", "lower": "0.000", "upper": "0.500"},
                "decision": {"at": "2026-05-01T10:00:00Z", "fate": "RolledBackErrors"}
            }
        ]
    }]);
    assert_eq!(serde_json::to_value(&said).expect("serialises"), expected);
}

#[test]
fn what_was_said_stays_until_a_data_plane_tells() {
    let earlier = Status {
        experiments: said(&[undecided()], None),
        ..Status::default()
    };
    assert_eq!(said(&[], Some(&earlier)), earlier.experiments);
    assert_eq!(said(&[], None), []);
    assert_ne!(said(&[rolled_back()], Some(&earlier)), earlier.experiments);
}

#[test]
fn figures_are_told_from_decisions() {
    let of = |report: Report| said(&[report], None);
    let mut more = undecided();
    more.arms[0].all.calls += 1;
    more.verdict = wayleave_core::experiment::Verdict::Ended;
    assert_ne!(of(undecided()), of(more.clone()));
    assert!(differ_in_figures_only(&of(undecided()), &of(more)));
    assert!(!differ_in_figures_only(&of(undecided()), &of(rolled_back())));
    assert!(!differ_in_figures_only(&of(undecided()), &[]));
    let mut another = undecided();
    another.experiment = "a/chat/02".into();
    assert!(!differ_in_figures_only(&of(undecided()), &of(another)));
}

#[test]
fn all_of_it_is_bounded() {
    let mut large = undecided();
    large.experiment = "ü".repeat(MOST_ID + 1).into();
    large.arms = vec![large.arms[1].clone(); MOST_ARMS + 1];
    for arm in &mut large.arms {
        let row = arm.all;
        arm.name = "x".repeat(MOST_MESSAGE).into();
        arm.all.calls = u64::MAX;
        arm.classes = (0..=MOST_CLASSES)
            .map(|class| (format!("{class}{}", "y".repeat(300)).into(), row))
            .collect();
    }
    let said = said(&vec![large; MOST_OF_A_ROUTE + 1], None);
    assert_eq!(said.len(), MOST_OF_A_ROUTE);
    let first = &said[0];
    assert_eq!(first.id.chars().count(), MOST_ID);
    assert!(first.message.len() <= MOST_MESSAGE);
    assert_eq!(first.arms.len(), MOST_ARMS);
    assert_eq!(
        (first.arms[0].name.len(), first.arms[0].calls),
        (MOST_NAME, i64::MAX)
    );
    assert_eq!(first.arms[0].classes.len(), MOST_CLASSES);
    assert_eq!(first.arms[0].classes[0].name.len(), MOST_CLASS_NAME);
}
