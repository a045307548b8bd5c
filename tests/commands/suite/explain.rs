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
