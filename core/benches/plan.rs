//! How long a plan over 50 targets takes, by each pick.
//!
//! `cargo bench -p wayleave-core --bench plan`; `docs/bench.md` has the figures.
#![expect(clippy::expect_used, reason = "a bench may stop where a test would")]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use criterion::Criterion;
use http::HeaderMap;
use jiff::Timestamp;
use wayleave_core::capability::Needs;
use wayleave_core::evidence::Mean;
use wayleave_core::evidence::best::Optimise;
use wayleave_core::format::Paths;
use wayleave_core::outcome::FallbackOn;
use wayleave_core::plan::{Availability, KeyChoice, Known, Output, Wanted, World, plan};
use wayleave_core::price::{Overlay, Ratio};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::experiment::Best;
use wayleave_core::snapshot::{
    Access, Endpoint, Key, Limits, ModelClaim, ObjectName, Pick, Provider, Retry, Route, RouteRules, Rule,
    Snapshot, Step, StickyBy, Target, Timeouts, Unsupported,
};
use wayleave_core::table::{ActiveRule, Table};
use wayleave_core::vendor::Vendor;

const PROVIDERS: u32 = 10;
/// As many as a step may have.
const IN_STEP: u32 = 16;
const TARGETS: u32 = 50;

const MODELS: [&str; 5] = ["gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini", "gpt-5-mini"];

/// Something is known of each target.
struct Busy(Vec<Mean>);

impl Availability for Busy {
    fn admits(&self, _: &ObjectName, _: &Endpoint, _: KeyChoice, _: &str) -> bool {
        true
    }
}

impl World for Busy {
    fn known(&self, provider: &ObjectName, model: &str) -> Known {
        let some = u64::try_from(provider.name.len() + model.len()).unwrap_or_default();
        Known {
            output: Output::Measured(some * 20),
            first_content: Some(Duration::from_millis(some * 30)),
            per_token: Some(Duration::from_millis(some)),
            in_flight: 3,
            cached: 0,
            scores: self.0.get(model.len() % self.0.len()).copied(),
        }
    }
}

/// A hundred of them, around what is asked for.
fn scores(seed: u64) -> Mean {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut scores = Mean::default();
    (0..100).for_each(|_| scores.observe(0.6 + 0.4 * rng.f64()));
    scores
}

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(30)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    let mut group = criterion.benchmark_group("plan of 50 targets");
    let busy = Busy((0..7).map(scores).collect());
    let explore = Ratio::from_millionths(10_000);
    let best = Best {
        min_score: Ratio::from_millionths(800_000),
        optimise: Optimise::Cost,
        explore,
        judge: None,
    };
    for (name, pick) in [
        ("Weighted", Pick::Weighted),
        ("Sticky", Pick::Sticky(StickyBy::Metadata("user".into()))),
        ("Cheapest", Pick::Cheapest),
        ("Fastest", Pick::Fastest { explore }),
        ("LeastBusy", Pick::LeastBusy),
        ("Best", Pick::Best(Box::new(best))),
    ] {
        let rule = rule(&pick);
        let metadata = BTreeMap::from([("user".to_owned(), "ada".to_owned())]);
        let headers = HeaderMap::new();
        let wanted = Wanted {
            rule: &rule,
            model: "chat",
            needs: Needs {
                input_tokens: 1000,
                ..Needs::default()
            },
            headers: &headers,
            metadata: &metadata,
            at: Timestamp::now(),
            min_score: None,
            arm: None,
        };
        let mut rng = fastrand::Rng::with_seed(1);
        group.bench_function(name, |bencher| {
            bencher.iter(|| plan(black_box(&wanted), &busy, &mut rng));
        });
    }
    group.finish();
    criterion.final_summary();
}

fn rule(pick: &Pick) -> Arc<ActiveRule> {
    let targets: Vec<Target> = (0..TARGETS).map(target).collect();
    let step = |targets: &[Target]| Step::Pick {
        pick: pick.clone(),
        targets: targets.to_vec(),
    };
    let in_step = usize::try_from(IN_STEP).expect("small");
    let rule = Rule {
        when: None,
        steps: targets.chunks(in_step).map(step).collect(),
        fallback_on: FallbackOn::default(),
        retry: Retry::default(),
        timeouts: Timeouts::default(),
        slow_stream: None,
        experiment: None,
        unsupported: Unsupported::Drop,
        max_cost: None,
        tasks: None,
    };
    let route = Route {
        name: ObjectName::new("team", "chat"),
        created: None,
        models: vec![ModelClaim {
            pattern: "chat".into(),
            owned: true,
        }],
        rules: RouteRules::Rules(vec![rule]),
    };
    let table = Table::build(Snapshot {
        routes: vec![route],
        providers: (0..PROVIDERS).map(provider).collect(),
        ..Snapshot::default()
    });
    let route = table.route("chat").expect("a route");
    let rules = route.rules.as_ref().expect("whole");
    Arc::clone(rules.first().expect("one rule"))
}

fn named(number: u32) -> ObjectName {
    ObjectName::new("team", format!("provider-{number}"))
}

fn target(number: u32) -> Target {
    let model = MODELS
        .get(usize::try_from(number / PROVIDERS).expect("small"))
        .expect("five times ten");
    Target {
        provider: named(number % PROVIDERS),
        model: Some(Arc::from(*model)),
        weight: 1 + number,
    }
}

fn provider(number: u32) -> Provider {
    let endpoint = Endpoint {
        vendor: *Vendor::named("OpenAI").expect("a row"),
        url: Arc::from("https://api.openai.com/v1"),
        paths: Paths::Plain,
        region: None,
        keys: vec![Key {
            name: Arc::from("key"),
            secret: Secret::new("sk-key"),
            weight: 1,
        }],
        ca_pem: None,
        prices: Overlay::default(),
        capabilities: Vec::new(),
        limits: Limits::default(),
    };
    Provider {
        name: named(number),
        access: Access::Ready(Arc::new(endpoint)),
    }
}
