//! `wayleave spend` and `wayleave reconcile` on a ledger and an invoice, and that `docs/spend.md` shows what they print.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "helpers of tests fail by panicking"
)]

#[path = "spend/sample.rs"]
mod sample;

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
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

/// Answers one request with this, and gives what was asked.
fn answer(body: String) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = std::thread::spawn(move || {
        loop {
            let (mut stream, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut head = String::new();
            while reader.read_line(&mut head).unwrap() > 0 && !head.ends_with("\r\n\r\n") {}
            // Who only looks whether somebody is there says nothing.
            if head.is_empty() {
                continue;
            }
            let lower = head.to_lowercase();
            let length = lower
                .lines()
                .find_map(|line| line.strip_prefix("content-length: "));
            let mut question = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            reader.read_exact(&mut question).unwrap();
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
            )
            .unwrap();
            return lower + &String::from_utf8(question).unwrap();
        }
    });
    (url, asked)
}

#[test]
fn the_ring_of_a_data_plane_is_the_same() {
    let folder = folder();
    let lines = fs::read_to_string(folder.path().join("ledger.jsonl")).unwrap();
    let records: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let (url, asked) = answer(serde_json::to_string(&records).unwrap());
    let from_file = text(&wayleave(folder.path(), "spend --ledger ledger.jsonl --by route"));
    let from_ring = text(&wayleave(
        folder.path(),
        &format!("spend --admin {url} --by route"),
    ));
    assert_eq!(from_file, from_ring);
    assert!(asked.join().unwrap().starts_with("get /ledger?limit="));
}

#[test]
fn a_database_is_asked_for_sums_with_the_password_of_the_variable() {
    let row = r#"{"g0":"large","calls":"2","failed":"1","calls_ms":30.5,"attempts":"3","plain":"10","cached":"4","written":"1","output":"5","cost":"12300000000","unpriced":"1","saved":"0","lost":"0","judged":"0"}"#;
    let (url, asked) = answer(format!("{row}\n"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_wayleave"));
    command.args([
        "spend",
        "--clickhouse",
        &url,
        "--clickhouse-user",
        "reader",
        "--output",
        "csv",
    ]);
    command.env("WAYLEAVE_LEDGER_CLICKHOUSE_PASSWORD", "of-the-reader");
    let output = command.output().unwrap();
    let shown = text(&output);
    assert!(
        shown.contains("\nlarge,2,1,15.2,3,15,4,5,1.23,12300000000,1,0,0,0\n"),
        "{shown}{output:?}"
    );
    let asked = asked.join().unwrap();
    for part in [
        "x-clickhouse-user: reader",
        "x-clickhouse-key: of-the-reader",
        "FROM wayleave_ledger FINAL",
    ] {
        assert!(asked.contains(part), "{part} in {asked}");
    }
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
