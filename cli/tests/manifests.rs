//! `check` and `explain` on good and on broken folders.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const KEY: &str = "apiVersion: wayleave.dev/v1alpha1
kind: ProviderKey
metadata: {name: local}
spec:
  provider: Custom
  format: OpenAIChat
  endpoint: http://127.0.0.1:1/v1
  prices: [{model: \"m*\", inputPerMillion: \"0.05\", outputPerMillion: \"0.08\"}]
";
const ROUTE: &str = "apiVersion: wayleave.dev/v1alpha1
kind: LLMRoute
metadata: {name: chat}
spec:
  models: [chat]
  rules:
  - when: request.headers[\"x-tier\"] == \"free\"
    steps:
    - targets: [{providerKey: local, model: m-free}]
  - steps:
    - race:
        targets: [{providerKey: local, model: m-1}, {providerKey: local, model: other}]
        stagger: 300ms
    - targets: [{providerKey: local, model: m-2, weight: 9}, {providerKey: local, model: m-3, weight: 1}]
";

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../examples")
        .join(name)
}

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn wayleave(command: &str, folder: &Path, words: &[&str]) -> Output {
    let mut wayleave = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    wayleave
        .arg(command)
        .arg("-f")
        .arg(folder)
        .args(words)
        .env_clear()
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn every_example_is_in_order_without_credentials_at_hand() {
    let examples: Vec<PathBuf> = fs::read_dir(example(""))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    assert!(examples.len() >= 2, "{examples:?}");
    for example in examples {
        let output = wayleave("check", &example, &[]);
        assert_eq!(
            output.status.code(),
            Some(0),
            "{}: {}",
            example.display(),
            stdout(&output)
        );
    }
}

#[test]
fn a_broken_object_is_named_with_file_line_and_field() {
    let broken = ROUTE.replace("stagger: 300ms", "stagger: soon");
    let folder = folder(&[("key.yaml", KEY), ("route.yaml", &broken)]);
    let output = wayleave("check", folder.path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    let text = stdout(&output);
    let place = format!(
        "{}:13: LLMRoute default/chat: ",
        folder.path().join("route.yaml").display()
    );
    assert!(text.contains(&place) && text.contains("stagger"), "{text}");
    assert!(
        text.contains("ok       ") && text.contains("ProviderKey default/local"),
        "the other is in order: {text}"
    );
}

#[test]
fn machines_get_json() {
    let folder = folder(&[
        ("key.yaml", KEY),
        (
            "route.yaml",
            &ROUTE.replace("providerKey: local", "providerKey: lokal"),
        ),
    ]);
    let output = wayleave("check", folder.path(), &["--output", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let severities: Vec<&str> = report["objects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|object| object["severity"].as_str().unwrap())
        .collect();
    assert_eq!(severities, ["ok", "broken"], "{report}");
}

#[test]
fn a_variable_that_is_not_set_is_noted_or_refused() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {key: \"${SOME_KEY}\"}\n";
    let key = KEY.replace("  provider", "  secretRefs: [{name: s, key: key}]\n  provider");
    let folder = folder(&[("key.yaml", &key), ("secret.yaml", secret)]);
    let output = wayleave("check", folder.path(), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert_eq!(
        stderr(&output),
        "note: not set here, and taken as given: SOME_KEY\n"
    );
    let output = wayleave("check", folder.path(), &["--require-env"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).contains("the environment variable SOME_KEY is not set"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_folder_that_is_missing_or_empty_is_told() {
    let output = wayleave("check", Path::new("/nowhere"), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).starts_with("error: cannot read the folder /nowhere (-f DIR)"),
        "{}",
        stderr(&output)
    );
    let output = wayleave("check", folder(&[("README.md", "")]).path(), &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("there is no manifest in"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_plan_is_explained() {
    let folder = folder(&[("key.yaml", KEY), ("route.yaml", ROUTE)]);
    let output = wayleave("explain", folder.path(), &["--model", "chat"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    for part in [
        "route  default/chat",
        r#"when request.headers["x-tier"] == "free""#,
        "does not match",
        "matches, and serves",
        "a race, each 300ms after the one before",
        "http://127.0.0.1:1/v1/chat/completions",
        "0.05 / 0.08",
        "unpriced",
        "if that fails, one target, picked by weight",
        "90 %",
        "next target after  RateLimited",
        "connect 2s, first content 15s, idle 30s, total 10m",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
}

#[test]
fn headers_path_and_body_count() {
    let folder = folder(&[("key.yaml", KEY), ("route.yaml", ROUTE)]);
    let served = |words: &[&str]| -> Vec<bool> {
        let output = wayleave("explain", folder.path(), &[words, &["--output", "json"]].concat());
        let explained: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(&output)));
        explained["rules"]
            .as_array()
            .unwrap()
            .iter()
            .map(|rule| rule["serves"] == true)
            .collect()
    };
    assert_eq!(
        served(&["--model", "chat", "--header", "X-Tier=free"]),
        [true, false]
    );
    let body = folder.path().join("request");
    fs::write(
        &body,
        r#"{"model": "chat", "max_tokens": 9, "messages": [{"role": "user", "content": "x"}]}"#,
    )
    .unwrap();
    let body = body.to_str().unwrap();
    assert_eq!(served(&["--path", "/v1/messages", "--body", body]), [false, true]);
}

#[test]
fn a_request_that_would_be_refused_is_told() {
    let folder = folder(&[("key.yaml", KEY), ("route.yaml", ROUTE)]);
    let output = wayleave("explain", folder.path(), &["--model", "chatt"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout(&output).starts_with("refused with 404: "),
        "{}",
        stdout(&output)
    );
    let output = wayleave(
        "explain",
        folder.path(),
        &["--model", "x", "--path", "/v2/chat", "--output", "json"],
    );
    let refused: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(refused["refused"]["code"], "unknown_path");
}

const JUDGED: &str = "apiVersion: wayleave.dev/v1alpha1
kind: LLMRoute
metadata: {name: chat}
spec:
  models: [chat]
  rules:
  - when: request.headers[\"x-tier\"] == \"free\"
    steps:
    - pick: Best
      minScore: \"0.8\"
      judge: {providerKey: local, model: j, maxCostPerDay: \"5\", sample: \"2.5\"}
      targets: [{providerKey: local, model: m-1}, {providerKey: local, model: other}]
    - pick: Best
      minScore: \"0.75\"
      optimise: Latency
      explore: \"0\"
      targets: [{providerKey: local, model: m-2}, {providerKey: local, model: other}]
  - when: request.headers[\"x-tier\"] == \"shadow\"
    experiment:
      arms: [{name: old, providerKey: local, model: m-1}, {name: new, providerKey: local, model: other}]
      mode: Shadow
      judge: {providerKey: local, model: j, maxCostPerDay: \"0.5\"}
    steps: [{targets: [{providerKey: local, model: m-3}]}]
  - experiment:
      arms: [{name: old, weight: 9, providerKey: local, model: m-1}, {name: new, providerKey: local, model: other}]
      stickyBy: {metadata: user}
      judge: {providerKey: local, model: j, maxCostPerDay: \"5\", mode: Pairwise}
    steps: [{targets: [{providerKey: local, model: m-3}]}]
";

#[test]
fn judges_and_experiments_are_explained() {
    let folder = folder(&[("key.yaml", KEY), ("route.yaml", JUDGED)]);
    let cases: [(&[&str], &[&str]); 3] = [
        (
            &["--header", "x-tier=free"],
            &[
                "1  the cheapest of those whose answers score 0.8 or more with 95 % confidence, in this order until there is \
                 one; 20 % of the calls go to those of which that is not known; the others stand in for it\n     scored by j \
                 of default/local: 2.5 % of the answers, for $5 a day at most\n",
                "2  if that fails, the fastest of those whose answers score 0.75 or more with 95 % confidence, in this order \
                 until there is one; the others stand in for it\n     scored by the feedback of clients\n",
            ],
        ),
        (
            &["--header", "x-tier=shadow"],
            &[
                "0  an experiment: the first arm; the others answer what is judged, behind the client's back; when it is \
                 decided, the winner\n     scored by j of default/local: 10 % of the answers, for $0.5 a day at most\n",
                "     old   100 %  default/local  m-1",
                "     new  behind  default/local  other",
                "1  if that fails, one target",
            ],
        ),
        (
            &[],
            &[
                "0  an experiment: one arm, drawn by weight, the same for equal values of the metadata user; when it is \
                 decided, the winner\n     scored by j of default/local: 10 % of the answers, each beside the control's, for \
                 $5 a day at most\n",
                "     old    90 %  default/local  m-1",
                "     new    10 %  default/local  other",
            ],
        ),
    ];
    for (words, parts) in cases {
        let output = wayleave("explain", folder.path(), &[&["--model", "chat"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        for part in parts {
            assert!(text.contains(part), "`{part}` is missing in\n{text}");
        }
    }
}

#[test]
fn the_cache_is_explained() {
    const POLICY: &str = "apiVersion: wayleave.dev/v1alpha1
kind: CachePolicy
metadata: {name: kept}
spec:
  targetRefs: [{kind: LLMRoute, name: chat}]
  ttl: 1h
  semantic:
    threshold: \"0.9\"
    embedding: {providerKey: local, model: m-vectors}
";
    let folder = folder(&[("key.yaml", KEY), ("route.yaml", ROUTE), ("cache.yaml", POLICY)]);
    let told = |words: &[&str]| {
        let output = wayleave("explain", folder.path(), &[&["--model", "chat"], words].concat());
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    let known = "authorization=Bearer sk-of-a-client";
    let text = told(&["--header", known]);
    for part in [
        "cache  default/kept",
        "similar ones from 0.9 on, by m-vectors of default/local",
        "for                60m",
        "all who have the same credential",
        "is looked up, its answer may be kept, under default/chat/",
    ] {
        assert!(text.contains(part), "`{part}` is missing in\n{text}");
    }
    assert!(!text.contains("sk-of-a-client"), "{text}");
    assert!(told(&[]).contains("it does not say whose it is"));
    let no_store = told(&["--header", known, "--header", "cache-control=no-store"]);
    assert!(
        no_store.contains("is looked up, its answer is not kept"),
        "{no_store}"
    );
    let words = ["--header", "x-wayleave-cache=bypass", "--output", "json"];
    let explained: Value = serde_json::from_str(&told(&words)).unwrap();
    assert_eq!(explained["cache"]["request"]["bypass"], "asked", "{explained:#}");
}

#[test]
fn the_definitions_are_printed_and_written() {
    let crd = || {
        Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .arg("crd")
            .output()
            .unwrap()
    };
    assert!(stdout(&crd()).contains("kind: CustomResourceDefinition"));
    // A chart's stay when it goes.
    let folder = folder(&[]);
    fs::create_dir(folder.path().join("templates")).unwrap();
    let mut wayleave = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    let status = wayleave
        .args(["crd", "--directory"])
        .arg(folder.path())
        .arg("--chart")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(status.success());
    let kept = |name: &str| {
        let text = fs::read_to_string(folder.path().join(name)).unwrap();
        text.contains("helm.sh/resource-policy: keep")
    };
    assert!(!kept("llmroutes.yaml") && kept("templates/llmroutes.yaml"));
}
