//! Keeps a stream to some server, for ever.

use std::time::Duration;

use fastrand::Rng;
use tokio::time::{Instant, sleep};

use crate::config::backoff::Backoff;
use crate::config::status::Status;
use crate::config::trouble::Trouble;

/// A stream that lasted so long is followed by another at once. Servers end theirs about hourly.
const STEADY: Duration = Duration::from_secs(1);

/// How an attempt at one address has ended.
#[derive(Debug)]
pub(super) struct Ended {
    /// Whether a whole configuration came.
    pub(super) served: bool,
    /// `None`: the server has ended the stream, as it does.
    pub(super) trouble: Option<Trouble>,
}

/// What can be attempted.
pub(super) trait Attempts {
    /// An address.
    type Target: Send + Sync;

    /// All addresses, and why there are not more.
    fn targets(&mut self) -> impl Future<Output = (Vec<Self::Target>, Vec<Trouble>)> + Send;

    /// Holds a stream to one, as long as it lasts.
    fn attempt(&mut self, target: &Self::Target) -> impl Future<Output = Ended> + Send;
}

/// Attempts in rounds: every address in random order without a pause; when none of them serves, a pause.
pub(super) async fn follow<A: Attempts>(mut attempts: A, status: &Status, mut rng: Rng) {
    let mut backoff = Backoff::default();
    loop {
        match round(&mut attempts, status, &mut rng).await {
            Some(lasted) if lasted >= STEADY => backoff = Backoff::default(),
            _ => sleep(backoff.next(&mut rng)).await,
        }
    }
}

/// How long a stream that served has lasted; `None`: there was none.
async fn round<A: Attempts>(attempts: &mut A, status: &Status, rng: &mut Rng) -> Option<Duration> {
    let (mut targets, mut troubles) = attempts.targets().await;
    rng.shuffle(&mut targets);
    for target in &targets {
        let began = Instant::now();
        let Ended { served, trouble } = attempts.attempt(target).await;
        status.ended(trouble.as_ref());
        if served {
            return Some(began.elapsed());
        }
        troubles.extend(trouble);
    }
    status.away(&troubles);
    None
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::config::server::ConfigServer;

    /// Two addresses; what `answer` says of the n-th attempt happens.
    struct Scripted {
        began: Arc<Mutex<Vec<(u8, Instant)>>>,
        answer: fn(usize) -> (bool, Duration),
    }

    impl Attempts for Scripted {
        type Target = u8;

        async fn targets(&mut self) -> (Vec<u8>, Vec<Trouble>) {
            (vec![1, 2], Vec::new())
        }

        async fn attempt(&mut self, target: &u8) -> Ended {
            let attempt = {
                let mut began = self.began.lock().unwrap();
                began.push((*target, Instant::now()));
                began.len() - 1
            };
            let (served, lasts) = (self.answer)(attempt);
            sleep(lasts).await;
            Ended {
                served,
                trouble: None,
            }
        }
    }

    /// The attempts of the first `time`.
    async fn attempts(time: Duration, answer: fn(usize) -> (bool, Duration)) -> Vec<(u8, Instant)> {
        let server = ConfigServer {
            servers: vec!["https://a".parse().unwrap()],
            ca_file: "ca".into(),
            token_file: "token".into(),
            node: "n".to_owned(),
            certificate: None,
        };
        let status = Status::new(&server);
        let began = Arc::default();
        let scripted = Scripted {
            began: Arc::clone(&began),
            answer,
        };
        let following = follow(scripted, &status, Rng::with_seed(7));
        tokio::time::timeout(time, following).await.unwrap_err();
        let began = began.lock().unwrap();
        began.clone()
    }

    fn pauses(attempts: &[(u8, Instant)]) -> Vec<Duration> {
        attempts.windows(2).map(|pair| pair[1].1 - pair[0].1).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_address_at_once_and_the_next_round_ever_later() {
        let attempts = attempts(Duration::from_secs(60), |_| (false, Duration::ZERO)).await;
        for round in attempts.chunks_exact(2) {
            assert_eq!(round[0].1, round[1].1, "no pause within a round");
            assert_eq!(round[0].0 + round[1].0, 3, "both addresses");
        }
        let firsts: Vec<u8> = attempts.iter().step_by(2).map(|(target, _)| *target).collect();
        assert!(firsts.contains(&1) && firsts.contains(&2), "{firsts:?}");
        let rounds = attempts.len() / 2;
        assert!((12..=80).contains(&rounds), "{rounds} rounds in a minute");
        let pauses = pauses(&attempts);
        assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(5_001)));
        let early: Duration = pauses.iter().take(6).sum();
        assert!(early <= Duration::from_millis(701), "{early:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_stream_that_served_the_next_comes_at_once() {
        // Away for ten attempts, then hourly ends, then away again.
        let attempts = attempts(Duration::from_secs(3 * 3_600 + 60), |attempt| match attempt {
            10..=12 => (true, Duration::from_secs(3_600)),
            _ => (false, Duration::ZERO),
        })
        .await;
        let pauses = pauses(&attempts);
        assert_eq!(pauses[10..13], [Duration::from_secs(3_600); 3]);
        let again: Duration = pauses[13..].iter().take(3).sum();
        assert!(
            again <= Duration::from_millis(301),
            "the pauses begin anew: {again:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_ends_every_stream_at_once_is_not_overrun() {
        let attempts = attempts(Duration::from_secs(60), |_| (true, Duration::ZERO)).await;
        assert!((12..=80).contains(&attempts.len()), "{}", attempts.len());
    }
}
