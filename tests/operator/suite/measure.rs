//! How long an edit takes from `kubectl apply` to the first call that it serves. Not a test: `make bench-cluster` runs it.

use std::time::Duration;

use tokio::time::Instant;
use wayleave_tests::Cluster;
use wayleave_tests::manifests::{one_target, route};

use super::support::{served, serves, sim, site};

const EDITS: usize = 100;

#[tokio::test]
#[ignore = "a measurement: `make bench-cluster` runs it"]
async fn from_apply_to_served() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    serves(&plane, "chat", "upstream").await;
    let mut times = Vec::with_capacity(EDITS);
    for edit in 0..EDITS {
        let model = format!("edit{edit}");
        let edited = route("chat", &one_target("openai", &model));
        let apply = site.apply_yaml(&edited);
        let client = plane.client();
        // From when kubectl has said that it is applied.
        apply.await;
        let began = Instant::now();
        while served(client, "chat").await.as_deref() != Ok(model.as_str()) {
            assert!(began.elapsed() < Duration::from_secs(60), "{model} is not served");
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        times.push(began.elapsed());
    }
    times.sort();
    let at = |share: usize| times[(EDITS * share).div_ceil(100) - 1];
    eprintln!(
        "from applied to served over {EDITS} edits: p50 {:?}, p99 {:?}, most {:?}",
        at(50),
        at(99),
        at(100)
    );
}
