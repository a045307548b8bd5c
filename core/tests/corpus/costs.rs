//! What every recorded answer costs, into `costs.json`. The file is what `tests/python/test_costs.py` holds against the
//! package that the price book is made from, which reads the same answers by rules of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use jiff::Timestamp;
use serde_json::{Value, json};
use wayleave_core::price::{CostSource, Overlay, PriceBook, price};
use wayleave_core::usage::Report;
use wayleave_core::vendor::Vendor;

use crate::recordings::exchange::{Exchange, of_our_apis};
use crate::way::{at_once, fail_with, is_ok, untouched};

/// Set, the test writes the file instead of comparing it.
const UPDATE: &str = "UPDATE_COSTS";

/// When all of them were asked: recordings do not say, and prices change.
const AT: &str = "2026-11-23T12:00:00Z";

/// Who is paid. Recordings of the clouds are read like those of plain servers elsewhere.
fn seller(exchange: &Exchange) -> &'static Vendor {
    let name = match exchange.provider.as_str() {
        "azure" => "AzureOpenAI",
        "vertex" => "VertexAI",
        _ => return exchange.vendor(),
    };
    Vendor::named(name).expect("a row of the table")
}

/// The model that was asked for: in the body, or in the path after one of these.
fn asked(exchange: &Exchange) -> String {
    let body = exchange.request.as_ref().and_then(|body| body["model"].as_str());
    if let Some(model) = body {
        return model.to_owned();
    }
    // Google's verb comes after a colon; names of Bedrock's have one.
    let ends = [
        ("/models/", [':', '?']),
        ("/model/", ['/', '?']),
        ("/deployments/", ['/', '?']),
    ];
    let (rest, end) = ends
        .iter()
        .find_map(|(before, end)| Some((exchange.path.split_once(before)?.1, end)))
        .unwrap_or(("", &[':', '?']));
    let name = rest.split(end).next().unwrap_or_default();
    let name = percent_encoding::percent_decode_str(name);
    name.decode_utf8().expect("a name").into_owned()
}

fn told(counts: impl serde::Serialize) -> Value {
    let counts = serde_json::to_value(counts).expect("counts");
    let counts = counts.as_object().cloned().unwrap_or_default();
    counts.into_iter().filter(|(_, count)| *count != 0).collect()
}

/// What an answer says that it used, and what that costs: as billed, and by the book whatever was billed.
fn costs(exchange: &Exchange, at: Timestamp) -> Value {
    let tally = at_once(exchange, untouched(exchange)).tally;
    let (vendor, asked) = (seller(exchange), asked(exchange));
    let mut row = json!({"asked": asked, "served": tally.model, "vendor": vendor.prices});
    let Some(report) = tally.report else {
        row["source"] = Value::Null;
        return row;
    };
    let served = tally.model.as_deref();
    let rates = Overlay::default().resolve(PriceBook::builtin(), vendor.prices, &asked, served);
    let cost = price(&report, false, rates.as_ref(), at);
    let unbilled = Report {
        billed: None,
        ..report
    };
    row["tier"] = json!(report.tier);
    row["usage"] = told(report.usage);
    row["source"] = json!(cost.source);
    row["ticks"] = json!(cost.ticks);
    row["by_book"] = json!(price(&unbilled, false, rates.as_ref(), at).ticks);
    assert_eq!(
        report.billed.is_some(),
        cost.source == CostSource::ProviderBilled,
        "{}",
        exchange.id
    );
    row
}

/// One exchange on a line, so that a change reads well.
fn document(rows: &BTreeMap<&str, Value>) -> String {
    let lines: Vec<_> = rows
        .iter()
        .map(|(id, row)| format!("{}:{row}", json!(id)))
        .collect();
    format!(
        "{{\"at\":\"{AT}\",\"exchanges\":{{\n{}\n}}}}\n",
        lines.join(",\n")
    )
}

/// Of which providers and by which source the costs are.
fn tell(all: &[Exchange], rows: &BTreeMap<&str, Value>) {
    let mut counts = BTreeMap::<(&str, &str), usize>::new();
    for exchange in all {
        if let Some(row) = rows.get(exchange.id.as_str()) {
            let source = row["source"].as_str().unwrap_or("tells no usage");
            *counts.entry((&exchange.provider, source)).or_default() += 1;
        }
    }
    for ((provider, source), count) in counts {
        println!("{provider} {source}: {count}");
    }
}

#[test]
fn every_answer_costs_what_the_file_says() {
    let Some(all) = of_our_apis() else { return };
    let at: Timestamp = AT.parse().expect("a time");
    let ok = all.iter().filter(|exchange| is_ok(exchange));
    let rows: BTreeMap<_, _> = ok
        .map(|exchange| (exchange.id.as_str(), costs(exchange, at)))
        .collect();
    tell(&all, &rows);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/costs.json");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, document(&rows)).expect("the file can be written");
    }
    let text = fs::read_to_string(&path).unwrap_or_default();
    let known: Value = serde_json::from_str(&text).expect("costs.json reads");
    assert_eq!(known["at"], AT);
    let known = known["exchanges"].as_object().expect("exchanges by id");
    assert!(!known.is_empty(), "the file has no exchange");
    if !known.keys().any(|id| rows.contains_key(id.as_str())) {
        println!("skipped: none of these recordings is in costs.json ({UPDATE}=1 writes it of them)");
        return;
    }
    let ids: BTreeSet<&str> = rows
        .keys()
        .copied()
        .chain(known.keys().map(String::as_str))
        .collect();
    let unlike = ids.into_iter().filter(|id| rows.get(id) != known.get(*id));
    let unlike: Vec<_> = unlike
        .map(|id| {
            format!(
                "{id}\n   seen     {:?}\n   expected {:?}",
                rows.get(id),
                known.get(id)
            )
        })
        .collect();
    if !unlike.is_empty() {
        println!("{UPDATE}=1 writes costs.json anew; tests/python/test_costs.py then judges it");
    }
    fail_with(&unlike);
}
