//! What a data plane tells its configuration server of experiments.

use wayleave_core::experiment::report::Report;

use crate::config_plane::{DataPlane, TOKEN, experimenting, sim, whole};
use crate::config_server::{FakeServer, Gate, certificate};

/// The arms of each, and their calls.
fn arms(reports: &[Report]) -> Vec<Vec<(&str, u64)>> {
    reports
        .iter()
        .map(|report| {
            report
                .arms
                .iter()
                .map(|arm| (&*arm.name, arm.all.calls))
                .collect()
        })
        .collect()
}

#[tokio::test]
async fn experiments_are_told_on_each_stream_and_after_each_configuration() {
    let (sim, certificate) = (sim(), certificate());
    let mut server = FakeServer::start(&certificate, Gate::Token(TOKEN)).await;
    let data_plane = DataPlane::start(&[server.url()], &certificate).await;

    let mut stream = server.stream().await;
    let mut all = whole(&sim);
    all.retain(|entry| !entry.name.starts_with("route/"));
    all.push(experimenting(&sim, "2", |_| {}));
    stream.complete(all, &[]).await;
    let told = stream.experiments().await;
    assert_eq!(arms(&told), [[("old", 0), ("new", 0)]]);
    assert_eq!(told[0].route, "team/all");

    // As they have changed; what has not is not told again.
    data_plane.serves().await;
    let calls = |told: &[Report]| told[0].arms.iter().map(|arm| arm.all.calls).sum::<u64>();
    assert_eq!(calls(&stream.experiments().await), 1);
    drop(stream);

    let mut stream = server.stream().await;
    stream.complete(vec![], &[]).await;
    assert_eq!(calls(&stream.experiments().await), 1);
    let renamed = experimenting(&sim, "3", |experiment| {
        experiment.terms.arms[1].name = "newer".into();
    });
    stream.complete(vec![renamed], &[]).await;
    assert_eq!(arms(&stream.experiments().await), [[("old", 0), ("newer", 0)]]);
}
