//! The help of every command shows how it is used.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "helpers of tests fail by panicking"
)]

use std::process::Command;

fn help(words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wayleave"))
        .args(words)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn commands() -> Vec<String> {
    let text = help(&[]);
    let (_, list) = text.split_once("Commands:\n").expect("a list of commands");
    let names = list
        .lines()
        .map_while(|line| line.strip_prefix("  "))
        .filter_map(|line| line.split(' ').next());
    names
        .filter(|name| !name.is_empty() && *name != "help")
        .map(str::to_owned)
        .collect()
}

#[test]
fn every_command_is_there() {
    assert_eq!(
        commands(),
        [
            "up",
            "check",
            "explain",
            "cache",
            "experiment",
            "ledger",
            "spend",
            "reconcile",
            "demo",
            "sim",
            "crd",
            "ext-proc",
            "operator",
            "envoy-config"
        ]
    );
}

#[test]
fn every_command_has_an_example_of_its_own() {
    for command in commands() {
        let text = help(&[&command]);
        let (_, example) = text
            .split_once("Example:\n")
            .unwrap_or_else(|| panic!("{command} has no example"));
        assert!(
            example.contains(&format!("wayleave {command}")),
            "{command}: {example}"
        );
    }
}

#[test]
fn examples_are_right_usage() {
    use clap::Parser as _;
    let texts = commands().into_iter().map(|command| help(&[&command]));
    let examples = texts.flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>());
    let examples: Vec<String> = examples
        .filter(|line| line.starts_with("  ") && !line.starts_with("   ") && line.contains("wayleave "))
        .collect();
    assert!(examples.len() >= 9, "{examples:?}");
    for example in examples {
        let (_, words) = example.split_once("wayleave ").unwrap();
        let words = words
            .split(['|', '&', ' '])
            .take_while(|word| !["", "git", "jq"].contains(word));
        let parsed = wayleave_cli::args::Cli::try_parse_from(std::iter::once("wayleave").chain(words));
        assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    for words in [
        &["bogus"][..],
        &["up"],
        &["cache", "purge"],
        &["experiment", "show"],
        &["experiment", "show", "chat"],
        &["spend"],
        &["spend", "--ledger", "x", "--by", "weather"],
        &["reconcile", "--provider", "openai", "--ledger", "x"],
        &[
            "reconcile",
            "--provider",
            "acme",
            "--invoice",
            "x",
            "--ledger",
            "x",
        ],
        &["explain", "-f", "x"],
        &["check", "-f", "x", "--output", "xml"],
        &["ext-proc", "--http", "127.0.0.1:0"],
        &[
            "ext-proc",
            "-f",
            "x",
            "--config-server",
            "https://a",
            "--http",
            "127.0.0.1:0",
        ],
        &["ext-proc", "--config-server", "http://a", "--http", "127.0.0.1:0"],
        &["ext-proc", "-f", "x", "--grpc", "127.0.0.1:0"],
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_wayleave"))
            .args(words)
            .env_clear()
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{words:?}");
        assert!(output.stdout.is_empty(), "{words:?}: errors belong on stderr");
    }
}
