//! `wayleave spend` and `wayleave reconcile` on a ledger and an invoice, and that `docs/spend.md` shows what they print.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "spend/sample.rs"]
mod sample;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The file is written anew instead of compared.
const UPDATE: &str = "UPDATE_SPEND";

fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in sample::files() {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn wayleave(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    command.args(line.split_whitespace()).current_dir(folder);
    command.env_remove("WAYLEAVE_LEDGER").stdin(Stdio::null());
    command.output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn document() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/spend.md")
}

/// Each block that begins with `$ wayleave` shows what the command prints.
#[test]
fn the_document_shows_what_is_printed() {
    let folder = folder();
    let shown = fs::read_to_string(document()).unwrap();
    let mut made = String::new();
    let mut commands = 0;
    let mut lines = shown.lines().peekable();
    while let Some(line) = lines.next() {
        made.push_str(line);
        made.push('\n');
        let Some(command) = line.strip_prefix("    $ wayleave ") else {
            continue;
        };
        commands += 1;
        for line in text(&wayleave(folder.path(), command)).trim_end().lines() {
            made.push_str(format!("    {line}").trim_end());
            made.push('\n');
        }
        // What it showed before; there are empty lines within.
        while lines
            .next_if(|line| line.is_empty() || line.starts_with("    "))
            .is_some()
        {}
        made.push('\n');
    }
    assert!(commands >= 3, "{commands} commands");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(document(), &made).unwrap();
        return;
    }
    assert_eq!(
        shown, made,
        "docs/spend.md shows something else; {UPDATE}=1 writes it anew: read what changed"
    );
}

#[test]
fn files_that_were_put_aside_count_and_copies_do_not() {
    let folder = folder();
    let path = folder.path().join("ledger.jsonl");
    let whole = text(&wayleave(
        folder.path(),
        "spend --ledger ledger.jsonl --output json",
    ));
    let lines = fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = lines.lines().collect();
    let (older, newer) = lines.split_at(lines.len() / 2);
    fs::write(folder.path().join("ledger.jsonl.1"), older.join("\n")).unwrap();
    // The last line of the older file came twice, and one was torn.
    let newer = format!(
        "{}\n{}\n{{\"kind\":\"att\n",
        older.last().unwrap(),
        newer.join("\n")
    );
    fs::write(&path, newer).unwrap();
    let output = wayleave(folder.path(), "spend --ledger ledger.jsonl --output json");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let (whole, parts) = (parse(&whole), parse(&text(&output)));
    assert_eq!(whole["spent"], parts["spent"]);
    assert_eq!(
        (&parts["reading"]["copies"], &parts["reading"]["unreadable"]),
        (&1.into(), &1.into())
    );
    assert!(
        told.contains("ledger.jsonl:") && told.contains("lines that cannot be read: 1"),
        "{told}"
    );
    assert!(output.status.success());
}

#[test]
fn a_ledger_on_stdin_is_the_same() {
    let folder = folder();
    let from_file = text(&wayleave(
        folder.path(),
        "spend --ledger ledger.jsonl --by client --output csv",
    ));
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    command.args(["spend", "--ledger", "-", "--by", "client", "--output", "csv"]);
    command.stdin(fs::File::open(folder.path().join("ledger.jsonl")).unwrap());
    assert_eq!(text(&command.output().unwrap()), from_file);
    assert!(from_file.starts_with("client,calls,"), "{from_file}");
}

#[test]
fn the_exit_status_says_whether_the_invoice_agrees() {
    let folder = folder();
    let exact = "reconcile --provider openai --ledger exact.jsonl --invoice exact-costs.csv --invoice exact-usage.json";
    for (line, status, said) in [
        (exact, 0, "Attempts of provider keys"),
        (
            "reconcile --provider openai --ledger ledger.jsonl --invoice costs.json --invoice usage.json",
            1,
            "not through the gateway",
        ),
        (
            "reconcile --provider anthropic --ledger ledger.jsonl --invoice costs.json",
            2,
            "",
        ),
        (
            "reconcile --provider openai --ledger ledger.jsonl --invoice none.json",
            2,
            "",
        ),
        (
            "reconcile --provider openai --ledger none.jsonl --invoice costs.json",
            2,
            "",
        ),
        (
            "reconcile --provider openai --ledger ledger.jsonl --invoice euro.json",
            2,
            "",
        ),
    ] {
        let output = wayleave(folder.path(), line);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(
            output.status.code(),
            Some(status),
            "{line}: {told}{}",
            text(&output)
        );
        assert!(text(&output).contains(said), "{line}: {}", text(&output));
        assert_eq!(told.contains("error: "), status == 2, "{line}: {told}");
    }
    let euro = wayleave(
        folder.path(),
        "reconcile --provider openai --ledger ledger.jsonl --invoice euro.json",
    );
    let told = String::from_utf8_lossy(&euro.stderr).into_owned();
    assert!(
        told.contains("euro.json") && told.contains("row 1 is in eur"),
        "{told}"
    );
}

#[test]
fn json_has_causes_with_amounts() {
    let folder = folder();
    let line = "reconcile --provider openai --ledger ledger.jsonl --invoice costs.json --invoice usage.json --output json";
    let found: Value = serde_json::from_str(&text(&wayleave(folder.path(), line))).unwrap();
    let kinds: Vec<&str> = found["causes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|cause| cause["kind"].as_str().unwrap())
        .collect();
    assert_eq!(
        kinds,
        ["unpriced", "cancelled", "not_through_gateway", "prices_differ"]
    );
    assert_eq!(found["agrees"], false);
}
