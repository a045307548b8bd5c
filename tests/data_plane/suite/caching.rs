//! Gateways with one cache in a Redis of their own, for the suites of the cache.

use std::time::Duration;

use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;
use serde_json::{Value, json};
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Answer, Client, Format, Front, Gateway, Manifests, Redis, until};

/// How long something may take on a machine that builds at the same time.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// The longest that a policy lets a call wait for its store: a machine that builds at the same time is slow.
pub(crate) const PATIENT: &str = "50ms";

/// Two gateways that share answers.
pub(crate) struct Pair {
    pub(crate) redis: Redis,
    pub(crate) sim: Sim,
    pub(crate) gateways: [Gateway; 2],
    pub(crate) connection: MultiplexedConnection,
    /// What was kept when it began.
    known: Vec<String>,
}

/// How a call asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    pub(crate) format: Format,
    pub(crate) stream: bool,
}

/// In both formats, streamed and not.
pub(crate) const WAYS: [Way; 4] = [
    Way::new(Format::OpenAi, false),
    Way::new(Format::OpenAi, true),
    Way::new(Format::Anthropic, false),
    Way::new(Format::Anthropic, true),
];

impl Way {
    pub(crate) const PLAIN: Self = Self::new(Format::OpenAi, false);

    const fn new(format: Format, stream: bool) -> Self {
        Self { format, stream }
    }

    fn request(self, question: &str) -> Value {
        let mut request = self.format.request("chat", self.stream);
        request["messages"] = json!([{"role": "user", "content": question}]);
        request
    }

    /// Asks, and wants a whole and good answer.
    pub(crate) async fn ask(self, client: &Client, question: &str) -> Answer {
        let answer = client.ask(self.format, &self.request(question)).await;
        assert!(answer.status == 200 && answer.complete, "{}", answer.text());
        assert!(!self.said(&answer).is_empty(), "{}", answer.text());
        answer
    }

    pub(crate) fn said(self, answer: &Answer) -> String {
        answer.said(self.format)
    }
}

/// What the cache did.
pub(crate) fn cache(answer: &Answer) -> &str {
    answer.header("x-wayleave-cache")
}

/// A route `chat` to one provider, whose answers are kept in a Redis; with further lines of the policy.
fn manifests(sim: &Sim, redis: &Redis, upstream: &str, timeout: &str, policy: &str) -> Manifests {
    Manifests::default()
        .openai("p", sim)
        .to("chat", "p", upstream)
        .document(&format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: redis}}\nstringData: {{url: \"{}\"}}\n",
            redis.url()
        ))
        .document(&format!(
            "apiVersion: wayleave.dev/v1alpha1\nkind: CachePolicy\nmetadata: {{name: cache}}\nspec:\n  targetRefs: \
             [{{kind: LLMRoute, name: chat}}]\n  ttl: 10m\n  store: {{redis: {{urlSecretRef: {{name: redis, key: \
             url}}, timeout: {timeout}}}}}\n{policy}"
        ))
}

impl Pair {
    /// `None`: there is no redis-server on this machine.
    pub(crate) async fn start(
        front: Front,
        upstream: &str,
        timeout: &str,
        policies: [&str; 2],
    ) -> Option<Self> {
        let redis = Redis::start(&[]).await?;
        let sim = Sim::start(SimOptions::default()).unwrap();
        let start =
            async |policy| Gateway::start(front, &manifests(&sim, &redis, upstream, timeout, policy)).await;
        let gateways = [start(policies[0]).await, start(policies[1]).await];
        let mut pair = Self {
            connection: redis.connection().await,
            known: Vec::new(),
            redis,
            sim,
            gateways,
        };
        pair.connected().await;
        pair.known = pair.kept().await;
        Some(pair)
    }

    /// A client of the first gateway, and the same one of the second.
    pub(crate) fn client(&self) -> [Client; 2] {
        let client = self.gateways[0].client();
        let other = client.at(self.gateways[1].address);
        [client, other]
    }

    /// Waits until both gateways have answers of the store.
    pub(crate) async fn connected(&self) {
        for client in self.client() {
            until("a hit", SOON, async || {
                let answer = Way::PLAIN.ask(&client, "Are you there?").await;
                (cache(&answer) == "hit").then_some(())
            })
            .await;
        }
    }

    async fn kept(&self) -> Vec<String> {
        self.connection.clone().keys("*").await.unwrap()
    }

    /// The names of what is kept since it began, as soon as it is so much.
    pub(crate) async fn names(&self, count: usize) -> Vec<String> {
        until("what is kept", SOON, async || {
            let mut names = self.kept().await;
            names.retain(|name| !self.known.contains(name));
            (names.len() == count).then_some(names)
        })
        .await
    }

    pub(crate) async fn finish(self) {
        for gateway in self.gateways {
            gateway.finish().await;
        }
    }
}
