//! What a data plane tells of its experiments to where its configuration comes from.
//!
//! All reports of a data plane travel together, as notices do: a JSON list in the details of a request that answers no
//! message. Whoever does not know them passes them over, and so does a reader with a report that it cannot read.

use super::report::Report;

/// The type of the list.
pub const TYPE_URL: &str = "type.wayleave.dev/wayleave.config.v1.Experiments";
/// The most experiments that are told and heard: with all that is bounded of each, some megabytes.
pub const MOST: usize = 500;
/// The most of one route.
pub const MOST_OF_A_ROUTE: usize = 8;
/// The most classes of each, the first by name.
pub const MOST_CLASSES: usize = 8;

/// What is told of these.
pub fn bounded(mut reports: Vec<Report>) -> Vec<Report> {
    let mut of_a_route = 0;
    let mut before: Option<String> = None;
    // All of a route stand together.
    reports.retain(|report| {
        if before.as_ref() != Some(&report.route) {
            before = Some(report.route.clone());
            of_a_route = 0;
        }
        of_a_route += 1;
        of_a_route <= MOST_OF_A_ROUTE
    });
    reports.truncate(MOST);
    for arm in reports.iter_mut().flat_map(|report| &mut report.arms) {
        while arm.classes.len() > MOST_CLASSES {
            arm.classes.pop_last();
        }
    }
    reports
}

/// As bytes.
///
/// # Errors
/// None that can be provoked: names are texts.
pub fn encode(reports: &[Report]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(reports)
}

/// Reads them. What cannot be read is passed over.
///
/// # Errors
/// When it is no list.
pub fn decode(bytes: &[u8]) -> serde_json::Result<Vec<Report>> {
    let told: Vec<serde_json::Value> = serde_json::from_slice(bytes)?;
    let read = told
        .into_iter()
        .filter_map(|told| serde_json::from_value(told).ok());
    Ok(bounded(read.collect()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn report(route: &str, rule: usize, classes: usize) -> Value {
        let interval = json!({"count": 0, "mean": null, "lower": 0.0, "upper": 1.0});
        let class =
            json!({"calls": 3, "failed": 0, "score": interval, "cost_per_call": 7, "first_content_ms": null});
        let classes: Value = (0..classes)
            .map(|class| (format!("c{class:02}"), json!(null)))
            .collect::<serde_json::Map<_, _>>()
            .into();
        let mut arm = json!({
            "name": "old", "provider": "a/openai", "model": "m", "weight": 1, "decision": null, "difference": null,
            "failed": interval, "all": class, "classes": classes
        });
        for row in arm["classes"].as_object_mut().expect("an object").values_mut() {
            *row = class.clone();
        }
        json!({
            "route": route, "rule": rule, "experiment": "a/chat/01", "mode": "Split", "promote": "Manual",
            "confidence": 0.95, "verdict": "undecided", "winner": null, "arms": [arm], "judge": null
        })
    }

    fn heard(told: &Value) -> Vec<Report> {
        decode(told.to_string().as_bytes()).expect("a list")
    }

    #[test]
    fn what_is_told_is_heard() {
        let told = heard(&json!([report("a/chat", 0, 2), report("a/chat", 1, 0)]));
        assert_eq!(told.len(), 2);
        assert_eq!(decode(&encode(&told).expect("bytes")).expect("a list"), told);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        let mut newer = report("a/chat", 0, 0);
        newer["verdict"] = json!("perhaps");
        let mut more = report("a/talk", 0, 0);
        more["since"] = json!(7);
        let told = heard(&json!([newer, more, 7]));
        assert_eq!(
            told.iter().map(|report| &*report.route).collect::<Vec<_>>(),
            ["a/talk"]
        );
        for nonsense in [b"".as_slice(), b"{}", b"7"] {
            assert!(decode(nonsense).is_err());
        }
    }

    #[test]
    fn all_of_it_is_bounded() {
        let rules = (0..=MOST_OF_A_ROUTE).map(|rule| report("a/chat", rule, MOST_CLASSES + 1));
        let told = heard(&rules.chain([report("a/talk", 0, 0)]).collect());
        assert_eq!(told.len(), MOST_OF_A_ROUTE + 1);
        assert_eq!(told[MOST_OF_A_ROUTE].route, "a/talk");
        assert_eq!(told[0].arms[0].classes.len(), MOST_CLASSES);
        assert!(told[0].arms[0].classes.contains_key("c00"));
        let routes = (0..=MOST).map(|route| report(&format!("a/{route}"), 0, 0));
        assert_eq!(heard(&routes.collect()).len(), MOST);
    }
}
