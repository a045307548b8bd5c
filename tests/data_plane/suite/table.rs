//! Tables of cases: a route before a simulated provider, and how its calls have to end.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::StreamExt as _;
use wayleave_sim::{Outcome, RecordedRequest, Sim, SimOptions};
use wayleave_tests::ledger::{Attempt, Books};
use wayleave_tests::{Answer, Client, Format, Front, Gateway, Manifests};

/// Cases that run at a time: few enough that their clocks are right on two cores.
const AT_A_TIME: usize = 6;
/// How long a provider may take to see that its client has left: far more than it ever takes.
const SEEN_BY_PROVIDERS_WITHIN: Duration = Duration::from_secs(10);
/// Nobody listens there.
const CLOSED: &str = "http://127.0.0.1:1";

/// A route and its calls.
pub(crate) struct Case {
    name: &'static str,
    steps: Vec<Step>,
    rule: &'static str,
    way: Way,
    script: Option<(usize, Vec<&'static str>)>,
    calls: Vec<Expected>,
    check: fn(&Seen) -> anyhow::Result<()>,
}

/// How a case asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Once streamed and once not.
    Both,
    /// Streamed only.
    Streamed,
    /// Not streamed only.
    Whole,
}

/// A step of the route. Its targets are the simulator's behaviours.
enum Step {
    Target(&'static str),
    Race {
        terms: &'static str,
        lanes: Vec<&'static str>,
    },
}

/// How a call has to end.
struct Expected {
    status: u16,
    /// `PROVIDER ROLE CLASS, …`: the attempts in the order of their beginning. Providers are a, b, c … in the order
    /// of the route.
    attempts: &'static str,
}

/// What the last call of a case looked like.
pub(crate) struct Seen {
    pub(crate) answer: Answer,
    pub(crate) books: Books,
    /// The requests that came to the providers, of all calls.
    upstream: Vec<RecordedRequest>,
    prefix: String,
}

impl Case {
    /// A chain of targets, each a step of its own. `closed` is a target where nobody listens.
    pub(crate) fn chain(name: &'static str, targets: &[&'static str]) -> Self {
        let steps = targets.iter().map(|target| Step::Target(target)).collect();
        Self {
            name,
            steps,
            rule: "",
            way: Way::Both,
            script: None,
            calls: Vec::new(),
            check: |_| Ok(()),
        }
    }

    /// A race.
    pub(crate) fn race(name: &'static str, terms: &'static str, lanes: &[&'static str]) -> Self {
        let mut case = Self::chain(name, &[]);
        case.steps.push(Step::Race {
            terms,
            lanes: lanes.to_vec(),
        });
        case
    }

    /// Then a target.
    pub(crate) fn then(mut self, target: &'static str) -> Self {
        self.steps.push(Step::Target(target));
        self
    }

    /// Further members of the rule, as YAML.
    pub(crate) fn rule(mut self, rule: &'static str) -> Self {
        self.rule = rule;
        self
    }

    /// Asks only so.
    pub(crate) fn only(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// How the first requests to a target (0: a) are answered, instead of by its own behaviour.
    pub(crate) fn script(mut self, target: usize, behaviours: &[&'static str]) -> Self {
        self.script = Some((target, behaviours.to_vec()));
        self
    }

    /// One call, and how it has to end. A further one is a further call.
    pub(crate) fn gives(mut self, status: u16, attempts: &'static str) -> Self {
        self.calls.push(Expected { status, attempts });
        self
    }

    /// What else has to be true after the last call.
    pub(crate) fn and(mut self, check: fn(&Seen) -> anyhow::Result<()>) -> Self {
        self.check = check;
        self
    }

    fn ways(&self) -> Vec<bool> {
        match self.way {
            Way::Both => vec![false, true],
            Way::Streamed => vec![true],
            Way::Whole => vec![false],
        }
    }

    /// The route's model, and what the names of its providers begin with.
    fn model(&self, stream: bool) -> String {
        let name = self.name.replace('_', "-");
        if stream { format!("{name}-s") } else { name }
    }

    fn add(&self, manifests: Manifests, sim: &Sim, stream: bool) -> Manifests {
        let model = self.model(stream);
        let behaviours = self.steps.iter().flat_map(|step| match step {
            Step::Target(behaviour) => vec![*behaviour],
            Step::Race { lanes, .. } => lanes.clone(),
        });
        let mut manifests = manifests;
        for (letter, behaviour) in ('a'..).zip(behaviours) {
            let base = if behaviour == "closed" {
                CLOSED.to_owned()
            } else {
                sim.base_url()
            };
            manifests = manifests.provider(&format!("{model}-{letter}"), &base, Format::OpenAi, 1, "");
        }
        let mut letters = 'a'..;
        let mut target = |behaviour: &str| {
            let letter = letters.next().unwrap();
            format!("{{providerKey: {model}-{letter}, model: \"{model}.{letter}?{behaviour}\"}}")
        };
        let mut rule = String::from("steps:\n");
        for step in &self.steps {
            match step {
                Step::Target(behaviour) => {
                    rule.extend(["- targets: [", &target(behaviour), "]\n"]);
                }
                Step::Race { terms, lanes } => {
                    let lanes: Vec<String> = lanes.iter().map(|lane| target(lane)).collect();
                    rule.extend(["- race:\n    targets: [", &lanes.join(", "), "]\n"]);
                    terms.lines().for_each(|line| rule.extend(["    ", line, "\n"]));
                }
            }
        }
        rule.push_str(self.rule);
        manifests.route(&model, &rule)
    }

    async fn run(&self, gateway: &Gateway, client: &Client, sim: &Sim, stream: bool) -> anyhow::Result<()> {
        let model = self.model(stream);
        if let Some((target, behaviours)) = &self.script {
            let letter = ('a'..).nth(*target).unwrap();
            sim.script(&format!("{model}.{letter}"), behaviours)?;
        }
        let mut last = None;
        for (number, expected) in (1..).zip(&self.calls) {
            let answer = client
                .ask(Format::OpenAi, &Format::OpenAi.request(&model, stream))
                .await;
            let status = answer.status.as_u16();
            ensure!(
                status == expected.status,
                "call {number}: {status}: {}",
                answer.text()
            );
            let books = gateway.books(answer.id()).await;
            let seen = told(&books.attempts, &format!("{model}-"));
            ensure!(
                seen == expected.attempts,
                "call {number}: {seen}, instead of {}",
                expected.attempts
            );
            check_answer(&answer, &books)?;
            last = Some((answer, books));
        }
        let (answer, books) = last.context("a case without calls")?;
        let prefix = format!("{model}.");
        let of_this_case = |request: &RecordedRequest| {
            let model = request.model.as_deref();
            model.is_some_and(|model| model.starts_with(&prefix))
        };
        // The ledger can know of a cancelled request before its provider sees that its client left.
        let ended = |request: &RecordedRequest| request.outcome != Outcome::Running;
        sim.wait_for(
            |requests| requests.iter().filter(|request| of_this_case(request)).all(ended),
            SEEN_BY_PROVIDERS_WITHIN,
        )
        .await?;
        let upstream = sim.requests().into_iter().filter(of_this_case).collect();
        (self.check)(&Seen {
            answer,
            books,
            upstream,
            prefix,
        })
    }
}

/// What holds for every call.
fn check_answer(answer: &Answer, books: &Books) -> anyhow::Result<()> {
    let attempts = books.attempts.len();
    ensure!(
        answer.header("x-wayleave-attempts") == attempts.to_string(),
        "x-wayleave-attempts is wrong"
    );
    ensure!(
        books.call.status == Some(answer.status.as_u16()),
        "the ledger has status {:?}",
        books.call.status
    );
    if !answer.status.is_success() {
        Format::OpenAi.error_message(&answer.json());
    }
    let sum: Option<i64> = books.attempts.iter().map(|attempt| attempt.cost_ticks).sum();
    ensure!(
        sum == books.call.cost_ticks,
        "the attempts cost {sum:?}, the call {:?}",
        books.call.cost_ticks
    );
    Ok(())
}

/// `PROVIDER ROLE CLASS, …`, the providers without what their names begin with.
fn told(attempts: &[Attempt], prefix: &str) -> String {
    let told = attempts
        .iter()
        .map(|attempt| attempt.to_string().replacen(prefix, "", 1));
    told.collect::<Vec<_>>().join(", ")
}

impl Seen {
    /// The requests that came to a target.
    pub(crate) fn upstream(&self, letter: char) -> Vec<&RecordedRequest> {
        let model = format!("{}{letter}", self.prefix);
        self.upstream
            .iter()
            .filter(|request| request.model.as_deref() == Some(&model))
            .collect()
    }

    /// The time between the end of the attempt before and the beginning of this one (1: the second).
    pub(crate) fn gap(&self, attempt: usize) -> Duration {
        let before = &self.books.attempts[attempt - 1];
        let since = self.books.attempts[attempt]
            .started
            .duration_since(before.started);
        Duration::from_secs_f64((since.as_secs_f64() - before.duration_ms / 1_000.0).max(0.0))
    }

    /// Whether the stream told its client that it broke: an error and no good end.
    pub(crate) fn told_of_the_break(&self) -> anyhow::Result<()> {
        let events = self.answer.events();
        let ends = events.iter().any(|event| Format::OpenAi.is_end(event));
        ensure!(!ends, "a false end: {events:?}");
        let stops = events
            .iter()
            .any(|event| event["choices"][0]["finish_reason"] == "stop");
        ensure!(!stops, "a false stop: {events:?}");
        let error = events.last().is_some_and(|event| Format::OpenAi.is_error(event));
        ensure!(error, "the last event is no error: {events:?}");
        Ok(())
    }
}

/// Runs all cases against one gateway, and tells of all that failed.
pub(crate) async fn run(front: Front, cases: Vec<Case>) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let all: Vec<(&Case, bool)> = cases
        .iter()
        .flat_map(|case| case.ways().into_iter().map(move |stream| (case, stream)))
        .collect();
    let manifests = all
        .iter()
        .fold(Manifests::default(), |manifests, (case, stream)| {
            case.add(manifests, &sim, *stream)
        });
    let gateway = Gateway::start(front, &manifests).await;
    let client = gateway.client();
    let results = futures_util::stream::iter(all)
        .map(async |(case, stream)| {
            let way = if stream { "streamed" } else { "whole" };
            let result = case.run(&gateway, &client, &sim, stream).await;
            result
                .err()
                .map(|error| format!("{} ({way}): {error:#}", case.name))
        })
        .buffer_unordered(AT_A_TIME)
        .collect::<Vec<_>>()
        .await;
    let failed: Vec<String> = results.iter().flatten().cloned().collect();
    println!("{} cases, {} failed", results.len(), failed.len());
    assert!(failed.is_empty(), "\n{}", failed.join("\n"));
    gateway.log.assert_calm();
    gateway.finish().await;
}
