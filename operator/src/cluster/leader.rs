//! Who leads: the holder of a Lease. Only the leader serves data planes and writes statuses.
//!
//! A holder that could not renew in time stops by itself before anybody else can begin, so that there are never two.
//! Others judge a lease by how long they have seen it unchanged on their own clock: clocks of machines differ.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use kube::Api;
use kube::api::{ObjectMeta, PostParams};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

/// The clocks of an election.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long a lease is good for after it was renewed.
    pub duration: Duration,
    /// How long the holder goes on without being able to renew; shorter than `duration`.
    pub renew_within: Duration,
    /// Between two tries.
    pub retry: Duration,
}

impl Terms {
    /// The usual shares of a lease's duration: two thirds, and a seventh.
    pub fn of(duration: Duration) -> Self {
        Self {
            duration,
            renew_within: duration * 2 / 3,
            retry: duration / 7,
        }
    }

    /// When to stop waiting for something: a leader gives up in time, whatever it waits for.
    fn no_later(self, at: Instant, leads: bool, renewed: Instant) -> Instant {
        if leads {
            at.min(renewed + self.renew_within)
        } else {
            at
        }
    }
}

/// Takes part in the election until the end of the process.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// The leases of our namespace.
    pub leases: Api<Lease>,
    /// The name of the lease.
    pub lease: String,
    /// Who we are: another one for each process.
    pub identity: String,
    /// The clocks.
    pub terms: Terms,
}

/// A lease as it was first seen like this.
#[derive(Debug)]
struct Seen {
    version: Option<String>,
    since: Instant,
}

/// What is to be done about a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Make,
    Take,
    Renew,
    Wait,
}

/// Whose the lease is after a look at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Round {
    Ours,
    Anothers,
    /// Somebody wrote at the same time, perhaps only a label: the next look tells.
    Unclear,
}

impl Candidate {
    /// Tells at each change whether we lead, until `shutdown`; then gives the lease back.
    pub async fn run(self, leading: watch::Sender<bool>, shutdown: CancellationToken) {
        let mut seen = Seen {
            version: None,
            since: Instant::now(),
        };
        let mut renewed = Instant::now();
        loop {
            let began = Instant::now();
            let patience =
                self.terms
                    .no_later(began + self.terms.renew_within / 2, *leading.borrow(), renewed);
            let round = timeout_at(patience, self.round(&mut seen));
            match round.await {
                Ok(Ok(Round::Ours)) => {
                    renewed = began;
                    tell(&leading, true);
                }
                Ok(Ok(Round::Anothers)) => tell(&leading, false),
                Ok(Ok(Round::Unclear)) => {}
                Ok(Err(error)) => tracing::warn!("cannot take part in the election: {error}"),
                Err(_) => tracing::warn!("cannot take part in the election: the API server does not answer"),
            }
            if renewed.elapsed() >= self.terms.renew_within {
                tell(&leading, false);
            }
            let pause = self.terms.retry.mul_f64(0.9 + 0.2 * fastrand::f64());
            let wake = self
                .terms
                .no_later(Instant::now() + pause, *leading.borrow(), renewed);
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = sleep_until(wake) => {}
            }
        }
        if *leading.borrow() {
            tell(&leading, false);
            if let Ok(Err(error)) = timeout(self.terms.retry, self.give_back()).await {
                tracing::debug!("the lease was not given back: {error}");
            }
        }
    }

    /// One look at the lease.
    async fn round(&self, seen: &mut Seen) -> Result<Round, kube::Error> {
        let found = self.leases.get_opt(&self.lease).await?;
        let now = Instant::now();
        let step = step(found.as_ref(), &self.identity, self.terms.duration, seen, now);
        let wrote = match (step, found) {
            (Step::Wait, _) => return Ok(Round::Anothers),
            (Step::Make, _) | (Step::Take | Step::Renew, None) => {
                let lease = self.signed(Lease::default(), Step::Make);
                self.leases.create(&PostParams::default(), &lease).await
            }
            // Its resourceVersion goes along: if somebody was faster, the API server refuses.
            (step @ (Step::Take | Step::Renew), Some(found)) => {
                let lease = self.signed(found, step);
                self.leases
                    .replace(&self.lease, &PostParams::default(), &lease)
                    .await
            }
        };
        match wrote {
            Ok(_) => Ok(Round::Ours),
            Err(kube::Error::Api(status)) if status.code == 409 => Ok(Round::Unclear),
            Err(error) => Err(error),
        }
    }

    fn signed(&self, lease: Lease, step: Step) -> Lease {
        let now = MicroTime(Timestamp::now());
        let earlier = lease.spec.unwrap_or_default();
        let transitions = earlier.lease_transitions.unwrap_or_default();
        let (acquired, transitions) = match step {
            Step::Renew => (earlier.acquire_time, transitions),
            Step::Make | Step::Take | Step::Wait => (Some(now.clone()), transitions.saturating_add(1)),
        };
        Lease {
            metadata: ObjectMeta {
                name: Some(self.lease.clone()),
                ..lease.metadata
            },
            spec: Some(LeaseSpec {
                holder_identity: Some(self.identity.clone()),
                lease_duration_seconds: i32::try_from(self.terms.duration.as_secs().max(1)).ok(),
                acquire_time: acquired,
                renew_time: Some(now),
                lease_transitions: Some(transitions),
                ..LeaseSpec::default()
            }),
        }
    }

    /// So that the next one need not wait.
    async fn give_back(&self) -> Result<(), kube::Error> {
        let Some(mut lease) = self.leases.get_opt(&self.lease).await? else {
            return Ok(());
        };
        if holder(&lease) != Some(&self.identity) {
            return Ok(());
        }
        if let Some(spec) = &mut lease.spec {
            spec.holder_identity = None;
        }
        self.leases
            .replace(&self.lease, &PostParams::default(), &lease)
            .await?;
        Ok(())
    }
}

fn holder(lease: &Lease) -> Option<&String> {
    let holder = lease.spec.as_ref()?.holder_identity.as_ref();
    holder.filter(|holder| !holder.is_empty())
}

fn step(found: Option<&Lease>, identity: &str, duration: Duration, seen: &mut Seen, now: Instant) -> Step {
    let Some(lease) = found else {
        return Step::Make;
    };
    if seen.version != lease.metadata.resource_version {
        *seen = Seen {
            version: lease.metadata.resource_version.clone(),
            since: now,
        };
    }
    match holder(lease) {
        None => Step::Take,
        Some(holder) if holder == identity => Step::Renew,
        Some(_) => {
            // What the holder itself goes by, should it be configured for longer.
            let told = lease.spec.as_ref().and_then(|spec| spec.lease_duration_seconds);
            let told = told
                .and_then(|seconds| u64::try_from(seconds).ok())
                .map(Duration::from_secs);
            if now.duration_since(seen.since) > duration.max(told.unwrap_or_default()) {
                Step::Take
            } else {
                Step::Wait
            }
        }
    }
}

fn tell(leading: &watch::Sender<bool>, leads: bool) {
    leading.send_if_modified(|before| {
        let changed = *before != leads;
        if changed {
            tracing::info!(
                "{}",
                if leads {
                    "this operator leads now"
                } else {
                    "this operator does not lead any more"
                }
            );
        }
        *before = leads;
        changed
    });
}

#[cfg(test)]
mod tests;
