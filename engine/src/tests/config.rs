//! Routes of every kind, over providers of every kind.

use std::sync::Arc;
use std::time::Duration;

use wayleave_core::experiment::Terms;
use wayleave_core::outcome::{FallbackOn, FallbackReason};
use wayleave_core::price::{Overlay, OverlayPrice, Ratio};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::experiment::{Experiment, Judge, JudgeMode, Mode, Promote};
use wayleave_core::snapshot::{
    Accept, Access, Endpoint, JsonAccept, Key, Limits, Losers, ModelClaim, ObjectName, Pick, Provider,
    Refusals, Retry, Route, RouteRules, Rule, SlowStream, Snapshot, Step, Target, Timeouts, Unsupported,
};
use wayleave_core::vendor::Vendor;

/// The models that clients may ask for.
pub(super) const MODELS: [&str; 9] = [
    "single",
    "chain",
    "spread",
    "together",
    "staggered",
    "drained",
    "mixed",
    "tried",
    "shadowed",
];

fn name(name: &str) -> ObjectName {
    ObjectName::new("team", name)
}

fn provider(called: &str, vendor: &str, keys: &[&str], price: Option<(&str, &str)>) -> Provider {
    let key = |key: &&str| Key {
        name: Arc::from(*key),
        secret: Secret::new(*key),
        weight: 1,
    };
    let overlay = |(input, output): (&str, &str)| OverlayPrice {
        model: "*".into(),
        input_per_million: input.parse().expect("dollars"),
        output_per_million: output.parse().expect("dollars"),
        cache_read_per_million: None,
        cache_write_per_million: None,
    };
    let endpoint = Endpoint {
        vendor: *Vendor::named(vendor).expect("a row"),
        url: Arc::from(format!("http://{called}.test")),
        paths: wayleave_core::format::Paths::Plain,
        region: None,
        keys: keys.iter().map(key).collect(),
        ca_pem: None,
        prices: Overlay {
            prices: price.map(overlay).into_iter().collect(),
            ..Overlay::default()
        },
        capabilities: Vec::new(),
        limits: Limits {
            concurrency: Some(30),
            requests_per_minute: Some(600),
            ..Limits::default()
        },
    };
    Provider {
        name: name(called),
        access: Access::Ready(Arc::new(endpoint)),
    }
}

fn targets(providers: &[&str]) -> Vec<Target> {
    let target = |provider: &&str| Target {
        provider: name(provider),
        model: Some(Arc::from(format!("m-{provider}"))),
        weight: 1,
    };
    providers.iter().map(target).collect()
}

fn pick(providers: &[&str]) -> Step {
    Step::Pick {
        pick: Pick::Weighted,
        targets: targets(providers),
    }
}

fn race(providers: &[&str], stagger: u64, losers: Losers) -> Step {
    Step::Race {
        targets: targets(providers),
        stagger: Duration::from_millis(stagger),
        accept: Accept {
            min_characters: 5,
            json: JsonAccept::Off,
            refusals: Refusals::Reject,
        },
        losers,
    }
}

fn route(model: &str, steps: Vec<Step>) -> Route {
    let rule = Rule {
        when: None,
        steps,
        fallback_on: FallbackOn::new(FallbackReason::ALL),
        retry: Retry {
            attempts: 1,
            ..Retry::default()
        },
        timeouts: Timeouts {
            first_content: Duration::from_secs(3),
            idle: Duration::from_secs(3),
            total: Duration::from_secs(20),
            ..Timeouts::default()
        },
        slow_stream: (model == "spread").then_some(SlowStream {
            min_characters_per_second: 25,
            window: Duration::from_millis(700),
        }),
        unsupported: Unsupported::Drop,
        max_cost: None,
        tasks: None,
        experiment: None,
    };
    Route {
        name: name(model),
        created: None,
        models: vec![ModelClaim {
            pattern: Arc::from(model),
            owned: true,
        }],
        rules: RouteRules::Rules(vec![rule]),
    }
}

pub(super) fn snapshot() -> Snapshot {
    let providers = vec![
        provider("plain", "Custom", &["key-plain"], Some(("1", "2"))),
        provider("native", "Anthropic", &["key-native"], Some(("3", "15"))),
        provider("groq", "Groq", &["key-groq"], Some(("0.05", "0.08"))),
        provider(
            "pool",
            "OpenAI",
            &["key-1", "key-2", "key-3"],
            Some(("0.4", "1.6")),
        ),
        provider("free", "Custom", &[], Some(("0", "0"))),
        provider("unknown", "Custom", &["key-unknown"], None),
    ];
    let routes = vec![
        route("single", vec![pick(&["plain"])]),
        route(
            "chain",
            vec![
                pick(&["pool"]),
                pick(&["nowhere"]),
                pick(&["native"]),
                pick(&["free"]),
            ],
        ),
        route("spread", vec![pick(&["plain", "native", "groq", "unknown"])]),
        route(
            "together",
            vec![race(&["plain", "native", "groq"], 0, Losers::Auto)],
        ),
        route(
            "staggered",
            vec![race(&["pool", "groq", "native"], 400, Losers::Abort)],
        ),
        route(
            "drained",
            vec![race(&["plain", "free", "unknown"], 100, Losers::Drain)],
        ),
        route(
            "mixed",
            vec![
                race(&["groq", "pool"], 200, Losers::Auto),
                pick(&["native", "plain"]),
            ],
        ),
    ];
    let routes = routes.into_iter().chain([
        tried("tried", Mode::Split, JudgeMode::Pointwise, Promote::Manual),
        tried("shadowed", Mode::Shadow, JudgeMode::Pairwise, Promote::Manual),
    ]);
    Snapshot {
        routes: routes.collect(),
        providers,
        ..Snapshot::default()
    }
}

/// A route with an experiment, all of whose answers a judge is to see.
fn tried(model: &str, mode: Mode, judged: JudgeMode, promote: Promote) -> Route {
    let mut tried = route(model, vec![pick(&["native"])]);
    let experiment = Experiment {
        terms: Terms::equal("old", "new"),
        targets: targets(&["plain", "pool"]),
        sticky_by: None,
        mode,
        judge: Some(Judge {
            provider: name("groq"),
            model: "m-groq".into(),
            rubric: None,
            sample: Ratio::ONE,
            max_cost_per_day: "1000".parse().expect("dollars"),
            mode: judged,
        }),
        promote,
    };
    if let RouteRules::Rules(rules) = &mut tried.rules {
        rules[0].experiment = Some(Box::new(experiment));
    }
    tried
}

/// So many routes, each with an experiment.
pub(crate) fn experiments(count: usize, promote: Promote) -> Snapshot {
    let of = |number: usize| tried(&number.to_string(), Mode::Split, JudgeMode::Pointwise, promote);
    Snapshot {
        routes: (0..count).map(of).collect(),
        ..snapshot()
    }
}

/// One route `chat` that picks among targets of these names, with these prices of a million tokens of output.
pub(crate) fn priced_pick(pick: Pick, prices: &[(&str, &str)]) -> Snapshot {
    let names: Vec<&str> = prices.iter().map(|(name, _)| *name).collect();
    let step = Step::Pick {
        pick,
        targets: targets(&names),
    };
    let of = |(called, output): &(&str, &str)| provider(called, "Custom", &[], Some(("0", output)));
    Snapshot {
        routes: vec![route("chat", vec![step])],
        providers: prices.iter().map(of).collect(),
        ..Snapshot::default()
    }
}
