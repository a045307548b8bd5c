//! What a data plane does not take shows on the object, with the data plane's reason.

use wayleave_tests::Cluster;

use super::support::{serves, sim, site};

/// PEM by its looks, but no certificate: only who sets up TLS with it can tell.
const NO_CERTIFICATE: &str = "-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----\\n";

#[tokio::test]
async fn a_rejection_is_told_by_the_status_and_heals() {
    let sim = sim();
    let site = site(Cluster::shared().await, &sim).await;
    let operator = site.operator().await;
    let plane = site.plane(&[&operator]).await;
    site.ready("providerkey", "openai", 1).await;
    let with_ca = |ca: &str| {
        format!(
            "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: openai}}\nspec:\n  provider: Custom\n  \
             format: OpenAIChat\n  endpoint: {}/v1\n  secretRefs: [{{name: openai, key: key0}}]\n  {ca}\n",
            sim.base_url()
        )
    };
    site.apply_yaml(&with_ca(&format!("ca: {{pem: \"{NO_CERTIFICATE}\"}}")))
        .await;
    let object = site
        .says("providerkey", "openai", "Programmed", "False", "Rejected")
        .await;
    let message = object.message("Programmed");
    assert!(
        message.contains("does not take it") && message.contains("plane-"),
        "{message}"
    );
    assert_eq!(object.condition("Accepted"), Some(("True", "Accepted")));
    assert_eq!(object.condition("Ready"), Some(("False", "Rejected")));
    // The last good version stays in force there.
    serves(&plane, "chat", "upstream").await;
    site.apply_yaml(&with_ca("")).await;
    site.ready("providerkey", "openai", 1).await;
}
