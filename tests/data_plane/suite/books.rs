//! The books: what the attempts cost is what the call cost is what the metrics counted.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::ledger::{Attempt, Books, Record};
use wayleave_tests::metrics::Metrics;
use wayleave_tests::{Client, Format, Front, Gateway, HEAVY, Manifests, on_every_front, until};

on_every_front!(a_random_mix_adds_up);

const CALLS: usize = 100;
const AT_A_TIME: usize = 8;
const SOON: Duration = Duration::from_secs(60);

/// Routes of all kinds: they serve, fall back, fail, race, and one has no price.
fn manifests(sim: &Sim) -> Manifests {
    let target = |key: &str, model: &str| format!("{{providerKey: {key}, model: \"{model}\"}}");
    let race = |terms: &str, one: &str, other: &str| {
        format!(
            "steps: [{{race: {{targets: [{}, {}], {terms}}}}}]",
            target("a", one),
            target("b", other)
        )
    };
    let chain = |one: &str, other: &str| {
        format!(
            "steps: [{{targets: [{}]}}, {{targets: [{}]}}]",
            target("a", one),
            target("b", other)
        )
    };
    Manifests::default()
        .openai("a", sim)
        .anthropic("b", sim)
        .document(&unpriced(sim))
        .to("plain", "a", "m?tokens=20")
        .to("messages", "b", "m?tokens=20&cached=50")
        .to("unpriced", "free", "nobody-has-a-price-for-this")
        .route("fallback", &chain("m?status=429&retry-after=0", "m?tokens=20"))
        .route("failing", &chain("m?status=400", "m"))
        .route(
            "hopeless",
            &chain("m?status=429&retry-after=0", "m?status=429&retry-after=0"),
        )
        .route("cut", &chain("m?fault=cut&chunks=8", "m"))
        .route(
            "abort",
            &race("losers: Abort", "m?tokens=20&pace=20ms", "m?ttft=200ms&tokens=40"),
        )
        .route(
            "drain",
            &race("losers: Drain", "m?ttft=200ms&tokens=40", "m?tokens=20"),
        )
        .route(
            "staggered",
            &race("stagger: 100ms", "m?ttft=300ms", "m?tokens=20"),
        )
        .to("slow", "a", "m?chunks=200&bytes=2000&pace=20ms")
}

fn unpriced(sim: &Sim) -> String {
    format!(
        "apiVersion: wayleave.dev/v1alpha1\nkind: ProviderKey\nmetadata: {{name: free}}\nspec: {{provider: Custom, \
         format: OpenAIChat, endpoint: \"{}/v1\"}}\n",
        sim.base_url()
    )
}

/// One call of the mix; some clients leave.
async fn call(client: Client) {
    const MODELS: [&str; 11] = [
        "plain",
        "messages",
        "unpriced",
        "fallback",
        "failing",
        "hopeless",
        "cut",
        "abort",
        "drain",
        "staggered",
        "slow",
    ];
    let model = fastrand::choice(MODELS).unwrap();
    let format = fastrand::choice(Format::ALL).unwrap();
    let stream = fastrand::bool();
    let request = format.request(model, stream);
    let leaves = model == "slow" || fastrand::u8(..) < 32;
    let patience = if leaves {
        Duration::from_millis(fastrand::u64(1..400))
    } else {
        SOON
    };
    let answered = timeout(patience, client.ask(format, &request)).await;
    assert!(leaves || answered.is_ok(), "{model} gave no answer");
}

async fn a_random_mix_adds_up(front: Front) {
    let _alone = HEAVY.lock().await;
    let sim = Sim::start(SimOptions {
        keyless: true,
        ..SimOptions::default()
    })
    .unwrap();
    let gateway = Gateway::start(front, &manifests(&sim)).await;
    let client = gateway.client();
    futures_util::stream::iter(0..CALLS)
        .map(|_| call(client.clone()))
        .buffer_unordered(AT_A_TIME)
        .count()
        .await;
    // A client that left very early may have no call.
    until("all calls at their end", SOON, async || {
        (gateway.metrics().await.count("wayleave_in_flight", &[]) == 0 && sim.active() == 0).then_some(())
    })
    .await;
    let attempted = async || {
        let metrics = gateway.metrics().await;
        let records = gateway.ledger(None).await;
        let attempts = records
            .iter()
            .filter(|record| matches!(record, Record::Attempt(_)))
            .count();
        let calls = records.len() - attempts;
        let counted = (
            metrics.count("wayleave_calls_total", &[]),
            metrics.count("wayleave_attempts_total", &[]),
        );
        (counted == (calls.try_into().unwrap(), attempts.try_into().unwrap())).then_some((records, metrics))
    };
    let (records, metrics) = until("a metric for each record", SOON, attempted).await;
    let calls = Books::all(&records);
    check_calls(&calls);
    check_metrics(&calls, &metrics);
    gateway.log.assert_calm();
    gateway.finish().await;
}

/// Σ attempts = the call's total; `None` where one of them has no price.
fn check_calls(calls: &[Books]) {
    let mut classes: BTreeMap<&str, usize> = BTreeMap::new();
    for books in calls {
        *classes.entry(&books.call.class).or_default() += 1;
        assert_eq!(books.attempts.len(), books.call.attempts as usize, "{books:?}");
        let sum: Option<i64> = books.attempts.iter().map(|attempt| attempt.cost_ticks).sum();
        assert_eq!(sum, books.call.cost_ticks, "{books:?}");
    }
    println!("{} calls: {classes:?}", calls.len());
    assert!(
        calls.len() > CALLS / 2 && classes.contains_key("ok") && classes.contains_key("client_left"),
        "{classes:?}"
    );
}

/// What the metrics counted is what the ledger has.
fn check_metrics(calls: &[Books], metrics: &Metrics) {
    let attempts: Vec<&Attempt> = calls.iter().flat_map(|books| &books.attempts).collect();
    let cost: i64 = attempts.iter().filter_map(|attempt| attempt.cost_ticks).sum();
    assert_eq!(metrics.count("wayleave_cost_ticks_total", &[]), cost);
    assert_eq!(metrics.count("wayleave_call_cost_ticks_total", &[]), cost);
    let unpriced = attempts
        .iter()
        .filter(|attempt| attempt.cost_ticks.is_none())
        .count();
    assert_eq!(
        metrics.count("wayleave_unpriced_calls_total", &[]),
        i64::try_from(unpriced).unwrap()
    );
    for class in attempts.iter().map(|attempt| &attempt.class) {
        let of_class = attempts.iter().filter(|attempt| attempt.class == *class).count();
        let counted = metrics.count("wayleave_attempts_total", &[("class", class)]);
        assert_eq!(
            counted,
            i64::try_from(of_class).unwrap(),
            "attempts that ended as {class}"
        );
    }
    for class in calls.iter().map(|books| &books.call.class) {
        let of_class = calls.iter().filter(|books| books.call.class == *class).count();
        let counted = metrics.count("wayleave_calls_total", &[("class", class)]);
        assert_eq!(
            counted,
            i64::try_from(of_class).unwrap(),
            "calls that ended as {class}"
        );
    }
    println!(
        "{} attempts, {cost} ticks, {unpriced} without a price",
        attempts.len()
    );
}
