//! An engine in front of a simulator.

use std::time::Duration;

use tokio::time::Instant;
use wayleave_core::snapshot::cache::CacheRules;
use wayleave_core::snapshot::{Rule, Step};
use wayleave_engine::call::Answer;
use wayleave_engine::{Engine, EngineOptions};
use wayleave_sim::{RecordedRequest, Sim, SimOptions};

use super::{Ask, Books, Got, Key, SOON, cached, pick, rule, snapshot};

pub(crate) struct Gateway {
    pub(crate) engine: Engine,
    pub(crate) sim: Sim,
}

impl Gateway {
    /// With one route `chat` of this rule.
    pub(crate) fn start(keys: &[Key], rule: Rule) -> Self {
        Self::start_with(EngineOptions::default(), keys, rule)
    }

    pub(crate) fn start_with(options: EngineOptions, keys: &[Key], rule: Rule) -> Self {
        let sim = Sim::start(SimOptions::default()).expect("a simulator");
        let engine = Engine::start(options).expect("an engine");
        engine.apply(snapshot(&sim.base_url(), keys, rule));
        Self { engine, sim }
    }

    /// With a chain of providers, each with one model.
    pub(crate) fn chain(targets: &[(&'static str, &str)]) -> Self {
        let steps = targets
            .iter()
            .map(|(provider, model)| pick(provider, model))
            .collect();
        Self::start(&keys(targets), rule(steps))
    }

    /// With a chain of providers before which there is a cache.
    pub(crate) fn cached(targets: &[(&'static str, &str)], rules: CacheRules) -> Self {
        let gateway = Self::chain(targets);
        gateway.cache(targets, rules);
        gateway
    }

    /// Puts a cache of these rules before the chain.
    pub(crate) fn cache(&self, targets: &[(&'static str, &str)], rules: CacheRules) {
        let steps = targets.iter().map(|(provider, model)| pick(provider, model));
        let chain = snapshot(&self.sim.base_url(), &keys(targets), rule(steps.collect()));
        self.engine.apply(cached(chain, rules));
    }

    /// With one step.
    pub(crate) fn step(providers: &[&'static str], step: Step) -> Self {
        let keys: Vec<Key> = providers.iter().map(|name| Key::new(name)).collect();
        Self::start(&keys, rule(vec![step]))
    }

    pub(crate) async fn answer(&self, ask: Ask) -> Answer {
        self.engine.run(ask.call()).await
    }

    pub(crate) async fn ask(&self, ask: Ask) -> Got {
        Got::read(self.answer(ask).await).await
    }

    /// The records of a call, once it is over.
    pub(crate) async fn books(&self, call: &str) -> Books {
        let read = || Books::read(self.engine.ledger(Some(call), usize::MAX));
        eventually("the call's record", || read().is_some()).await;
        read().expect("just seen")
    }

    /// The records of the only call so far, once it is over.
    pub(crate) async fn only_books(&self) -> Books {
        let read = || Books::read(self.engine.ledger(None, usize::MAX));
        eventually("the call's record", || read().is_some()).await;
        read().expect("just seen")
    }

    /// Waits until nothing is done behind the clients' backs either.
    pub(crate) async fn engine_is_quiet(&self) {
        let settled = || self.metric("wayleave_behind") == 0;
        eventually("the end of what is done behind the clients' backs", settled).await;
    }

    /// What was sent to a provider, in order.
    pub(crate) fn sent_to(&self, provider: &str) -> Vec<RecordedRequest> {
        let prefix = format!("/{provider}/");
        let to_it = |request: &RecordedRequest| request.path.starts_with(&prefix);
        self.sim.requests().into_iter().filter(to_it).collect()
    }

    /// Waits until the simulator has so many requests with their bodies.
    pub(crate) async fn asked(&self, count: usize) {
        let read = |requests: &[RecordedRequest]| {
            requests.iter().filter(|request| request.model.is_some()).count() >= count
        };
        self.sim.wait_for(read, SOON).await.expect("requests");
    }

    /// The sum of all samples of a counter.
    pub(crate) fn metric(&self, name: &str) -> i64 {
        self.metric_of(name, "")
    }

    /// The sum of the samples of a counter whose labels contain a text.
    pub(crate) fn metric_of(&self, name: &str, labels: &str) -> i64 {
        let text = self.engine.metrics();
        let of_it = |line: &&str| {
            let rest = line.strip_prefix(name);
            rest.is_some_and(|rest| rest.starts_with(['{', ' '])) && line.contains(labels)
        };
        let value = |line: &str| {
            line.rsplit(' ')
                .next()
                .and_then(|value| value.parse::<i64>().ok())
        };
        text.lines().filter(of_it).filter_map(value).sum()
    }
}

fn keys(targets: &[(&'static str, &str)]) -> Vec<Key> {
    let mut keys: Vec<Key> = Vec::new();
    for (provider, _) in targets {
        if keys.iter().all(|key| key.name != *provider) {
            keys.push(Key::new(provider));
        }
    }
    keys
}

/// Looks again and again until it is so.
pub(crate) async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let until = Instant::now() + SOON;
    while !holds() {
        assert!(Instant::now() < until, "never came: {what}");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}
