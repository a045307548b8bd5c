//! What the suite shares.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::task::JoinHandle;
use wayleave_sim::{Sim, SimOptions};
use wayleave_tests::{Client, Cluster, Plane, Site, until};

/// How long a change may take to be served, on a machine that builds at the same time.
pub(super) const SOON: Duration = Duration::from_secs(60);

/// A simulated provider.
pub(super) fn sim() -> Sim {
    Sim::start(SimOptions::default()).expect("a simulated provider")
}

/// A site with the objects `openai` (a key) and `chat` (a route to its model `upstream`), not yet served.
pub(super) async fn site<'c>(cluster: &'c Cluster, sim: &Sim) -> Site<'c> {
    let site = Site::new(cluster).await;
    let manifests = site
        .manifests()
        .openai("openai", sim)
        .to("chat", "openai", "upstream");
    site.apply(&manifests).await;
    site
}

/// The model that serves a call; `Err`: the status and the body.
pub(super) async fn served(client: &Client, model: &str) -> Result<String, String> {
    let answer = client.chat(model).await;
    if answer.status.as_u16() == 200 {
        Ok(answer.json()["model"].as_str().unwrap_or_default().to_owned())
    } else {
        Err(format!("{} {}", answer.status, answer.text()))
    }
}

/// Waits until calls for `model` are served by `upstream`.
pub(super) async fn serves(plane: &Plane, model: &str, upstream: &str) {
    until(&format!("{model} is served by {upstream}"), SOON, async || {
        (served(plane.client(), model).await.as_deref() == Ok(upstream)).then_some(())
    })
    .await;
}

/// Waits until calls for `model` fail with a text that contains `why`.
pub(super) async fn fails(plane: &Plane, model: &str, why: &str) {
    until(&format!("{model} fails: {why}"), SOON, async || {
        let failed = served(plane.client(), model).await.err()?;
        failed.contains(why).then_some(())
    })
    .await;
}

/// Waits until an object that is made now is younger than one of this time.
pub(super) async fn a_second_after(created: &str) {
    let created: jiff::Timestamp = created.parse().expect("a time");
    until("a second has passed", SOON, async || {
        (jiff::Timestamp::now().as_second() > created.as_second()).then_some(())
    })
    .await;
}

/// Calls one after the other, none of which may fail.
pub(super) struct Load {
    stop: Arc<AtomicBool>,
    calls: Arc<AtomicUsize>,
    running: JoinHandle<Vec<String>>,
}

impl Load {
    pub(super) fn start(plane: &Plane, model: &'static str) -> Self {
        Self::of(plane.client().clone(), model)
    }

    pub(super) fn of(client: Client, model: &'static str) -> Self {
        let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (stopped, counted) = (Arc::clone(&stop), Arc::clone(&calls));
        let running = tokio::spawn(async move {
            let mut failed = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                failed.extend(served(&client, model).await.err());
                counted.fetch_add(1, Ordering::Relaxed);
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            failed
        });
        Self { stop, calls, running }
    }

    /// Waits for so many more calls.
    pub(super) async fn more(&self, calls: usize) {
        let wanted = self.calls.load(Ordering::Relaxed) + calls;
        until("further calls", SOON, async || {
            (self.calls.load(Ordering::Relaxed) >= wanted).then_some(())
        })
        .await;
    }

    /// Ends it.
    ///
    /// # Panics
    /// When a call failed.
    pub(super) async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        let failed = self.running.await.expect("the load ends");
        let calls = self.calls.load(Ordering::Relaxed);
        assert!(
            failed.is_empty(),
            "{} of {calls} calls failed, first: {:?}",
            failed.len(),
            failed.first()
        );
        assert!(calls > 10, "{calls} calls");
    }
}
