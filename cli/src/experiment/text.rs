//! Experiments for people.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use wayleave_core::books::spend::dollars;
use wayleave_core::evidence::Interval;
use wayleave_core::experiment::report::{ArmReport, ClassReport, JudgeReport, Report};
use wayleave_core::judge::judgements::Judged;
use wayleave_core::snapshot::experiment::{JudgeMode, Mode};

use crate::table::Table;

/// What an arm is.
const ARM: [&str; 4] = ["ARM", "PROVIDER KEY", "MODEL", "WEIGHT"];
/// What it came to in all.
const ALL: [&str; 6] = [
    "CALLS",
    "FAILED",
    "SCORE",
    "DIFFERENCE",
    "COST PER CALL",
    "FIRST CONTENT",
];
/// And in a class.
const CLASS: [&str; 6] = [
    "ARM",
    "CALLS",
    "FAILED",
    "SCORE",
    "COST PER CALL",
    "FIRST CONTENT",
];
/// Of all words that stand before a line.
const WIDTH: usize = 7;

pub(super) fn render(reports: &[Report]) -> String {
    let texts: Vec<String> = reports.iter().map(render_one).collect();
    texts.join("\n")
}

fn render_one(report: &Report) -> String {
    let serves = match report.mode {
        Mode::Split => "each call is served by one arm",
        Mode::Shadow => "the first arm serves all calls, the others answer behind the client's back",
    };
    let mut text = String::new();
    let mut line = |word: &str, what: &str| {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{word:<WIDTH$}  {what}");
    };
    line(
        "route",
        &format!("{}, rule {}: {serves}", report.route, report.rule + 1),
    );
    line("verdict", &report.sentence());
    if let Some(judge) = &report.judge {
        line("judge", &judged_by(judge));
    }
    text.push('\n');
    text.push_str(&arms(&report.arms));
    let classes: BTreeSet<_> = report.arms.iter().flat_map(|arm| arm.classes.keys()).collect();
    for class in classes {
        let _ = write!(text, "\n  class {class}\n{}", of_class(&report.arms, class));
    }
    text
}

fn arms(arms: &[ArmReport]) -> String {
    let headings: Vec<&'static str> = ARM.into_iter().chain(ALL).collect();
    let mut table = Table::new(&headings).right(&[3, 4, 5, 8, 9]);
    for arm in arms {
        let [calls, failed, score, cost, wait] = figures(&arm.all);
        let difference = arm.difference.map_or_else(|| "control".to_owned(), shown);
        table.row([
            arm.name.to_string(),
            arm.provider.clone(),
            arm.model.clone(),
            arm.weight.to_string(),
            calls,
            failed,
            score,
            difference,
            cost,
            wait,
        ]);
    }
    table.render("  ")
}

fn of_class(arms: &[ArmReport], class: &str) -> String {
    let mut table = Table::new(&CLASS).right(&[1, 2, 4, 5]);
    for arm in arms {
        if let Some(row) = arm.classes.get(class) {
            table.row([arm.name.to_string()].into_iter().chain(figures(row)));
        }
    }
    table.render("  ")
}

fn figures(row: &ClassReport) -> [String; 5] {
    let wait = row.first_content_ms;
    [
        row.calls.to_string(),
        row.failed.to_string(),
        shown(row.score),
        row.cost_per_call.map_or_else(|| "unknown".to_owned(), dollars),
        wait.map_or_else(|| "unknown".to_owned(), |ms| format!("{ms} ms")),
    ]
}

/// A mean with its bounds.
fn shown(interval: Interval) -> String {
    let Some(mean) = interval.mean else {
        return "unknown".to_owned();
    };
    // No sign of a zero.
    let [mean, lower, upper] =
        [mean, interval.lower, interval.upper].map(|value| (value * 1e3).round() / 1e3 + 0.0);
    format!("{mean:.3} [{lower:.3}..{upper:.3}]")
}

fn judged_by(judge: &JudgeReport) -> String {
    let asked = match judge.mode {
        JudgeMode::Pointwise => "each answer by itself",
        JudgeMode::Pairwise => "each answer beside the control's",
    };
    let mut text = format!(
        "{} of {}, {asked}; {} of {} spent today",
        judge.model,
        judge.provider,
        dollars(judge.spent_today),
        dollars(judge.most_per_day)
    );
    let counted = judge.judgements.iter().filter(|(_, count)| **count > 0);
    let counted: Vec<String> = counted
        .map(|(judged, count)| format!("{count} {}", became(*judged)))
        .collect();
    if counted.is_empty() {
        text.push_str("; nothing judged so far");
    } else {
        let _ = write!(text, "; judgements: {}", counted.join(", "));
    }
    text
}

const fn became(judged: Judged) -> &'static str {
    match judged {
        Judged::Scored => "scored",
        Judged::Tie => "tied",
        Judged::Unusable => "unusable",
        Judged::Failed => "failed",
        Judged::OverBudget => "over budget",
        Judged::Dropped => "dropped",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn interval(mean: Option<f64>, lower: f64, upper: f64) -> serde_json::Value {
        json!({"count": 12, "mean": mean, "lower": lower, "upper": upper})
    }

    fn class(calls: u64, score: f64) -> serde_json::Value {
        json!({
            "calls": calls, "failed": 1, "score": interval(Some(score), score - 0.1, score + 0.1),
            "cost_per_call": 25_000_000, "first_content_ms": 412
        })
    }

    fn reports() -> Vec<Report> {
        let nothing = json!({
            "calls": 0, "failed": 0, "score": interval(None, 0.0, 1.0), "cost_per_call": null, "first_content_ms": null
        });
        serde_json::from_value(json!([{
            "route": "default/chat", "rule": 0, "experiment": "default/chat/0123", "mode": "Split", "promote": "Manual",
            "confidence": 0.95, "verdict": {"promote": "new"}, "winner": null,
            "arms": [
                {"name": "old", "provider": "default/openai", "model": "gpt-4o", "weight": 9, "decision": null,
                 "difference": null, "failed": interval(Some(0.0), 0.0, 0.1), "all": class(120, 0.7),
                 "classes": {"code": class(70, 0.6), "chat": class(50, 0.8)}},
                {"name": "new", "provider": "default/openai", "model": "gpt-5", "weight": 1, "decision": null,
                 "difference": interval(Some(0.1), -0.0001, 0.2), "failed": interval(Some(0.0), 0.0, 0.1),
                 "all": nothing, "classes": {"code": nothing}}
            ],
            "judge": {
                "provider": "judges/openai", "model": "o3", "mode": "Pointwise", "spent_today": 1_200_000_000,
                "most_per_day": 50_000_000_000_i64,
                "judgements": {"scored": 20, "over_budget": 1, "dropped": 0}
            }
        }]))
        .unwrap()
    }

    #[test]
    fn all_is_shown() {
        let text = render(&reports());
        let expected = "\
route    default/chat, rule 1: each call is served by one arm
verdict  `new` is better than `old`: promote it
judge    o3 of judges/openai, each answer by itself; $0.12 of $5 spent today; judgements: 20 scored, 1 over budget

  ARM  PROVIDER KEY    MODEL   WEIGHT  CALLS  FAILED  SCORE                 DIFFERENCE            COST PER CALL  FIRST CONTENT
  old  default/openai  gpt-4o       9    120       1  0.700 [0.600..0.800]  control                     $0.0025         412 ms
  new  default/openai  gpt-5        1      0       0  unknown               0.100 [0.000..0.200]        unknown        unknown

  class chat
  ARM  CALLS  FAILED  SCORE                 COST PER CALL  FIRST CONTENT
  old     50       1  0.800 [0.700..0.900]        $0.0025         412 ms

  class code
  ARM  CALLS  FAILED  SCORE                 COST PER CALL  FIRST CONTENT
  old     70       1  0.600 [0.500..0.700]        $0.0025         412 ms
  new      0       0  unknown                     unknown        unknown
";
        assert_eq!(text, expected, "{text}");
    }

    #[test]
    fn without_a_judge_nothing_is_said_of_one() {
        let mut reports = reports();
        reports[0].judge = None;
        assert!(!render(&reports).contains("judge"));
        reports.push(reports[0].clone());
        assert_eq!(render(&reports).matches("route  ").count(), 2);
    }
}
