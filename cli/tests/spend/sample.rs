//! A small ledger, and invoices of the same days.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

/// Ticks per token: input, cached, output.
const LARGE: (&str, [u64; 3]) = ("gpt-4o-2024-08-06", [25_000, 12_500, 100_000]);
const SMALL: (&str, [u64; 3]) = ("gpt-5-mini-2025-08-07", [2500, 250, 20_000]);
/// Seconds since 1970 of 2026-11-02.
const FIRST: u64 = 1_793_577_600;
const CLIENTS: [&str; 2] = ["5f2c3a9d10b7e642", "a01b77c9d2e4f583"];

/// Input (with the cached part), cached, output and requests, and what they cost.
type Used = ([u64; 4], u64);

#[derive(Default)]
struct Sample {
    lines: String,
    calls: u32,
    billed: BTreeMap<(u64, &'static str), Used>,
}

/// What is in the folder in which commands run.
pub(super) fn files() -> Vec<(&'static str, String)> {
    let mut sample = Sample::default();
    for day in 0..3 {
        for number in 0..12 {
            sample.plain(day, number);
        }
    }
    let exact = sample.exports();
    let plain = sample.lines.clone();
    sample.discrepancies();
    let other = sample.exports();
    let euro =
        json!({"data": [{"start_time": FIRST, "results": [{"amount": {"value": 1, "currency": "eur"}}]}]});
    vec![
        ("ledger.jsonl", sample.lines),
        ("exact.jsonl", plain),
        ("exact-costs.csv", exact.csv),
        ("exact-usage.json", exact.usage),
        ("costs.json", other.costs),
        ("usage.json", other.usage),
        ("euro.json", euro.to_string()),
    ]
}

struct Exports {
    costs: String,
    csv: String,
    usage: String,
}

fn cost(prices: [u64; 3], [input, cached, output]: [u64; 3]) -> u64 {
    let [plain, read, written] = prices;
    (input - cached) * plain + cached * read + output * written
}

fn day_name(day: u64) -> String {
    format!("2026-11-{:02}", day + 2)
}

impl Sample {
    fn plain(&mut self, day: u64, number: u64) {
        let (model, prices) = if number.is_multiple_of(3) { LARGE } else { SMALL };
        let tokens = [
            900 + 310 * number + 70 * day,
            300 * (number % 4),
            120 + 45 * ((number * 7 + day) % 12),
        ];
        let call = self.call(day, number, model, tokens);
        self.attempt(
            &call,
            day,
            number,
            model,
            tokens,
            Some(cost(prices, tokens)),
            &json!({}),
        );
        self.bill(day, model, prices, tokens, 1);
    }

    fn bill(&mut self, day: u64, model: &'static str, prices: [u64; 3], tokens: [u64; 3], requests: u64) {
        let (sums, ticks) = self.billed.entry((day, model)).or_default();
        let [input, cached, output] = tokens;
        for (sum, one) in sums.iter_mut().zip([input, cached, output, requests]) {
            *sum += one;
        }
        *ticks += cost(prices, tokens);
    }

    fn discrepancies(&mut self) {
        let (large, prices) = LARGE;
        // A job that has a key of its own.
        for _ in 0..4 {
            self.bill(0, large, prices, [5000, 0, 800], 1);
        }
        // Losers of races whose ends nobody waited for.
        for number in [20, 21] {
            let call = self.call(1, number, large, [0; 3]);
            let lost = json!({"role": "race-loser", "class": "lost_race", "estimated": true, "cost_source": "estimate"});
            let estimated = [1200, 0, 900];
            self.attempt(
                &call,
                1,
                number,
                large,
                estimated,
                Some(cost(prices, estimated)),
                &lost,
            );
            self.bill(1, large, prices, [1200, 0, 60], 1);
        }
        // A model's price that nobody knew.
        let (small, prices) = SMALL;
        let call = self.call(1, 22, small, [40_000, 0, 9000]);
        self.attempt(
            &call,
            1,
            22,
            small,
            [40_000, 0, 9000],
            None,
            &json!({"cost_source": "none"}),
        );
        self.bill(1, small, prices, [40_000, 0, 9000], 1);
        // Another price.
        if let Some((_, ticks)) = self.billed.get_mut(&(2, large)) {
            *ticks = *ticks / 4 * 5;
        }
        // An answer out of a cache.
        let call = self.call(2, 23, large, [0; 3]);
        let hit = json!({"role": "cache-hit", "usage": null, "cost_source": "cache", "saved_ticks": 81_000_000_u64});
        self.attempt(&call, 2, 23, large, [0; 3], Some(0), &hit);
    }

    fn call(&mut self, day: u64, number: u64, model: &str, _: [u64; 3]) -> String {
        self.calls += 1;
        let call = format!("call-{:03}", self.calls);
        let line = json!({"kind": "call", "id": call, "call": call, "route": "team/chat", "client": CLIENTS[usize::from(number % 3 == 1)],
            "model_asked": "chat", "model_served": model, "provider": "team/openai", "status": 200, "class": "ok",
            "started": started(day, number), "duration_ms": 400 + 20 * number});
        writeln!(self.lines, "{line}").unwrap();
        call
    }

    #[expect(clippy::too_many_arguments, reason = "a record has many members")]
    fn attempt(
        &mut self,
        call: &str,
        day: u64,
        number: u64,
        model: &str,
        tokens: [u64; 3],
        ticks: Option<u64>,
        with: &Value,
    ) {
        let [input, cached, output] = tokens;
        let mut line = json!({"kind": "attempt", "id": format!("{call}/1"), "call": call, "attempt": 1, "role": "primary",
            "route": "team/chat", "client": CLIENTS[usize::from(number % 3 == 1)], "provider": "team/openai", "key": "openai/key",
            "model_asked": model, "model_served": model, "class": "ok", "started": started(day, number),
            "usage": {"input": input - cached, "cache_read": cached, "output": output}, "estimated": false,
            "cost_ticks": ticks, "cost_source": "table"});
        for (name, value) in with.as_object().into_iter().flatten() {
            line[name] = value.clone();
        }
        writeln!(self.lines, "{line}").unwrap();
    }

    fn exports(&self) -> Exports {
        let mut csv = "start_time,amount_value,amount_currency,line_item\n".to_owned();
        let (mut costs, mut usage) = (Vec::new(), Vec::new());
        for ((day, model), ([input, cached, output, requests], ticks)) in &self.billed {
            let start = FIRST + day * 86_400;
            let usd = format!("{}.{:010}", ticks / 10_000_000_000, ticks % 10_000_000_000);
            writeln!(csv, "{start},{usd},usd,\"{model}, input\"").unwrap();
            let value: f64 = usd.parse().unwrap();
            costs.push(json!({"object": "bucket", "start_time": start, "results": [
                {"amount": {"value": value, "currency": "usd"}, "line_item": format!("{model}, input")}]}));
            usage.push(json!({"object": "bucket", "start_time": start, "results": [{"model": model, "input_tokens": input,
                "input_cached_tokens": cached, "output_tokens": output, "num_model_requests": requests}]}));
        }
        let page = |data: Vec<Value>| json!({"object": "page", "has_more": false, "data": data}).to_string();
        Exports {
            costs: page(costs),
            csv,
            usage: page(usage),
        }
    }
}

fn started(day: u64, number: u64) -> String {
    format!("{}T{:02}:15:00Z", day_name(day), number % 24)
}
