//! A ledger and an invoice that say the same, until something is put into one of them.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::json;

use crate::books::account::{Account, Wanted};
use crate::books::invoice::{Invoice, InvoiceLine, Provider};
use crate::books::line::{AttemptLine, Line};
use crate::books::period::Period;
use crate::money::Ticks;
use crate::usage::{ServiceTier, Usage};

use super::super::{Key, Kind, Reconciliation, Terms, reconcile};

/// Ticks per token: input, cached, output.
pub(super) const MODELS: [(&str, [u64; 3]); 3] = [
    ("gpt-4o-2024-08-06", [25_000, 12_500, 100_000]),
    ("gpt-5-mini", [2500, 250, 20_000]),
    ("o3", [20_000, 5000, 80_000]),
];
const DAYS: usize = 5;

#[derive(Debug)]
pub(super) struct World {
    random: fastrand::Rng,
    attempts: Vec<AttemptLine>,
    lines: BTreeMap<(usize, usize), InvoiceLine>,
    extra: Vec<InvoiceLine>,
}

/// A discrepancy: the rows in which it is, and what it comes to there.
#[derive(Debug)]
pub(super) struct Seeded {
    pub(super) kind: Kind,
    pub(super) rows: BTreeMap<Key, i64>,
}

pub(super) fn day(number: usize) -> Date {
    let first: Date = "2026-11-02".parse().unwrap();
    (0..number).fold(first, |day, _| day.tomorrow().unwrap())
}

fn number_of(at: Timestamp) -> Option<usize> {
    let at = crate::books::period::day_of(at);
    (0..DAYS).find(|number| day(*number) == at)
}

fn cost(model: usize, usage: &Usage) -> i64 {
    let [plain, cached, output] = MODELS[model].1;
    i64::try_from(usage.input * plain + usage.cache_read * cached + usage.output * output).unwrap()
}

fn key(model: usize, number: usize) -> Key {
    (day(number), Some(MODELS[model].0.to_owned()))
}

fn one(kind: Kind, model: usize, number: usize, amount: i64) -> Seeded {
    Seeded {
        kind,
        rows: BTreeMap::from([(key(model, number), amount)]),
    }
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        let mut world = Self {
            random: fastrand::Rng::with_seed(seed),
            attempts: Vec::new(),
            lines: BTreeMap::new(),
            extra: Vec::new(),
        };
        for model in 0..MODELS.len() {
            for number in 0..DAYS {
                for _ in 0..world.random.usize(8..20) {
                    let usage = world.usage();
                    let at = world.at(number);
                    world.book(model, at, usage);
                    world.bill(model, number, &usage, 1);
                }
            }
        }
        world
    }

    fn usage(&mut self) -> Usage {
        Usage {
            input: self.random.u64(500..4000),
            cache_read: self.random.u64(0..4000),
            output: self.random.u64(50..2000),
            ..Usage::default()
        }
    }

    fn at(&mut self, number: usize) -> Timestamp {
        let midnight = day(number).to_zoned(jiff::tz::TimeZone::UTC).unwrap().timestamp();
        Timestamp::from_second(midnight.as_second() + self.random.i64(0..86_400)).unwrap()
    }

    fn book(&mut self, model: usize, at: Timestamp, usage: Usage) -> &mut AttemptLine {
        let value = json!({"kind": "attempt", "call": self.attempts.len().to_string(), "attempt": 1, "role": "primary",
            "provider": "team/provider", "model_asked": "any", "model_served": MODELS[model].0, "class": "ok",
            "started": at, "usage": usage, "cost_ticks": cost(model, &usage)});
        let Line::Attempt(line) = Line::parse(value.to_string().as_bytes()).unwrap() else {
            panic!("an attempt")
        };
        self.attempts.push(*line);
        self.attempts.last_mut().unwrap()
    }

    fn line(&mut self, model: usize, number: usize) -> &mut InvoiceLine {
        self.lines.entry((model, number)).or_insert_with(|| {
            let mut line = InvoiceLine::of(day(number), Some(MODELS[model].0.to_owned()));
            line.ticks = Some(Ticks::ZERO);
            (line.input, line.cached, line.output, line.requests) = (Some(0), Some(0), Some(0), Some(0));
            line
        })
    }

    fn bill(&mut self, model: usize, number: usize, usage: &Usage, requests: u64) -> i64 {
        let amount = cost(model, usage);
        let line = self.line(model, number);
        line.ticks = line.ticks.map(|ticks| ticks + Ticks::new(amount));
        line.input = line.input.map(|input| input + usage.input + usage.cache_read);
        line.cached = line.cached.map(|cached| cached + usage.cache_read);
        line.output = line.output.map(|output| output + usage.output);
        line.requests = line.requests.map(|sum| sum + requests);
        amount
    }

    pub(super) fn add_ticks(&mut self, model: usize, number: usize, amount: i64) {
        let line = self.line(model, number);
        line.ticks = line.ticks.map(|ticks| ticks + Ticks::new(amount));
    }

    pub(super) fn in_ledger(
        &mut self,
        model: usize,
        number: usize,
        change: impl Fn(&mut AttemptLine),
    ) -> usize {
        let name = MODELS[model].0;
        let attempts = self.attempts.iter_mut();
        let those =
            attempts.filter(|attempt| attempt.model() == name && number_of(attempt.started) == Some(number));
        those.map(change).count()
    }

    pub(super) fn other_calls(&mut self, model: usize, number: usize) -> Seeded {
        let mut amount = 0;
        for _ in 0..self.random.usize(2..6) {
            let usage = self.usage();
            amount += self.bill(model, number, &usage, 1);
        }
        one(Kind::NotThroughGateway, model, number, amount)
    }

    pub(super) fn missing_calls(&mut self, model: usize, number: usize) -> Seeded {
        let mut amount = 0;
        for _ in 0..self.random.usize(2..6) {
            let (usage, at) = (self.usage(), self.at(number));
            amount -= cost(model, &usage);
            self.book(model, at, usage);
        }
        one(Kind::NotOnInvoice, model, number, amount)
    }

    /// A loser whose output is estimated at so much, and billed with so much.
    fn loser(&mut self, model: usize, number: usize, estimated: u64, billed: u64) -> Seeded {
        let mut amount = 0;
        for class in ["lost_race", "client_left", "lost_race"] {
            let (mut usage, at) = (self.usage(), self.at(number));
            usage.output = billed;
            amount += self.bill(model, number, &usage, 1);
            usage.output = estimated;
            amount -= cost(model, &usage);
            let attempt = self.book(model, at, usage);
            attempt.estimated = true;
            class.clone_into(&mut attempt.class);
        }
        one(Kind::Cancelled, model, number, amount)
    }

    pub(super) fn stopped_earlier(&mut self, model: usize, number: usize) -> Seeded {
        let estimated = self.random.u64(6000..9000);
        self.loser(model, number, estimated, 40)
    }

    pub(super) fn ran_on(&mut self, model: usize, number: usize) -> Seeded {
        let billed = self.random.u64(6000..9000);
        self.loser(model, number, 40, billed)
    }

    pub(super) fn other_split(&mut self, model: usize, number: usize) -> Seeded {
        let [plain, cached, _] = MODELS[model].1;
        let line = self.line(model, number);
        let uncached = line.input.unwrap() - line.cached.unwrap();
        let moved = uncached / 3;
        line.cached = line.cached.map(|cached| cached + moved);
        let amount = -i64::try_from(moved * (plain - cached)).unwrap();
        self.add_ticks(model, number, amount);
        one(Kind::CachedSplit, model, number, amount)
    }

    pub(super) fn unpriced(&mut self, model: usize, number: usize) -> Seeded {
        let mut amount = 0;
        for _ in 0..self.random.usize(2..5) {
            let (usage, at) = (self.usage(), self.at(number));
            amount += self.bill(model, number, &usage, 1);
            self.book(model, at, usage).cost_ticks = None;
        }
        one(Kind::Unpriced, model, number, amount)
    }

    pub(super) fn dearer(&mut self, model: usize, number: usize, times: i64, by: i64) -> Seeded {
        let before = self.line(model, number).ticks.unwrap().get();
        let amount = before / by * times - before;
        self.add_ticks(model, number, amount);
        one(Kind::PricesDiffer, model, number, amount)
    }

    /// Calls that the ledger has on one day, and the provider on the next.
    pub(super) fn around_midnight(&mut self, model: usize, number: usize) -> Seeded {
        let mut amount = 0;
        for _ in 0..3 {
            let (usage, at) = (self.usage(), self.at(number));
            self.book(model, at, usage);
            amount += self.bill(model, number + 1, &usage, 1);
        }
        Seeded {
            kind: Kind::DayShift,
            rows: BTreeMap::from([(key(model, number), -amount), (key(model, number + 1), amount)]),
        }
    }

    /// The provider's days begin so many hours after midnight in UTC.
    pub(super) fn other_zone(&mut self, hours: i64) -> Seeded {
        let mut rows: BTreeMap<Key, i64> = BTreeMap::new();
        self.lines.clear();
        for attempt in self.attempts.clone() {
            let model = MODELS
                .iter()
                .position(|(name, _)| *name == attempt.model())
                .unwrap();
            let usage = attempt.usage.unwrap();
            let shifted = Timestamp::from_second(attempt.started.as_second() - hours * 3600).unwrap();
            let (here, there) = (number_of(attempt.started).unwrap(), number_of(shifted));
            *rows.entry(key(model, here)).or_default() -= cost(model, &usage);
            if let Some(there) = there {
                *rows.entry(key(model, there)).or_default() += self.bill(model, there, &usage, 1);
            }
        }
        // What is within tolerance is not asked about.
        rows.retain(|key, amount| {
            let model = MODELS
                .iter()
                .position(|(name, _)| Some((*name).to_owned()) == key.1)
                .unwrap();
            let number = (0..DAYS).find(|number| day(*number) == key.0).unwrap();
            let billed = self.line(model, number).ticks.unwrap().get();
            amount.abs() * 100 > billed.max(billed - *amount)
        });
        Seeded {
            kind: Kind::DayShift,
            rows,
        }
    }

    pub(super) fn flex(&mut self, model: usize, number: usize) -> Seeded {
        let before = self.line(model, number).ticks.unwrap().get();
        self.line(model, number).tier = Some(ServiceTier::Flex);
        self.add_ticks(model, number, -before / 2);
        one(Kind::ServiceTier, model, number, -before / 2)
    }

    pub(super) fn credits(&mut self, model: usize, number: usize) -> Seeded {
        let amount = -self.line(model, number).ticks.unwrap().get() / 2;
        self.line(model, number).credits = Ticks::new(amount);
        self.add_ticks(model, number, amount);
        one(Kind::Credits, model, number, amount)
    }

    pub(super) fn searches(&mut self, number: usize) -> Seeded {
        let mut line = InvoiceLine::of(day(number), None);
        line.ticks = Some(Ticks::new(70_000_000));
        self.extra.push(line);
        Seeded {
            kind: Kind::NoModel,
            rows: BTreeMap::from([((day(number), None), 70_000_000)]),
        }
    }

    /// The ledger has nothing of a model on a day.
    pub(super) fn forget(&mut self, model: usize, number: usize) -> Seeded {
        let name = MODELS[model].0;
        self.attempts
            .retain(|attempt| attempt.model() != name || number_of(attempt.started) != Some(number));
        let amount = self.line(model, number).ticks.unwrap().get();
        one(Kind::NotThroughGateway, model, number, amount)
    }

    /// The invoice has nothing of a model.
    pub(super) fn drop_model(&mut self, model: usize) -> Seeded {
        let mut rows = BTreeMap::new();
        for number in 0..DAYS {
            let line = self.lines.remove(&(model, number)).unwrap();
            rows.insert(key(model, number), -line.ticks.unwrap().get());
        }
        Seeded {
            kind: Kind::NotOnInvoice,
            rows,
        }
    }

    pub(super) fn without_tokens(&mut self) {
        for line in self.lines.values_mut() {
            (line.input, line.cached, line.output, line.requests) = (None, None, None, None);
        }
    }

    pub(super) fn without_money(&mut self) {
        for line in self.lines.values_mut() {
            line.ticks = None;
        }
    }

    pub(super) fn without_models(&mut self) {
        for line in self.lines.values_mut() {
            line.model = None;
        }
    }

    pub(super) fn usage_without_models(&mut self) {
        let mut line = InvoiceLine::of(day(0), None);
        (line.input, line.output) = (Some(1), Some(1));
        self.extra.push(line);
    }

    pub(super) fn in_one_span(&mut self) {
        for line in self.lines.values_mut() {
            (line.day, line.last) = ("2026-11-01".parse().unwrap(), "2026-11-30".parse().unwrap());
        }
    }

    fn invoice(&self) -> Invoice {
        Invoice {
            lines: self.lines.values().chain(&self.extra).cloned().collect(),
            ..Invoice::default()
        }
    }

    pub(super) fn reconcile(&self, tolerance: f64) -> Reconciliation {
        self.reconcile_with(Provider::OpenAI, &self.invoice(), tolerance)
    }

    pub(super) fn reconcile_with(
        &self,
        provider: Provider,
        invoice: &Invoice,
        tolerance: f64,
    ) -> Reconciliation {
        self.account(provider, invoice, Wanted::models_of(provider, invoice), tolerance)
    }

    pub(super) fn reconcile_keys(&self, keys: &[&str], tolerance: f64) -> Reconciliation {
        let keys: BTreeSet<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        self.account(Provider::OpenAI, &self.invoice(), Wanted::Keys(keys), tolerance)
    }

    fn account(
        &self,
        provider: Provider,
        invoice: &Invoice,
        wanted: Wanted,
        tolerance: f64,
    ) -> Reconciliation {
        let mut account = Account::new(wanted, Period::default());
        for attempt in &self.attempts {
            let mut attempt = attempt.clone();
            if provider == Provider::Gemini {
                attempt.model_served = Some(format!("models/gemini-{}", attempt.model()));
            }
            account.add(&Line::Attempt(Box::new(attempt)));
        }
        let alike = |_: &str, _: &str| None;
        let terms = Terms {
            provider,
            tolerance,
            alike: &alike,
        };
        reconcile(invoice, &account, terms)
    }

    /// The truth in the words of each provider.
    pub(super) fn exports(&self) -> Vec<(Provider, Vec<String>)> {
        let second = |line: &InvoiceLine| {
            line.day
                .to_zoned(jiff::tz::TimeZone::UTC)
                .unwrap()
                .timestamp()
                .as_second()
        };
        let name = |line: &InvoiceLine| line.model.clone().unwrap();
        let mut costs = "start_time,amount_value,amount_currency,line_item\n".to_owned();
        let (mut usage, mut generations) = (Vec::new(), Vec::new());
        let (mut reports, mut rows) = (Vec::new(), String::new());
        let mut tokens = "usage_date_utc,model_version,usage_input_tokens_no_cache,usage_input_tokens_cache_read,usage_output_tokens\n".to_owned();
        for line in self.lines.values() {
            let ticks = line.ticks.unwrap();
            let (input, cached, output) = (line.input.unwrap(), line.cached.unwrap(), line.output.unwrap());
            writeln!(
                costs,
                "{},{},usd,\"{}, input\"",
                second(line),
                ticks.usd(),
                name(line)
            )
            .unwrap();
            usage.push(json!({"start_time": second(line), "results": [{"model": name(line), "input_tokens": input,
                "input_cached_tokens": cached, "output_tokens": output, "num_model_requests": line.requests}]}));
            let cents = Ticks::new(ticks.get() * 100).usd();
            reports.push(json!({"starting_at": format!("{}T00:00:00Z", line.day),
                "results": [{"amount": cents, "currency": "USD", "model": name(line)}]}));
            writeln!(
                tokens,
                "{},{},{},{cached},{output}",
                line.day,
                name(line),
                input - cached
            )
            .unwrap();
            generations.push(json!({"date": line.day, "model": name(line), "usage": ticks.usd_f64(), "requests": line.requests,
                "prompt_tokens": input, "completion_tokens": output}));
            for (what, count, cost) in [
                ("input token count", input - cached, ticks.usd()),
                ("cached input token count", cached, "0".to_owned()),
                ("output token count", output, "0".to_owned()),
            ] {
                let row = json!({"service": {"description": "Gemini API"}, "sku": {"description":
                    format!("Generate content {what} gemini-{} text", name(line))}, "usage_start_time": line.day,
                    "cost": cost, "currency": "USD", "usage": {"amount": count, "unit": "count"}, "credits": []});
                writeln!(rows, "{row}").unwrap();
            }
        }
        let page = |data: Vec<serde_json::Value>| json!({"data": data, "has_more": false}).to_string();
        vec![
            (Provider::OpenAI, vec![costs, page(usage)]),
            (Provider::Anthropic, vec![page(reports), tokens]),
            (Provider::OpenRouter, vec![page(generations)]),
            (Provider::Gemini, vec![rows]),
        ]
    }
}
