//! Plans by evidence in a world whose truth is known, in time that is told.

use std::time::Duration;

use wayleave_core::evidence::best::{Optimise, Reason};
use wayleave_core::plan::{Lane, Plan, PlannedStep};
use wayleave_core::price::Ratio;
use wayleave_core::route::route;
use wayleave_core::snapshot::Pick;
use wayleave_core::snapshot::experiment::Best;
use wayleave_core::table::Table;

use super::*;
use crate::health::Health;
use crate::tests::config::priced_pick;

const CALLS: usize = 20_000;
/// Calls come so fast.
const EACH: Duration = Duration::from_millis(100);

/// What is true of a target.
#[derive(Clone, Copy)]
struct Truth {
    name: &'static str,
    /// Dollars per million tokens of output.
    price: &'static str,
    first: Duration,
    per_token: Duration,
    tokens: u64,
    /// The mean score of its answers.
    quality: f64,
}

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

const TARGETS: [Truth; 4] = [
    Truth {
        name: "a",
        price: "10",
        first: millis(200),
        per_token: millis(10),
        tokens: 300,
        quality: 0.95,
    },
    // Cheap by the token, dear by the answer.
    Truth {
        name: "b",
        price: "6",
        first: millis(400),
        per_token: millis(8),
        tokens: 900,
        quality: 0.93,
    },
    Truth {
        name: "c",
        price: "8",
        first: millis(600),
        per_token: millis(20),
        tokens: 250,
        quality: 0.55,
    },
    Truth {
        name: "d",
        price: "30",
        first: millis(900),
        per_token: millis(30),
        tokens: 400,
        quality: 0.97,
    },
];

/// A rule's calls, one after the other.
struct Course {
    evidence: Evidence,
    health: Health,
    routed: Routed,
    rng: fastrand::Rng,
}

impl Course {
    fn new(pick: Pick) -> Self {
        let clock = Clock::start();
        let prices: Vec<_> = TARGETS.iter().map(|truth| (truth.name, truth.price)).collect();
        let table = Table::build(priced_pick(pick, &prices));
        Self {
            evidence: Evidence::new(clock, &mut Learned::default()),
            health: Health::new(clock),
            routed: route(&table, "chat", || unreachable!("no condition")).expect("a route"),
            rng: fastrand::Rng::with_seed(11),
        }
    }

    fn plan(&mut self) -> Plan {
        let headers = http::HeaderMap::new();
        let metadata = std::collections::BTreeMap::new();
        let wanted = wayleave_core::plan::Wanted {
            rule: &self.routed.rule,
            model: "chat",
            needs: wayleave_core::capability::Needs {
                input_tokens: 100,
                ..Default::default()
            },
            headers: &headers,
            metadata: &metadata,
            at: jiff::Timestamp::UNIX_EPOCH,
            min_score: None,
            arm: None,
        };
        let view = View {
            health: &self.health,
            evidence: &self.evidence,
            kind: Kind::of(&self.routed, None),
            streamed: true,
            conversation: None,
        };
        wayleave_core::plan::plan(&wanted, &view, &mut self.rng)
    }

    /// Makes one call in a world of this truth, and says who served it.
    async fn call(&mut self, truths: &[Truth]) -> Truth {
        let plan = self.plan();
        let PlannedStep::Chain(lanes) = &plan.steps[0] else {
            panic!("no race")
        };
        let lane = lanes[0].clone();
        self.serve(&lane, truths).await
    }

    /// The call is answered there.
    async fn serve(&mut self, lane: &Lane, truths: &[Truth]) -> Truth {
        let name = Name::new(&lane.target.provider, &lane.model);
        let truth = truths.iter().find(|truth| *truth.name == *name.provider.name);
        let truth = *truth.expect("a target of the world");
        // Half as long to one and a half times.
        let tokens = truth.tokens / 2 + self.rng.u64(0..=truth.tokens);
        let noise = self.rng.u32(80..=120);
        self.evidence.begin(&name);
        let ended = Ended::Answered(Answered {
            streamed: true,
            first: truth.first * noise / 100,
            rest: truth.per_token * u32::try_from(tokens).expect("few"),
            tokens,
        });
        self.evidence.end(&name, ended);
        let usage = Usage {
            output: tokens,
            ..Usage::default()
        };
        self.evidence
            .answered(&Kind::of(&self.routed, None), &name, None, &usage);
        tokio::time::advance(EACH).await;
        truth
    }
}

/// Millionths of a dollar that an answer costs on average.
fn cost(truth: &Truth) -> f64 {
    let price: f64 = truth.price.parse().expect("a number");
    #[expect(clippy::cast_precision_loss, reason = "small")]
    let tokens = truth.tokens as f64;
    price * tokens
}

/// Until the first hundred tokens are there, in seconds.
fn awaited(truth: &Truth) -> f64 {
    (truth.first + truth.per_token * 100).as_secs_f64()
}

/// What the calls came to, over what the best target would have.
fn regret(served: &[Truth], of: impl Fn(&Truth) -> f64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "few")]
    let calls = served.len() as f64;
    let least = TARGETS.iter().map(&of).fold(f64::INFINITY, f64::min);
    served.iter().map(&of).sum::<f64>() / (least * calls) - 1.0
}

fn fastest(explore_millionths: u32) -> Pick {
    Pick::Fastest {
        explore: Ratio::from_millionths(explore_millionths),
    }
}

/// The cheapest that scores 0.8, with a fifth of the calls judged and all that explore.
async fn best_of(truths: &[Truth], course: &mut Course) -> Truth {
    let plan = course.plan();
    let lane = plan.steps[0].lanes()[0].clone();
    let judged = lane.standing == Some(Reason::Exploring) || course.rng.u32(0..5) == 0;
    let truth = course.serve(&lane, truths).await;
    if judged {
        let score = f64::from(u8::from(course.rng.f64() < truth.quality));
        let kind = Kind::of(&course.routed, None);
        let name = Name::new(&lane.target.provider, &lane.model);
        course.evidence.scored(&kind, &name, score);
    }
    truth
}

fn best() -> Pick {
    Pick::Best(Box::new(Best {
        min_score: Ratio::from_millionths(800_000),
        optimise: Optimise::Cost,
        explore: Ratio::from_millionths(200_000),
        judge: None,
    }))
}

#[tokio::test(start_paused = true)]
async fn best_is_as_good_as_an_oracle_and_keeps_its_quality() {
    let mut course = Course::new(best());
    let mut served = Vec::new();
    for _ in 0..CALLS {
        served.push(best_of(&TARGETS, &mut course).await);
    }
    let good = TARGETS.iter().filter(|truth| truth.quality >= 0.8);
    let least = good.map(cost).fold(f64::INFINITY, f64::min);
    let mean = |of: &dyn Fn(&Truth) -> f64| {
        let learnt = &served[CALLS / 10..];
        #[expect(clippy::cast_precision_loss, reason = "few")]
        let calls = learnt.len() as f64;
        learnt.iter().map(of).sum::<f64>() / calls
    };
    let (ratio, quality) = (mean(&cost) / least, mean(&|truth| truth.quality));
    println!(
        "Best after {} calls: cost {ratio:.3} of an oracle's, quality {quality:.3}",
        CALLS / 10
    );
    assert!(ratio < 1.05, "{ratio}");
    assert!(quality > 0.79, "{quality}");
}

#[tokio::test(start_paused = true)]
async fn what_turns_bad_is_left_soon_and_found_again() {
    let mut course = Course::new(best());
    for _ in 0..2_000 {
        best_of(&TARGETS, &mut course).await;
    }
    assert_eq!(best_of(&TARGETS, &mut course).await.name, "a");
    let mut bad = TARGETS;
    bad[0].quality = 0.3;
    let mut judged = 0;
    let mut calls = 0;
    while calls < 2_000 && judged < 20 {
        calls += 1;
        judged = if best_of(&bad, &mut course).await.name == "a" {
            0
        } else {
            judged + 1
        };
    }
    // A fifth of the calls is judged.
    println!("left after {calls} calls, {} of them judged", calls / 5);
    assert!(calls / 5 <= 50, "{calls}");
    let mut again = 0;
    for _ in 0..8_000 {
        again += usize::from(best_of(&TARGETS, &mut course).await.name == "a");
    }
    assert!(again > 2_000, "{again}");
}

#[tokio::test(start_paused = true)]
async fn cheapest_is_as_good_as_an_oracle() {
    let mut course = Course::new(Pick::Cheapest);
    let mut served = Vec::new();
    for _ in 0..CALLS {
        served.push(course.call(&TARGETS).await);
    }
    let early = regret(&served[..2000], cost);
    let late = regret(&served[2000..], cost);
    println!("Cheapest: costs {early:.4} over the oracle in the first 2,000 calls, then {late:.4}");
    assert!(late < 0.05, "{late}");
}

#[tokio::test(start_paused = true)]
async fn fastest_is_near_an_oracle() {
    let mut course = Course::new(fastest(10_000));
    let mut served = Vec::new();
    for _ in 0..CALLS {
        served.push(course.call(&TARGETS).await);
    }
    let late = regret(&served[2000..], awaited);
    println!("Fastest: waits {late:.4} over the oracle");
    // Of four the better of two is the best in half of the draws, the second in a third.
    assert!(late < 0.25, "{late}");
    let worst = served.iter().filter(|truth| truth.name == "d").count();
    assert!(worst < CALLS / 100, "{worst}");
}

#[tokio::test(start_paused = true)]
async fn what_turns_slow_is_left_at_once_and_found_again() {
    let mut course = Course::new(fastest(10_000));
    let best = |truth: &Truth| truth.name == "a";
    let mut share = async |truths: &[Truth], calls: usize| {
        let mut served = 0;
        for _ in 0..calls {
            served += usize::from(best(&course.call(truths).await));
        }
        served
    };
    assert!(
        share(&TARGETS, 2000).await > 800,
        "the best is drawn in half of the pairs"
    );
    let mut slow = TARGETS;
    slow[0].first = millis(5000);
    let in_fifty = share(&slow, 50).await;
    assert!(in_fifty <= 3, "{in_fifty} of 50 went to what has turned slow");
    let later = share(&slow, 2000).await;
    assert!(later < 40, "{later} of 2,000");
    let healing = share(&TARGETS, 4000).await;
    assert!(
        healing > 1000,
        "{healing} of 4,000 went to what is the best again"
    );
}

#[tokio::test(start_paused = true)]
async fn a_conversation_is_warm_where_it_was() {
    let evidence = Evidence::new(Clock::start(), &mut Learned::default());
    let kind = Kind::of(&Course::new(Pick::Cheapest).routed, None);
    let (here, there) = (
        Name::new(&ObjectName::new("team", "a"), &"m".into()),
        Name::new(&ObjectName::new("team", "b"), &"m".into()),
    );
    let hello = Some(Digest::of([b"hello".as_slice()]));
    let usage = Usage {
        input: 10,
        cache_read: 900,
        cache_write_5m: 90,
        output: 1,
        ..Usage::default()
    };
    evidence.answered(&kind, &here, hello, &usage);
    assert_eq!(evidence.known(&kind, &here, false, hello).cached, 990);
    assert_eq!(evidence.known(&kind, &there, false, hello).cached, 0);
    assert_eq!(evidence.known(&kind, &here, false, None).cached, 0);
    let other = Some(Digest::of([b"other".as_slice()]));
    assert_eq!(evidence.known(&kind, &here, false, other).cached, 0);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_never_came_counts_as_slow() {
    let evidence = Evidence::new(Clock::start(), &mut Learned::default());
    let kind = Kind::of(&Course::new(Pick::Cheapest).routed, None);
    let name = Name::new(&ObjectName::new("team", "a"), &"m".into());
    let waited = |waited| Ended::Slow {
        streamed: true,
        waited,
    };
    let first = |evidence: &Evidence| evidence.known(&kind, &name, true, None).first_content;
    evidence.begin(&name);
    assert_eq!(evidence.known(&kind, &name, true, None).in_flight, 1);
    evidence.end(&name, waited(Duration::from_secs(15)));
    assert_eq!(first(&evidence), Some(Duration::from_secs(15)));
    // That another one won sooner says nothing of this one.
    evidence.begin(&name);
    evidence.end(&name, waited(Duration::from_secs(1)));
    assert_eq!(first(&evidence), Some(Duration::from_secs(15)));
    assert_eq!(evidence.known(&kind, &name, true, None).in_flight, 0);
}
