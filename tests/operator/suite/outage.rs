//! The API server goes away: no call fails, and afterwards everything converges.

use std::time::Duration;

use wayleave_tests::Cluster;
use wayleave_tests::manifests::{one_target, route};

use super::support::{Load, serves, sim, site};

/// Longer than a lease, so that the leader has to step down.
const AWAY: Duration = Duration::from_secs(8);

#[tokio::test]
async fn calls_go_on_while_the_api_server_is_away() {
    let sim = sim();
    let mut cluster = Cluster::start().await;
    let (config, load, plane, operator, team);
    {
        let site = site(&cluster, &sim).await;
        operator = site.operator().await;
        plane = site.plane(&[&operator]).await;
        site.ready("llmroute", "chat", 1).await;
        load = Load::start(&plane, "chat");
        (config, team) = (site.kubeconfig.clone(), site.team.clone());
    }
    cluster.stop_api_server();
    tokio::time::sleep(away()).await;
    assert_eq!(plane.daemon.page("/readyz").await.0, 200);
    cluster.start_api_server().await;
    let arguments = [
        "apply",
        "--server-side",
        "--force-conflicts",
        "--namespace",
        &team,
        "--filename=-",
    ];
    let edit = route("chat", &one_target("openai", "other"));
    cluster.kubectl_stdin(&arguments, &edit).await;
    serves(&plane, "chat", "other").await;
    load.end().await;
    assert!(config.exists());
    plane.daemon.finish().await;
    operator.daemon.finish().await;
}

/// How long the API server is away: `WAYLEAVE_OUTAGE_SECONDS`, else long enough for a lease to run out.
fn away() -> Duration {
    let seconds = std::env::var("WAYLEAVE_OUTAGE_SECONDS").ok();
    let seconds = seconds.and_then(|text| text.parse().ok());
    seconds.map_or(AWAY, Duration::from_secs)
}
