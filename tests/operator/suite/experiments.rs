//! What data planes know of a route's experiments stands in its status, and moves no condition.

use serde_json::{Value, json};
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Cluster, Site, until};

use super::support::{SOON, served, serves, sim, site};

/// A call in so many is a reason to look whether the experiment is over.
const CALLS: i64 = 64;

fn experimenting() -> String {
    let arm = |name: &str| format!("{{name: {name}, providerKey: openai, model: upstream-{name}}}");
    let steps = one_target("openai", "upstream");
    let arms = format!("{}, {}", arm("old"), arm("new"));
    route(
        "trial",
        &format!("{steps}\nexperiment: {{arms: [{arms}], stopWhen: {{maxCalls: 10}}, promote: Auto}}"),
    )
}

/// Waits until the status says this of the experiments, and gives the object's `Ready` with it.
async fn says(site: &Site<'_>, what: &str, wanted: impl Fn(&Value) -> bool) -> (Value, String) {
    until(&format!("the status says {what}"), SOON, async || {
        let object = site.get("llmroute", "trial").await;
        let since = object.since("Ready").to_owned();
        let experiments = object.0["status"]["experiments"].clone();
        wanted(&experiments).then_some((experiments, since))
    })
    .await
}

#[tokio::test]
async fn an_experiment_s_course_stands_in_the_status() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    site.apply_yaml(&experimenting()).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    let ready = site.ready("llmroute", "trial", 1).await;
    let (first, _) = says(&site, "that it runs", |experiments| experiments[0]["rule"] == 0).await;
    assert_eq!(first[0]["verdict"], "Undecided", "{first}");
    assert_eq!(
        first[0]["message"],
        "undecided: no answers have been compared so far"
    );
    assert_eq!(first[0]["arms"][1]["name"], "new", "{first}");

    for _ in 0..CALLS {
        let by = served(plane.client(), "trial").await.expect("is served");
        assert!(["upstream-old", "upstream-new"].contains(&&*by), "{by}");
    }
    let (last, since) = says(&site, "how it ended", |experiments| {
        experiments[0]["verdict"] == "Decided"
    })
    .await;
    let arms = last[0]["arms"].as_array().expect("arms");
    let calls: i64 = arms.iter().filter_map(|arm| arm["calls"].as_i64()).sum();
    assert_eq!(calls, CALLS, "{last}");
    assert_eq!(arms[0]["decision"]["fate"], "Stays", "{last}");
    let at = arms[0]["decision"]["at"].as_str().expect("a time");
    let said = format!("ended at {at} without a winner: `old` serves all calls");
    assert_eq!(last[0]["message"], json!(said));
    assert_eq!(since, ready.since("Ready"), "no condition has moved");
    serves(&plane, "trial", "upstream-old").await;

    site.apply_yaml(&route("trial", &one_target("openai", "upstream")))
        .await;
    let gone = says(&site, "nothing any more", Value::is_null).await;
    assert_eq!(gone.0, Value::Null);
    plane.daemon.finish().await;
    operator.daemon.finish().await;
}
