//! The demo, without Envoy: every call does what its scene says. With Envoy it is `make demo`.

use std::process::Command;

use serde_json::Value;

#[test]
fn every_call_does_what_its_scene_says() {
    let mut wayleave = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    let output = wayleave
        .args(["demo", "--no-envoy", "--output", "json"])
        .output()
        .unwrap();
    let progress = String::from_utf8_lossy(&output.stderr);
    let report: Value = serde_json::from_slice(&output.stdout).expect("a report");
    assert_eq!(report["ok"], true, "{report:#}\n{progress}");
    assert!(output.status.success(), "{progress}");
    let calls = report["scenes"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|scene| scene["calls"].as_array().unwrap());
    let asked: Vec<&str> = calls.map(|call| call["scene"].as_str().unwrap()).collect();
    for scene in [
        "chat",
        "split",
        "cheapest",
        "too-dear",
        "best-prose",
        "best-code",
        "experiment",
        "fallback",
        "race-staggered",
        "race-together",
        "cached",
        "cached-at-once",
        "nobody",
        "unpriced",
    ] {
        let times = asked.iter().filter(|asked| **asked == scene).count();
        assert!(times >= 4, "{scene}: {times}");
    }
}
