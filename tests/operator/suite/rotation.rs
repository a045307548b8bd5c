//! A credential that changes reaches the data planes without a restart.

use wayleave_tests::{Cluster, Site, until};

use super::support::{SOON, served, sim};

fn secret(value: &str) -> String {
    format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: openai}}\nstringData: {{key0: {value}}}\n")
}

#[tokio::test]
async fn a_rotated_credential_is_used() {
    let sim = sim();
    let site = Site::new(Cluster::shared().await).await;
    let manifests = site
        .manifests()
        .openai("openai", &sim)
        .to("chat", "openai", "upstream");
    site.apply(&manifests).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    site.ready("llmroute", "chat", 1).await;

    let (old, new) = (
        manifests.credentials("openai")[0].clone(),
        site.secrets.mint("new"),
    );
    // The provider knows the new one only.
    sim.key(&old, "status=401").expect("a behaviour");
    site.apply_yaml(&secret(&new)).await;
    until("the new credential is used", SOON, async || {
        served(plane.client(), "chat").await.ok()
    })
    .await;
    let object = site.ready("providerkey", "openai", 1).await;
    assert_eq!(
        object.0["metadata"]["generation"], 1,
        "the object itself has not changed"
    );
    site.secrets.scan("an object", &object.0.to_string());
    plane.daemon.finish().await;
    operator.daemon.finish().await;
}
