//! Changes of the manifests while calls come in.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::manifests::{one_target, route};
use wayleave_tests::{Client, Format, Front, Gateway, HEAVY, Manifests, on_every_front, until};

on_every_front!(
    no_call_fails_and_changes_hold_within_a_second,
    the_last_good_stays
);

/// 200 requests per second.
const PACE: Duration = Duration::from_millis(5);
/// Calls at a time; at this pace a machine that keeps up needs far fewer.
const IN_FLIGHT: usize = 50;
/// The promise.
const IN_FORCE: Duration = Duration::from_secs(1);
/// Between a change that holds and the next.
const BETWEEN: Duration = Duration::from_millis(400);
const SOON: Duration = Duration::from_secs(20);

/// What came of a call under load.
struct Sample {
    /// When the answer was there.
    at: Instant,
    /// The model that served it, or what went wrong.
    served: Result<String, String>,
}

/// Calls at a fixed pace until it is stopped. A machine that cannot keep up gets fewer of them.
struct Load {
    samples: Arc<Mutex<Vec<Sample>>>,
    stop: CancellationToken,
    running: JoinHandle<()>,
}

impl Load {
    fn start(client: Client) -> Self {
        let samples: Arc<Mutex<Vec<Sample>>> = Arc::default();
        let stop = CancellationToken::new();
        let (kept, stopped) = (Arc::clone(&samples), stop.clone());
        let running = tokio::spawn(async move {
            let mut ticks = interval(PACE);
            ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
            let mut calls = JoinSet::new();
            while stopped.run_until_cancelled(ticks.tick()).await.is_some() {
                while calls.try_join_next().is_some() {}
                if calls.len() >= IN_FLIGHT {
                    continue;
                }
                let (client, kept) = (client.clone(), Arc::clone(&kept));
                calls.spawn(async move {
                    let served = served_by(client).await;
                    kept.lock().unwrap().push(Sample {
                        at: Instant::now(),
                        served,
                    });
                });
            }
            calls.join_all().await;
        });
        Self {
            samples,
            stop,
            running,
        }
    }

    /// When a model served for the first time; `None`: it has not yet.
    fn first(&self, model: &str) -> Option<Instant> {
        let samples = self.samples.lock().unwrap();
        let served = samples
            .iter()
            .filter(|sample| sample.served.as_deref() == Ok(model));
        served.map(|sample| sample.at).min()
    }

    /// How many calls there were, and what went wrong.
    async fn stop(self) -> (usize, Vec<String>) {
        self.stop.cancel();
        self.running.await.unwrap();
        let samples = self.samples.lock().unwrap();
        let failed = samples.iter().filter_map(|sample| sample.served.clone().err());
        (samples.len(), failed.collect())
    }
}

/// The model that serves a call.
async fn served_by(client: Client) -> Result<String, String> {
    let format = Format::OpenAi;
    let body = format.request("chat", false).to_string();
    let call = client.post(format, format.path(), &[], body);
    let streaming = match timeout(SOON, call).await {
        Err(_) => return Err("no answer in time".to_owned()),
        Ok(Err(error)) => return Err(format!("{error:#}")),
        Ok(Ok(streaming)) => streaming,
    };
    let answer = client.read(streaming).await;
    let target = answer
        .header("x-wayleave-target")
        .rsplit('/')
        .next()
        .map(str::to_owned);
    match (answer.status.as_u16(), target) {
        (200, Some(target)) if answer.complete => Ok(target),
        (status, _) => Err(format!("{status}: {}", answer.text())),
    }
}

async fn no_call_fails_and_changes_hold_within_a_second(front: Front) {
    const CHANGES: usize = 7;
    let _alone = HEAVY.lock().await;
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default().openai("p", &sim);
    let gateway = Gateway::start(front, &manifests).await;
    let version = |number: usize| route("chat", &one_target("p", &format!("v{number}")));
    gateway.write("chat.yaml", &version(0));
    serves(&gateway, "v0").await;

    let begun = Instant::now();
    let load = Load::start(gateway.client());
    let mut held = Vec::new();
    for number in 1..=CHANGES {
        tokio::time::sleep(BETWEEN).await;
        let written = Instant::now();
        gateway.write("chat.yaml", &version(number));
        let first = until("a call that the new version served", SOON, async || {
            load.first(&format!("v{number}"))
        });
        held.push(first.await.saturating_duration_since(written));
    }
    tokio::time::sleep(BETWEEN).await;
    let (calls, failed) = load.stop().await;

    assert!(
        failed.is_empty(),
        "{} of {calls} calls failed: {:?}",
        failed.len(),
        failed.first()
    );
    held.sort_unstable();
    println!(
        "{calls} calls in {:?}, none failed; the changes held after {held:?}",
        begun.elapsed()
    );
    assert!(calls >= CHANGES * 50, "{calls} calls");
    // A machine that is busy otherwise may delay some of them.
    assert!(held[CHANGES / 2] < IN_FORCE, "{held:?}");
    gateway.log.assert_calm();
    gateway.finish().await;
}

/// Broken versions of a good manifest, and the field that the log has to name.
fn broken(good: &str) -> [(String, &'static str); 6] {
    [
        (good.replace("steps:", "stops:"), "rules[0].stops"),
        (good.replace("models: [chat]", "models: chat"), "spec.models"),
        (
            format!("{good}    retry: {{attempts: many}}\n"),
            "rules[0].retry.attempts",
        ),
        (
            format!("{good}    timeouts: {{total: soon}}\n"),
            "rules[0].timeouts.total",
        ),
        (
            good.replace("providerKey: p,", "providerKey: nowhere,"),
            "rules[0].steps[0].targets[0].providerKey",
        ),
        (format!("{good}\n: }}{{"), ""),
    ]
}

/// Waits until a model is served by a target.
async fn serves(gateway: &Gateway, target: &str) {
    let end = format!("/{target}");
    until(&format!("{target} in force"), SOON, async || {
        let answer = gateway.client().chat("chat").await;
        answer.header("x-wayleave-target").ends_with(&end).then_some(())
    })
    .await;
}

async fn the_last_good_stays(front: Front) {
    let sim = Sim::start(SimOptions::default()).unwrap();
    let manifests = Manifests::default().openai("p", &sim);
    let gateway = Gateway::start(front, &manifests).await;
    let good = route("chat", &one_target("p", "good"));
    gateway.write("chat.yaml", &good);
    serves(&gateway, "good").await;
    for (text, field) in broken(&good) {
        let before = gateway.log.messages("ERROR").len();
        gateway.write("chat.yaml", &text);
        let told = until(&format!("a word about {field}"), SOON, async || {
            gateway.log.messages("ERROR").get(before).cloned()
        })
        .await;
        println!("{told}");
        assert!(
            told.contains("chat.yaml:") && told.contains(field),
            "{field}: {told}"
        );
        let line = told
            .split("chat.yaml:")
            .nth(1)
            .and_then(|rest| rest.split(':').next());
        assert!(
            line.is_some_and(|line| line.parse::<u32>().is_ok()),
            "no line: {told}"
        );
        let answer = gateway.client().chat("chat").await;
        assert_eq!(answer.status, 200, "{field}: {}", answer.text());
        assert!(answer.header("x-wayleave-target").ends_with("/good"), "{field}");
    }
    gateway.write("chat.yaml", &route("chat", &one_target("p", "mended")));
    serves(&gateway, "mended").await;
    gateway.finish().await;
}
