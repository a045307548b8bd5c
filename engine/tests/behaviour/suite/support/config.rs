//! Configurations.

use std::sync::Arc;
use std::time::Duration;

use wayleave_core::format::{Paths, WireFormat};
use wayleave_core::outcome::FallbackOn;
use wayleave_core::price::{Overlay, OverlayPrice};
use wayleave_core::secret::Secret;
use wayleave_core::snapshot::cache::{
    Cache, CacheRules, CacheState, KeyParts, Method, Partition, Store, ToolCalls,
};
use wayleave_core::snapshot::{
    Accept, Access, Endpoint, Limits, Losers, ModelClaim, ObjectName, Pick, Provider, Retry, Route,
    RouteRules, Rule, Snapshot, Step, Target, Timeouts, Unsupported,
};
use wayleave_core::vendor::{Auth, Vendor};

/// A provider key `team/NAME` at the simulator, with the credential `sk-NAME`. It costs 1 dollar per million tokens of
/// input and 2 of output.
#[derive(Clone)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    vendor: Vendor,
    url: Option<String>,
    secrets: Vec<(String, u32)>,
    limits: Limits,
    price: Option<(&'static str, &'static str)>,
    ca_pem: Option<String>,
    broken: Option<&'static str>,
    paths: Paths,
    region: Option<&'static str>,
    /// What names the credential in the ledger, where its text does not.
    entry: Option<&'static str>,
}

impl Key {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            vendor: *Vendor::named("Custom").expect("a row"),
            url: None,
            secrets: vec![(format!("sk-{name}"), 1)],
            limits: Limits::default(),
            price: Some(("1", "2")),
            ca_pem: None,
            broken: None,
            paths: Paths::Plain,
            region: None,
            entry: None,
        }
    }

    pub(crate) fn vendor(self, name: &str) -> Self {
        Self {
            vendor: *Vendor::named(name).expect("a row"),
            ..self
        }
    }

    /// Several credentials with their weights. In the ledger they are named `team/SECRET`.
    pub(crate) fn secrets(self, secrets: &[(&str, u32)]) -> Self {
        let secrets = secrets
            .iter()
            .map(|(secret, weight)| ((*secret).to_owned(), *weight))
            .collect();
        Self { secrets, ..self }
    }

    /// One credential, which is named `team/entry`.
    pub(crate) fn entry(self, text: &str) -> Self {
        let key = self.secrets(&[(text, 1)]);
        Self {
            entry: Some("team/entry"),
            ..key
        }
    }

    /// With the credential shown in another way.
    pub(crate) fn auth(self, auth: Auth) -> Self {
        let vendor = Vendor { auth, ..self.vendor };
        Self { vendor, ..self }
    }

    pub(crate) fn region(self, region: &'static str) -> Self {
        Self {
            region: Some(region),
            ..self
        }
    }

    pub(crate) fn paths(self, paths: Paths) -> Self {
        Self { paths, ..self }
    }

    pub(crate) fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Dollars per million tokens of input and of output.
    pub(crate) fn price(self, input: &'static str, output: &'static str) -> Self {
        Self {
            price: Some((input, output)),
            ..self
        }
    }

    pub(crate) fn unpriced(self) -> Self {
        Self { price: None, ..self }
    }

    /// Somewhere else than at the simulator.
    pub(crate) fn at(self, url: String) -> Self {
        Self {
            url: Some(url),
            ..self
        }
    }

    /// With certificates of its own.
    pub(crate) fn trusting(self, pem: &str) -> Self {
        Self {
            ca_pem: Some(pem.to_owned()),
            ..self
        }
    }

    pub(crate) fn broken(self, reason: &'static str) -> Self {
        Self {
            broken: Some(reason),
            ..self
        }
    }

    fn provider(&self, simulator: &str) -> Provider {
        let name = team(self.name);
        if let Some(reason) = self.broken {
            let access = Access::Broken(reason.to_owned());
            return Provider { name, access };
        }
        let version = match self.vendor.format {
            WireFormat::AnthropicMessages | WireFormat::BedrockConverse => "",
            WireFormat::GeminiGenerate => "/v1beta",
            WireFormat::OpenAIChat
            | WireFormat::OpenAIResponses
            | WireFormat::OpenAICompletions
            | WireFormat::OpenAIEmbeddings
            | WireFormat::AnthropicTokens => "/v1",
        };
        let url = self
            .url
            .clone()
            .unwrap_or_else(|| format!("{simulator}/{}{version}", self.name));
        let key = |(secret, weight): &(String, u32)| wayleave_core::snapshot::Key {
            name: self
                .entry
                .map_or_else(|| format!("team/{secret}").into(), Arc::from),
            secret: Secret::new(secret.as_str()),
            weight: *weight,
        };
        let price = |(input, output): (&str, &str)| OverlayPrice {
            model: "*".into(),
            input_per_million: input.parse().expect("dollars"),
            output_per_million: output.parse().expect("dollars"),
            cache_read_per_million: None,
            cache_write_per_million: None,
        };
        let endpoint = Endpoint {
            vendor: self.vendor,
            url: url.into(),
            paths: self.paths.clone(),
            region: self.region.map(Arc::from),
            keys: self.secrets.iter().map(key).collect(),
            ca_pem: self.ca_pem.as_deref().map(Arc::from),
            prices: Overlay {
                prices: self.price.map(price).into_iter().collect(),
                ..Overlay::default()
            },
            capabilities: Vec::new(),
            limits: self.limits,
        };
        Provider {
            name,
            access: Access::Ready(Arc::new(endpoint)),
        }
    }
}

pub(crate) fn team(name: &str) -> ObjectName {
    ObjectName::new("team", name)
}

/// A model of a provider key. How the simulator answers stands behind its name: `m?status=500`.
pub(crate) fn target(provider: &str, model: &str) -> Target {
    Target {
        provider: team(provider),
        model: Some(model.into()),
        weight: 1,
    }
}

/// A step of one target.
pub(crate) fn pick(provider: &str, model: &str) -> Step {
    Step::Pick {
        pick: Pick::Weighted,
        targets: vec![target(provider, model)],
    }
}

/// A race that starts all lanes together and takes any answer.
pub(crate) fn race(lanes: &[(&str, &str)]) -> Step {
    Step::Race {
        targets: lanes
            .iter()
            .map(|(provider, model)| target(provider, model))
            .collect(),
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

/// One route `team/chat` for the model `chat`.
pub(crate) fn snapshot(simulator: &str, keys: &[Key], rule: Rule) -> Snapshot {
    let route = Route {
        name: team("chat"),
        created: None,
        models: vec![ModelClaim {
            pattern: "chat".into(),
            owned: true,
        }],
        rules: RouteRules::Rules(vec![rule]),
    };
    Snapshot {
        routes: vec![route],
        providers: keys.iter().map(|key| key.provider(simulator)).collect(),
        ..Snapshot::default()
    }
}

/// A cache in memory for each credential.
pub(crate) fn cache_rules() -> CacheRules {
    CacheRules {
        ttl: Duration::from_secs(600),
        partition: Partition::Credential,
        key: KeyParts::default(),
        methods: [
            Method::Chat,
            Method::Completions,
            Method::Responses,
            Method::Messages,
            Method::Generate,
            Method::Embeddings,
        ]
        .into(),
        max_entry_bytes: 1 << 20,
        max_temperature: "0".parse().expect("a ratio"),
        tool_calls: ToolCalls::Skip,
        store: Store::Memory { max_bytes: 64 << 20 },
        semantic: None,
    }
}

/// The same with a cache on the route.
pub(crate) fn cached(snapshot: Snapshot, rules: CacheRules) -> Snapshot {
    let cache = Cache {
        name: team("kept"),
        routes: vec![team("chat")],
        rules: CacheState::Ready(rules.into()),
    };
    Snapshot {
        caches: vec![cache],
        ..snapshot
    }
}
