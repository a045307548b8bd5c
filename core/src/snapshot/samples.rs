//! Parts of configurations, for the tests of this crate.

use std::sync::Arc;
use std::time::Duration;

use super::cache::{
    Cache, CacheRules, CacheState, KeyParts, Method, Partition, Semantic, Store, ToolCalls, Verify,
};
use super::{
    Accept, Access, Endpoint, Key, Limits, Losers, ModelClaim, ObjectName, Pick, Provider, Retry, Route,
    RouteRules, Rule, Snapshot, Step, Target, Timeouts, Unsupported,
};
use crate::outcome::FallbackOn;
use crate::price::{Overlay, Ratio};
use crate::secret::Secret;
use crate::vendor::Vendor;

pub(crate) fn team(name: &str) -> ObjectName {
    ObjectName::new("team", name)
}

/// A provider key with credentials of these names and weights; none: keyless.
pub(crate) fn provider(name: &str, keys: &[(&str, u32)]) -> Provider {
    let key = |(name, weight): &(&str, u32)| Key {
        name: Arc::from(*name),
        secret: Secret::new(format!("secret-{name}")),
        weight: *weight,
    };
    let endpoint = Endpoint {
        vendor: *Vendor::named("Custom").expect("a row"),
        url: Arc::from(format!("http://{name}.test/v1")),
        paths: crate::format::Paths::Plain,
        region: None,
        keys: keys.iter().map(key).collect(),
        ca_pem: None,
        prices: Overlay::default(),
        capabilities: Vec::new(),
        limits: Limits::default(),
    };
    Provider {
        name: team(name),
        access: Access::Ready(Arc::new(endpoint)),
    }
}

pub(crate) fn broken_provider(name: &str, reason: &str) -> Provider {
    Provider {
        name: team(name),
        access: Access::Broken(reason.to_owned()),
    }
}

/// `PROVIDER` with its model `m-PROVIDER`.
pub(crate) fn target(provider: &str, weight: u32) -> Target {
    Target {
        provider: team(provider),
        model: Some(Arc::from(format!("m-{provider}"))),
        weight,
    }
}

/// A step of targets of equal weight.
pub(crate) fn pick(providers: &[&str]) -> Step {
    Step::Pick {
        pick: Pick::Weighted,
        targets: providers.iter().map(|name| target(name, 1)).collect(),
    }
}

pub(crate) fn race(providers: &[&str]) -> Step {
    Step::Race {
        targets: providers.iter().map(|name| target(name, 1)).collect(),
        stagger: Duration::ZERO,
        accept: Accept::default(),
        losers: Losers::Auto,
    }
}

pub(crate) fn rule(steps: Vec<Step>) -> Rule {
    Rule {
        when: None,
        steps,
        fallback_on: FallbackOn::default(),
        retry: Retry::default(),
        timeouts: Timeouts::default(),
        slow_stream: None,
        experiment: None,
        unsupported: Unsupported::Drop,
        max_cost: None,
        tasks: None,
    }
}

/// A route that owns its models.
pub(crate) fn route(name: ObjectName, models: &[&str], rules: Vec<Rule>) -> Route {
    let claim = |pattern: &&str| ModelClaim {
        pattern: Arc::from(*pattern),
        owned: true,
    };
    Route {
        name,
        created: None,
        models: models.iter().map(claim).collect(),
        rules: RouteRules::Rules(rules),
    }
}

/// The policy `team/NAME` of these routes: what a manifest that says nothing more means.
pub(crate) fn cache(name: &str, routes: &[&str]) -> Cache {
    Cache {
        name: team(name),
        routes: routes.iter().map(|route| team(route)).collect(),
        rules: CacheState::Ready(Arc::new(cache_rules())),
    }
}

/// The same with some of its rules changed.
pub(crate) fn cache_with(name: &str, routes: &[&str], change: impl FnOnce(&mut CacheRules)) -> Cache {
    let mut cache = cache(name, routes);
    if let CacheState::Ready(rules) = &mut cache.rules {
        change(Arc::make_mut(rules));
    }
    cache
}

/// Similar requests, by the model `embed` of this provider.
pub(crate) fn semantic(provider: &str) -> Semantic {
    Semantic {
        threshold: Semantic::DEFAULT_THRESHOLD,
        provider: team(provider),
        model: Arc::from("embed"),
        timeout: Duration::from_millis(300),
        max_turns: 3,
        verify: Verify::Words,
    }
}

/// One route `team/chat` for the model `chat`, with one rule of these steps.
pub(crate) fn serving(providers: Vec<Provider>, steps: Vec<Step>) -> Snapshot {
    Snapshot {
        routes: vec![route(team("chat"), &["chat"], vec![rule(steps)])],
        providers,
        ..Snapshot::default()
    }
}

/// A cache in memory for each credential.
pub(crate) fn cache_rules() -> CacheRules {
    CacheRules {
        ttl: Duration::from_secs(600),
        partition: Partition::Credential,
        key: KeyParts::default(),
        methods: Method::ALL.into_iter().collect(),
        max_entry_bytes: 1 << 20,
        max_temperature: Ratio::from_millionths(0),
        tool_calls: ToolCalls::Skip,
        store: Store::Memory { max_bytes: 64 << 20 },
        semantic: None,
    }
}
