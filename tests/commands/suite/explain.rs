//! `wayleave explain`.

use super::folder::{GOOD, folder, run};

#[test]
fn the_first_rule_that_matches_is_told_with_its_plan() {
    let folder = folder(GOOD);
    let (status, told) = run(
        "explain",
        folder.path(),
        &["--model", "chat", "--header", "x-tier=free"],
    );
    assert_eq!(status, Some(0));
    assert!(
        told.contains("default/chat") && told.contains("small") && !told.contains("large"),
        "{told}"
    );
    let (status, told) = run("explain", folder.path(), &["--model", "chat"]);
    assert_eq!(status, Some(0));
    assert!(
        told.contains("x-tier") && told.contains("large") && !told.contains("small"),
        "{told}"
    );
}

#[test]
fn a_body_is_read_for_its_model() {
    let folder = folder(GOOD);
    let body = folder.path().join("request.txt");
    std::fs::write(
        &body,
        "{\"model\": \"chat\", \"messages\": [{\"role\": \"user\", \"content\": \"x\"}]}",
    )
    .unwrap();
    let (status, told) = run("explain", folder.path(), &["--body", body.to_str().unwrap()]);
    assert_eq!(status, Some(0));
    assert!(told.contains("default/chat") && told.contains("large"), "{told}");
}

#[test]
fn a_model_that_nobody_serves_is_told() {
    let (status, told) = run("explain", folder(GOOD).path(), &["--model", "nowhere"]);
    assert_eq!(status, Some(1));
    assert!(told.contains("nowhere"), "{told}");
}

/// Three rules, one for each way to find a class.
const CLASSES: &str = "\
apiVersion: wayleave.dev/v1alpha1
kind: ProviderKey
metadata: {name: p}
spec:
  provider: Custom
  format: OpenAIChat
  endpoint: \"http://127.0.0.1:1/v1\"
  prices: [{model: \"*\", inputPerMillion: \"100\", outputPerMillion: \"100\"}]
---
apiVersion: wayleave.dev/v1alpha1
kind: LLMRoute
metadata: {name: chat}
spec:
  models: [chat]
  rules:
  - when: request.headers[\"x-by\"] == \"embedding\"
    tasks:
      classifier: Embedding
      embedding: {providerKey: p, model: vectors}
      classes: [{name: code, examples: [Why does this loop never end?]}, {name: talk, examples: [Hi]}]
    steps: [{targets: [{providerKey: p, model: m}]}]
  - when: request.headers[\"x-by\"] == \"model\"
    tasks:
      classifier: Model
      model: {providerKey: p, model: small}
      timeout: 2s
      classes: [{name: code}, {name: talk}]
      fallback: code
    steps: [{targets: [{providerKey: p, model: m}]}]
  - tasks: {classes: [{name: code, when: request.code}, {name: talk}]}
    steps: [{targets: [{providerKey: p, model: m}]}]
";

#[test]
fn the_class_of_a_request_is_told_or_who_would_be_asked() {
    let folder = folder(CLASSES);
    let body = folder.path().join("request.txt");
    let words = "fix it\\n```\\nlet a = 1;\\n```";
    let text =
        format!("{{\"model\": \"chat\", \"messages\": [{{\"role\": \"user\", \"content\": \"{words}\"}}]}}");
    std::fs::write(&body, text).unwrap();
    let body = body.to_str().unwrap();
    let explain = |further: &[&str]| {
        let (status, told) = run("explain", folder.path(), &[&["--body", body], further].concat());
        assert_eq!(status, Some(0));
        told
    };
    assert!(explain(&[]).contains("task   code   (by its conditions"));
    let told = explain(&["--header", "x-by=embedding"]);
    assert!(
        told.contains("default/p/vectors")
            && told.contains("about $0.00")
            && told.contains("300ms; then it is talk"),
        "{told}"
    );
    let told = explain(&["--header", "x-by=model"]);
    assert!(
        told.contains("default/p/small")
            && told.contains("about $0.0")
            && told.contains("2s; then it is code"),
        "{told}"
    );
    let told = explain(&["--output", "json"]);
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    assert_eq!(told["task"]["found"]["class"], "code");
    assert_eq!(told["task"]["found"]["by"], "rules");
}
